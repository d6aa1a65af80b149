//! What a request says, however it is encoded.
//!
//! Clients send JSON, forms (also ones that call themselves JSON), and queries, on any method. A field that is in several
//! places is taken from the body's JSON or form first, and from the query last. So the type that a body claims to have is never
//! asked for: a body that begins like JSON is JSON, any other is a form.

use mooring_sdk::extract::FromRequest;
use mooring_sdk::json;
use mooring_sdk::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};

use crate::form;

/// The fields of a request, as a type of their own.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Input<T> {
    fn from_request(request: &mut Request) -> Result<Input<T>, Problem> {
        let mut fields = form::fields(request.query.as_bytes());
        fields.extend(body(&request.body)?);
        // Read from text, so that what is wrong is said as it is for a body of JSON.
        json::from_str(&json::to_string(&fields)).map(Input)
    }
}

fn body(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| {
            Problem::Unreadable(format!("the body is not UTF-8 (byte {})", error.valid_up_to()))
        })?
        .trim_start_matches('\u{feff}')
        .trim();
    match text.bytes().next() {
        None => Ok(Map::new()),
        Some(_) if text == "null" => Err(Problem::Unreadable(
            "the body must be an object, not null".to_owned(),
        )),
        Some(b'-') if text.starts_with("--") => Err(Problem::Unreadable(
            "the body must be JSON or a form, not multipart".to_owned(),
        )),
        Some(b'{') => json::from_str(text),
        // PHP writes an object without members so.
        Some(b'[') if json::from_str::<Vec<Value>>(text)?.is_empty() => Ok(Map::new()),
        Some(b'[') => Err(Problem::Unreadable(
            "the body must be an object, not an array".to_owned(),
        )),
        Some(_) => Ok(form::fields(text.as_bytes())),
    }
}

/// Text of 1 to `MAX` characters without control characters, surrounding white space removed. A number is text too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<const MAX: usize>(pub(crate) String);

impl<'de, const MAX: usize> Deserialize<'de> for Line<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, MAX, &[]).map(Line)
    }
}

/// The same of several lines: line breaks and tabs are text too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<const MAX: usize>(pub(crate) String);

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, MAX, &['\n', '\r', '\t']).map(Text)
    }
}

fn text<'de, D: Deserializer<'de>>(
    deserializer: D,
    max: usize,
    controls: &[char],
) -> Result<String, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err(D::Error::custom("must be a string")),
    };
    if text.is_empty() {
        return Err(D::Error::custom("must not be empty"));
    }
    if text.chars().count() > max {
        return Err(D::Error::custom(format_args!("is longer than {max} characters")));
    }
    if text
        .chars()
        .any(|letter| letter.is_control() && !controls.contains(&letter))
    {
        return Err(D::Error::custom("must not contain control characters"));
    }
    Ok(text)
}

/// True or false: JSON's own, 1 and 0, or either of them as text. Empty text is false, as in PHP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Flag, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::Bool(flag) => return Ok(Flag(flag)),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_ascii_lowercase(),
            _ => return Err(D::Error::custom("must be true or false")),
        };
        match text.as_str() {
            "1" | "true" => Ok(Flag(true)),
            "" | "0" | "false" => Ok(Flag(false)),
            _ => Err(D::Error::custom("must be true or false")),
        }
    }
}

/// The most ids of a request: each costs several calls of the host, and a request has so many.
pub(crate) const IDS_MAX: usize = 1000;

/// At most [`IDS_MAX`] ids: a list of whole numbers, each a number or text; a single one is a list too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids(pub(crate) Vec<u64>);

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ids, D::Error> {
        let id = |value: Value| {
            let text = match value {
                Value::Number(number) => number.to_string(),
                Value::String(text) => text.trim().to_owned(),
                _ => String::new(),
            };
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|_| digits);
            number.ok_or_else(|| D::Error::custom("must be whole numbers"))
        };
        let ids = match Value::deserialize(deserializer)? {
            Value::Null => Ok(Ids::default()),
            Value::String(text) if text.trim().is_empty() => Ok(Ids::default()),
            Value::Array(items) => items.into_iter().map(id).collect::<Result<_, _>>().map(Ids),
            Value::Object(items) => items
                .into_iter()
                .map(|(_, value)| id(value))
                .collect::<Result<_, _>>()
                .map(Ids),
            value => id(value).map(|id| Ids(vec![id])),
        }?;
        if ids.0.len() > IDS_MAX {
            return Err(D::Error::custom(format_args!("must be at most {IDS_MAX} ids")));
        }
        Ok(ids)
    }
}
