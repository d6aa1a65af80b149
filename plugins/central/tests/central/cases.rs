//! The document's own examples.

use mooring_sdk::testing::AttemptDone;
use serde_json::{Value, json};

use crate::{Shop, shop};

#[test]
fn the_documents_subscription_to_the_letter() {
    let mut shop = shop();
    let request = json!({
        "customer_email": "customer@example.com", "customer_name": "John Doe", "plan_id": "plan_premium_monthly",
        "start_date": "2025-01-01", "trial_days": 14, "metadata": { "source": "website", "campaign": "winter_sale" },
    });
    let answer = shop.ok("POST", "/subscriptions", &request, 201);
    let subscription = &answer["subscription"];
    for (pointer, wanted) in [
        ("/status", json!("trialing")),
        ("/customer/email", json!("customer@example.com")),
        ("/customer/name", json!("John Doe")),
        ("/plan/id", json!("plan_premium_monthly")),
        ("/plan/name", json!("Premium Monthly")),
        ("/plan/currency", json!("USD")),
        ("/plan/billing_cycle", json!("monthly")),
        ("/trial_end", json!("2025-01-15T00:00:00Z")),
        ("/current_period_start", json!("2025-01-01T00:00:00Z")),
        ("/current_period_end", json!("2025-02-01T00:00:00Z")),
        ("/created_at", json!("2027-01-15T08:00:00Z")),
        ("/metadata/campaign", json!("winter_sale")),
    ] {
        assert_eq!(subscription.pointer(pointer), Some(&wanted), "{pointer}");
    }
    // A number, and exactly this one.
    assert_eq!(subscription["plan"]["price"].to_string(), "29.99");
    let id = subscription["id"].as_str().unwrap();
    assert!(id.starts_with("sub_") && id.len() == 26, "{id}");
}

#[test]
fn the_documents_payment_and_every_name_of_its_answer() {
    let mut shop = shop();
    let request = json!({
        "amount": 99.99, "currency": "USD", "description": "Premium upgrade", "customer_email": "user@example.com",
        "return_url": "https://yoursite.com/success",
    });
    let answer = shop.ok("POST", "/payments/hosted-url", &request, 201);
    let id = answer["transaction_id"].as_str().unwrap();
    assert!(id.starts_with("tr_"), "{id}");
    assert_eq!(answer["transaction_hash"], id);
    assert_eq!(
        answer["checkout_url"],
        format!("http://mooring.test/central/hosted-payment/{id}")
    );
    assert_eq!(answer["hosted_url"], answer["checkout_url"]);
    assert_eq!(answer["expires_at"], "2027-01-16T08:00:00.000000Z");

    let more = shop.ok("POST", "/payments", &request, 201);
    let names: Vec<&Value> = more["gateways"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gateway| &gateway["name"])
        .collect();
    assert_eq!(names, ["stripe", "paypal"]);
    assert!(
        more["gateways"][0]["url"]
            .as_str()
            .unwrap()
            .starts_with(more["checkout_url"].as_str().unwrap())
    );
}

/// What a client flattens out of the answers, from its own code's description.
fn paid(shop: &mut Shop, id: &str) -> bool {
    let status = shop.get(&format!("/payments/{id}/status"));
    let transaction = &status["transaction"];
    transaction["status"] == "completed" && transaction["payment_status"] == "full"
}

#[test]
fn a_client_that_polls_sees_the_payment_complete() {
    let mut shop = shop();
    let request = json!({
        "amount": "10.50", "currency": "usd", "description": "Credits", "customer_email": "user@example.com",
        "customer_name": "Jane", "customer_phone": "+4930123", "external_reference": "order-7",
        "metadata": { "order": 7 },
    });
    let answer = shop.ok("POST", "/payments/hosted-url", &request, 201);
    let id = answer["transaction_id"].as_str().unwrap().to_owned();
    assert!(!paid(&mut shop, &id));
    let payment = shop.host.payments()[0].id.clone();
    shop.host.decline(&payment, "5051", "Insufficient funds");
    shop.host.advance(90_000);
    let done = AttemptDone {
        gateway: "paypal".to_owned(),
        ..AttemptDone::default()
    };
    shop.host.pay(&payment, done);
    assert!(paid(&mut shop, &id));

    let status = shop.get(&format!("/payments/{id}/status"));
    assert_eq!(status["gateway"]["selected_gateway"], "paypal");
    assert_eq!(
        status["timestamps"]["completed_at"],
        "2027-01-15T08:01:30.000000Z"
    );
    let view = shop.get(&format!("/payments/{id}"))["transaction"].clone();
    for (pointer, wanted) in [
        ("/transaction_id", json!(id)),
        ("/amount", json!("10.50")),
        ("/paid_amount", json!("10.50")),
        ("/currency", json!("USD")),
        ("/external_reference", json!("order-7")),
        ("/customer/name", json!("Jane")),
        ("/customer/phone", json!("+4930123")),
        ("/metadata/order", json!(7)),
        ("/attempts/0/status", json!("failed")),
        ("/attempts/0/error", json!("Insufficient funds")),
        ("/attempts/1/gateway", json!("paypal")),
        ("/attempts/1/status", json!("completed")),
        ("/analytics/attempts", json!(2)),
        ("/analytics/failed_attempts", json!(1)),
        ("/analytics/seconds_to_complete", json!(90)),
    ] {
        assert_eq!(view.pointer(pointer), Some(&wanted), "{pointer}");
    }
}
