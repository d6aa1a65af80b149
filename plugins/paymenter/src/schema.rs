//! JSON Schemas of bodies, for the host's documents. Written by hand: they are made only when the plugin describes itself,
//! and a derive would put a second description of every model into the component.

use serde_json::{Value, json};

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

fn text(max: u32) -> Value {
    json!({ "type": "string", "maxLength": max })
}

fn nullable_text(max: u32) -> Value {
    json!({ "type": ["string", "null"], "maxLength": max })
}

fn email() -> Value {
    json!({ "type": "string", "format": "email", "minLength": 3, "maxLength": 254 })
}

fn password() -> Value {
    json!({ "type": "string", "minLength": 8, "maxLength": 200 })
}

fn id() -> Value {
    json!({ "type": ["integer", "string"], "maxLength": 120 })
}

fn number_or_digits() -> Value {
    json!({ "type": ["integer", "string"], "minimum": 1, "pattern": "^[0-9]+$" })
}

fn decimal() -> Value {
    json!({ "type": ["number", "string"], "minimum": 0, "description": "Exact; a string keeps its digits too." })
}

fn yes() -> Value {
    json!({ "const": true })
}

fn millis() -> Value {
    json!({ "type": "integer", "description": "Milliseconds since the Unix epoch." })
}

pub(crate) fn ok() -> Value {
    object(json!({ "ok": yes() }), &["ok"])
}

pub(crate) fn user_create() -> Value {
    let mut password = password();
    password["type"] = json!(["string", "null"]);
    object(
        json!({ "email": email(), "name": nullable_text(200), "password": password }),
        &["email"],
    )
}

pub(crate) fn user_created() -> Value {
    let properties = json!({
        "ok": yes(),
        "id": { "type": "integer" },
        "email": { "type": "string" },
        "duplicate": { "type": "boolean" },
        "temp_password": { "type": "string", "description": "Only when no password was sent, and only once." },
    });
    object(properties, &["ok", "id"])
}

pub(crate) fn service_ref() -> Value {
    object(json!({ "service_id": { "type": "string" } }), &["service_id"])
}

pub(crate) fn invoice_paid() -> Value {
    let flat = object(
        json!({ "invoice_id": id(), "amount": decimal(), "user_email": email() }),
        &["invoice_id", "amount", "user_email"],
    );
    let user = object(json!({ "email": email() }), &["email"]);
    let data = object(
        json!({ "id": id(), "total": decimal(), "user": user }),
        &["id", "total", "user"],
    );
    let nested = object(
        json!({ "event": { "const": "invoice.paid" }, "data": data }),
        &["event", "data"],
    );
    json!({ "anyOf": [flat, nested] })
}

pub(crate) fn event() -> Value {
    let properties = json!({
        "ok": yes(),
        "id": { "type": "string", "pattern": "^ev_" },
        "duplicate": { "type": "boolean" },
    });
    object(properties, &["ok"])
}

pub(crate) fn provision() -> Value {
    let properties = json!({
        "email": email(),
        "package_id": number_or_digits(),
        "group_id": number_or_digits(),
        "os_id": number_or_digits(),
        "hostname": nullable_text(253),
    });
    object(properties, &["email", "package_id", "group_id", "os_id"])
}

pub(crate) fn provisioned() -> Value {
    let properties = json!({
        "ok": yes(),
        "service_id": { "type": "string", "pattern": "^svc_" },
        "status": status(),
        "driver": { "enum": ["virtfusion", "local"] },
    });
    object(properties, &["ok", "service_id", "status", "driver"])
}

fn status() -> Value {
    json!({ "enum": ["building", "active", "failed", "suspended", "terminated"] })
}

pub(crate) fn me() -> Value {
    let properties = json!({
        "id": { "type": "integer" },
        "email": { "type": "string" },
        "name": { "type": "string" },
        "credits_usd": { "type": "number" },
        "credits_frozen": { "type": "number" },
        "role": { "type": "string" },
    });
    object(
        properties,
        &["id", "email", "name", "credits_usd", "credits_frozen", "role"],
    )
}

pub(crate) fn balance() -> Value {
    object(
        json!({ "credits_usd": { "type": "number" }, "frozen": { "type": "number" } }),
        &["credits_usd", "frozen"],
    )
}

pub(crate) fn services() -> Value {
    json!({ "type": "array", "items": service() })
}

pub(crate) fn service() -> Value {
    let properties = json!({
        "id": { "type": "string", "pattern": "^svc_" },
        "hostname": { "type": ["string", "null"] },
        "status": status(),
        "pkg_id": { "type": ["integer", "null"] },
        "pkg_name": { "type": ["string", "null"] },
        "expires_at": { "type": ["integer", "null"] },
        "vf_id": { "type": ["integer", "null"] },
        "driver": { "enum": ["virtfusion", "local"] },
        "vf_data": { "description": "What VirtFusion last said; only for a single service." },
        "error": { "type": ["string", "null"], "description": "Why provisioning failed; only for a single service." },
        "created_at": millis(),
    });
    object(
        properties,
        &[
            "id",
            "hostname",
            "status",
            "pkg_id",
            "pkg_name",
            "expires_at",
            "vf_id",
            "driver",
        ],
    )
}

pub(crate) fn power() -> Value {
    object(
        json!({ "action": { "enum": ["start", "stop", "restart", "poweroff"] } }),
        &["action"],
    )
}

pub(crate) fn invoices() -> Value {
    json!({ "type": "array", "items": invoice() })
}

pub(crate) fn invoice() -> Value {
    let properties = json!({
        "id": { "type": "string", "pattern": "^inv_" },
        "status": { "const": "paid" },
        "amount": { "type": "number" },
        "currency": { "type": "string" },
        "type": { "const": "paymenter" },
        "target_id": { "type": "string", "description": "The shop's own id." },
        "description": { "type": "string" },
        "created_at": millis(),
        "paid_at": millis(),
        "due_at": { "type": ["integer", "null"] },
    });
    object(
        properties,
        &[
            "id",
            "status",
            "amount",
            "currency",
            "type",
            "target_id",
            "created_at",
            "paid_at",
        ],
    )
}

pub(crate) fn signup() -> Value {
    object(
        json!({ "email": email(), "name": text(200), "password": password() }),
        &["email", "name", "password"],
    )
}

pub(crate) fn credit_event() -> Value {
    let properties = json!({
        "kind": { "const": "topup" },
        "amount_usd": decimal(),
        "external_ref": id(),
        "meta": {},
    });
    object(properties, &["kind", "amount_usd", "external_ref"])
}

pub(crate) fn api_key() -> Value {
    let properties = json!({
        "scopes": { "type": "array", "items": { "type": "string" }, "minItems": 1 },
        "owner_email": email(),
        "label": nullable_text(100),
        "expires_at": { "type": ["integer", "null"], "description": "Milliseconds since the Unix epoch." },
    });
    object(properties, &["scopes", "owner_email"])
}

pub(crate) fn api_key_created() -> Value {
    let properties = json!({
        "ok": yes(),
        "id": { "type": "string", "pattern": "^key_" },
        "key": { "type": "string", "description": "Shown only here." },
        "scopes": { "type": "array", "items": { "type": "string" } },
    });
    object(properties, &["ok", "id", "key", "scopes"])
}
