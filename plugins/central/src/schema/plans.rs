//! Plans.

use serde_json::{Value, json};

use super::{
    answer, count, currency, decimal, filled, interval, list, metadata, object, page, query, string, text,
    time, whole, with_example,
};

/// A plan as subscriptions show it.
pub(super) fn brief() -> Value {
    whole(brief_properties())
}

fn brief_properties() -> Value {
    json!({
        "id": string(), "name": string(), "price": { "type": "number" }, "currency": string(),
        "billing_cycle": { "type": "string", "description": "monthly, yearly, every_3_months …" },
    })
}

fn plan() -> Value {
    let mut properties = brief_properties();
    for (name, schema) in [
        ("description", string()),
        ("interval", interval()),
        ("interval_count", json!({ "type": "integer" })),
        ("trial_days", json!({ "type": "integer" })),
        ("features", list(string())),
        ("metadata", json!({ "type": "object" })),
        ("status", json!({ "enum": ["active", "archived"] })),
        ("created_at", time()),
        ("updated_at", time()),
    ] {
        properties[name] = schema;
    }
    whole(properties)
}

pub(crate) fn plan_answer() -> Value {
    answer("plan", plan())
}

pub(crate) fn plans() -> Value {
    page(plan())
}

pub(crate) fn plan_filters() -> Value {
    query(json!({ "status": { "enum": ["active", "archived"], "default": "active" } }))
}

fn fields() -> Value {
    json!({
        "name": filled(200),
        "description": text(500),
        "price": decimal(),
        "currency": currency(),
        "interval": interval(),
        "interval_count": count(1, 1095),
        "trial_days": count(0, 1095),
        "features": { "type": "array", "items": filled(200), "maxItems": 50 },
        "metadata": metadata(),
    })
}

pub(crate) fn new_plan() -> Value {
    let mut properties = fields();
    properties["id"] = json!({ "type": "string", "pattern": "^plan_[A-Za-z0-9_-]{1,59}$" });
    let schema = object(properties, &["name", "price", "currency", "interval"]);
    let example =
        json!({ "name": "Premium Monthly", "price": 29.99, "currency": "USD", "interval": "month" });
    with_example(schema, example)
}

pub(crate) fn plan_changes() -> Value {
    let mut properties = fields();
    if let Some(fields) = properties.as_object_mut() {
        for fixed in ["currency", "interval", "interval_count"] {
            fields.remove(fixed);
        }
    }
    properties["status"] = json!({ "enum": ["active", "archived"] });
    with_example(object(properties, &[]), json!({ "price": "34.99" }))
}

/// What an operator may import: exact, and whole.
pub(crate) fn stored_plan() -> Value {
    let mut properties = fields();
    properties["currency"] = json!({ "type": "string", "pattern": "^[A-Z]{3}$" });
    properties["price"] = json!({
        "type": "string", "pattern": "^[0-9]{1,9}(\\.[0-9]{1,4})?$",
        "description": "With no more places than the currency has.",
    });
    properties["status"] = json!({ "enum": ["active", "archived"] });
    let mut schema = object(properties, &["name", "price", "currency", "interval", "status"]);
    schema["additionalProperties"] = json!(false);
    schema
}
