//! Subscriptions that begin on the hosted page.

use mooring_sdk::services::Status;
use mooring_sdk::testing::AttemptDone;
use serde_json::{Value, json};

use crate::{DAY, Shop, shop};

fn inline(shop: &mut Shop, more: &Value) -> (String, Value) {
    let mut body = json!({
        "inline_plan": { "name": "Pro", "description": "Pro plan", "amount": "19.00", "currency": "USD",
            "interval": "month", "interval_count": 1 },
        "customer_email": "user@example.com", "return_url": "https://shop.example/done",
    });
    for (field, value) in more.as_object().unwrap() {
        if field == "inline_plan" {
            for (field, value) in value.as_object().unwrap() {
                body["inline_plan"][field] = value.clone();
            }
        } else {
            body[field] = value.clone();
        }
    }
    let answer = shop.ok("POST", "/subscriptions/hosted-inline", &body, 201);
    let id = answer["data"]["subscription_hash"].as_str().unwrap().to_owned();
    assert_eq!(answer["subscription_hash"], id);
    assert_eq!(
        answer["hosted_checkout_url"],
        answer["data"]["hosted_checkout_url"]
    );
    (id, answer)
}

#[test]
fn it_begins_with_its_first_payment() {
    let mut shop = shop();
    let (id, answer) = inline(&mut shop, &json!({}));
    assert_eq!(
        answer["data"]["hosted_checkout_url"],
        format!("http://mooring.test/central/hosted-subscription/{id}")
    );
    assert_eq!(shop.subscription(&id)["status"], "pending");
    let reference = id.replace("sub_", "tr_");
    let asked = shop.host.payments()[0].clone();
    assert_eq!(
        (asked.reference.as_str(), asked.success_url.as_deref()),
        (reference.as_str(), Some("https://shop.example/done"))
    );
    shop.host.advance(3_600_000);
    let done = AttemptDone {
        gateway: "stripe".to_owned(),
        gateway_ref: Some("pi_1".to_owned()),
        ..AttemptDone::default()
    };
    shop.host.pay(&asked.id, done);
    let view = shop.get(&format!("/subscriptions/{id}"));
    assert_eq!(view["subscription"]["status"], "active");
    assert_eq!(
        view["subscription"]["current_period_start"],
        "2027-01-15T09:00:00Z"
    );
    for place in [&view, &view["data"], &view["subscription"]] {
        assert_eq!(place["provider_metadata"]["stripe_subscription_id"], "pi_1");
        assert_eq!(
            place["provider_metadata"]["gateway_response"]["provider_subscription_id"],
            "pi_1"
        );
    }
    assert_eq!(shop.host.services()[0].status, Status::Active);
    shop.pass_to("2027-02-15T09:00:00Z");
    assert_eq!(shop.invoices(&id).len(), 2);
    assert_eq!(shop.sum("central:revenue"), 3800);
}

#[test]
fn it_expires_when_nobody_pays() {
    let mut shop = shop();
    let (id, _) = inline(&mut shop, &json!({}));
    shop.pass(2 * DAY);
    assert_eq!(shop.subscription(&id)["status"], "expired");
    assert_eq!(shop.invoices(&id)[0]["status"], "void");
    assert_eq!(shop.host.services()[0].status, Status::Terminated);
    assert!(shop.balances().is_empty() || shop.sum("central:") == 0);
}

#[test]
fn receivers_of_the_other_vocabulary_hear_that_it_failed() {
    for by_time in [true, false] {
        let mut shop = shop();
        shop.host.set("event_naming", "transaction");
        let (id, _) = inline(&mut shop, &json!({}));
        if by_time {
            shop.pass(2 * DAY);
        } else {
            let path = format!("/payments/{}/cancel", id.replace("sub_", "tr_"));
            shop.post(&path, &Value::Null);
        }
        assert_eq!(shop.told(&id).last().unwrap(), "subscription.failed");
    }
}

#[test]
fn cancelling_its_payment_or_itself_ends_it() {
    for by_payment in [true, false] {
        let mut shop = shop();
        let (id, _) = inline(&mut shop, &json!({}));
        let path = if by_payment {
            format!("/payments/{}/cancel", id.replace("sub_", "tr_"))
        } else {
            format!("/subscriptions/{id}/cancel")
        };
        shop.post(&path, &Value::Null);
        assert_eq!(shop.subscription(&id)["status"], "cancelled", "{path}");
        assert_eq!(shop.sum("central:receivable"), 0);
        let payment = shop.get(&format!("/payments/{}", id.replace("sub_", "tr_")));
        assert_eq!(payment["transaction"]["status"], "cancelled");
    }
}

