//! JSON Schemas of bodies, for the host's documents and for what the operator writes. Written by hand: they are made only
//! when the plugin describes itself, and a derive would put a second description of every model into the component.

pub(crate) mod content;
pub(crate) mod input;
pub(crate) mod output;

use serde_json::{Value, json};

pub(crate) fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

pub(crate) fn array(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(crate) fn text(max: u32) -> Value {
    json!({ "type": "string", "maxLength": max })
}

pub(crate) fn string() -> Value {
    json!({ "type": "string" })
}

pub(crate) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

/// A number that something is found by, or a count.
pub(crate) fn whole() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(crate) fn one_of(values: &[&str]) -> Value {
    json!({ "enum": values })
}

pub(crate) fn periods() -> Value {
    one_of(&["none", "minute", "hour", "day", "week", "month", "year"])
}

/// The body of every error.
pub(crate) fn failed() -> Value {
    let mut schema = object(
        json!({
            "error_code": { "type": "integer", "minimum": 400, "maximum": 599, "description": "The status of the answer." },
            "error_message": { "type": "string", "description": "For the end user." },
        }),
        &["error_code", "error_message"],
    );
    // Shared by all answers under this name.
    schema["title"] = json!("Error");
    schema["examples"] = json!([{
        "error_code": 403,
        "error_message": "Please specify a secret key via the X-Tebex-Secret header.",
    }]);
    schema
}
