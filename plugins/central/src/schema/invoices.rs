//! Invoices.

use serde_json::{Value, json};

use super::payments::transaction;
use super::{
    answer, filled, id, list, maybe_time, money, nullable, object, page, query, string, time, url, whole,
    with_example, yes,
};

pub(super) fn invoice() -> Value {
    whole(json!({
        "id": nullable("string"),
        "subscription_id": id("sub_"),
        "customer_id": { "type": "integer" },
        "status": { "enum": ["draft", "open", "paid", "failed", "void", "overdue"] },
        "amount": money(),
        "amount_due": money(),
        "credit_applied": money(),
        "amount_refunded": money(),
        "currency": string(),
        "due_date": time(),
        "period_start": time(),
        "period_end": time(),
        "lines": list(whole(json!({ "description": string(), "amount": money() }))),
        "transaction_id": nullable("string"),
        "created_at": time(),
        "paid_at": maybe_time(),
        "sent_at": maybe_time(),
    }))
}

pub(crate) fn invoice_answer() -> Value {
    answer("invoice", invoice())
}

/// Nothing of it is kept, so it has no id.
pub(crate) fn invoice_preview() -> Value {
    answer("invoice", invoice())
}

pub(crate) fn invoices() -> Value {
    page(invoice())
}

pub(crate) fn invoice_filters() -> Value {
    query(json!({
        "status": { "enum": ["open", "paid", "failed", "void", "overdue"] },
        "subscription_id": string(),
        "customer_email": string(),
    }))
}

pub(crate) fn generation() -> Value {
    let properties = json!({
        "due_date": { "type": "string", "description": "A day from today on, 2027-01-15, or a time; not after the end of what is billed." },
    });
    object(properties, &[])
}

pub(crate) fn invoice_payment() -> Value {
    let mut gateway = filled(100);
    gateway["description"] = json!("One of `GET /gateways`; the page offers it first.");
    let properties = json!({ "gateway": gateway, "return_url": url() });
    with_example(object(properties, &[]), json!({ "gateway": "stripe" }))
}

pub(crate) fn invoice_paying() -> Value {
    whole(json!({ "success": yes(), "invoice": invoice(), "transaction": transaction() }))
}
