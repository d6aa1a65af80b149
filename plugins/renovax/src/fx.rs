//! Exact decimals: exchange rates, percentages, and the arithmetic of fees that are shown in another currency.
//!
//! The rule of rounding, everywhere: numbers stay exact until the last step, which rounds half up to the places that are
//! shown. So an amount in the merchant's currency is what was received times the exact rate (markup included), rounded
//! once; `fx_rate_used` is that same rate, rounded for showing only.

use std::fmt;

use mooring_sdk::money::{self, Amount};

use crate::error::Error;

/// Setting: rates, `USD/MXN=18.0 EUR/USD=1.08`.
pub(crate) const RATES: &str = "fx_rates";
/// Of what [`Rates::parse`] reads; which currencies there are it alone knows.
pub(crate) const RATES_PATTERN: &str =
    r"^[\s,;]*([A-Z]{3,5}/[A-Z]{3,5}=[0-9]{1,9}(\.[0-9]{1,10})?([\s,;]+|$))*$";
/// Setting: what the rate is worsened by for the merchant, per cent.
pub(crate) const MARKUP: &str = "fx_markup_percent";

/// Places of a rate or percentage that an operator may give.
const PLACES_MAX: u32 = 10;
/// And how large one may be; so that the product of a rate, a markup and any amount stays within 128 bits.
const WHOLE_MAX: i128 = 1_000_000_000;

/// A decimal number, zero or more, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    mantissa: i128,
    /// The number is `mantissa / 10^places`.
    places: u32,
}

impl Exact {
    /// Reads digits with at most one point between them: `18`, `18.0`, `0.054`; at most 15 before it and 20 behind it.
    pub fn parse(text: &str) -> Option<Exact> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || whole.len() > 15
            || fraction.len() > 20
            || !is_digits(whole)
            || !is_digits(fraction)
        {
            return None;
        }
        let mantissa = format!("{whole}{fraction}").parse().ok()?;
        Some(Exact {
            mantissa,
            places: fraction.len() as u32,
        })
    }

    /// As [`parse`](Exact::parse), within the limits of what an operator sets.
    pub fn parse_setting(text: &str) -> Result<Exact, &'static str> {
        let number = Exact::parse(text).ok_or("is not a decimal number")?;
        if number.places > PLACES_MAX {
            return Err("has more than 10 decimal places");
        }
        if number.mantissa >= WHOLE_MAX * power(number.places) {
            return Err("is too large");
        }
        Ok(number)
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// In units of `10^-places`, if that is a whole number of them.
    pub fn exactly(self, places: u32) -> Option<i128> {
        let scaled = self.mantissa.checked_mul(power(places))?;
        (scaled % power(self.places) == 0).then(|| scaled / power(self.places))
    }

    /// In units of `10^-places`, rounded half up.
    pub fn rounded(self, places: u32) -> Option<i128> {
        Some(half_up(
            self.mantissa.checked_mul(power(places))?,
            power(self.places),
        ))
    }

    /// In units of `10^-places`, what is beyond them left out.
    pub fn floored(self, places: u32) -> Option<i128> {
        Some(self.mantissa.checked_mul(power(places))? / power(self.places))
    }

    /// Less this many thousandths of a per cent, which are at most 100,000.
    #[must_use]
    pub fn worsened(self, milli_percent: i128) -> Exact {
        Exact {
            mantissa: self.mantissa * (100_000 - milli_percent),
            places: self.places + 5,
        }
    }

    /// So much money in another currency: `amount` times this, rounded half up once. Nothing where it does not fit.
    pub fn convert(self, amount: &Amount, currency: &str) -> Option<Amount> {
        let exponent = money::exponent(currency)?;
        let numerator = i128::from(amount.minor)
            .checked_mul(self.mantissa)?
            .checked_mul(power(u32::from(exponent)))?;
        let denominator = power(self.places + u32::from(amount.exponent));
        let minor = i64::try_from(half_up(numerator, denominator)).ok()?;
        Amount::from_minor(minor, currency).ok()
    }

    /// With exactly so many places, rounded half up.
    pub fn shown(self, places: u32) -> String {
        self.rounded(places)
            .map_or_else(String::new, |units| decimal(units, places))
    }
}

