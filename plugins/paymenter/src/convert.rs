//! Callers' values to primitives and back.

use std::collections::BTreeMap;

use mooring_sdk::money::Decimal;
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

/// A single invoice above this is a mistake: 999,999,999.99 in a currency with cents.
const AMOUNT_MINOR_MAX: i64 = 99_999_999_999;

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

/// Exact money of a field, zero or more.
pub(crate) fn amount(decimal: &Decimal, field: &str, currency: &str) -> Result<Amount, Error> {
    let amount = decimal
        .not_negative(currency)
        .map_err(|error| Error::invalid(field, error.to_string()))?;
    if amount.minor > AMOUNT_MINOR_MAX {
        return Err(Error::invalid(field, "is too large"));
    }
    Ok(amount)
}

/// The currency of reported invoices.
pub(crate) fn currency() -> Result<String, Problem> {
    Ok(settings::get(CURRENCY)?.unwrap_or_else(|| "USD".to_owned()))
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
