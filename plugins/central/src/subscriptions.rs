//! Subscriptions as they are kept: a document each, beside a service of the host.
//!
//! The document holds everything that a renewal needs, so that one list gives a batch of them. What is to happen next, and
//! when, follows from it alone ([`Subscription::next_at`]); the index `due` says in which minute that is.

mod begin;
mod billed;
mod change;
mod end;
mod pause;
mod requests;
mod schedule;
mod turn;

use mooring_sdk::records::{self, RecordError};
use mooring_sdk::services::{self, ServiceError, Suspender};
use mooring_sdk::{context, log};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use begin::{create, hosted_inline};
pub(crate) use change::{change_plan, renew};
pub(crate) use end::{JOB_FORGET, cancel, end_of_pending, forget_endpoint, reactivate};
pub(crate) use pause::{extend_trial, pause, resume};
pub(crate) use requests::{count, events, list, update, view};
pub(crate) use schedule::Scheduled;
pub(crate) use turn::{run_due, run_one};

use crate::calendar::Calendar;
use crate::error::Error;
use crate::ids;
use crate::input::is_default;
use crate::plans::Terms;
use crate::policy::Policy;

pub(crate) const COLLECTION: &str = "subscriptions";
/// Index: of a user.
pub(crate) const BY_USER: &str = "user";
/// Index.
pub(crate) const BY_STATUS: &str = "status";
/// Index: with a plan.
pub(crate) const BY_PLAN: &str = "plan";
/// Index: with something to do in a minute, in one of the shards of [`schedule`].
pub(crate) const BY_DUE: &str = "due";
/// Index: what those that count pay.
pub(crate) const BY_RATE: &str = "rate";
/// Index: begun in a month.
pub(crate) const BY_STARTED: &str = "started";
/// Index: ended in a month.
pub(crate) const BY_ENDED: &str = "ended";

/// Of the job that does what is due.
pub(crate) const JOB_DUE: &str = "due";
/// Of the job that does it for one subscription alone.
pub(crate) const JOB_ONE: &str = "due-one";

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Waits for its first payment, or for its start.
    Pending,
    /// In use, not yet paid for.
    Trialing,
    /// In use.
    Active,
    /// An invoice is overdue.
    PastDue,
    /// Stopped for now.
    Paused,
    /// Over.
    Cancelled,
    /// Over, because nobody paid.
    Expired,
}

impl Status {
    pub(crate) const ALL: [Status; 7] = [
        Status::Pending,
        Status::Trialing,
        Status::Active,
        Status::PastDue,
        Status::Paused,
        Status::Cancelled,
        Status::Expired,
    ];

    /// As answers write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Trialing => "trialing",
            Status::Active => "active",
            Status::PastDue => "past_due",
            Status::Paused => "paused",
            Status::Cancelled => "cancelled",
            Status::Expired => "expired",
        }
    }

    /// Whether it is over.
    pub(crate) fn has_ended(self) -> bool {
        matches!(self, Status::Cancelled | Status::Expired)
    }

    /// Whether it brings money every period.
    fn counts(self) -> bool {
        matches!(self, Status::Active | Status::PastDue)
    }
}

/// An invoice that waits for its payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) invoice: String,
    /// When something happens if it has not been paid.
    pub(crate) next_at: u64,
    /// Steps of dunning taken; 0 until it is overdue.
    pub(crate) steps: u32,
}

