//! The commit log: what has been committed and waits for the disk, in order. In memory only.
//!
//! Committing threads append under its lock, which is the serial section; the syncer takes from the front.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::MutexGuard;

use crate::commit::Committed;
use crate::engine::bytes_of;
use crate::error::StoreError;
use crate::limits::PENDING_BYTES_MAX;
use crate::store::{Sequence, Shared};

/// Guarded by `Shared::log`.
#[derive(Debug)]
pub(crate) struct CommitLog {
    /// The newest commit. Copied to `Shared::applied` for those who do not hold the lock.
    applied: Sequence,
    queue: VecDeque<Committed>,
    /// Bytes committed and not durable yet, those that the syncer has already taken included.
    pending_bytes: usize,
    /// Why there will be no further commit.
    stopped: Option<StoreError>,
}

/// The front of the log, taken for one barrier.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) commits: Vec<Committed>,
    pub(crate) bytes: usize,
}

/// What the syncer finds when it asks for work.
pub(crate) enum Work {
    /// Commits to make durable.
    Group(Group),
    /// Nothing for the given time.
    Idle,
    /// Nothing, and nothing will come any more.
    Stopped,
}

impl CommitLog {
    pub(crate) fn new(applied: Sequence) -> CommitLog {
        CommitLog {
            applied,
            queue: VecDeque::new(),
            pending_bytes: 0,
            stopped: None,
        }
    }

    pub(crate) fn applied(&self) -> Sequence {
        self.applied
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    pub(crate) fn push(&mut self, shared: &Shared, committed: Committed) {
        self.applied = committed.sequence;
        self.pending_bytes += bytes_of(&committed.writes);
        self.queue.push_back(committed);
        // Behind the insertion of the versions: whoever reads the new number finds what belongs to it.
        shared.applied.store(self.applied.0, Ordering::Release);
        shared.work.notify_one();
    }

    /// Refuses further commits, for this reason; the first reason stays.
    pub(crate) fn stop(&mut self, shared: &Shared, reason: StoreError) {
        self.stopped.get_or_insert(reason);
        shared.work.notify_all();
        shared.room.notify_all();
    }

    /// Called by the syncer when a group is durable.
    pub(crate) fn settle(&mut self, shared: &Shared, bytes: usize) {
        self.pending_bytes -= bytes;
        shared.room.notify_all();
    }

    fn take_group(&mut self, bytes_max: usize) -> Group {
        let mut group = Group {
            commits: Vec::new(),
            bytes: 0,
        };
        while let Some(next) = self.queue.front() {
            let bytes = bytes_of(&next.writes);
            if !group.commits.is_empty() && group.bytes + bytes > bytes_max {
                break;
            }
            group.bytes += bytes;
            group.commits.extend(self.queue.pop_front());
        }
        group
    }
}

/// The two ways to wait on the log; both give up its lock meanwhile.
pub(crate) trait Waiting {
    /// Waits until the disk has caught up far enough to take more.
    fn wait_for_room(&mut self, shared: &Shared) -> Result<(), StoreError>;

    /// Waits for commits, at most for the given time.
    fn wait_for_work(&mut self, shared: &Shared, bytes_max: usize, idle: Option<Duration>) -> Work;
}

impl Waiting for MutexGuard<'_, CommitLog> {
    fn wait_for_room(&mut self, shared: &Shared) -> Result<(), StoreError> {
        while self.stopped.is_none() && self.pending_bytes > PENDING_BYTES_MAX {
            shared.room.wait(self);
        }
        self.stopped.clone().map_or(Ok(()), Err)
    }

    fn wait_for_work(&mut self, shared: &Shared, bytes_max: usize, idle: Option<Duration>) -> Work {
        while self.queue.is_empty() && self.stopped.is_none() {
            match idle {
                None => shared.work.wait(self),
                Some(idle) => {
                    if shared.work.wait_for(self, idle).timed_out() {
                        return Work::Idle;
                    }
                }
            }
        }
        if self.queue.is_empty() {
            Work::Stopped
        } else {
            Work::Group(self.take_group(bytes_max))
        }
    }
}
