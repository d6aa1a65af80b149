//! The JSON of a document's row.
//!
//! ```json
//! {"ordinal":7,
//!  "unique":[{"index":"email","text":"a@example.com"}],
//!  "listed":[{"index":"raw","bytes":[255,0]}],
//!  "document":{"name":"A"}}
//! ```
//! An index value is written as text where it is UTF-8, otherwise as bytes, so that most rows can be read by people.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{CollectionError, IndexEntries};
use crate::engine::Value;
use crate::error::StoreError;

/// What reading a document needs of its row.
#[derive(Deserialize)]
pub(super) struct StoredDocument<T> {
    pub(super) ordinal: u64,
    pub(super) document: T,
}

/// What replacing or removing a document needs of its row: sorted and without repetition.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredEntries {
    pub(super) ordinal: u64,
    pub(super) unique: Vec<StoredEntry>,
    pub(super) listed: Vec<StoredEntry>,
}

/// One entry. Exactly one of `text` and `bytes` is there, so equal entries are equal in this form too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct StoredEntry {
    pub(super) index: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<Vec<u8>>,
}

/// The whole row, borrowed. Not `flatten`: with serde_json's exact numbers it cannot read integers back.
#[derive(Serialize)]
struct Row<'r, T: ?Sized> {
    ordinal: u64,
    unique: &'r [StoredEntry],
    listed: &'r [StoredEntry],
    document: &'r T,
}

impl StoredEntries {
    pub(super) fn new(ordinal: u64, entries: &IndexEntries) -> StoredEntries {
        StoredEntries {
            ordinal,
            unique: stored(&entries.unique),
            listed: stored(&entries.listed),
        }
    }

    /// The entries of `these` that are not among `those`.
    pub(super) fn only_in<'e>(
        these: &'e [StoredEntry],
        those: Option<&'e Vec<StoredEntry>>,
    ) -> impl Iterator<Item = &'e StoredEntry> {
        these
            .iter()
            .filter(move |entry| those.is_none_or(|those| those.binary_search(entry).is_err()))
    }
}

impl StoredEntry {
    pub(super) fn value(&self) -> &[u8] {
        match (&self.text, &self.bytes) {
            (Some(text), _) => text.as_bytes(),
            (None, Some(bytes)) => bytes,
            (None, None) => &[],
        }
    }
}

pub(super) fn encode<T: Serialize + ?Sized>(
    entries: &StoredEntries,
    document: &T,
) -> Result<Vec<u8>, CollectionError> {
    let row = Row {
        ordinal: entries.ordinal,
        unique: &entries.unique,
        listed: &entries.listed,
        document,
    };
    serde_json::to_vec(&row).map_err(|error| CollectionError::NotJson {
        reason: error.to_string(),
    })
}

pub(super) fn decode<T: DeserializeOwned>(key: &[u8], row: &Value) -> Result<T, StoreError> {
    serde_json::from_slice(row).map_err(|error| StoreError::Corrupt {
        key: key.to_vec(),
        reason: error.to_string(),
    })
}

fn stored(entries: &[(String, Vec<u8>)]) -> Vec<StoredEntry> {
    let entry = |(index, value): &(String, Vec<u8>)| match std::str::from_utf8(value) {
        Ok(text) => StoredEntry {
            index: index.clone(),
            text: Some(text.into()),
            bytes: None,
        },
        Err(_) => StoredEntry {
            index: index.clone(),
            text: None,
            bytes: Some(value.clone()),
        },
    };
    let mut stored: Vec<_> = entries.iter().map(entry).collect();
    stored.sort();
    stored.dedup();
    stored
}
