//! Jobs whose runner is gone: an earlier host that ended, or a run that hangs.
//!
//! They are given back and tried again. Of a gateway that was being asked about an attempt there is more to say: the question may
//! be what charges, and the gateway may still be at it. So the attempt is doubted first, and while it is unknown nothing takes the
//! gateway's "not charged" for the last word, and no other attempt begins.

use std::sync::Arc;
use std::time::Duration;

use mooring_core::ids::AttemptId;
use mooring_core::jobs::{self, Claimed, Job, JobError};
use mooring_core::leases::Gone;
use mooring_core::payments::{self, AttemptState, Progress};
use mooring_core::work::RunError;

use super::Shared;
use super::jobs::BATCH;
use super::task::Task;
use super::transact::TransactError;

/// No job is started before the doubts of a start are written down, and requests may come already: so it is not given up at once.
const TRIES_WHILE_BUSY: u32 = 40;
const BUSY_PAUSE: Duration = Duration::from_millis(50);

impl Shared {
    /// Gives back what was cut off. What cannot be given back now keeps its lease, and its turn comes again.
    pub(super) async fn take_back(self: &Arc<Shared>, gone: Gone) {
        loop {
            let found = self.host_look(move |work| jobs::cut_off(work, gone, BATCH)).await;
            let found = found.unwrap_or_default();
            let mut any = false;
            for cut_off in &found {
                any |= self.take_one_back(cut_off).await;
            }
            if found.len() < BATCH || !any {
                return;
            }
        }
    }

    async fn take_one_back(self: &Arc<Shared>, cut_off: &Claimed) -> bool {
        let job = &cut_off.job;
        if let Some(attempt) = Task::of(job).may_charge()
            && !self.doubt(job, attempt).await
        {
            return false;
        }
        let (lease, backoff) = (cut_off.lease.clone(), self.backoff());
        let taken = self.host_write(move |work| jobs::take_back(work, &lease, backoff));
        match taken.await {
            Ok(_) => true,
            // It has ended after all.
            Err(RunError::Refused(JobError::LeaseLost)) => false,
            Err(error) => {
                tracing::error!(%error, job = %job.id, "a job that was cut off could not be given back");
                false
            }
        }
    }

    /// Writes down that it is unknown what becomes of an attempt; of one that is over that says nothing. False if that cannot be done
    /// now.
    async fn doubt(self: &Arc<Shared>, job: &Job, attempt: &AttemptId) -> bool {
        for tries_left in (0..TRIES_WHILE_BUSY).rev() {
            let about = attempt.clone();
            let doubted = self.transact(&job.tenant, &job.plugin, move |work| {
                payments::apply(work, &about, Progress::new(AttemptState::Unknown))
            });
            match doubted.await {
                Ok(_) => {
                    tracing::warn!(%attempt, job = %job.id, "a question to its gateway was cut off");
                    return true;
                }
                Err(TransactError::Busy) if tries_left > 0 => tokio::time::sleep(BUSY_PAUSE).await,
                Err(error) => {
                    tracing::error!(%error, %attempt, "it could not be kept that its outcome is unknown");
                    break;
                }
            }
        }
        false
    }
}
