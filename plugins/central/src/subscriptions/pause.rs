//! Standing still: pauses, and trials that take longer.

use mooring_sdk::extract::WholeNumber;
use mooring_sdk::prelude::*;
use serde::Deserialize;

use super::end::answer;
use super::{Held, Scheduled, Status};
use crate::error::Error;
use crate::events::{News, tell};
use crate::plans;
use crate::policy::Policy;

/// `POST subscriptions/{id}/extend-trial`.
#[derive(Deserialize)]
pub(crate) struct Extension {
    days: WholeNumber,
}

fn conflict<T>(held: &Held, code: &'static str) -> Result<T, Error> {
    let why = format!("The subscription is {}.", held.it.status.as_str());
    Err(Error::conflict(code, why))
}

/// `POST subscriptions/{id}/pause`: an active or trialing one stands still; its period, and its trial, will last as much longer.
pub(crate) fn pause(Path(id): Path<String>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(&id)?;
    if !matches!(held.it.status, Status::Active | Status::Trialing) {
        return conflict(&held, "not_active");
    }
    if held.it.open.is_some() {
        return Err(Error::conflict(
            "invoice_open",
            "An invoice is open: it is to be paid or void first.",
        ));
    }
    held.it.status = Status::Paused;
    held.it.paused_at = Some(policy.now);
    tell(&policy, &mut held, News::Updated, None)?;
    answer(&held.save(&policy, &mut Scheduled::default())?)
}

/// `POST subscriptions/{id}/resume`: a paused one goes on where it stood still.
pub(crate) fn resume(Path(id): Path<String>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(&id)?;
    let Some(paused_at) = held.it.paused_at.filter(|_| held.it.status == Status::Paused) else {
        return conflict(&held, "not_paused");
    };
    let stood = policy.now.saturating_sub(paused_at);
    // All of the period moves, so that the time counts nowhere; one that was over by then ends at once.
    let later = |at: u64| at.saturating_add(stood);
    held.it.end_period_at(later(held.it.period_end));
    held.it.period_start = later(held.it.period_start);
    if let Some(billed) = &mut held.it.billed {
        billed.from = later(billed.from);
    }
    // A trial has billed nothing, even where its end was not seen to before it stood still.
    let in_trial = held.it.trial_end.filter(|_| held.it.cycles == 0);
    held.it.trial_end = in_trial.map(later).or(held.it.trial_end);
    held.it.status = if in_trial.is_some() {
        Status::Trialing
    } else {
        Status::Active
    };
    held.it.paused_at = None;
    tell(&policy, &mut held, News::Updated, None)?;
    answer(&held.save(&policy, &mut Scheduled::default())?)
}

/// `POST subscriptions/{id}/extend-trial`: so many days more. Not safe to repeat.
pub(crate) fn extend_trial(Path(id): Path<String>, Json(asked): Json<Extension>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let days = plans::trial_days("days", asked.days)?;
    if days == 0 {
        return Err(Error::invalid("days", "must be 1 or more"));
    }
    let mut held = Held::find(&id)?;
    let trial_end = held.it.trial_end.filter(|_| held.it.status == Status::Trialing);
    let Some(trial_end) = trial_end else {
        return conflict(&held, "not_trialing");
    };
    let later = policy.calendar.days_after(trial_end, days);
    if later
        > policy
            .calendar
            .days_after(policy.now.max(held.it.period_start), plans::TRIAL_DAYS_MAX)
    {
        let why = format!("the trial would end in more than {} days", plans::TRIAL_DAYS_MAX);
        return Err(Error::invalid("days", why));
    }
    // What was billed for the time after it is for another time now.
    super::end::take_back_ahead(&policy, &mut held)?;
    held.it.trial_end = Some(later);
    tell(&policy, &mut held, News::Updated, None)?;
    answer(&held.save(&policy, &mut Scheduled::default())?)
}
