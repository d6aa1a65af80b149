//! What was being done when an earlier host on this store ended.
//!
//! Its jobs are given back and tried again. Of a gateway that was being asked about an attempt there is more to say: the question
//! may be what charges, and the gateway may still be at it. Until it has answered again the attempt is unknown, so nothing takes
//! the gateway's "not charged" for the last word, and no other attempt begins.

use std::sync::Arc;
use std::time::Duration;

use mooring_core::ids::AttemptId;
use mooring_core::jobs::{self, Job};
use mooring_core::payments::{self, AttemptState, PaymentError, Progress};

use super::Shared;
use super::jobs::BATCH;
use super::task::Task;
use super::transact::TransactError;

/// How long the host waits for room to write down one doubt. It starts no job before, so room comes.
const PAUSE: Duration = Duration::from_millis(50);

impl Shared {
    /// Before any job is started: nobody else runs anything then, so whatever still has a lease was cut off.
    pub(super) async fn take_back_what_was_cut_off(self: &Arc<Shared>) {
        let backoff = self.backoff();
        loop {
            let found = self.host_look(|work| jobs::leased_jobs(work, BATCH)).await;
            // Without what is written down here no lease is given back: each then stays until it ends.
            let Some(found) = found else { return };
            for job in found {
                if let Task::Attempt(asked) = Task::of(&job)
                    && asked.may_charge()
                    && !self.doubt(&job, asked.attempt()).await
                {
                    return;
                }
            }
            match self
                .host_write(move |work| jobs::release_all(work, BATCH, backoff))
                .await
            {
                Ok((BATCH, _)) => {}
                Ok(_) => return,
                Err(error) => {
                    return tracing::error!(%error, "leases of an earlier host could not be given back");
                }
            }
        }
    }

    /// Writes down that it is unknown what became of an attempt. Of one that is over that says nothing. False if the store fails.
    async fn doubt(self: &Arc<Shared>, job: &Job, attempt: &AttemptId) -> bool {
        loop {
            let about = attempt.clone();
            let doubted = self.transact(&job.tenant, &job.plugin, move |work| {
                payments::apply(work, &about, Progress::new(AttemptState::Unknown))
            });
            match doubted.await {
                Ok(_) => {
                    tracing::warn!(%attempt, job = %job.id, "its gateway was being asked about it when an earlier host ended");
                    return true;
                }
                Err(TransactError::Busy) => tokio::time::sleep(PAUSE).await,
                // There is no such attempt, which the job itself will say.
                Err(TransactError::Refused(PaymentError::NotFound)) => return true,
                Err(error) => {
                    tracing::error!(%error, %attempt, "it could not be kept that its outcome is unknown");
                    return false;
                }
            }
        }
    }
}
