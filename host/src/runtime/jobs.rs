//! Looks after jobs: starts what is due, takes back what was cut off, forgets what is long over.
//!
//! What runs is one attempt of one job, see `attempt`. The runner holds nothing that it could not read again from the
//! store, so a crash anywhere leaves at most leases that end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mooring_core::draws::Draws;
use mooring_core::idempotency;
use mooring_core::ids::{JobId, PluginName};
use mooring_core::jobs::{self, Backoff, Claimed, DueJob, JobError};
use mooring_core::leases::Gone;
use mooring_core::time::Timestamp;
use mooring_core::work::{Committed, HostWork, RunError};
use mooring_store::Store;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::plugin::Plugin;
use super::task::Task;
use super::{Runtime, Shared};

/// The runner looks at the store at least this often, whether or not somebody wakes it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often leases are looked over and old jobs are purged.
const TIDY_EVERY: Duration = Duration::from_secs(15);

/// Jobs looked at in one go.
pub(super) const BATCH: usize = 64;

impl Runtime {
    /// Runs jobs until `stopped`, then finishes those that run.
    pub fn spawn_jobs(&self, stopped: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let places = Arc::new(Semaphore::new(shared.job_limits.running_max));
            // No job runs yet, so whatever still has a lease was cut off.
            shared.take_back(Gone::All).await;
            tokio::select! {
                () = stopped => {}
                () = Arc::clone(&shared).look_after_jobs(Arc::clone(&places)) => {}
            }
            let all = shared.job_limits.running_max as u32;
            // Fails only if the semaphore were closed, which nobody does.
            drop(places.acquire_many(all).await);
        })
    }
}

impl Shared {
    async fn look_after_jobs(self: Arc<Shared>, places: Arc<Semaphore>) {
        let mut tidied = tokio::time::Instant::now();
        loop {
            let pause = self.start_due(&places).await;
            if tidied.elapsed() >= TIDY_EVERY {
                self.tidy().await;
                tidied = tokio::time::Instant::now();
            }
            self.alarm.wait(pause).await;
        }
    }

    /// Starts what is due and there is room for. Gives the time until it is worth looking again.
    async fn start_due(self: &Arc<Shared>, places: &Arc<Semaphore>) -> Duration {
        self.alarm.looking();
        let mut behind: Option<DueJob> = None;
        loop {
            let after = behind.take();
            let found = self
                .host_look(move |work| jobs::due(work, work.now(), after.as_ref(), BATCH))
                .await;
            let Some(found) = found else { return LOOK_EVERY };
            let is_last = found.len() < BATCH;
            behind = found.last().cloned();
            let unready: Vec<JobId> = found
                .iter()
                .filter(|due| self.ready_plugin(&due.plugin).is_none())
                .map(|due| due.id.clone())
                .collect();
            let host_does = self.done_without_plugin(unready).await;
            for due in found {
                let plugin = self.ready_plugin(&due.plugin);
                if plugin.is_none() && !host_does.contains(&due.id) {
                    continue;
                }
                if self.claiming.lock().contains(&due.id) {
                    continue;
                }
                let Ok(place) = Arc::clone(places).acquire_owned().await else {
                    return LOOK_EVERY;
                };
                self.claiming.lock().insert(due.id.clone());
                let shared = Arc::clone(self);
                tokio::spawn(async move {
                    let claimed = shared.claim(&due).await;
                    shared.claiming.lock().remove(&due.id);
                    if let Some(claimed) = claimed {
                        // Until now this one was the next that is due, and what is due after it was not seen.
                        shared.alarm.ring();
                        shared.attempt(plugin, claimed).await;
                    }
                    drop(place);
                });
            }
            if is_last {
                break;
            }
        }
        let next = self.host_look(jobs::next_due).await.flatten();
        match next {
            Some(at) => Duration::from_millis(at.millis().saturating_sub(Timestamp::now().millis()))
                // A job that is due but was not started waits for its plugin: look again soon, not at once.
                .clamp(
                    Duration::from_millis(if at <= Timestamp::now() { 1000 } else { 1 }),
                    LOOK_EVERY,
                ),
            None => LOOK_EVERY,
        }
    }

    /// Waits until a job has ended, one way or another, or `plugin.resume_wait_ms` is over. A job that a handler cancels, or
    /// an operator, is waited for until then.
    pub(super) async fn job_end(self: &Arc<Shared>, job: &JobId) {
        let end = self.job_ends.next(job);
        let id = job.clone();
        let over = self.host_read(move |work| match jobs::get(work, &id) {
            Ok(job) => Ok(job.ended_at.is_some()),
            Err(JobError::Store(error)) => Err(error),
            // There is nothing to wait for.
            Err(_) => Ok(true),
        });
        if over.await == Some(false) {
            let waited = tokio::time::timeout(self.limits.resume_wait_ms, end).await;
            tracing::debug!(%job, in_time = waited.is_ok(), "an answer waited for a job");
        } else {
            drop(end);
        }
        self.job_ends.forget(job);
    }

