//! What the payer fills in: read, checked, and forgotten.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use mooring_sdk::payments::Failure;
use serde::Serialize;

/// The last millisecond of the year 9999, after which dates are not written with four digits.
const MILLIS_MAX: u64 = 253_402_300_799_999;

/// A card that could be one. Holds the number, so it is shown nowhere: it has no `Display`, and its `Debug` hides it.
pub(crate) struct Given {
    number: String,
    expiry: (u32, u32),
    brand: Brand,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").finish_non_exhaustive()
    }
}

/// Whose card it is, by its first digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brand {
    Visa,
    Mastercard,
    AmericanExpress,
    Discover,
    Other,
}

/// What may be known of a card. Members are named as in `payments.attempt.details` of the contract.
#[derive(Debug, Serialize)]
pub(crate) struct Known {
    card_first_six: String,
    card_last_four: String,
    card_expiry: String,
    card_type: &'static str,
    card_category: String,
    card_product: &'static str,
    issuer: &'static str,
}

impl Given {
    /// Reads a form. What is wrong with it is the payer's to know.
    pub(crate) fn read(fields: &[(String, String)], now: u64) -> Result<Given, Failure> {
        let field = |name: &str| {
            let found = fields.iter().find(|(given, _)| given == name);
            found.map_or("", |(_, value)| value.trim())
        };
        let number: String = field("number")
            .chars()
            .filter(|letter| !matches!(letter, ' ' | '-'))
            .collect();
        if !(12..=19).contains(&number.len()) || !is_luhn(&number) {
            return Err(Failure::new(
                "invalid_number",
                "This is not the number of a card.",
            ));
        }
        let expiry = read_expiry(field("expiry"))
            .ok_or_else(|| Failure::new("invalid_expiry", "The expiry date must be MM/YY."))?;
        if expiry < month_of(now) {
            return Err(Failure::new("expired_card", "The card has expired."));
        }
        let brand = Brand::of(&number);
        let code = field("code");
        let digits = if brand == Brand::AmericanExpress { 4 } else { 3 };
        if code.len() != digits || !code.bytes().all(|digit| digit.is_ascii_digit()) {
            let message = format!("The security code of this card has {digits} digits.");
            return Err(Failure::new("invalid_code", message));
        }
        Ok(Given {
            number,
            expiry,
            brand,
        })
    }

    pub(crate) fn has_number(&self, number: &str) -> bool {
        self.number == number
    }

    pub(crate) fn known(&self) -> Known {
        let (year, month) = self.expiry;
        let brand = self.brand.name();
        Known {
            card_first_six: self.number[..6].to_owned(),
            card_last_four: self.number[self.number.len() - 4..].to_owned(),
            card_expiry: format!("{month:02}/{:02}", year % 100),
            card_type: brand,
            card_category: format!("{brand} Classic"),
            card_product: "F",
            issuer: "Sandbox Bank",
        }
    }
}

impl Brand {
    fn of(number: &str) -> Brand {
        let prefix = |digits: usize| number[..digits].parse::<u32>().unwrap_or(0);
        match (prefix(1), prefix(2), prefix(4)) {
            (4, _, _) => Brand::Visa,
            (_, 51..=55, _) | (_, _, 2221..=2720) => Brand::Mastercard,
            (_, 34 | 37, _) => Brand::AmericanExpress,
            (_, 64 | 65, _) | (_, _, 6011) => Brand::Discover,
            _ => Brand::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Brand::Visa => "Visa",
            Brand::Mastercard => "Mastercard",
            Brand::AmericanExpress => "American Express",
            Brand::Discover => "Discover",
            Brand::Other => "Card",
        }
    }
}

/// The check digit of ISO/IEC 7812-1; digits only.
fn is_luhn(number: &str) -> bool {
    let mut sum = 0;
    for (place, letter) in number.chars().rev().enumerate() {
        let Some(digit) = letter.to_digit(10) else {
            return false;
        };
        sum += match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        };
    }
    sum % 10 == 0
}

/// Year and month of `MM/YY` or `MM/YYYY`.
fn read_expiry(text: &str) -> Option<(u32, u32)> {
    let (month, year) = text.split_once('/')?;
    let (month, year) = (month.trim(), year.trim());
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if !digits(month) || !digits(year) || month.len() != 2 {
        return None;
    }
    let year = match year.len() {
        2 => 2000 + year.parse::<u32>().ok()?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    let month = month.parse().ok()?;
    (1..=12).contains(&month).then_some((year, month))
}

/// Year and month of a time, in UTC. A time beyond all calendars is later than any card.
fn month_of(millis: u64) -> (u32, u32) {
    let time = UNIX_EPOCH + Duration::from_millis(millis.min(MILLIS_MAX));
    let text = humantime::format_rfc3339_seconds(time).to_string();
    let digits = |range: Range<usize>| text.get(range).and_then(|digits| digits.parse().ok());
    digits(0..4).zip(digits(5..7)).unwrap_or((u32::MAX, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_change_at_midnight() {
        for (millis, month) in [
            (0, (1970, 1)),
            (951_782_399_999, (2000, 2)),
            (951_868_799_999, (2000, 2)),
            (951_868_800_000, (2000, 3)),
            (1_735_689_599_999, (2024, 12)),
            (1_735_689_600_000, (2025, 1)),
            (4_107_542_399_999, (2100, 2)),
            (4_107_542_400_000, (2100, 3)),
        ] {
            assert_eq!(month_of(millis), month, "{millis}");
        }
    }

    #[test]
    fn check_digits_are_checked() {
        for (number, valid) in [
            ("4242424242424242", true),
            ("378282246310005", true),
            ("4242424242424241", false),
            ("2424242424242424", false),
            ("4242x24242424242", false),
        ] {
            assert_eq!(is_luhn(number), valid, "{number}");
        }
    }

    #[test]
    fn nothing_shows_a_number() {
        let fields = [
            ("number", "4242424242424242"),
            ("expiry", "12/30"),
            ("code", "123"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let given = Given::read(&fields, 1_800_000_000_000).unwrap();
        assert_eq!(format!("{given:?}"), "Given { .. }");
        let known = serde_json::to_string(&given.known()).unwrap();
        assert!(!known.contains("4242424242424242"), "{known}");
        assert!(
            known.contains(r#""card_first_six":"424242","card_last_four":"4242""#),
            "{known}"
        );
    }
}
