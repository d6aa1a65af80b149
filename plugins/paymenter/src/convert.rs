//! Callers' values to primitives and back.

use std::collections::BTreeMap;

use mooring_sdk::money::{self, Decimal};
use mooring_sdk::prelude::*;
use mooring_sdk::services::{Service, Status};
use mooring_sdk::{context, log, settings};

use crate::error::Error;
use crate::model;
use crate::provisioning::Machine;

/// Setting: currency of reported invoices.
pub(crate) const CURRENCY: &str = "currency";
/// Setting: names of packages.
pub(crate) const PACKAGE_NAMES: &str = "package_names";

/// A single invoice of a thousand million is a mistake. Currencies without cents may have two digits more, for theirs are
/// small.
const AMOUNT_WHOLE_MAX: i128 = 1_000_000_000;

/// Who a key acts for, in the names of accounts and dedupe keys: its user, or the tenant itself.
pub(crate) fn owner(principal: &Principal) -> String {
    principal
        .user
        .map_or_else(|| "tenant".to_owned(), |user| user.to_string())
}

/// The ledger account that holds an owner's credits.
pub(crate) fn credits_account(owner: &str) -> String {
    format!("paymenter:credits:{owner}")
}

/// The ledger account that holds credits which an operator has frozen.
pub(crate) fn frozen_account(owner: &str) -> String {
    format!("paymenter:frozen:{owner}")
}

/// Money of a field, zero or more. Paymenter adds an invoice's items up in floating point, so what that leaves behind the
/// last place is taken off; an amount that really is more precise is refused.
pub(crate) fn amount(decimal: &Decimal, field: &str, currency: &str) -> Result<Amount, Error> {
    let amount = decimal
        .not_negative_sum(currency)
        .map_err(|error| Error::invalid(field, error.to_string()))?;
    let places = u32::from(amount.exponent.max(2));
    if i128::from(amount.minor) >= AMOUNT_WHOLE_MAX * 10_i128.pow(places) {
        return Err(Error::invalid(field, "is too large"));
    }
    Ok(amount)
}

/// The currency of reported invoices. One that does not exist is the operator's mistake, not the caller's.
pub(crate) fn currency() -> Result<String, Problem> {
    let code = settings::get(CURRENCY)?.unwrap_or_else(|| "USD".to_owned());
    let code = code.trim().to_ascii_uppercase();
    match money::exponent(&code) {
        Some(_) => Ok(code),
        None => Err(Problem::Internal(format!(
            "the setting `{CURRENCY}` is `{code}`, which is no currency"
        ))),
    }
}

/// An e-mail address of a report, in lower case. It need not be a user's, but it must be fit to be one.
pub(crate) fn email(email: &str, field: &str) -> Result<String, Error> {
    let is_address = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if is_address && !email.contains(|c: char| c.is_control() || c.is_whitespace()) {
        Ok(email.to_lowercase())
    } else {
        Err(Error::invalid(field, "is not an e-mail address"))
    }
}

/// 8 to 200 characters.
pub(crate) fn password(password: String) -> Result<String, Error> {
    match password.chars().count() {
        0..8 => Err(Error::invalid("password", "is shorter than 8 characters")),
        8..=200 => Ok(password),
        _ => Err(Error::invalid("password", "is longer than 200 characters")),
    }
}

/// A password for a customer who sent none: 80 random bits in 16 characters that are hard to confuse.
pub(crate) fn temporary_password() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let bits = context::random(10)
        .into_iter()
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(byte));
    (0..16)
        .map(|place| char::from(ALPHABET[(bits >> (place * 5) & 31) as usize]))
        .collect()
}

/// A host name by RFC 1123; absent, null and empty mean none.
pub(crate) fn hostname(hostname: Option<model::HostName>) -> Result<String, Error> {
    let hostname = hostname.map(model::HostName::into_string).unwrap_or_default();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if hostname.is_empty() || hostname.split('.').all(is_label) {
        Ok(hostname)
    } else {
        Err(Error::invalid("hostname", "is not a host name"))
    }
}

/// The panel's word for where a service is.
pub(crate) fn status(service: &Service, machine: &Machine) -> &'static str {
    match service.status {
        Status::Terminated => "terminated",
        Status::Suspended => "suspended",
        Status::Active => "active",
        Status::Pending if machine.error.is_some() => "failed",
        Status::Pending => "building",
    }
}

/// A service as the panel shows it.
pub(crate) fn service(service: &Service, machine: &Machine, names: &PackageNames) -> model::Service {
    model::Service {
        id: service.id.clone(),
        hostname: (!service.label.is_empty()).then(|| service.label.clone()),
        status: status(service, machine),
        pkg_id: (machine.package_id > 0).then_some(machine.package_id),
        pkg_name: names.0.get(&machine.package_id.to_string()).cloned(),
        expires_at: None,
        vf_id: machine.server,
        driver: machine.driver.as_str(),
    }
}

/// What packages are called, by their ids.
pub(crate) struct PackageNames(BTreeMap<String, String>);

impl PackageNames {
    /// From the operator's setting; names that cannot be read are left out, and the operator is told.
    pub(crate) fn load() -> Result<PackageNames, Problem> {
        let Some(text) = settings::get(PACKAGE_NAMES)?.filter(|text| !text.is_empty()) else {
            return Ok(PackageNames(BTreeMap::new()));
        };
        let names = serde_json::from_str(&text).unwrap_or_else(|error| {
            log::warn(&format!(
                "the setting `{PACKAGE_NAMES}` is not a JSON object of texts: {error}"
            ));
            BTreeMap::new()
        });
        Ok(PackageNames(names))
    }
}
