//! Customers and gateways.

use serde_json::{Value, json};

use super::{
    answer, email, list, metadata, money, nullable, object, page, query, string, text, time, whole,
    with_example,
};

/// Who pays, as payments and subscriptions show it.
pub(super) fn brief() -> Value {
    whole(json!({
        "id": { "type": "integer" }, "email": string(), "name": string(), "phone": nullable("string"),
    }))
}

fn customer() -> Value {
    whole(json!({
        "id": { "type": "integer" },
        "email": string(),
        "name": string(),
        "phone": nullable("string"),
        "metadata": { "type": "object" },
        "credit": list(whole(json!({ "currency": string(), "amount": money() }))),
        "created_at": time(),
    }))
}

pub(crate) fn customer_answer() -> Value {
    answer("customer", customer())
}

pub(crate) fn customers() -> Value {
    page(customer())
}

pub(crate) fn customer_filters() -> Value {
    query(json!({ "email": { "type": "string" } }))
}

fn fields() -> Value {
    json!({ "email": email(), "name": text(200), "phone": text(40), "metadata": metadata() })
}

pub(crate) fn new_customer() -> Value {
    let example = json!({ "email": "customer@example.com", "name": "John Doe" });
    with_example(object(fields(), &["email"]), example)
}

pub(crate) fn customer_changes() -> Value {
    with_example(object(fields(), &[]), json!({ "name": "Jane Doe" }))
}

pub(crate) fn gateways() -> Value {
    answer(
        "gateways",
        list(whole(json!({ "name": string(), "display_name": string() }))),
    )
}
