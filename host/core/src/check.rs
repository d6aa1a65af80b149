//! The rules for values that plugins and operators hand in, in one place.
//!
//! Lengths are counted in characters, as the contract states them. Each function names the field as the contract spells
//! it, so that its error can be passed on unchanged.

use email_address::{EmailAddress, Options};

use crate::json::Json;
use crate::money::Currency;
use crate::page::{PAGE_LIMIT_MAX, Page};

/// One JSON document, payload or metadata, in bytes.
pub const JSON_BYTES_MAX: usize = 64 * 1024;

/// A value that breaks a rule of its primitive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidField {
    /// The field, spelled as in the contract: `email`, `entries`, `metadata`.
    pub field: String,
    /// What is wrong with it, for a person.
    pub reason: String,
}

impl InvalidField {
    /// For a rule that is checked elsewhere.
    pub fn new(field: &str, reason: impl Into<String>) -> InvalidField {
        InvalidField {
            field: field.to_owned(),
            reason: reason.into(),
        }
    }
}

/// How long a text may be, in characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chars {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

/// `min` to `max` characters.
pub(crate) const fn chars(min: usize, max: usize) -> Chars {
    Chars { min, max }
}

/// A text for people: of this length, without control characters.
pub(crate) fn text(field: &str, value: &str, length: Chars) -> Result<(), InvalidField> {
    self::length(field, value, length)?;
    if value.chars().any(char::is_control) {
        return Err(InvalidField::new(field, "must not contain control characters"));
    }
    Ok(())
}

/// A text in which anything may stand, of this length.
pub(crate) fn length(field: &str, value: &str, length: Chars) -> Result<(), InvalidField> {
    // Bytes bound characters from above, so that a huge text is refused without being counted.
    let count = if value.len() > length.max * 4 {
        usize::MAX
    } else {
        value.chars().count()
    };
    if (length.min..=length.max).contains(&count) {
        return Ok(());
    }
    let reason = match length {
        Chars { min: 0, max } => format!("must have at most {max} characters"),
        Chars { min, max } => format!("must have {min} to {max} characters"),
    };
    Err(InvalidField::new(field, reason))
}

/// An e-mail address without white space around it: one `@`, 3 to 254 characters, no display name, any domain.
pub(crate) fn email(field: &str, value: &str) -> Result<String, InvalidField> {
    let email = value.trim();
    text(field, email, chars(3, 254))?;
    // Internal mail hosts have no dot in their name, and literals (`me@[::1]`) are legal, but no customer has one.
    let options = Options::default().without_display_text().without_domain_literal();
    let one_at = email.bytes().filter(|&byte| byte == b'@').count() == 1;
    if !one_at || EmailAddress::parse_with_options(email, options).is_err() {
        return Err(InvalidField::new(field, "is not an e-mail address"));
    }
    Ok(email.to_owned())
}

/// How an e-mail address is compared. The part before the `@` is case-sensitive by its standard, and by nobody's mailbox.
pub(crate) fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A JSON object of at most [`JSON_BYTES_MAX`]; nothing at all means `{}`.
pub(crate) fn object_or_empty(field: &str, value: &str) -> Result<Json, InvalidField> {
    if value.is_empty() {
        Ok(Json::empty_object())
    } else {
        object(field, value)
    }
}

/// A JSON object of at most [`JSON_BYTES_MAX`].
pub(crate) fn object(field: &str, value: &str) -> Result<Json, InvalidField> {
    json_size(field, value)?;
    Json::object(value).map_err(|error| InvalidField::new(field, error.reason))
}

/// Any JSON of at most [`JSON_BYTES_MAX`].
pub(crate) fn json(field: &str, value: &str) -> Result<Json, InvalidField> {
    json_size(field, value)?;
    Json::parse(value).map_err(|error| InvalidField::new(field, error.reason))
}

fn json_size(field: &str, value: &str) -> Result<(), InvalidField> {
    if value.len() <= JSON_BYTES_MAX {
        return Ok(());
    }
    Err(InvalidField::new(
        field,
        format!("must have at most {JSON_BYTES_MAX} bytes"),
    ))
}

/// A page that can be given.
pub(crate) fn page(page: Page) -> Result<(), InvalidField> {
    if (1..=PAGE_LIMIT_MAX).contains(&page.limit) {
        return Ok(());
    }
    Err(InvalidField::new(
        "page",
        format!("limit must be 1 to {PAGE_LIMIT_MAX}"),
    ))
}

/// A currency that the host knows.
pub(crate) fn currency(field: &str, code: &str) -> Result<Currency, InvalidField> {
    Currency::parse(code).map_err(|error| InvalidField::new(field, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_characters() {
        let cases = [
            ("", chars(0, 3), true),
            ("", chars(1, 3), false),
            ("äöü", chars(1, 3), true),
            ("äöüß", chars(1, 3), false),
            ("日本語", chars(3, 3), true),
            ("a\tb", chars(0, 9), false),
        ];
        for (value, length, fits) in cases {
            assert_eq!(text("name", value, length).is_ok(), fits, "{value:?}");
        }
        let error = text("name", "", chars(1, 200)).unwrap_err();
        assert_eq!(error.to_string(), "name: must have 1 to 200 characters");
    }

    #[test]
    fn e_mail_addresses_are_trimmed_and_checked() {
        assert_eq!(
            email("email", " Ann@Example.com ").as_deref(),
            Ok("Ann@Example.com")
        );
        let long = format!("{}@example.com", "a".repeat(60));
        for good in [
            "a@b",
            "first.last+tag@sub.example.org",
            "jörg@müller.example",
            &long,
        ] {
            assert!(email("email", good).is_ok(), "{good}");
        }
        let too_long = format!("{}@{}.com", "a".repeat(60), "b.".repeat(120));
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a b@c.d",
            "a@b@c.d",
            "Ann <a@b.c>",
            "a@b\n.c",
            &too_long,
        ] {
            assert!(email("email", bad).is_err(), "{bad}");
        }
        assert_eq!(email_key(" Ann@EXAMPLE.com"), "ann@example.com");
    }

    #[test]
    fn metadata_is_a_small_object() {
        assert_eq!(object_or_empty("metadata", "").unwrap().as_str(), "{}");
        assert!(object("metadata", "").is_err());
        assert!(object("metadata", "[1]").is_err());
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(JSON_BYTES_MAX));
        assert!(object("metadata", &large).is_err());
    }

    #[test]
    fn pages_have_a_size() {
        for (limit, fits) in [(0, false), (1, true), (500, true), (501, false)] {
            assert_eq!(page(Page::first(limit)).is_ok(), fits, "{limit}");
        }
    }
}
