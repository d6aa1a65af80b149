//! Records: a plugin's own JSON documents, in collections with indexes that its manifest declares.
//!
//! The declarations are handed in with every call. What a document is found by is kept with the document, so a newer
//! version of a plugin may declare other indexes: each document is in them from its next write on, or after [`reindex`].

use mooring_store::{CollectionError, IndexEntries, KeyBuilder, Selection, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::check::{self, InvalidField, chars};
use crate::json::Json;
use crate::layout;
use crate::page::{Listing, Page};
use crate::time::Timestamp;
use crate::work::Work;

/// Longer values are indexed by their digest: keys of rows are short, and an index answers only "equal".
const VALUE_BYTES_MAX: usize = 256;

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// 1 to 200 characters, unique in the collection.
    pub id: String,
    /// JSON object.
    pub data: Json,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// One value of one declared index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexValue {
    /// Name of the index.
    pub index: String,
    /// As JSON would print it, a string without its quotes.
    pub value: String,
}

/// Why a document was not written or found.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The manifest declares no such collection.
    #[error("the plugin declares no collection {0}")]
    UnknownCollection(String),
    /// The manifest declares no such index on this collection.
    #[error("the collection has no index {0}")]
    UnknownIndex(String),
    /// A unique index already holds this value, for the document whose id is given.
    #[error("the document {id} has this value in the index {index}")]
    Taken {
        /// Name of the index.
        index: String,
        /// The document that has it.
        id: String,
    },
    /// The document exists.
    #[error("the document exists")]
    Exists,
    /// There is no such document.
    #[error("there is no such document")]
    NotFound,
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The next number of a sequence of the work's plugin and tenant: 1, 2, 3 … It is drawn outside the transaction, so work
/// that draws at the same time does not conflict: a number can be skipped, but is never handed out twice. The name is 1 to
/// 100 characters of `a-z 0-9 -`.
pub fn next_number(work: &mut Work, sequence: &str) -> Result<u64, RecordError> {
    check::length("sequence", sequence, chars(1, 100))?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !sequence.bytes().all(allowed) {
        return Err(InvalidField::new("sequence", "has characters other than a-z 0-9 -").into());
    }
    let name = layout::tenant_key(layout::NUMBERS, work.tenant().id)
        .string(work.plugin().as_str())
        .string(sequence)
        .build();
    Ok(work.next_number(name)?)
}

/// A document as stored; its id and its place are the collection's.
#[derive(Serialize, Deserialize)]
struct Row {
    data: Json,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A declared collection, and where it lies.
struct Place<'m> {
    declared: &'m mooring_manifest::Collection,
    collection: mooring_store::Collection,
    /// The sequence of its ordinals.
    sequence: Vec<u8>,
}

/// Makes a document. Safe to repeat: the second call is refused.
pub fn create(
    work: &mut Work,
    declared: &[mooring_manifest::Collection],
    collection: &str,
    id: &str,
    data: &str,
) -> Result<Record, RecordError> {
    let place = Place::find(work, declared, collection)?;
    let data = check_document(id, data)?;
    if place.get(work, id)?.is_some() {
        return Err(RecordError::Exists);
    }
    place.insert(work, id, data)
}

/// Makes or replaces a document. Safe to repeat.
pub fn put(
    work: &mut Work,
    declared: &[mooring_manifest::Collection],
    collection: &str,
    id: &str,
    data: &str,
) -> Result<Record, RecordError> {
    let place = Place::find(work, declared, collection)?;
    let data = check_document(id, data)?;
    match place.get(work, id)? {
        None => place.insert(work, id, data),
        Some(item) => place.replace(work, id, item, data),
    }
}

/// The document with this id.
pub fn get(
    work: &mut Work,
    declared: &[mooring_manifest::Collection],
    collection: &str,
    id: &str,
) -> Result<Record, RecordError> {
    let place = Place::find(work, declared, collection)?;
    let item = place.get(work, id)?.ok_or(RecordError::NotFound)?;
    Ok(record(id.to_owned(), item.document))
}

/// Removes a document. Safe to repeat: the second call finds nothing.
pub fn delete(
    work: &mut Work,
    declared: &[mooring_manifest::Collection],
    collection: &str,
    id: &str,
) -> Result<(), RecordError> {
    let place = Place::find(work, declared, collection)?;
    if !place.collection.remove(&mut work.transaction, id.as_bytes())? {
        return Err(RecordError::NotFound);
    }
    Ok(())
}

/// All documents of a collection, or those with one value of one index.
pub fn list(
    work: &mut Work,
    declared: &[mooring_manifest::Collection],
    collection: &str,
    filter: Option<&IndexValue>,
    page: Page,
) -> Result<Listing<Record>, RecordError> {
    check::page(page)?;
    let place = Place::find(work, declared, collection)?;
    let value;
    let selection = match filter {
        None => Selection::All,
        Some(filter) => {
            place.index(&filter.index)?;
            value = index_bytes(&filter.value);
            Selection::Listed {
                index: &filter.index,
                value: &value,
            }
        }
    };
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = place
        .collection
        .page::<Row>(&mut work.transaction, selection, page.offset, limit, order)?;
    let records = found.items.into_iter().map(|item| {
        let id = text_of(item.id)?;
        Ok(record(id, item.document))
    });
    Ok(Listing {
        items: records.collect::<Result<_, StoreError>>()?,
        total: found.total,
    })
}

