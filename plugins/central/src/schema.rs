//! JSON Schemas of queries and bodies, for the host's documents. Written by hand: they are made only when the plugin describes
//! itself, and a derive would put a second description of every model into the component.

mod customers;
mod invoices;
mod payments;
mod plans;
mod reports;
mod subscriptions;
mod webhooks;

use serde_json::{Value, json};

pub(crate) use customers::*;
pub(crate) use invoices::*;
pub(crate) use payments::*;
pub(crate) use plans::*;
pub(crate) use reports::*;
pub(crate) use subscriptions::*;
pub(crate) use webhooks::*;

/// `{"success":false,"message":"…","error":"…"}`.
pub(crate) fn failure() -> Value {
    let mut schema = object(
        json!({
            "success": { "const": false },
            "message": { "type": "string" },
            "error": { "type": "string", "description": "A code." },
            "errors": {
                "type": "object",
                "description": "On 422, by field.",
                "additionalProperties": { "type": "array", "items": { "type": "string" } },
            },
        }),
        &["success", "message", "error"],
    );
    // Shared by all answers under this name.
    schema["title"] = json!("Error");
    schema["examples"] =
        json!([{ "success": false, "message": "There is no such payment.", "error": "not_found" }]);
    schema
}

/// The query of lists.
pub(crate) fn paging() -> Value {
    query(json!({}))
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// What answers have: everything in it is always there.
fn whole(properties: Value) -> Value {
    let required: Vec<String> = properties
        .as_object()
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// `{"success":true,"NAME":…}`.
fn answer(name: &str, value: Value) -> Value {
    whole(json!({ "success": yes(), name: value }))
}

/// `{"success":true,"data":[…],"meta":{…}}`.
fn page(items: Value) -> Value {
    let number = |minimum: u32| json!({ "type": "integer", "minimum": minimum });
    let meta = whole(json!({
        "current_page": number(1), "last_page": number(1), "per_page": number(1), "total": number(0),
    }));
    whole(json!({ "success": yes(), "data": { "type": "array", "items": items }, "meta": meta }))
}

/// Parameters of a query, with those of paging.
fn query(properties: Value) -> Value {
    let mut schema = object(properties, &[]);
    schema["properties"]["page"] = json!({ "type": "integer", "minimum": 1, "default": 1 });
    schema["properties"]["per_page"] =
        json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 });
    schema
}

fn with_example(mut schema: Value, example: Value) -> Value {
    schema["examples"] = json!([example]);
    schema
}

fn yes() -> Value {
    json!({ "const": true })
}

fn text(max: u32) -> Value {
    json!({ "type": "string", "maxLength": max })
}

fn filled(max: u32) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max })
}

fn string() -> Value {
    json!({ "type": "string" })
}

fn nullable(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn email() -> Value {
    json!({ "type": "string", "format": "email", "minLength": 3, "maxLength": 254 })
}

fn url() -> Value {
    json!({ "type": "string", "format": "uri", "maxLength": 2000, "description": "Absolute, http or https." })
}

fn count(minimum: u32, maximum: u32) -> Value {
    json!({ "type": "integer", "minimum": minimum, "maximum": maximum })
}

/// Of a request.
fn decimal() -> Value {
    json!({ "type": ["number", "string"], "description": "Exact; a string keeps its digits too." })
}

/// Of an answer.
fn money() -> Value {
    json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" })
}

fn currency() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z]{3}$", "description": "ISO 4217." })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn maybe_time() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn day() -> Value {
    json!({ "type": "string", "format": "date" })
}

fn metadata() -> Value {
    json!({ "type": "object", "description": "At most 4096 bytes as JSON." })
}

fn interval() -> Value {
    json!({ "enum": ["day", "week", "month", "year"] })
}

fn id(prefix: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{prefix}") })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// Parameters of paths, and which answer has one.
fn of(name: &str, from: &str) -> Value {
    object(
        json!({ name: { "type": "string", "minLength": 1, "x-from": from } }),
        &[name],
    )
}

pub(crate) fn of_payment() -> Value {
    of("hash", "payment-create#/transaction_id")
}

pub(crate) fn of_subscription() -> Value {
    of("id", "subscription-create#/subscription/subscription_hash")
}

pub(crate) fn of_billed() -> Value {
    of("sub", "subscription-create#/subscription/subscription_hash")
}

pub(crate) fn of_plan() -> Value {
    of("id", "plan-list#/data/0/id")
}

pub(crate) fn of_invoice() -> Value {
    of("id", "invoice-generate#/invoice/id")
}
