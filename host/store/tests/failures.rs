//! A disk that fails, hangs or panics, under the store.

#![allow(clippy::unwrap_used, reason = "a failure to unwrap is a failure of the test")]

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mooring_store::engine::memory::MemoryEngine;
use mooring_store::engine::{Engine, Write};
use mooring_store::limits::{PENDING_BYTES_MAX, VALUE_BYTES_MAX};
use mooring_store::{CommitError, Key, KeyRange, KeySpace, Order, Store, StoreError, Value};
use parking_lot::{Mutex, RwLock};

/// What the next barrier does, or the next batch.
#[derive(Clone, Copy, Default)]
enum Mood {
    #[default]
    Well,
    BarrierFails,
    BarrierPanics,
    BatchFails,
    BatchPanics,
}

/// An engine in memory whose barrier does as it is told.
#[derive(Clone, Default)]
struct Moody {
    rows: Arc<MemoryEngine>,
    mood: Arc<RwLock<Mood>>,
    /// Held by the test while no barrier may come to its end.
    gate: Arc<Mutex<()>>,
    unsynced: Arc<Mutex<Unsynced>>,
}

/// Bytes of keys and values that were applied since the last barrier came to its end, those applied while it was awaited included.
#[derive(Default)]
struct Unsynced {
    now: usize,
    most: usize,
}

const UNSYNCED_BYTES_MAX: usize = 256 * 1024;

impl Engine for Moody {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.rows.get(key)
    }

    fn scan(&self, range: &KeyRange, order: Order, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.rows.scan(range, order, limit)
    }

    fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        match *self.mood.read() {
            Mood::BatchFails => return Err(gone()),
            Mood::BatchPanics => panic!("the engine has a bug"),
            _ => {}
        }
        let bytes = |(key, value): &Write| key.len() + value.as_ref().map_or(0, |value| value.len());
        let mut unsynced = self.unsynced.lock();
        unsynced.now += writes.iter().map(bytes).sum::<usize>();
        unsynced.most = unsynced.most.max(unsynced.now);
        self.rows.apply(writes)
    }

    fn sync(&self) -> Result<(), StoreError> {
        let covered = self.unsynced.lock().now;
        let _passed = self.gate.lock();
        match *self.mood.read() {
            Mood::Well => {
                self.unsynced.lock().now -= covered;
                Ok(())
            }
            Mood::BarrierFails => Err(gone()),
            Mood::BarrierPanics => panic!("the engine has a bug"),
            Mood::BatchFails | Mood::BatchPanics => Ok(()),
        }
    }

    fn unsynced_bytes_max(&self) -> usize {
        UNSYNCED_BYTES_MAX
    }
}

fn gone() -> StoreError {
    StoreError::Engine {
        reason: "the disk is gone".into(),
    }
}

