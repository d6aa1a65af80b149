//! Collections of JSON documents with secondary indexes.
//!
//! A document has an id, unique in its collection; an ordinal, unique too, which gives the order of lists; and index
//! entries, which the caller computes: `unique` ones find a document by a value that no other may have, `listed` ones
//! give the counted list of all documents with a value. The entries are kept with the document, so it can be replaced and
//! removed by code that no longer knows how they were computed (another version of a plugin).
//!
//! Not its business: what a document means, who may see it, drawing ids and ordinals.
//!
//! | row | key, behind tag and scope (a string) | value |
//! | --- | --- | --- |
//! | document | `d`, id (string) | JSON, see `stored` |
//! | unique index | `u`, index (string), value (string) | id |
//! | list of all | `a`, then as in [`list`](crate::list) | id |
//! | list of an index | `l`, index (string), value (string), then as in [`list`](crate::list) | id |

mod documents;
mod stored;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::documents::{Document, Documents};
use self::stored::{StoredDocument, StoredEntries, StoredEntry, decode, encode};
use crate::error::StoreError;
use crate::keys::{Key, KeyBuilder, Order};
use crate::list::CountedList;
use crate::transaction::KeySpace;

const DOCUMENT: u8 = b'd';
const UNIQUE: u8 = b'u';
const ALL: u8 = b'a';
const LISTED: u8 = b'l';

/// Where documents of one kind and owner live.
#[derive(Clone, Debug)]
pub struct Collection {
    prefix: Key,
}

/// By which values a document can be found. The order of entries does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexEntries {
    /// Index and value; at most one document of the collection has each pair.
    pub unique: Vec<(String, Vec<u8>)>,
    /// Index and value; any number of documents have each pair, and can be paged through and counted.
    pub listed: Vec<(String, Vec<u8>)>,
}

/// A document as found.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<T> {
    /// Its id.
    pub id: Vec<u8>,
    /// Its place in lists.
    pub ordinal: u64,
    /// Itself.
    pub document: T,
}

/// Some documents of a list, and how many there are in all.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// In the order asked for.
    pub items: Vec<T>,
    /// Exact, as of the same moment.
    pub total: u64,
}

/// Which documents to list or count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection<'s> {
    /// All of the collection.
    All,
    /// Those with a `listed` entry.
    Listed {
        /// Name of the index.
        index: &'s str,
        /// Its value.
        value: &'s [u8],
    },
}

