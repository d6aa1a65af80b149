//! The plugin's own JSON documents, in collections with indexes that its manifest declares.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField, Problem};

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// 1 to 200 characters.
    pub id: String,
    /// JSON object.
    pub data: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
    /// Milliseconds since the Unix epoch.
    pub updated_at: u64,
}

impl Document {
    /// The document as a value of the plugin's own type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, RecordError> {
        serde_json::from_str(&self.data)
            .map_err(|error| RecordError::Internal(format!("document `{}`: {error}", self.id)))
    }
}

/// One value of one declared index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexValue {
    /// The index's name.
    pub index: String,
    /// As JSON would print it, a string without its quotes.
    pub value: String,
}

impl IndexValue {
    /// Documents whose field of this index has this value.
    pub fn new(index: impl Into<String>, value: impl Into<String>) -> IndexValue {
        IndexValue {
            index: index.into(),
            value: value.into(),
        }
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The manifest declares no such collection.
    UnknownCollection(String),
    /// The manifest declares no such index on this collection.
    UnknownIndex(String),
    /// A unique index already holds this value, for the document whose id is given.
    Taken {
        /// The index's name.
        index: String,
        /// Who holds the value.
        document: String,
    },
    /// The document exists.
    Exists,
    /// No such document.
    NotFound,
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Makes a document. Safe to repeat: a second call answers [`RecordError::Exists`].
pub fn create<T: Serialize + ?Sized>(collection: &str, id: &str, data: &T) -> Result<Document, RecordError> {
    create_raw(collection, id, &crate::json::to_string(data))
}

/// Makes or replaces a document. Safe to repeat.
pub fn put<T: Serialize + ?Sized>(collection: &str, id: &str, data: &T) -> Result<Document, RecordError> {
    put_raw(collection, id, &crate::json::to_string(data))
}

/// [`create`] with JSON that is written already.
pub fn create_raw(collection: &str, id: &str, data: &str) -> Result<Document, RecordError> {
    host!(record_create(collection, id, data))
}

/// [`put`] with JSON that is written already.
pub fn put_raw(collection: &str, id: &str, data: &str) -> Result<Document, RecordError> {
    host!(record_put(collection, id, data))
}

/// The document with this id.
pub fn get(collection: &str, id: &str) -> Result<Document, RecordError> {
    host!(record_get(collection, id))
}

/// Removes a document. Safe to repeat: the second call answers [`RecordError::NotFound`].
pub fn delete(collection: &str, id: &str) -> Result<(), RecordError> {
    host!(record_delete(collection, id))
}

/// All documents, or those with one value of one index; the total is exact.
pub fn list(collection: &str, filter: Option<IndexValue>, page: Page) -> Result<List<Document>, RecordError> {
    host!(record_list(collection, filter, page))
}

/// The next number of a sequence of the plugin in its tenant: 1, 2, 3 … Concurrent calls do not conflict: a number can be
/// skipped, but is never handed out twice. The name is 1 to 100 characters of `a-z 0-9 -`.
pub fn next_number(sequence: &str) -> Result<u64, RecordError> {
    host!(record_next_number(sequence))
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Problem {
        match error {
            RecordError::UnknownCollection(name) => {
                Problem::Internal(format!("collection `{name}` is not declared"))
            }
            RecordError::UnknownIndex(name) => Problem::Internal(format!("index `{name}` is not declared")),
            RecordError::Taken { index, .. } => Problem::Conflict(format!("{index} is taken")),
            RecordError::Exists => Problem::Conflict("it exists already".to_owned()),
            RecordError::NotFound => Problem::NotFound,
            RecordError::Invalid(invalid) => Problem::Invalid(invalid),
            RecordError::Denied(denial) => Problem::Denied(denial),
            RecordError::Internal(why) => Problem::Internal(why),
        }
    }
}
