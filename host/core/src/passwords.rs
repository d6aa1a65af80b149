//! Argon2id, and nothing else that could be a password.
//!
//! 19 MiB, two passes, one lane: the first choice of the OWASP cheat sheet, and what fits beside a few concurrent
//! requests on a small machine. A hash names its parameters, so they can be raised later without touching old ones.

use std::sync::LazyLock;

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

/// A hash in PHC form: `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PasswordHash(String);

impl PasswordHash {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// What a password is compared with where there is none, so that it takes the same time.
pub(crate) static NOBODY: LazyLock<PasswordHash> = LazyLock::new(|| hash("nobody's password", [0; 16]));

pub(crate) fn hash(password: &str, salt: [u8; 16]) -> PasswordHash {
    let hash: phc::PasswordHash = argon2id()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("the parameters are constants, a password is never too long, and the salt has 16 bytes");
    PasswordHash(hash.to_string())
}

pub(crate) fn verify(hash: &PasswordHash, password: &str) -> bool {
    phc::PasswordHash::new(hash.as_str())
        .is_ok_and(|hash| argon2id().verify_password(password.as_bytes(), &hash).is_ok())
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("the parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash("correct horse", [7; 16]);
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&hash, "correct horse"));
        assert!(!verify(&hash, "correct house"));
        assert!(!verify(&PasswordHash(String::from("plain")), "plain"));
    }
}
