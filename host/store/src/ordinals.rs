//! Numbers in sequence, outside of transactions.
//!
//! For each sequence the database holds a ceiling: no number at or above it has been handed out. Numbers below it are
//! handed out from memory once the ceiling is durable. So a crash can only skip numbers, never repeat one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use crate::commit;
use crate::error::{CommitError, StoreError};
use crate::keys::Key;
use crate::limits::{ORDINAL_BLOCK_MAX, ORDINAL_BLOCK_MIN, ORDINAL_BLOCK_TIME};
use crate::meta;
use crate::store::{Sequence, Shared};
use crate::transaction::{Reads, Writes};
use crate::view::{Pending, View};

/// All sequences used since the start. One lock each, so that a sequence that waits for the disk holds up no other.
#[derive(Debug, Default)]
pub(crate) struct Ordinals {
    blocks: Mutex<HashMap<Vec<u8>, Arc<Mutex<Block>>>>,
}

/// Numbers set aside: `next` up to, not including, `ceiling`.
#[derive(Debug, Default)]
struct Block {
    next: u64,
    ceiling: u64,
    /// How many there were, and since when; absent before the first ones.
    set_aside: Option<(u64, Instant)>,
}

impl Block {
    /// How many to set aside next.
    fn next_size(&self) -> u64 {
        match self.set_aside {
            Some((size, at)) if at.elapsed() < ORDINAL_BLOCK_TIME => (size * 2).min(ORDINAL_BLOCK_MAX),
            Some((size, at)) if at.elapsed() < ORDINAL_BLOCK_TIME * 4 => size,
            _ => ORDINAL_BLOCK_MIN,
        }
    }
}

impl Ordinals {
    pub(crate) fn next(&self, shared: &Shared, sequence: &[u8]) -> Result<u64, StoreError> {
        let block = {
            let mut blocks = self.blocks.lock();
            match blocks.get(sequence) {
                Some(block) => Arc::clone(block),
                None => Arc::clone(blocks.entry(sequence.to_vec()).or_default()),
            }
        };
        let mut block = block.lock();
        if block.next == block.ceiling {
            *block = set_aside(shared, meta::ordinal_key(sequence), block.next_size())?;
        }
        let number = block.next;
        block.next += 1;
        Ok(number)
    }
}

/// Raises the ceiling and waits until that is durable. The lock of the block keeps others from doing it at the same time.
fn set_aside(shared: &Shared, key: Key, size: u64) -> Result<Block, StoreError> {
    let latest = View {
        shared,
        snapshot: Sequence::LATEST,
    };
    let ceiling = match latest.get(&key)? {
        Some(value) => meta::decode_number(&key, &value)?,
        None => 1,
    };
    let raised = ceiling + size;
    let mut writes = Writes::default();
    writes
        .overlay
        .insert(key, Pending::Put(meta::encode_number(raised)));
    match commit::commit(shared, Sequence::LATEST, &Reads::default(), writes, Vec::new()) {
        Ok(committed) => shared.progress.wait(committed)?,
        Err(CommitError::Store(error)) => return Err(error),
        Err(CommitError::Conflict { .. }) => unreachable!("nothing was read, so nothing can conflict"),
    }
    Ok(Block {
        next: ceiling,
        ceiling: raised,
        set_aside: Some((size, Instant::now())),
    })
}
