//! Lists of documents, read in parts: one call of the host carries 2 MiB, and a document may have 64 KiB.

use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue};
use mooring_sdk::{List, Order};

use crate::error::Error;

/// Documents of one call, which fit into it however large they are.
const PART: u32 = 25;

/// Where a list ends early: an answer has at most 4 MiB, and the last part may add 1.6.
const LIST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What is read as a whole has at most so many bytes and documents; an instance has neither memory nor time for more.
const ALL_BYTES_MAX: usize = 3 * 1024 * 1024;
const ALL_MAX: u64 = 2000;

/// The first documents of a list: at most `limit`, and fewer where they are so large that the answer would not hold them.
pub(crate) fn first(
    collection: &str,
    filter: Option<&IndexValue>,
    order: Order,
    limit: u32,
) -> Result<List<Document>, Error> {
    let mut items: Vec<Document> = Vec::new();
    let mut bytes = 0;
    loop {
        let part = Page {
            offset: items.len() as u64,
            limit: PART.min(limit - items.len() as u32),
            order,
        };
        let found = records::list(collection, filter.cloned(), part)?;
        let is_last = found.items.len() < part.limit as usize;
        bytes += size(&found.items);
        items.extend(found.items);
        if is_last || items.len() as u32 >= limit || bytes >= LIST_BYTES_MAX {
            return Ok(List {
                items,
                total: found.total,
            });
        }
    }
}

/// All documents of a list, oldest first.
pub(crate) fn all(collection: &str, filter: Option<&IndexValue>) -> Result<Vec<Document>, Error> {
    let mut items: Vec<Document> = Vec::new();
    let mut bytes = 0;
    loop {
        let part = Page {
            offset: items.len() as u64,
            ..Page::oldest(PART)
        };
        let found = records::list(collection, filter.cloned(), part)?;
        let is_last = found.items.len() < PART as usize;
        bytes += size(&found.items);
        items.extend(found.items);
        if bytes > ALL_BYTES_MAX || found.total > ALL_MAX {
            let why = format!("it has more than {ALL_MAX} documents or {ALL_BYTES_MAX} bytes");
            return Err(Error::misconfigured(format!("collection `{collection}`"), why));
        }
        if is_last {
            return Ok(items);
        }
    }
}

/// Bytes of the documents themselves.
fn size(documents: &[Document]) -> usize {
    documents.iter().map(|document| document.data.len()).sum()
}
