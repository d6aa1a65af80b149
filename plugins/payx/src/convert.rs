//! Callers' values to primitives and back, and what the operator has set.

use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

use email_address::{EmailAddress, Options};
use mooring_sdk::money::{self, Decimal};
use mooring_sdk::prelude::*;
use mooring_sdk::settings::{self, SettingsError};
use serde::Deserialize;
use serde_json::Number;

use crate::error::Error;
use crate::model::{Card, Facts, Note, PaymentSystem};

/// Setting: the number that resellers have in their paths.
pub(crate) const ID_RESELLER: &str = "id_reseller";
/// Setting: the reseller's name.
pub(crate) const NAME: &str = "name";
/// Setting: currency of all prices.
pub(crate) const CURRENCY: &str = "currency";
/// Setting: what payers choose among.
pub(crate) const PAYMENT_SYSTEMS: &str = "payment_systems";
/// Setting: where a payer goes who has paid.
pub(crate) const CALLBACK_SUCCESS: &str = "callback_success";
/// Setting: where a payer goes who has not.
pub(crate) const CALLBACK_ERROR: &str = "callback_error";

/// A single price above this is a mistake: 999,999,999.99 in a currency with cents.
const PRICE_MINOR_MAX: i64 = 99_999_999_999;
/// A hundred years.
const PERIOD_MONTHS_MAX: u64 = 1200;
/// Stands for the payment's uuid in an address.
const MARKER: &str = "{UUID}";

/// The reseller's number.
pub(crate) fn id_reseller() -> Result<i64, Problem> {
    let id = settings::get(ID_RESELLER)?.unwrap_or_default();
    id.parse()
        .map_err(|_| Problem::Internal(format!("the setting `{ID_RESELLER}` is not a number")))
}

/// The currency of all prices. One that nobody can count in is the operator's mistake, not the price's.
pub(crate) fn currency() -> Result<String, Problem> {
    let currency = settings::get(CURRENCY)?.unwrap_or_else(|| "USD".to_owned());
    match money::exponent(&currency) {
        Some(_) => Ok(currency),
        None => Err(Problem::Internal(format!(
            "the setting `{CURRENCY}`: `{currency}` is no currency; codes are like `USD`"
        ))),
    }
}

/// One payment system, as the operator sets it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct System {
    id: u64,
    name: String,
    /// The gateway behind it, `stripe`, or one method of one, `sandbox/card`; absent for all that are ready.
    gateway: Option<String>,
}

impl System {
    /// As callers see it.
    pub(crate) fn told(&self) -> PaymentSystem {
        PaymentSystem {
            id_payment_system: self.id,
            name: self.name.clone(),
        }
    }

    /// As `payments::NewPayment` wants it.
    pub(crate) fn gateways(&self) -> Vec<String> {
        self.gateway.iter().cloned().collect()
    }
}

/// The payment systems of the reseller, at least one.
pub(crate) fn payment_systems() -> Result<Vec<System>, Problem> {
    let Some(json) = settings::get(PAYMENT_SYSTEMS)?.filter(|json| !json.trim().is_empty()) else {
        return Ok(vec![System {
            id: 1,
            name: "Default".to_owned(),
            gateway: None,
        }]);
    };
    let systems = serde_json::from_str::<Vec<System>>(&json).map_err(|error| error.to_string());
    systems
        .and_then(|systems| check_systems(&systems).map(|()| systems))
        .map_err(|why| Problem::Internal(format!("the setting `{PAYMENT_SYSTEMS}`: {why}")))
}

fn check_systems(systems: &[System]) -> Result<(), String> {
    if systems.is_empty() {
        return Err("is empty".to_owned());
    }
    let mut ids = HashSet::new();
    for System { id, gateway, .. } in systems {
        if !ids.insert(id) {
            return Err(format!("two systems have the id {id}"));
        }
        if let Some(gateway) = gateway.as_deref().filter(|gateway| !names_gateway(gateway)) {
            return Err(format!("`{gateway}` names no gateway, nor a method of one"));
        }
    }
    Ok(())
}

/// `stripe`, or one method of one, `sandbox/card`. Whether there is such a gateway is the host's to know.
fn names_gateway(text: &str) -> bool {
    let (gateway, method) = text.split_once('/').unwrap_or((text, "any"));
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    gateway.starts_with(|first: char| first.is_ascii_lowercase())
        && gateway.bytes().all(legal)
        && (1..=100).contains(&method.chars().count())
}

/// The payment system that is meant: the only one, where none is named.
pub(crate) fn payment_system(named: Option<u64>) -> Result<System, Error> {
    const FIELD: &str = "id_payment_system";
    let mut systems = payment_systems()?;
    match named {
        Some(id) => systems
            .into_iter()
            .find(|system| system.id == id)
            .ok_or_else(|| Error::invalid(FIELD, "is no payment system of the reseller")),
        None if systems.len() == 1 => Ok(systems.remove(0)),
        None => Err(Error::invalid(
            FIELD,
            "is required, since the reseller has several payment systems",
        )),
    }
}

