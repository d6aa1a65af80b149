//! The serial section: the few microseconds in which a transaction becomes true for everybody.
//!
//! It runs on the caller's thread under the lock of the commit log. Order of events: wait for room, validate what was
//! read, run the [`at_commit`](crate::Transaction::at_commit) closures, turn changes of lists, counters and packed rows into
//! values, insert the versions, move `applied`, queue the writes for the writer. Until the versions are inserted nothing shared has
//! changed, so any failure before that leaves nothing behind.
//!
//! Durability is not its business: see [`writer`](crate::writer) and [`syncer`](crate::syncer).

use std::collections::BTreeMap;
use std::mem;

use crate::engine::{Value, Write};
use crate::error::{CommitError, StoreError};
use crate::keys::{Key, KeyRange, Order};
use crate::list::BucketChanges;
use crate::log::Waiting;
use crate::store::{Sequence, Shared};
use crate::transaction::{AtCommit, KeySpace, Reads, Writes};
use crate::versions::{self, Base};
use crate::view::{Pending, View, counter_of};

/// A committed transaction that the disk does not hold yet.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) sequence: Sequence,
    pub(crate) writes: Vec<Write>,
}

/// The first key found that was read at `snapshot` and has been written since.
pub(crate) fn conflict(shared: &Shared, snapshot: Sequence, reads: &Reads) -> Option<Key> {
    if reads.keys.is_empty() && reads.ranges.is_empty() {
        return None;
    }
    let versions = shared.versions.read();
    let key = reads.keys.keys().find(|key| versions.is_newer(key, snapshot));
    key.or_else(|| {
        reads
            .ranges
            .iter()
            .find_map(|range| versions.newer_in(range, snapshot))
    })
    .cloned()
}

/// Commits, or changes nothing.
pub(crate) fn commit(
    shared: &Shared,
    snapshot: Sequence,
    reads: &Reads,
    mut writes: Writes,
    tail: Vec<AtCommit>,
) -> Result<Sequence, CommitError> {
    let mut log = shared.log.lock();
    log.wait_for_room(shared)?;
    if let Some(key) = conflict(shared, snapshot, reads) {
        return Err(CommitError::Conflict { key });
    }
    let latest = View {
        shared,
        snapshot: Sequence::LATEST,
    };
    let mut space = Tail {
        latest,
        writes: &mut writes,
    };
    for work in tail {
        work(&mut space)?;
    }
    let buckets = settle_buckets(&mut space)?;
    let (writes, bases) = resolve(latest, reads, &buckets, writes)?;
    if writes.is_empty() {
        return Ok(log.applied());
    }
    let sequence = log.applied().next();
    versions::insert(&shared.versions, sequence, &writes, &bases);
    log.push(shared, Committed { sequence, writes });
    Ok(sequence)
}

/// Turns changes of lists into changes of rows. Gives the buckets concerned as they were.
fn settle_buckets(space: &mut Tail<'_>) -> Result<BTreeMap<Key, Option<Value>>, StoreError> {
    let mut found = BTreeMap::new();
    space.writes.is_settling = true;
    for (key, changes) in mem::take(&mut space.writes.buckets) {
        let before = space.latest.get(&key)?;
        found.insert(key.clone(), before.clone());
        let before = match space.writes.overlay.get(&key) {
            Some(pending) => pending.over(&key, || Ok(before))?,
            None => before,
        };
        changes.settle(space, key, before.as_ref())?;
    }
    Ok(found)
}

/// Turns changes into the values that they make. Beside each write, what it replaces, where that is known: what was read has
/// been found unchanged, and spares the writer from reading it again.
fn resolve(
    latest: View<'_>,
    reads: &Reads,
    buckets: &BTreeMap<Key, Option<Value>>,
    writes: Writes,
) -> Result<(Vec<Write>, Vec<Base>), StoreError> {
    let resolved = writes.overlay.into_iter().map(|(key, pending)| {
        let known = buckets.get(&key).cloned();
        let known = known.or_else(|| reads.keys.get(&key).cloned().flatten());
        let (value, base) = match pending {
            Pending::Put(value) => (Some(value), known),
            Pending::Delete => (None, known),
            change @ (Pending::Add(_) | Pending::Slots(_)) => {
                let before = known.map_or_else(|| latest.get(&key), Ok)?;
                (change.over(&key, || Ok(before.clone()))?, Some(before))
            }
        };
        Ok(((key, value), base))
    });
    resolved.collect()
}

/// What an `at_commit` closure works on: the newest state, which nobody can change meanwhile, and the transaction's
/// writes. Therefore its reads are not recorded.
struct Tail<'t> {
    latest: View<'t>,
    writes: &'t mut Writes,
}

impl KeySpace for Tail<'_> {
    fn get(&mut self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match self.writes.overlay.get(key) {
            Some(pending) => pending.over(key, || self.latest.get(key)),
            None => self.latest.get(key),
        }
    }

    fn scan(&mut self, range: KeyRange, order: Order, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        self.latest.scan_over(&self.writes.overlay, &range, order, limit)
    }

    fn put(&mut self, key: Key, value: Vec<u8>) -> Result<(), StoreError> {
        self.writes.put(key, value)
    }

    fn delete(&mut self, key: Key) -> Result<(), StoreError> {
        self.writes.delete(key)
    }

    fn add(&mut self, key: Key, delta: i64) -> Result<(), StoreError> {
        self.writes.add(key, delta)
    }

    fn set_slot(&mut self, key: Key, slot: u8, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.writes.set_slot(key, slot, value)
    }

    fn change_bucket(&mut self, bucket: Key, changes: BucketChanges) -> Result<(), StoreError> {
        self.writes.change_bucket(bucket, changes)
    }

    fn changed_buckets(&self, buckets: &KeyRange) -> Vec<Key> {
        self.writes.changed_buckets(buckets)
    }

    fn settle_bucket(&mut self, bucket: Key) -> Result<(), StoreError> {
        let before = self.get(&bucket)?;
        match self.writes.buckets.remove(&bucket) {
            Some(changes) => changes.settle(self, bucket, before.as_ref()),
            None => Ok(()),
        }
    }

    fn counter(&mut self, key: &[u8]) -> Result<i64, StoreError> {
        let value = self.get(key)?;
        counter_of(key, value.as_ref())
    }
}
