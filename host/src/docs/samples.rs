//! A value that fits a JSON Schema: its own example where it has one.

use serde_json::{Map, Value, json};

/// What an author of the schema would show. Deterministic.
pub(super) fn sample(schema: &Value) -> Value {
    let Some(schema) = schema.as_object() else {
        return Value::Null;
    };
    if let Some(example) = schema.get("examples").and_then(|examples| examples.get(0)) {
        return example.clone();
    }
    for keyword in ["example", "const", "default"] {
        if let Some(value) = schema.get(keyword) {
            return value.clone();
        }
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(keyword).and_then(|choices| choices.get(0)) {
            return sample(first);
        }
    }
    match kind(schema) {
        "object" => object(schema),
        "array" => json!([schema.get("items").map_or(Value::Null, sample)]),
        "string" => text(schema).into(),
        "integer" | "number" => number(schema),
        "boolean" => true.into(),
        _ => Value::Null,
    }
}

/// The first kind that is not null.
fn kind(schema: &Map<String, Value>) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or("null"),
        _ if schema.contains_key("properties") => "object",
        _ => "null",
    }
}

/// What is required, and what has an example of its own.
fn object(schema: &Map<String, Value>) -> Value {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return json!({});
    };
    let required = schema.get("required").and_then(Value::as_array);
    let shown = |name: &str, property: &Value| {
        property.get("examples").is_some()
            || required.is_some_and(|required| required.iter().any(|required| required == name))
    };
    properties
        .iter()
        .filter(|(name, property)| shown(name, property))
        .map(|(name, property)| (name.clone(), sample(property)))
        .collect::<Map<_, _>>()
        .into()
}

fn text(schema: &Map<String, Value>) -> String {
    let text = match schema.get("format").and_then(Value::as_str) {
        Some("email") => "ada@example.com",
        Some("uri") => "https://shop.example/",
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("date") => "2026-01-31",
        Some("uuid") => "8d3f1a52-6f0b-4b7a-9d2e-3f5c0a7b9e11",
        _ => "text",
    };
    let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0) as usize;
    format!("{text}{}", "x".repeat(least.saturating_sub(text.len())))
}

fn number(schema: &Map<String, Value>) -> Value {
    if let Some(least) = schema.get("minimum") {
        return least.clone();
    }
    1.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schemas_own_example_goes_first() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": "string", "examples": ["x"]},
            "b": {"type": ["integer", "null"], "minimum": 3},
            "c": {"type": "boolean"},
            "d": {"type": "array", "items": {"enum": ["p", "q"]}},
            "e": {"anyOf": [{"type": "string", "format": "email"}]},
        }, "required": ["b", "d", "e"]});
        assert_eq!(
            sample(&schema),
            json!({"a": "x", "b": 3, "d": ["p"], "e": "ada@example.com"})
        );
        let whole = json!({"examples": [{"z": 1}], "properties": {"a": {"examples": [2]}}});
        assert_eq!(sample(&whole), json!({"z": 1}));
        assert_eq!(
            sample(&json!({"type": "string", "minLength": 6})),
            json!("textxx")
        );
        assert_eq!(sample(&json!({})), Value::Null);
    }
}
