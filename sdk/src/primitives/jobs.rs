//! Work for later or outside the transaction, run at least once through [`crate::Plugin::run_job`].

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{Denial, InvalidField, Problem};

/// A job to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewJob {
    /// What to do, in the plugin's words; 1 to 100 characters.
    pub kind: String,
    /// JSON, at most 64 KiB.
    pub payload: String,
    /// Not before this time; 0 or the past means at once, after the commit.
    pub run_at: u64,
    /// Tries before the job is parked as dead; 1 to 100, 0 means 20.
    pub attempts_max: u32,
    /// While a job with this key waits or runs, another one is not made.
    pub dedupe_key: Option<String>,
}

impl NewJob {
    /// At once, after the commit.
    pub fn new<T: Serialize + ?Sized>(kind: &str, payload: &T) -> NewJob {
        NewJob {
            kind: kind.to_owned(),
            payload: crate::json::to_string(payload),
            ..NewJob::default()
        }
    }

    /// Not before this time.
    #[must_use]
    pub fn at(mut self, run_at: u64) -> NewJob {
        self.run_at = run_at;
        self
    }

    /// Only if no job with this key waits or runs.
    #[must_use]
    pub fn once(mut self, dedupe_key: impl Into<String>) -> NewJob {
        self.dedupe_key = Some(dedupe_key.into());
        self
    }

    /// Tries before the job is parked as dead.
    #[must_use]
    pub fn attempts(mut self, attempts_max: u32) -> NewJob {
        self.attempts_max = attempts_max;
        self
    }
}

/// The answer of [`schedule`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// `job_` and 22 characters.
    pub id: String,
    /// True when a waiting job had this dedupe key: it is that job's id.
    pub repeated: bool,
}

/// A job to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// `job_` and 22 characters.
    pub id: String,
    /// What to do.
    pub kind: String,
    /// JSON.
    pub payload: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// Tries before it is parked as dead.
    pub attempts_max: u32,
}

impl Job {
    /// The payload as a value of the plugin's own type. One that cannot be read will not get better: it is fatal.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, JobFailure> {
        serde_json::from_str(&self.payload)
            .map_err(|error| JobFailure::fatal(format!("payload of the job `{}`: {error}", self.kind)))
    }
}

/// The work is not done; what this try wrote is thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobFailure {
    /// Try again: after so many seconds, or by the host's own back-off.
    Retry {
        /// Seconds to wait.
        after: Option<u32>,
        /// For the operator.
        reason: String,
    },
    /// No retry can help: park it as dead at once.
    Fatal(String),
}

impl JobFailure {
    /// Try again by the host's own back-off (5 s doubling to 1 h).
    pub fn retry(reason: impl Into<String>) -> JobFailure {
        JobFailure::Retry {
            after: None,
            reason: reason.into(),
        }
    }

    /// Try again after so many seconds.
    pub fn retry_after(seconds: u32, reason: impl Into<String>) -> JobFailure {
        JobFailure::Retry {
            after: Some(seconds),
            reason: reason.into(),
        }
    }

    /// No retry can help.
    pub fn fatal(reason: impl Into<String>) -> JobFailure {
        JobFailure::Fatal(reason.into())
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobError {
    /// No such job.
    NotFound,
    /// It runs, or has ended.
    TooLate,
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Schedules a job; it exists only if this request commits. Safe to repeat with a dedupe key.
pub fn schedule(job: NewJob) -> Result<Scheduled, JobError> {
    host!(job_schedule(job))
}

/// Takes a job back, while it waits.
pub fn cancel(id: &str) -> Result<(), JobError> {
    host!(job_cancel(id))
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Problem {
        match error {
            JobError::NotFound => Problem::NotFound,
            JobError::TooLate => Problem::Conflict("the job runs already, or has ended".to_owned()),
            JobError::Invalid(invalid) => Problem::Invalid(invalid),
            JobError::Denied(denial) => Problem::Denied(denial),
            JobError::Internal(why) => Problem::Internal(why),
        }
    }
}

/// What a primitive refuses in a job: the host's failures are worth another try, the rest is a fault of the plugin.
impl From<Problem> for JobFailure {
    fn from(problem: Problem) -> JobFailure {
        match problem {
            Problem::Internal(why) => JobFailure::retry(why),
            problem => JobFailure::fatal(problem.to_string()),
        }
    }
}
