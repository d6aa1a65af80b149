//! JSON in and out, with errors that name the field.

mod objects;

use objects::Objects;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{InvalidField, Problem};

/// Reads one JSON text. The failure says which field is wrong, and why.
///
/// The text is read once; only when that fails is it read again with a note of where the reader is, so a good request
/// pays nothing for the words of a bad one.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(Objects(&mut reader)).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| explain::<T>(bytes, &error))
}

/// Reads one JSON text; see [`from_slice`].
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    from_slice(text.as_bytes())
}

/// Writes JSON. A value that has no JSON form (a map with keys that are not text) becomes `null`; the SDK's and all
/// derived types have one.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

#[cold]
fn explain<T: DeserializeOwned>(bytes: &[u8], first: &serde_json::Error) -> Problem {
    if bytes.is_empty() {
        return Problem::Unreadable("the body is empty; JSON is expected".to_owned());
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        return Problem::Unreadable(format!("the body is not UTF-8 (byte {})", error.valid_up_to()));
    }
    if !first.is_data() {
        let what = if first.is_eof() {
            "the JSON ends too early"
        } else {
            "the body is not valid JSON"
        };
        return Problem::Unreadable(format!(
            "{what} (line {}, column {})",
            first.line(),
            first.column()
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(Objects(&mut reader)) {
        Err(error) => Problem::Invalid(locate(&error.path().to_string(), &error.into_inner().to_string())),
        Ok(_) => Problem::Invalid(locate("", &first.to_string())),
    }
}

/// Joins where the reader was with what it says: a missing field is named by the message, not by the path.
pub(crate) fn locate(path: &str, message: &str) -> InvalidField {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message);
    let parent = if path == "." { "" } else { path };
    for (prefix, reason) in [
        ("missing field `", "is required"),
        ("unknown field `", "is unknown"),
        ("duplicate field `", "is given twice"),
    ] {
        if let Some((field, _)) = message.strip_prefix(prefix).and_then(|rest| rest.split_once('`')) {
            let own = parent.rsplit('.').next() == Some(field);
            let field = match (parent, own) {
                ("", _) => field.to_owned(),
                (_, true) => parent.to_owned(),
                (_, false) => format!("{parent}.{field}"),
            };
            return InvalidField::new(field, reason);
        }
    }
    let reason = match message
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        Some((found, expected)) => format!("must be {}, not {}", plain(expected), plain(found)),
        None => message.to_owned(),
    };
    InvalidField::new(parent, reason)
}

/// Rust's names of types, in words that callers know.
fn plain(kind: &str) -> &str {
    match kind {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "map" => "an object",
        "sequence" | "a sequence" => "an array",
        "a boolean" => "true or false",
        _ if kind.starts_with("struct ") => "an object",
        _ => kind,
    }
}
