//! Batches applied row by row, while others read.
//!
//! sled keeps every reader out for as long as it applies a batch, and a batch of a thousand rows takes as long as reading
//! them. So a batch of many rows is first written down whole, as one row, the *intent*; then its rows are written one by
//! one. sled recovers its log as far as it is whole and no further: after a crash either the intent is not there, and none
//! of the rows, or it is, and opening writes all of them, again where they were written before. Readers that meet some rows
//! and not yet others are what the layer above expects of an engine.
//!
//! The intent stays until another takes its place or a batch of another kind is applied, which removes it: it would be
//! older than that batch.
//!
//! | row | key | value |
//! | --- | --- | --- |
//! | intent | `i` | length `u32`, LZ4 block of: for each write its key's length `u32`, key, and `00`, or `01`, its value's length `u32` and value |

use std::slice;
use std::sync::atomic::Ordering;

use super::compressed::{compress, decompress};
use super::rows::{CHUNK, RawRow, corrupt};
use super::{SledEngine, failed};
use crate::engine::{Value, Write, bytes_of};
use crate::error::StoreError;
use crate::limits::TRANSACTION_BYTES_MAX;

const INTENT: &[u8] = b"i";

/// Fewer rows are a batch of sled: readers wait for less than a millisecond then, and nothing is written twice.
const ROWS_MIN: usize = 32;

