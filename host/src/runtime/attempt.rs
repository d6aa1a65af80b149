//! One attempt of a job: has the plugin do it, and makes the calls to the world that it asks for.
//!
//! An attempt may take several runs. A run that asks for a call to the world is stopped there; the call is made while
//! neither an instance nor a transaction is held, its answer is kept durably with the job, and the job is run again from
//! its start with one answer more. The last run's writes, what plugins write who are told of them, and the end of the job
//! commit together. A crash at any point leaves a lease that ends, after which the job is tried again, with the answers
//! that it had.
//!
//! What a run of the host's own jobs does is in `task`.

use std::sync::Arc;
use std::time::Duration;

use mooring_core::draws::Draws;
use mooring_core::jobs::{self, Claimed, Failure, JobError, JobState, Lease};
use mooring_core::json::Json;
use mooring_core::time::Timestamp;
use mooring_core::work::{Committed, Work};
use mooring_store::{CommitError, StoreError};
use tokio::sync::oneshot;

use super::Shared;
use super::call::{blame, report};
use super::events::{PutOff, Untold};
use super::plugin::Plugin;
use super::program::{Fault, JobCall, JobEnd, Run};
use super::task::{Stuck, Task};
use crate::bindings::{Answered, Caller, Desk, Errand, Errands, NoReturn};
use crate::exchange::Usage;

/// When a plugin has no room, or the host failed, its job is left alone for so long.
const NOT_NOW: Duration = Duration::from_secs(5);

/// What one run of a job came to.
pub(super) enum Ran {
    /// The job is over, and its writes are committed.
    Committed(Committed),
    /// It could not be done, or the plugin says so. Nothing was written.
    Failed(Failure),
    /// The plugin failed itself, in this way. Nothing was written.
    Faulted(String),
    /// It needs this call, and has used this many of the answers.
    Needs(Box<Errand>, usize),
    /// Somebody else has the job now.
    LeaseLost,
}

/// What a run of a job is made with.
pub(super) struct Attempting {
    /// Absent where the job needs none and it is not loaded.
    pub(super) plugin: Option<Arc<Plugin>>,
    pub(super) claimed: Claimed,
    pub(super) draws: Arc<Draws>,
    task: Task,
}

impl Shared {
    /// One attempt, from the claim to its end.
    pub(super) async fn attempt(self: &Arc<Shared>, plugin: Option<Arc<Plugin>>, claimed: Claimed) {
        let mut answered = self.answers_left(&claimed).await;
        let Ok(draws) = Draws::new(Timestamp::now()) else {
            tracing::error!(job = %claimed.job.id, "there is no randomness for a job; its lease will end");
            return;
        };
        let attempting = Arc::new(Attempting {
            task: Task::of(&claimed.job),
            plugin,
            claimed,
            draws,
        });
        let claimed = &attempting.claimed;
        let _turn = match attempting.task.about_attempt() {
            Some(attempt) => Some(self.turns.take(attempt).await),
            None => None,
        };
        loop {
            let answers = Arc::new(answered.clone());
            match self.run_on_pool(&attempting, answers).await {
                Ran::Committed(committed) => {
                    self.job_ends.ended(&claimed.job.id);
                    return self.announce(&committed);
                }
                Ran::LeaseLost => {
                    return tracing::warn!(job = %claimed.job.id, "a job's lease ended while it ran");
                }
                Ran::Failed(failure) => return self.fail(&attempting, failure, false).await,
                Ran::Faulted(how) => {
                    let reason = format!("the plugin failed: {how}");
                    let failure = Failure::Retry { after: None, reason };
                    return self.fail(&attempting, failure, true).await;
                }
                Ran::Needs(errand, used) => {
                    answered.truncate(used);
                    if answered.len() >= self.calls_per_job_max {
                        let reason = "it makes more calls than outbound.calls_per_job_max".to_owned();
                        return self.fail(&attempting, Failure::Fatal { reason }, false).await;
                    }
                    let Some(answer) = self.make_call(&attempting, *errand).await else {
                        return;
                    };
                    answered.push(answer);
                    if !self.keep_answers(&claimed.lease, &answered).await {
                        return;
                    }
                }
            }
        }
    }

