//! A unit of work: everything that one request, job or admin action reads and writes.
//!
//! All primitives are functions on a [`Work`] or a [`HostWork`]. Dropping it leaves nothing behind; committing it makes
//! all of it true at once. A [`Work`] names one tenant and one plugin, and the primitives on it reach nothing else.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use mooring_store::{CommitError, Sequence, Store, StoreError, Transaction};
use rand::Rng;
use rand::rngs::ChaCha20Rng;

use crate::draws::Draws;
use crate::events::OutboxRow;
use crate::ids::PluginName;
use crate::ledger::Unsettled;
use crate::payments::Announcement;
use crate::tenants::TenantRef;
use crate::time::Timestamp;

/// Runs of one [`HostWork::run`] before it gives up. Conflicts among operators and background tasks are rare; whoever
/// loses this often meets a bug, not bad luck.
const RUNS_MAX: u32 = 50;

/// A unit of work of the host itself, across tenants: tenants, keys, plugins, picking jobs.
pub struct HostWork {
    store: Store,
    pub(crate) transaction: Transaction,
    draws: Arc<Draws>,
    pub(crate) rng: ChaCha20Rng,
    /// When the first of the jobs is due that this work leaves waiting.
    pub(crate) next_job_at: Option<Timestamp>,
    /// The row of the outbox that it wrote last, and its place.
    pub(crate) outbox: Option<(u64, OutboxRow)>,
    pub(crate) deliveries_changed: bool,
    pub(crate) announcements: Vec<Announcement>,
    /// What its own postings move.
    pub(crate) unsettled: Unsettled,
    /// How many numbers this run has drawn from each sequence.
    numbers_drawn: HashMap<Vec<u8>, usize>,
}

/// A unit of work inside one tenant, on behalf of one plugin.
///
/// It is also a [`HostWork`] (by dereference), for host code only: nothing that a plugin can call takes one.
pub struct Work {
    host: HostWork,
    tenant: TenantRef,
    plugin: PluginName,
}

/// What a commit has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// What to wait for with [`Store::durable`] before anything is acknowledged.
    pub sequence: Sequence,
    /// When the first of the jobs is due that it left waiting.
    pub next_job_at: Option<Timestamp>,
    /// Whether an event waits for delivery.
    pub events_emitted: bool,
    /// Whether deliveries or their endpoints were changed otherwise, so that something may be due that was not.
    pub deliveries_changed: bool,
}

