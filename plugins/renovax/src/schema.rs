//! JSON Schemas of bodies, for the host's documents. Written by hand: they are made only when the plugin describes itself,
//! and a derive would put a second description of every model into the component.

use serde_json::{Value, json};

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

fn text(max: u32) -> Value {
    json!({ "type": "string", "maxLength": max })
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
    object(properties, &["id", "name", "default_currency", "public_uuid"])
}

pub(crate) fn new_invoice() -> Value {
    let properties = json!({
        "amount": decimal(),
        "currency": { "type": "string", "description": "The merchant's default currency unless given." },
        "client_remote_id": { "type": ["string", "number", "null"], "maxLength": 191 },
        "success_url": text(2000),
        "cancel_url": text(2000),
        "metadata": { "type": "object", "description": "Scalars; at most 2048 bytes as JSON." },
        "expires_in_minutes": { "type": ["integer", "string", "null"], "minimum": 1, "maximum": 1440, "default": 60 },
        "locale": { "enum": ["en", "es", "fr", "pt", "ru", "ar"] },
        "fiat_enabled": { "type": "boolean", "default": true },
    });
    object(properties, &["amount"])
}

pub(crate) fn invoice() -> Value {
    let properties = json!({
        "id": { "type": "string" },
        "merchant_id": { "type": "integer" },
        "amount": money(),
        "currency": { "type": "string" },
        "status": { "enum": ["pending", "confirmed", "failed", "expired", "refunded", "canceled"] },
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
    object(
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
    object(json!({ "amount": decimal(), "reason": text(500) }), &[])
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
    object(
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
    object(
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
    object(properties, &["id", "username", "email", "role", "credits"])
}

pub(crate) fn accounts() -> Value {
    page(&account(), meta())
}

pub(crate) fn new_account() -> Value {
    let properties = json!({
        "username": { "type": "string", "minLength": 3, "maxLength": 60, "pattern": "^[A-Za-z0-9._-]+$" },
        "email": { "type": "string", "format": "email", "minLength": 3, "maxLength": 254 },
        "name": text(200),
        "password": { "type": ["string", "null"], "minLength": 8, "maxLength": 200 },
    });
    object(properties, &["username", "email"])
}

pub(crate) fn created() -> Value {
    let password = json!({ "type": "string", "description": "Only when none was sent, and only once." });
    object(json!({ "user": account(), "password": password }), &["user"])
}

pub(crate) fn sale() -> Value {
    let properties = json!({
        "recipient": { "type": "string", "minLength": 1, "maxLength": 254, "description": "User name or e-mail." },
        "amount": decimal(),
        "note": text(255),
    });
    object(properties, &["recipient", "amount"])
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