/// All its digits, without zeros at the end.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = decimal(self.mantissa, self.places);
        let text = match text.split_once('.') {
            Some(_) => text.trim_end_matches('0').trim_end_matches('.'),
            None => &text,
        };
        f.write_str(text)
    }
}

fn power(places: u32) -> i128 {
    10_i128.pow(places)
}

/// The quotient, rounded to the nearest whole number, and up where two are as near. `denominator` is more than zero.
pub fn half_up(numerator: i128, denominator: i128) -> i128 {
    let (quotient, rest) = (
        numerator.div_euclid(denominator),
        numerator.rem_euclid(denominator),
    );
    if rest >= denominator - rest {
        quotient + 1
    } else {
        quotient
    }
}

/// How much of `to` there was for one of `from`, with six places, rounded half up. Nothing where it does not fit.
pub(crate) fn rate(from: &Amount, to: &Amount) -> Option<String> {
    let numerator = i128::from(to.minor).checked_mul(power(6 + u32::from(from.exponent)))?;
    let denominator = i128::from(from.minor).checked_mul(power(u32::from(to.exponent)))?;
    (denominator > 0).then(|| decimal(half_up(numerator, denominator), 6))
}

/// `units` of `10^-places`, written out.
pub(crate) fn decimal(units: i128, places: u32) -> String {
    let places = places as usize;
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let sign = if units < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// The operator's rates.
#[derive(Debug, Default)]
pub struct Rates(Vec<(String, String, Exact)>);

impl Rates {
    /// Reads `USD/MXN=18.0`, several of them apart by white space, commas or semicolons. The failure names the part that is
    /// wrong.
    pub fn parse(text: &str) -> Result<Rates, String> {
        let mut rates = Rates::default();
        let parts = text.split(|letter: char| letter.is_whitespace() || letter == ',' || letter == ';');
        for part in parts.filter(|part| !part.is_empty()) {
            let (pair, rate) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not of the form USD/MXN=18.0"))?;
            let (from, to) = pair
                .split_once('/')
                .ok_or_else(|| format!("`{part}` is not of the form USD/MXN=18.0"))?;
            for code in [from, to] {
                if money::exponent(code).is_none() {
                    return Err(format!("`{part}`: {code} is not a currency"));
                }
            }
            if from == to {
                return Err(format!("`{part}` is a currency and itself"));
            }
            let rate = Exact::parse_setting(rate).map_err(|why| format!("`{part}`: the rate {why}"))?;
            if rate.is_zero() {
                return Err(format!("`{part}`: the rate must be more than zero"));
            }
            if rates.find(from, to).is_some() {
                return Err(format!("{from}/{to} is given twice"));
            }
            rates.0.push((from.to_owned(), to.to_owned(), rate));
        }
        Ok(rates)
    }

    /// How much of `to` is given for one of `from`. Only as the operator wrote it: the inverse of a decimal is none.
    pub fn find(&self, from: &str, to: &str) -> Option<Exact> {
        self.0
            .iter()
            .find(|(its_from, its_to, _)| its_from == from && its_to == to)
            .map(|(_, _, rate)| *rate)
    }
}

/// The rate from the invoice's currency to the merchant's, markup included, as it is kept with an invoice. It is fixed when
/// the invoice is made: what the merchant gets does not depend on when the payer pays.
pub(crate) fn agreed(rates: &str, markup: &str, from: &str, to: &str) -> Result<Exact, Error> {
    let rates = Rates::parse(rates).map_err(|why| Error::misconfigured(RATES, why))?;
    let rate = rates.find(from, to).ok_or_else(|| {
        Error::invalid(
            "currency",
            format!("there is no exchange rate from {from} to {to}"),
        )
    })?;
    Ok(rate.worsened(self::markup(markup)?))
}

/// The markup in thousandths of a per cent.
pub(crate) fn markup(text: &str) -> Result<i128, Error> {
    Exact::parse_setting(text)
        .ok()
        .and_then(|percent| percent.exactly(3))
        .filter(|milli| (0..100_000).contains(milli))
        .ok_or_else(|| {
            Error::misconfigured(
                MARKUP,
                "must be 0 to 99.999, with at most 3 decimal places".to_owned(),
            )
        })
}
