//! How far the disk has come, and waiting for it, from threads and from tasks.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use crate::error::StoreError;
use crate::store::Sequence;

/// Moved on by the syncer; ended by whichever thread fails.
#[derive(Debug)]
pub(crate) struct Progress {
    durable: AtomicU64,
    /// The reason for which `durable` will not move any more.
    ended: Mutex<Option<StoreError>>,
    moved: Condvar,
    tasks: watch::Sender<()>,
}

impl Progress {
    pub(crate) fn new(durable: Sequence) -> Progress {
        Progress {
            durable: AtomicU64::new(durable.0),
            ended: Mutex::new(None),
            moved: Condvar::new(),
            tasks: watch::Sender::new(()),
        }
    }

    pub(crate) fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Ordering::Acquire))
    }

    /// Why nothing more will become durable, if so.
    pub(crate) fn ended(&self) -> Option<StoreError> {
        self.ended.lock().clone()
    }

    pub(crate) fn advance(&self, durable: Sequence) {
        // Under the lock, so that nobody falls asleep between looking at the number and waiting for it to move.
        let guard = self.ended.lock();
        self.durable.store(durable.0, Ordering::Release);
        drop(guard);
        self.announce();
    }

    pub(crate) fn fail(&self, reason: StoreError) {
        self.ended.lock().get_or_insert(reason);
        self.announce();
    }

    pub(crate) fn wait(&self, sequence: Sequence) -> Result<(), StoreError> {
        if self.durable() >= sequence {
            return Ok(());
        }
        let mut ended = self.ended.lock();
        loop {
            if self.durable() >= sequence {
                return Ok(());
            }
            if let Some(reason) = &*ended {
                return Err(reason.clone());
            }
            self.moved.wait(&mut ended);
        }
    }

    pub(crate) async fn reached(&self, sequence: Sequence) -> Result<(), StoreError> {
        let mut tasks = self.tasks.subscribe();
        loop {
            if self.durable() >= sequence {
                return Ok(());
            }
            if let Some(reason) = self.ended() {
                return Err(reason);
            }
            // The sender lives as long as `self`, so this cannot fail; were it to, the loop would look again.
            let _ = tasks.changed().await;
        }
    }

    fn announce(&self) {
        self.moved.notify_all();
        self.tasks.send_replace(());
    }
}
