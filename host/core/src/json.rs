//! JSON text that has been looked at once and is passed on as it is.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// One JSON text, known to be well-formed. Kept verbatim: what went in comes out, byte for byte, while a stored row that
/// contains it stays one readable JSON document.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

/// Text that is not the JSON asked for, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotJson {
    /// For a person.
    pub reason: String,
}

impl Json {
    /// The text, if it is one JSON value that nests no deeper than a parser will follow.
    pub fn parse(text: &str) -> Result<Json, NotJson> {
        let not_json = |error: serde_json::Error| NotJson {
            reason: format!("is not JSON: {error}"),
        };
        serde_json::from_str::<WellFormed>(text).map_err(not_json)?;
        Ok(Json(RawValue::from_string(text.to_owned()).map_err(not_json)?))
    }

    /// The text, if it is one JSON object.
    pub fn object(text: &str) -> Result<Json, NotJson> {
        let json = Json::parse(text)?;
        // What is JSON and begins like an object is one.
        if !text.trim_start().starts_with('{') {
            return Err(NotJson {
                reason: String::from("must be a JSON object"),
            });
        }
        Ok(json)
    }

    /// `{}`
    pub fn empty_object() -> Json {
        Json::parse("{}").expect("an empty object is JSON")
    }

    /// Text that a serialiser has just written.
    pub(crate) fn from_raw(raw: Box<RawValue>) -> Json {
        Json(raw)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The text, taken apart.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.as_str()).expect("it was parsed when it was made")
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Json {
        Json(RawValue::from_string(value.to_string()).expect("a value prints as JSON"))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Any JSON value, looked at to the bottom and not kept: a parser goes down only so far into what it keeps, and has no limit for
/// what it ignores.
struct WellFormed;

impl<'de> Deserialize<'de> for WellFormed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WellFormed, D::Error> {
        deserializer.deserialize_any(WellFormed)
    }
}

impl<'de> Visitor<'de> for WellFormed {
    type Value = WellFormed;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<WellFormed, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<WellFormed, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<WellFormed, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<WellFormed, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<WellFormed, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<WellFormed, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<WellFormed, A::Error> {
        while items.next_element::<WellFormed>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<WellFormed, A::Error> {
        while fields.next_entry::<WellFormed, WellFormed>()?.is_some() {}
        Ok(self)
    }
}

/// Feeds a value to a hash so that white space and the order of keys make no difference.
///
/// Keys are sorted here rather than left to the map, whose order depends on a feature of the JSON crate that any other
/// crate in the build may switch on.
pub(crate) fn digest_canonical(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Array(items) => {
            hasher.update(b"[");
            hasher.update((items.len() as u64).to_be_bytes());
            for item in items {
                digest_canonical(item, hasher);
            }
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            hasher.update(b"{");
            hasher.update((fields.len() as u64).to_be_bytes());
            for (name, item) in fields {
                digest_text(name, hasher);
                digest_canonical(item, hasher);
            }
        }
        Value::String(text) => {
            hasher.update(b"\"");
            digest_text(text, hasher);
        }
        scalar => {
            hasher.update(b"=");
            digest_text(&scalar.to_string(), hasher);
        }
    }
}

/// Feeds a text to a hash together with its length, so that neighbours cannot run into each other.
pub(crate) fn digest_text(text: &str, hasher: &mut Sha256) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> [u8; 32] {
        let mut hasher = Sha256::new();
        digest_canonical(&Json::parse(text).unwrap().value(), &mut hasher);
        hasher.finalize().into()
    }

    #[test]
    fn text_is_kept_verbatim() {
        let text = "{ \"b\": 1.50,  \"a\": 12345678901234567890123 }";
        let stored = serde_json::to_string(&Json::object(text).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Json>(&stored).unwrap().as_str(), text);
    }

    #[test]
    fn only_objects_are_objects() {
        assert!(Json::object("{}").is_ok());
        for text in ["", "[]", "1", "null", "{", "{}{}", "{\"a\":}", "{\"\\ud800\":1}"] {
            assert!(Json::object(text).is_err(), "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
        assert!(Json::parse(&"{\"a\":[".repeat(100)).is_err());
        let deep = format!("{}1{}", "{\"a\":[".repeat(64), "]}".repeat(64));
        assert!(Json::parse(&deep).is_err(), "no parser would follow");
        for text in ["1", "-1.5e400", "\"{\"", "[{}]", "null", "true"] {
            assert!(Json::parse(text).is_ok(), "{text}");
            assert!(Json::object(text).is_err(), "{text}");
        }
        for text in [r#""\ud800""#, r#"{"\ud800":1}"#, "{} {}", "01", "{\"a\":}"] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn canonical_form_ignores_spelling_but_not_content() {
        assert_eq!(
            digest("{\"a\":1,\"b\":[2]}"),
            digest(" { \"b\" : [ 2 ], \"a\" : 1 } ")
        );
        for (a, b) in [
            ("1", "\"1\""),
            ("[1,2]", "[12]"),
            ("{\"a\":1}", "{\"a\":2}"),
            ("[[],1]", "[[1]]"),
        ] {
            assert_ne!(digest(a), digest(b), "{a} {b}");
        }
    }
}