fn put(store: &Store, key: u8, value: Vec<u8>) -> Result<mooring_store::Sequence, CommitError> {
    let mut transaction = store.write();
    transaction.put(vec![9, key], value)?;
    transaction.commit()
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_failure_ends_writing_and_says_so() {
    for (mood, words) in [
        (Mood::BarrierFails, "the disk is gone"),
        (Mood::BarrierPanics, "the engine has a bug"),
        (Mood::BatchFails, "the disk is gone"),
        (Mood::BatchPanics, "the engine has a bug"),
    ] {
        let engine = Moody::default();
        let store = Store::with_engine(Box::new(engine.clone()));
        store
            .wait_durable(put(&store, 1, b"kept".to_vec()).unwrap())
            .unwrap();

        *engine.mood.write() = mood;
        let lost = put(&store, 1, b"lost".to_vec()).unwrap();
        let error = store.wait_durable(lost).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");

        // Not even when the disk seems well again: what it holds is unknown.
        *engine.mood.write() = Mood::Well;
        let refused = put(&store, 2, Vec::new()).unwrap_err();
        assert!(
            matches!(refused, CommitError::Store(StoreError::Poisoned { .. })),
            "{refused}"
        );
        assert!(matches!(
            store.health().stopped,
            Some(StoreError::Poisoned { .. })
        ));
        assert!(matches!(store.close(), Err(StoreError::Poisoned { .. })));
        assert!(matches!(
            store.next_ordinal(b"s"),
            Err(StoreError::Poisoned { .. })
        ));
        let value = store.read().get(&[9, 1]).unwrap();
        assert_eq!(
            value.as_deref(),
            Some(&b"kept"[..]),
            "readers still see what was durable"
        );
    }
}

#[test]
fn nothing_is_durable_before_its_barrier() {
    let engine = Moody::default();
    let store = Store::with_engine(Box::new(engine.clone()));
    let gate = engine.gate.lock();
    let sequence = put(&store, 1, b"new".to_vec()).unwrap();
    assert_eq!(
        store.write().get(&[9, 1]).unwrap().as_deref(),
        Some(&b"new"[..]),
        "writers build on it"
    );
    assert_eq!(store.read().get(&[9, 1]).unwrap(), None, "readers do not see it");
    assert!(store.health().durable < sequence);
    drop(gate);
    store.wait_durable(sequence).unwrap();
    assert_eq!(store.read().get(&[9, 1]).unwrap().as_deref(), Some(&b"new"[..]));
}

#[test]
fn much_is_written_while_a_barrier_is_awaited_and_not_too_much() {
    let engine = Moody::default();
    let store = Store::with_engine(Box::new(engine.clone()));
    let gate = engine.gate.lock();
    put(&store, 0, b"first".to_vec()).unwrap();
    until("the first is applied", || engine.unsynced.lock().now > 0);
    let mut last = None;
    for number in 1..=50 {
        last = Some(put(&store, number, vec![number; 10_000]).unwrap());
    }
    // As much as there is room for, and no more in a while.
    until("all that has room is applied", || {
        engine.unsynced.lock().now > UNSYNCED_BYTES_MAX - 20_000
    });
    thread::sleep(Duration::from_millis(50));
    drop(gate);
    store.wait_durable(last.unwrap()).unwrap();
    assert!(engine.unsynced.lock().most <= UNSYNCED_BYTES_MAX);
    for number in 1..=50 {
        let value = store.read().get(&[9, number]).unwrap();
        assert_eq!(value.as_deref(), Some(&vec![number; 10_000][..]));
    }
}

#[test]
fn little_is_gathered_while_a_barrier_is_awaited() {
    let engine = Moody::default();
    let store = Store::with_engine(Box::new(engine.clone()));
    let gate = engine.gate.lock();
    put(&store, 0, b"first".to_vec()).unwrap();
    until("the first is applied", || engine.unsynced.lock().now > 0);
    let applied = engine.unsynced.lock().now;
    let last = put(&store, 1, b"second".to_vec()).unwrap();
    thread::sleep(Duration::from_millis(50));
    assert_eq!(engine.unsynced.lock().now, applied);
    drop(gate);
    store.wait_durable(last).unwrap();
}

#[test]
fn a_number_for_rows_waits_for_no_barrier_and_one_for_anybody_does() {
    let engine = Moody::default();
    let store = Store::with_engine(Box::new(engine.clone()));
    let gate = engine.gate.lock();
    assert_eq!(store.next_ordinal(b"s").unwrap(), 1);
    thread::scope(|scope| {
        let shown = scope.spawn(|| store.next_number(b"s").unwrap());
        thread::sleep(Duration::from_millis(50));
        assert!(!shown.is_finished(), "a number was shown that a crash forgets");
        drop(gate);
        assert_eq!(shown.join().unwrap(), 2);
    });
}

#[test]
fn a_slow_disk_slows_committers_down() {
    let engine = Moody::default();
    let store = Store::with_engine(Box::new(engine.clone()));
    let gate = engine.gate.lock();
    let mut number = 0;
    while store.health().pending_bytes <= PENDING_BYTES_MAX {
        put(&store, number, vec![0; VALUE_BYTES_MAX]).unwrap();
        number += 1;
    }
    thread::scope(|scope| {
        let blocked = scope.spawn(|| {
            let sequence = put(&store, 255, Vec::new()).unwrap();
            store.wait_durable(sequence).unwrap();
        });
        thread::sleep(Duration::from_millis(50));
        assert!(!blocked.is_finished());
        assert!(
            store.health().pending_bytes > PENDING_BYTES_MAX,
            "a commit waits although there is room"
        );
        drop(gate);
        blocked.join().unwrap();
    });
    assert_eq!(store.health().pending_bytes, 0);
}