/// A subscription. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) user: u64,
    pub(crate) service: String,
    pub(crate) status: Status,
    pub(crate) plan: Terms,
    /// What it changes to at the end of the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_plan: Option<Terms>,
    /// Boundaries of periods are counted from here.
    pub(crate) anchor: u64,
    /// Which boundary ends the current period.
    pub(crate) number: u32,
    pub(crate) period_start: u64,
    pub(crate) period_end: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trial_end: Option<u64>,
    /// Periods billed.
    pub(crate) cycles: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) open: Option<Open>,
    /// The invoice of what comes next, where it was made ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ahead: Option<String>,
    /// When that is due, where that is before what it is for begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ahead_due: Option<u64>,
    /// No period of it has been paid for since it began.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) unpaid: bool,
    /// It was made with a page on which its first payment is made.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) hosted: bool,
    /// What the current period was billed at; in a trial, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) billed: Option<billed::Billed>,
    /// Invoices made ahead that were taken back, and new beginnings: what comes next is charged under a key of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) taken_back: u32,
    #[serde(default)]
    pub(crate) cancel_at_period_end: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancel_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancelled_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paused_at: Option<u64>,
    /// Events told of it; the number of the newest.
    pub(crate) events: u32,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) metadata: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) return_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_url: Option<String>,
    /// The endpoint at the host that it is told to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_endpoint: Option<String>,
    /// Through which gateway it was last paid, and what that calls the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paid_by: Option<PaidBy>,
    /// Index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// Index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<String>,
    /// Index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    /// Index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PaidBy {
    pub(crate) gateway: String,
    pub(crate) reference: Option<String>,
}

/// A subscription in the hands of a run, with its id.
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) it: Subscription,
    /// Milliseconds since the epoch.
    pub(crate) created_at: u64,
    before: Option<Status>,
    /// The rate that its document has.
    kept: Option<String>,
}

impl Subscription {
    /// Made now, with the first period not begun.
    pub(crate) fn new(user: u64, plan: Terms, anchor: u64) -> Subscription {
        Subscription {
            user,
            service: String::new(),
            status: Status::Pending,
            plan,
            next_plan: None,
            anchor,
            number: 0,
            period_start: anchor,
            period_end: anchor,
            trial_end: None,
            cycles: 0,
            open: None,
            ahead: None,
            ahead_due: None,
            unpaid: true,
            hosted: false,
            billed: None,
            taken_back: 0,
            cancel_at_period_end: false,
            cancel_reason: None,
            cancelled_at: None,
            ended_at: None,
            paused_at: None,
            events: 0,
            metadata: Map::new(),
            return_url: None,
            webhook_url: None,
            webhook_endpoint: None,
            paid_by: None,
            due: None,
            rate: None,
            started: None,
            ended: None,
        }
    }

    /// When something is to be done, whatever it is.
    pub(crate) fn next_at(&self) -> Option<u64> {
        let open = self.open.as_ref().map(|open| open.next_at);
        let at = match self.status {
            // One that waits for its first payment is ended by that payment's own time.
            Status::Pending if open.is_some() => None,
            // One that has not begun begins.
            Status::Pending => Some(self.period_start),
            Status::Paused => None,
            Status::Trialing => Some(self.period_end.min(self.trial_end.unwrap_or(self.period_end))),
            Status::Active if open.is_none() => Some(self.period_end),
            // What is not paid for is not renewed, but it ends.
            Status::Active | Status::PastDue if self.cancel_at_period_end => {
                Some(self.period_end.min(open.unwrap_or(u64::MAX)))
            }
            // What is owed stays owed.
            Status::Active | Status::PastDue | Status::Cancelled | Status::Expired => open,
        };
        let at = at.filter(|at| *at < u64::MAX);
        match (at, self.ahead_due) {
            (Some(at), Some(due)) => Some(at.min(due)),
            (at, _) => at,
        }
    }

    /// Whether it was ordered on its page, and nobody paid there.
    pub(crate) fn was_left_unpaid(&self) -> bool {
        self.hosted && self.started.is_none() && self.status.has_ended()
    }

