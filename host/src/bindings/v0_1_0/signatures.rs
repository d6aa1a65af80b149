//! `signatures`

use mooring_core::settings;
use ring::hmac;

use super::gateway_wit::mooring::plugin::signatures::{Algorithm, Host, SignatureError};
use super::internal;
use crate::bindings::{Denial, Desk};

impl Host for Desk {
    fn verify(
        &mut self,
        setting: String,
        algorithm: Algorithm,
        message: Vec<u8>,
        candidates: Vec<Vec<u8>>,
    ) -> Result<bool, SignatureError> {
        let (manifest, office) = (self.facts.manifest.clone(), self.office.clone());
        let work = self.read()?;
        let secret = settings::reveal_secret(work, &manifest.settings, &office.secrets, &setting)?
            .ok_or(SignatureError::NotConfigured(setting))?;
        let key = hmac::Key::new(algorithm.into(), secret.as_bytes());
        // In constant time, each.
        Ok(candidates
            .iter()
            .any(|candidate| hmac::verify(&key, &message, candidate).is_ok()))
    }
}

impl From<Algorithm> for hmac::Algorithm {
    fn from(algorithm: Algorithm) -> hmac::Algorithm {
        match algorithm {
            Algorithm::HmacSha256 => hmac::HMAC_SHA256,
            Algorithm::HmacSha512 => hmac::HMAC_SHA512,
            Algorithm::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        }
    }
}

impl From<Denial> for SignatureError {
    fn from(denial: Denial) -> SignatureError {
        SignatureError::Denied(denial.into())
    }
}

impl From<settings::SettingError> for SignatureError {
    fn from(error: settings::SettingError) -> SignatureError {
        match error {
            settings::SettingError::Undeclared(name) => SignatureError::Undeclared(name),
            // The setting is not a secret one.
            settings::SettingError::Invalid(invalid) => SignatureError::Undeclared(invalid.field),
            settings::SettingError::Store(error) => SignatureError::Internal(internal(&error)),
            other @ (settings::SettingError::Secret(_) | settings::SettingError::Seal(_)) => {
                tracing::error!(error = %other, "a secret cannot be opened");
                SignatureError::Internal("the secret cannot be opened".to_owned())
            }
        }
    }
}
