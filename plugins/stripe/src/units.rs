//! Amounts as Stripe counts them. Its minor units are not always those of ISO 4217, and where they differ a mistake is a
//! factor of a hundred, so every currency is either known here or refused.

use mooring_sdk::money::{self, Amount};

use crate::error::Failure;

/// Counted whole. Stripe lists the Ugandan shilling here too, but wants it as in [`WHOLE_IN_HUNDREDTHS`].
const WHOLE: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
];

/// Have no fractions any more, and are counted in hundredths all the same: five krónur are `500`.
const WHOLE_IN_HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];

/// Counted in thousandths, the last digit of which must be 0.
const THOUSANDTHS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// An amount of ours as Stripe's number. Refused where Stripe cannot charge exactly that.
pub(crate) fn to_stripe(amount: &Amount) -> Result<i64, Failure> {
    let places = places(&amount.currency).ok_or_else(|| {
        Failure::refused(
            "currency_not_supported",
            &format!("Stripe does not take {}.", amount.currency),
        )
    })?;
    let inexact = || {
        Failure::refused(
            "amount_not_representable",
            &format!("Stripe cannot charge exactly {amount} {}.", amount.currency),
        )
    };
    let number = scale(amount.minor, amount.exponent, places).ok_or_else(inexact)?;
    if THOUSANDTHS.contains(&&*amount.currency) && number % 10 != 0 {
        return Err(inexact());
    }
    Ok(number)
}

/// Stripe's number as an amount of ours. `currency` in Stripe's lower case.
pub(crate) fn from_stripe(number: i64, currency: &str) -> Result<Amount, Failure> {
    let currency = currency.to_ascii_uppercase();
    let amount = places(&currency).and_then(|places| {
        let minor = scale(number, places, money::exponent(&currency)?)?;
        Amount::from_minor(minor, &currency).ok()
    });
    amount.ok_or_else(|| Failure::unknown(format!("Stripe tells of {number} {currency}, which is no amount")))
}

/// Decimal places of Stripe's minor units.
fn places(currency: &str) -> Option<u8> {
    if WHOLE.contains(&currency) {
        return Some(0);
    }
    if THOUSANDTHS.contains(&currency) {
        return Some(3);
    }
    if WHOLE_IN_HUNDREDTHS.contains(&currency) {
        return Some(2);
    }
    // Anything else with other than two places is a currency that Stripe does not take, coins included.
    (money::exponent(currency) == Some(2)).then_some(2)
}

fn scale(number: i64, from: u8, to: u8) -> Option<i64> {
    let factor = 10_i64.checked_pow(u32::from(from.abs_diff(to)))?;
    if from <= to {
        return number.checked_mul(factor);
    }
    (number % factor == 0).then(|| number / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_counted_as_stripe_does() {
        for (text, currency, number) in [
            ("10.99", "USD", 1099),
            ("7", "JPY", 7),
            ("5", "ISK", 500),
            ("5", "UGX", 500),
            ("5.00", "MGA", 5),
            ("12.34", "HUF", 1234),
            ("12.34", "TWD", 1234),
            ("1.230", "KWD", 1230),
            ("0", "EUR", 0),
        ] {
            let amount = Amount::parse_decimal(text, currency).unwrap();
            assert_eq!(to_stripe(&amount), Ok(number), "{text} {currency}");
            assert_eq!(
                from_stripe(number, &currency.to_ascii_lowercase()),
                Ok(amount),
                "{number}"
            );
        }
    }

    #[test]
    fn what_stripe_cannot_charge_exactly_is_refused() {
        for (minor, currency, code) in [
            (1234, "KWD", "amount_not_representable"),
            (550, "MGA", "amount_not_representable"),
            (i64::MAX, "ISK", "amount_not_representable"),
            (1000, "IQD", "currency_not_supported"),
            (1, "CLF", "currency_not_supported"),
            (1, "BTC", "currency_not_supported"),
        ] {
            let amount = Amount::from_minor(minor, currency).unwrap();
            match to_stripe(&amount) {
                Err(Failure::Refused { code: found, .. }) => assert_eq!(found, code, "{minor} {currency}"),
                other => panic!("{minor} {currency}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_stripe_cannot_have_charged_is_not_guessed() {
        assert!(from_stripe(550, "ugx").is_err(), "there is no half of a shilling");
        assert!(from_stripe(1, "xyz").is_err());
    }
}
