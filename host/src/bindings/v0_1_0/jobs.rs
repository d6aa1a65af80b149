//! `jobs`

use mooring_core::ids::JobId;
use mooring_core::jobs as core;
use mooring_core::time::Timestamp;

use super::common_errors;
use super::wit::mooring::plugin::jobs::{Host, JobError, NewJob, Scheduled};
use crate::bindings::Desk;

impl Host for Desk {
    fn schedule(&mut self, job: NewJob) -> Result<Scheduled, JobError> {
        self.check_record("payload", &job.payload)?;
        let scheduled = core::schedule(self.write()?, job.into())?;
        Ok(Scheduled {
            id: scheduled.id.to_string(),
            repeated: scheduled.repeated,
        })
    }

    fn cancel(&mut self, id: String) -> Result<(), JobError> {
        // What is no id is nobody's id.
        let id = JobId::parse(&id).map_err(|_| JobError::NotFound)?;
        Ok(core::cancel(self.write()?, &id)?)
    }
}

impl From<NewJob> for core::NewJob {
    fn from(job: NewJob) -> core::NewJob {
        core::NewJob {
            kind: job.kind,
            payload: job.payload,
            run_at: Timestamp(job.run_at),
            attempts_max: job.attempts_max,
            dedupe_key: job.dedupe_key,
        }
    }
}

common_errors!(JobError);

impl From<core::JobError> for JobError {
    fn from(error: core::JobError) -> JobError {
        match error {
            core::JobError::NotFound => JobError::NotFound,
            core::JobError::TooLate(_) => JobError::TooLate,
            core::JobError::Invalid(invalid) => invalid.into(),
            core::JobError::Store(error) => error.into(),
            // Neither a lease nor a retry by the operator is in a plugin's hands.
            other @ (core::JobError::LeaseLost | core::JobError::DedupeKeyTaken(_)) => {
                JobError::Internal(other.to_string())
            }
        }
    }
}
