//! Which currencies there are, and in what units they are counted.

use std::fmt;

use super::MoneyError;

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

    pub(super) fn of_parts(text: &str, exponent: u8) -> Option<Currency> {
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
