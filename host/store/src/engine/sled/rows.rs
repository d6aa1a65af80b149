//! How a key and its value lie in sled.
//!
//! | row | key | value |
//! | --- | --- | --- |
//! | small value | `r` key | `00` value |
//! | compressed value | `r` key | `02`, see [`compressed`](super::compressed) |
//! | large value | `r` key | `01`, generation `u64`, number of chunks `u32` |
//! | its chunks | `c` key as string, generation `u64`, index `u32` | up to [`INLINE_BYTES_MAX`] bytes |
//! | staging | `s` … | see [`staged`](super::staged) |
//!
//! Each large value has a generation of its own, so a reader that is overtaken by a replacement finds chunks missing,
//! never mixed, and looks again.

use std::ops::Bound;
use std::sync::atomic::Ordering;

use ::sled::IVec;

use super::compressed::{compressed, decompressed};
use super::{SledEngine, failed};
use crate::engine::{Value, Write};
use crate::error::StoreError;
use crate::keys::{Key, KeyBuilder, KeyRange, Order};

/// Values up to this size, as compressed as they are, lie in their row. A leaf holds up to 17 rows and is rewritten every ten changes, so this bounds
/// how much log one small change may cost (140 kB), and keeps leaves far below the size at which sled moves them out of
/// its log.
pub(super) const INLINE_BYTES_MAX: usize = 8 * 1024;

pub(super) const ROW: u8 = b'r';
pub(super) const CHUNK: u8 = b'c';

const INLINE: u8 = 0;
const CHUNKED: u8 = 1;
const COMPRESSED: u8 = 2;

/// A row as sled sees it.
pub(super) type RawRow = (Vec<u8>, Option<Vec<u8>>);

/// Where a row's value is.
enum Head {
    Inline(Value),
    Chunked { generation: u64, chunks: u32 },
}

pub(super) fn bytes(rows: &[RawRow]) -> usize {
    rows.iter()
        .map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len))
        .sum()
}

impl SledEngine {
    pub(super) fn read_row(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let raw_key = row_key(key);
        let mut head = self.tree.get(&raw_key).map_err(failed)?;
        loop {
            let Some(raw) = &head else { return Ok(None) };
            if let Some(value) = self.read_value(key, raw)? {
                return Ok(Some(value));
            }
            // Chunks are missing: replaced or removed between the two looks, or damaged.
            let again = self.tree.get(&raw_key).map_err(failed)?;
            if again == head {
                return Err(corrupt(key, "parts of its value are missing"));
            }
            head = again;
        }
    }

    pub(super) fn read_range(
        &self,
        range: &KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Key, Value)>, StoreError> {
        let start = Bound::Included(row_key(&range.start));
        let end = Bound::Excluded(range.end.as_deref().map_or_else(|| vec![ROW + 1], row_key));
        let mut iterator = self.tree.range::<Vec<u8>, _>((start, end));
        let mut rows = Vec::new();
        while rows.len() < limit {
            let next = match order {
                Order::Ascending => iterator.next(),
                Order::Descending => iterator.next_back(),
            };
            let Some((raw_key, raw)) = next.transpose().map_err(failed)? else {
                break;
            };
            let key = raw_key[1..].to_vec();
            let value = match self.read_value(&key, &raw)? {
                Some(value) => Some(value),
                None => self.read_row(&key)?,
            };
            rows.extend(value.map(|value| (key, value)));
        }
        Ok(rows)
    }

    /// The rows that make these writes true.
    pub(super) fn rows_of(&self, writes: &[Write]) -> Result<Vec<RawRow>, StoreError> {
        let mut rows = Vec::with_capacity(writes.len());
        for (key, value) in writes {
            if self.has_chunks.load(Ordering::Relaxed) {
                self.remove_chunks(key, &mut rows)?;
            }
            let head = value.as_ref().map(|value| {
                let small = compressed(value).map_or_else(
                    || inline(INLINE, value),
                    |compressed| inline(COMPRESSED, &compressed),
                );
                small.unwrap_or_else(|| self.cut(key, value, &mut rows))
            });
            rows.push((row_key(key), head));
        }
        Ok(rows)
    }