/// Why a document was not written. Nothing has been changed then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CollectionError {
    /// Inserting an id that exists.
    #[error("a document with this id exists")]
    Exists,
    /// Replacing an id that does not exist.
    #[error("there is no document with this id")]
    Missing,
    /// Another document has a value that has to be unique.
    #[error("another document has this value in the unique index {index}")]
    Taken {
        /// Name of the index.
        index: String,
        /// Id of the document that has it.
        id: Vec<u8>,
    },
    /// The document has no JSON form.
    #[error("the document cannot be written as JSON: {reason}")]
    NotJson {
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Collection {
    /// The collection of documents under `tag` that belong to `scope` (a tenant, a plugin and a tenant, nothing).
    pub fn new(tag: u8, scope: Vec<u8>) -> Collection {
        Collection {
            prefix: KeyBuilder::new(tag).string(scope).build(),
        }
    }

    /// Adds a document.
    pub fn insert<T: Serialize + ?Sized>(
        &self,
        space: &mut dyn KeySpace,
        id: &[u8],
        ordinal: u64,
        document: &T,
        indexes: &IndexEntries,
    ) -> Result<(), CollectionError> {
        let key = self.document_key(id);
        if space.get(&key)?.is_some() {
            return Err(CollectionError::Exists);
        }
        let entries = StoredEntries::new(ordinal, indexes);
        let row = encode(&entries, document)?;
        self.check_unique(space, id, &entries, None)?;
        space.put(key, row)?;
        self.write_entries(space, id, &entries, None)
    }

    /// Puts another document in the place of the one with this id. Entries that stay the same cost nothing.
    pub fn replace<T: Serialize + ?Sized>(
        &self,
        space: &mut dyn KeySpace,
        id: &[u8],
        ordinal: u64,
        document: &T,
        indexes: &IndexEntries,
    ) -> Result<(), CollectionError> {
        let before = self.entries(space, id)?.ok_or(CollectionError::Missing)?;
        let entries = StoredEntries::new(ordinal, indexes);
        let row = encode(&entries, document)?;
        self.check_unique(space, id, &entries, Some(&before))?;
        space.put(self.document_key(id), row)?;
        self.erase_entries(space, &before, Some(&entries))?;
        self.write_entries(space, id, &entries, Some(&before))
    }

    /// Removes a document and says whether there was one.
    pub fn remove(&self, space: &mut dyn KeySpace, id: &[u8]) -> Result<bool, StoreError> {
        let Some(before) = self.entries(space, id)? else {
            return Ok(false);
        };
        space.delete(self.document_key(id))?;
        self.erase_entries(space, &before, None)?;
        Ok(true)
    }

    /// The document with this id.
    pub fn get<T: DeserializeOwned>(
        &self,
        space: &mut dyn KeySpace,
        id: &[u8],
    ) -> Result<Option<Item<T>>, StoreError> {
        let key = self.document_key(id);
        let Some(row) = space.get(&key)? else {
            return Ok(None);
        };
        let stored: StoredDocument<T> = decode(&key, &row)?;
        Ok(Some(Item {
            id: id.to_vec(),
            ordinal: stored.ordinal,
            document: stored.document,
        }))
    }

    /// The document that has this value in a unique index.
    pub fn find_unique<T: DeserializeOwned>(
        &self,
        space: &mut dyn KeySpace,
        index: &str,
        value: &[u8],
    ) -> Result<Option<Item<T>>, StoreError> {
        match space.get(&self.unique_key(index, value))? {
            Some(id) => self.get_listed(space, &id).map(Some),
            None => Ok(None),
        }
    }

    /// At most `limit` documents of a selection from position `offset` on, in order of their ordinals, and the number of
    /// all of them. A page deep in the list costs as much as the first.
    pub fn page<T: DeserializeOwned>(
        &self,
        space: &mut dyn KeySpace,
        selection: Selection<'_>,
        offset: u64,
        limit: usize,
        order: Order,
    ) -> Result<Page<Item<T>>, StoreError> {
        let listed = self.list(selection).page(space, offset, limit, order)?;
        let total = listed.total;
        let items = listed
            .entries
            .into_iter()
            .map(|(_, id)| self.get_listed(space, &id))
            .collect::<Result<_, _>>()?;
        Ok(Page { items, total })
    }

    /// The exact number of documents of a selection, without looking at them.
    pub fn count(&self, space: &mut dyn KeySpace, selection: Selection<'_>) -> Result<u64, StoreError> {
        self.list(selection).len(space)
    }

    /// A document that an index says exists.
    fn get_listed<T: DeserializeOwned>(
        &self,
        space: &mut dyn KeySpace,
        id: &[u8],
    ) -> Result<Item<T>, StoreError> {
        self.get(space, id)?.ok_or_else(|| StoreError::Corrupt {
            key: self.document_key(id),
            reason: "an index names this document, but it does not exist".into(),
        })
    }

    fn entries(&self, space: &mut dyn KeySpace, id: &[u8]) -> Result<Option<StoredEntries>, StoreError> {
        let key = self.document_key(id);
        let Some(row) = space.get(&key)? else {
            return Ok(None);
        };
        decode(&key, &row).map(Some)
    }

    fn check_unique(
        &self,
        space: &mut dyn KeySpace,
        id: &[u8],
        entries: &StoredEntries,
        before: Option<&StoredEntries>,
    ) -> Result<(), CollectionError> {
        for entry in &entries.unique {
            if before.is_some_and(|before| before.unique.contains(entry)) {
                continue;
            }
            match space.get(&self.unique_key(&entry.index, entry.value()))? {
                Some(owner) if *owner != *id => {
                    return Err(CollectionError::Taken {
                        index: entry.index.clone(),
                        id: owner.to_vec(),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes the entries that were not there before.
    fn write_entries(
        &self,
        space: &mut dyn KeySpace,
        id: &[u8],
        entries: &StoredEntries,
        before: Option<&StoredEntries>,
    ) -> Result<(), CollectionError> {
        for entry in StoredEntries::only_in(&entries.unique, before.map(|before| &before.unique)) {
            space.put(self.unique_key(&entry.index, entry.value()), id.to_vec())?;
        }
        let before_listed = before.filter(|before| before.ordinal == entries.ordinal);
        if before_listed.is_none() {
            self.list(Selection::All)
                .insert(space, entries.ordinal, id.to_vec())?;
        }
        for entry in StoredEntries::only_in(&entries.listed, before_listed.map(|before| &before.listed)) {
            self.listed(entry).insert(space, entries.ordinal, id.to_vec())?;
        }
        Ok(())
    }

    /// Removes the entries that are not there any more.
    fn erase_entries(
        &self,
        space: &mut dyn KeySpace,
        entries: &StoredEntries,
        after: Option<&StoredEntries>,
    ) -> Result<(), StoreError> {
        for entry in StoredEntries::only_in(&entries.unique, after.map(|after| &after.unique)) {
            space.delete(self.unique_key(&entry.index, entry.value()))?;
        }
        let after_listed = after.filter(|after| after.ordinal == entries.ordinal);
        if after_listed.is_none() {
            self.list(Selection::All).remove(space, entries.ordinal)?;
        }
        for entry in StoredEntries::only_in(&entries.listed, after_listed.map(|after| &after.listed)) {
            self.listed(entry).remove(space, entries.ordinal)?;
        }
        Ok(())
    }

    fn field(&self, field: u8) -> KeyBuilder {
        KeyBuilder::from_prefix(&self.prefix).byte(field)
    }

    fn document_key(&self, id: &[u8]) -> Key {
        self.field(DOCUMENT).string(id).build()
    }

    fn unique_key(&self, index: &str, value: &[u8]) -> Key {
        self.field(UNIQUE).string(index).string(value).build()
    }

    fn list(&self, selection: Selection<'_>) -> CountedList {
        CountedList::new(match selection {
            Selection::All => self.field(ALL).build(),
            Selection::Listed { index, value } => self.field(LISTED).string(index).string(value).build(),
        })
    }

    fn listed(&self, entry: &StoredEntry) -> CountedList {
        self.list(Selection::Listed {
            index: &entry.index,
            value: entry.value(),
        })
    }
}
