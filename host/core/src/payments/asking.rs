//! Asking gateways, later and again, until they know.
//!
//! There is one chain of questions for an attempt or refund: its row says when the newest one is asked, and only news that
//! comes from then on and still does not tell asks another. So what a gateway repeats in between begins no second chain.

use std::time::Duration;

use mooring_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{
    Action, Attempt, AttemptJob, AttemptState, JOB_ABANDON, JOB_LOOK_UP, JOB_REFUND, Refund, RefundJob,
};
use crate::ids::JobId;
use crate::jobs;
use crate::time::Timestamp;
use crate::work::Work;

/// How long after one question the next one follows; the last pause repeats.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
];

/// As [`PAUSES`], while the payer is at the gateway's own page: who pays there comes back within minutes, or has the gateway tell us.
/// This is for who does neither, and for the many who just leave.
const PAUSES_AT_GATEWAY: [Duration; 9] = [
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(3),
    Duration::from_mins(5),
    Duration::from_mins(10),
    Duration::from_mins(20),
    Duration::from_hours(1),
    Duration::from_hours(3),
    Duration::from_hours(6),
];

/// So often the page of a gateway is asked about: for a week. Gateways close theirs within days.
const QUESTIONS_AT_GATEWAY_MAX: u32 = 35;

/// How often a gateway is asked about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Until it knows.
    Steady,
    /// More and more seldom, and not for ever: the payer may have left for good.
    AtGateway,
}

/// The newest question of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::payments) struct Asked {
    /// How many there were before it.
    pub(super) before: u32,
    /// When it is asked, or was.
    pub(super) at: Timestamp,
    /// The job that asks it.
    pub(super) job: JobId,
}

/// What a gateway is asked about an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    /// What has become of it.
    LookUp,
    /// To take it back.
    Abandon,
}

/// Asks about an attempt now, and begins a chain with that.
pub(super) fn ask_at_once(
    work: &mut Work,
    attempt: &mut Attempt,
    question: Question,
) -> Result<JobId, StoreError> {
    let now = work.now();
    ask(work, attempt, question, now, 0)
}

/// Goes on with the chain if its newest question is through, or begins one after a pause.
pub(super) fn ask_later(
    work: &mut Work,
    attempt: &mut Attempt,
    question: Question,
    pace: Pace,
) -> Result<(), StoreError> {
    let now = work.now();
    let (at, before) = match &attempt.asked {
        None => (now.after(pace.pauses()[0]), 0),
        Some(newest) if newest.at > now => return Ok(()),
        Some(newest) => newest.next(now, pace.pauses()),
    };
    if pace == Pace::AtGateway && before >= QUESTIONS_AT_GATEWAY_MAX {
        return Ok(());
    }
    ask(work, attempt, question, at, before).map(drop)
}

/// Ends a chain: its newest question is not asked any more, unless somebody has begun to.
pub(super) fn ask_no_more(work: &mut Work, attempt: &mut Attempt) -> Result<(), StoreError> {
    if let Some(newest) = attempt.asked.take() {
        jobs::withdraw_untouched(work, &newest.job)?;
    }
    Ok(())
}

/// Takes a refund to its gateway again, unless that waits already.
pub(super) fn refund_later(work: &mut Work, refund: &mut Refund) -> Result<(), StoreError> {
    let now = work.now();
    if refund.asked.at > now {
        return Ok(());
    }
    let (at, before) = refund.asked.next(now, &PAUSES);
    let job = RefundJob {
        refund: refund.id.clone(),
    };
    let key = format!("refund:{}:{at}", refund.id);
    let job = jobs::schedule_for(work, &refund.gateway, JOB_REFUND, &job, at, Some(&key))?.id;
    refund.asked = Asked { before, at, job };
    Ok(())
}

fn ask(
    work: &mut Work,
    attempt: &mut Attempt,
    question: Question,
    at: Timestamp,
    before: u32,
) -> Result<JobId, StoreError> {
    let (kind, name) = match question {
        Question::LookUp => (JOB_LOOK_UP, "look-up"),
        Question::Abandon => (JOB_ABANDON, "abandon"),
    };
    let job = AttemptJob {
        attempt: attempt.id.clone(),
        amount: None,
    };
    // Only the newest question is asked: an earlier one to look might have a gateway charge what this one is to take back.
    ask_no_more(work, attempt)?;
    // With the time in it, for the job that asked last still holds its own key while it runs.
    let key = format!("{name}:{}:{at}", attempt.id);
    let job = jobs::schedule_for(work, &attempt.gateway, kind, &job, at, Some(&key))?.id;
    attempt.asked = Some(Asked {
        before,
        at,
        job: job.clone(),
    });
    Ok(job)
}

impl Asked {
    /// When to ask after this one, and how many there were then.
    fn next(&self, now: Timestamp, pauses: &[Duration]) -> (Timestamp, u32) {
        let before = self.before.saturating_add(1);
        let pause = pauses[(before as usize).min(pauses.len() - 1)];
        (now.after(pause), before)
    }
}

impl Pace {
    /// How often this attempt is asked about; nothing where the payer's own steps say how it goes on.
    pub(super) fn of(attempt: &Attempt) -> Option<Pace> {
        match (attempt.state, &attempt.action) {
            // What is sent by instructions comes without the payer, so nobody's return to the page says that it has come.
            (AttemptState::Processing | AttemptState::Unknown, _)
            | (AttemptState::Waiting, Some(Action::Instructions { .. })) => Some(Pace::Steady),
            (AttemptState::Waiting, Some(Action::Redirect { .. })) => Some(Pace::AtGateway),
            _ => None,
        }
    }

    fn pauses(self) -> &'static [Duration] {
        match self {
            Pace::Steady => &PAUSES,
            Pace::AtGateway => &PAUSES_AT_GATEWAY,
        }
    }
}
