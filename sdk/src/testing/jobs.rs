//! Jobs: the plugin's, and those that the host has for payments.

use serde_json::Value;

use super::TestHost;
use super::memory::job_principal;
use super::memory::payments::{JOB_PREFIX, JOB_REFUND};
use super::payments::RefundOutcome;
use crate::jobs::{Job, JobFailure};
use crate::plugin::Plugin;

/// One try of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// Its kind.
    pub kind: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// What the plugin answered.
    pub result: Result<(), JobFailure>,
}

/// A job that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its kind.
    pub kind: String,
    /// JSON.
    pub payload: Value,
    /// Milliseconds since the Unix epoch.
    pub run_at: u64,
}

impl<P: Plugin> TestHost<P> {
    /// Runs the jobs that are due, one after the other, those that they schedule included.
    ///
    /// # Panics
    /// When scripted answers are left over.
    pub fn run_jobs(&mut self) -> Vec<JobRun> {
        let mut runs = Vec::new();
        while let Some(run) = self.run_job() {
            runs.push(run);
            assert!(runs.len() < 1000, "jobs schedule each other without end");
        }
        assert!(
            self.memory.script.is_empty(),
            "never called: {:?}",
            self.memory.script
        );
        runs
    }

    /// Runs the next job that is due.
    pub fn run_job(&mut self) -> Option<JobRun> {
        self.run_job_meanwhile(|_| {})
    }

    /// Runs the next job that is due, and lets something else happen while it runs: the job loses the conflict and is
    /// run again, and its outbound calls get the answers of the first run.
    pub fn run_job_meanwhile(&mut self, meanwhile: impl FnOnce(&mut TestHost<P>)) -> Option<JobRun> {
        let job = self.memory.state.claim()?;
        Some(self.run_claimed(job, meanwhile))
    }

    /// Runs a job of the plugin's, or of the host's own.
    pub(super) fn run_claimed(&mut self, job: Job, meanwhile: impl FnOnce(&mut TestHost<P>)) -> JobRun {
        if job.kind.starts_with(JOB_PREFIX) {
            meanwhile(self);
            return self.run_host_job(job);
        }
        let before = self.memory.state.clone();
        self.memory.record();
        let first = self.run_job_once(&job);
        self.memory.state = before;
        let recording = self.memory.stop();
        let fingerprint = self.fingerprint();
        meanwhile(self);
        let disturbed = fingerprint != self.fingerprint();
        self.memory.play(recording);
        let result = self.run_job_once(&job);
        self.memory.stop();
        assert!(
            disturbed || first == result,
            "a job that runs again from the same state must answer the same"
        );
        self.memory.state.finish(&job, &result);
        JobRun {
            kind: job.kind,
            attempt: job.attempt,
            result,
        }
    }

    fn run_host_job(&mut self, job: Job) -> JobRun {
        let result = if let Some(event) = self.memory.state.untold.get(&job.id).cloned() {
            self.twice(
                |host| host.tell(event.clone()).map_err(JobFailure::retry),
                Result::is_ok,
            )
        } else {
            let refund = self.refund_outcome(&job);
            self.twice(
                |host| {
                    let done = host.memory.state.do_host_job(&job, &refund);
                    done.map_err(|error| JobFailure::fatal(format!("{error:?}")))
                },
                Result::is_ok,
            )
        };
        self.memory.state.finish(&job, &result);
        JobRun {
            kind: job.kind,
            attempt: job.attempt,
            result,
        }
    }

    fn refund_outcome(&mut self, job: &Job) -> RefundOutcome {
        let scripted = if job.kind == JOB_REFUND {
            self.refunds.pop_front()
        } else {
            None
        };
        scripted.unwrap_or_else(|| RefundOutcome::succeeded(&job.id))
    }

    fn run_job_once(&mut self, job: &Job) -> Result<(), JobFailure> {
        self.once(
            |host| {
                host.memory.enter(Some(job_principal()), true, true);
                host.with(|| P::run_job(job.clone()))
            },
            Result::is_ok,
        )
    }

    /// Jobs of the plugin that wait, in the order they were scheduled.
    pub fn waiting(&self) -> Vec<Waiting> {
        self.memory.state.waiting()
    }

    /// Kinds of the jobs that were given up.
    pub fn dead(&self) -> Vec<String> {
        self.memory.state.dead()
    }
}
