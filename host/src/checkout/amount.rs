//! Amounts as people read them. The digits are those of the integer: nothing is rounded, nothing is a float.

use mooring_core::money::Amount;

use super::language::Language;

/// Signs that mean one currency to everybody; all others are shown by their code. `$` is not among them: a dozen countries
/// write it, and a payer must know what is paid.
const SIGNS: [(&str, &str); 8] = [
    ("EUR", "€"),
    ("GBP", "£"),
    ("USD", "US$"),
    ("BRL", "R$"),
    ("RUB", "₽"),
    ("INR", "₹"),
    ("TRY", "₺"),
    ("UAH", "₴"),
];

/// Keeps number and currency on one line.
const NO_BREAK: char = '\u{a0}';

/// How a language writes numbers.
struct Style {
    decimal: char,
    group: char,
    /// Whole digits from which on they are grouped.
    grouped_from: usize,
    currency_first: bool,
    /// Between currency and number.
    gap: bool,
}

impl Style {
    fn of(language: Language) -> Style {
        let (decimal, group, grouped_from) = match language {
            // Western digits, as most of those who read Arabic see them in shops.
            Language::En | Language::Ar => ('.', ',', 4),
            Language::Es => (',', '.', 5),
            Language::Pt => (',', '.', 4),
            Language::Fr => (',', '\u{202f}', 4),
            Language::Ru => (',', NO_BREAK, 5),
        };
        Style {
            decimal,
            group,
            grouped_from,
            currency_first: matches!(language, Language::En | Language::Pt),
            gap: language != Language::En,
        }
    }
}

/// `€1,234.50`, `1.234,50 €`, `0.00012 BTC`.
pub(super) fn amount(language: Language, amount: Amount) -> String {
    let style = Style::of(language);
    let decimal = amount.to_decimal();
    let (sign, digits) = decimal
        .strip_prefix('-')
        .map_or(("", decimal.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut number = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left.is_multiple_of(3) && whole.len() >= style.grouped_from {
            number.push(style.group);
        }
        number.push(digit);
    }
    let fraction = shown(fraction);
    if !fraction.is_empty() {
        number.push(style.decimal);
        number.push_str(fraction);
    }
    let code = amount.currency.code();
    let known = SIGNS.iter().find(|(known, _)| *known == code);
    let currency = known.map_or(code, |(_, sign)| sign);
    // A code in front of a number would read as one word with it.
    let gap = if style.gap || known.is_none() {
        NO_BREAK.to_string()
    } else {
        String::new()
    };
    if style.currency_first {
        format!("{currency}{gap}{number}")
    } else {
        format!("{number}{gap}{currency}")
    }
}

/// Coins have many places; beyond the second, zeros at the end say nothing.
fn shown(fraction: &str) -> &str {
    if fraction.len() <= 3 {
        return fraction;
    }
    let trimmed = fraction.trim_end_matches('0');
    &fraction[..trimmed.len().max(2)]
}

#[cfg(test)]
mod tests {
    use mooring_core::money::Currency;

    use super::*;

    fn shown(language: Language, minor: i64, code: &str) -> String {
        amount(language, Amount::new(minor, Currency::parse(code).unwrap())).replace(NO_BREAK, "_")
    }

    #[test]
    fn each_language_has_its_way() {
        for (language, text) in [
            (Language::En, "€1,234,567.05"),
            (Language::Es, "1.234.567,05_€"),
            (Language::Fr, "1\u{202f}234\u{202f}567,05_€"),
            (Language::Pt, "€_1.234.567,05"),
            (Language::Ru, "1_234_567,05_€"),
            (Language::Ar, "1,234,567.05_€"),
        ] {
            assert_eq!(shown(language, 123_456_705, "EUR"), text);
        }
        assert_eq!(shown(Language::Es, 123_450, "EUR"), "1234,50_€");
        assert_eq!(shown(Language::En, 123_450, "EUR"), "€1,234.50");
    }

    #[test]
    fn places_are_the_currencys_own() {
        assert_eq!(shown(Language::En, 1234, "JPY"), "JPY_1,234");
        assert_eq!(shown(Language::En, 1, "KWD"), "KWD_0.001");
        assert_eq!(shown(Language::En, 5, "USD"), "US$0.05");
        assert_eq!(shown(Language::En, 12_000, "BTC"), "BTC_0.00012");
        assert_eq!(shown(Language::Ru, 500_000_000, "USDT"), "5,00_USDT");
    }

    #[test]
    fn the_extremes_keep_every_digit() {
        assert_eq!(
            shown(Language::En, i64::MAX, "USD"),
            "US$92,233,720,368,547,758.07"
        );
        assert_eq!(
            shown(Language::En, i64::MIN, "JPY"),
            "JPY_-9,223,372,036,854,775,808"
        );
        assert_eq!(shown(Language::Fr, -1, "EUR"), "-0,01_€");
    }
}
