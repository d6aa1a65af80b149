//! Amounts as PayPal writes them: decimal texts, with no decimals for some currencies that have them elsewhere.

use mooring_sdk::money::Amount;

use crate::error::Failure;
use crate::model::Money;

/// What PayPal takes.
pub(crate) const CURRENCIES: [&str; 24] = [
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR",
    "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
];

/// Of those, what PayPal takes whole only.
const WHOLE: [&str; 3] = ["HUF", "JPY", "TWD"];

/// An amount of ours in PayPal's form. Refused where PayPal cannot charge exactly that.
pub(crate) fn to_paypal(amount: &Amount) -> Result<Money, Failure> {
    let currency = amount.currency.as_str();
    if !CURRENCIES.contains(&currency) {
        return Err(Failure::refused(
            "currency_not_supported",
            &format!("PayPal does not take {currency}."),
        ));
    }
    let mut value = amount.to_string();
    if WHOLE.contains(&currency)
        && let Some((whole, fraction)) = value.split_once('.')
    {
        if fraction.bytes().any(|digit| digit != b'0') {
            return Err(Failure::refused(
                "amount_not_representable",
                &format!("PayPal takes {currency} without decimals."),
            ));
        }
        value = whole.to_owned();
    }
    Ok(Money {
        currency_code: currency.to_owned(),
        value,
    })
}

/// PayPal's amount as ours.
pub(crate) fn from_paypal(money: &Money) -> Result<Amount, Failure> {
    Amount::parse_not_negative(&money.value, &money.currency_code)
        .map_err(|error| Failure::unknown(format!("an amount of PayPal's {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_that_paypal_wants() {
        for (text, currency, value) in [
            ("10.90", "USD", "10.90"),
            ("7", "JPY", "7"),
            ("1500.00", "HUF", "1500"),
            ("90.00", "TWD", "90"),
            ("0.05", "EUR", "0.05"),
        ] {
            let amount = Amount::parse_decimal(text, currency).unwrap();
            let money = to_paypal(&amount).unwrap();
            assert_eq!(
                (&*money.value, &*money.currency_code),
                (value, currency),
                "{text} {currency}"
            );
            assert_eq!(from_paypal(&money), Ok(amount));
        }
    }

    #[test]
    fn what_paypal_cannot_charge_exactly_is_refused() {
        for (text, currency, expected) in [
            ("1500.50", "HUF", "amount_not_representable"),
            ("1.01", "TWD", "amount_not_representable"),
            ("1.000", "KWD", "currency_not_supported"),
            ("1", "BTC", "currency_not_supported"),
        ] {
            let amount = Amount::parse_decimal(text, currency).unwrap();
            match to_paypal(&amount) {
                Err(Failure::Refused { code, .. }) => assert_eq!(code, expected, "{text} {currency}"),
                other => panic!("{text} {currency}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_amount_is_not_guessed() {
        for (value, currency) in [("ten", "USD"), ("1.001", "USD"), ("-1", "USD"), ("1", "???")] {
            let money = Money {
                currency_code: currency.to_owned(),
                value: value.to_owned(),
            };
            assert!(matches!(from_paypal(&money), Err(Failure::Unknown(_))), "{value}");
        }
    }
}
