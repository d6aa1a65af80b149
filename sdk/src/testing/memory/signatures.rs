//! Signatures, checked with the secrets that the test has set.

use hmac::digest::common::KeyInit;
use hmac::{Hmac, Mac};
use mooring_manifest::SettingKind;

use super::Memory;
use crate::signatures::{Algorithm, SignatureError};

impl Memory {
    pub(super) fn verify(
        &self,
        setting: &str,
        algorithm: Algorithm,
        message: &[u8],
        candidates: &[Vec<u8>],
    ) -> Result<bool, SignatureError> {
        let declared = self
            .manifest
            .settings
            .iter()
            .find(|declared| declared.name == setting);
        if declared.is_none_or(|declared| declared.kind != SettingKind::Secret) {
            return Err(SignatureError::Undeclared(setting.to_owned()));
        }
        let secret = self
            .settings
            .get(setting)
            .ok_or_else(|| SignatureError::NotConfigured(setting.to_owned()))?;
        let secrets = [Some(secret), self.predecessors.get(setting)];
        Ok(secrets.into_iter().flatten().any(|secret| {
            let mut candidates = candidates.iter();
            candidates.any(|candidate| is_code(secret.as_bytes(), algorithm, message, candidate))
        }))
    }
}

fn is_code(secret: &[u8], algorithm: Algorithm, message: &[u8], code: &[u8]) -> bool {
    fn check<M: Mac + KeyInit>(secret: &[u8], message: &[u8], code: &[u8]) -> bool {
        let mut mac = <M as KeyInit>::new_from_slice(secret).expect("a key of HMAC has any length");
        mac.update(message);
        mac.verify_slice(code).is_ok()
    }
    match algorithm {
        Algorithm::HmacSha256 => check::<Hmac<sha2::Sha256>>(secret, message, code),
        Algorithm::HmacSha512 => check::<Hmac<sha2::Sha512>>(secret, message, code),
        Algorithm::HmacSha1 => check::<Hmac<sha1::Sha1>>(secret, message, code),
    }
}
