//! What payments and gift cards post, seen as a whole.

use mooring_sdk::payments::Status as Core;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Host, MERCHANT, balance, call, get, host, newest, pay, sum};

/// Something that somebody does to the store.
#[derive(Clone, Copy, Debug)]
enum Act {
    ByHand(u16),
    Buy { gift_card: bool, paid: bool },
    Set(usize, &'static str),
    Rename(usize, &'static str),
    TopUp(u16),
    Void,
    Later,
}

fn acts() -> impl Strategy<Value = Act> {
    let status = prop_oneof![Just("complete"), Just("refund"), Just("chargeback")];
    prop_oneof![
        (0..3000_u16).prop_map(Act::ByHand),
        (any::<bool>(), any::<bool>()).prop_map(|(gift_card, paid)| Act::Buy { gift_card, paid }),
        (0..8_usize, status).prop_map(|(place, status)| Act::Set(place, status)),
        (0..8_usize, prop_oneof![Just("Notch"), Just("jeb_")])
            .prop_map(|(place, name)| Act::Rename(place, name)),
        (1..1000_u16).prop_map(Act::TopUp),
        Just(Act::Void),
        Just(Act::Later),
    ]
}

/// Does it, if the store allows it now.
fn act(host: &mut Host, secret: &str, act: Act, made: &mut Vec<String>) {
    match act {
        Act::ByHand(cents) => {
            let price = format!("{}.{:02}", cents / 100, cents % 100);
            let body = json!({ "packages": [{ "id": 11 }], "price": price, "ign": "Notch" });
            call(host, secret, "POST", "/payments", &body, 204);
            made.push(newest(host, secret, "Notch"));
        }
        Act::Buy { gift_card, paid } => {
            let mut body = json!({ "package_id": 11, "username": "jeb_" });
            if gift_card {
                body["gift_card"] = "1234567890".into();
            }
            let before = host.payments().len();
            let reply = host.post("/checkout").key(secret).json(&body).send();
            if reply.status != 201 {
                return;
            }
            let needs_page = host.payments().len() > before;
            if needs_page && paid {
                pay(host);
            }
            if paid || !needs_page {
                made.push(newest(host, secret, "jeb_"));
            }
        }
        Act::Set(place, status) => put(host, secret, made, place, &json!({ "status": status })),
        Act::Rename(place, name) => put(host, secret, made, place, &json!({ "username": name })),
        Act::TopUp(cents) => {
            let amount = format!("{}.{:02}", cents / 100, cents % 100);
            host.request("PUT", "/gift-cards/1")
                .key(secret)
                .json(&json!({ "amount": amount }))
                .send();
        }
        Act::Void => {
            call(host, secret, "DELETE", "/gift-cards/1", &Value::Null, 200);
        }
        Act::Later => host.advance(3_700_000),
    }
    host.run_jobs();
}

fn put(host: &mut Host, secret: &str, made: &[String], place: usize, body: &Value) {
    if let Some(transaction) = made.get(place) {
        let reply = host
            .request("PUT", &format!("/payments/{transaction}"))
            .key(secret)
            .json(body)
            .send();
        assert!(reply.status == 204 || reply.status == 422, "{}", reply.text());
    }
}

/// What complete payments come to, as the list shows them.
fn complete(host: &mut Host, secret: &str) -> i64 {
    let rows = get(host, secret, "/payments");
    let rows = rows
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["status"] == "Complete");
    rows.map(|row| {
        row["amount"]
            .as_str()
            .expect("text")
            .replace('.', "")
            .parse::<i64>()
            .expect("cents")
    })
    .sum()
}

/// The same, as lookups of players show it.
fn totals(host: &mut Host, secret: &str) -> i64 {
    let mut total = 0;
    for name in ["Notch", "jeb_"] {
        let reply = host.get(&format!("/user/{name}")).key(secret).send();
        if reply.status == 200 {
            let text = reply.json()["purchaseTotals"]["USD"].to_string();
            total += text.replace('.', "").parse::<i64>().unwrap_or(0);
        }
    }
    total
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_merchants_account_is_what_complete_payments_come_to(acts in proptest::collection::vec(acts(), 1..14)) {
        let (mut host, secret) = host();
        let mut made = Vec::new();
        for next in acts {
            act(&mut host, &secret, next, &mut made);
            let complete = complete(&mut host, &secret);
            prop_assert_eq!(balance(&mut host, MERCHANT), complete, "after {:?}", next);
            prop_assert_eq!(totals(&mut host, &secret), complete);
            prop_assert_eq!(sum(&mut host), 0);
            // What cards hold for is what open checkouts have taken from them.
            let open = host.payments().into_iter().filter(|payment| payment.status == Core::Pending);
            let held: i64 = open.map(|payment| 999 - payment.amount.minor).sum();
            prop_assert_eq!(balance(&mut host, "tebex:gift-card-holds"), held);
            let active = get(&mut host, &secret, "/payments");
            let active = active.as_array().unwrap().iter().filter(|row| row["status"] == "Complete").count();
            let services = host.services().iter();
            let services = services.filter(|service| service.status == mooring_sdk::services::Status::Active);
            prop_assert_eq!(services.count(), active, "one service for each package that is somebody's");
        }
    }
}

#[test]
fn other_currencies_have_their_own_places() {
    for (currency, price, shown, number, minor) in [
        ("JPY", "500", "500.00", "500", 500),
        ("KWD", "1.234", "1.234", "1.234", 1234),
        ("GBP", "4.99", "4.99", "4.99", 499),
    ] {
        let (mut host, secret) = host();
        host.set("currency", currency);
        let package = json!({ "name": "VIP", "price": price, "category": 1 });
        crate::write(&mut host, "packages", "30", &package);
        let body = json!({ "packages": [{ "id": 30 }], "ign": "Notch" });
        call(&mut host, &secret, "POST", "/payments", &body, 204);
        let payment = &get(&mut host, &secret, "/payments")[0];
        assert_eq!(payment["amount"], shown, "{currency}");
        assert_eq!(
            get(&mut host, &secret, "/package/30")["price"].to_string(),
            number
        );
        assert_eq!(host.postings()[0].entries[0].amount.minor, minor);
    }
}
