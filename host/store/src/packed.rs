//! Packed rows: small values by number, sixteen to a row.
//!
//! What the engine does for a row costs far more than what it does for the bytes of a short value, so values that are
//! written in order of their number (the entries of a list, the lines of an account) share rows. Setting one of them reads
//! nothing, exactly as with a counter: the change is laid over whatever the row holds when the transaction commits, so
//! transactions that only set values never conflict. Reading a value is reading its row, neighbours included.
//!
//! | row | key, behind the prefix | value |
//! | --- | --- | --- |
//! | sixteen numbers | number >> 4, `u64` | for each of them that has a value, in order: number & 15 as `u8`, length `u16`, value |

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::engine::Value;
use crate::error::StoreError;
use crate::keys::{Key, KeyBuilder, KeyRange, KeyReader, Order};
use crate::limits::SCAN_CHUNK_MAX;
use crate::transaction::KeySpace;

/// Numbers to a row, as a power of two. With sixteen, rows of short values stay far below what the engine keeps in one
/// piece, and rewriting one for a single value costs little more than a row of its own.
const SHIFT: u8 = 4;

/// The highest slot of a row.
const SLOT_MAX: u8 = (1 << SHIFT) - 1;

/// Changes of a packed row, by slot: the value, or that there is none.
pub(crate) type Slots = BTreeMap<u8, Option<Value>>;

/// Small values by number, under a prefix of keys that nothing else uses.
#[derive(Clone, Debug)]
pub struct PackedRows {
    prefix: Key,
}

impl PackedRows {
    /// The rows under `prefix`, which must consist of whole fields.
    pub fn new(prefix: Key) -> PackedRows {
        PackedRows { prefix }
    }

    /// Sets a value of at most [`PACKED_BYTES_MAX`](crate::limits::PACKED_BYTES_MAX), without reading. Repeating it changes
    /// nothing.
    pub fn put(&self, space: &mut dyn KeySpace, number: u64, value: Vec<u8>) -> Result<(), StoreError> {
        space.set_slot(self.row(number), slot(number), Some(value))
    }

    /// Removes a value, without reading; one that does not exist is no error.
    pub fn delete(&self, space: &mut dyn KeySpace, number: u64) -> Result<(), StoreError> {
        space.set_slot(self.row(number), slot(number), None)
    }

    /// The value of a number.
    pub fn get(&self, space: &mut dyn KeySpace, number: u64) -> Result<Option<Value>, StoreError> {
        let key = self.row(number);
        let Some(row) = space.get(&key)? else {
            return Ok(None);
        };
        let mut slots = decode(&key, &row)?;
        Ok(slots.remove(&slot(number)).flatten())
    }

    /// At most `limit` of the values whose numbers are in the range, in order.
    pub fn scan(
        &self,
        space: &mut dyn KeySpace,
        numbers: RangeInclusive<u64>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(u64, Value)>, StoreError> {
        let mut rest = KeyRange::through_key(self.row(*numbers.start()), &self.row(*numbers.end()));
        // As many rows as hold that much if they are full, and more each time that they were not.
        let mut chunk = (limit >> SHIFT) + 1;
        let mut found = Vec::new();
        while found.len() < limit {
            let rows = space.scan(rest.clone(), order, chunk)?;
            for (key, row) in &rows {
                let mut values = self.values(key, row)?;
                values.retain(|(number, _)| numbers.contains(number));
                if order == Order::Descending {
                    values.reverse();
                }
                found.extend(values);
            }
            match rows.last() {
                Some((last, _)) if rows.len() == chunk => rest = rest.beyond(last, order),
                _ => break,
            }
            chunk = (chunk * 2).min(SCAN_CHUNK_MAX);
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The values of one row with their numbers, in ascending order. For walks that go on behind a damaged row.
    pub fn values(&self, key: &[u8], row: &[u8]) -> Result<Vec<(u64, Value)>, StoreError> {
        let place = key
            .get(self.prefix.len()..)
            .and_then(|rest| KeyReader::new(rest).number())
            .ok_or_else(|| not_packed(key))?;
        let values = decode(key, row)?.into_iter();
        Ok(values
            .filter_map(|(slot, value)| Some(((place << SHIFT) | u64::from(slot), value?)))
            .collect())
    }

    fn row(&self, number: u64) -> Key {
        KeyBuilder::from_prefix(&self.prefix)
            .number(number >> SHIFT)
            .build()
    }
}

/// A packed row after changes. One without values does not exist.
pub(crate) fn laid_over(
    key: &[u8],
    row: Option<&Value>,
    changes: &Slots,
) -> Result<Option<Value>, StoreError> {
    let mut slots = match row {
        Some(row) => decode(key, row)?,
        None => Slots::new(),
    };
    slots.extend(changes.iter().map(|(slot, value)| (*slot, value.clone())));
    slots.retain(|_, value| value.is_some());
    Ok((!slots.is_empty()).then(|| encode(&slots)))
}

fn slot(number: u64) -> u8 {
    (number & u64::from(SLOT_MAX)) as u8
}

fn encode(slots: &Slots) -> Value {
    let mut row = Vec::new();
    for (slot, value) in slots {
        let Some(value) = value else { continue };
        let length = u16::try_from(value.len()).expect("values are at most PACKED_BYTES_MAX long");
        row.push(*slot);
        row.extend_from_slice(&length.to_be_bytes());
        row.extend_from_slice(value);
    }
    row.into()
}

fn decode(key: &[u8], row: &[u8]) -> Result<Slots, StoreError> {
    let mut slots = Slots::new();
    let mut rest = row;
    while !rest.is_empty() {
        let (slot, value, behind) = first(rest).ok_or_else(|| not_packed(key))?;
        // In order and without repetition, as it was written.
        if slots.last_key_value().is_some_and(|(last, _)| *last >= slot) {
            return Err(not_packed(key));
        }
        slots.insert(slot, Some(value.into()));
        rest = behind;
    }
    Ok(slots)
}

/// The first slot of a row, its value, and what lies behind it.
fn first(row: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&slot, rest) = row.split_first()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (value, behind) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    (slot <= SLOT_MAX).then_some((slot, value, behind))
}

fn not_packed(key: &[u8]) -> StoreError {
    StoreError::NotPacked { key: key.to_vec() }
}
