//! Secrets of keys whose requests are signed.
//!
//! Such a key is no proof by itself: it says whose secret the signature was made with. So the secret has to be had back, and
//! is sealed in the key's row instead of hashed.

use rand::Rng;

use super::mint::SECRET_CHARS;
use super::{Key, KeyError, get};
use crate::ids::{self, KeyId};
use crate::seal::{MasterKeys, SealError, Sealed};
use crate::work::HostWork;

/// What signing secrets begin with, so that people tell them from keys.
const PREFIX: &str = "sk_";

/// The secret that a key's requests are signed with; nothing for a key of a surface that does not sign. For the host's own
/// use, when it checks a signature.
pub fn signing_secret(
    work: &mut HostWork,
    master: &MasterKeys,
    id: &KeyId,
) -> Result<Option<String>, KeyError> {
    let key = get(work, id)?;
    let opened = key.signing.as_ref().map(|sealed| open(master, &key, sealed));
    Ok(opened.transpose()?)
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

fn open(master: &MasterKeys, key: &Key, sealed: &Sealed) -> Result<String, SealError> {
    master.open(&place(&key.id), sealed)
}

fn place(id: &KeyId) -> [&str; 2] {
    ["key", id.as_str()]
}
