//! One attempt of a job: has the plugin do it, and makes the calls to the world that it asks for.
//!
//! An attempt may take several runs. A run that asks for a call to the world is stopped there; the call is made while
//! neither an instance nor a transaction is held, its answer is kept durably with the job, and the job is run again from
//! its start with one answer more. The last run's writes and the end of the job commit together. A crash at any point
//! leaves a lease that ends, after which the job is tried again, with the answers that it had.

use std::sync::Arc;
use std::time::Duration;

use mooring_core::draws::Draws;
use mooring_core::jobs::{self, Claimed, Failure, JobError, Lease};
use mooring_core::json::Json;
use mooring_core::time::Timestamp;
use mooring_core::work::Committed;
use mooring_store::CommitError;
use tokio::sync::oneshot;

use super::Shared;
use super::call::{blame, report};
use super::plugin::Plugin;
use super::program::{Fault, JobCall, JobEnd, Run};
use crate::bindings::{Answered, Caller, Desk, Errand, Errands, NoReturn};
use crate::exchange::Usage;

/// When a plugin has no room, or the host failed, its job is left alone for so long.
const NOT_NOW: Duration = Duration::from_secs(5);

/// What one run of a job came to.
enum Ran {
    /// The job is over, and its writes are committed.
    Committed(Committed),
    /// The plugin says how it failed, or failed itself. Nothing was written.
    Failed(Failure),
    /// It needs this call, and has used this many of the answers.
    Needs(Errand, usize),
    /// Somebody else has the job now.
    LeaseLost,
}

