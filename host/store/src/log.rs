//! The commit log: what has been committed and is not durable yet, in order. In memory only.
//!
//! Committing threads append under its lock, which is the serial section. The *writer* takes from the front what it gives to
//! the engine; the *syncer* takes what the engine has been given since the last barrier, and settles it behind the next one.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::MutexGuard;

use crate::commit::Committed;
use crate::engine::bytes_of;
use crate::error::StoreError;
use crate::limits::{EARLY_GROUP_BYTES_MIN, PENDING_BYTES_MAX};
use crate::store::{Sequence, Shared};

/// Guarded by `Shared::log`.
#[derive(Debug)]
pub(crate) struct CommitLog {
    /// The newest commit. Copied to `Shared::applied` for those who do not hold the lock.
    applied: Sequence,
    /// Committed, and not taken by the writer yet.
    queue: VecDeque<Committed>,
    queued_bytes: usize,
    /// Bytes that the writer has taken and that are not durable yet.
    unsynced_bytes: usize,
    /// What the engine has been given, and no barrier was begun for yet.
    written: Option<Written>,
    /// Why there will be no further commit.
    stopped: Option<StoreError>,
    /// Whether the engine has failed, so that nothing of the queue may be given to it.
    failed: bool,
    /// Whether the writer has ended, so that nothing more will be written.
    writer_ended: bool,
}

/// The front of the log, taken to be given to the engine.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) commits: Vec<Committed>,
    pub(crate) bytes: usize,
}

/// What the engine holds and the disk perhaps does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// The newest commit of it.
    pub(crate) last: Sequence,
    pub(crate) bytes: usize,
}

/// What the syncer finds when it asks for work.
pub(crate) enum ToSync {
    /// Something to make durable.
    Written(Written),
    /// Nothing for the given time.
    Idle,
    /// Nothing, and nothing will come any more.
    Ended,
}

impl CommitLog {
    pub(crate) fn new(applied: Sequence) -> CommitLog {
        CommitLog {
            applied,
            queue: VecDeque::new(),
            queued_bytes: 0,
            unsynced_bytes: 0,
            written: None,
            stopped: None,
            failed: false,
            writer_ended: false,
        }
    }

    pub(crate) fn applied(&self) -> Sequence {
        self.applied
    }

    /// Bytes committed and not durable yet.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.queued_bytes + self.unsynced_bytes
    }

    pub(crate) fn push(&mut self, shared: &Shared, committed: Committed) {
        self.applied = committed.sequence;
        self.queued_bytes += bytes_of(&committed.writes);
        self.queue.push_back(committed);
        // Behind the insertion of the versions: whoever reads the new number finds what belongs to it.
        shared.applied.store(self.applied.0, Ordering::Release);
        // Otherwise the end of the barrier wakes the writer.
        if self.is_worth_looking() {
            shared.to_write.notify_one();
        }
    }

    /// Refuses further commits, for this reason; the first reason stays.
    pub(crate) fn stop(&mut self, shared: &Shared, reason: StoreError) {
        self.stopped.get_or_insert(reason);
        shared.to_write.notify_all();
        shared.room.notify_all();
    }

    /// Refuses further commits, and gives up those that wait.
    pub(crate) fn fail(&mut self, shared: &Shared, reason: StoreError) {
        self.failed = true;
        self.stop(shared, reason);
        shared.to_sync.notify_all();
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Called by the writer when the engine has a group.
    pub(crate) fn note_written(&mut self, shared: &Shared, last: Sequence, bytes: usize) {
        let before = self.written.map_or(0, |written| written.bytes);
        self.written = Some(Written {
            last,
            bytes: before + bytes,
        });
        shared.to_sync.notify_one();
    }

    /// Called by the writer when it will write nothing more.
    pub(crate) fn note_writer_ended(&mut self, shared: &Shared) {
        self.writer_ended = true;
        shared.to_sync.notify_one();
    }

    /// Called by the syncer when this is durable.
    pub(crate) fn settle(&mut self, shared: &Shared, written: Written) {
        self.unsynced_bytes -= written.bytes;
        shared.to_write.notify_one();
        shared.room.notify_all();
    }

    /// Whether the writer should be woken. While a barrier is awaited the next group gathers, and is written meanwhile only
    /// once it is large.
    fn is_worth_looking(&self) -> bool {
        self.unsynced_bytes == 0 || self.queued_bytes >= EARLY_GROUP_BYTES_MIN
    }

    /// Whether the writer should go on now: the engine must not hold more than so much without a barrier.
    fn is_worth_writing(&self, unsynced_bytes_max: usize) -> bool {
        let room = unsynced_bytes_max.saturating_sub(self.unsynced_bytes);
        let has_room = |next: &Committed| self.unsynced_bytes == 0 || bytes_of(&next.writes) <= room;
        self.is_worth_looking() && self.queue.front().is_some_and(has_room)
    }

    /// As much as there is room for, at least one.
    fn take_group(&mut self, unsynced_bytes_max: usize) -> Group {
        let room = unsynced_bytes_max.saturating_sub(self.unsynced_bytes);
        let mut group = Group {
            commits: Vec::new(),
            bytes: 0,
        };
        while let Some(next) = self.queue.front() {
            let bytes = bytes_of(&next.writes);
            if !group.commits.is_empty() && group.bytes + bytes > room {
                break;
            }
            group.bytes += bytes;
            group.commits.extend(self.queue.pop_front());
        }
        self.queued_bytes -= group.bytes;
        self.unsynced_bytes += group.bytes;
        group
    }
}

/// The three ways to wait on the log; all give up its lock meanwhile.
pub(crate) trait Waiting {
    /// Waits until the disk has caught up far enough to take more.
    fn wait_for_room(&mut self, shared: &Shared) -> Result<(), StoreError>;

    /// Waits for commits to give to the engine; nothing when none will come any more.
    fn wait_to_write(&mut self, shared: &Shared) -> Option<Group>;

    /// Waits for what the engine has been given, at most for the given time.
    fn wait_to_sync(&mut self, shared: &Shared, idle: Option<Duration>) -> ToSync;
}

impl Waiting for MutexGuard<'_, CommitLog> {
    fn wait_for_room(&mut self, shared: &Shared) -> Result<(), StoreError> {
        while self.stopped.is_none() && self.pending_bytes() > PENDING_BYTES_MAX {
            shared.room.wait(self);
        }
        self.stopped.clone().map_or(Ok(()), Err)
    }

    fn wait_to_write(&mut self, shared: &Shared) -> Option<Group> {
        while !self.failed {
            // Asked for each time: the engine learns how much it may hold.
            let bytes_max = shared.engine.unsynced_bytes_max();
            if self.is_worth_writing(bytes_max) {
                return Some(self.take_group(bytes_max));
            }
            if self.stopped.is_some() && self.queue.is_empty() {
                return None;
            }
            shared.to_write.wait(self);
        }
        None
    }

    fn wait_to_sync(&mut self, shared: &Shared, idle: Option<Duration>) -> ToSync {
        while !self.failed {
            if let Some(written) = self.written.take() {
                return ToSync::Written(written);
            }
            if self.writer_ended {
                return ToSync::Ended;
            }
            match idle {
                None => shared.to_sync.wait(self),
                Some(idle) => {
                    if shared.to_sync.wait_for(self, idle).timed_out() {
                        return ToSync::Idle;
                    }
                }
            }
        }
        ToSync::Ended
    }
}
