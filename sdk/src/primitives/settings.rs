//! What the operator has set for this plugin and tenant. Secrets cannot be read: the host uses them, in
//! [`crate::outbound`].

use crate::problem::{Denial, Problem};

/// Why a setting cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// The manifest declares no setting of this name.
    Undeclared(String),
    /// The setting is a secret; ask [`is_set`] instead.
    Secret(String),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// The value, or the manifest's default, or nothing.
pub fn get(name: &str) -> Result<Option<String>, SettingsError> {
    host!(setting(name))
}

/// Whether the operator has given a value (or the manifest a default). Works for secrets.
pub fn is_set(name: &str) -> Result<bool, SettingsError> {
    host!(setting_is_set(name))
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Problem {
        match error {
            SettingsError::Undeclared(name) => Problem::Internal(format!("setting `{name}` is not declared")),
            SettingsError::Secret(name) => Problem::Internal(format!("setting `{name}` is a secret")),
            SettingsError::Denied(denial) => Problem::Denied(denial),
            SettingsError::Internal(why) => Problem::Internal(why),
        }
    }
}