    /// Has a call thread run the job until it commits or ends otherwise.
    async fn run_on_pool(
        self: &Arc<Shared>,
        attempting: &Arc<Attempting>,
        answered: Arc<Vec<Answered>>,
    ) -> Ran {
        let (shared, these) = (Arc::clone(self), Arc::clone(attempting));
        self.on_pool(attempting, move || shared.run_job(&these, &answered))
            .await
    }

    /// Has a call thread of the job's plugin do something that ends the attempt, and waits until that is durable.
    async fn on_pool(
        self: &Arc<Shared>,
        attempting: &Arc<Attempting>,
        run: impl FnOnce() -> Ran + Send + 'static,
    ) -> Ran {
        let (send, receive) = oneshot::channel();
        let lane = match &attempting.plugin {
            Some(plugin) => &plugin.lane,
            None => &self.host_lane,
        };
        if self
            .pool
            .submit(lane, Box::new(move || drop(send.send(run()))))
            .is_err()
        {
            return Ran::Failed(retry_soon(
                "the plugin's queue is full (plugin.queue_per_plugin_max)",
            ));
        }
        let Ok(ran) = receive.await else {
            return Ran::Failed(retry_soon("the host failed while the job ran"));
        };
        if let Ran::Committed(committed) = &ran {
            // What it scheduled need not wait: it becomes durable after this.
            self.wake_jobs(committed);
            if let Err(error) = self.store.durable(committed.sequence).await {
                tracing::error!(%error, job = %attempting.claimed.job.id, "the end of a job did not become durable");
            }
        }
        ran
    }

    /// On a call thread: runs the job, and runs it again if it lost.
    fn run_job(&self, attempting: &Attempting, answered: &Arc<Vec<Answered>>) -> Ran {
        let lease = &attempting.claimed.lease;
        let mut usage = Usage::default();
        let ran = self.until_committed(attempting, &mut usage, |usage| {
            let mut work = self.do_task(attempting, answered, usage)?;
            match jobs::complete(&mut work, lease) {
                Ok(()) => Ok(work),
                Err(JobError::LeaseLost) => Err(Ran::LeaseLost),
                Err(error) => {
                    tracing::error!(%error, job = %lease.job, "a job could not be completed");
                    Err(Ran::Failed(retry_soon("the host could not complete the job")))
                }
            }
        });
        if let Some(plugin) = &attempting.plugin {
            plugin.count(None, &usage, matches!(ran, Ran::Faulted(_)));
        }
        ran
    }

    /// Does a work, tells plugins of it, commits, and does it again if it lost.
    fn until_committed(
        &self,
        attempting: &Attempting,
        usage: &mut Usage,
        mut act: impl FnMut(&mut Usage) -> Result<Work, Ran>,
    ) -> Ran {
        let id = &attempting.claimed.job.id;
        let mut put_off = PutOff::default();
        for _ in 0..self.limits.runs_max {
            let told = match act(usage) {
                Ok(work) => self.tell(work, &mut put_off),
                Err(ran) => return ran,
            };
            let committed = match told {
                Ok(work) => {
                    usage.bytes_written += work.written_bytes() as u64;
                    work.commit()
                }
                Err(Untold::Again) => {
                    usage.reruns += 1;
                    continue;
                }
                Err(Untold::Store(error)) => Err(CommitError::Store(error)),
            };
            match committed {
                Ok(committed) => return Ran::Committed(committed),
                Err(CommitError::Conflict { .. }) => usage.reruns += 1,
                Err(CommitError::Store(error)) => return Ran::store_failed(id, &error),
            }
        }
        Ran::Failed(retry_soon("it lost every conflict (plugin.runs_max)"))
    }

