//! The version map: what the engine does not hold yet, and what it no longer holds but somebody still reads.
//!
//! # Chains
//! A key that was written recently has a *chain* of versions, oldest first. The first version of a chain is written by a
//! commit. Before the engine changes a row, its value of that moment comes below the chain, as the *base*: from then on the
//! chain alone answers for every snapshot. The commit puts it there if it has read it, and otherwise the writer does.
//!
//! # Why a read is right
//! A read at snapshot S asks the chain, then the engine, then the chain again; the first version not newer than S wins,
//! and where neither chain nor second look has one, the engine's answer does. The engine's answer is then the newest
//! value not newer than S, because
//! 1. a chain is dropped only when its newest version is durable, hence in the engine, and not newer than any active
//!    snapshot. A chain that began after S was taken therefore stays for as long as S is active;
//! 2. a version not newer than S was in its chain before S was taken, so either the first look finds it or its chain had
//!    been dropped by then, which by (1) means that the engine holds it or a newer one;
//! 3. the engine can hold a newer one only from a chain that began after S, which by (1) still stands at the second look
//!    and, since the engine has been written, has a base: the second look finds that.
//!
//! Scans do the same for a bounded stretch of keys at a time.
//!
//! # Collection
//! `queue` holds every version in commit order. Behind each barrier the front of the queue, up to the oldest sequence
//! anybody can still ask for, is taken off and the chains concerned are cut or dropped. The work is proportional to
//! what was written, never to the size of the map.
//!
//! # Locking
//! Every read takes the map's lock, so nobody holds it for long: large commits are inserted, and old versions collected, some
//! keys at a time. In between, versions of a commit that is not finished stand beside old ones, which no reader notices: its
//! sequence is newer than every snapshot until the last of them is there.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::RwLock;

use crate::engine::{Value, Write};
use crate::keys::{Key, KeyRange, Order};
use crate::store::Sequence;

/// What a snapshot sees of a key: a value, or that there is none.
pub(crate) type Visible = Option<Value>;

/// What a write replaces, where that is known.
pub(crate) type Base = Option<Visible>;

/// For how many keys the lock is held at most: some ten microseconds.
const KEYS_AT_ONCE: usize = 64;

/// Adds the writes of one commit, in whose serial section it is called, and with each what was true until then: the engine's
/// value, where no chain stands.
pub(crate) fn insert(versions: &RwLock<VersionMap>, sequence: Sequence, writes: &[Write], bases: &[Base]) {
    for (writes, bases) in writes.chunks(KEYS_AT_ONCE).zip(bases.chunks(KEYS_AT_ONCE)) {
        versions.write().insert(sequence, writes, bases);
    }
}

/// Forgets what no snapshot at or after `watermark` can ask for. Everything up to `watermark` is durable.
pub(crate) fn collect(versions: &RwLock<VersionMap>, watermark: Sequence) {
    while versions.read().is_collectable(watermark) {
        let forgotten = versions.write().collect(watermark);
        // Freed here, where the lock is free again.
        drop(forgotten);
    }
}

#[derive(Debug, Default)]
pub(crate) struct VersionMap {
    chains: BTreeMap<Key, Chain>,
    queue: VecDeque<(Sequence, Key)>,
}

#[derive(Debug, Default)]
struct Chain {
    /// Oldest first; never empty. A base carries the sequence 0.
    versions: Vec<(Sequence, Visible)>,
}

impl Chain {
    fn newest(&self) -> Sequence {
        self.versions
            .last()
            .map_or(Sequence::ZERO, |(sequence, _)| *sequence)
    }

    fn at(&self, snapshot: Sequence) -> Option<&Visible> {
        self.versions
            .iter()
            .rev()
            .find(|(sequence, _)| *sequence <= snapshot)
            .map(|(_, visible)| visible)
    }
}

