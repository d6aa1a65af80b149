//! Every route and both webhooks, on a host in memory. What the provider's documents show is in `cases/`, as text.

mod bad_input;
mod cases;
mod clients;
mod payments;
mod redirects;
mod webhooks;
mod words;

use mooring_plugin_payx::Payx;
use mooring_sdk::testing::{Reply, TestHost};
use serde_json::{Value, json};

pub(crate) type Host = TestHost<Payx>;

/// A host with the reseller 2, as in the provider's documents, and a key of his.
pub(crate) fn host() -> (Host, String) {
    let mut host = Host::new();
    host.set("id_reseller", "2");
    host.set("name", "testSite");
    let key = host.key(&["reseller"]);
    (host, key)
}

/// A host with the client 1.
pub(crate) fn host_with_client() -> (Host, String) {
    let (mut host, key) = host();
    let client = json!({ "name": "Test Test", "id_country": 102, "e_mail": "client@example.com" });
    assert_eq!(post(&mut host, &key, "clients/create", &client)["id_client"], 1);
    (host, key)
}

/// A payment of the client 1; gives its uuid.
pub(crate) fn payment(host: &mut Host, key: &str) -> Value {
    let order = json!({ "id_client": 1, "price": 290, "period": 12 });
    post(host, key, "payments/create", &order)
}

/// Where a route is, for the right reseller.
pub(crate) fn path(key: &str, below: &str) -> String {
    format!("/api/v1/2/{key}/{below}")
}

/// The host's own id of the payment with this number, the newest where there are several.
pub(crate) fn newest(host: &Host) -> String {
    host.payments().last().expect("a payment").id.clone()
}

/// A request that must succeed; gives its `data`.
#[track_caller]
pub(crate) fn post(host: &mut Host, key: &str, below: &str, body: &Value) -> Value {
    let reply = host.post(&path(key, below)).json(body).send();
    data(&reply)
}

/// A request that must succeed; gives its `data`.
#[track_caller]
pub(crate) fn get(host: &mut Host, key: &str, below: &str) -> Value {
    let reply = host.get(&path(key, below)).send();
    data(&reply)
}

#[track_caller]
fn data(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut answer = reply.json();
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1), "{answer}");
    answer["data"].take()
}

#[track_caller]
pub(crate) fn failed(reply: &Reply, status: u16, message: &str) {
    assert_eq!(
        (reply.json(), reply.status),
        (json!({ "error": { "message": message } }), status)
    );
}
