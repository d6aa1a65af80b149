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
    let properties = json!({ "ok": { "const": false }, "error": { "type": "string" } });
    named("Error", properties, &["ok", "error"])
}

pub(crate) fn page_query() -> Value {
    let properties = json!({
        "limit": { "type": "integer", "default": 100,
                   "description": "Items to give, 1 to 500; a number outside becomes the nearest one inside." },
        "offset": { "type": "integer", "minimum": 0, "default": 0, "description": "Items to skip." },
    });
    object(properties, &[])
}

pub(crate) fn service_id() -> Value {
    let id = json!({ "type": "string", "minLength": 1, "x-from": "provision-server#/service_id",
                     "description": "`svc_…`" });
    object(json!({ "id": id }), &["id"])
}

pub(crate) fn invoice_id() -> Value {
    let id = json!({ "type": "string", "minLength": 1, "x-from": "invoices-list#/0/id", "description": "`inv_…`" });
    object(json!({ "id": id }), &["id"])
}

/// With an example, and where samples take it from.
fn with(mut schema: Value, example: &str, from: &str) -> Value {
    schema["examples"] = json!([example]);
    schema["x-from"] = from.into();
    schema
}

/// With an example that each run changes.
fn unique(mut schema: Value, example: &str) -> Value {
    schema["examples"] = json!([example]);
    schema["x-unique"] = true.into();
    schema
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

fn number_or_digits(example: u32) -> Value {
    json!({ "type": ["integer", "string"], "minimum": 1, "pattern": "^[0-9]+$", "examples": [example] })
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
        json!({
            "email": unique(email(), "ada@example.com"),
            "name": { "type": ["string", "null"], "maxLength": 200, "examples": ["Ada"] },
            "password": password,
        }),
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
    let id = with(
        json!({ "type": "string" }),
        "svc_01",
        "provision-server#/service_id",
    );
    object(json!({ "service_id": id }), &["service_id"])
}

pub(crate) fn invoice_paid() -> Value {
    let flat = object(
        json!({
            "invoice_id": unique(id(), "INV-1"),
            "amount": { "type": ["number", "string"], "minimum": 0, "examples": ["25.00"],
                        "description": "Exact; a string keeps its digits too." },
            "user_email": with(email(), "ada@example.com", "user-create#/email"),
        }),
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
        "email": with(email(), "ada@example.com", "user-create#/email"),
        "package_id": number_or_digits(3),
        "group_id": number_or_digits(1),
        "os_id": number_or_digits(42),
        "hostname": { "type": ["string", "null"], "maxLength": 253, "examples": ["ada.example.com"] },
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
    named(
        "Account",
        properties,
        &["id", "email", "name", "credits_usd", "credits_frozen", "role"],
    )
}

pub(crate) fn balance() -> Value {
    named(
        "Credits",
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
        "error": { "type": ["string", "null"], "description": "Why the last step failed; only for a single service, in detail for the tenant's own keys." },
        "created_at": millis(),
    });
    named(
        "Service",
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
        json!({ "action": { "enum": ["start", "stop", "restart", "poweroff"], "examples": ["restart"] } }),
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
    named(
        "Invoice",
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
        json!({
            "email": unique(email(), "grace@example.com"),
            "name": { "type": "string", "maxLength": 200, "examples": ["Grace"] },
            "password": { "type": "string", "minLength": 8, "maxLength": 200, "examples": ["correct horse"] },
        }),
        &["email", "name", "password"],
    )
}

pub(crate) fn credit_event() -> Value {
    let properties = json!({
        "kind": { "const": "topup" },
        "amount_usd": { "type": ["number", "string"], "exclusiveMinimum": 0, "examples": ["10.00"] },
        "external_ref": unique(id(), "topup-1"),
        "meta": {},
    });
    object(properties, &["kind", "amount_usd", "external_ref"])
}

pub(crate) fn api_key() -> Value {
    let properties = json!({
        "scopes": { "type": "array", "items": { "type": "string" }, "minItems": 1, "examples": [["user:read"]] },
        "owner_email": with(email(), "ada@example.com", "user-create#/email"),
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