/// Why [`HostWork::run`] has done nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The work itself refused.
    #[error("the work was refused")]
    Refused(#[source] E),
    /// Others won 50 times in a row.
    #[error("the work lost against others {RUNS_MAX} times in a row")]
    Contended,
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// The operating system has no randomness to give.
    #[error("there is no randomness")]
    Random(#[source] getrandom::Error),
}

impl HostWork {
    /// Work that may write. It sees the newest commit, durable or not.
    pub fn write(store: &Store, draws: &Arc<Draws>) -> HostWork {
        HostWork::new(store, store.write(), draws)
    }

    /// Work that only reads, and so never conflicts. Writing is refused with [`StoreError::ReadOnly`].
    pub fn read(store: &Store, draws: &Arc<Draws>) -> HostWork {
        HostWork::new(store, store.read(), draws)
    }

    fn new(store: &Store, transaction: Transaction, draws: &Arc<Draws>) -> HostWork {
        HostWork {
            store: store.clone(),
            transaction,
            draws: Arc::clone(draws),
            rng: draws.rng(),
            next_job_at: None,
            outbox: None,
            deliveries_changed: false,
            announcements: Vec::new(),
            unsettled: Unsettled::default(),
            numbers_drawn: HashMap::new(),
        }
    }

    /// Does a piece of host work from beginning to end: runs it, commits it, runs it again if it lost, and waits until it
    /// is on the disk. Blocks. An error of `work` ends it and leaves nothing behind.
    pub fn run<T, E>(
        store: &Store,
        now: Timestamp,
        work: impl FnMut(&mut HostWork) -> Result<T, E>,
    ) -> Result<(T, Committed), RunError<E>> {
        let done = HostWork::apply(store, now, work)?;
        wait_durable(store, done)
    }

    /// As [`run`](HostWork::run), without waiting for the disk: nothing that it did may be told to anyone, or acted on outside
    /// the store, before the commit is durable. What is committed on top of it becomes durable after it.
    pub fn apply<T, E>(
        store: &Store,
        now: Timestamp,
        work: impl FnMut(&mut HostWork) -> Result<T, E>,
    ) -> Result<(T, Committed), RunError<E>> {
        run_until_committed(now, |draws| HostWork::write(store, draws), work)
    }

    /// Goes on inside one tenant.
    pub fn within(self, tenant: TenantRef, plugin: PluginName) -> Work {
        Work {
            host: self,
            tenant,
            plugin,
        }
    }

    /// When the work began.
    pub fn now(&self) -> Timestamp {
        self.draws.now()
    }

    /// What the work draws from.
    pub fn draws(&self) -> &Arc<Draws> {
        &self.draws
    }

    /// Random bytes, fit for secrets; the same when the work is run again.
    pub fn random(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// Bytes of keys and values written so far.
    pub fn written_bytes(&self) -> usize {
        self.transaction.written_bytes()
    }

    /// The state that the work reads: what must be durable before anything is told that rests on it.
    pub fn snapshot(&self) -> Sequence {
        self.transaction.snapshot()
    }

    /// Whether a commit at this moment would pass validation.
    pub fn is_current(&self) -> bool {
        self.transaction.is_current()
    }

    /// The store below, for work beside this one.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What this work has done to payments since this was last asked, in order. Whoever runs plugins tells it to the plugins
    /// that made the payments, inside the same work; what nobody asks for is lost with the work.
    pub fn take_announcements(&mut self) -> Vec<Announcement> {
        std::mem::take(&mut self.announcements)
    }

    /// Makes everything true at once, or fails and leaves nothing behind.
    pub fn commit(self) -> Result<Committed, CommitError> {
        let (next_job_at, events_emitted) = (self.next_job_at, self.outbox.is_some());
        let deliveries_changed = self.deliveries_changed;
        let sequence = self.transaction.commit()?;
        Ok(Committed {
            sequence,
            next_job_at,
            events_emitted,
            deliveries_changed,
        })
    }

    /// The next number of a named sequence; the same when the work is run again. Never handed out twice, but perhaps skipped.
    pub(crate) fn next_number(&mut self, sequence: Vec<u8>) -> Result<u64, StoreError> {
        let (store, draws) = (&self.store, &self.draws);
        let place = self.numbers_drawn.get(&sequence).copied().unwrap_or(0);
        let number = draws.number(&sequence, place, || store.next_number(&sequence))?;
        self.numbers_drawn.insert(sequence, place + 1);
        Ok(number)
    }

    /// The next number of a sequence that orders rows; see [`Store::next_ordinal`].
    pub(crate) fn next_ordinal(&self, sequence: &[u8]) -> Result<u64, StoreError> {
        self.store.next_ordinal(sequence)
    }
}

impl Work {
    /// Work that may write. It sees the newest commit, durable or not.
    pub fn write(store: &Store, draws: &Arc<Draws>, tenant: &TenantRef, plugin: &PluginName) -> Work {
        HostWork::write(store, draws).within(tenant.clone(), plugin.clone())
    }

    /// Work that only reads, and so never conflicts. Writing is refused with [`StoreError::ReadOnly`].
    pub fn read(store: &Store, draws: &Arc<Draws>, tenant: &TenantRef, plugin: &PluginName) -> Work {
        HostWork::read(store, draws).within(tenant.clone(), plugin.clone())
    }

    /// As [`HostWork::run`], inside one tenant.
    pub fn run<T, E>(
        store: &Store,
        now: Timestamp,
        tenant: &TenantRef,
        plugin: &PluginName,
        work: impl FnMut(&mut Work) -> Result<T, E>,
    ) -> Result<(T, Committed), RunError<E>> {
        let done = run_until_committed(now, |draws| Work::write(store, draws, tenant, plugin), work)?;
        wait_durable(store, done)
    }

    /// The same work, going on for another plugin of the same tenant: a gateway has said what happened, and the plugin that
    /// made the payment is told.
    #[must_use]
    pub fn acting_for(self, plugin: PluginName) -> Work {
        Work { plugin, ..self }
    }

    /// Whose data it is.
    pub fn tenant(&self) -> &TenantRef {
        &self.tenant
    }

    /// Which plugin acts.
    pub fn plugin(&self) -> &PluginName {
        &self.plugin
    }

    /// Makes everything true at once, or fails and leaves nothing behind.
    pub fn commit(self) -> Result<Committed, CommitError> {
        self.host.commit()
    }
}

/// What can be run until it is committed.
trait Unit {
    fn is_doomed(&self) -> bool;
    fn finish(self) -> Result<Committed, CommitError>;
}

impl Unit for HostWork {
    fn is_doomed(&self) -> bool {
        !self.is_current()
    }

    fn finish(self) -> Result<Committed, CommitError> {
        self.commit()
    }
}

impl Unit for Work {
    fn is_doomed(&self) -> bool {
        !self.is_current()
    }

    fn finish(self) -> Result<Committed, CommitError> {
        self.commit()
    }
}

fn run_until_committed<U: Unit, T, E>(
    now: Timestamp,
    begin: impl Fn(&Arc<Draws>) -> U,
    mut act: impl FnMut(&mut U) -> Result<T, E>,
) -> Result<(T, Committed), RunError<E>> {
    let draws = Draws::new(now).map_err(RunError::Random)?;
    for _ in 0..RUNS_MAX {
        let mut unit = begin(&draws);
        let result = match act(&mut unit) {
            Ok(result) => result,
            // A refusal may rest on a state that is gone; then it is worth nothing.
            Err(_) if unit.is_doomed() => continue,
            Err(refusal) => return Err(RunError::Refused(refusal)),
        };
        match unit.finish() {
            Ok(committed) => return Ok((result, committed)),
            Err(CommitError::Conflict { .. }) => {}
            Err(CommitError::Store(error)) => return Err(RunError::Store(error)),
        }
    }
    Err(RunError::Contended)
}

fn wait_durable<T, E>(store: &Store, done: (T, Committed)) -> Result<(T, Committed), RunError<E>> {
    store.wait_durable(done.1.sequence).map_err(RunError::Store)?;
    Ok(done)
}

impl Deref for Work {
    type Target = HostWork;

    fn deref(&self) -> &HostWork {
        &self.host
    }
}

impl DerefMut for Work {
    fn deref_mut(&mut self) -> &mut HostWork {
        &mut self.host
    }
}

impl std::fmt::Debug for HostWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostWork")
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work")
            .field("tenant", &self.tenant)
            .field("plugin", &self.plugin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
