//! Jobs.

use super::payments::JOB_PREFIX;
use super::{DOCUMENT_BYTES_MAX, State, text};
use crate::jobs::{Job, JobError, JobFailure, NewJob, Scheduled};
use crate::problem::{Denial, InvalidField};
use crate::testing::Waiting;

/// The host's first pause after a failure; doubles each time, to an hour.
const BACKOFF_MS: u64 = 5_000;
const BACKOFF_MS_MAX: u64 = 3_600_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Waiting,
    Running,
    Done,
    Dead,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Queued {
    id: String,
    new: NewJob,
    attempts: u32,
    run_at: u64,
    status: Status,
}

impl Queued {
    fn claim(&mut self) -> Job {
        self.status = Status::Running;
        self.attempts += 1;
        Job {
            id: self.id.clone(),
            kind: self.new.kind.clone(),
            payload: self.new.payload.clone(),
            attempt: self.attempts,
            attempts_max: self.new.attempts_max,
        }
    }

    fn is_the_plugins(&self) -> bool {
        !self.new.kind.starts_with(JOB_PREFIX)
    }
}

impl From<Denial> for JobError {
    fn from(denial: Denial) -> JobError {
        JobError::Denied(denial)
    }
}

impl State {
    pub(super) fn job_schedule(&mut self, mut new: NewJob) -> Result<Scheduled, JobError> {
        text("kind", &new.kind, 1..=100).map_err(JobError::Invalid)?;
        if new.kind.starts_with(JOB_PREFIX) {
            let why = format!("must not begin with `{JOB_PREFIX}`: those are the host's own");
            return Err(JobError::Invalid(InvalidField::new("kind", why)));
        }
        if new.payload.len() > DOCUMENT_BYTES_MAX
            || serde_json::from_str::<serde_json::Value>(&new.payload).is_err()
        {
            return Err(JobError::Invalid(InvalidField::new(
                "payload",
                "is not JSON of at most 64 KiB",
            )));
        }
        if new.attempts_max > 100 {
            return Err(JobError::Invalid(InvalidField::new(
                "attempts-max",
                "is more than 100",
            )));
        }
        if new.attempts_max == 0 {
            new.attempts_max = 20;
        }
        if let Some(key) = &new.dedupe_key {
            text("dedupe-key", key, 1..=200).map_err(JobError::Invalid)?;
            let open = |job: &&Queued| matches!(job.status, Status::Waiting | Status::Running);
            let same = |job: &&Queued| job.new.dedupe_key.as_ref() == Some(key);
            if let Some(job) = self.jobs.iter().filter(open).find(same) {
                return Ok(Scheduled {
                    id: job.id.clone(),
                    repeated: true,
                });
            }
        }
        let id = self.id("job");
        let run_at = new.run_at.max(self.now);
        self.jobs.push(Queued {
            id: id.clone(),
            new,
            attempts: 0,
            run_at,
            status: Status::Waiting,
        });
        Ok(Scheduled { id, repeated: false })
    }

    /// A job of the host's own, about a payment or refund.
    pub(super) fn host_job(&mut self, kind: &str, subject: &str, run_at: u64) -> String {
        let id = self.id("job");
        let new = NewJob::new(kind, subject).attempts(20);
        self.jobs.push(Queued {
            id: id.clone(),
            new,
            attempts: 0,
            run_at,
            status: Status::Waiting,
        });
        id
    }

    pub(super) fn job_cancel(&mut self, id: &str) -> Result<(), JobError> {
        let place = self
            .jobs
            .iter()
            .position(|job| job.id == id && job.is_the_plugins())
            .ok_or(JobError::NotFound)?;
        if self.jobs[place].status != Status::Waiting {
            return Err(JobError::TooLate);
        }
        self.jobs.remove(place);
        Ok(())
    }

    /// The next job that is due.
    pub(in crate::testing) fn claim(&mut self) -> Option<Job> {
        let now = self.now;
        let due = |job: &&mut Queued| job.status == Status::Waiting && job.run_at <= now;
        let job = self.jobs.iter_mut().filter(due).min_by_key(|job| job.run_at)?;
        Some(job.claim())
    }

    /// This job, if it is due.
    pub(in crate::testing) fn claim_this(&mut self, id: &str) -> Option<Job> {
        let now = self.now;
        let due = |job: &&mut Queued| job.id == id && job.status == Status::Waiting && job.run_at <= now;
        self.jobs.iter_mut().find(due).map(Queued::claim)
    }

    /// Whether there is a job of this id, ended or not.
    pub(in crate::testing) fn has_job(&self, id: &str) -> bool {
        self.jobs.iter().any(|job| job.id == id)
    }

    pub(in crate::testing) fn finish(&mut self, job: &Job, result: &Result<(), JobFailure>) {
        let now = self.now;
        self.settle();
        let Some(queued) = self.jobs.iter_mut().find(|queued| queued.id == job.id) else {
            return;
        };
        queued.status = match result {
            Ok(()) => Status::Done,
            Err(JobFailure::Retry { after, .. }) if job.attempt < job.attempts_max => {
                let backoff = BACKOFF_MS
                    .saturating_mul(1 << (job.attempt - 1).min(20))
                    .min(BACKOFF_MS_MAX);
                queued.run_at = now + after.map_or(backoff, |seconds| u64::from(seconds) * 1000);
                Status::Waiting
            }
            Err(_) => Status::Dead,
        };
    }

    pub(in crate::testing) fn waiting(&self) -> Vec<Waiting> {
        let waiting = self
            .jobs
            .iter()
            .filter(|job| job.status == Status::Waiting && job.is_the_plugins());
        let shown = |job: &Queued| Waiting {
            kind: job.new.kind.clone(),
            payload: serde_json::from_str(&job.new.payload).unwrap_or_default(),
            run_at: job.run_at,
        };
        waiting.map(shown).collect()
    }

    pub(in crate::testing) fn dead(&self) -> Vec<String> {
        self.jobs
            .iter()
            .filter(|job| job.status == Status::Dead)
            .map(|job| job.new.kind.clone())
            .collect()
    }
}
