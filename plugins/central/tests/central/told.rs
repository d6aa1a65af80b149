//! What receivers deliver by: in their vocabulary they hear of a period when it is paid for, under its own number.

use mooring_sdk::testing::AttemptDone;
use serde_json::{Value, json};

use crate::{DAY, Shop, shop};

fn receivers_shop() -> Shop {
    let mut shop = shop();
    shop.host.set("event_naming", "transaction");
    shop
}

/// Kind, cycle and start of the period of each event of a payment or of what it pays for.
fn paid(shop: &Shop, id: &str) -> Vec<(String, u64, String)> {
    let kinds = [
        "subscription.payment.succeeded",
        "subscription.activated",
        "subscription.renewed",
    ];
    let events = shop.host.events().into_iter();
    let told = events.filter(|event| event.subject == id && kinds.contains(&event.kind.as_str()));
    told.map(|event| {
        let body: Value = serde_json::from_str(&event.data).unwrap();
        let subscription = &body["data"]["subscription"];
        let start = subscription["current_period_start"].as_str().unwrap();
        let cycle = subscription["billing_cycle_count"].as_u64().unwrap();
        (event.kind, cycle, start[..10].to_owned())
    })
    .collect()
}

fn told<const N: usize>(wanted: [(&str, u64, &str); N]) -> Vec<(String, u64, String)> {
    let told = wanted.map(|(kind, cycle, start)| (kind.to_owned(), cycle, start.to_owned()));
    told.to_vec()
}

#[test]
fn a_period_is_told_of_when_it_is_paid_for() {
    let mut shop = receivers_shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    assert_eq!(paid(&shop, &id), []);
    shop.pay_open(&id);
    shop.pass_to("2027-02-15T08:00:00Z");
    let mut wanted = told([
        ("subscription.payment.succeeded", 1, "2027-01-15"),
        ("subscription.activated", 1, "2027-01-15"),
    ]);
    assert_eq!(paid(&shop, &id), wanted, "the second one is billed, and not paid");
    // Late, too.
    shop.pass_to("2027-02-19T08:00:00Z");
    shop.pay_open(&id);
    wanted.extend(told([
        ("subscription.payment.succeeded", 2, "2027-02-15"),
        ("subscription.renewed", 2, "2027-02-15"),
    ]));
    assert_eq!(paid(&shop, &id), wanted);
    // From credit, at once.
    shop.top_up(1, 1000);
    shop.pass_to("2027-03-15T08:00:00Z");
    wanted.extend(told([
        ("subscription.payment.succeeded", 3, "2027-03-15"),
        ("subscription.renewed", 3, "2027-03-15"),
    ]));
    assert_eq!(paid(&shop, &id), wanted);
}

#[test]
fn what_is_paid_ahead_renews_when_its_period_begins() {
    let mut shop = receivers_shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let generate = format!("/subscription-invoices/{id}/generate");
    let made = shop.ok("POST", &generate, &Value::Null, 201);
    shop.pay(made["invoice"]["id"].as_str().unwrap());
    let mut wanted = told([
        ("subscription.payment.succeeded", 1, "2027-01-15"),
        ("subscription.activated", 1, "2027-01-15"),
        ("subscription.payment.succeeded", 2, "2027-02-15"),
    ]);
    assert_eq!(paid(&shop, &id), wanted);
    shop.pass_to("2027-02-15T08:00:00Z");
    wanted.extend(told([("subscription.renewed", 2, "2027-02-15")]));
    assert_eq!(paid(&shop, &id), wanted);
}

