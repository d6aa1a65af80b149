//! Every route and every webhook of the plugin, on a host in memory.

mod arithmetic;
mod cases;
mod credits;
mod input;
mod invoices;
mod refunds;
mod webhooks;
mod words;

use mooring_plugin_renovax::Renovax;
use mooring_sdk::ledger::{self, Entry, NewPosting};
use mooring_sdk::money::Amount;
use mooring_sdk::testing::{Reply, TestHost};
use mooring_sdk::users::{self, NewUser};
use serde_json::{Value, json};

pub(crate) type Host = TestHost<Renovax>;

/// The two prefixes, which must answer alike.
pub(crate) const PREFIXES: [&str; 2] = ["/api", "/api/v1"];
pub(crate) const INVOICES: &str = "/api/merchant/invoices";

/// A host with a merchant token.
pub(crate) fn host() -> (Host, String) {
    let mut host = Host::new();
    let token = host.key(&["merchant"]);
    (host, token)
}

/// A host with the reseller `mario`, who is user 1 and has credits, and a token of his.
pub(crate) fn host_with_reseller(role: &str, credits: &str) -> (Host, String) {
    let mut host = Host::new();
    let mario = user(&mut host, "mario", role);
    host.set("credit_fee_percent_distributor", "2");
    if credits != "0" {
        load(&mut host, mario, credits);
    }
    let token = host.key_of(mario, &["user"]);
    (host, token)
}

/// A user whom the operator makes.
pub(crate) fn user(host: &mut Host, username: &str, role: &str) -> u64 {
    let new = NewUser {
        email: format!("{username}@example.com"),
        name: username.to_owned(),
        role: Some(role.to_owned()),
        external_ref: Some(username.to_owned()),
        ..NewUser::default()
    };
    host.act(|| users::create(new)).expect("a user").id
}

/// Credits that the operator gives, or takes where the amount is below zero.
pub(crate) fn load(host: &mut Host, user: u64, credits: &str) {
    let account = format!("renovax:credits:{user}");
    let (debit, credit, amount) = match credits.strip_prefix('-') {
        Some(taken) => (account.as_str(), "renovax:issued", taken),
        None => ("renovax:issued", account.as_str(), credits),
    };
    let amount = usd(amount);
    let posting = NewPosting {
        idempotency_key: format!("opening:{user}:{credits}"),
        description: "opening".to_owned(),
        entries: vec![Entry::debit(debit, amount.clone()), Entry::credit(credit, amount)],
        metadata: String::new(),
    };
    host.act(|| ledger::post(posting)).expect("a posting");
    // The next answer settles the posting's place in the journal; so it is this one, not that of a test.
    let token = host.key(&["merchant"]);
    get(host, &token, "/api/merchant/me");
}

pub(crate) fn usd(text: &str) -> Amount {
    Amount::parse_decimal(text, "USD").expect("an amount")
}

#[track_caller]
pub(crate) fn get(host: &mut Host, token: &str, path: &str) -> Value {
    let reply = host.get(path).key(token).send();
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[track_caller]
pub(crate) fn post(host: &mut Host, token: &str, path: &str, body: &Value, status: u16) -> Value {
    let reply = host.post(path).key(token).json(body).send();
    assert_eq!(reply.status, status, "{path} {body}: {}", reply.text());
    reply.json()
}

/// An invoice: the payment's id and the invoice's.
#[track_caller]
pub(crate) fn invoice(host: &mut Host, token: &str, body: &Value) -> (String, String) {
    let invoice = post(host, token, INVOICES, body, 201);
    let payment = host.payments().last().expect("a payment").id.clone();
    (payment, invoice["id"].as_str().expect("an id").to_owned())
}

/// A request that must fail so, and leave nothing behind.
#[track_caller]
pub(crate) fn refused(
    host: &mut Host,
    token: &str,
    path: &str,
    body: &str,
    status: u16,
    error: &str,
) -> Value {
    let before = host.fingerprint();
    let reply = host.post(path).key(token).body(body).send();
    let answer = failed(&reply, status, error);
    assert_eq!(before, host.fingerprint(), "a failure must leave nothing behind");
    answer
}

#[track_caller]
pub(crate) fn failed(reply: &Reply, status: u16, error: &str) -> Value {
    let answer = reply.json();
    assert_eq!(
        (reply.status, &answer["error"]),
        (status, &json!(error)),
        "{answer}"
    );
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty()),
        "{answer}"
    );
    answer
}
