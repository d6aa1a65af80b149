//! Counted lists: values in order of a number, with the count of them, and of any part of them, at hand.
//!
//! A list has a *bucket* (`bucket`) for every 262,144 ordinals in which it has entries. While those are few the bucket holds them;
//! then it holds their number, the entries are [packed](crate::packed), and a commutative counter says how many there are in
//! every 512 ordinals. To skip to a position a page walks the buckets, then the counters of one, then at most 512 entries,
//! from whichever end is nearer, so a page deep in a long list costs little more than the first one. Adding entries never
//! conflicts; only reading a count or a page does, with additions made meanwhile.
//!
//! | row | key, behind the list's prefix | value |
//! | --- | --- | --- |
//! | bucket | `b`, `12`, ordinal >> 18, `u64` | see `bucket` |
//! | entries of a bucket of many | `e`, then as in [`packed`](crate::packed), by ordinal | the caller's |
//! | their number in 512 ordinals | `b`, `09`, ordinal >> 9, `u64` | counter |

mod bucket;

use self::bucket::Bucket;
pub use self::bucket::BucketChanges;
use crate::engine::Value;
use crate::error::StoreError;
use crate::keys::{Key, KeyBuilder, KeyRange, KeyReader, Order};
use crate::limits::PACKED_BYTES_MAX;
use crate::packed::PackedRows;
use crate::transaction::KeySpace;
use crate::view::counter_of;

const ENTRY: u8 = b'e';
const BUCKET: u8 = b'b';

/// Sizes of buckets and of what is counted in them, as powers of two. With 512 children each, no step of a skip reads more rows
/// than a few long pages; and the count of a list of millions is the sum of a few rows.
const COARSE: u8 = 18;
const FINE: u8 = 9;

/// Rows fetched at a time while skipping: few at first, because most skips are short.
const SKIP_CHUNK_MIN: usize = 16;
const SKIP_CHUNK_MAX: usize = 256;

/// A list under a prefix of keys that nothing else uses.
#[derive(Clone, Debug)]
pub struct CountedList {
    prefix: Key,
}

/// Some entries of a list, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// Ordinal and value, in the order asked for.
    pub entries: Vec<(u64, Value)>,
    /// Exact, as of the same moment.
    pub total: u64,
}

impl CountedList {
    /// The list under `prefix`, which must consist of whole fields.
    pub fn new(prefix: Key) -> CountedList {
        CountedList { prefix }
    }

    /// Adds an entry of at most [`PACKED_BYTES_MAX`]. The caller knows that no entry has this ordinal: looking would make
    /// additions conflict.
    pub fn insert(&self, space: &mut dyn KeySpace, ordinal: u64, value: Vec<u8>) -> Result<(), StoreError> {
        if value.len() > PACKED_BYTES_MAX {
            return Err(StoreError::PackedTooLarge {
                bytes: value.len(),
                max: PACKED_BYTES_MAX,
            });
        }
        let change = BucketChanges::insertion(self, ordinal, value);
        space.change_bucket(self.bucket(bucket::number_of(ordinal)), change)
    }

    /// Removes an entry. The caller knows that it is there.
    pub fn remove(&self, space: &mut dyn KeySpace, ordinal: u64) -> Result<(), StoreError> {
        let change = BucketChanges::removal(self, ordinal);
        space.change_bucket(self.bucket(bucket::number_of(ordinal)), change)
    }

    /// The exact number of entries.
    pub fn len(&self, space: &mut dyn KeySpace) -> Result<u64, StoreError> {
        let buckets = self.buckets(space)?;
        Ok(buckets.iter().map(|(_, bucket)| bucket.len()).sum())
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
    ) -> Result<ListPage, StoreError> {
        let buckets = self.buckets(space)?;
        let total: u64 = buckets.iter().map(|(_, bucket)| bucket.len()).sum();
        let behind = total.saturating_sub(offset);
        let limit = usize::try_from(behind).map_or(limit, |behind| limit.min(behind));
        // As many entries lie behind the page; where they are fewer, the way from the other end is shorter.
        let beyond = behind - limit as u64;
        let entries = if beyond >= offset {
            self.take(space, &buckets, offset, limit, order)?
        } else {
            let mut entries = self.take(space, &buckets, beyond, limit, order.reversed())?;
            entries.reverse();
            entries
        };
        Ok(ListPage { entries, total })
    }

    /// All buckets with their numbers, in order, after the changes that this transaction has made.
    fn buckets(&self, space: &mut dyn KeySpace) -> Result<Vec<(u64, Bucket)>, StoreError> {
        let all = KeyRange::through_key(self.bucket(0), &self.bucket(u64::MAX));
        for key in space.changed_buckets(&all) {
            space.settle_bucket(key)?;
        }
        let mut buckets = Vec::new();
        walk(space, all, Order::Ascending, |key, row| {
            buckets.push((self.number(key)?, Bucket::decode(key, Some(row))?));
            Ok(true)
        })?;
        Ok(buckets)
    }