impl Shared {
    /// One attempt, from the claim to its end.
    pub(super) async fn attempt(self: &Arc<Shared>, plugin: &Arc<Plugin>, claimed: Claimed) {
        let mut answered = self.answers_left(&claimed).await;
        let claimed = Arc::new(claimed);
        let Ok(draws) = Draws::new(Timestamp::now()) else {
            tracing::error!(job = %claimed.job.id, "there is no randomness for a job; its lease will end");
            return;
        };
        loop {
            let ran = self
                .run_on_pool(plugin, &claimed, &draws, Arc::new(answered.clone()))
                .await;
            match ran {
                Ran::Committed(committed) => return self.announce(&committed),
                Ran::LeaseLost => {
                    return tracing::warn!(job = %claimed.job.id, "a job's lease ended while it ran");
                }
                Ran::Failed(failure) => return self.fail(&claimed, failure).await,
                Ran::Needs(errand, used) => {
                    answered.truncate(used);
                    if answered.len() >= self.calls_per_job_max {
                        let reason = "it makes more calls than outbound.calls_per_job_max".to_owned();
                        return self.fail(&claimed, Failure::Fatal { reason }).await;
                    }
                    answered.push(self.make_call(plugin, &claimed, errand).await);
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
        plugin: &Arc<Plugin>,
        claimed: &Arc<Claimed>,
        draws: &Arc<Draws>,
        answered: Arc<Vec<Answered>>,
    ) -> Ran {
        let (send, receive) = oneshot::channel();
        let task = {
            let (shared, plugin) = (Arc::clone(self), Arc::clone(plugin));
            let (claimed, draws) = (Arc::clone(claimed), Arc::clone(draws));
            Box::new(move || drop(send.send(shared.run_job(&plugin, &claimed, &draws, &answered))))
        };
        if self.pool.submit(&plugin.lane, task).is_err() {
            return Ran::Failed(retry_soon(
                "the plugin's queue is full (plugin.queue_per_plugin_max)",
            ));
        }
        let Ok(ran) = receive.await else {
            return Ran::Failed(retry_soon("the host failed while the job ran"));
        };
        if let Ran::Committed(committed) = &ran
            && let Err(error) = self.store.durable(committed.sequence).await
        {
            tracing::error!(%error, job = %claimed.job.id, "the end of a job did not become durable");
        }
        ran
    }

    /// On a call thread.
    fn run_job(
        &self,
        plugin: &Plugin,
        claimed: &Claimed,
        draws: &Arc<Draws>,
        answered: &Arc<Vec<Answered>>,
    ) -> Ran {
        let job = &claimed.job;
        let call = JobCall {
            id: job.id.to_string(),
            kind: job.kind.clone(),
            payload: job.payload.as_str().to_owned(),
            attempt: job.attempt,
            attempts_max: job.attempts_max,
        };
        let mut usage = Usage::default();
        for _ in 0..self.limits.runs_max {
            let caller = Caller::Job(job.tenant.clone());
            let mut desk = Desk::new(
                &self.store,
                &plugin.facts,
                &self.limits,
                &self.directory,
                draws,
                caller,
            );
            desk.errands = Some(Errands::new(answered));
            let Run {
                mut desk,
                fuel,
                result,
            } = plugin.program.run_job(desk, &call);
            usage.fuel += fuel;
            usage.host_calls += desk.spent.host_calls;
            report(plugin, &call.id, &desk.log);
            let end = match result {
                Ok(end) => end,
                Err(Fault::Suspended) => {
                    plugin.count(None, &usage, false);
                    let stopped = desk.errands.take().and_then(Errands::stopped_at);
                    let (errand, used) = stopped.expect("a run is suspended only at a call");
                    return Ran::Needs(errand, used);
                }
                Err(fault) => {
                    plugin.count(None, &usage, true);
                    blame(plugin, &call.id, &fault);
                    return Ran::Failed(Failure::Retry {
                        after: None,
                        reason: format!("the plugin failed: {fault}"),
                    });
                }
            };
            plugin.breaker.succeeded();
            let failure = match end {
                JobEnd::Done => None,
                JobEnd::Retry(after, reason) => Some(Failure::Retry { after, reason }),
                JobEnd::Fatal(reason) => Some(Failure::Fatal { reason }),
            };
            if let Some(failure) = failure {
                plugin.count(None, &usage, false);
                return Ran::Failed(failure);
            }
            match commit_job(&mut desk, claimed, &mut usage) {
                Ok(ran) => {
                    plugin.count(None, &usage, false);
                    return ran;
                }
                Err(()) => usage.reruns += 1,
            }
        }
        plugin.count(None, &usage, false);
        Ran::Failed(retry_soon("it lost every conflict (plugin.runs_max)"))
    }

    /// What an attempt learnt that a crash cut off, so that its calls are not made again.
    async fn answers_left(self: &Arc<Shared>, claimed: &Claimed) -> Vec<Answered> {
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

    async fn fail(self: &Arc<Shared>, claimed: &Claimed, failure: Failure) {
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
                self.announce(&committed);
            }
            Err(error) => tracing::error!(%error, job = %claimed.job.id, "a job's failure could not be kept"),
        }
    }

    async fn make_call(self: &Arc<Shared>, plugin: &Plugin, claimed: &Claimed, errand: Errand) -> Answered {
        let answer = self.errand(plugin, &claimed.job.tenant, &errand).await;
        if let Err(reason) = &answer {
            let refused = matches!(reason, NoReturn::Refused(_));
            tracing::info!(job = %claimed.job.id, target = %errand.target, ?reason, refused, "a call got no answer");
        }
        Answered { errand, answer }
    }
}

/// Commits a run that is done, together with the end of its job. An error means a lost conflict.
fn commit_job(desk: &mut Desk, claimed: &Claimed, usage: &mut Usage) -> Result<Ran, ()> {
    let mut work = desk.begin_work();
    match jobs::complete(&mut work, &claimed.lease) {
        Ok(()) => {}
        Err(JobError::LeaseLost) => return Ok(Ran::LeaseLost),
        Err(error) => {
            tracing::error!(%error, job = %claimed.job.id, "a job could not be completed");
            return Ok(Ran::Failed(retry_soon("the host could not complete the job")));
        }
    }
    let bytes_written = work.written_bytes() as u64;
    match work.commit() {
        Ok(committed) => {
            usage.bytes_written += bytes_written;
            Ok(Ran::Committed(committed))
        }
        Err(CommitError::Conflict { .. }) => Err(()),
        Err(CommitError::Store(error)) => {
            tracing::error!(%error, job = %claimed.job.id, "a job's commit failed");
            Ok(Ran::Failed(retry_soon("the store failed")))
        }
    }
}

fn retry_soon(reason: &str) -> Failure {
    Failure::Retry {
        after: Some(NOT_NOW),
        reason: reason.to_owned(),
    }
}
