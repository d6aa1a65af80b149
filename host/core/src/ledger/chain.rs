//! What a posting is hashed to, and how one hash leads to the next.

use sha2::{Digest, Sha256};

use super::rows::PostingRow;
use super::{Direction, Entry};
use crate::json::{Json, digest_canonical, digest_text};

/// The chain before the first posting.
const GENESIS: [u8; 32] = [0; 32];

/// Says whether two requests with one key ask for the same: a digest of everything that a caller chooses. Spelling of the
/// metadata (white space, order of keys) makes no difference.
pub(super) fn fingerprint(description: &str, entries: &[Entry], metadata: &Json) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"mooring posting v1\0");
    digest_text(description, &mut hasher);
    hasher.update((entries.len() as u64).to_be_bytes());
    for entry in entries {
        digest_text(&entry.account, &mut hasher);
        hasher.update(match entry.direction {
            Direction::Debit => b"d",
            Direction::Credit => b"c",
        });
        hasher.update(entry.amount.minor.to_be_bytes());
        digest_text(entry.amount.currency.code(), &mut hasher);
        hasher.update([entry.amount.currency.exponent()]);
    }
    digest_canonical(&metadata.value(), &mut hasher);
    hasher.finalize().into()
}

/// A digest of a whole row, byte for byte.
pub(super) fn content(row: &PostingRow) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"mooring journal v1\0");
    hasher.update(fingerprint(&row.description, &row.entries, &row.metadata));
    digest_text(row.id.as_str(), &mut hasher);
    digest_text(&row.idempotency_key, &mut hasher);
    digest_text(row.metadata.as_str(), &mut hasher);
    hasher.update(row.created_at.millis().to_be_bytes());
    hasher.finalize().into()
}

/// The hash, in hex, of the chain that goes on from `previous` (in hex; empty at the beginning) with this content.
pub(super) fn link(previous: &str, sequence: u64, content: &[u8; 32]) -> String {
    let mut hasher = Sha256::new();
    let mut before = GENESIS;
    match hex::decode_to_slice(previous, &mut before) {
        Ok(()) => hasher.update(before),
        Err(_) if previous.is_empty() => hasher.update(GENESIS),
        // Somebody has written over it. Whatever comes of it fits nothing, and `verify` names the place.
        Err(_) => hasher.update(previous.as_bytes()),
    }
    hasher.update(sequence.to_be_bytes());
    hasher.update(content);
    hex::encode(hasher.finalize())
}
