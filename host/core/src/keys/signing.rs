//! Secrets of keys whose requests are signed.
//!
//! Such a key is no proof by itself: it says whose secret the signature was made with. So the secret has to be had back, and
//! is sealed in the key's row instead of hashed.

use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::Sha256;

use super::mint::SECRET_CHARS;
use super::{KeyError, get};
use crate::ids::{self, KeyId};
use crate::seal::{MasterKeys, SealError, Sealed};
use crate::work::HostWork;

/// What signing secrets begin with, so that people tell them from keys.
const PREFIX: &str = "sk_";

/// Whether a message was signed (HMAC-SHA256) with the secret of a key. Never for a key that was made while its surface did not
/// sign: it has none. Compares in constant time.
pub fn is_signed_by(
    work: &mut HostWork,
    master: &MasterKeys,
    id: &KeyId,
    message: &[u8],
    code: &[u8],
) -> Result<bool, KeyError> {
    let key = get(work, id)?;
    let Some(sealed) = &key.signing else {
        return Ok(false);
    };
    let secret = master.open(&place(&key.id), sealed)?;
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length will do");
    Ok(mac.chain_update(message).verify_slice(code).is_ok())
}

/// Draws a secret for a key, and seals it.
pub(super) fn draw(
    rng: &mut impl Rng,
    master: &MasterKeys,
    id: &KeyId,
) -> Result<(String, Sealed), SealError> {
    let secret = format!("{PREFIX}{}", ids::draw_base62(rng, SECRET_CHARS));
    let sealed = master.seal(&place(id), &secret)?;
    Ok((secret, sealed))
}

fn place(id: &KeyId) -> [&str; 2] {
    ["key", id.as_str()]
}