    /// One run of the job, before its end.
    fn do_task(
        &self,
        attempting: &Attempting,
        answered: &Arc<Vec<Answered>>,
        usage: &mut Usage,
    ) -> Result<Work, Ran> {
        match &attempting.task {
            Task::Plugin => self.do_plugins_job(attempting, answered, usage),
            Task::Attempt(asked) => self.ask_about_attempt(attempting, asked, answered, usage),
            Task::Refund(refund) => self.ask_for_refund(attempting, refund, answered, usage),
            Task::Expire(payment) => self.expire_payment(attempting, payment),
            Task::Announce(announcement) => self.announce_again(attempting, announcement),
            Task::Unreadable(reason) => Err(Ran::Failed(Failure::Fatal {
                reason: reason.clone(),
            })),
        }
    }

    fn do_plugins_job(
        &self,
        attempting: &Attempting,
        answered: &Arc<Vec<Answered>>,
        usage: &mut Usage,
    ) -> Result<Work, Ran> {
        let job = &attempting.claimed.job;
        let plugin = attempting.loaded()?;
        let Some(program) = plugin.program() else {
            let reason = "a gateway has no jobs of its own".to_owned();
            return Err(Ran::Failed(Failure::Fatal { reason }));
        };
        let call = JobCall {
            id: job.id.to_string(),
            kind: job.kind.clone(),
            payload: job.payload.as_str().to_owned(),
            attempt: job.attempt,
            attempts_max: job.attempts_max,
        };
        let run = program.run_job(self.desk(attempting, plugin, answered), &call);
        let (mut desk, end) = settle(plugin, &call.id, run, usage)?;
        plugin.breaker.succeeded();
        match end {
            JobEnd::Done => Ok(desk.begin_work()),
            JobEnd::Retry(after, reason) => Err(Ran::Failed(Failure::Retry { after, reason })),
            JobEnd::Fatal(reason) => Err(Ran::Failed(Failure::Fatal { reason })),
        }
    }

    /// A desk for a run that may call out.
    pub(super) fn desk(
        &self,
        attempting: &Attempting,
        plugin: &Plugin,
        answered: &Arc<Vec<Answered>>,
    ) -> Desk {
        let caller = Caller::Host(attempting.claimed.job.tenant.clone());
        let mut desk = Desk::new(&self.office, &plugin.facts, &attempting.draws, caller);
        desk.errands = Some(Errands::new(answered));
        desk
    }

    /// What an attempt learnt that a crash cut off, so that its calls are not made again.
    async fn answers_left(self: &Arc<Shared>, claimed: &Claimed) -> Vec<Answered> {
        if claimed.lease.number == 1 {
            return Vec::new();
        }
        let id = claimed.job.id.clone();
        let kept = self
            .host_read(move |work| jobs::answers(work, &id))
            .await
            .flatten();
        // Answers in a form that this release does not know are as good as none.
        kept.and_then(|json| serde_json::from_str(json.as_str()).ok())
            .unwrap_or_default()
    }

