//! Exact money: integer minor units and a currency. There is no floating point here.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde_json::{Number, Value};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    /// Minor units: cents for USD.
    pub minor: i64,
    /// ISO 4217 code, or one of the host's crypto assets; upper case.
    pub currency: String,
    /// Decimal places of one minor unit: 2 for USD, 0 for JPY.
    pub exponent: u8,
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// Not a decimal number. NaN and infinity are none either.
    NotANumber,
    /// More decimal places than the currency has, which is this many. Zeros at the end do not count.
    TooPrecise(u8),
    /// More minor units than a 64-bit integer holds.
    TooLarge,
    /// Below zero, where that is not allowed.
    Negative,
    /// No currency has this code.
    UnknownCurrency,
}

/// Powers of ten beyond this are not amounts of money, and would only make the reader work.
const POWER_MAX: i32 = 40;

/// A sum of prices in 64-bit floating point is off by a few parts in 10^16; in decimal it then has at least this many digits,
/// and this many zeros or nines behind its last place.
const SUM_DIGITS_MIN: usize = 13;
const SUM_RUN_MIN: usize = 4;

/// The host's assets that ISO 4217 does not know, and the decimal places the host counts them in.
const ASSETS: [(&str, u8); 16] = [
    ("ADA", 6),
    ("BCH", 8),
    ("BNB", 8),
    ("BTC", 8),
    ("DAI", 8),
    ("DASH", 8),
    ("DOGE", 8),
    ("ETH", 9),
    ("LTC", 8),
    ("POL", 8),
    ("SOL", 9),
    ("TRX", 6),
    ("USDC", 6),
    ("USDT", 8),
    ("XMR", 12),
    ("XRP", 6),
];

/// Decimal places of a currency; gold and its like have none, and cannot be counted.
pub fn exponent(currency: &str) -> Option<u8> {
    if let Some((_, exponent)) = ASSETS.iter().find(|(asset, _)| *asset == currency) {
        return Some(*exponent);
    }
    iso_currency::Currency::from_code(currency)
        .filter(|iso| iso.code() == currency)
        .and_then(iso_currency::Currency::exponent)
        .and_then(|exponent| u8::try_from(exponent).ok())
}

/// Whether the host counts it as a coin, and ISO 4217 does not know it.
pub fn is_asset(currency: &str) -> bool {
    ASSETS.iter().any(|(asset, _)| *asset == currency)
}

/// Whether it is a currency of ISO 4217 that can be counted, and no coin.
pub fn is_fiat(currency: &str) -> bool {
    exponent(currency).is_some() && !is_asset(currency)
}

impl Amount {
    /// So many minor units of a currency.
    pub fn from_minor(minor: i64, currency: &str) -> Result<Amount, MoneyError> {
        let exponent = exponent(currency).ok_or(MoneyError::UnknownCurrency)?;
        Ok(Amount {
            minor,
            currency: currency.to_owned(),
            exponent,
        })
    }

    /// Reads a decimal number, exactly: `25`, `25.00`, `-0.5`, `2.5e1`. The sign is the caller's to judge.
    pub fn parse_decimal(text: &str, currency: &str) -> Result<Amount, MoneyError> {
        let exponent = exponent(currency).ok_or(MoneyError::UnknownCurrency)?;
        Ok(Amount {
            minor: minor_units(text, exponent)?,
            currency: currency.to_owned(),
            exponent,
        })
    }

    /// [`parse_decimal`](Amount::parse_decimal), and refuses what is below zero.
    pub fn parse_not_negative(text: &str, currency: &str) -> Result<Amount, MoneyError> {
        let amount = Amount::parse_decimal(text, currency)?;
        if amount.minor < 0 {
            Err(MoneyError::Negative)
        } else {
            Ok(amount)
        }
    }

    /// As a JSON number with all decimal places, exactly: `25.00`.
    pub fn to_json_number(&self) -> Number {
        Number::from_string_unchecked(self.to_string())
    }
}

/// The number alone, with all decimal places: `25.00`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!(
            "{:0>width$}",
            self.minor.unsigned_abs(),
            width = usize::from(self.exponent) + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(self.exponent));
        let sign = if self.minor < 0 { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MoneyError::NotANumber => f.write_str("must be a number"),
            MoneyError::TooPrecise(places) => write!(f, "has more than {places} decimal places"),
            MoneyError::TooLarge => f.write_str("is too large"),
            MoneyError::Negative => f.write_str("must not be negative"),
            MoneyError::UnknownCurrency => f.write_str("is in an unknown currency"),
        }
    }
}

impl std::error::Error for MoneyError {}

/// A decimal number in a request, with its very digits: a JSON number or a string that holds one. It becomes an
/// [`Amount`] once the currency is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(String);

