//! `records`

use mooring_core::records as core;

use super::wit::mooring::plugin::records::{Document, DocumentPage, Host, IndexValue, RecordError};
use super::{common_errors, types};
use crate::bindings::Desk;

impl Host for Desk {
    fn create(&mut self, collection: String, id: String, data: String) -> Result<Document, RecordError> {
        self.check_record("data", &data)?;
        let manifest = self.facts.manifest.clone();
        Ok(core::create(self.write()?, &manifest.collections, &collection, &id, &data)?.into())
    }

    fn put(&mut self, collection: String, id: String, data: String) -> Result<Document, RecordError> {
        self.check_record("data", &data)?;
        let manifest = self.facts.manifest.clone();
        Ok(core::put(self.write()?, &manifest.collections, &collection, &id, &data)?.into())
    }

    fn get(&mut self, collection: String, id: String) -> Result<Document, RecordError> {
        let manifest = self.facts.manifest.clone();
        Ok(core::get(self.read()?, &manifest.collections, &collection, &id)?.into())
    }

    fn delete(&mut self, collection: String, id: String) -> Result<(), RecordError> {
        let manifest = self.facts.manifest.clone();
        Ok(core::delete(
            self.write()?,
            &manifest.collections,
            &collection,
            &id,
        )?)
    }

    fn next_number(&mut self, sequence: String) -> Result<u64, RecordError> {
        Ok(core::next_number(self.write()?, &sequence)?)
    }

    fn list(
        &mut self,
        collection: String,
        filter: Option<IndexValue>,
        page: types::Page,
    ) -> Result<DocumentPage, RecordError> {
        let manifest = self.facts.manifest.clone();
        let filter = filter.map(|filter| core::IndexValue {
            index: filter.index,
            value: filter.value,
        });
        let listing = core::list(
            self.read()?,
            &manifest.collections,
            &collection,
            filter.as_ref(),
            page.into(),
        )?;
        Ok(DocumentPage {
            items: listing.items.into_iter().map(Document::from).collect(),
            total: listing.total,
        })
    }
}

impl From<core::Record> for Document {
    fn from(record: core::Record) -> Document {
        Document {
            id: record.id,
            data: record.data.as_str().to_owned(),
            created_at: record.created_at.millis(),
            updated_at: record.updated_at.millis(),
        }
    }
}

common_errors!(RecordError);

impl From<core::RecordError> for RecordError {
    fn from(error: core::RecordError) -> RecordError {
        match error {
            core::RecordError::UnknownCollection(name) => RecordError::UnknownCollection(name),
            core::RecordError::UnknownIndex(name) => RecordError::UnknownIndex(name),
            core::RecordError::Taken { index, id } => RecordError::Taken((index, id)),
            core::RecordError::Exists => RecordError::Exists,
            core::RecordError::NotFound => RecordError::NotFound,
            core::RecordError::Invalid(invalid) => invalid.into(),
            core::RecordError::Store(error) => error.into(),
        }
    }
}
