//! Telling the plugin that made a payment what became of it.

use mooring_store::StoreError;

use super::{Announcement, AnnouncementJob, Attempt, EventKind, JOB_ANNOUNCE, Payment, Refund};
use crate::ids::JobId;
use crate::jobs;
use crate::work::Work;

/// Tells the plugin again, in a job: it failed to take the announcement when it was made.
pub fn announce_later(work: &mut Work, announcement: Announcement) -> Result<JobId, StoreError> {
    let plugin = announcement.plugin.clone();
    let now = work.now();
    let job = AnnouncementJob { announcement };
    let scheduled = jobs::schedule_for(work, &plugin, JOB_ANNOUNCE, &job, now, None)?;
    Ok(scheduled.id)
}

/// Tells the plugin what has happened, in this work; the payment was changed with it, and the caller saves it.
pub(super) fn announce(
    work: &mut Work,
    kind: EventKind,
    payment: &Payment,
    attempt: Option<&Attempt>,
    refund: Option<&Refund>,
) {
    let payment = Payment {
        updated_at: work.now(),
        ..payment.clone()
    };
    work.announcements.push(Announcement {
        plugin: payment.plugin.clone(),
        kind,
        payment,
        attempt: attempt.cloned(),
        refund: refund.cloned(),
    });
}
