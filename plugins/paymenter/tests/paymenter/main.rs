//! Every route and every job of the plugin, on a host in memory.

mod invoices;
mod lifecycle;
mod reseller;
mod users;
mod virtfusion;
mod words;

use mooring_plugin_paymenter::Paymenter;
use mooring_sdk::testing::{Reply, TestHost};
use serde_json::{Value, json};

pub(crate) type Host = TestHost<Paymenter>;

/// Every scope of the manifest.
pub(crate) const ALL: &[&str] = &[
    "paymenter:provision",
    "user:read",
    "user:write",
    "reseller:signup",
    "reseller:credit",
    "owner",
];

/// A host with a key that may do everything.
pub(crate) fn host() -> (Host, String) {
    let mut host = Host::new();
    let key = host.key(ALL);
    (host, key)
}

/// A host with the customer `qa@example.com`, who is user 1.
pub(crate) fn host_with_customer() -> (Host, String) {
    let (mut host, key) = host();
    post(
        &mut host,
        &key,
        USER_CREATE,
        &json!({ "email": "qa@example.com", "name": "QA", "password": "password" }),
    );
    (host, key)
}

pub(crate) const USER_CREATE: &str = "/api/v1/paymenter/user.create";
pub(crate) const SUSPEND: &str = "/api/v1/paymenter/server.suspend";
pub(crate) const UNSUSPEND: &str = "/api/v1/paymenter/server.unsuspend";
pub(crate) const TERMINATE: &str = "/api/v1/paymenter/server.terminate";
pub(crate) const INVOICE_PAID: &str = "/api/v1/paymenter/invoice.paid";
pub(crate) const PROVISION: &str = "/api/v1/reseller/provision-server";
pub(crate) const SIGNUP: &str = "/api/v1/reseller/signup";
pub(crate) const CREDIT_EVENT: &str = "/api/v1/reseller/credit-event";
pub(crate) const API_KEYS: &str = "/api/admin/api-keys";

/// A request that must succeed, with exactly 200.
pub(crate) fn post(host: &mut Host, key: &str, path: &str, body: &Value) -> Value {
    let reply = host.post(path).key(key).json(body).send();
    assert_eq!(reply.status, 200, "{path} {body}: {}", reply.text());
    let answer = reply.json();
    assert_eq!(answer["ok"], true, "{path} {body}");
    answer
}

/// A request that must succeed, with exactly 200.
pub(crate) fn get(host: &mut Host, key: &str, path: &str) -> Value {
    let reply = host.get(path).key(key).send();
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

/// A request that must fail, with these words, and leave nothing behind.
#[track_caller]
pub(crate) fn refused(host: &mut Host, key: &str, path: &str, body: &str, status: u16, error: &str) {
    let before = host.fingerprint();
    let reply = host.post(path).key(key).body(body).send();
    failed(&reply, status, error);
    assert_eq!(before, host.fingerprint(), "a failure must leave nothing behind");
}

#[track_caller]
pub(crate) fn failed(reply: &Reply, status: u16, error: &str) {
    assert_eq!(
        (reply.json(), reply.status),
        (json!({ "ok": false, "error": error }), status)
    );
}

pub(crate) fn order(hostname: Option<&str>) -> Value {
    json!({ "email": "qa@example.com", "package_id": 3, "group_id": 1, "os_id": 12, "hostname": hostname })
}