/// Money that is asked for: more than zero.
pub(crate) fn price(decimal: &Decimal) -> Result<Amount, Error> {
    let amount = decimal
        .not_negative(&currency()?)
        .map_err(|error| Error::invalid("price", error.to_string()))?;
    match amount.minor {
        0 => Err(Error::invalid("price", "must be more than zero")),
        1..=PRICE_MINOR_MAX => Ok(amount),
        _ => Err(Error::invalid("price", "is too large")),
    }
}

/// Months.
pub(crate) fn period(months: u64) -> Result<u64, Error> {
    match months {
        1..=PERIOD_MONTHS_MAX => Ok(months),
        _ => Err(Error::invalid(
            "period",
            format!("must be 1 to {PERIOD_MONTHS_MAX} months"),
        )),
    }
}

/// With two decimal places, or more where the currency has more.
pub(crate) fn price_text(amount: &Amount) -> String {
    let text = amount.to_string();
    if amount.exponent == 0 {
        format!("{text}.00")
    } else {
        text
    }
}

/// Without zeros that say nothing: `100`, `99.5`.
pub(crate) fn price_number(amount: &Amount) -> Number {
    let text = amount.to_string();
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    Number::from_string_unchecked(short.to_owned())
}

/// `YYYY-MM-DD HH:MM:SS` in UTC.
pub(crate) fn time(millis: u64) -> String {
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis)).to_string();
    text.trim_end_matches('Z').replace('T', " ")
}

/// Trimmed, and none where it is empty.
pub(crate) fn note<const MAX: usize>(note: Note<MAX>) -> Option<String> {
    note.map(mooring_sdk::extract::Text::into_string)
        .filter(|text| !text.is_empty())
}

/// One line for the payment page: control characters become spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// An address that mail can go to. The primitive asks for the same; here it is asked before anything is looked up.
pub(crate) fn email(field: &str, text: &str) -> Result<String, Error> {
    let options = Options::default().without_display_text().without_domain_literal();
    if EmailAddress::parse_with_options(text, options).is_err() {
        return Err(Error::invalid(field, "is not an e-mail address"));
    }
    Ok(text.to_owned())
}

/// An address that a payer can be sent to. The primitive looks at it more closely.
pub(crate) fn web_address(field: &str, url: &str) -> Result<(), Error> {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| {
            url.get(..scheme.len())
                .filter(|start| start.eq_ignore_ascii_case(scheme))
        })
        .map(|start| &url[start.len()..]);
    let named = host.is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '?', '#']));
    if named
        && !url
            .chars()
            .any(|character| character.is_whitespace() || character.is_control())
    {
        return Ok(());
    }
    Err(Error::invalid(field, "must be an absolute http or https address"))
}

/// Where a payer goes: the payment's own address, with the uuid where the marker stands; else the reseller's, with the uuid
/// where the marker stands or behind it.
pub(crate) fn redirect(
    own: Option<&str>,
    setting: &str,
    uuid: &str,
) -> Result<Option<String>, SettingsError> {
    if let Some(own) = own {
        return Ok(Some(own.replace(MARKER, uuid)));
    }
    let Some(configured) = settings::get(setting)? else {
        return Ok(None);
    };
    if configured.contains(MARKER) {
        return Ok(Some(configured.replace(MARKER, uuid)));
    }
    let mark = match configured.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    Ok(Some(format!("{configured}{mark}ppuuid={uuid}")))
}

/// In the provider's spelling. Gateways name the brand of a card in small letters, the provider as a name: `Visa`.
pub(crate) fn card(facts: Facts) -> Card {
    Card {
        ip_address: facts.ip_address,
        ip_country: facts.ip_country,
        first_six: facts.card_first_six,
        last_four: facts.card_last_four,
        expiry: facts.card_expiry,
        kind: facts.card_type.map(|brand| capitalised(&brand)),
        category: facts.card_category,
        product: facts.card_product,
        issuer: facts.issuer,
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_written_twice() {
        for (text, currency, shown, number) in [
            ("290", "USD", "290.00", "290"),
            ("99.50", "USD", "99.50", "99.5"),
            ("0.05", "USD", "0.05", "0.05"),
            ("100", "JPY", "100.00", "100"),
            ("1.234", "KWD", "1.234", "1.234"),
        ] {
            let amount = Amount::parse_decimal(text, currency).unwrap();
            assert_eq!(price_text(&amount), shown);
            assert_eq!(price_number(&amount).to_string(), number);
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(time(1_692_260_575_999), "2023-08-17 08:22:55");
        assert_eq!(time(0), "1970-01-01 00:00:00");
    }

    #[test]
    fn only_the_web_is_an_address() {
        for good in [
            "https://a.example",
            "HTTP://a.example/x?{UUID}",
            "http://127.0.0.1:9/x",
        ] {
            assert_eq!(web_address("u", good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "//a.example",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "http://?x",
            "https://a.example/x y",
            "https://a.example/\n",
            "ftp://a.example",
            "é",
        ] {
            assert!(web_address("u", bad).is_err(), "{bad}");
        }
    }
}
