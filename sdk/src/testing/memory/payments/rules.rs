//! What a payment may be made from, what its payer owes, and how what arrives compares with that.

use std::ops::RangeInclusive;

use super::super::{length, text};
use crate::money::{self, Amount};
use crate::payments::{Fee, FeePayer, NewPayment, Settlement, Tolerance};
use crate::problem::InvalidField;

const REFERENCE: RangeInclusive<usize> = 16..=64;
const URL_CHARACTERS_MAX: usize = 2000;
const GATEWAYS_MAX: usize = 50;
const LOCALES: [&str; 6] = ["en", "es", "fr", "pt", "ru", "ar"];
const MILLION: i128 = 1_000_000;

pub(super) fn check(new: &NewPayment, now: u64) -> Result<(), InvalidField> {
    check_amount(&new.amount)?;
    if let Some(reference) = &new.reference {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        if !REFERENCE.contains(&reference.len()) || !reference.chars().all(allowed) {
            return Err(InvalidField::new(
                "reference",
                "must be 16 to 64 of a-z A-Z 0-9 _ -",
            ));
        }
    }
    text("description", &new.description, 0..=500)?;
    let urls = [
        ("success-url", &new.success_url),
        ("cancel-url", &new.cancel_url),
        ("failure-url", &new.failure_url),
    ];
    for (field, url) in urls {
        url.as_deref().map_or(Ok(()), |url| check_url(field, url))?;
    }
    if new.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(InvalidField::new("expires-at", "must be in the future"));
    }
    if new.gateways.len() > GATEWAYS_MAX {
        return Err(InvalidField::new("gateways", "must be at most 50"));
    }
    for gateway in &new.gateways {
        text("gateways", gateway, 1..=141)?;
    }
    if new.fiat_only && new.crypto_only {
        return Err(InvalidField::new(
            "crypto-only",
            "leaves no way to pay beside `fiat-only`",
        ));
    }
    if let Some(locale) = &new.locale
        && !LOCALES.contains(&locale.as_str())
    {
        return Err(InvalidField::new("locale", "must be one of en es fr pt ru ar"));
    }
    if let Some(fee) = new.fee
        && (i128::from(fee.parts_per_million) > MILLION || fee.fixed_minor < 0)
    {
        return Err(InvalidField::new("fee", "must be between nothing and everything"));
    }
    if let Some(tolerance) = new.tolerance
        && (tolerance.short_minor < 0
            || i128::from(tolerance.short_ppm) > MILLION
            || i128::from(tolerance.partial_min_ppm) > MILLION)
    {
        return Err(InvalidField::new(
            "tolerance",
            "must be between nothing and everything",
        ));
    }
    Ok(())
}

fn check_amount(amount: &Amount) -> Result<(), InvalidField> {
    match money::exponent(&amount.currency) {
        None => Err(InvalidField::new("currency", "is unknown")),
        Some(exponent) if exponent != amount.exponent => {
            Err(InvalidField::new("exponent", "is not the currency's"))
        }
        Some(_) if amount.minor <= 0 => Err(InvalidField::new("amount", "must be more than zero")),
        Some(_) => Ok(()),
    }
}

fn check_url(field: &str, url: &str) -> Result<(), InvalidField> {
    length(field, url, 1..=URL_CHARACTERS_MAX)?;
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !url.contains(char::is_whitespace) => Ok(()),
        _ => Err(InvalidField::new(field, "must be an absolute http or https URL")),
    }
}

/// What the payer has to pay.
pub(super) fn due(amount: &Amount, fee: Option<Fee>) -> Result<Amount, InvalidField> {
    let added = match fee {
        Some(fee) if fee.paid_by == FeePayer::Payer => of(amount.minor, fee),
        _ => 0,
    };
    let minor = i64::try_from(i128::from(amount.minor) + added);
    Ok(Amount {
        minor: minor.map_err(|_| InvalidField::new("amount", "is too large with the fee"))?,
        ..amount.clone()
    })
}

/// The fee of an amount, rounded half up.
fn of(minor: i64, fee: Fee) -> i128 {
    (i128::from(minor) * i128::from(fee.parts_per_million) + MILLION / 2) / MILLION
        + i128::from(fee.fixed_minor)
}

/// The fee inside what was received; never more than that.
pub(super) fn fee_within(received: &Amount, fee: Option<Fee>) -> Amount {
    let within = fee.map_or(0, |fee| match fee.paid_by {
        FeePayer::Merchant => of(received.minor, fee),
        // Received is an amount and the fee for it, so the fee is this part of it.
        FeePayer::Payer => {
            let variable = (i128::from(received.minor) - i128::from(fee.fixed_minor)).max(0);
            let parts = i128::from(fee.parts_per_million);
            rounded(variable * parts, MILLION + parts) + i128::from(fee.fixed_minor)
        }
    });
    Amount {
        minor: i64::try_from(within.min(i128::from(received.minor))).unwrap_or(received.minor),
        ..received.clone()
    }
}

/// Half up; neither is negative.
fn rounded(dividend: i128, divisor: i128) -> i128 {
    (dividend + divisor / 2) / divisor
}

/// How what arrived compares with what was due; nothing where it is too little even for a partial payment. `chosen`: the
/// merchant took so much and no more, so no part is too small.
pub(super) fn settlement(
    due: &Amount,
    credited: &Amount,
    tolerance: Tolerance,
    chosen: bool,
) -> Option<Settlement> {
    let (due, credited) = (i128::from(due.minor), i128::from(credited.minor));
    let short = due - credited;
    let forgiven = short <= i128::from(tolerance.short_minor)
        || short * MILLION <= due * i128::from(tolerance.short_ppm);
    if short < 0 {
        Some(Settlement::Overpaid)
    } else if forgiven {
        Some(Settlement::Exact)
    } else if chosen || credited * MILLION >= due * i128::from(tolerance.partial_min_ppm) {
        Some(Settlement::Partial)
    } else {
        None
    }
}

/// Whether a payment may be tried that way.
pub(super) fn allows(named: &[String], gateway: &str, method: &str) -> bool {
    let is_this = |entry: &String| match entry.split_once('/') {
        Some(named) => named == (gateway, method),
        None => entry == gateway,
    };
    named.is_empty() || named.iter().any(is_this)
}

/// A part of a payment, to be captured or sent back.
pub(super) fn check_part(amount: &Amount, currency: &str) -> Result<(), InvalidField> {
    if amount.currency != currency {
        return Err(InvalidField::new("amount", format!("must be in {currency}")));
    }
    check_amount(amount)
}