impl SledEngine {
    /// Applies a batch that is small enough to be un-synced at once, whichever way is better.
    pub(super) fn apply_batch(&self, writes: &[Write], mut rows: Vec<RawRow>) -> Result<(), StoreError> {
        // Chunks have to appear and go together with their head.
        let is_chunked = rows.iter().any(|(key, _)| key.first() == Some(&CHUNK));
        if rows.len() >= ROWS_MIN && !is_chunked {
            return self.apply_one_by_one(writes, &rows);
        }
        rows.extend(self.intent_removal());
        self.apply_rows(&rows)?;
        self.note_written(writes);
        self.has_intent.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// For whoever is about to write what an intent must not undo.
    pub(super) fn remove_intent(&self) -> Result<(), StoreError> {
        if let Some(removal) = self.intent_removal() {
            self.apply_rows(&[removal])?;
            self.has_intent.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Called after opening, before anything else is written.
    pub(super) fn finish_intent(&self) -> Result<(), StoreError> {
        let Some(intent) = self.tree.get(INTENT).map_err(failed)? else {
            return Ok(());
        };
        self.has_intent.store(true, Ordering::Relaxed);
        let writes = decode(&intent).ok_or_else(|| corrupt(INTENT, "a batch cannot be finished"))?;
        let mut rows = self.rows_of(&writes)?;
        rows.extend(self.intent_removal());
        self.apply_rows(&rows)?;
        self.barrier.sync(&self.tree)?;
        self.has_intent.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn apply_one_by_one(&self, writes: &[Write], rows: &[RawRow]) -> Result<(), StoreError> {
        self.has_intent.store(true, Ordering::Relaxed);
        self.tree.insert(INTENT, encode(writes)).map_err(failed)?;
        for ((key, value), write) in rows.iter().zip(writes) {
            match value {
                Some(value) => self.tree.insert(key, value.as_slice()),
                None => self.tree.remove(key),
            }
            .map_err(failed)?;
            // One by one too: a barrier may begin in between.
            self.note_written(slice::from_ref(write));
        }
        Ok(())
    }

    /// As the store counts them, because it is the store that asks how many there may be.
    fn note_written(&self, writes: &[Write]) {
        self.barrier.note_written(bytes_of(writes));
    }

    fn intent_removal(&self) -> Option<RawRow> {
        let has_intent = self.has_intent.load(Ordering::Relaxed);
        has_intent.then(|| (INTENT.to_vec(), None))
    }
}

fn encode(writes: &[Write]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |part: &[u8]| {
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part);
    };
    for (key, value) in writes {
        put(key);
        match value {
            Some(value) => {
                put(&[1]);
                put(value);
            }
            None => put(&[0]),
        }
    }
    compress(&bytes)
}

fn decode(intent: &[u8]) -> Option<Vec<Write>> {
    let bytes = decompress(intent, TRANSACTION_BYTES_MAX)?;
    let mut rest = bytes.as_slice();
    let mut take = || {
        let (length, behind) = rest.split_first_chunk()?;
        let (part, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = behind;
        Some(part.to_vec())
    };
    let mut writes = Vec::new();
    while let Some(key) = take() {
        let value = match *take()?.as_slice() {
            [0] => None,
            [1] => Some(Value::from(take()?)),
            _ => return None,
        };
        writes.push((key, value));
    }
    rest.is_empty().then_some(writes)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use super::*;
    use crate::engine::Engine;
    use crate::engine::sled::staged::BATCH_BYTES_MAX;

    fn open(dir: &Path) -> SledEngine {
        let lock = File::create(dir.join("LOCK")).unwrap();
        SledEngine::open(&dir.join("engine"), 1024 * 1024, lock).unwrap()
    }

    /// Values of every row, and removals of some.
    fn many(value: u8) -> Vec<Write> {
        let row = |number: u8| {
            (
                vec![number],
                (!number.is_multiple_of(5)).then(|| vec![value; 300].into()),
            )
        };
        (0..100).map(row).collect()
    }

    fn values(engine: &SledEngine) -> Vec<Option<u8>> {
        let value = |number: u8| engine.get(&[number]).unwrap().map(|value| value[0]);
        (0..100).map(value).collect()
    }

    fn expected(value: u8) -> Vec<Option<u8>> {
        (0..100)
            .map(|number: u8| (!number.is_multiple_of(5)).then_some(value))
            .collect()
    }

    fn has_intent(engine: &SledEngine) -> bool {
        engine.tree.contains_key(INTENT).unwrap()
    }

    #[test]
    fn a_batch_cut_off_anywhere_is_finished() {
        for cut in [0, 1, 50, 100] {
            let dir = tempfile::tempdir().unwrap();
            let engine = open(dir.path());
            engine.apply(&many(1)).unwrap();
            assert!(has_intent(&engine));
            // As `apply_one_by_one` does it, up to the cut.
            let writes = many(2);
            engine.tree.insert(INTENT, encode(&writes)).unwrap();
            let rows = engine.rows_of(&writes[..cut]).unwrap();
            engine.apply_rows(&rows).unwrap();
            engine.sync().unwrap();
            drop(engine);
            let engine = open(dir.path());
            assert_eq!(values(&engine), expected(2), "cut behind {cut} rows");
            assert!(!has_intent(&engine));
        }
    }

    #[test]
    fn what_came_later_is_not_undone() {
        let large: Write = (vec![200], Some(vec![7; 2 * BATCH_BYTES_MAX].into()));
        let one: Write = (vec![1], Some(vec![9].into()));
        for later in [vec![one.clone()], vec![one.clone(), large]] {
            let dir = tempfile::tempdir().unwrap();
            let engine = open(dir.path());
            engine.apply(&many(1)).unwrap();
            engine.apply(&later).unwrap();
            engine.sync().unwrap();
            assert!(!has_intent(&engine));
            drop(engine);
            assert_eq!(values(&open(dir.path()))[1], Some(9));
        }
    }

    #[test]
    fn a_damaged_intent_refuses_to_open() {
        let whole = encode(&many(1));
        assert_eq!(decode(&whole), Some(many(1)));
        let shorter = &whole[..whole.len() - 3];
        for damaged in [&[][..], &[0xFF; 9], shorter] {
            let dir = tempfile::tempdir().unwrap();
            let engine = open(dir.path());
            engine.tree.insert(INTENT, damaged).unwrap();
            engine.sync().unwrap();
            drop(engine);
            let lock = File::create(dir.path().join("LOCK")).unwrap();
            let refused = SledEngine::open(&dir.path().join("engine"), 1024 * 1024, lock);
            assert!(refused.is_err());
        }
    }
}