impl Decimal {
    /// As money that is zero or more.
    pub fn not_negative(&self, currency: &str) -> Result<Amount, MoneyError> {
        Amount::parse_not_negative(&self.0, currency)
    }

    /// As money that is zero or more, from a sender who adds up in floating point: `3.3000000000000003` is 3.30.
    ///
    /// What is taken off is less than a ten-thousandth of a minor unit, and only from numbers of so many digits that nobody
    /// has typed them; `1.001` and `1.00001` stay too precise.
    pub fn not_negative_sum(&self, currency: &str) -> Result<Amount, MoneyError> {
        match self.not_negative(currency) {
            Err(MoneyError::TooPrecise(exponent)) => {
                let minor = minor_units_of_sum(&self.0, exponent)?;
                if minor < 0 {
                    return Err(MoneyError::Negative);
                }
                Amount::from_minor(minor, currency)
            }
            other => other,
        }
    }

    /// As money of either sign.
    pub fn amount(&self, currency: &str) -> Result<Amount, MoneyError> {
        Amount::parse_decimal(&self.0, currency)
    }

    /// As it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            _ => return Err(de::Error::custom(MoneyError::NotANumber)),
        };
        match minor_units(&text, 0) {
            Err(MoneyError::NotANumber) => Err(de::Error::custom(MoneyError::NotANumber)),
            _ => Ok(Decimal(text)),
        }
    }
}

/// `text` times ten to the power of `exponent`, if that is an integer.
fn minor_units(text: &str, exponent: u8) -> Result<i64, MoneyError> {
    let (mantissa, power) = split_power(text)?;
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let pointless = mantissa.contains('.') && fraction.is_empty();
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || pointless || !digits().all(|digit| digit.is_ascii_digit()) {
        return Err(MoneyError::NotANumber);
    }

    // Digits before this position count whole minor units; those behind it must be zeros.
    let kept = whole.len() as i64 + i64::from(power) + i64::from(exponent);
    let total = (whole.len() + fraction.len()) as i64;
    let mut minor: i64 = 0;
    for (position, digit) in (0..).zip(digits()) {
        let digit = i64::from(digit - b'0');
        if position >= kept {
            if digit != 0 {
                return Err(MoneyError::TooPrecise(exponent));
            }
            continue;
        }
        let digit = if negative { -digit } else { digit };
        minor = minor
            .checked_mul(10)
            .and_then(|minor| minor.checked_add(digit))
            .ok_or(MoneyError::TooLarge)?;
    }
    if minor != 0 {
        for _ in total..kept {
            minor = minor.checked_mul(10).ok_or(MoneyError::TooLarge)?;
        }
    }
    Ok(minor)
}