impl VersionMap {
    /// What `snapshot` sees of `key`, if the map alone can say.
    pub(crate) fn get(&self, key: &[u8], snapshot: Sequence) -> Option<Visible> {
        self.chains.get(key)?.at(snapshot).cloned()
    }

    /// What `snapshot` sees of the keys in `range`, as far as the map alone can say: at most `limit` of them, in order.
    pub(crate) fn scan(
        &self,
        range: &KeyRange,
        order: Order,
        limit: usize,
        snapshot: Sequence,
    ) -> Vec<(Key, Visible)> {
        if self.chains.is_empty() || range.is_empty() {
            return Vec::new();
        }
        let found = self
            .chains
            .range::<[u8], _>(range.bounds())
            .filter_map(|(key, chain)| chain.at(snapshot).map(|visible| (key.clone(), visible.clone())));
        match order {
            Order::Ascending => found.take(limit).collect(),
            Order::Descending => found.rev().take(limit).collect(),
        }
    }

    /// Whether a commit after `snapshot` wrote `key`.
    pub(crate) fn is_newer(&self, key: &[u8], snapshot: Sequence) -> bool {
        self.chains
            .get(key)
            .is_some_and(|chain| chain.newest() > snapshot)
    }

    /// A key in `range` that a commit after `snapshot` wrote.
    pub(crate) fn newer_in(&self, range: &KeyRange, snapshot: Sequence) -> Option<&Key> {
        if range.is_empty() {
            return None;
        }
        let mut chains = self.chains.range::<[u8], _>(range.bounds());
        chains
            .find(|(_, chain)| chain.newest() > snapshot)
            .map(|(key, _)| key)
    }

    /// See [`insert`].
    fn insert(&mut self, sequence: Sequence, writes: &[Write], bases: &[Base]) {
        for ((key, visible), base) in writes.iter().zip(bases.iter().cloned()) {
            let chain = self.chains.entry(key.clone()).or_default();
            if chain.versions.is_empty() {
                chain.versions.extend(base.map(|base| (Sequence::ZERO, base)));
            }
            chain.versions.push((sequence, visible.clone()));
            self.queue.push_back((sequence, key.clone()));
        }
    }

    /// Whether the chain of `key` lacks its base, that is, whether the engine has to be asked before it is written.
    pub(crate) fn needs_base(&self, key: &[u8], durable: Sequence) -> bool {
        self.chains
            .get(key)
            .is_some_and(|chain| chain.at(durable).is_none())
    }

    /// Puts the engine's values below their chains.
    pub(crate) fn insert_bases(&mut self, bases: Vec<Write>) {
        for (key, visible) in bases {
            if let Some(chain) = self.chains.get_mut(&key) {
                chain.versions.insert(0, (Sequence::ZERO, visible));
            }
        }
    }

    /// Forgets what no snapshot at or after `watermark` can ask for, as far as [`KEYS_AT_ONCE`] versions go; what is forgotten is
    /// given to the caller, who frees it when the lock is free.
    fn collect(&mut self, watermark: Sequence) -> Vec<(Key, Chain)> {
        let mut forgotten = Vec::new();
        for _ in 0..KEYS_AT_ONCE {
            if !self.is_collectable(watermark) {
                break;
            }
            let Some((_, key)) = self.queue.pop_front() else {
                break;
            };
            let Some(chain) = self.chains.get_mut(&key) else {
                continue;
            };
            if chain.newest() <= watermark {
                forgotten.extend(self.chains.remove_entry(&key));
            } else if let Some(kept) = chain
                .versions
                .iter()
                .rposition(|(sequence, _)| *sequence <= watermark)
            {
                chain.versions.drain(..kept);
            }
        }
        forgotten
    }

    fn is_collectable(&self, watermark: Sequence) -> bool {
        self.queue
            .front()
            .is_some_and(|(sequence, _)| *sequence <= watermark)
    }

    /// How many versions are held, for the health report and for tests.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}