    /// The `limit` entries behind the first `skip` ones in this order.
    fn take(
        &self,
        space: &mut dyn KeySpace,
        buckets: &[(u64, Bucket)],
        mut skip: u64,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(u64, Value)>, StoreError> {
        let mut found = Vec::new();
        let mut left = buckets;
        while found.len() < limit {
            let next = match order {
                Order::Ascending => left.split_first(),
                Order::Descending => left.split_last(),
            };
            let Some(((number, bucket), rest)) = next else {
                return Err(corrupt(&self.prefix, "a list's counters do not add up"));
            };
            left = rest;
            if skip >= bucket.len() {
                skip -= bucket.len();
                continue;
            }
            let missing = limit - found.len();
            match bucket {
                Bucket::Few(entries) => {
                    let entries = entries.iter().map(|(ordinal, value)| (*ordinal, value.clone()));
                    match order {
                        Order::Ascending => found.extend(entries.skip(skip as usize).take(missing)),
                        Order::Descending => found.extend(entries.rev().skip(skip as usize).take(missing)),
                    }
                }
                Bucket::Counted(count) => {
                    let there = usize::try_from(count - skip).unwrap_or(usize::MAX);
                    found.extend(self.take_counted(space, *number, skip, missing.min(there), order)?);
                }
            }
            skip = 0;
        }
        Ok(found)
    }

    /// The `limit` entries behind the first `skip` ones of a bucket of many, which has that many.
    fn take_counted(
        &self,
        space: &mut dyn KeySpace,
        number: u64,
        mut skip: u64,
        limit: usize,
        order: Order,
    ) -> Result<Vec<(u64, Value)>, StoreError> {
        let (mut first, mut last) = (number << COARSE, (number << COARSE) | ((1 << COARSE) - 1));
        if skip > 0 {
            let counters = KeyRange::through_key(self.fine(first), &self.fine(last));
            let mut end = None;
            walk(space, counters, order, |key, row| {
                let count = u64::try_from(counter_of(key, Some(row))?)
                    .map_err(|_| corrupt(key, "a count is negative"))?;
                if skip < count {
                    end = Some(self.number(key)?);
                    return Ok(false);
                }
                skip -= count;
                Ok(true)
            })?;
            let end = end.ok_or_else(|| corrupt(&self.prefix, "a list's counters do not add up"))?;
            match order {
                Order::Ascending => first = end << FINE,
                Order::Descending => last = (end << FINE) | ((1 << FINE) - 1),
            }
        }
        // What is left to skip is among the next 512 ordinals.
        let inside = skip as usize;
        let entries = self.entries().scan(space, first..=last, order, inside + limit)?;
        if entries.len() < inside + limit {
            return Err(corrupt(&self.prefix, "a list's counters do not add up"));
        }
        Ok(entries.into_iter().skip(inside).collect())
    }

    fn field(&self, field: u8) -> KeyBuilder {
        KeyBuilder::from_prefix(&self.prefix).byte(field)
    }

    fn entries(&self) -> PackedRows {
        PackedRows::new(self.field(ENTRY).build())
    }

    fn bucket(&self, number: u64) -> Key {
        self.field(BUCKET).byte(COARSE).number(number).build()
    }

    /// The counter of the 512 ordinals among which this one lies.
    fn fine(&self, ordinal: u64) -> Key {
        self.field(BUCKET).byte(FINE).number(ordinal >> FINE).build()
    }

    /// The number in the key of a bucket or counter.
    fn number(&self, key: &[u8]) -> Result<u64, StoreError> {
        // Behind the prefix, the field and the shift.
        let number = key
            .get(self.prefix.len() + 2..)
            .and_then(|rest| KeyReader::new(rest).number());
        number.ok_or_else(|| corrupt(key, "not a bucket of a counted list"))
    }
}

/// Shows rows in order while it is told to go on.
fn walk(
    space: &mut dyn KeySpace,
    mut rest: KeyRange,
    order: Order,
    mut goes_on: impl FnMut(&[u8], &Value) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut chunk = SKIP_CHUNK_MIN;
    loop {
        let rows = space.scan(rest.clone(), order, chunk)?;
        for (key, row) in &rows {
            if !goes_on(key, row)? {
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

fn corrupt(key: &[u8], reason: &str) -> StoreError {
    StoreError::Corrupt {
        key: key.to_vec(),
        reason: reason.into(),
    }
}
