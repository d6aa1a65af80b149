//! Lists that are narrowed by several things at once.
//!
//! One filter is an index: exact, and as quick on the last page as on the first. More are found by looking through what the
//! first one gives; times by halving, since lists are in the order of creation.

use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue};
use mooring_sdk::{List, Order};
use serde_json::Value;

use crate::customers;
use crate::error::Error;
use crate::listing::Part;

/// Documents that are looked through for one answer.
const LOOKED_AT_MAX: u64 = 10_000;
const STEP: u32 = 500;

/// An index, where its field is, and the wanted value.
pub(crate) type Filter = (&'static str, &'static str, String);

/// Narrows a list to a customer, if an e-mail is given. False when nobody has it, so that there is nothing to be listed.
pub(crate) fn of_customer(
    filters: &mut Vec<Filter>,
    index: &'static str,
    email: &str,
) -> Result<bool, Error> {
    if email.is_empty() {
        return Ok(true);
    }
    let user = customers::id_of(email)?;
    filters.extend(user.map(|user| (index, "/user", user.to_string())));
    Ok(user.is_some())
}

/// Documents for which all filters hold, made from `times.0` until before `times.1`, newest first.
pub(crate) fn documents(
    collection: &str,
    filters: &[Filter],
    times: Option<(u64, u64)>,
    part: Part,
) -> Result<List<Document>, Error> {
    let (first, rest) = match filters.split_first() {
        Some((first, rest)) => (Some(first), rest),
        None => (None, filters),
    };
    let list = |page: Page| {
        let index = first.map(|(index, _, value)| IndexValue::new(*index, value.as_str()));
        records::list(collection, index, page)
    };
    // Places in the list, oldest first.
    let total = list(Page::oldest(1))?.total;
    let (low, high) = match times {
        None => (0, total),
        Some((from, to)) => (place(&list, total, from)?, place(&list, total, to)?),
    };
    if rest.is_empty() {
        return within(&list, total, low, high, part);
    }
    if high.saturating_sub(low) > LOOKED_AT_MAX {
        let why = format!("together with other filters leaves more than {LOOKED_AT_MAX} to look through");
        return Err(Error::invalid(first.map_or("", |(index, _, _)| index), why));
    }
    let mut found = Vec::new();
    let mut offset = total - high;
    while offset < total - low {
        let page = Page {
            offset,
            limit: STEP,
            order: Order::NewestFirst,
        };
        let items = list(page)?.items;
        if items.is_empty() {
            break;
        }
        for document in items.into_iter().take(((total - low) - offset) as usize) {
            offset += 1;
            if holds(&document, rest)? {
                found.push(document);
            }
        }
    }
    let total = found.len() as u64;
    let items = found
        .into_iter()
        .skip(usize::try_from(part.offset()).unwrap_or(usize::MAX))
        .take(part.size as usize);
    Ok(List {
        items: items.collect(),
        total,
    })
}

/// The part of the places from `low` until before `high`, newest first.
fn within(
    list: &impl Fn(Page) -> Result<List<Document>, records::RecordError>,
    total: u64,
    low: u64,
    high: u64,
    part: Part,
) -> Result<List<Document>, Error> {
    let wanted = high.saturating_sub(low);
    let left = wanted.saturating_sub(part.offset()).min(u64::from(part.size));
    let mut items = Vec::new();
    if left > 0 {
        let page = Page {
            offset: total - high + part.offset(),
            limit: left as u32,
            order: Order::NewestFirst,
        };
        items = list(page)?.items;
    }
    Ok(List { items, total: wanted })
}

/// How many documents were made before a time.
fn place(
    list: &impl Fn(Page) -> Result<List<Document>, records::RecordError>,
    total: u64,
    time: u64,
) -> Result<u64, Error> {
    let (mut low, mut high) = (0, total);
    while low < high {
        let middle = low + (high - low) / 2;
        let page = Page {
            offset: middle,
            limit: 1,
            order: Order::OldestFirst,
        };
        match list(page)?.items.first() {
            Some(document) if document.created_at < time => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

fn holds(document: &Document, filters: &[Filter]) -> Result<bool, Error> {
    let data: Value = document.read()?;
    Ok(filters
        .iter()
        .all(|(_, pointer, wanted)| match data.pointer(pointer) {
            Some(Value::String(text)) => text == wanted,
            Some(Value::Number(number)) => number.to_string().as_str() == wanted,
            Some(Value::Bool(truth)) => wanted == if *truth { "true" } else { "false" },
            _ => false,
        }))
}