    /// Keeps the answers with the job. False if somebody else has the job by now.
    async fn keep_answers(self: &Arc<Shared>, lease: &Lease, answered: &[Answered]) -> bool {
        let json = Json::from(serde_json::to_value(answered).expect("answers are plain data"));
        let kept = lease.clone();
        match self
            .host_write(move |work| jobs::keep_answers(work, &kept, &json))
            .await
        {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(%error, job = %lease.job, "the answers to a job's calls could not be kept");
                false
            }
        }
    }

    async fn fail(self: &Arc<Shared>, attempting: &Arc<Attempting>, failure: Failure, faulted: bool) {
        let claimed = &attempting.claimed;
        if let Some(stuck) = attempting
            .task
            .stuck(&claimed.job, &failure, faulted, &self.job_limits)
        {
            return self.give_up(attempting, stuck, failure).await;
        }
        let (lease, backoff) = (claimed.lease.clone(), self.backoff());
        let failed = failure.clone();
        match self
            .host_write(move |work| jobs::fail(work, &lease, failed.clone(), backoff))
            .await
        {
            Ok((job, committed)) => {
                tracing::warn!(
                    job = %job.id, kind = %job.kind, plugin = %job.plugin, attempt = job.attempt,
                    state = job.state.as_str(), reason = job.last_error.as_deref().unwrap_or_default(),
                    "a job failed"
                );
                if job.state == JobState::Dead {
                    self.job_ends.ended(&job.id);
                }
                self.announce(&committed);
            }
            Err(error) => tracing::error!(%error, job = %claimed.job.id, "a job's failure could not be kept"),
        }
    }

    /// Parks a job that a gateway fails at again and again, and takes the outcome for unknown, in one transaction.
    async fn give_up(self: &Arc<Shared>, attempting: &Arc<Attempting>, stuck: Stuck, failure: Failure) {
        let (Failure::Retry { reason, .. } | Failure::Fatal { reason }) = failure;
        let job = &attempting.claimed.job;
        tracing::error!(
            job = %job.id, kind = %job.kind, plugin = %job.plugin, attempt = job.attempt, %reason,
            "a gateway fails; what has become of it counts as unknown (jobs.gateway_tries_max)"
        );
        let (shared, these) = (Arc::clone(self), Arc::clone(attempting));
        let ran = self.on_pool(attempting, move || {
            let mut usage = Usage::default();
            shared.until_committed(&these, &mut usage, |_| shared.park(&these, &stuck, &reason))
        });
        if let Ran::Committed(committed) = ran.await {
            self.job_ends.ended(&job.id);
            self.announce(&committed);
        } else {
            // Whoever takes the job after its lease has ended gives up in turn.
            tracing::error!(job = %job.id, "a job's failure could not be kept");
        }
    }

    /// Nothing if the store failed.
    async fn make_call(self: &Arc<Shared>, attempting: &Attempting, errand: Errand) -> Option<Answered> {
        let job = &attempting.claimed.job;
        // The world is told nothing that a loss of power could take back: neither the claim nor whatever else the run has seen.
        if let Err(error) = self.store.durable(self.store.applied()).await {
            tracing::error!(%error, job = %job.id, "what a call rests on did not become durable");
            return None;
        }
        let answer = match &attempting.plugin {
            Some(plugin) => self.errand(plugin, &job.tenant, &errand).await,
            None => Err(NoReturn::Internal("the plugin is not loaded".to_owned())),
        };
        if let Err(reason) = &answer {
            let refused = matches!(reason, NoReturn::Refused(_));
            tracing::info!(job = %job.id, target = %errand.target, ?reason, refused, "a call got no answer");
        }
        Some(Answered { errand, answer })
    }
}

impl Attempting {
    /// The plugin, for a job that cannot do without it.
    pub(super) fn loaded(&self) -> Result<&Arc<Plugin>, Ran> {
        let absent = || Ran::Failed(retry_soon("its plugin is not loaded"));
        self.plugin.as_ref().ok_or_else(absent)
    }
}

impl Ran {
    pub(super) fn store_failed(job: &impl std::fmt::Display, error: &StoreError) -> Ran {
        tracing::error!(%error, %job, "the store failed a job");
        Ran::Failed(retry_soon("the store failed"))
    }
}

/// Counts a run that is over and takes its result, or says what the attempt does about it. Whether the plugin did well is
/// for the caller to say (`Breaker::succeeded`).
pub(super) fn settle<T>(plugin: &Plugin, id: &str, run: Run<T>, usage: &mut Usage) -> Result<(Desk, T), Ran> {
    let Run {
        mut desk,
        fuel,
        result,
    } = run;
    usage.fuel += fuel;
    usage.host_calls += desk.spent.host_calls;
    report(plugin, id, &desk.log);
    match result {
        Ok(value) => Ok((desk, value)),
        Err(Fault::Suspended) => {
            let stopped = desk.errands.take().and_then(Errands::stopped_at);
            let (errand, used) = stopped.expect("a run is suspended only at a call");
            Err(Ran::Needs(Box::new(errand), used))
        }
        Err(fault) => {
            blame(plugin, id, &fault);
            Err(Ran::Faulted(fault.to_string()))
        }
    }
}

pub(super) fn retry_soon(reason: &str) -> Failure {
    Failure::Retry {
        after: Some(NOT_NOW),
        reason: reason.to_owned(),
    }
}
