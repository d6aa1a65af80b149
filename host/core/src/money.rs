//! Money: integers of minor units, a currency, and no floats.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A currency and the decimal places of its minor unit.
///
/// Ordered by code. Stored with its exponent, so that an amount written today means the same after the tables change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    /// ASCII, filled up with zeros.
    code: [u8; CODE_BYTES_MAX],
    exponent: u8,
}

const CODE_BYTES_MAX: usize = 6;

/// Assets that ISO 4217 does not know, with the exponent this host counts them in.
///
/// An amount is an `i64`, so 10^18 units of anything end at 9.2 whole ones. Assets with 18 places on their chain are
/// therefore counted coarser, in the unit their users think in or fine enough for any invoice: ETH in gwei, the others in
/// eight places. Tether has six places on most chains and eight on some; eight holds both.
const CRYPTO: [(&str, u8); 16] = [
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

impl Currency {
    /// The currency of this code: an active one of ISO 4217 that has minor units (gold has none), or one of the crypto
    /// assets. Upper case only.
    pub fn parse(code: &str) -> Result<Currency, MoneyError> {
        let unknown = || MoneyError::UnknownCurrency(code.chars().take(16).collect());
        let exponent = match CRYPTO.iter().find(|(crypto, _)| *crypto == code) {
            Some((_, exponent)) => *exponent,
            None => iso_currency::Currency::from_code(code)
                .filter(|iso| iso.code() == code)
                .and_then(iso_currency::Currency::exponent)
                .and_then(|exponent| u8::try_from(exponent).ok())
                .ok_or_else(unknown)?,
        };
        Currency::of_parts(code, exponent).ok_or_else(unknown)
    }

    /// As [`parse`](Currency::parse), refusing an exponent that is not the currency's own.
    pub fn parse_with_exponent(code: &str, exponent: u8) -> Result<Currency, MoneyError> {
        let currency = Currency::parse(code)?;
        if currency.exponent == exponent {
            return Ok(currency);
        }
        Err(MoneyError::WrongExponent {
            code: code.to_owned(),
            own: currency.exponent,
            given: exponent,
        })
    }

    /// Its code, upper case.
    pub fn code(&self) -> &str {
        let length = self
            .code
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(CODE_BYTES_MAX);
        std::str::from_utf8(&self.code[..length]).expect("codes are ASCII")
    }

    /// Decimal places of one minor unit.
    pub fn exponent(&self) -> u8 {
        self.exponent
    }

    fn of_parts(text: &str, exponent: u8) -> Option<Currency> {
        let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if text.is_empty() || text.len() > CODE_BYTES_MAX || !text.bytes().all(legal) || exponent > 18 {
            return None;
        }
        let mut code = [0; CODE_BYTES_MAX];
        code[..text.len()].copy_from_slice(text.as_bytes());
        Some(Currency { code, exponent })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
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
        let places = usize::from(currency.exponent);
        let (kept, beyond) = fraction.split_at(fraction.len().min(places));
        if beyond.bytes().any(|byte| byte != b'0') {
            let code = currency.code().to_owned();
            return Err(MoneyError::TooPrecise {
                code,
                exponent: currency.exponent,
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
        let places = usize::from(self.currency.exponent);
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
            exponent: currency.exponent,
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn currencies_have_their_exponent() {
        let cases = [
            ("USD", 2),
            ("JPY", 0),
            ("KWD", 3),
            ("CLF", 4),
            ("USDT", 8),
            ("ETH", 9),
            ("XMR", 12),
        ];
        for (code, exponent) in cases {
            assert_eq!(
                (currency(code).code(), currency(code).exponent()),
                (code, exponent)
            );
        }
        for code in ["", "usd", "US", "XAU", "XXX", "ZZZ", "BITCOIN", "ÄÄÄ"] {
            assert!(Currency::parse(code).is_err(), "{code}");
        }
        assert!(Currency::parse_with_exponent("USD", 2).is_ok());
        let error = Currency::parse_with_exponent("USD", 3).unwrap_err();
        assert_eq!(error.to_string(), "USD has 2 decimal places, not 3");
    }

    #[test]
    fn decimals_are_exact() {
        let cases = [
            ("0", "USD", 0),
            ("-0", "USD", 0),
            ("12.5", "USD", 1250),
            ("-0.01", "USD", -1),
            ("7", "JPY", 7),
            ("7.000", "JPY", 7),
            ("0.10000", "USD", 10),
            ("0.00000001", "BTC", 1),
            ("92233720368547758.07", "USD", i64::MAX),
            ("-92233720368547758.08", "USD", i64::MIN),
            ("00012.34", "USD", 1234),
        ];
        for (text, code, minor) in cases {
            assert_eq!(
                Amount::parse(text, currency(code)),
                Ok(Amount::new(minor, currency(code))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        let usd = currency("USD");
        for text in [
            "", "-", ".", "1.", ".5", "+1", "1e3", "1,000", " 1", "1.2.3", "--1", "１", "NaN",
        ] {
            assert!(
                matches!(Amount::parse(text, usd), Err(MoneyError::NotDecimal(_))),
                "{text}"
            );
        }
        assert!(matches!(
            Amount::parse("0.001", usd),
            Err(MoneyError::TooPrecise { .. })
        ));
        for text in [
            "92233720368547758.08",
            "-92233720368547758.09",
            "999999999999999999999999",
        ] {
            assert_eq!(Amount::parse(text, usd), Err(MoneyError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn only_one_currency_adds_up() {
        let (usd, eur) = (currency("USD"), currency("EUR"));
        assert!(Amount::new(1, usd).checked_add(Amount::new(1, eur)).is_err());
        assert_eq!(
            Amount::new(i64::MAX, usd).checked_add(Amount::new(1, usd)),
            Err(MoneyError::OutOfRange)
        );
        assert_eq!(
            Amount::new(2, usd).checked_add(Amount::new(-3, usd)),
            Ok(Amount::new(-1, usd))
        );
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            minor in any::<i64>(),
            code in prop::sample::select(vec!["USD", "JPY", "KWD", "USDT", "XMR"]),
        ) {
            let amount = Amount::new(minor, currency(code));
            prop_assert_eq!(Amount::parse(&amount.to_decimal(), amount.currency), Ok(amount));
        }

        #[test]
        fn storing_and_reading_are_inverse(minor in any::<i64>()) {
            let amount = Amount::new(minor, currency("USDT"));
            let row = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amount>(&row).unwrap(), amount);
        }

        #[test]
        fn parsing_never_panics(text in "[-+0-9.e]{0,30}") {
            let _ = Amount::parse(&text, currency("USD"));
        }
    }
}
