//! The store: opening, beginning transactions, waiting for the disk.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex, RwLock};

use crate::engine::memory::MemoryEngine;
use crate::engine::{Engine, panicked};
use crate::error::{OpenError, StoreError};
use crate::log::CommitLog;
use crate::open::{self, Options};
use crate::ordinals::Ordinals;
use crate::progress::Progress;
use crate::sentinel::SentinelFile;
use crate::transaction::Transaction;
use crate::versions::{self, VersionMap};
use crate::{syncer, writer};

/// The position of a commit in the one order of all commits. Goes on across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub(crate) u64);

impl Sequence {
    /// Before the first commit.
    pub const ZERO: Sequence = Sequence(0);

    /// Sees every commit.
    pub(crate) const LATEST: Sequence = Sequence(u64::MAX);

    /// As a number, for logs and metrics.
    pub fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn next(self) -> Sequence {
        Sequence(self.0 + 1)
    }
}

/// A transactional key-value store. Clones share it; the last one closes it.
#[derive(Clone)]
pub struct Store {
    handle: Arc<Handle>,
}

/// How the store is doing.
#[derive(Clone, Debug)]
pub struct Health {
    /// The failure after which writes have been refused, or that the store is closed.
    pub stopped: Option<StoreError>,
    /// The newest commit.
    pub applied: Sequence,
    /// The newest commit that is on the disk.
    pub durable: Sequence,
    /// Committed bytes that wait for the disk.
    pub pending_bytes: usize,
    /// Versions of rows held in memory; grows while old transactions stay open.
    pub versions: usize,
    /// Transactions that are open.
    pub transactions: usize,
}

/// What all parts of a store share. Locks are taken in the order `log`, `snapshots`, `versions`.
pub(crate) struct Shared {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) log: Mutex<CommitLog>,
    /// Signalled with `log`: there is something to give to the engine, or room for it.
    pub(crate) to_write: Condvar,
    /// Signalled with `log`: the engine has been given something.
    pub(crate) to_sync: Condvar,
    /// Signalled with `log`: the disk has caught up.
    pub(crate) room: Condvar,
    /// The newest commit, written under the lock of `log`.
    pub(crate) applied: AtomicU64,
    pub(crate) versions: RwLock<VersionMap>,
    pub(crate) progress: Progress,
    snapshots: Mutex<Snapshots>,
}

/// How many transactions read at which snapshot.
#[derive(Debug, Default)]
struct Snapshots {
    active: BTreeMap<Sequence, usize>,
}

impl Snapshots {
    /// The oldest sequence that anyone reads at, or may begin to.
    fn watermark(&self, durable: Sequence) -> Sequence {
        self.active
            .keys()
            .next()
            .map_or(durable, |oldest| durable.min(*oldest))
    }
}

/// Closes the store when the last clone of [`Store`] goes.
struct Handle {
    shared: Arc<Shared>,
    ordinals: Ordinals,
    /// Writer and syncer, while they run.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the database in `dir`, creating it if the directory is empty or missing.
    ///
    /// Refuses, rather than guesses, when anything about the directory does not fit together; see [`OpenError`].
    pub fn open(dir: &Path, options: Options) -> Result<Store, OpenError> {
        let opened = open::open(dir, &options)?;
        Ok(Store::start(
            opened.engine,
            opened.sequence,
            Some(opened.sentinel),
        ))
    }

    /// A store that lives as long as its process. For tests.
    pub fn in_memory() -> Store {
        Store::with_engine(Box::new(MemoryEngine::default()))
    }

    /// A store on an empty engine of your own: for trying an engine out, and for tests that make one fail.
    pub fn with_engine(engine: Box<dyn Engine>) -> Store {
        Store::start(engine, Sequence::ZERO, None)
    }

    fn start(engine: Box<dyn Engine>, sequence: Sequence, sentinel: Option<SentinelFile>) -> Store {
        let shared = Arc::new(Shared {
            engine,
            log: Mutex::new(CommitLog::new(sequence)),
            to_write: Condvar::new(),
            to_sync: Condvar::new(),
            room: Condvar::new(),
            applied: AtomicU64::new(sequence.0),
            versions: RwLock::default(),
            progress: Progress::new(sequence),
            snapshots: Mutex::default(),
        });
        let writer = Arc::clone(&shared);
        let syncer = Arc::clone(&shared);
        let threads = vec![
            spawn("store-writer", move || writer::run(&writer)),
            spawn("store-syncer", move || syncer::run(&syncer, sentinel)),
        ];
        let handle = Handle {
            shared,
            ordinals: Ordinals::default(),
            threads: Mutex::new(threads),
        };
        Store {
            handle: Arc::new(handle),
        }
    }

    /// Begins a transaction that only reads. It sees the last durable commit, so what it finds may be told to anyone at
    /// once; it never conflicts and needs no commit.
    pub fn read(&self) -> Transaction {
        let snapshot = self.shared().acquire(|shared| shared.progress.durable());
        Transaction::new(Arc::clone(self.shared()), snapshot, false)
    }

    /// Begins a transaction that may write. It sees the last commit, durable or not: before anything it found is told to
    /// anyone, wait until the sequence that its own commit returned is durable.
    pub fn write(&self) -> Transaction {
        let snapshot = self
            .shared()
            .acquire(|shared| Sequence(shared.applied.load(Ordering::Acquire)));
        Transaction::new(Arc::clone(self.shared()), snapshot, true)
    }

