//! Events and figures.

use serde_json::{Value, json};

use super::{answer, day, list, money, object, page, query, string, time, whole};

/// Payments' events, subscriptions' and invoices', in either vocabulary.
fn event() -> Value {
    whole(json!({
        "event": string(), "event_id": string(), "id": string(), "created_at": time(), "data": { "type": "object" },
    }))
}

pub(crate) fn events() -> Value {
    page(event())
}

pub(crate) fn event_answer() -> Value {
    answer("event", event())
}

pub(crate) fn event_filters() -> Value {
    query(json!({ "event": { "type": "string", "maxLength": 100, "description": "invoice.paid" } }))
}

/// A range of days; this month unless given.
pub(crate) fn dates() -> Value {
    object(json!({ "from": day(), "to": day() }), &[])
}

pub(crate) fn months() -> Value {
    object(
        json!({ "months": { "type": "integer", "minimum": 1, "maximum": 120, "default": 12 } }),
        &[],
    )
}

fn counts(names: &[&str]) -> Value {
    let mut properties = json!({});
    for name in names {
        properties[*name] = json!({ "type": "integer" });
    }
    whole(properties)
}

fn revenue() -> Value {
    list(whole(json!({
        "currency": string(), "subscriptions": money(), "payments": money(), "total": money(),
    })))
}

fn recurring() -> Value {
    list(whole(
        json!({ "currency": string(), "mrr": money(), "arr": money() }),
    ))
}

pub(crate) fn invoice_stats() -> Value {
    let stats = whole(json!({
        "from": day(),
        "to": day(),
        "total": { "type": "integer" },
        "by_status": counts(&["open", "paid", "failed", "void", "overdue"]),
        "outstanding": list(whole(json!({ "amount": money(), "currency": string() }))),
        "revenue": revenue(),
    }));
    answer("stats", stats)
}

pub(crate) fn analytics_overview() -> Value {
    let statuses = [
        "pending",
        "trialing",
        "active",
        "past_due",
        "paused",
        "cancelled",
        "expired",
    ];
    let analytics = whole(json!({
        "from": day(),
        "to": day(),
        "customers": { "type": "integer" },
        "subscriptions": counts(&statuses),
        "recurring": recurring(),
        "revenue": revenue(),
    }));
    answer("analytics", analytics)
}

pub(crate) fn analytics_revenue() -> Value {
    let analytics =
        whole(json!({ "from": day(), "to": day(), "recurring": recurring(), "revenue": revenue() }));
    answer("analytics", analytics)
}

pub(crate) fn analytics_churn() -> Value {
    let number = || json!({ "type": "integer" });
    let month = whole(json!({
        "month": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$" },
        "active_at_start": number(),
        "started": number(),
        "churned": number(),
        "active_at_end": number(),
        "churn_rate": { "type": "string", "description": "Per cent of those at the start." },
    }));
    answer("analytics", whole(json!({ "months": list(month) })))
}
