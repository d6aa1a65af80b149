//! The store's own rows, all under tag 0. Layout in `LAYOUT.md`.

use serde::{Deserialize, Serialize};

use crate::engine::{Value, Write};
use crate::error::StoreError;
use crate::keys::{Key, KeyBuilder, TAG_STORE};
use crate::store::Sequence;

/// The layout that this release writes, and the newest one that it reads.
pub(crate) const FORMAT: u32 = 3;

/// The oldest layout that it reads. All of 2 is still valid in 3, so bringing a database forward is saying so.
pub(crate) const FORMAT_OLDEST: u32 = 2;

/// What the row of the format holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Format {
    /// Version of the layout.
    pub(crate) format: u32,
    /// Drawn at random when the database was created; the sentinel carries it too.
    pub(crate) id: String,
}

pub(crate) fn format_key() -> Key {
    KeyBuilder::new(TAG_STORE).byte(b'f').build()
}

pub(crate) fn sequence_key() -> Key {
    KeyBuilder::new(TAG_STORE).byte(b's').build()
}

/// Part of every batch, so that the engine itself says how far it has come.
pub(crate) fn sequence_row(sequence: Sequence) -> Write {
    (sequence_key(), Some(encode_number(sequence.0)))
}

pub(crate) fn ordinal_key(sequence: &[u8]) -> Key {
    KeyBuilder::new(TAG_STORE).byte(b'o').string(sequence).build()
}

pub(crate) fn encode_number(number: u64) -> Value {
    Value::from(number.to_be_bytes())
}

pub(crate) fn decode_number(key: &[u8], value: &Value) -> Result<u64, StoreError> {
    let bytes: [u8; 8] = value.as_ref().try_into().map_err(|_| StoreError::Corrupt {
        key: key.to_vec(),
        reason: "not a number of eight bytes".into(),
    })?;
    Ok(u64::from_be_bytes(bytes))
}
