//! The embedded engine: sled 0.34. No other file names it.
//!
//! The rules it is used by were measured, see `LAYOUT.md`:
//! * sled's own `flush` is no durability barrier on Linux; behind it the database file is synced through a second handle.
//! * its log survives a crash only while less than one segment of it is un-synced; so segments are large, groups small,
//!   and a transaction too large for one group goes through [`staged`].
//! * values that would make a leaf larger than a quarter of a segment move into separate files without a sync; so values
//!   above [`rows::INLINE_BYTES_MAX`] are cut into rows.
//! * one tree; sled's transactions are not used, there is only one writer. Its batches keep readers out, so larger ones go
//!   through an [`intent`].

mod barrier;
mod compressed;
mod intent;
mod rows;
mod staged;

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use self::barrier::Barrier;
use super::{Engine, Value, Write, panicked};
use crate::error::StoreError;
use crate::keys::{Key, KeyRange, Order};

/// Fixed for the life of a database.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;

/// How often, and how long apart, a lock is tried that a store closed in this process a moment ago may still hold: sled
/// lets go of its file on a thread of its own.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct SledEngine {
    tree: ::sled::Db,
    barrier: Barrier,
    /// Whether any value is cut into chunks. While none is, writes need not look for old chunks.
    has_chunks: AtomicBool,
    /// Whether there is an [`intent`].
    has_intent: AtomicBool,
    /// Names the next set of chunks. Begins at the time of opening, in nanoseconds, so no set is ever named as an older
    /// one of the same row.
    generation: AtomicU64,
    /// Held as long as the database's files may change. The last field, because it must go last.
    _lock: File,
}

/// Why sled did not open.
#[derive(Debug)]
pub(crate) enum Refusal {
    Locked,
    Damaged(String),
    Io(io::Error),
}

impl SledEngine {
    /// Whether there is a database with anything in it.
    pub(crate) fn has_data(dir: &Path) -> bool {
        barrier::database_file(dir)
            .metadata()
            .is_ok_and(|file| file.len() > 0)
    }

    pub(crate) fn open(dir: &Path, cache_bytes: u64, lock: File) -> Result<SledEngine, Refusal> {
        barrier::settle_before_open(dir).map_err(Refusal::Io)?;
        let config = ::sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            .segment_size(SEGMENT_BYTES)
            // No flusher thread: the store's syncer decides when.
            .flush_every_ms(None);
        let tree = open_tree(&config)?;
        barrier::settle_after_open(dir).map_err(Refusal::Io)?;
        let barrier = Barrier::open(dir).map_err(Refusal::Io)?;
        let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let engine = SledEngine {
            tree,
            barrier,
            has_chunks: AtomicBool::new(true),
            has_intent: AtomicBool::new(false),
            generation: AtomicU64::new(since_epoch.as_nanos() as u64),
            _lock: lock,
        };
        engine
            .recover()
            .map_err(|error| Refusal::Damaged(error.to_string()))?;
        Ok(engine)
    }

    /// Brings to its end what a crash interrupted.
    fn recover(&self) -> Result<(), StoreError> {
        guarded(|| {
            self.finish_staged()?;
            self.finish_intent()?;
            let any_chunk = self
                .tree
                .scan_prefix([rows::CHUNK])
                .next()
                .transpose()
                .map_err(failed)?;
            self.has_chunks.store(any_chunk.is_some(), Ordering::Relaxed);
            Ok(())
        })
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        guarded(|| self.read_row(key))
    }

    fn scan(&self, range: &KeyRange, order: Order, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        guarded(|| self.read_range(range, order, limit))
    }

    fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        guarded(|| {
            let rows = self.rows_of(writes)?;
            if rows::bytes(&rows) > staged::BATCH_BYTES_MAX {
                self.remove_intent()?;
                return self.apply_staged(&rows);
            }
            self.apply_batch(writes, rows)
        })
    }

    fn sync(&self) -> Result<(), StoreError> {
        guarded(|| self.barrier.sync(&self.tree))
    }

    fn unsynced_bytes_max(&self) -> usize {
        self.barrier.unsynced_bytes_max()
    }
}

fn open_tree(config: &::sled::Config) -> Result<::sled::Db, Refusal> {
    let mut attempts = 0;
    loop {
        // A damaged log makes sled panic as often as it returns an error.
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|panic| Refusal::Damaged(panicked(panic.as_ref()).to_string()))?;
        match opened {
            Ok(tree) => return Ok(tree),
            Err(::sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                attempts += 1;
                if attempts == LOCK_ATTEMPTS {
                    return Err(Refusal::Locked);
                }
                thread::sleep(LOCK_PAUSE);
            }
            Err(::sled::Error::Io(error)) => return Err(Refusal::Io(error)),
            Err(error) => return Err(Refusal::Damaged(error.to_string())),
        }
    }
}

/// Runs a piece of work on sled; a panic in there becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

fn failed(error: ::sled::Error) -> StoreError {
    StoreError::Engine {
        reason: error.to_string(),
    }
}