    /// The next number of a named sequence, starting at 1, for what this process writes into the store: no two things that the
    /// store holds ever have the same one, also across restarts and crashes; there are gaps where a transaction that drew one
    /// was aborted or the process was restarted. A number that nothing was committed with may come again after a crash, so
    /// what leaves the process without a commit takes [`next_number`](Store::next_number).
    ///
    /// Not part of any transaction, so that drawing ids never causes a conflict. Waits for nothing but room, as a commit does.
    pub fn next_ordinal(&self, sequence: &[u8]) -> Result<u64, StoreError> {
        let drawn = self.handle.ordinals.next(self.shared(), sequence)?;
        Ok(drawn.number)
    }

    /// As [`next_ordinal`](Store::next_ordinal), for anybody: unique and rising, whatever becomes of it. Blocks for a barrier once
    /// in [`ORDINAL_BLOCK_MIN`](crate::limits::ORDINAL_BLOCK_MIN) calls, and more seldom where many are drawn.
    pub fn next_number(&self, sequence: &[u8]) -> Result<u64, StoreError> {
        let drawn = self.handle.ordinals.next(self.shared(), sequence)?;
        self.wait_durable(drawn.set_aside_by)?;
        Ok(drawn.number)
    }

    /// Waits, as a task, until the commit is on the disk. An error means that it is unknown whether it ever will be.
    pub async fn durable(&self, sequence: Sequence) -> Result<(), StoreError> {
        self.shared().progress.reached(sequence).await
    }

    /// Waits, blocking the thread, until the commit is on the disk; as [`durable`](Store::durable).
    pub fn wait_durable(&self, sequence: Sequence) -> Result<(), StoreError> {
        self.shared().progress.wait(sequence)
    }

    /// The newest commit.
    pub fn applied(&self) -> Sequence {
        Sequence(self.shared().applied.load(Ordering::Acquire))
    }

    /// How the store is doing, for the health report.
    pub fn health(&self) -> Health {
        let shared = self.shared();
        Health {
            stopped: shared.progress.ended(),
            applied: self.applied(),
            durable: shared.progress.durable(),
            pending_bytes: shared.log.lock().pending_bytes(),
            versions: shared.versions.read().len(),
            transactions: shared.snapshots.lock().active.values().sum(),
        }
    }

    /// Refuses further commits, makes the earlier ones durable and waits for that. Repeating it does nothing. Dropping the
    /// last clone does the same; only this tells whether it worked.
    ///
    /// The directory stays locked until the last clone and the last transaction have been dropped.
    pub fn close(&self) -> Result<(), StoreError> {
        self.handle.close();
        match self.shared().progress.ended() {
            None | Some(StoreError::Closed) => Ok(()),
            Some(error) => Err(error),
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

impl Shared {
    /// Registers a snapshot. Choosing it under the lock keeps the collector from passing between choice and entry.
    pub(crate) fn acquire(&self, choose: impl FnOnce(&Shared) -> Sequence) -> Sequence {
        let mut snapshots = self.snapshots.lock();
        let snapshot = choose(self);
        *snapshots.active.entry(snapshot).or_default() += 1;
        snapshot
    }

    /// Ends a snapshot, and forgets what only it could ask for: the syncer does that too, but only when there are commits.
    pub(crate) fn release(&self, snapshot: Sequence) {
        let watermark = {
            let mut snapshots = self.snapshots.lock();
            if let Some(readers) = snapshots.active.get_mut(&snapshot) {
                *readers -= 1;
                if *readers == 0 {
                    snapshots.active.remove(&snapshot);
                }
            }
            snapshots.watermark(self.progress.durable())
        };
        versions::collect(&self.versions, watermark);
    }

    /// Does the work of one of the store's threads. If that fails, nothing is accepted any more, and whoever waits is told.
    pub(crate) fn or_fail(&self, work: impl FnOnce(&Shared) -> Result<(), StoreError>) {
        let work = AssertUnwindSafe(|| work(self));
        // A panic in the engine must not leave callers waiting for an answer that never comes.
        let outcome = catch_unwind(work).unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        let Err(error) = outcome else { return };
        tracing::error!(%error, "the store stopped taking writes; restart the process once the disk is well");
        let reason = StoreError::Poisoned {
            reason: error.to_string(),
        };
        self.log.lock().fail(self, reason.clone());
        self.progress.fail(reason);
    }

    /// Tells everyone what is durable now, and returns the oldest sequence that anyone may still read at.
    pub(crate) fn publish_durable(&self, durable: Sequence) -> Sequence {
        let snapshots = self.snapshots.lock();
        self.progress.advance(durable);
        snapshots
            .active
            .keys()
            .next()
            .map_or(durable, |oldest| durable.min(*oldest))
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .expect("a process that cannot start two threads at its beginning cannot run at all")
}

impl Handle {
    fn close(&self) {
        self.shared.log.lock().stop(&self.shared, StoreError::Closed);
        for thread in self.threads.lock().drain(..) {
            // They catch their panics and report them as the store's failure.
            let _ = thread.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("applied", &self.applied())
            .finish_non_exhaustive()
    }
}
