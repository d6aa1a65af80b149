//! `settings`

use mooring_core::settings as core;

use super::internal;
use super::wit::mooring::plugin::settings::{Host, SettingsError};
use crate::bindings::{Denial, Desk};

impl Host for Desk {
    fn get(&mut self, name: String) -> Result<Option<String>, SettingsError> {
        let manifest = self.facts.manifest.clone();
        Ok(core::get(self.read()?, &manifest.settings, &name)?)
    }

    fn is_set(&mut self, name: String) -> Result<bool, SettingsError> {
        let manifest = self.facts.manifest.clone();
        Ok(core::is_set(self.read()?, &manifest.settings, &name)?)
    }
}

impl From<Denial> for SettingsError {
    fn from(denial: Denial) -> SettingsError {
        SettingsError::Denied(denial.into())
    }
}

impl From<core::SettingError> for SettingsError {
    fn from(error: core::SettingError) -> SettingsError {
        match error {
            core::SettingError::Undeclared(name) => SettingsError::Undeclared(name),
            core::SettingError::Secret(name) => SettingsError::Secret(name),
            core::SettingError::Store(error) => SettingsError::Internal(internal(&error)),
            // Neither checked nor opened when a setting is only read.
            other @ (core::SettingError::Invalid(_) | core::SettingError::Seal(_)) => {
                SettingsError::Internal(other.to_string())
            }
        }
    }
}
