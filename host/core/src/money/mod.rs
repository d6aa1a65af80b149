//! Money: integers of minor units, a currency, and no floats.

mod currency;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::currency::Currency;

/// What is wrong with a currency or an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not the code of a currency that can be counted; codes are upper case.
    #[error("{0:?} is not a known currency code")]
    UnknownCurrency(String),
    /// The exponent given is not the currency's own.
    #[error("{code} has {own} decimal places, not {given}")]
    WrongExponent {
        /// The currency.
        code: String,
        /// Its exponent.
        own: u8,
        /// The one that was given.
        given: u8,
    },
    /// Not a decimal number: digits, with a point between them if need be, and perhaps a minus in front.
    #[error("{0:?} is not a decimal number")]
    NotDecimal(String),
    /// More decimal places than the currency has. Nothing is rounded.
    #[error("{code} has only {exponent} decimal places")]
    TooPrecise {
        /// The currency.
        code: String,
        /// Its exponent.
        exponent: u8,
    },
    /// More minor units than a signed 64-bit integer holds.
    #[error("the amount is out of range")]
    OutOfRange,
    /// Amounts of two currencies cannot be added.
    #[error("{0} and {1} cannot be added")]
    MixedCurrencies(Currency, Currency),
}

/// An amount of money, exact. Stored as `{"minor":1250,"currency":"USD","exponent":2}`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "AmountRow", try_from = "AmountRow")]
pub struct Amount {
    /// Minor units; negative only where a function says so.
    pub minor: i64,
    /// Of what.
    pub currency: Currency,
}

impl Amount {
    /// So many minor units.
    pub const fn new(minor: i64, currency: Currency) -> Amount {
        Amount { minor, currency }
    }

    /// Nothing.
    pub const fn zero(currency: Currency) -> Amount {
        Amount { minor: 0, currency }
    }

    /// Reads a decimal number of major units, exactly: `12.5`, `-0.01`, `7`. Places beyond the currency's own must be
    /// zeros. No plus, no exponent, no thousands separators, a digit on both sides of the point.
    pub fn parse(text: &str, currency: Currency) -> Result<Amount, MoneyError> {
        let not_decimal = || MoneyError::NotDecimal(text.chars().take(40).collect());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(not_decimal()),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(not_decimal());
        }
        let places = usize::from(currency.exponent());
        let (kept, beyond) = fraction.split_at(fraction.len().min(places));
        if beyond.bytes().any(|byte| byte != b'0') {
            let code = currency.code().to_owned();
            return Err(MoneyError::TooPrecise {
                code,
                exponent: currency.exponent(),
            });
        }
        // Towards the sign asked for, because the smallest number has no positive counterpart.
        let sign = if negative { -1 } else { 1 };
        let missing = std::iter::repeat_n(b'0', places - kept.len());
        let minor = whole
            .bytes()
            .chain(kept.bytes())
            .chain(missing)
            .try_fold(0_i64, |sum, digit| {
                sum.checked_mul(10)?.checked_add(sign * i64::from(digit - b'0'))
            });
        Ok(Amount {
            minor: minor.ok_or(MoneyError::OutOfRange)?,
            currency,
        })
    }

    /// The decimal number of major units, with all of the currency's places: `12.50`.
    pub fn to_decimal(self) -> String {
        let places = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", self.minor.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if places == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    /// The sum, of one currency and in range.
    pub fn checked_add(self, other: Amount) -> Result<Amount, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies(self.currency, other.currency));
        }
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::OutOfRange)?;
        Ok(Amount {
            minor,
            currency: self.currency,
        })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How an amount is stored.
#[derive(Serialize, Deserialize)]
struct AmountRow {
    minor: i64,
    currency: String,
    exponent: u8,
}

impl From<Amount> for AmountRow {
    fn from(amount: Amount) -> AmountRow {
        let currency = amount.currency;
        AmountRow {
            minor: amount.minor,
            currency: currency.code().to_owned(),
            exponent: currency.exponent(),
        }
    }
}

impl TryFrom<AmountRow> for Amount {
    type Error = MoneyError;

    fn try_from(row: AmountRow) -> Result<Amount, MoneyError> {
        let currency = Currency::of_parts(&row.currency, row.exponent)
            .ok_or(MoneyError::UnknownCurrency(row.currency))?;
        Ok(Amount {
            minor: row.minor,
            currency,
        })
    }
}

#[cfg(test)]
mod tests;
