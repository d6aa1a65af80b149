//! What is told, in which words, and to which endpoints.

use mooring_manifest::WebhookValue;
use serde_json::{Value, json};

use crate::{DAY, Host, shop};

#[test]
fn each_vocabulary_has_its_own_words_and_never_both() {
    for (naming, of_payment, of_subscription) in [
        (
            "documented",
            ["payment.pending", "payment.completed"],
            vec![
                "subscription.created",
                "invoice.created",
                "subscription.activated",
                "invoice.paid",
                "invoice.created",
                "invoice.overdue",
                "subscription.plan_changed",
                "subscription.cancelled",
            ],
        ),
        (
            "transaction",
            ["transaction.created", "transaction.completed"],
            vec![
                "subscription.created",
                "invoice.created",
                "subscription.updated",
                "subscription.payment.succeeded",
                "subscription.activated",
                "invoice.created",
                "subscription.payment_failed",
                "subscription.updated",
                "subscription.cancelled",
            ],
        ),
    ] {
        let mut shop = shop();
        shop.host.set("event_naming", naming);
        let endpoint = shop.ok(
            "POST",
            "/webhook-endpoints",
            &json!({ "url": "https://shop.example/hook" }),
            201,
        );
        assert!(endpoint["endpoint"]["secret"].as_str().unwrap().len() > 10);
        let id = shop.subscribe("plan_gold_monthly", &json!({}));
        let invoice = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
        let paying = shop.post(&format!("/subscription-invoices/{invoice}/payment"), &Value::Null);
        let transaction = paying["transaction"]["id"].as_str().unwrap().to_owned();
        shop.pay_transaction(&transaction);
        shop.pass_to("2027-02-18T08:00:00Z");
        shop.post(
            &format!("/subscriptions/{id}/change-plan"),
            &json!({ "plan_id": "plan_basic_monthly" }),
        );
        shop.post(
            &format!("/subscriptions/{id}/cancel"),
            &json!({ "at_period_end": false }),
        );
        assert_eq!(shop.told(&transaction), of_payment, "{naming}");
        assert_eq!(shop.told(&id), of_subscription, "{naming}");
        // Our own words are recorded, and sent to nobody.
        let sent: Vec<_> = shop
            .host
            .deliveries()
            .iter()
            .map(|delivery| delivery.kind.as_str())
            .collect();
        assert_eq!(sent.contains(&"invoice.created"), naming == "documented");
    }
    let mut shop = shop();
    shop.host.set("event_naming", "both");
    let body = json!({ "customer_email": "a@example.com", "plan_id": "plan_free" });
    shop.refused("POST", "/subscriptions", &body, 503, "misconfigured");
}

#[test]
fn bodies_have_what_receivers_read() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "metadata": { "user": 7 } }));
    shop.pay_open(&id);
    let events = shop.host.events();
    let of = |kind: &str| -> Value {
        let event = events.iter().find(|event| event.kind == kind).expect(kind);
        serde_json::from_str(&event.data).unwrap()
    };
    let paid = of("invoice.paid");
    assert_eq!(paid["event"], "invoice.paid");
    assert_eq!(paid["event_id"], paid["id"]);
    assert!(paid["id"].as_str().unwrap().starts_with("evt_"));
    assert_eq!(paid["created_at"], "2027-01-15T08:00:00.000000Z");
    let subscription = &paid["data"]["subscription"];
    for (field, wanted) in [
        ("subscription_hash", json!(id)),
        ("billing_cycle_count", json!(1)),
        ("current_period_start", json!("2027-01-15T08:00:00Z")),
        ("current_period_end", json!("2027-02-15T08:00:00Z")),
        ("amount", json!("10.00")),
        ("currency", json!("USD")),
        ("metadata", json!({ "user": 7 })),
    ] {
        assert_eq!(subscription[field], wanted, "{field}");
    }
    let completed = of("payment.completed")["data"]["transaction"].clone();
    for (field, wanted) in [
        ("amount", json!("10.00")),
        ("currency", json!("USD")),
        ("gateway", json!("sandbox")),
        ("subscription", json!({ "subscription_hash": id })),
    ] {
        assert_eq!(completed[field], wanted, "{field}");
    }
    assert_eq!(completed["id"], completed["transaction_hash"]);
}

