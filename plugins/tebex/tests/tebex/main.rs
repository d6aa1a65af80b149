//! Every route of the plugin, on a host in memory with the store of the demo.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

mod bad_input;
mod cases;
mod checkout;
mod coupons;
mod encodings;
mod expiry;
mod gift_cards;
mod money;
mod pages;
mod players;
mod queue;
mod revoke;
mod rpc;
mod words;

use mooring_plugin_tebex::Tebex;
use mooring_sdk::ledger;
use mooring_sdk::records;
use mooring_sdk::testing::{AttemptDone, Reply, TestHost};
use serde_json::{Value, json};

pub(crate) type Host = TestHost<Tebex>;

/// What the host credits with the store's money.
pub(crate) const MERCHANT: &str = "merchant:tebex:balance";

/// The store of the demo, and a secret of its server, whose number is 7.
pub(crate) fn host() -> (Host, String) {
    let mut host = Host::new();
    let demo = host.manifest().demo.clone().expect("a demo");
    for setting in &demo.settings {
        host.set(&setting.setting, setting.value.as_deref().expect("a value"));
    }
    for record in &demo.records {
        write(&mut host, &record.collection, &record.id, &record.data);
    }
    let secret = host.key(&["server"]);
    (host, secret)
}

/// The operator writes a document.
pub(crate) fn write(host: &mut Host, collection: &str, id: &str, data: &Value) {
    host.act(|| records::put(collection, id, data))
        .expect("a document");
}

#[track_caller]
pub(crate) fn get(host: &mut Host, secret: &str, path: &str) -> Value {
    call(host, secret, "GET", path, &Value::Null, 200)
}

/// A request with a body of JSON, or none. An empty answer is null.
#[track_caller]
pub(crate) fn call(
    host: &mut Host,
    secret: &str,
    method: &str,
    path: &str,
    body: &Value,
    status: u16,
) -> Value {
    let request = host.request(method, path).key(secret);
    let reply = match body {
        Value::Null => request.send(),
        body => request.json(body).send(),
    };
    assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.text());
    answer(&reply)
}

#[track_caller]
pub(crate) fn answer(reply: &Reply) -> Value {
    if reply.status == 204 {
        assert_eq!(reply.text(), "", "a 204 has no body");
        assert_eq!(reply.header("content-type"), None);
        return Value::Null;
    }
    reply.json()
}

/// A request that must fail so, and leave nothing behind; with its message.
#[track_caller]
pub(crate) fn refused(
    host: &mut Host,
    secret: &str,
    method: &str,
    path: &str,
    body: &str,
    status: u16,
) -> String {
    let before = host.fingerprint();
    let reply = host.request(method, path).key(secret).body(body).send();
    let message = failed(&reply, status);
    assert_eq!(before, host.fingerprint(), "a failure must leave nothing behind");
    message
}

/// The provider's only shape of a failure.
#[track_caller]
pub(crate) fn failed(reply: &Reply, status: u16) -> String {
    let answer = reply.json();
    let message = answer["error_message"].as_str().unwrap_or_default().to_owned();
    assert!(!message.is_empty(), "{answer}");
    let shape = json!({ "error_code": reply.status, "error_message": message });
    assert_eq!((reply.status, &answer), (status, &shape), "{answer}");
    message
}

/// A player buys a package on the page, and pays what is asked for. The transaction id.
#[track_caller]
pub(crate) fn buy(host: &mut Host, secret: &str, package: u64, username: &str) -> String {
    let body = json!({ "package_id": package, "username": username });
    call(host, secret, "POST", "/checkout", &body, 201);
    pay(host);
    newest(host, secret, username)
}

/// The newest checkout is paid.
#[track_caller]
pub(crate) fn pay(host: &mut Host) {
    let id = host.payments().last().expect("a payment").id.clone();
    host.pay(&id, AttemptDone::default());
}

/// The transaction id of a player's newest payment.
#[track_caller]
pub(crate) fn newest(host: &mut Host, secret: &str, username: &str) -> String {
    let user = get(host, secret, &format!("/user/{username}"));
    user["payments"][0]["txn_id"]
        .as_str()
        .expect("a payment")
        .to_owned()
}

/// A payment by hand, of one package without fields. The transaction id.
#[track_caller]
pub(crate) fn by_hand(host: &mut Host, secret: &str, package: u64, username: &str, price: &str) -> String {
    let body = json!({ "packages": [{ "id": package }], "price": price, "ign": username });
    call(host, secret, "POST", "/payments", &body, 204);
    newest(host, secret, username)
}

#[track_caller]
pub(crate) fn balance(host: &mut Host, account: &str) -> i64 {
    host.act(|| ledger::balance(account, "USD"))
        .expect("a balance")
        .minor
}

/// The commands that wait for no player, as text.
pub(crate) fn offline(host: &mut Host, secret: &str) -> Vec<String> {
    texts(&get(host, secret, "/queue/offline-commands"))
}

/// Those that wait for this player.
pub(crate) fn online(host: &mut Host, secret: &str, player: u64) -> Vec<String> {
    texts(&get(host, secret, &format!("/queue/online-commands/{player}")))
}

fn texts(answer: &Value) -> Vec<String> {
    let commands = answer["commands"].as_array().expect("commands").iter();
    commands
        .map(|command| command["command"].as_str().expect("text").to_owned())
        .collect()
}

/// What all accounts come to, which must be nothing.
pub(crate) fn sum(host: &mut Host) -> i64 {
    let postings = host.postings().to_vec();
    let entries = postings.iter().flat_map(|posting| &posting.entries);
    let mut accounts: Vec<String> = entries.map(|entry| entry.account.clone()).collect();
    accounts.sort();
    accounts.dedup();
    accounts.iter().map(|account| balance(host, account)).sum()
}
