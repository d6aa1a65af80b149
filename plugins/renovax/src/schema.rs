//! JSON Schemas of bodies, for the host's documents. Written by hand: they are made only when the plugin describes itself,
//! and a derive would put a second description of every model into the component.

use serde_json::{Value, json};

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// An object that documents show under a name of its own.
fn named(title: &str, properties: Value, required: &[&str]) -> Value {
    let mut schema = object(properties, required);
    schema["title"] = title.into();
    schema
}

pub(crate) fn error() -> Value {
    let reasons = json!({ "type": "array", "items": { "type": "string" } });
    let properties = json!({
        "error": { "type": "string", "description": "A code for programs.", "examples": ["validation_failed"] },
        "message": { "type": "string", "description": "A sentence for people." },
        "errors": { "type": "object", "additionalProperties": reasons, "description": "What is wrong, by field." },
    });
    named("Error", properties, &["error", "message"])
}

fn parameter(name: &str, schema: Value) -> Value {
    object(json!({ name: schema }), &[name])
}

pub(crate) fn invoice_id() -> Value {
    parameter(
        "id",
        json!({ "type": "string", "minLength": 1, "x-from": "merchant-invoice-create#/id" }),
    )
}

pub(crate) fn personal_invoice_id() -> Value {
    parameter(
        "id",
        json!({ "type": "string", "minLength": 1, "x-from": "invoice-create#/id" }),
    )
}

pub(crate) fn page_query() -> Value {
    let properties = json!({
        "per_page": { "type": "integer", "minimum": 1, "maximum": 100, "description": "Items of a page.", "default": 20 },
        "page": { "type": "integer", "minimum": 1, "description": "1, 2, 3 …", "default": 1 },
    });
    object(properties, &[])
}

pub(crate) fn invoices_query() -> Value {
    let mut query = page_query();
    query["properties"]["status"] = status();
    query
}

fn status() -> Value {
    json!({ "type": "string", "enum": ["pending", "confirmed", "failed", "expired", "refunded", "canceled"] })
}

fn nullable(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn decimal() -> Value {
    json!({ "type": ["number", "string"], "exclusiveMinimum": 0, "description": "Exact; a string keeps its digits too." })
}

fn money() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+\\.[0-9]{2,}$" })
}

fn time() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn page(items: &Value, meta: Value) -> Value {
    let meta = object(meta, &["current_page", "last_page", "total"]);
    object(
        json!({ "data": { "type": "array", "items": items }, "meta": meta }),
        &["data", "meta"],
    )
}

fn meta() -> Value {
    json!({
        "current_page": { "type": "integer" },
        "last_page": { "type": "integer" },
        "total": { "type": "integer" },
    })
}

pub(crate) fn merchant() -> Value {
    let properties = json!({
        "id": { "type": "integer" },
        "name": { "type": "string" },
        "default_currency": { "type": "string" },
        "public_uuid": { "type": "string" },
        "customer_pays_fee": { "type": "boolean" },
        "fx_markup_percent": { "type": "string" },
        "is_active": { "type": "boolean" },
    });
    named(
        "Merchant",
        properties,
        &["id", "name", "default_currency", "public_uuid"],
    )
}

pub(crate) fn new_invoice() -> Value {
    let properties = json!({
        "amount": { "type": ["number", "string"], "exclusiveMinimum": 0, "description": "Exact; a string keeps its digits too.",
                    "examples": ["49.90"] },
        "currency": { "type": "string", "examples": ["USD"], "description": "The merchant's default currency unless given." },
        "client_remote_id": { "type": ["string", "number", "null"], "maxLength": 191, "x-unique": true, "examples": ["order-42"],
                              "description": "The shop's own id. A second invoice with it is the first one again." },
        "success_url": { "type": "string", "maxLength": 2000, "examples": ["https://yoursite.com/thanks"] },
        "cancel_url": { "type": "string", "maxLength": 2000, "examples": ["https://yoursite.com/cart"] },
        "metadata": { "type": "object", "description": "Scalars; at most 2048 bytes as JSON." },
        "expires_in_minutes": { "type": ["integer", "string", "null"], "minimum": 1, "maximum": 1440, "default": 60 },
        "locale": { "enum": ["en", "es", "fr", "pt", "ru", "ar"] },
        "fiat_enabled": { "type": "boolean", "default": true },
    });
    named("NewInvoice", properties, &["amount"])
}