    /// Whether something is to be done by now.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.next_at().is_some_and(|at| at <= now)
    }

    /// Begins the next period where the last one ended.
    pub(crate) fn advance(&mut self, calendar: &Calendar) {
        self.period_start = self.period_end;
        if let Some(next) = self.next_plan.take() {
            let same =
                (next.rate.interval, next.rate.count) == (self.plan.rate.interval, self.plan.rate.count);
            if !same {
                (self.anchor, self.number) = (self.period_end, 0);
            }
            self.plan = next;
        }
        self.number += 1;
        self.period_end = self.boundary(calendar);
    }

    /// Begins a period now that boundaries are counted from.
    pub(crate) fn begin_at(&mut self, at: u64, calendar: &Calendar) {
        (self.anchor, self.number, self.period_start) = (at, 1, at);
        self.period_end = self.boundary(calendar);
    }

    fn boundary(&self, calendar: &Calendar) -> u64 {
        let rate = &self.plan.rate;
        calendar.boundary(self.anchor, rate.interval, rate.count, self.number)
    }

    /// Lets the period end at another time; boundaries are counted from there.
    pub(crate) fn end_period_at(&mut self, at: u64) {
        (self.anchor, self.number, self.period_end) = (at, 0, at);
    }

    /// What of the period is still to come, and how long the whole of it is.
    pub(crate) fn remaining(&self, now: u64) -> (u64, u64) {
        let whole = self.period_end.saturating_sub(self.period_start);
        (self.period_end.saturating_sub(now.max(self.period_start)), whole)
    }
}

impl Held {
    /// One that is not kept yet.
    pub(crate) fn new(id: String, it: Subscription) -> Held {
        Held {
            id,
            it,
            created_at: context::now(),
            before: None,
            kept: None,
        }
    }

    pub(crate) fn of(document: &records::Document) -> Result<Held, Error> {
        let it: Subscription = document.read()?;
        Ok(Held {
            id: document.id.clone(),
            created_at: document.created_at,
            before: Some(it.status),
            kept: it.rate.clone(),
            it,
        })
    }

    /// The subscription of this id.
    pub(crate) fn find(id: &str) -> Result<Held, Error> {
        if ids::bare(id, "sub_").is_none() {
            return Err(Error::NotFound("subscription"));
        }
        match records::get(COLLECTION, id) {
            Ok(document) => Held::of(&document),
            Err(RecordError::NotFound) => Err(Error::NotFound("subscription")),
            Err(error) => Err(error.into()),
        }
    }

    /// The part of its id that is its own.
    pub(crate) fn code(&self) -> &str {
        self.id.strip_prefix("sub_").unwrap_or(&self.id)
    }

    /// Writes it, sees that what comes next will be done, and brings its service to where it stands.
    pub(crate) fn save(mut self, policy: &Policy, scheduled: &mut Scheduled) -> Result<Held, Error> {
        let it = &mut self.it;
        it.due = it.next_at().map(|at| schedule::bucket(at, &self.id));
        it.rate = (it.status.counts() && it.plan.rate.price > 0).then(|| it.plan.rate.key());
        // A checkout that nobody paid never began, so it does not count as lost either.
        if it.started.is_none() && it.status != Status::Pending && !it.status.has_ended() {
            it.started = Some(policy.calendar.month(policy.now));
        }
        it.ended = it
            .ended_at
            .filter(|_| it.started.is_some())
            .map(|at| policy.calendar.month(at));
        if it.rate.is_some() && it.rate != self.kept {
            it.plan.rate.keep()?;
        }
        if let Some(due) = &it.due {
            scheduled.see_to(due, policy.now)?;
        }
        if self.before != Some(it.status) {
            serve(&it.service, it.status)?;
        }
        records::put(COLLECTION, &self.id, it)?;
        (self.before, self.kept) = (Some(self.it.status), self.it.rate.clone());
        Ok(self)
    }
}

/// Brings the service to where the subscription stands. Repeating it changes nothing.
fn serve(service: &str, status: Status) -> Result<(), Error> {
    let done = match status {
        Status::Pending => return Ok(()),
        Status::Trialing | Status::Active => {
            services::activate(service).and_then(|_| services::unsuspend(service, Suspender::System))
        }
        Status::PastDue | Status::Paused => services::suspend(service, Suspender::System),
        Status::Cancelled | Status::Expired => services::terminate(service),
    };
    match done {
        Ok(_) => Ok(()),
        // What the operator has suspended stays so, whoever pays.
        Err(ServiceError::NotYoursToLift(by)) => {
            log::info(&format!("the service {service} stays suspended by {by:?}"));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
