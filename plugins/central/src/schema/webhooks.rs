//! Endpoints and deliveries.

use serde_json::{Value, json};

use super::{
    answer, filled, id, list, maybe_time, nullable, object, page, query, string, time, url, whole,
    with_example, yes,
};

fn endpoint_properties() -> Value {
    json!({
        "id": id("ep_"), "url": string(), "events": list(string()), "enabled": { "type": "boolean" },
        "created_at": time(), "updated_at": time(),
    })
}

fn with_secret() -> Value {
    let mut properties = endpoint_properties();
    properties["secret"] =
        json!({ "type": "string", "description": "What signatures are made with. Shown this once." });
    whole(properties)
}

pub(crate) fn endpoint_answer() -> Value {
    answer("endpoint", whole(endpoint_properties()))
}

pub(crate) fn endpoint_with_secret() -> Value {
    answer("endpoint", with_secret())
}

pub(crate) fn endpoints() -> Value {
    page(whole(endpoint_properties()))
}

fn fields() -> Value {
    json!({
        "url": url(),
        "events": {
            "type": "array", "items": filled(100), "maxItems": 50,
            "description": "Names, invoice.paid or invoice.*; empty for all.",
        },
    })
}

pub(crate) fn new_endpoint() -> Value {
    let example = json!({ "url": "https://yoursite.com/webhooks", "events": ["invoice.*"] });
    with_example(object(fields(), &["url"]), example)
}

pub(crate) fn endpoint_changes() -> Value {
    let mut properties = fields();
    properties["enabled"] = json!({ "type": "boolean" });
    with_example(object(properties, &[]), json!({ "enabled": false }))
}

pub(crate) fn done() -> Value {
    whole(json!({ "success": yes() }))
}

pub(crate) fn endpoint_health() -> Value {
    let number = || json!({ "type": "integer" });
    let health = whole(json!({
        "status": { "enum": ["healthy", "degraded", "suspended", "disabled"] },
        "consecutive_failures": number(),
        "failing_since": maybe_time(),
        "pending": number(),
        "delivered": number(),
        "failed": number(),
    }));
    answer("health", health)
}

fn delivery() -> Value {
    whole(json!({
        "id": id("dlv_"),
        "endpoint_id": id("ep_"),
        "event": string(),
        "status": { "enum": ["pending", "delivered", "failed"] },
        "is_test": { "type": "boolean" },
        "attempts": { "type": "integer" },
        "response_status": nullable("integer"),
        "error": nullable("string"),
        "next_attempt_at": maybe_time(),
        "created_at": time(),
        "completed_at": maybe_time(),
    }))
}

pub(crate) fn delivery_answer() -> Value {
    answer("delivery", delivery())
}

pub(crate) fn deliveries() -> Value {
    page(delivery())
}

pub(crate) fn delivery_filters() -> Value {
    query(json!({ "endpoint_id": string(), "status": { "enum": ["pending", "delivered", "failed"] } }))
}

pub(crate) fn test() -> Value {
    let properties = json!({ "endpoint_id": { "type": "string", "description": "All, unless given." } });
    object(properties, &[])
}

pub(crate) fn tested() -> Value {
    answer("deliveries", list(delivery()))
}