    pub(super) fn apply_rows(&self, rows: &[RawRow]) -> Result<(), StoreError> {
        let mut batch = ::sled::Batch::default();
        for (key, value) in rows {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        self.tree.apply_batch(batch).map_err(failed)
    }

    /// The value behind a head; none when chunks are missing.
    fn read_value(&self, key: &[u8], raw: &IVec) -> Result<Option<Value>, StoreError> {
        let (generation, chunks) = match head(key, raw)? {
            Head::Inline(value) => return Ok(Some(value)),
            Head::Chunked { generation, chunks } => (generation, chunks),
        };
        let mut value = Vec::with_capacity(chunks as usize * INLINE_BYTES_MAX);
        for index in 0..chunks {
            match self.tree.get(chunk_key(key, generation, index)).map_err(failed)? {
                Some(chunk) => value.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
        Ok(Some(value.into()))
    }

    /// Cuts a large value into chunk rows and returns its head.
    fn cut(&self, key: &[u8], value: &[u8], rows: &mut Vec<RawRow>) -> Vec<u8> {
        self.has_chunks.store(true, Ordering::Relaxed);
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        let mut chunks = 0_u32;
        for chunk in value.chunks(INLINE_BYTES_MAX) {
            rows.push((chunk_key(key, generation, chunks), Some(chunk.to_vec())));
            chunks += 1;
        }
        let mut head = vec![CHUNKED];
        head.extend_from_slice(&generation.to_be_bytes());
        head.extend_from_slice(&chunks.to_be_bytes());
        head
    }

    fn remove_chunks(&self, key: &[u8], rows: &mut Vec<RawRow>) -> Result<(), StoreError> {
        let Some(raw) = self.tree.get(row_key(key)).map_err(failed)? else {
            return Ok(());
        };
        if let Head::Chunked { generation, chunks } = head(key, &raw)? {
            rows.extend((0..chunks).map(|index| (chunk_key(key, generation, index), None)));
        }
        Ok(())
    }
}

fn row_key(key: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(key.len() + 1);
    raw.push(ROW);
    raw.extend_from_slice(key);
    raw
}

fn chunk_key(key: &[u8], generation: u64, index: u32) -> Vec<u8> {
    let mut raw = KeyBuilder::new(CHUNK).string(key).number(generation).build();
    raw.extend_from_slice(&index.to_be_bytes());
    raw
}

/// A head with the value in it, if it is short enough for that.
fn inline(kind: u8, value: &[u8]) -> Option<Vec<u8>> {
    if value.len() > INLINE_BYTES_MAX {
        return None;
    }
    let mut head = Vec::with_capacity(value.len() + 1);
    head.push(kind);
    head.extend_from_slice(value);
    Some(head)
}

fn head(key: &[u8], raw: &IVec) -> Result<Head, StoreError> {
    match raw.split_first() {
        Some((&INLINE, value)) => Ok(Head::Inline(value.into())),
        Some((&COMPRESSED, rest)) => decompressed(rest)
            .map(|value| Head::Inline(value.into()))
            .ok_or_else(|| corrupt(key, "its compressed value cannot be read")),
        Some((&CHUNKED, rest)) => {
            let parts = rest.split_first_chunk::<8>().and_then(|(generation, rest)| {
                Some((
                    u64::from_be_bytes(*generation),
                    u32::from_be_bytes(rest.try_into().ok()?),
                ))
            });
            let (generation, chunks) = parts.ok_or_else(|| corrupt(key, "its head is too short"))?;
            Ok(Head::Chunked { generation, chunks })
        }
        _ => Err(corrupt(key, "its first byte is unknown")),
    }
}

pub(super) fn corrupt(key: &[u8], reason: &str) -> StoreError {
    StoreError::Corrupt {
        key: key.to_vec(),
        reason: reason.into(),
    }
}
