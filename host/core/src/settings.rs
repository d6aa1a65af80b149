//! What the operator has set for one plugin and tenant, checked against what the manifest declares.
//!
//! The declarations are handed in with every call: which version of a plugin is asking decides what a setting is. A value
//! whose setting is no longer declared stays where it is and is seen by nobody.

use mooring_manifest::{Setting, SettingKind};
use mooring_store::{KeySpace, StoreError};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::check::{self, InvalidField, chars};
use crate::ids::{PluginName, TenantId};
use crate::layout;
use crate::seal::{MasterKeys, SealError, Sealed};
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::work::{HostWork, Work};

/// Longest value of a text or secret, in characters.
const VALUE_CHARS_MAX: usize = 4000;

/// Characters of a reason that are told: a list of all that is allowed may be long.
const REASON_CHARS_MAX: usize = 300;

/// Why a setting was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// The manifest declares no setting of this name.
    #[error("the plugin declares no setting {0}")]
    Undeclared(String),
    /// The setting is a secret, which nobody reads.
    #[error("the setting {0} is a secret")]
    Secret(String),
    /// The value is not of the setting's kind.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The secret could not be sealed or opened.
    #[error("the secret could not be sealed or opened")]
    Seal(#[from] SealError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A setting as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingView {
    /// As declared.
    pub name: String,
    /// As declared.
    pub kind: SettingKind,
    /// As declared.
    pub summary: String,
    /// The value in force; never that of a secret.
    pub value: Option<String>,
    /// When the operator set it; absent where the default or nothing is in force.
    pub set_at: Option<Timestamp>,
}

/// A value as stored.
#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
    set_at: Timestamp,
}

/// The operator's value, or the manifest's default, or nothing.
pub fn get(work: &mut Work, declared: &[Setting], name: &str) -> Result<Option<String>, SettingError> {
    let (tenant, plugin) = (work.tenant().clone(), work.plugin().clone());
    value_of(work, &tenant, &plugin, declared, name)
}

/// As [`get`], for the host's own use, which is not bound to one tenant and plugin.
pub fn value_of(
    work: &mut HostWork,
    tenant: &TenantRef,
    plugin: &PluginName,
    declared: &[Setting],
    name: &str,
) -> Result<Option<String>, SettingError> {
    let setting = find(declared, name)?;
    if setting.kind == SettingKind::Secret {
        return Err(SettingError::Secret(name.to_owned()));
    }
    let row = row_of(work, tenant.id, plugin, name)?;
    Ok(row.and_then(|row| row.value).or_else(|| setting.default.clone()))
}

/// Whether the operator has given a value, or the manifest a default. Works for secrets.
pub fn is_set(work: &mut Work, declared: &[Setting], name: &str) -> Result<bool, SettingError> {
    let setting = find(declared, name)?;
    let default = setting.kind != SettingKind::Secret && setting.default.is_some();
    Ok(default || row(work, name)?.is_some())
}

/// Sets a value, sealing it if it is a secret. Repeating it is safe.
pub fn set(
    work: &mut Work,
    declared: &[Setting],
    keys: &MasterKeys,
    name: &str,
    value: &str,
) -> Result<(), SettingError> {
    let setting = find(declared, name)?;
    check_value(setting, value)?;
    let set_at = work.now();
    let row = if setting.kind == SettingKind::Secret {
        let sealed = keys.seal(&place(work, name).each_ref().map(String::as_str), value)?;
        Row {
            value: None,
            sealed: Some(sealed),
            set_at,
        }
    } else {
        Row {
            value: Some(value.to_owned()),
            sealed: None,
            set_at,
        }
    };
    let key = key(work, name);
    Ok(layout::put_json(&mut work.transaction, key, &row)?)
}

/// Goes back to the default. Repeating it is safe.
pub fn unset(work: &mut Work, declared: &[Setting], name: &str) -> Result<(), SettingError> {
    find(declared, name)?;
    let key = key(work, name);
    Ok(work.transaction.delete(key)?)
}

/// All declared settings, in the manifest's order.
pub fn list(work: &mut Work, declared: &[Setting]) -> Result<Vec<SettingView>, SettingError> {
    let mut views = Vec::with_capacity(declared.len());
    for setting in declared {
        let row = row(work, &setting.name)?;
        let set_at = row.as_ref().map(|row| row.set_at);
        let value = match setting.kind {
            SettingKind::Secret => None,
            _ => row.and_then(|row| row.value).or_else(|| setting.default.clone()),
        };
        let Setting {
            name, kind, summary, ..
        } = setting.clone();
        views.push(SettingView {
            name,
            kind,
            summary,
            value,
            set_at,
        });
    }
    Ok(views)
}

/// A secret in the clear. For the host's own use, when it adds credentials to a call; never for a plugin.
pub fn reveal_secret(
    work: &mut Work,
    declared: &[Setting],
    keys: &MasterKeys,
    name: &str,
) -> Result<Option<String>, SettingError> {
    let (tenant, plugin) = (work.tenant().clone(), work.plugin().clone());
    secret_of(work, &tenant, &plugin, declared, keys, name)
}

