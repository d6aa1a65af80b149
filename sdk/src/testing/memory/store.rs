//! Records.

use mooring_manifest::{Collection, Index, Manifest};
use serde_json::Value;

use super::{State, length, object, paged};
use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField};
use crate::records::{Document, IndexValue, RecordError};

impl From<Denial> for RecordError {
    fn from(denial: Denial) -> RecordError {
        RecordError::Denied(denial)
    }
}

fn declared<'m>(manifest: &'m Manifest, name: &str) -> Result<&'m Collection, RecordError> {
    let found = manifest
        .collections
        .iter()
        .find(|collection| collection.name == name);
    found.ok_or_else(|| RecordError::UnknownCollection(name.to_owned()))
}

/// What an index holds of a document, as JSON prints it, a string without its quotes.
fn indexed(index: &Index, data: &str) -> Option<String> {
    let data: Value = serde_json::from_str(data).ok()?;
    match data.pointer(&index.pointer)? {
        Value::String(text) => Some(text.clone()),
        value @ (Value::Bool(_) | Value::Number(_)) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl State {
    pub(super) fn record_write(
        &mut self,
        manifest: &Manifest,
        collection: &str,
        id: &str,
        data: &str,
        replace: bool,
    ) -> Result<Document, RecordError> {
        let declared = declared(manifest, collection)?;
        length("id", id, 1..=200).map_err(RecordError::Invalid)?;
        let data = object("data", data).map_err(RecordError::Invalid)?;
        let now = self.now;
        let documents = self.collections.entry(collection.to_owned()).or_default();
        let old = documents.iter().position(|document| document.id == id);
        if old.is_some() && !replace {
            return Err(RecordError::Exists);
        }
        for index in declared.indexes.iter().filter(|index| index.unique) {
            let Some(value) = indexed(index, &data) else {
                continue;
            };
            let holder = documents.iter().find(|other| {
                other.id != id && indexed(index, &other.data).as_deref() == Some(value.as_str())
            });
            if let Some(holder) = holder {
                return Err(RecordError::Taken {
                    index: index.name.clone(),
                    document: holder.id.clone(),
                });
            }
        }
        let created_at = old.map_or(now, |place| documents[place].created_at);
        let document = Document {
            id: id.to_owned(),
            data,
            created_at,
            updated_at: now,
        };
        match old {
            Some(place) => documents[place] = document.clone(),
            None => documents.push(document.clone()),
        }
        Ok(document)
    }

    pub(super) fn record_get(
        &self,
        manifest: &Manifest,
        collection: &str,
        id: &str,
    ) -> Result<Document, RecordError> {
        declared(manifest, collection)?;
        let documents = self.collections.get(collection);
        let found = documents.and_then(|documents| documents.iter().find(|document| document.id == id));
        found.cloned().ok_or(RecordError::NotFound)
    }

    pub(super) fn record_delete(
        &mut self,
        manifest: &Manifest,
        collection: &str,
        id: &str,
    ) -> Result<(), RecordError> {
        self.record_get(manifest, collection, id)?;
        if let Some(documents) = self.collections.get_mut(collection) {
            documents.retain(|document| document.id != id);
        }
        Ok(())
    }

    pub(super) fn record_next_number(&mut self, sequence: &str) -> Result<u64, RecordError> {
        length("sequence", sequence, 1..=100).map_err(RecordError::Invalid)?;
        let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if !sequence.chars().all(allowed) {
            let reason = "has characters other than a-z 0-9 -";
            return Err(RecordError::Invalid(InvalidField::new("sequence", reason)));
        }
        let last = self.sequences.entry(sequence.to_owned()).or_default();
        *last += 1;
        Ok(*last)
    }

    pub(super) fn record_list(
        &self,
        manifest: &Manifest,
        collection: &str,
        filter: Option<&IndexValue>,
        page: Page,
    ) -> Result<List<Document>, RecordError> {
        let declared = declared(manifest, collection)?;
        let index = filter
            .map(|filter| {
                let found = declared.indexes.iter().find(|index| index.name == filter.index);
                found
                    .map(|index| (index, filter))
                    .ok_or_else(|| RecordError::UnknownIndex(filter.index.clone()))
            })
            .transpose()?;
        let matches = |document: &&Document| {
            index.is_none_or(|(index, filter)| indexed(index, &document.data).as_ref() == Some(&filter.value))
        };
        let documents = self.collections.get(collection).map_or(&[][..], Vec::as_slice);
        let matching: Vec<&Document> = documents.iter().filter(matches).collect();
        paged(&matching, page).map_err(RecordError::Invalid)
    }
}
