//! Exact decimals: prices and percentages as the operator and clients write them, and how answers write money.

use mooring_sdk::money::{Amount, Decimal, MoneyError};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

use crate::error::Error;

/// A decimal number with its digits, kept as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Exact(String);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Exact, D::Error> {
        let text = Decimal::deserialize(deserializer)?.as_str().to_owned();
        // Answers write it as a number, which may not begin with a plus or a zero.
        match text.parse::<Number>() {
            Ok(_) => Ok(Exact(text)),
            Err(_) => Err(D::Error::custom("must be a number")),
        }
    }
}

impl Default for Exact {
    fn default() -> Exact {
        Exact("0".to_owned())
    }
}

impl Exact {
    pub(crate) fn of(amount: &Amount) -> Exact {
        Exact(amount.to_string())
    }

    /// As money, zero or more.
    pub(crate) fn amount(&self, currency: &str) -> Result<Amount, MoneyError> {
        Amount::parse_not_negative(&self.0, currency)
    }

    /// As money that the operator has written into the content.
    pub(crate) fn content(&self, currency: &str, what: &str) -> Result<Amount, Error> {
        self.amount(currency)
            .map_err(|error| Error::misconfigured(what, format!("`{}` {error}", self.0)))
    }

    /// A percentage of 0 to 100 with at most four places, in parts per million.
    pub(crate) fn parts_per_million(&self) -> Option<u32> {
        let (whole, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 4 || !digits(whole) || !digits(fraction) {
            return None;
        }
        let parts: u32 = format!("{whole}{fraction:0<4}").parse().ok()?;
        Some(parts).filter(|parts| *parts <= 1_000_000)
    }

    /// As a JSON number. A whole one has no places: clients read such amounts as integers.
    pub(crate) fn number(&self) -> Number {
        let is_plain = self.0.contains('.') && !self.0.contains(['e', 'E']);
        let text = if is_plain {
            self.0.trim_end_matches('0').trim_end_matches('.')
        } else {
            &self.0
        };
        Number::from_string_unchecked(text.to_owned())
    }
}

/// A part of an amount, in minor units: rounded half up. Neither is negative.
pub(crate) fn part(minor: i64, parts_per_million: u32) -> i64 {
    let parts = i128::from(minor) * i128::from(parts_per_million);
    ((parts + 500_000) / 1_000_000) as i64
}

/// Money of the store, in minor units. Its currency was checked when it was read from the settings.
pub(crate) fn amount(minor: i64, currency: &str) -> Result<Amount, Error> {
    Amount::from_minor(minor, currency).map_err(|error| Error::misconfigured("currency", error.to_string()))
}

/// As the provider writes money in texts: with two places, or more where the currency has them.
pub(crate) fn written(amount: &Amount) -> String {
    let mut text = amount.to_string();
    let places = usize::from(amount.exponent);
    if places == 0 {
        text.push('.');
    }
    for _ in places..2 {
        text.push('0');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_two_places_at_least() {
        for (minor, currency, text) in [
            (499, "USD", "4.99"),
            (0, "USD", "0.00"),
            (5, "JPY", "5.00"),
            (1234, "KWD", "1.234"),
        ] {
            assert_eq!(written(&Amount::from_minor(minor, currency).unwrap()), text);
        }
    }

    #[test]
    fn percentages_are_exact_to_four_places() {
        for (text, parts) in [
            ("10", Some(100_000)),
            ("12.5", Some(125_000)),
            ("0.0001", Some(1)),
            ("10.00000", Some(100_000)),
            ("100", Some(1_000_000)),
            ("100.0001", None),
            ("0.00001", None),
            ("-1", None),
            ("1e1", None),
            ("99999999999", None),
        ] {
            assert_eq!(Exact(text.to_owned()).parts_per_million(), parts, "{text}");
        }
    }

    #[test]
    fn parts_are_rounded_half_up() {
        for (minor, parts, expected) in [
            (999, 100_000, 100),
            (995, 100_000, 100),
            (994, 100_000, 99),
            (5, 1_000_000, 5),
            (i64::MAX, 1_000_000, i64::MAX),
        ] {
            assert_eq!(part(minor, parts), expected, "{minor} {parts}");
        }
    }
}
