//! Buckets: the row that a list has for every 262,144 ordinals in which it has entries.
//!
//! Most lists are short (the invoices of one customer), so a bucket of few entries holds them itself: one row is read and
//! written, where entries and counters would be three. One that grows larger moves its entries into packed rows and keeps
//! their number. It never moves back, except by becoming empty.
//!
//! | row | key, behind the list's prefix | value |
//! | --- | --- | --- |
//! | few entries | `b`, `12`, ordinal >> 18, `u64` | for each, in order: ordinal `u64`, length `u16`, value; more than eight bytes in all |
//! | their number | the same | counter, eight bytes |

use std::collections::BTreeMap;

use super::{COARSE, CountedList, corrupt};
use crate::engine::Value;
use crate::error::StoreError;
use crate::keys::Key;
use crate::transaction::KeySpace;
use crate::view::counter_of;

/// How many entries a bucket holds itself: as many as a packed row.
const FEW_MAX: usize = 16;

/// How many bytes those entries may have together, so that changing one of them stays cheap.
const FEW_BYTES_MAX: usize = 1024;

/// A bucket as it is stored.
#[derive(Debug)]
pub(super) enum Bucket {
    Few(BTreeMap<u64, Value>),
    Counted(u64),
}

/// Changes of one bucket that wait for the commit of their transaction: nothing was read to make them, so that additions to
/// one list never conflict.
#[derive(Clone, Debug)]
pub struct BucketChanges {
    list: CountedList,
    entries: BTreeMap<u64, Change>,
}

/// The value of an entry, or that there is none, and what that does to the number of entries.
#[derive(Clone, Debug, Default)]
struct Change {
    value: Option<Value>,
    delta: i64,
}

impl Bucket {
    pub(super) fn decode(key: &[u8], row: Option<&Value>) -> Result<Bucket, StoreError> {
        let Some(row) = row else {
            return Ok(Bucket::Few(BTreeMap::new()));
        };
        if row.len() == size_of::<i64>() {
            let count = u64::try_from(counter_of(key, Some(row))?);
            return count
                .map(Bucket::Counted)
                .map_err(|_| corrupt(key, "a count is negative"));
        }
        let mut entries = BTreeMap::new();
        let mut rest: &[u8] = row;
        while !rest.is_empty() {
            let (ordinal, value, behind) =
                first(rest).ok_or_else(|| corrupt(key, "not a bucket of a counted list"))?;
            entries.insert(ordinal, Value::from(value));
            rest = behind;
        }
        Ok(Bucket::Few(entries))
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Bucket::Few(entries) => entries.len() as u64,
            Bucket::Counted(count) => *count,
        }
    }
}

impl BucketChanges {
    /// One entry more of this list, which the caller knows not to be there.
    pub(super) fn insertion(list: &CountedList, ordinal: u64, value: Vec<u8>) -> BucketChanges {
        BucketChanges::one(list, ordinal, Some(value.into()), 1)
    }

    /// One entry less of this list, which the caller knows to be there.
    pub(super) fn removal(list: &CountedList, ordinal: u64) -> BucketChanges {
        BucketChanges::one(list, ordinal, None, -1)
    }

    fn one(list: &CountedList, ordinal: u64, value: Option<Value>, delta: i64) -> BucketChanges {
        BucketChanges {
            list: list.clone(),
            entries: BTreeMap::from([(ordinal, Change { value, delta })]),
        }
    }

    /// How much they write, for the limit of the transaction.
    pub(crate) fn bytes(&self) -> usize {
        let value = |change: &Change| change.value.as_ref().map_or(0, |value| value.len());
        self.entries.values().map(value).sum()
    }

    /// What was changed later, on top.
    pub(crate) fn then(&mut self, later: BucketChanges) {
        for (ordinal, change) in later.entries {
            let entry = self.entries.entry(ordinal).or_default();
            entry.delta += change.delta;
            entry.value = change.value;
        }
    }

    /// Writes the rows that these changes make of the bucket `key`, which `before` gives as it is.
    pub(crate) fn settle(
        self,
        space: &mut dyn KeySpace,
        key: Key,
        before: Option<&Value>,
    ) -> Result<(), StoreError> {
        match Bucket::decode(&key, before)? {
            Bucket::Counted(_) => self.settle_counted(space, key),
            Bucket::Few(entries) => self.settle_few(space, key, entries),
        }
    }

    fn settle_counted(self, space: &mut dyn KeySpace, key: Key) -> Result<(), StoreError> {
        let mut sum = 0;
        for (ordinal, change) in self.entries {
            match change.value {
                Some(value) => self.list.entries().put(space, ordinal, value.to_vec())?,
                None => self.list.entries().delete(space, ordinal)?,
            }
            if change.delta != 0 {
                space.add(self.list.fine(ordinal), change.delta)?;
            }
            sum += change.delta;
        }
        if sum == 0 { Ok(()) } else { space.add(key, sum) }
    }

    fn settle_few(
        self,
        space: &mut dyn KeySpace,
        key: Key,
        mut entries: BTreeMap<u64, Value>,
    ) -> Result<(), StoreError> {
        for (ordinal, change) in self.entries {
            match change.value {
                Some(value) => entries.insert(ordinal, value),
                None => entries.remove(&ordinal),
            };
        }
        if entries.is_empty() {
            return space.delete(key);
        }
        let row = encode(&entries);
        if entries.len() <= FEW_MAX && row.len() <= FEW_BYTES_MAX {
            return space.put(key, row);
        }
        let count = entries.len() as i64;
        for (ordinal, value) in entries {
            self.list.entries().put(space, ordinal, value.to_vec())?;
            space.add(self.list.fine(ordinal), 1)?;
        }
        space.put(key, count.to_be_bytes().to_vec())
    }
}

/// The bucket in which an ordinal lies.
pub(super) fn number_of(ordinal: u64) -> u64 {
    ordinal >> COARSE
}

fn encode(entries: &BTreeMap<u64, Value>) -> Vec<u8> {
    let mut row = Vec::new();
    for (ordinal, value) in entries {
        let length = u16::try_from(value.len()).expect("values are at most PACKED_BYTES_MAX long");
        row.extend_from_slice(&ordinal.to_be_bytes());
        row.extend_from_slice(&length.to_be_bytes());
        row.extend_from_slice(value);
    }
    row
}

/// The first entry of a row, and what lies behind it.
fn first(row: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (ordinal, rest) = row.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (value, behind) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    Some((u64::from_be_bytes(*ordinal), value, behind))
}
