//! Jobs.

use super::{DOCUMENT_BYTES_MAX, State, length};
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

#[derive(Clone, Debug)]
pub(super) struct Queued {
    id: String,
    new: NewJob,
    attempts: u32,
    run_at: u64,
    status: Status,
}

impl From<Denial> for JobError {
    fn from(denial: Denial) -> JobError {
        JobError::Denied(denial)
    }
}

impl State {
    pub(super) fn job_schedule(&mut self, mut new: NewJob) -> Result<Scheduled, JobError> {
        length("kind", &new.kind, 1..=100).map_err(JobError::Invalid)?;
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
            length("dedupe-key", key, 1..=200).map_err(JobError::Invalid)?;
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

    pub(super) fn job_cancel(&mut self, id: &str) -> Result<(), JobError> {
        let place = self
            .jobs
            .iter()
            .position(|job| job.id == id)
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
        job.status = Status::Running;
        job.attempts += 1;
        Some(Job {
            id: job.id.clone(),
            kind: job.new.kind.clone(),
            payload: job.new.payload.clone(),
            attempt: job.attempts,
            attempts_max: job.new.attempts_max,
        })
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
        let waiting = self.jobs.iter().filter(|job| job.status == Status::Waiting);
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
