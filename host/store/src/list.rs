//! Counted lists: rows in order of a number, with the count of them, and of any part of them, at hand.
//!
//! Beside its entries a list keeps commutative counters: how many entries there are in all, in every 65,536 ordinals and
//! in every 256. To skip to a position it walks the coarse counters, then the fine ones, then at most 256 entries, so a
//! page deep in a long list costs as much as the first one. Adding entries never conflicts; only reading a count or a page
//! does, with additions made meanwhile.
//!
//! | row | key, behind the list's prefix | value |
//! | --- | --- | --- |
//! | entry | `e`, ordinal `u64` | the caller's |
//! | count of all | `n` | counter |
//! | count of a bucket | `b`, shift `u8` (16 or 8), ordinal >> shift, `u64` | counter |

use crate::engine::Value;
use crate::error::StoreError;
use crate::keys::{Key, KeyBuilder, KeyRange, KeyReader, Order};
use crate::transaction::KeySpace;

const ENTRY: u8 = b'e';
const TOTAL: u8 = b'n';
const BUCKET: u8 = b'b';

/// Sizes of the buckets as powers of two, coarse first. With 256 children each, no step of a skip is longer than the
/// longest page.
const SHIFTS: [u8; 2] = [16, 8];

/// Rows of counters fetched at a time while skipping.
const SKIP_CHUNK: usize = 256;

/// A list under a prefix of keys that nothing else uses.
#[derive(Clone, Debug)]
pub struct CountedList {
    prefix: Key,
}

impl CountedList {
    /// The list under `prefix`, which must consist of whole fields.
    pub fn new(prefix: Key) -> CountedList {
        CountedList { prefix }
    }

    /// Adds an entry. The caller knows that no entry has this ordinal: looking would make additions conflict.
    pub fn insert(&self, space: &mut dyn KeySpace, ordinal: u64, value: Vec<u8>) -> Result<(), StoreError> {
        space.put(self.entry(ordinal), value)?;
        self.count(space, ordinal, 1)
    }

    /// Removes an entry. The caller knows that it is there.
    pub fn remove(&self, space: &mut dyn KeySpace, ordinal: u64) -> Result<(), StoreError> {
        space.delete(self.entry(ordinal))?;
        self.count(space, ordinal, -1)
    }

    /// The exact number of entries.
    pub fn len(&self, space: &mut dyn KeySpace) -> Result<u64, StoreError> {
        let key = self.field(TOTAL).build();
        let total = space.counter(&key)?;
        u64::try_from(total).map_err(|_| negative(&key))
    }

    /// Whether there is no entry.
    pub fn is_empty(&self, space: &mut dyn KeySpace) -> Result<bool, StoreError> {
        self.len(space).map(|len| len == 0)
    }

    /// At most `limit` entries from position `offset` on, counted in the given order from 0.
    pub fn page(
        &self,
        space: &mut dyn KeySpace,
        offset: u64,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(u64, Value)>, StoreError> {
        if limit == 0 || offset >= self.len(space)? {
            return Ok(Vec::new());
        }
        let mut skip = Skip {
            order,
            left: offset,
            ordinals: (0, u64::MAX),
        };
        for shift in SHIFTS {
            self.skip_buckets(space, shift, &mut skip)?;
        }
        // What is left to skip is inside one bucket of the finest level.
        let (first, last) = skip.ordinals;
        let inside = skip.left as usize;
        let range = match order {
            Order::Ascending => KeyRange {
                start: self.entry(first),
                end: KeyRange::prefix(self.entries()).end,
            },
            Order::Descending => KeyRange::through_key(self.entries(), &self.entry(last)),
        };
        let rows = space.scan(range, order, inside + limit)?;
        rows.into_iter()
            .skip(inside)
            .map(|(key, value)| Ok((self.ordinal(&key)?, value)))
            .collect()
    }

    /// Skips whole buckets of one level inside `skip.ordinals`, and narrows that to the bucket where the skip ends.
    fn skip_buckets(&self, space: &mut dyn KeySpace, shift: u8, skip: &mut Skip) -> Result<(), StoreError> {
        let (first, last) = skip.ordinals;
        let mut range = KeyRange::through_key(self.bucket(shift, first), &self.bucket(shift, last));
        loop {
            let rows = space.scan(range.clone(), skip.order, SKIP_CHUNK)?;
            let Some((end, _)) = rows.last().cloned() else {
                return Err(corrupt(&range.start, "a list's counters do not add up"));
            };
            for (key, value) in rows {
                let count = crate::view::counter_of(&key, Some(&value))?;
                let count = u64::try_from(count).map_err(|_| negative(&key))?;
                if skip.left < count {
                    let number = self.bucket_number(&key)?;
                    skip.ordinals = (number << shift, (number << shift) | ((1 << shift) - 1));
                    return Ok(());
                }
                skip.left -= count;
            }
            range = range.beyond(&end, skip.order);
        }
    }

    fn count(&self, space: &mut dyn KeySpace, ordinal: u64, delta: i64) -> Result<(), StoreError> {
        space.add(self.field(TOTAL).build(), delta)?;
        for shift in SHIFTS {
            space.add(self.bucket(shift, ordinal), delta)?;
        }
        Ok(())
    }

    fn field(&self, field: u8) -> KeyBuilder {
        KeyBuilder::from_prefix(&self.prefix).byte(field)
    }

    fn entries(&self) -> Key {
        self.field(ENTRY).build()
    }

    fn entry(&self, ordinal: u64) -> Key {
        self.field(ENTRY).number(ordinal).build()
    }

    fn bucket(&self, shift: u8, ordinal: u64) -> Key {
        self.field(BUCKET).byte(shift).number(ordinal >> shift).build()
    }

    fn ordinal(&self, key: &[u8]) -> Result<u64, StoreError> {
        self.number_behind(key, 1)
    }

    fn bucket_number(&self, key: &[u8]) -> Result<u64, StoreError> {
        self.number_behind(key, 2)
    }

    fn number_behind(&self, key: &[u8], bytes: usize) -> Result<u64, StoreError> {
        let number = key
            .get(self.prefix.len() + bytes..)
            .and_then(|rest| KeyReader::new(rest).number());
        number.ok_or_else(|| corrupt(key, "not a row of a counted list"))
    }
}

/// Where a skip has come to.
struct Skip {
    order: Order,
    /// Entries still to be skipped.
    left: u64,
    /// The ordinals among which the skip ends, both included.
    ordinals: (u64, u64),
}

fn corrupt(key: &[u8], reason: &str) -> StoreError {
    StoreError::Corrupt {
        key: key.to_vec(),
        reason: reason.into(),
    }
}

fn negative(key: &[u8]) -> StoreError {
    corrupt(key, "a count is negative")
}
