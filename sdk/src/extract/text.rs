//! Fields with a rule of their own, for the models of requests.

use std::fmt;
use std::ops::Deref;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, Visitor};
use serde_json::Value;

/// A string of `MIN` to `MAX` characters, surrounding white space removed first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// The string.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor<const MIN: usize, const MAX: usize>;

        impl<const MIN: usize, const MAX: usize> Visitor<'_> for TextVisitor<MIN, MAX> {
            type Value = Text<MIN, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<MIN, MAX>, E> {
                let text = text.trim();
                let length = text.chars().count();
                if length > MAX {
                    return Err(E::custom(format_args!("is longer than {MAX} characters")));
                }
                if length == 0 && MIN > 0 {
                    return Err(E::custom("must not be empty"));
                }
                if length < MIN {
                    return Err(E::custom(format_args!("is shorter than {MIN} characters")));
                }
                Ok(Text(text.to_owned()))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// For fields that clients send empty when they mean absent: reads what is there; null and empty text are not. With
/// `#[serde(default, deserialize_with = "given")]`.
pub fn given<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        value => T::deserialize(value).map(Some).map_err(de::Error::custom),
    }
}

/// A whole number, zero or more, given as a JSON number or as a string of digits: form fields often arrive as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WholeNumber(pub u64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WholeNumber, D::Error> {
        let digits = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            _ => return Err(de::Error::custom("must be a whole number")),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(de::Error::custom("must be a whole number that is not negative"));
        }
        digits
            .parse()
            .map(WholeNumber)
            .map_err(|_| de::Error::custom("is too large"))
    }
}
