//! Exact decimals, rates and rounding, against fractions of whole numbers.

use mooring_plugin_renovax::fx::{Exact, Rates, half_up};
use mooring_sdk::money::{Amount, exponent};
use proptest::prelude::*;

/// The nearest whole number to a fraction, and the larger of two that are as near: by looking, not by the rule under test.
fn nearest(numerator: i128, denominator: i128) -> i128 {
    let guess = numerator / denominator;
    (guess - 2..=guess + 2)
        .min_by_key(|whole| ((whole * denominator - numerator).abs(), -whole))
        .expect("five of them")
}

proptest! {
    #[test]
    fn rounds_half_up(numerator in -1_000_000_000_i128..1_000_000_000, denominator in 1_i128..10_000) {
        prop_assert_eq!(half_up(numerator, denominator), nearest(numerator, denominator));
    }

    #[test]
    fn a_rate_is_applied_exactly_and_rounded_once(
        minor in 0_i64..100_000_000_000,
        whole in 0_u32..100_000,
        fraction in 0_u32..1_000_000,
        milli in 0_i128..100_000,
        to in prop::sample::select(vec!["USD", "JPY", "KWD", "MXN"]),
    ) {
        let rate = Exact::parse(&format!("{whole}.{fraction:06}")).unwrap().worsened(milli);
        let amount = Amount::from_minor(minor, "EUR").unwrap();
        let got = rate.convert(&amount, to).unwrap();
        // minor / 10^2 × rate / 10^6 × (100,000 − milli) / 10^5, in minor units of the other currency.
        let exact_rate = i128::from(whole) * 1_000_000 + i128::from(fraction);
        let numerator = i128::from(minor) * exact_rate * (100_000 - milli) * 10_i128.pow(u32::from(exponent(to).unwrap()));
        prop_assert_eq!(i128::from(got.minor), nearest(numerator, 10_i128.pow(2 + 6 + 5)));
    }

    #[test]
    fn numbers_are_read_as_they_are_written(units in 0_u64..1_000_000_000_000, places in 0_u32..10) {
        let power = 10_u64.pow(places);
        let text = if places == 0 {
            units.to_string()
        } else {
            format!("{}.{:0width$}", units / power, units % power, width = places as usize)
        };
        let number = Exact::parse(&text).unwrap();
        prop_assert_eq!(number.exactly(places), Some(i128::from(units)));
        prop_assert_eq!(number.shown(places), text);
        prop_assert_eq!(Exact::parse(&number.to_string()).unwrap().exactly(places), Some(i128::from(units)));
    }

    #[test]
    fn no_setting_makes_it_panic(text in ".{0,60}") {
        let _ = Exact::parse(&text);
        let _ = Exact::parse_setting(&text);
        let _ = Rates::parse(&text);
    }
}

#[test]
fn the_largest_numbers_fit_or_are_refused() {
    let rate = Exact::parse_setting("999999999.9999999999").unwrap().worsened(0);
    let amount = Amount::from_minor(1, "JPY").unwrap();
    assert_eq!(rate.convert(&amount, "USD").unwrap().minor, 100_000_000_000);
    let amount = Amount::from_minor(i64::MAX, "USD").unwrap();
    assert_eq!(rate.convert(&amount, "KWD"), None);
}

#[test]
fn reads_rates() {
    let rates = Rates::parse(" USD/MXN=18.0,EUR/MXN=19.5;\nUSD/JPY=150 ").unwrap();
    for (from, to, rate) in [
        ("USD", "MXN", "18.000000"),
        ("EUR", "MXN", "19.500000"),
        ("USD", "JPY", "150.000000"),
    ] {
        assert_eq!(rates.find(from, to).unwrap().shown(6), rate);
    }
    assert_eq!(rates.find("MXN", "USD"), None);
    assert!(Rates::parse("").unwrap().find("USD", "MXN").is_none());
}

#[test]
fn refuses_bad_rates_by_name() {
    for (text, error) in [
        ("USD/MXN", "`USD/MXN` is not of the form USD/MXN=18.0"),
        ("USDMXN=18", "`USDMXN=18` is not of the form USD/MXN=18.0"),
        ("USD/MXN=abc", "`USD/MXN=abc`: the rate is not a decimal number"),
        ("USD/MXN=1e3", "`USD/MXN=1e3`: the rate is not a decimal number"),
        ("USD/MXN=-1", "`USD/MXN=-1`: the rate is not a decimal number"),
        ("USD/MXN=1.", "`USD/MXN=1.`: the rate is not a decimal number"),
        ("USD/MXN=0.0", "`USD/MXN=0.0`: the rate must be more than zero"),
        (
            "USD/MXN=1000000000",
            "`USD/MXN=1000000000`: the rate is too large",
        ),
        (
            "USD/MXN=0.12345678901",
            "`USD/MXN=0.12345678901`: the rate has more than 10 decimal places",
        ),
        ("USD/XXX=1", "`USD/XXX=1`: XXX is not a currency"),
        ("usd/MXN=1", "`usd/MXN=1`: usd is not a currency"),
        ("USD/USD=1", "`USD/USD=1` is a currency and itself"),
        ("USD/MXN=1 USD/MXN=2", "USD/MXN is given twice"),
    ] {
        assert_eq!(Rates::parse(text).unwrap_err(), error);
    }
}