#[test]
fn applications_manage_endpoints_and_see_deliveries() {
    let mut shop = shop();
    let body = json!({ "url": "https://shop.example/hook", "events": ["invoice.*"] });
    let made = shop.ok("POST", "/webhook-endpoints", &body, 201)["endpoint"].clone();
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/webhook-endpoints/{id}");
    assert_eq!(shop.get(&path)["endpoint"].get("secret"), None);
    shop.subscribe("plan_basic_monthly", &json!({}));
    let list = shop.get("/webhooks/deliveries");
    assert_eq!(
        (&list["meta"]["total"], &list["data"][0]["event"]),
        (&json!(1), &json!("invoice.created"))
    );
    let delivery = list["data"][0]["id"].as_str().unwrap().to_owned();
    shop.host.answer_delivery(&delivery, 500);
    let failed = shop.get(&format!("/webhooks/deliveries?endpoint_id={id}&status=failed"));
    assert_eq!(failed["data"][0]["response_status"], 500);
    assert_eq!(shop.get(&format!("{path}/health"))["health"]["failed"], 1);
    let again = shop.post(&format!("/webhooks/deliveries/{delivery}/retry"), &Value::Null);
    assert_eq!(again["delivery"]["status"], "pending");
    let tested = shop.post("/webhooks/test", &Value::Null);
    assert_eq!(tested["deliveries"][0]["is_test"], true);
    shop.post("/webhooks/test", &json!({ "endpoint_id": id }));

    let rotated = shop.post(&format!("{path}/rotate-secret"), &Value::Null);
    assert_ne!(rotated["endpoint"]["secret"], made["secret"]);
    let off = shop.ok("PUT", &path, &json!({ "enabled": false, "events": [] }), 200);
    assert_eq!(
        (&off["endpoint"]["enabled"], &off["endpoint"]["events"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(
        shop.get(&format!("{path}/health"))["health"]["status"],
        "disabled"
    );
    shop.refused(
        "POST",
        "/webhooks/test",
        &json!({ "endpoint_id": id }),
        409,
        "endpoint_disabled",
    );
    shop.refused(
        "POST",
        &format!("/webhooks/deliveries/{delivery}/retry"),
        &Value::Null,
        409,
        "endpoint_disabled",
    );
    shop.ok("DELETE", &path, &Value::Null, 200);
    shop.refused("GET", &path, &Value::Null, 404, "not_found");
    for body in [
        json!({}),
        json!({ "url": "ftp://x" }),
        json!({ "url": "https://a@b/" }),
        json!({ "url": "https://x", "events": [""] }),
    ] {
        shop.refused("POST", "/webhook-endpoints", &body, 422, "validation_failed");
    }
    shop.refused(
        "GET",
        "/webhooks/deliveries?status=lost",
        &Value::Null,
        422,
        "validation_failed",
    );
}

#[test]
fn the_manifest_declares_both_headers_and_the_pauses() {
    let host = Host::new();
    let [webhook] = &host.manifest().webhooks[..] else {
        panic!("one webhook");
    };
    assert_eq!(webhook.retry_seconds, [60, 300, 1800, 7200, 43_200]);
    let signed: Vec<_> = webhook
        .headers
        .iter()
        .filter(|header| matches!(&header.value, WebhookValue::Signature { message, prefix, .. } if message == "{body}" && prefix.is_empty()))
        .map(|header| header.name.as_str())
        .collect();
    assert_eq!(signed, ["X-Central-Payment-Signature", "X-Webhook-Signature"]);
}

#[test]
fn what_an_operator_hears_of_is_in_the_list_of_events() {
    let mut shop = shop();
    let id = shop.subscribe("plan_free", &json!({}));
    shop.pass(DAY);
    let list = shop.get("/subscription-events?event=subscription.created");
    assert_eq!(list["data"][0]["data"]["subscription"]["id"], id);
    assert_eq!(
        shop.get("/subscription-events?event=nothing.at.all")["meta"]["total"],
        0
    );
}