#[test]
fn a_trial_activates_when_what_comes_after_it_is_paid_for() {
    let mut shop = receivers_shop();
    let unpaid = shop.subscribe("plan_basic_monthly", &json!({ "trial_days": 7 }));
    let body = json!({
        "inline_plan": { "name": "Pro", "amount": "19.00", "currency": "USD", "interval": "month",
            "trial_period_days": 7 },
        "customer_email": "user@example.com", "metadata": { "payment_id": 7 },
    });
    let hosted = shop.ok("POST", "/subscriptions/hosted-inline", &body, 201);
    let hosted = hosted["subscription_hash"].as_str().unwrap().to_owned();
    let transaction = hosted.replace("sub_", "tr_");
    shop.pay_transaction(&transaction);
    let view = shop.get(&format!("/payments/{transaction}"))["transaction"].clone();
    assert_eq!(
        view["metadata"],
        json!({ "payment_id": 7 }),
        "the subscription's own"
    );
    let mut wanted = told([("subscription.payment.succeeded", 1, "2027-01-22")]);
    assert_eq!(paid(&shop, &hosted), wanted);
    shop.pass_to("2027-01-22T08:00:00Z");
    wanted.extend(told([("subscription.activated", 1, "2027-01-22")]));
    assert_eq!(paid(&shop, &hosted), wanted);
    assert_eq!(shop.subscription(&unpaid)["status"], "active");
    assert_eq!(paid(&shop, &unpaid), []);
}

#[test]
fn what_nobody_paid_is_void_when_it_is_credited_away() {
    for naming in ["documented", "transaction"] {
        let mut shop = shop();
        shop.host.set("event_naming", naming);
        let id = shop.subscribe("plan_basic_monthly", &json!({}));
        let cancel = json!({ "prorate": true });
        shop.post(&format!("/subscriptions/{id}/cancel"), &cancel);
        assert_eq!(shop.invoices(&id)[0]["status"], "void");
        assert_eq!(shop.balances(), std::collections::BTreeMap::new());
        let told = shop.told(&id);
        let paid = ["invoice.paid", "subscription.payment.succeeded"];
        assert!(!told.iter().any(|kind| paid.contains(&kind.as_str())), "{told:?}");
    }
}

#[test]
fn a_part_that_was_paid_or_sent_back_is_told_as_a_part() {
    for (naming, partly, part, whole) in [
        (
            "documented",
            "payment.partial",
            "payment.refunded",
            "payment.refunded",
        ),
        (
            "transaction",
            "transaction.partial_payment",
            "transaction.updated",
            "transaction.refunded",
        ),
    ] {
        let mut shop = shop();
        shop.host.set("event_naming", naming);
        let body = json!({ "amount": 100, "currency": "USD", "description": "x", "customer_email": "a@example.com" });
        let paid = shop.ok("POST", "/payments/hosted-url", &body, 201)["transaction_id"].clone();
        let paid = paid.as_str().unwrap();
        shop.pay_transaction(paid);
        for amount in [json!({ "amount": 30 }), Value::Null] {
            shop.post(&format!("/payments/{paid}/refund"), &amount);
        }
        assert_eq!(shop.told(paid)[2..], [part, whole], "{naming}");

        let cent = shop.ok("POST", "/payments/hosted-url", &body, 201)["transaction_id"].clone();
        let payment = shop.host.payments().last().unwrap().id.clone();
        let one = mooring_sdk::money::Amount::from_minor(1, "USD").unwrap();
        shop.host.pay(&payment, AttemptDone::received(one));
        assert_eq!(shop.told(cent.as_str().unwrap())[1..], [partly], "{naming}");
    }
}

#[test]
fn due_dates_that_were_asked_for_are_kept() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let generate = format!("/subscription-invoices/{id}/generate");
    let late = json!({ "due_date": "2027-03-16" });
    shop.refused("POST", &generate, &late, 422, "validation_failed");
    let early = json!({ "due_date": "2027-01-20" });
    shop.ok("POST", &generate, &early, 201);
    let behind = shop.get(&format!("/subscription-invoices/upcoming/{id}"));
    assert_eq!(behind["invoice"]["period_start"], "2027-03-15T08:00:00Z");
    shop.pass_to("2027-01-20T00:00:00Z");
    let invoice = shop.invoices(&id)[1].clone();
    assert_eq!(invoice["status"], "overdue");
    assert_eq!(
        shop.subscription(&id)["status"],
        "active",
        "its own period is paid"
    );
    shop.pass_to("2027-02-15T08:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "past_due");
    shop.pay(invoice["id"].as_str().unwrap());
    assert_eq!(shop.subscription(&id)["status"], "active");
}