pub(crate) fn invoice() -> Value {
    let properties = json!({
        "id": { "type": "string" },
        "merchant_id": { "type": "integer" },
        "amount": money(),
        "currency": { "type": "string" },
        "status": status(),
        "client_remote_id": nullable("string"),
        "success_url": nullable("string"),
        "cancel_url": nullable("string"),
        "metadata": { "type": "object" },
        "expires_at": time(),
        "paid_at": time(),
        "pay_url": { "type": "string", "format": "uri" },
        "created_at": time(),
        "amount_received_fiat": money(),
    });
    named(
        "Invoice",
        properties,
        &[
            "id",
            "merchant_id",
            "amount",
            "currency",
            "status",
            "pay_url",
            "created_at",
        ],
    )
}

pub(crate) fn invoices() -> Value {
    let mut meta = meta();
    meta["per_page"] = json!({ "type": "integer" });
    page(&invoice(), meta)
}

pub(crate) fn part() -> Value {
    let reason = json!({ "type": "string", "description": "For people; the first 500 characters are kept." });
    named("Part", json!({ "amount": decimal(), "reason": reason }), &[])
}

pub(crate) fn refunded() -> Value {
    let properties = json!({
        "status": { "enum": ["success", "pending"] },
        "provider_refund_id": nullable("string"),
        "refund_id": nullable("string"),
        "id": nullable("string"),
        "amount": money(),
        "currency": { "type": "string" },
        "message": { "type": "string" },
    });
    named(
        "Refund",
        properties,
        &["status", "provider_refund_id", "amount", "currency", "message"],
    )
}

pub(crate) fn reseller() -> Value {
    let properties = json!({
        "id": { "type": "integer" },
        "username": { "type": "string" },
        "email": { "type": "string" },
        "role": { "enum": ["reseller", "distributor", "admin"] },
        "credits": { "type": "number" },
        "fee_percent": { "type": "number" },
    });
    named(
        "Reseller",
        properties,
        &["id", "username", "email", "role", "credits", "fee_percent"],
    )
}

fn account() -> Value {
    let properties = json!({
        "id": { "type": "integer" },
        "username": { "type": "string" },
        "email": { "type": "string" },
        "name": { "type": "string" },
        "role": { "type": "string" },
        "credits": { "type": "number" },
        "created_at": time(),
    });
    named(
        "Account",
        properties,
        &["id", "username", "email", "role", "credits"],
    )
}

pub(crate) fn accounts() -> Value {
    page(&account(), meta())
}

pub(crate) fn new_account() -> Value {
    let properties = json!({
        "username": { "type": "string", "minLength": 3, "maxLength": 60, "pattern": "^[A-Za-z0-9._-]+$", "x-unique": true,
                      "examples": ["alice42"] },
        "email": { "type": "string", "format": "email", "minLength": 3, "maxLength": 254, "x-unique": true,
                   "examples": ["alice@example.com"] },
        "name": { "type": "string", "maxLength": 200, "examples": ["Alice"] },
        "password": { "type": ["string", "null"], "minLength": 8, "maxLength": 200 },
    });
    named("NewAccount", properties, &["username", "email"])
}

pub(crate) fn created() -> Value {
    let password = json!({ "type": "string", "description": "Only when none was sent, and only once." });
    object(json!({ "user": account(), "password": password }), &["user"])
}

pub(crate) fn sale() -> Value {
    let properties = json!({
        "recipient": { "type": "string", "minLength": 1, "maxLength": 254, "description": "User name or e-mail.",
                       "x-from": "reseller-user-create#/user/username", "examples": ["alice42"] },
        "amount": { "type": ["number", "string"], "exclusiveMinimum": 0, "description": "Gross; exact.", "examples": [10] },
        "note": { "type": "string", "maxLength": 255, "examples": ["initial load"] },
    });
    named("Sale", properties, &["recipient", "amount"])
}

pub(crate) fn sold() -> Value {
    let recipient = json!({
        "id": { "type": "integer" },
        "username": { "type": "string" },
        "credits": { "type": "number" },
    });
    let properties = json!({
        "gross": { "type": "number" },
        "fee": { "type": "number" },
        "net": { "type": "number" },
        "balance_after": { "type": "number" },
        "recipient": object(recipient, &["id", "username", "credits"]),
    });
    object(properties, &["gross", "fee", "net", "balance_after", "recipient"])
}

pub(crate) fn transfers() -> Value {
    let properties = json!({
        "id": { "type": "integer" },
        "reason": { "enum": ["transfer_out", "transfer_in", "transfer_fee"] },
        "delta": { "type": "number" },
        "balance_after": { "type": "number" },
        "note": nullable("string"),
        "created_at": time(),
    });
    let row = object(
        properties,
        &["id", "reason", "delta", "balance_after", "created_at"],
    );
    page(&row, meta())
}
