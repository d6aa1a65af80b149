//! What a payer fills in. It is checked for its form, handed on, and kept nowhere.

use std::fmt;

use mooring_core::payments::{FieldKind, FormField};
use mooring_core::time::Timestamp;

/// Of a field without a form of its own.
const TEXT_CHARS_MAX: usize = 200;

/// What was filled in. Its `Debug` shows nothing of it, so that no log can.
pub struct Filled(Vec<(String, String)>);

impl Filled {
    /// For whoever hands it to the gateway.
    pub fn into_fields(self) -> Vec<(String, String)> {
        self.0
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filled({} fields)", self.0.len())
    }
}

/// Why a field cannot be handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    Empty,
    Malformed,
}

/// Fields with their mistakes, in the order of the form.
pub(super) type Mistakes = Vec<(String, Mistake)>;

/// Checks what was sent against the fields asked for. Only these are handed on; a field sent twice counts once.
pub(super) fn check(
    asked: &[FormField],
    sent: &[(String, String)],
    now: Timestamp,
) -> Result<Filled, Mistakes> {
    let mut filled = Vec::with_capacity(asked.len());
    let mut mistakes = Vec::new();
    for field in asked {
        let value = sent
            .iter()
            .find(|(name, _)| *name == input_name(field))
            .map_or("", |(_, value)| value.trim());
        if value.is_empty() {
            mistakes.push((field.name.clone(), Mistake::Empty));
            continue;
        }
        match normal(field.kind, value, now) {
            Some(value) => filled.push((field.name.clone(), value)),
            None => mistakes.push((field.name.clone(), Mistake::Malformed)),
        }
    }
    if mistakes.is_empty() {
        Ok(Filled(filled))
    } else {
        Err(mistakes)
    }
}

/// What a field is called in the page's own form, so that it never meets one of the page's fields.
pub(super) fn input_name(field: &FormField) -> String {
    format!("field_{}", field.name)
}

/// The value as gateways expect it, whatever blanks people put in.
fn normal(kind: FieldKind, value: &str, now: Timestamp) -> Option<String> {
    match kind {
        FieldKind::Text => (value.chars().count() <= TEXT_CHARS_MAX).then(|| value.to_owned()),
        FieldKind::CardNumber => {
            let number: String = value.chars().filter(|sign| !matches!(sign, ' ' | '-')).collect();
            (digits(&number, 12, 19) && is_luhn(&number)).then_some(number)
        }
        FieldKind::CardCode => digits(value, 3, 4).then(|| value.to_owned()),
        FieldKind::CardExpiry => expiry(value, now),
    }
}

fn digits(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the last digit is the check digit of the others (ISO/IEC 7812-1): a slip of the finger costs no attempt.
fn is_luhn(number: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits = number.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

/// `MM/YY` of `8/29`, `08 / 2029` or `0829`. A card is good until its month is over.
fn expiry(value: &str, now: Timestamp) -> Option<String> {
    let bare: String = value.chars().filter(|sign| *sign != ' ').collect();
    let (month, year) = match bare.split_once(['/', '-', '.']) {
        Some(parts) => parts,
        None if digits(&bare, 4, 4) => bare.split_at(2),
        None => return None,
    };
    if !digits(month, 1, 2) || !(digits(year, 2, 2) || digits(year, 4, 4)) {
        return None;
    }
    let month: u64 = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    let year: u64 = year.parse().ok()?;
    let year = if year < 100 { 2000 + year } else { year };
    // Months are counted as twelfths of a year, three days behind the calendar: a real month is never over too early, and the
    // gateway has the last word anyway.
    let days = (now.millis() / 86_400_000).saturating_sub(3);
    let this_month = days * 12_000 / 365_243 + 1970 * 12 + 1;
    let is_over = year * 12 + month < this_month;
    (!is_over && (2000..2100).contains(&year)).then(|| format!("{month:02}/{:02}", year % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 27th of November 2026.
    const NOW: Timestamp = Timestamp(1_795_737_600_000);

    fn fields() -> Vec<FormField> {
        let field = |name: &str, kind| FormField {
            name: name.to_owned(),
            kind,
        };
        vec![
            field("number", FieldKind::CardNumber),
            field("expiry", FieldKind::CardExpiry),
            field("code", FieldKind::CardCode),
            field("holder", FieldKind::Text),
        ]
    }

    fn sent(values: [&str; 4]) -> Vec<(String, String)> {
        let names = fields().iter().map(input_name).collect::<Vec<_>>();
        names.into_iter().zip(values.map(str::to_owned)).collect()
    }

    #[test]
    fn values_arrive_as_gateways_expect_them() {
        let mut sent = sent([" 4242 4242-4242 4242 ", " 8 / 2029", "123", " Ada Lovelace "]);
        sent.push(("number".to_owned(), "not asked for".to_owned()));
        let filled = check(&fields(), &sent, NOW).unwrap().into_fields();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            filled,
            [
                pair("number", "4242424242424242"),
                pair("expiry", "08/29"),
                pair("code", "123"),
                pair("holder", "Ada Lovelace"),
            ]
        );
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let long = "x".repeat(TEXT_CHARS_MAX + 1);
        let mistakes = check(&fields(), &sent(["4242", "13/29", "12", &long]), NOW).unwrap_err();
        assert!(mistakes.iter().all(|(_, mistake)| *mistake == Mistake::Malformed));
        assert_eq!(mistakes.len(), 4);
        let mistakes = check(&fields(), &[], NOW).unwrap_err();
        assert!(mistakes.iter().all(|(_, mistake)| *mistake == Mistake::Empty));
        assert_eq!(mistakes.len(), 4);
    }

    #[test]
    fn a_mistyped_number_is_told_before_a_gateway_is_asked() {
        for (number, is_one) in [
            ("4242424242424242", true),
            ("378282246310005", true),
            ("4242424242424241", false),
            ("4242424242422442", false),
        ] {
            let found = normal(FieldKind::CardNumber, number, NOW);
            assert_eq!(found.is_some(), is_one, "{number}");
        }
    }

    #[test]
    fn a_card_is_good_until_its_month_is_over() {
        for (value, normal) in [
            ("11/26", Some("11/26")),
            ("10/26", None),
            ("12/25", None),
            ("01/27", Some("01/27")),
            ("1126", Some("11/26")),
            ("1/2035", Some("01/35")),
            ("00/27", None),
            ("11/2126", None),
            ("11/9", None),
            ("1/1/27", None),
            ("११/27", None),
        ] {
            assert_eq!(expiry(value, NOW).as_deref(), normal, "{value}");
        }
    }

    #[test]
    fn nothing_of_it_can_be_printed() {
        let filled = check(&fields(), &sent(["4242424242424242", "08/29", "123", "Ada"]), NOW).unwrap();
        assert_eq!(format!("{filled:?}"), "Filled(4 fields)");
    }
}
