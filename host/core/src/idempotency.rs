//! Replies that are kept, so that a request which is sent again is answered and not done again.
//!
//! A caller names a request with an idempotency key of its own choosing (the header `Idempotency-Key`, as in
//! draft-ietf-httpapi-idempotency-key-header). The reply is kept in the transaction of the request's own effects: it is there
//! exactly when they are. A request that is refused or fails has no effects, keeps nothing, and may be sent again as it is
//! or mended.
//!
//! Keys belong to the API key that sent them: two front-ends of a tenant may use the same ones. What is kept is sealed, because
//! a reply may have what is shown only once, such as a new key.

use std::time::Duration;

use mooring_store::{Key, KeyBuilder, KeyRange, KeyReader, KeySpace, Order, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{JobId, KeyId};
use crate::layout;
use crate::seal::{MasterKeys, SealError, Sealed};
use crate::time::Timestamp;
use crate::work::{HostWork, Work};

/// How long a reply is kept. From then on, its idempotency key names a new request.
pub const KEPT: Duration = Duration::from_hours(24);

/// A request that its caller has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The API key that the request was sent with.
    pub by: KeyId,
    /// The caller's name for it.
    pub key: String,
    /// What of the request must be the same when it is sent again.
    pub fingerprint: [u8; 32],
}

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// This reply.
    Reply(KeptReply),
    /// Nothing yet: it waits for this job.
    Waits(JobId),
}

/// A reply as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptReply {
    /// Below 400.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body, in hexadecimal.
    #[serde(with = "hex::serde")]
    pub body: Vec<u8>,
}

/// What is known of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing, or nothing any more.
    Nothing,
    /// This same request has been made.
    Same(Kept),
    /// Another request was made under this key.
    Other,
}

/// Why a reply was not kept or found.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// It was not sealed or opened.
    #[error("the reply was not sealed or opened")]
    Seal(#[from] SealError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(with = "hex::serde")]
    fingerprint: [u8; 32],
    /// [`Kept`] as JSON.
    kept: Sealed,
    at: Timestamp,
}

/// What the claim's key has been used for.
pub fn find(work: &mut Work, master: &MasterKeys, claim: &Claim) -> Result<Known, IdempotencyError> {
    let key = row_key(work, claim);
    let row: Option<Row> = layout::get_json(&mut work.transaction, &key)?;
    Ok(match row {
        Some(row) if row.at.after(KEPT) <= work.now() => Known::Nothing,
        Some(row) if row.fingerprint == claim.fingerprint => {
            let kept = master.open(&place(claim), &row.kept)?;
            Known::Same(layout::from_json(&key, kept.as_bytes())?)
        }
        Some(_) => Known::Other,
        None => Known::Nothing,
    })
}

/// Keeps what the request came to. A later call for the same claim replaces it.
pub fn keep(
    work: &mut Work,
    master: &MasterKeys,
    claim: &Claim,
    kept: &Kept,
) -> Result<(), IdempotencyError> {
    let kept = serde_json::to_string(kept).expect("a plain enum has a JSON form");
    let (key, at) = (row_key(work, claim), work.now());
    let before: Option<Row> = layout::get_json(&mut work.transaction, &key)?;
    if let Some(before) = before {
        work.transaction.delete(time_key(before.at, &key))?;
    }
    let row = Row {
        fingerprint: claim.fingerprint,
        kept: master.seal(&place(claim), &kept)?,
        at,
    };
    work.transaction.put(time_key(at, &key), Vec::new())?;
    Ok(layout::put_json(&mut work.transaction, key, &row)?)
}

fn place(claim: &Claim) -> [&str; 3] {
    ["reply", claim.by.as_str(), &claim.key]
}

/// Removes replies that were kept longer than [`KEPT`], at most `limit`. Gives how many there were; as many as `limit` means
/// that there may be more.
pub fn purge(work: &mut HostWork, limit: usize) -> Result<usize, StoreError> {
    let until = work.now().before(KEPT).millis().saturating_add(1);
    let range = KeyRange::new(
        vec![layout::REPLY_TIMES],
        KeyBuilder::new(layout::REPLY_TIMES).number(until).build(),
    );
    let old = work.transaction.scan(range, Order::Ascending, limit)?;
    let count = old.len();
    for (key, _) in old {
        let mut reader = KeyReader::new(&key);
        let reply = (reader.byte(), reader.number(), reader.string()).2;
        work.transaction.delete(reply.unwrap_or_default())?;
        work.transaction.delete(key)?;
    }
    Ok(count)
}

/// Of fixed size, whatever the caller's key is.
fn row_key(work: &Work, claim: &Claim) -> Key {
    let digest = Sha256::digest(claim.key.as_bytes());
    layout::tenant_key(layout::REPLIES, work.tenant().id)
        .string(work.plugin().as_str())
        .string(claim.by.as_str())
        .string(digest)
        .build()
}

fn time_key(at: Timestamp, key: &[u8]) -> Key {
    KeyBuilder::new(layout::REPLY_TIMES)
        .number(at.millis())
        .string(key)
        .build()
}

#[cfg(test)]
mod tests;
