//! Numbers in sequence, outside of transactions.
//!
//! For each sequence the database holds a ceiling: no number at or above it has been handed out. Numbers below it are
//! handed out from memory once the commit that raised it is made. Commits become durable in their order, so whatever is
//! durable and has such a number is durable behind its ceiling: a crash can only skip numbers among the rows of the database,
//! never repeat one. What shows numbers to anyone else has to wait for the ceiling.

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

/// All sequences used since the start. One lock each, so that raising a ceiling holds up no other sequence.
#[derive(Debug, Default)]
pub(crate) struct Ordinals {
    blocks: Mutex<HashMap<Vec<u8>, Arc<Mutex<Block>>>>,
}

/// A number, and the commit that has to be durable before anybody outside of the database may know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn {
    pub(crate) number: u64,
    pub(crate) set_aside_by: Sequence,
}

/// Numbers set aside: `next` up to, not including, `ceiling`.
#[derive(Debug, Default)]
struct Block {
    next: u64,
    ceiling: u64,
    /// The commit that raised the ceiling.
    set_aside_by: Sequence,
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
    pub(crate) fn next(&self, shared: &Shared, sequence: &[u8]) -> Result<Drawn, StoreError> {
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
        Ok(Drawn {
            number,
            set_aside_by: block.set_aside_by,
        })
    }
}

/// Raises the ceiling. The lock of the block keeps others from doing it at the same time.
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
    let committed = commit::commit(shared, Sequence::LATEST, &Reads::default(), writes, Vec::new());
    let set_aside_by = committed.map_err(|error| match error {
        CommitError::Store(error) => error,
        CommitError::Conflict { .. } => unreachable!("nothing was read, so nothing can conflict"),
    })?;
    Ok(Block {
        set_aside_by,
        next: ceiling,
        ceiling: raised,
        set_aside: Some((size, Instant::now())),
    })
}
