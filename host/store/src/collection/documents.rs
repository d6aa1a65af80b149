//! Collections of one Rust type.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Collection, CollectionError, IndexEntries, Item, Page, Selection};
use crate::error::StoreError;
use crate::keys::Order;
use crate::transaction::KeySpace;

/// A type that is kept as documents and knows how they are found.
pub trait Document: Serialize + DeserializeOwned {
    /// Unique in its collection; never changes.
    fn id(&self) -> Vec<u8>;

    /// Unique in its collection; never changes. Gives the order of lists.
    fn ordinal(&self) -> u64;

    /// By which values the document can be found.
    fn indexes(&self) -> IndexEntries;
}

/// A [`Collection`] of documents of type `D`. Each function is as the collection's of the same name.
#[derive(Debug)]
pub struct Documents<D> {
    collection: Collection,
    document: PhantomData<fn(D) -> D>,
}

impl<D> Clone for Documents<D> {
    fn clone(&self) -> Documents<D> {
        Documents {
            collection: self.collection.clone(),
            document: PhantomData,
        }
    }
}

impl<D: Document> Documents<D> {
    /// The collection under `tag` that belongs to `scope`.
    pub fn new(tag: u8, scope: Vec<u8>) -> Documents<D> {
        Documents {
            collection: Collection::new(tag, scope),
            document: PhantomData,
        }
    }

    /// Adds a document.
    pub fn insert(&self, space: &mut dyn KeySpace, document: &D) -> Result<(), CollectionError> {
        self.collection.insert(
            space,
            &document.id(),
            document.ordinal(),
            document,
            &document.indexes(),
        )
    }

    /// Puts the document in the place of the one with the same id.
    pub fn replace(&self, space: &mut dyn KeySpace, document: &D) -> Result<(), CollectionError> {
        self.collection.replace(
            space,
            &document.id(),
            document.ordinal(),
            document,
            &document.indexes(),
        )
    }

    /// Removes a document and says whether there was one.
    pub fn remove(&self, space: &mut dyn KeySpace, id: &[u8]) -> Result<bool, StoreError> {
        self.collection.remove(space, id)
    }

    /// The document with this id.
    pub fn get(&self, space: &mut dyn KeySpace, id: &[u8]) -> Result<Option<D>, StoreError> {
        Ok(self.collection.get(space, id)?.map(|item: Item<D>| item.document))
    }

    /// The document that has this value in a unique index.
    pub fn find_unique(
        &self,
        space: &mut dyn KeySpace,
        index: &str,
        value: &[u8],
    ) -> Result<Option<D>, StoreError> {
        Ok(self
            .collection
            .find_unique(space, index, value)?
            .map(|item: Item<D>| item.document))
    }

    /// At most `limit` documents of a selection from position `offset` on, and the number of all of them.
    pub fn page(
        &self,
        space: &mut dyn KeySpace,
        selection: Selection<'_>,
        offset: u64,
        limit: usize,
        order: Order,
    ) -> Result<Page<D>, StoreError> {
        let page: Page<Item<D>> = self.collection.page(space, selection, offset, limit, order)?;
        Ok(Page {
            items: page.items.into_iter().map(|item| item.document).collect(),
            total: page.total,
        })
    }

    /// The exact number of documents of a selection.
    pub fn count(&self, space: &mut dyn KeySpace, selection: Selection<'_>) -> Result<u64, StoreError> {
        self.collection.count(space, selection)
    }
}
