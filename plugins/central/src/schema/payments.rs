//! Payments.

use serde_json::{Value, json};

use super::customers::brief;
use super::{
    answer, currency, decimal, email, filled, id, list, maybe_time, metadata, money, nullable, object, page,
    query, string, text, time, url, whole, with_example, yes,
};

pub(crate) fn new_payment() -> Value {
    let schema = object(
        json!({
            "amount": decimal(),
            "currency": currency(),
            "description": filled(500),
            "customer_email": email(),
            "external_reference": text(200),
            "customer_name": text(200),
            "customer_phone": text(40),
            "return_url": url(),
            "metadata": metadata(),
        }),
        &["amount", "currency", "description", "customer_email"],
    );
    let example = json!({
        "amount": 99.99, "currency": "USD", "description": "Premium upgrade", "customer_email": "user@example.com",
        "return_url": "https://yoursite.com/success",
    });
    with_example(schema, example)
}

fn hosted() -> Value {
    json!({
        "success": yes(), "transaction_id": id("tr_"), "transaction_hash": id("tr_"), "checkout_url": string(),
        "hosted_url": string(), "expires_at": time(),
    })
}

pub(crate) fn hosted_payment() -> Value {
    whole(hosted())
}

pub(crate) fn payment_created() -> Value {
    let mut properties = hosted();
    properties["transaction"] = transaction();
    properties["gateways"] = list(whole(
        json!({ "name": string(), "display_name": string(), "url": string() }),
    ));
    whole(properties)
}

pub(super) fn transaction() -> Value {
    let attempt = whole(json!({
        "gateway": string(),
        "method": string(),
        "status": { "enum": ["initialized", "processing", "completed", "failed", "cancelled"] },
        "error": nullable("string"),
        "attempted_at": time(),
    }));
    let analytics = whole(json!({
        "attempts": { "type": "integer" }, "failed_attempts": { "type": "integer" },
        "seconds_to_complete": nullable("integer"),
    }));
    let mut schema = whole(json!({
        "id": id("tr_"),
        "transaction_id": id("tr_"),
        "transaction_hash": id("tr_"),
        "status": status(),
        "payment_status": { "enum": ["none", "partial", "full", "overpaid"] },
        "amount": money(),
        "currency": string(),
        "paid_amount": money(),
        "refunded_amount": money(),
        "description": string(),
        "external_reference": nullable("string"),
        "gateway": nullable("string"),
        "customer": { "anyOf": [brief(), { "type": "null" }] },
        "attempts": list(attempt),
        "analytics": analytics,
        "metadata": { "type": "object" },
        "checkout_url": string(),
        "created_at": time(),
        "expires_at": maybe_time(),
        "completed_at": maybe_time(),
    }));
    schema["properties"]["invoice_id"] = id("inv_");
    schema["properties"]["subscription"] = whole(json!({ "subscription_hash": id("sub_") }));
    schema
}

fn status() -> Value {
    json!({ "enum": ["pending", "initialized", "processing", "completed", "failed", "cancelled", "refunded"] })
}

pub(crate) fn transaction_answer() -> Value {
    answer("transaction", transaction())
}

pub(crate) fn transaction_status() -> Value {
    whole(json!({
        "success": yes(),
        "transaction": transaction(),
        "gateway": whole(json!({ "selected_gateway": nullable("string") })),
        "timestamps": whole(json!({
            "created_at": time(), "updated_at": time(), "completed_at": maybe_time(), "expires_at": maybe_time(),
        })),
    }))
}

pub(crate) fn transactions() -> Value {
    page(transaction())
}

pub(crate) fn payment_filters() -> Value {
    query(json!({
        "status": status(),
        "gateway": string(),
        "currency": string(),
        "customer_email": string(),
        "from": { "type": "string", "description": "A day or a time." },
        "to": { "type": "string", "description": "A day, which is included, or a time." },
    }))
}

pub(crate) fn refund() -> Value {
    let schema = object(json!({ "amount": decimal(), "reason": text(500) }), &[]);
    with_example(schema, json!({ "amount": "10.00", "reason": "Not as described" }))
}

pub(crate) fn refunded() -> Value {
    let refund = whole(json!({
        "id": string(), "status": { "enum": ["completed", "pending"] }, "amount": money(), "currency": string(),
        "reason": string(), "created_at": time(),
    }));
    whole(json!({ "success": yes(), "refund": refund, "transaction": transaction() }))
}