/// Brings documents written under other declarations into the indexes declared now: at most `limit` of them, from position
/// `offset` on. Gives how many it looked at; fewer than `limit` means the end. For the host, when a plugin is upgraded.
pub fn reindex(
    work: &mut Work,
    declared: &[mooring_manifest::Collection],
    collection: &str,
    offset: u64,
    limit: usize,
) -> Result<usize, RecordError> {
    let place = Place::find(work, declared, collection)?;
    let (all, order) = (Selection::All, mooring_store::Order::Ascending);
    let found = place
        .collection
        .page::<Row>(&mut work.transaction, all, offset, limit, order)?;
    let looked_at = found.items.len();
    for item in found.items {
        let entries = place.entries(&item.document.data);
        let (id, row) = (&item.id, &item.document);
        let replaced = place
            .collection
            .replace(&mut work.transaction, id, item.ordinal, row, &entries);
        replaced.map_err(refusal)?;
    }
    Ok(looked_at)
}

impl<'m> Place<'m> {
    fn find(
        work: &Work,
        declared: &'m [mooring_manifest::Collection],
        name: &str,
    ) -> Result<Place<'m>, RecordError> {
        let declared = declared.iter().find(|collection| collection.name == name);
        let declared =
            declared.ok_or_else(|| RecordError::UnknownCollection(name.chars().take(100).collect()))?;
        let scope = KeyBuilder::nested()
            .number(work.tenant().id.0)
            .string(work.plugin().as_str());
        let scope = scope.string(name).build();
        let sequence = KeyBuilder::new(layout::RECORDS).string(&scope).build();
        let collection = mooring_store::Collection::new(layout::RECORDS, scope);
        Ok(Place {
            declared,
            collection,
            sequence,
        })
    }

    fn index(&self, name: &str) -> Result<&mooring_manifest::Index, RecordError> {
        let index = self.declared.indexes.iter().find(|index| index.name == name);
        index.ok_or_else(|| RecordError::UnknownIndex(name.chars().take(100).collect()))
    }

    fn get(&self, work: &mut Work, id: &str) -> Result<Option<mooring_store::Item<Row>>, StoreError> {
        self.collection.get(&mut work.transaction, id.as_bytes())
    }

    fn insert(&self, work: &mut Work, id: &str, data: Json) -> Result<Record, RecordError> {
        let ordinal = work.next_ordinal(&self.sequence)?;
        let now = work.now();
        let row = Row {
            data,
            created_at: now,
            updated_at: now,
        };
        let entries = self.entries(&row.data);
        let inserted = self
            .collection
            .insert(&mut work.transaction, id.as_bytes(), ordinal, &row, &entries);
        inserted.map_err(refusal)?;
        Ok(record(id.to_owned(), row))
    }

    fn replace(
        &self,
        work: &mut Work,
        id: &str,
        item: mooring_store::Item<Row>,
        data: Json,
    ) -> Result<Record, RecordError> {
        let row = Row {
            data,
            created_at: item.document.created_at,
            updated_at: work.now(),
        };
        let entries = self.entries(&row.data);
        let (space, ordinal) = (&mut work.transaction, item.ordinal);
        let replaced = self
            .collection
            .replace(space, id.as_bytes(), ordinal, &row, &entries);
        replaced.map_err(refusal)?;
        Ok(record(id.to_owned(), row))
    }

    /// What a document is found by. Unique values are listed too, so that every index can be paged through.
    fn entries(&self, data: &Json) -> IndexEntries {
        let mut entries = IndexEntries::default();
        if self.declared.indexes.is_empty() {
            return entries;
        }
        let value = data.value();
        for index in &self.declared.indexes {
            let Some(bytes) = value.pointer(&index.pointer).and_then(scalar_bytes) else {
                continue;
            };
            if index.unique {
                entries.unique.push((index.name.clone(), bytes.clone()));
            }
            entries.listed.push((index.name.clone(), bytes));
        }
        entries
    }
}

fn check_id(id: &str) -> Result<(), InvalidField> {
    check::text("id", id, chars(1, 200))
}

fn check_document(id: &str, data: &str) -> Result<Json, InvalidField> {
    check_id(id)?;
    check::object("data", data)
}

/// How a field is written in an index; nothing for null, arrays and objects.
fn scalar_bytes(field: &Value) -> Option<Vec<u8>> {
    match field {
        Value::String(text) => Some(index_bytes(text)),
        Value::Number(number) => Some(index_bytes(&number.to_string())),
        Value::Bool(flag) => Some(index_bytes(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn index_bytes(value: &str) -> Vec<u8> {
    if value.len() <= VALUE_BYTES_MAX {
        return value.as_bytes().to_vec();
    }
    // Longer than any value that is kept as it is, so the two can never be equal.
    let mut bytes = value.as_bytes()[..VALUE_BYTES_MAX].to_vec();
    bytes.extend_from_slice(&Sha256::digest(value.as_bytes()));
    bytes
}

fn refusal(error: CollectionError) -> RecordError {
    match error {
        CollectionError::Taken { index, id } => match text_of(id) {
            Ok(id) => RecordError::Taken { index, id },
            Err(error) => RecordError::Store(error),
        },
        other => RecordError::Store(layout::checked_before(other)),
    }
}

fn text_of(id: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(id).map_err(|error| StoreError::Corrupt {
        key: error.into_bytes(),
        reason: String::from("the id of a document is not text"),
    })
}

fn record(id: String, row: Row) -> Record {
    Record {
        id,
        data: row.data,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

#[cfg(test)]
mod tests;
