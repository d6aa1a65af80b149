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