    /// The plugin, if it is installed and not stopped by its breaker.
    pub(super) fn ready_plugin(&self, name: &PluginName) -> Option<Arc<Plugin>> {
        let installed = self.installed.find(name)?;
        installed
            .breaker
            .refuses(std::time::Instant::now())
            .is_none()
            .then_some(installed)
    }

    /// Those of these jobs that are done although their plugin cannot be called.
    async fn done_without_plugin(self: &Arc<Shared>, mut jobs: Vec<JobId>) -> Vec<JobId> {
        if jobs.is_empty() {
            return jobs;
        }
        let read = self.host_read(move |work| {
            jobs.retain(|id| jobs::get(work, id).is_ok_and(|job| Task::needs_no_plugin(&job.kind)));
            Ok(jobs)
        });
        read.await.unwrap_or_default()
    }

    /// Does not wait for the disk: the run's own writes cannot get there before the claim, and before it acts on the world it
    /// waits, see `make_call`.
    async fn claim(self: &Arc<Shared>, due: &DueJob) -> Option<Claimed> {
        let (id, lease, store) = (due.id.clone(), self.job_limits.lease_ms, self.store.clone());
        let claimed = move || HostWork::apply(&store, Timestamp::now(), |work| jobs::claim(work, &id, lease));
        match off_async(claimed).await {
            Ok((claimed, _)) => Some(claimed),
            // Somebody has it, or took it back.
            Err(RunError::Refused(JobError::TooLate(_) | JobError::NotFound)) => None,
            Err(error) => {
                tracing::error!(%error, job = %due.id, "a job could not be claimed");
                None
            }
        }
    }

    async fn tidy(self: &Arc<Shared>) {
        self.take_back(Gone::LeaseEnded).await;
        self.until_none_is_left("old jobs", |work| jobs::purge(work, BATCH))
            .await;
        self.until_none_is_left("old replies", |work| idempotency::purge(work, BATCH))
            .await;
    }

    /// Does away with all of something, a batch in a transaction.
    async fn until_none_is_left<E, F>(self: &Arc<Shared>, what: &str, batch: F)
    where
        E: std::error::Error + Send + Sync + 'static,
        F: Fn(&mut HostWork) -> Result<usize, E> + Clone + Send + 'static,
    {
        loop {
            match self.host_write(batch.clone()).await {
                Ok((done, _)) if done == BATCH => {}
                Ok(_) => return,
                Err(error) => return tracing::error!(%error, what, "could not be tidied up"),
            }
        }
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff {
            min: self.job_limits.backoff_min_ms,
            max: self.job_limits.backoff_max_ms,
        }
    }

    /// Reads, off the async threads. Nothing if the store failed, which is logged.
    pub(super) async fn host_read<T: Send + 'static>(
        self: &Arc<Shared>,
        read: impl FnOnce(&mut HostWork) -> Result<T, mooring_core::StoreError> + Send + 'static,
    ) -> Option<T> {
        self.look_with(HostWork::read, read).await
    }

    /// As [`host_read`](Shared::host_read), on the newest state, durable or not: for what leads to nothing but writes on top
    /// of it.
    pub(super) async fn host_look<T: Send + 'static>(
        self: &Arc<Shared>,
        look: impl FnOnce(&mut HostWork) -> Result<T, mooring_core::StoreError> + Send + 'static,
    ) -> Option<T> {
        self.look_with(HostWork::write, look).await
    }

    async fn look_with<T: Send + 'static>(
        self: &Arc<Shared>,
        begin: fn(&Store, &Arc<Draws>) -> HostWork,
        look: impl FnOnce(&mut HostWork) -> Result<T, mooring_core::StoreError> + Send + 'static,
    ) -> Option<T> {
        let store = self.store.clone();
        // Nothing is drawn when rows are only read.
        let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
        let result = off_async(move || look(&mut begin(&store, &draws))).await;
        result
            .inspect_err(|error| tracing::error!(%error, "jobs could not be read"))
            .ok()
    }

    /// One host-level transaction, off the async threads.
    pub(super) async fn host_write<T: Send + 'static, E: Send + 'static>(
        self: &Arc<Shared>,
        write: impl FnMut(&mut HostWork) -> Result<T, E> + Send + 'static,
    ) -> Result<(T, Committed), RunError<E>> {
        let store = self.store.clone();
        off_async(move || HostWork::run(&store, Timestamp::now(), write)).await
    }
}

/// Does what blocks on a thread of its own.
async fn off_async<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .expect("a transaction does not panic and is not cancelled")
}
