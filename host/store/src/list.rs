//! Counted lists: values in order of a number, with the count of them, and of any part of them, at hand.
//!
//! Beside its entries, which are [packed](crate::packed), a list keeps commutative counters: how many entries there are in
//! every 262,144 ordinals and in every 512. To skip to a position it walks the coarse counters, then the fine ones, then at
//! most 512 entries, from whichever end is nearer, so a page deep in a long list costs little more than the first one. Adding
//! entries never conflicts; only reading a count or a page does, with additions made meanwhile.
//!
//! | row | key, behind the list's prefix | value |
//! | --- | --- | --- |
//! | entries | `e`, then as in [`packed`](crate::packed), by ordinal | the caller's |
//! | count of a bucket | `b`, shift `u8` (18 or 9), ordinal >> shift, `u64` | counter |

use crate::engine::Value;
use crate::error::StoreError;
use crate::keys::{Key, KeyBuilder, KeyRange, KeyReader, Order};
use crate::packed::PackedRows;
use crate::transaction::KeySpace;
use crate::view::counter_of;

const ENTRY: u8 = b'e';
const BUCKET: u8 = b'b';

/// Sizes of the buckets as powers of two, coarse first. With 512 children each, no step of a skip reads more rows than a few
/// long pages; and the count of a list of millions is the sum of a few rows.
const SHIFTS: [u8; 2] = [COARSE, 9];
const COARSE: u8 = 18;

/// Rows of counters fetched at a time while skipping: few at first, because most skips are short.
const SKIP_CHUNK_MIN: usize = 16;
const SKIP_CHUNK_MAX: usize = 256;

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

    /// Adds an entry of at most [`PACKED_BYTES_MAX`](crate::limits::PACKED_BYTES_MAX). The caller knows that no entry has this
    /// ordinal: looking would make additions conflict.
    pub fn insert(&self, space: &mut dyn KeySpace, ordinal: u64, value: Vec<u8>) -> Result<(), StoreError> {
        self.entries().put(space, ordinal, value)?;
        self.count(space, ordinal, 1)
    }

    /// Removes an entry. The caller knows that it is there.
    pub fn remove(&self, space: &mut dyn KeySpace, ordinal: u64) -> Result<(), StoreError> {
        self.entries().delete(space, ordinal)?;
        self.count(space, ordinal, -1)
    }

    /// The exact number of entries.
    pub fn len(&self, space: &mut dyn KeySpace) -> Result<u64, StoreError> {
        let mut total = 0;
        self.walk(space, COARSE, (0, u64::MAX), Order::Ascending, &mut |_, count| {
            total += count;
            false
        })?;
        Ok(total)
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
        let behind = self.len(space)?.saturating_sub(offset);
        let limit = usize::try_from(behind).map_or(limit, |behind| limit.min(behind));
        if limit == 0 {
            return Ok(Vec::new());
        }
        // As many entries lie behind the page; where they are fewer, the way from the other end is shorter.
        let beyond = behind - limit as u64;
        if beyond >= offset {
            return self.take(space, offset, limit, order);
        }
        let mut page = self.take(space, beyond, limit, order.reversed())?;
        page.reverse();
        Ok(page)
    }

    /// The `limit` entries behind the first `skip` ones in this order.
    fn take(
        &self,
        space: &mut dyn KeySpace,
        skip: u64,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(u64, Value)>, StoreError> {
        let mut skip = Skip {
            order,
            left: skip,
            ordinals: (0, u64::MAX),
        };
        for shift in SHIFTS {
            self.skip_buckets(space, shift, &mut skip)?;
        }
        // What is left to skip is inside one bucket of the finest level.
        let (first, last) = skip.ordinals;
        let inside = skip.left as usize;
        let ordinals = match order {
            Order::Ascending => first..=u64::MAX,
            Order::Descending => 0..=last,
        };
        let entries = self.entries().scan(space, ordinals, order, inside + limit)?;
        Ok(entries.into_iter().skip(inside).collect())
    }

    /// Skips whole buckets of one level inside `skip.ordinals`, and narrows that to the bucket where the skip ends.
    fn skip_buckets(&self, space: &mut dyn KeySpace, shift: u8, skip: &mut Skip) -> Result<(), StoreError> {
        if skip.left == 0 {
            return Ok(());
        }
        let mut found = None;
        let left = &mut skip.left;
        self.walk(space, shift, skip.ordinals, skip.order, &mut |number, count| {
            if *left < count {
                found = Some(number);
            } else {
                *left -= count;
            }
            found.is_some()
        })?;
        let number = found.ok_or_else(|| corrupt(&self.prefix, "a list's counters do not add up"))?;
        skip.ordinals = (number << shift, (number << shift) | ((1 << shift) - 1));
        Ok(())
    }

    /// Shows number and count of the buckets of one level that hold these ordinals, until it is told to stop.
    fn walk(
        &self,
        space: &mut dyn KeySpace,
        shift: u8,
        (first, last): (u64, u64),
        order: Order,
        stop_at: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<(), StoreError> {
        let mut rest = KeyRange::through_key(self.bucket(shift, first), &self.bucket(shift, last));
        let mut chunk = SKIP_CHUNK_MIN;
        loop {
            let rows = space.scan(rest.clone(), order, chunk)?;
            for (key, value) in &rows {
                let count = counter_of(key, Some(value))?;
                let count = u64::try_from(count).map_err(|_| corrupt(key, "a count is negative"))?;
                if stop_at(self.bucket_number(key)?, count) {
                    return Ok(());
                }
            }
            match rows.last() {
                Some((end, _)) if rows.len() == chunk => rest = rest.beyond(end, order),
                _ => return Ok(()),
            }
            chunk = (chunk * 2).min(SKIP_CHUNK_MAX);
        }
    }

    fn count(&self, space: &mut dyn KeySpace, ordinal: u64, delta: i64) -> Result<(), StoreError> {
        SHIFTS
            .into_iter()
            .try_for_each(|shift| space.add(self.bucket(shift, ordinal), delta))
    }

    fn field(&self, field: u8) -> KeyBuilder {
        KeyBuilder::from_prefix(&self.prefix).byte(field)
    }

    fn entries(&self) -> PackedRows {
        PackedRows::new(self.field(ENTRY).build())
    }

    fn bucket(&self, shift: u8, ordinal: u64) -> Key {
        self.field(BUCKET).byte(shift).number(ordinal >> shift).build()
    }

    fn bucket_number(&self, key: &[u8]) -> Result<u64, StoreError> {
        // Behind the prefix, the field and the shift.
        let number = key
            .get(self.prefix.len() + 2..)
            .and_then(|rest| KeyReader::new(rest).number());
        number.ok_or_else(|| corrupt(key, "not a bucket of a counted list"))
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
