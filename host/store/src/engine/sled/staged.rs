//! Batches too large to be un-synced at once.
//!
//! A batch of sled is atomic, but only safe while it fits well within a segment. A larger one is first written as
//! *staging* rows, in parts with a barrier behind each; then a marker makes it decided; then the rows themselves are
//! written, again in parts; then marker and staging rows are removed. A crash before the marker leaves staging rows to be
//! removed at the next opening, a crash behind it leaves rows to be written again. Readers see none of this: the layer
//! above answers from its version map until the whole batch is reported done.
//!
//! | row | key | value |
//! | --- | --- | --- |
//! | staged row | `s`, index `u32` | key length `u32`, key, `00` or `01` and value |
//! | marker | `s`, `FF FF FF FF` | number of staged rows `u32` |

use super::rows::{RawRow, bytes, corrupt};
use super::{SledEngine, failed};
use crate::error::StoreError;

/// Largest batch applied as one: even at several bytes of log per byte it stays far below a segment.
pub(super) const BATCH_BYTES_MAX: usize = 512 * 1024;

const STAGED: u8 = b's';
const MARKER: u32 = u32::MAX;

impl SledEngine {
    pub(super) fn apply_staged(&self, rows: &[RawRow]) -> Result<(), StoreError> {
        let staged: Vec<RawRow> = (0_u32..)
            .zip(rows)
            .map(|(index, row)| (staged_key(index), Some(encode(row))))
            .collect();
        self.apply_in_parts(&staged)?;
        let count = staged.len() as u32;
        self.apply_in_parts(&[(staged_key(MARKER), Some(count.to_be_bytes().to_vec()))])?;
        self.apply_in_parts(rows)?;
        self.remove_staged(count)
    }

    /// Called before anything else after opening.
    pub(super) fn finish_staged(&self) -> Result<(), StoreError> {
        let Some(marker) = self.tree.get(staged_key(MARKER)).map_err(failed)? else {
            let left: Result<Vec<_>, _> = self.tree.scan_prefix([STAGED]).keys().collect();
            let left: Vec<RawRow> = left
                .map_err(failed)?
                .into_iter()
                .map(|key| (key.to_vec(), None))
                .collect();
            return self.apply_in_parts(&left);
        };
        let damaged = |key: &[u8]| corrupt(key, "a large transaction cannot be finished");
        let count = marker
            .as_ref()
            .try_into()
            .map_err(|_| damaged(&staged_key(MARKER)))?;
        let count = u32::from_be_bytes(count);
        let mut rows = Vec::with_capacity(count as usize);
        for index in 0..count {
            let key = staged_key(index);
            let staged = self.tree.get(&key).map_err(failed)?;
            rows.push(
                staged
                    .and_then(|staged| decode(&staged))
                    .ok_or_else(|| damaged(&key))?,
            );
        }
        self.apply_in_parts(&rows)?;
        self.remove_staged(count)
    }

    /// The marker first, with a barrier of its own: without it the staged rows mean nothing.
    fn remove_staged(&self, count: u32) -> Result<(), StoreError> {
        self.apply_in_parts(&[(staged_key(MARKER), None)])?;
        let staged: Vec<RawRow> = (0..count).map(|index| (staged_key(index), None)).collect();
        self.apply_in_parts(&staged)
    }

    /// Applies rows with a barrier behind each part.
    fn apply_in_parts(&self, mut rows: &[RawRow]) -> Result<(), StoreError> {
        while !rows.is_empty() {
            let part_max = self.barrier.unsynced_bytes_max();
            let mut count = 1;
            while count < rows.len() && bytes(&rows[..=count]) <= part_max {
                count += 1;
            }
            let (part, rest) = rows.split_at(count);
            self.apply_rows(part)?;
            self.barrier.note_written(bytes(part));
            self.barrier.sync(&self.tree)?;
            rows = rest;
        }
        Ok(())
    }
}

fn staged_key(index: u32) -> Vec<u8> {
    let mut key = vec![STAGED];
    key.extend_from_slice(&index.to_be_bytes());
    key
}

fn encode((key, value): &RawRow) -> Vec<u8> {
    let mut bytes = (key.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(key);
    bytes.push(u8::from(value.is_some()));
    bytes.extend_from_slice(value.as_deref().unwrap_or_default());
    bytes
}

fn decode(bytes: &[u8]) -> Option<RawRow> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (key, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let (&present, value) = rest.split_first()?;
    Some((key.to_vec(), (present == 1).then(|| value.to_vec())))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use super::*;
    use crate::engine::{Engine, Write};

    fn open(dir: &Path) -> SledEngine {
        let lock = File::create(dir.join("LOCK")).unwrap();
        SledEngine::open(&dir.join("engine"), 1024 * 1024, lock).unwrap()
    }

    fn large_write() -> [Write; 2] {
        [
            (vec![1], Some(vec![7; 2 * BATCH_BYTES_MAX].into())),
            (vec![2], None),
        ]
    }

    fn staging_rows(engine: &SledEngine) -> usize {
        engine.tree.scan_prefix([STAGED]).count()
    }

    fn begin(dir: &Path, decided: bool) {
        let engine = open(dir);
        engine.apply(&[(vec![2], Some(vec![2].into()))]).unwrap();
        let rows = engine.rows_of(&large_write()).unwrap();
        let staged: Vec<RawRow> = (0_u32..)
            .zip(&rows)
            .map(|(index, row)| (staged_key(index), Some(encode(row))))
            .collect();
        engine.apply_in_parts(&staged).unwrap();
        if decided {
            let count = (staged.len() as u32).to_be_bytes().to_vec();
            engine
                .apply_in_parts(&[(staged_key(MARKER), Some(count))])
                .unwrap();
            // Part of the rows themselves had been written, too.
            engine.apply_in_parts(&rows[..rows.len() / 2]).unwrap();
        }
    }

    #[test]
    fn a_decided_batch_is_finished_when_opening() {
        let dir = tempfile::tempdir().unwrap();
        begin(dir.path(), true);
        let engine = open(dir.path());
        assert_eq!(engine.get(&[1]).unwrap(), large_write()[0].1);
        assert_eq!(engine.get(&[2]).unwrap(), None);
        assert_eq!(staging_rows(&engine), 0);
    }

    #[test]
    fn an_undecided_batch_is_forgotten_when_opening() {
        let dir = tempfile::tempdir().unwrap();
        begin(dir.path(), false);
        let engine = open(dir.path());
        assert_eq!(engine.get(&[1]).unwrap(), None);
        assert_eq!(engine.get(&[2]).unwrap().as_deref(), Some(&[2][..]));
        assert_eq!(staging_rows(&engine), 0);
    }

    #[test]
    fn a_large_batch_leaves_no_staging_rows() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        engine.apply(&large_write()).unwrap();
        assert_eq!(staging_rows(&engine), 0);
        engine.apply(&[(vec![1], None)]).unwrap();
        assert_eq!(engine.tree.len(), 0, "removing a large value removes its chunks");
    }
}
