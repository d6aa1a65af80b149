//! Secrets that have to be had back, encrypted at rest.
//!
//! XChaCha20-Poly1305 under a master key that lives outside the database. The associated data is where the secret belongs
//! (tenant, plugin, name), so a sealed value that is moved to another row does not open there. Every envelope names its
//! key, so that a new master key can be introduced while old envelopes still open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use mooring_store::{KeyBuilder, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::layout;
use crate::work::HostWork;

const NONCE_BYTES: usize = 24;

/// The master keys: the one that seals, and older ones that may still open.
pub struct MasterKeys {
    current: MasterKey,
    older: Vec<MasterKey>,
}

struct MasterKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// A secret at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Which master key opens it.
    key: String,
    /// Hex.
    nonce: String,
    /// Hex, authentication tag included.
    ciphertext: String,
}

/// Why a secret was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Sealed under a master key that is not among the ones given. Give the older key to the host again.
    #[error("sealed under the master key {0}, which this host does not have")]
    UnknownKey(String),
    /// Changed, cut off, or moved from another place.
    #[error("the sealed value is damaged or does not belong here")]
    Damaged,
    /// The operating system has no randomness to give.
    #[error("there is no randomness")]
    Random(#[source] getrandom::Error),
}

/// Why a store does not take a master key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Another key has sealed what is in it.
    #[error("the store's secrets are sealed under the master key {tied}, which is another one")]
    Other {
        /// Id of the store's.
        tied: String,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl MasterKeys {
    /// Seals under `current`; opens what was sealed under any of them.
    pub fn new(current: [u8; 32], older: impl IntoIterator<Item = [u8; 32]>) -> MasterKeys {
        MasterKeys {
            current: MasterKey::new(current),
            older: older.into_iter().map(MasterKey::new).collect(),
        }
    }

    /// A new master key, for the operator to keep.
    pub fn generate() -> Result<[u8; 32], SealError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(SealError::Random)?;
        Ok(key)
    }

    /// The id of the key that seals. Says nothing about the key itself.
    pub fn current_id(&self) -> &str {
        &self.current.id
    }

    /// Ties the store to the key that seals, once; from then on [`KeyError::Other`] for another one, because what the right key
    /// has sealed would not open and what a wrong one seals would be lost with it. Repeating it is safe.
    pub fn tie(&self, work: &mut HostWork) -> Result<(), KeyError> {
        let row = KeyBuilder::new(layout::MASTER_KEY).build();
        match layout::get_json::<String>(&mut work.transaction, &row)? {
            None => layout::put_json(&mut work.transaction, row, &self.current.id)?,
            Some(tied) if tied == self.current.id => {}
            Some(tied) => return Err(KeyError::Other { tied }),
        }
        Ok(())
    }

    /// Encrypts a secret for one place.
    pub fn seal(&self, place: &[&str], secret: &str) -> Result<Sealed, SealError> {
        // From the operating system, not from the work's own generator: a nonce must not repeat, not even when a request
        // is replayed with the draws of an earlier one.
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(SealError::Random)?;
        let aad = associated_data(place);
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: &aad,
        };
        let encrypted = self.current.cipher.encrypt(&XNonce::from(nonce), payload);
        let ciphertext = encrypted.expect("only a message of 256 GiB cannot be encrypted");
        Ok(Sealed {
            key: self.current.id.clone(),
            nonce: hex::encode(nonce),
            ciphertext: hex::encode(ciphertext),
        })
    }

    /// Decrypts a secret in its place.
    pub fn open(&self, place: &[&str], sealed: &Sealed) -> Result<String, SealError> {
        let key = std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.id == sealed.key)
            .ok_or_else(|| SealError::UnknownKey(sealed.key.clone()))?;
        let mut nonce = [0; NONCE_BYTES];
        hex::decode_to_slice(&sealed.nonce, &mut nonce).map_err(|_| SealError::Damaged)?;
        let message = hex::decode(&sealed.ciphertext).map_err(|_| SealError::Damaged)?;
        let aad = associated_data(place);
        let payload = Payload {
            msg: message.as_slice(),
            aad: &aad,
        };
        let opened = key
            .cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Damaged)?;
        String::from_utf8(opened).map_err(|_| SealError::Damaged)
    }
}

impl std::fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MasterKeys")
            .field("current", &self.current.id)
            .finish_non_exhaustive()
    }
}

impl MasterKey {
    fn new(key: [u8; 32]) -> MasterKey {
        let mut hasher = Sha256::new();
        hasher.update(b"mooring master key id\0");
        hasher.update(key);
        let id = hex::encode(&hasher.finalize()[..8]);
        MasterKey {
            id,
            cipher: XChaCha20Poly1305::new(&Key::from(key)),
        }
    }
}

/// Parts with their lengths, so that no two places have the same bytes.
fn associated_data(place: &[&str]) -> Vec<u8> {
    let mut data = Vec::new();
    for part in place {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part.as_bytes());
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn a_secret_opens_in_its_own_place_only() {
        let keys = MasterKeys::new([1; 32], []);
        let sealed = keys.seal(&["1", "paymenter", "token"], "s3cret").unwrap();
        assert_eq!(
            keys.open(&["1", "paymenter", "token"], &sealed).unwrap(),
            "s3cret"
        );
        for place in [
            &["2", "paymenter", "token"][..],
            &["1", "paymenter"],
            &["1p", "aymenter", "token"],
        ] {
            assert!(
                matches!(keys.open(place, &sealed), Err(SealError::Damaged)),
                "{place:?}"
            );
        }
    }

    #[test]
    fn a_changed_envelope_does_not_open() {
        let keys = MasterKeys::new([1; 32], []);
        let sealed = keys.seal(&["a"], "s3cret").unwrap();
        let cut = Sealed {
            ciphertext: sealed.ciphertext[2..].to_owned(),
            ..sealed.clone()
        };
        let no_hex = Sealed {
            nonce: String::from("zz"),
            ..sealed.clone()
        };
        let other = Sealed {
            nonce: keys.seal(&["a"], "s3cret").unwrap().nonce,
            ..sealed
        };
        for envelope in [cut, no_hex, other] {
            assert!(matches!(keys.open(&["a"], &envelope), Err(SealError::Damaged)));
        }
    }

    #[test]
    fn an_older_key_still_opens() {
        let sealed = MasterKeys::new([1; 32], []).seal(&["a"], "s3cret").unwrap();
        let rotated = MasterKeys::new([2; 32], [[1; 32]]);
        assert_eq!(rotated.open(&["a"], &sealed).unwrap(), "s3cret");
        let forgotten = MasterKeys::new([2; 32], []);
        assert!(matches!(
            forgotten.open(&["a"], &sealed),
            Err(SealError::UnknownKey(_))
        ));
        assert!(!format!("{rotated:?}").contains("older"));
    }

    #[test]
    fn a_store_stays_with_its_key() {
        let world = World::new();
        let tie = |key: u8| world.host_run(|host| MasterKeys::new([key; 32], []).tie(host));
        tie(1).unwrap();
        tie(1).unwrap();
        assert!(matches!(tie(2), Err(KeyError::Other { .. })));
        tie(1).unwrap();
    }
}