#[test]
fn what_is_past_due_ends_with_its_period_and_owes_on() {
    let mut shop = shop();
    shop.host.set("dunning_days", "3 60");
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pass_to("2027-01-20T00:00:00Z");
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    shop.pass_to("2027-02-15T08:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "cancelled");
    assert_eq!(shop.invoices(&id)[0]["status"], "overdue");
    shop.pass_to("2027-04-01T00:00:00Z");
    assert_eq!(shop.invoices(&id)[0]["status"], "failed");

    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "at_period_end": false }),
    );
    shop.pass(4 * DAY);
    assert_eq!(shop.invoices(&id)[0]["status"], "overdue");
    assert_eq!(shop.subscription(&id)["status"], "cancelled");
}

#[test]
fn an_invoice_of_the_past_has_the_usual_days() {
    let mut shop = shop();
    let sample = json!({ "start_date": "2026-11-01", "trial_days": 14 });
    let id = shop.subscribe("plan_basic_monthly", &sample);
    shop.jobs();
    let subscription = shop.subscription(&id);
    assert_eq!(subscription["status"], "active", "{subscription}");
    let invoices = shop.invoices(&id);
    assert_eq!(
        (invoices.len(), &invoices[0]["due_date"]),
        (1, &json!("2027-01-18T08:00:00Z"))
    );
    shop.pass_to("2027-01-18T08:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "past_due");
}

#[test]
fn users_who_are_no_customers_are_not_there() {
    let mut shop = shop();
    let owner = mooring_sdk::users::NewUser {
        email: "owner@example.com".to_owned(),
        role: Some("owner".to_owned()),
        ..Default::default()
    };
    shop.host.act(|| mooring_sdk::users::create(owner)).unwrap();
    shop.refused("GET", "/customers/1", &Value::Null, 404, "not_found");
    let hijack = json!({ "email": "thief@example.com" });
    shop.refused("PUT", "/customers/1", &hijack, 404, "not_found");
    // Nor is who pays theirs to change.
    let id = shop.subscribe("plan_free", &json!({ "customer_email": "owner@example.com" }));
    shop.refused("PUT", "/customers/1", &hijack, 409, "customer_protected");
    let hijack = json!({ "customer_email": "thief@example.com" });
    shop.refused(
        "PUT",
        &format!("/subscriptions/{id}"),
        &hijack,
        409,
        "customer_protected",
    );
    assert_eq!(shop.get("/customers")["meta"]["total"], 1);
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let mut shop = shop();
    for change in [
        json!({ "currency": "EUR" }),
        json!({ "interval": "year" }),
        json!({ "interval_count": 2 }),
    ] {
        shop.refused(
            "PUT",
            "/subscription-plans/plan_free",
            &change,
            422,
            "validation_failed",
        );
    }
    let same = json!({ "currency": "usd", "interval": "month", "interval_count": 1 });
    shop.ok("PUT", "/subscription-plans/plan_free", &same, 200);
    let name = json!({ "name": "a\nb" });
    shop.refused(
        "PUT",
        "/subscription-plans/plan_free",
        &name,
        422,
        "validation_failed",
    );
    let id = shop.subscribe("plan_free", &json!({}));
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    shop.refused(
        "POST",
        &format!("/subscriptions/{id}/renew"),
        &Value::Null,
        409,
        "cancelled",
    );
    let answer = shop.refused("POST", "/payments", &Value::Null, 422, "validation_failed");
    assert!(answer["errors"].get("body").is_some(), "{answer}");
    assert_eq!(shop.get("/payments?to=9999-12-31")["meta"]["total"], 0);
}

#[test]
fn one_that_is_paused_waits_for_its_period_where_that_is_asked_for() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    shop.post(&format!("/subscriptions/{id}/pause"), &Value::Null);
    shop.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "at_period_end": true }),
    );
    assert_eq!(shop.subscription(&id)["status"], "paused");
    shop.post(&format!("/subscriptions/{id}/resume"), &Value::Null);
    shop.pass_to("2027-02-15T08:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "cancelled");
}