/// As [`reveal_secret`], for host work that is not bound to one tenant and plugin.
pub fn secret_of(
    work: &mut HostWork,
    tenant: &TenantRef,
    plugin: &PluginName,
    declared: &[Setting],
    keys: &MasterKeys,
    name: &str,
) -> Result<Option<String>, SettingError> {
    let setting = find(declared, name)?;
    if setting.kind != SettingKind::Secret {
        return Err(InvalidField::new(name, "is not a secret").into());
    }
    match row_of(work, tenant.id, plugin, name)?.and_then(|row| row.sealed) {
        Some(sealed) => {
            let place = place_of(tenant.id, plugin, name);
            Ok(Some(keys.open(&place.each_ref().map(String::as_str), &sealed)?))
        }
        None => Ok(None),
    }
}

/// Whether a value is of a setting's kind and fits its schema. Also for checking the defaults of a manifest.
pub fn check_value(setting: &Setting, value: &str) -> Result<(), InvalidField> {
    check_kind(setting, value)?;
    let Some(schema) = &setting.schema else {
        return Ok(());
    };
    jsonschema::draft202012::validate(schema, &as_json(setting.kind, value)).map_err(|error| {
        let reason: String = error.to_string().chars().take(REASON_CHARS_MAX).collect();
        InvalidField::new(&setting.name, reason)
    })
}

/// The value as a setting's schema sees it.
fn as_json(kind: SettingKind, value: &str) -> serde_json::Value {
    let plain = match kind {
        SettingKind::Integer => value.parse::<i64>().ok().map(Into::into),
        // JSON has no zeros in front of a number.
        SettingKind::Decimal => {
            let (minus, digits) = value
                .strip_prefix('-')
                .map_or(("", value), |digits| ("-", digits));
            let digits = digits.trim_start_matches('0');
            let zero = if digits.starts_with(|c: char| c.is_ascii_digit()) {
                ""
            } else {
                "0"
            };
            serde_json::from_str(&format!("{minus}{zero}{digits}")).ok()
        }
        SettingKind::Boolean => Some((value == "true").into()),
        SettingKind::Text | SettingKind::Url | SettingKind::Secret => None,
    };
    plain.unwrap_or_else(|| value.into())
}

fn check_kind(setting: &Setting, value: &str) -> Result<(), InvalidField> {
    let name = setting.name.as_str();
    let refuse = |reason: &str| Err(InvalidField::new(name, reason));
    match setting.kind {
        SettingKind::Text => check::length(name, value, chars(0, VALUE_CHARS_MAX)),
        SettingKind::Secret => check::length(name, value, chars(1, VALUE_CHARS_MAX)),
        SettingKind::Integer if value.parse::<i64>().is_err() => refuse("must be a 64-bit signed integer"),
        SettingKind::Decimal if !is_decimal(value) => refuse("must be a decimal number"),
        SettingKind::Boolean if value != "true" && value != "false" => refuse("must be true or false"),
        SettingKind::Url if !is_plain_url(value) => {
            refuse("must be an absolute http or https URL without user-info or fragment")
        }
        SettingKind::Integer | SettingKind::Decimal | SettingKind::Boolean | SettingKind::Url => Ok(()),
    }
}

/// Digits, with a point between them if need be, and perhaps a minus in front; 40 characters at most.
fn is_decimal(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    value.len() <= 40 && digits(whole) && digits(fraction)
}

/// Whether it is an absolute `http` or `https` URL without user-info or fragment.
pub(crate) fn is_plain_url(value: &str) -> bool {
    value.len() <= 2000
        && Url::parse(value).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        })
}

fn find<'d>(declared: &'d [Setting], name: &str) -> Result<&'d Setting, SettingError> {
    let setting = declared.iter().find(|setting| setting.name == name);
    setting.ok_or_else(|| SettingError::Undeclared(name.chars().take(100).collect()))
}

fn row(work: &mut Work, name: &str) -> Result<Option<Row>, StoreError> {
    let (tenant, plugin) = (work.tenant().id, work.plugin().clone());
    row_of(work, tenant, &plugin, name)
}

fn row_of(
    work: &mut HostWork,
    tenant: TenantId,
    plugin: &PluginName,
    name: &str,
) -> Result<Option<Row>, StoreError> {
    layout::get_json(&mut work.transaction, &key_of(tenant, plugin, name))
}

fn key(work: &Work, name: &str) -> Vec<u8> {
    key_of(work.tenant().id, work.plugin(), name)
}

fn key_of(tenant: TenantId, plugin: &PluginName, name: &str) -> Vec<u8> {
    layout::tenant_key(layout::SETTINGS, tenant)
        .string(plugin.as_str())
        .string(name)
        .build()
}

/// Where a secret belongs: what its envelope is bound to.
fn place(work: &Work, name: &str) -> [String; 3] {
    place_of(work.tenant().id, work.plugin(), name)
}

fn place_of(tenant: TenantId, plugin: &PluginName, name: &str) -> [String; 3] {
    [tenant.to_string(), plugin.to_string(), name.to_owned()]
}

#[cfg(test)]
mod tests;
