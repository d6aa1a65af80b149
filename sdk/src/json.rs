//! JSON in and out, with errors that name the field.

mod objects;

use objects::Objects;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

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
    // A wrong kind where a derived enum is read counts as bad syntax, though the JSON is fine.
    let is_json = first.is_data() || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    if !is_json {
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
    InvalidField::new(parent, reason(message))
}

/// What serde says is wrong, in words that callers know.
fn reason(message: &str) -> String {
    let Some((what, expected)) = message.split_once(", expected ") else {
        return match message {
            "invalid digit found in string" | "cannot parse integer from empty string" => {
                "must be a whole number that is not negative".to_owned()
            }
            "number too large to fit in target type" => "is too large".to_owned(),
            "expected value" => "is of the wrong kind".to_owned(),
            _ => message.to_owned(),
        };
    };
    match what.split_once(": ") {
        Some(("invalid type" | "invalid value", found)) => {
            format!("must be {}, not {}", plain(expected), plain(found))
        }
        _ if what.starts_with("invalid length ") => format!("must be {}", plain(expected)),
        _ if what.starts_with("unknown variant ") => format!("must be {expected}"),
        _ => message.to_owned(),
    }
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
        "unit" => "null",
        _ if kind.starts_with("struct ") => "an object",
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only whether it can be read is of interest")]
    struct Body {
        one: Option<One>,
        two: Option<Two>,
        pair: Option<Pair>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum One {
        Only,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Two {
        Left,
        Right,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only whether it can be read is of interest")]
    struct Pair {
        a: u8,
        b: u8,
    }

    #[test]
    fn reasons_are_in_no_words_of_rust() {
        for (body, problem) in [
            (r#"{"one":"x"}"#, "one: must be `only`"),
            (r#"{"two":"x"}"#, "two: must be `left` or `right`"),
            (r#"{"two":5}"#, "two: is of the wrong kind"),
            (r#"{"two":{"left":5}}"#, "two.left: must be null, not integer `5`"),
            (r#"{"pair":[]}"#, "pair: must be an object"),
            (
                r#"{"pair":{"a":-1,"b":1}}"#,
                "pair.a: must be a whole number that is not negative, not integer `-1`",
            ),
        ] {
            let read = from_str::<Body>(body).unwrap_err();
            assert_eq!(read.to_string(), problem, "{body}");
        }
    }

    #[test]
    fn texts_of_queries_are_told_as_numbers() {
        for (text, told) in [
            ("x", "must be a whole number that is not negative"),
            ("", "must be a whole number that is not negative"),
            ("-1", "must be a whole number that is not negative"),
            ("99999999999", "is too large"),
        ] {
            assert_eq!(
                reason(&text.parse::<u32>().unwrap_err().to_string()),
                told,
                "{text}"
            );
        }
    }
}