/// The minor units nearest to `text`, which has more places, if all that it has too much is the noise of a sum.
fn minor_units_of_sum(text: &str, exponent: u8) -> Result<i64, MoneyError> {
    let (mantissa, power) = split_power(text)?;
    let point = mantissa.trim_start_matches(['-', '+']).split('.').next();
    let kept = point.map_or(0, str::len) as i64 + i64::from(power) + i64::from(exponent);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let typed = digits.trim_start_matches('0').len() < SUM_DIGITS_MIN;
    let zeros = usize::try_from(-kept).unwrap_or_default();
    let digits = "0".repeat(zeros) + &digits;
    let kept = usize::try_from(kept).unwrap_or_default();
    let (whole, rest) = digits.split_at_checked(kept).ok_or(MoneyError::NotANumber)?;
    let up = rest.starts_with(&"9".repeat(SUM_RUN_MIN));
    if typed || !(up || rest.starts_with(&"0".repeat(SUM_RUN_MIN))) {
        return Err(MoneyError::TooPrecise(exponent));
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let minor = minor_units(&format!("{sign}0{whole}"), 0)?;
    let step = match (up, sign) {
        (false, _) => 0,
        (true, "-") => -1,
        (true, _) => 1,
    };
    minor.checked_add(step).ok_or(MoneyError::TooLarge)
}

/// A number and the power of ten behind its `e`.
fn split_power(text: &str) -> Result<(&str, i32), MoneyError> {
    match text.split_once(['e', 'E']) {
        None => Ok((text, 0)),
        Some((mantissa, power)) => Ok((mantissa, power_of_ten(power)?)),
    }
}

fn power_of_ten(text: &str) -> Result<i32, MoneyError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(MoneyError::NotANumber);
    }
    match text.parse::<i32>() {
        Ok(power) if (-POWER_MAX..=POWER_MAX).contains(&power) => Ok(power),
        _ => Err(MoneyError::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_decimals_exactly() {
        for (text, currency, minor) in [
            ("25", "USD", 2500),
            ("25.00", "USD", 2500),
            ("25.000000", "USD", 2500),
            ("0.1", "USD", 10),
            ("-0.05", "USD", -5),
            ("2.5e1", "USD", 2500),
            ("2500E-2", "USD", 2500),
            ("0e40", "USD", 0),
            ("7", "JPY", 7),
            ("1.234", "KWD", 1234),
            ("0.00000001", "BTC", 1),
            ("92233720368547758.07", "USD", i64::MAX),
            ("-92233720368547758.08", "USD", i64::MIN),
        ] {
            assert_eq!(
                Amount::parse_decimal(text, currency).unwrap().minor,
                minor,
                "{text} {currency}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_exact_amount() {
        for (text, error) in [
            ("", MoneyError::NotANumber),
            ("NaN", MoneyError::NotANumber),
            ("inf", MoneyError::NotANumber),
            ("1,5", MoneyError::NotANumber),
            ("1.", MoneyError::NotANumber),
            (".5", MoneyError::NotANumber),
            ("1e", MoneyError::NotANumber),
            ("--1", MoneyError::NotANumber),
            ("0x10", MoneyError::NotANumber),
            ("25.001", MoneyError::TooPrecise(2)),
            ("1e-3", MoneyError::TooPrecise(2)),
            ("92233720368547758.08", MoneyError::TooLarge),
            ("1e400", MoneyError::TooLarge),
            ("1e30", MoneyError::TooLarge),
        ] {
            assert_eq!(Amount::parse_decimal(text, "USD"), Err(error), "{text}");
        }
        assert_eq!(Amount::parse_not_negative("-1", "USD"), Err(MoneyError::Negative));
        assert_eq!(
            Amount::parse_decimal("1", "NOPE"),
            Err(MoneyError::UnknownCurrency)
        );
    }

    #[test]
    fn coins_and_gold_are_no_currencies_of_iso_4217_to_sell_in() {
        for currency in ["USD", "JPY", "KWD"] {
            assert!(is_fiat(currency), "{currency}");
        }
        for currency in ["BTC", "USDT", "XAU", "usd", "NOPE", ""] {
            assert!(!is_fiat(currency), "{currency}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for (text, currency) in [
            ("25.00", "USD"),
            ("-0.05", "USD"),
            ("0.00", "USD"),
            ("7", "JPY"),
            ("1.234", "KWD"),
        ] {
            assert_eq!(Amount::parse_decimal(text, currency).unwrap().to_string(), text);
        }
        let amount = Amount::from_minor(i64::MIN, "USD").unwrap();
        assert_eq!(amount.to_string(), "-92233720368547758.08");
        assert_eq!(
            serde_json::to_string(&amount.to_json_number()).unwrap(),
            "-92233720368547758.08"
        );
    }

    #[test]
    fn sums_in_floating_point_are_taken_for_what_they_mean() {
        let read = |text: &str, currency| {
            let sum = Decimal(text.to_owned()).not_negative_sum(currency);
            sum.map(|amount| amount.to_string())
        };
        for (text, currency, amount) in [
            ("3.3000000000000003", "USD", "3.30"),
            ("2.9699999999999998", "USD", "2.97"),
            ("2.9999999999999996", "USD", "3.00"),
            ("9.99999999999998", "USD", "10.00"),
            ("999999999.9900001", "USD", "999999999.99"),
            ("5.551115123125783e-17", "USD", "0.00"),
            ("3.3000000000000003E0", "USD", "3.30"),
            ("300.00000000000006", "JPY", "300"),
            ("0.30000000000000004", "BTC", "0.30000000"),
            ("25.10", "USD", "25.10"),
        ] {
            assert_eq!(read(text, currency).as_deref(), Ok(amount), "{text} {currency}");
        }
        for (text, error) in [
            ("1.001", MoneyError::TooPrecise(2)),
            ("1.00001", MoneyError::TooPrecise(2)),
            ("1.0010000000000001", MoneyError::TooPrecise(2)),
            ("1.0049999999999999", MoneyError::TooPrecise(2)),
            ("-3.3000000000000003", MoneyError::Negative),
            ("99999999999999999999.3000000001", MoneyError::TooLarge),
        ] {
            assert_eq!(read(text, "USD"), Err(error), "{text}");
        }
    }

    #[test]
    fn decimals_keep_the_digits_of_numbers_and_strings() {
        for (json, text) in [
            ("25.10", "25.10"),
            ("\" 25.10 \"", "25.10"),
            ("1e3", "1e3"),
            ("0.10000000000000000001", "0.10000000000000000001"),
        ] {
            let decimal: Decimal = serde_json::from_str(json).unwrap();
            assert_eq!(decimal.as_str().to_lowercase().replace("e+", "e"), text);
        }
        for json in ["\"abc\"", "true", "null", "[]", "\"\""] {
            assert!(serde_json::from_str::<Decimal>(json).is_err(), "{json}");
        }
    }
}
