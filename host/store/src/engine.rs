//! What the store needs from an ordered key-value engine.
//!
//! An engine knows nothing of transactions, versions or waiting; it is told what to make true and when to make it last.
//! Everything above it, isolation above all, is the same for every engine, and so is the conformance suite
//! (`tests/conformance.rs`): another engine is one file in this folder and one line there.

pub mod memory;
pub(crate) mod sled;

use std::any::Any;
use std::sync::Arc;

use crate::error::StoreError;
use crate::keys::{Key, KeyRange, Order};
use crate::limits::ROW_OVERHEAD_BYTES;

/// A stored value. Cheap to clone; versions, read results and batches share one allocation.
pub type Value = Arc<[u8]>;

/// One row to make true: the value, or `None` to remove the row.
pub type Write = (Key, Option<Value>);

/// An ordered key-value engine. Read from many threads at once; written by one, the store's writer, and synced by another.
pub trait Engine: Send + Sync + 'static {
    /// The value of a key, of some moment between the call and the answer.
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError>;

    /// At most `limit` rows of a range, in order. Rows written meanwhile may or may not be seen, each by itself; the
    /// layer above sets that right.
    fn scan(&self, range: &KeyRange, order: Order, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;

    /// Makes all writes true: after a crash at any moment, all of them or none. Keys are distinct. Not durable before
    /// [`sync`](Engine::sync).
    fn apply(&self, writes: &[Write]) -> Result<(), StoreError>;

    /// Returns when everything applied before the call is on the disk itself: a real barrier, not a hint. Runs beside
    /// [`apply`](Engine::apply).
    fn sync(&self) -> Result<(), StoreError>;

    /// How many bytes (as counted by the store: keys, values and a little per row) may at most be applied and not synced, those
    /// that a running sync covers included. A single larger transaction still arrives in one `apply`.
    fn unsynced_bytes_max(&self) -> usize;
}

/// How the store counts what is to be written: keys, values and a little per row.
pub(crate) fn bytes_of(writes: &[Write]) -> usize {
    let row = |(key, value): &Write| key.len() + value.as_ref().map_or(0, |v| v.len()) + ROW_OVERHEAD_BYTES;
    writes.iter().map(row).sum()
}

/// A panic inside an engine, as the failure that it is.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    StoreError::Engine {
        reason: format!("it panicked: {words}"),
    }
}