#[test]
fn with_a_trial_it_begins_at_once_and_is_paid_ahead() {
    let mut shop = shop();
    let (id, _) = inline(&mut shop, &json!({ "inline_plan": { "trial_period_days": 7 } }));
    assert_eq!(shop.subscription(&id)["status"], "trialing");
    shop.pay_transaction(&id.replace("sub_", "tr_"));
    shop.pass(8 * DAY);
    let subscription = shop.subscription(&id);
    assert_eq!(
        (&subscription["status"], &subscription["open_invoice"]),
        (&json!("active"), &Value::Null)
    );
    // 24 of 31 days.
    assert_eq!(shop.invoices(&id)[0]["amount"], "14.71");
    assert_eq!(shop.invoices(&id).len(), 1);
}

#[test]
fn its_own_address_is_told_of_it_alone_and_forgotten_in_the_end() {
    let mut shop = shop();
    let (id, _) = inline(&mut shop, &json!({ "webhook_url": "https://shop.example/hook" }));
    shop.pay_transaction(&id.replace("sub_", "tr_"));
    let (other, _) = inline(&mut shop, &json!({}));
    assert_ne!(id, other);
    let kinds: Vec<_> = shop
        .host
        .deliveries()
        .iter()
        .map(|delivery| delivery.kind.clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "subscription.created",
            "invoice.created",
            "invoice.paid",
            "subscription.activated"
        ]
    );
    // It is not among those that the application manages, and tests do not go there.
    assert_eq!(shop.get("/webhook-endpoints")["meta"]["total"], 0);
    let tested = shop.post("/webhooks/test", &Value::Null);
    assert_eq!(tested["deliveries"], json!([]));
    shop.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "at_period_end": false }),
    );
    assert_eq!(
        shop.host.deliveries().last().unwrap().kind,
        "subscription.cancelled"
    );
    shop.pass(3 * DAY);
    let before = shop.host.deliveries().len();
    shop.post(&format!("/subscriptions/{id}/reactivate"), &Value::Null);
    assert!(shop.host.deliveries().len() > before, "it is known again");
}

#[test]
fn bad_orders_name_their_fields() {
    let mut shop = shop();
    for (plan, field) in [
        (json!({ "amount": 0 }), "inline_plan.amount"),
        (json!({ "amount": "x" }), "inline_plan.amount"),
        (json!({ "amount": "1.234" }), "inline_plan.amount"),
        (json!({ "currency": "XXX1" }), "inline_plan.currency"),
        (json!({ "interval": "decade" }), "inline_plan.interval"),
        (json!({ "interval_count": 0 }), "inline_plan.interval_count"),
        (json!({ "interval_count": 37 }), "inline_plan.interval_count"),
        (
            json!({ "trial_period_days": 2000 }),
            "inline_plan.trial_period_days",
        ),
        (json!({ "name": "" }), "inline_plan.name"),
    ] {
        let mut body = json!({
            "inline_plan": { "name": "Pro", "amount": "19.00", "currency": "USD", "interval": "month" },
            "customer_email": "user@example.com",
        });
        for (name, value) in plan.as_object().unwrap() {
            body["inline_plan"][name] = value.clone();
        }
        let answer = shop.refused(
            "POST",
            "/subscriptions/hosted-inline",
            &body,
            422,
            "validation_failed",
        );
        assert!(answer["errors"].get(field).is_some(), "{plan}: {answer}");
    }
    let body = json!({
        "inline_plan": { "name": "Pro", "amount": 1, "currency": "USD", "interval": "month" },
        "customer_email": "user@example.com", "webhook_url": "ftp://x",
    });
    let answer = shop.refused(
        "POST",
        "/subscriptions/hosted-inline",
        &body,
        422,
        "validation_failed",
    );
    assert!(answer["errors"].get("webhook_url").is_some(), "{answer}");
}

#[test]
fn its_page_stays_whatever_is_asked_of_its_invoice() {
    let mut shop = shop();
    let (id, _) = inline(&mut shop, &json!({}));
    let invoice = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/subscription-invoices/{invoice}/payment");
    let elsewhere = json!({ "return_url": "https://shop.example/other" });
    shop.refused("POST", &path, &elsewhere, 409, "hosted_page_open");
    for same in [
        json!({ "gateway": "stripe" }),
        json!({ "return_url": "https://shop.example/done" }),
    ] {
        let paying = shop.post(&path, &same);
        assert_eq!(paying["transaction"]["id"], id.replace("sub_", "tr_"));
    }
    let generate = format!("/subscription-invoices/{id}/generate");
    shop.refused("POST", &generate, &Value::Null, 409, "subscription_pending");
    shop.pass(2 * DAY);
    assert_eq!(shop.subscription(&id)["status"], "expired");
    assert_eq!(shop.invoices(&id)[0]["status"], "void");
    let reactivate = format!("/subscriptions/{id}/reactivate");
    shop.refused("POST", &reactivate, &Value::Null, 409, "never_paid");
}
