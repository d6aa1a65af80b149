//! How a subscription ends, and how one that ended begins again.

use mooring_sdk::extract::Text;
use mooring_sdk::jobs::{self, NewJob};
use mooring_sdk::prelude::*;
use mooring_sdk::services::{self, ServiceChanges};
use serde::Deserialize;

use super::{Held, Scheduled, Status, begin};
use crate::error::Error;
use crate::events::{News, tell};
use crate::input::{Maybe, given, named};
use crate::invoices;
use crate::policy::Policy;
use crate::{views, webhooks};

/// Of the job that takes back the endpoint of a subscription that has ended.
pub(crate) const JOB_FORGET: &str = "forget-endpoint";

/// By then the receiver has been told of the end, or will not be.
const FORGET_AFTER_MS: u64 = 2 * 86_400_000;

/// `POST subscriptions/{id}/cancel`.
#[derive(Default, Deserialize)]
pub(crate) struct Cancellation {
    #[serde(default, deserialize_with = "given")]
    at_period_end: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    prorate: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    reason: Option<Text<0, 500>>,
}

/// Ends it. What it owes stays owed; what was billed ahead is taken back.
pub(super) fn end(policy: &Policy, held: &mut Held, status: Status) -> Result<(), Error> {
    let news = if status == Status::Expired {
        News::Expired
    } else {
        News::Cancelled
    };
    end_with(policy, held, status, news)
}

fn end_with(policy: &Policy, held: &mut Held, status: Status, news: News) -> Result<(), Error> {
    take_back_ahead(policy, held)?;
    held.it.status = status;
    held.it.ended_at = Some(policy.now);
    held.it.cancelled_at.get_or_insert(policy.now);
    held.it.cancel_at_period_end = false;
    held.it.next_plan = None;
    // What it owes becomes overdue in its time; what nobody is asked for any more is forgotten here.
    if let Some(open) = held.it.open.take()
        && matches!(
            invoices::find(&open.invoice)?.status,
            invoices::Status::Open | invoices::Status::Overdue
        )
    {
        held.it.open = Some(open);
    }
    if held.it.webhook_endpoint.is_some() {
        let job = NewJob::new(JOB_FORGET, &held.id).at(policy.now + FORGET_AFTER_MS);
        jobs::schedule(job.once(format!("forget {}", held.id)))?;
    }
    tell(policy, held, news, None)
}

/// Ends one that waited for its first payment, which did not come, and keeps that.
pub(crate) fn end_of_pending(policy: &Policy, mut held: Held, status: Status) -> Result<(), Error> {
    end_with(policy, &mut held, status, News::Failed)?;
    held.save(policy, &mut Scheduled::default())?;
    Ok(())
}

/// Takes back the endpoint of a subscription that has ended, and not begun again.
pub(crate) fn forget_endpoint(job: &Job) -> Result<(), JobFailure> {
    let id: String = job.read()?;
    forget(&id).map_err(Error::into_failure)
}

fn forget(id: &str) -> Result<(), Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(id)?;
    if !held.it.status.has_ended() {
        return Ok(());
    }
    if let Some(endpoint) = held.it.webhook_endpoint.take() {
        webhooks::forget(&endpoint)?;
        held.save(&policy, &mut Scheduled::default())?;
    }
    Ok(())
}

/// What was billed for a time that does not come: an invoice that is not paid is void, one that is becomes credit.
pub(super) fn take_back_ahead(policy: &Policy, held: &mut Held) -> Result<(), Error> {
    let Some(id) = held.it.ahead.take() else {
        return Ok(());
    };
    held.it.taken_back += 1;
    held.it.ahead_due = None;
    let mut invoice = invoices::find(&id)?;
    if invoice.status.is_owed() {
        return invoices::void_invoice(policy, held, &id, &mut invoice);
    }
    if invoice.status == invoices::Status::Paid {
        return invoices::credit_paid(policy, held, &id, &invoice);
    }
    Ok(())
}

/// `POST subscriptions/{id}/cancel`: at the end of the period unless asked otherwise. One that has ended is a conflict.
pub(crate) fn cancel(Path(id): Path<String>, Maybe(asked): Maybe<Cancellation>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(&id)?;
    not_ended(&held)?;
    held.it.cancel_reason = asked.reason.map(Text::into_string).or(held.it.cancel_reason);
    // One whose period stands still would wait for ever, and does so only where that is asked for.
    let waits = held.it.status == Status::Pending
        || (held.it.status == Status::Paused && asked.at_period_end != Some(true));
    let prorates = asked.prorate.unwrap_or(false);
    // Credit is for time that is not used, so it ends the time now unless that is asked not to be.
    if asked.at_period_end.unwrap_or(!prorates) && !waits {
        if prorates {
            let why = "nothing is unused at the end of the period";
            return Err(Error::invalid("prorate", why));
        }
        if held.it.cancel_at_period_end {
            let why = "The subscription ends with its period already.";
            return Err(Error::conflict("cancelled", why));
        }
        take_back_ahead(&policy, &mut held)?;
        held.it.cancel_at_period_end = true;
        held.it.next_plan = None;
        held.it.cancelled_at = Some(policy.now);
        tell(&policy, &mut held, News::Updated, None)?;
    } else {
        if prorates && held.it.status != Status::Pending && held.it.status != Status::Trialing {
            // A period that is paused stands still.
            let unused = held.it.unused(held.it.paused_at.unwrap_or(policy.now));
            let key = format!("cancel:{}:{}", held.id, held.it.events);
            // An invoice that is out of the way by it does not bring back what is about to end.
            held.it.status = Status::Cancelled;
            invoices::credit_unused(&policy, &mut held, unused, &key)?;
        }
        if held.it.status == Status::Pending
            && let Some(open) = held.it.open.take()
        {
            let mut invoice = invoices::find(&open.invoice)?;
            invoices::void_invoice(&policy, &mut held, &open.invoice, &mut invoice)?;
        }
        end(&policy, &mut held, Status::Cancelled)?;
    }
    let held = held.save(&policy, &mut Scheduled::default())?;
    answer(&held)
}

/// `POST subscriptions/{id}/reactivate`: one that would end goes on; one that has ended begins again, now, with a service of its
/// own. Any other is a conflict.
pub(crate) fn reactivate(Path(id): Path<String>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(&id)?;
    if held.it.was_left_unpaid() {
        let why = "Nobody paid on its page, which is gone: a new subscription is to be made.";
        return Err(Error::conflict("never_paid", why));
    }
    if held.it.status.has_ended() {
        give_up_open(&policy, &mut held)?;
        let before = format!("{id}#{}", held.it.events);
        let changes = ServiceChanges {
            external_ref: Some(before),
            ..ServiceChanges::default()
        };
        services::update(&held.it.service, changes)?;
        held.it.service = begin::service(held.it.user, &held.it.plan, &id)?;
        held.it.trial_end = None;
        held.it.unpaid = true;
        held.it.ended_at = None;
        held.it.paused_at = None;
        // It may begin again in the very millisecond in which it began before.
        held.it.taken_back += 1;
        if let (Some(url), None) = (&held.it.webhook_url, &held.it.webhook_endpoint) {
            held.it.webhook_endpoint = Some(webhooks::of_subscription(&id, url)?);
        }
        held.it.begin_at(policy.now, &policy.calendar);
        begin::begin(&policy, &mut held)?;
    } else if held.it.cancel_at_period_end {
        tell(&policy, &mut held, News::Updated, None)?;
    } else {
        let why = format!("The subscription is {}.", held.it.status.as_str());
        return Err(Error::conflict("not_cancelled", why));
    }
    held.it.cancel_at_period_end = false;
    held.it.cancelled_at = None;
    held.it.cancel_reason = None;
    let held = held.save(&policy, &mut Scheduled::default())?;
    answer(&held)
}

/// What it owed before it begins again stays owed, and is not what it waits for from now on.
fn give_up_open(policy: &Policy, held: &mut Held) -> Result<(), Error> {
    let Some(open) = held.it.open.take() else {
        return Ok(());
    };
    let mut invoice = invoices::find(&open.invoice)?;
    invoice.status = invoices::Status::Failed;
    invoices::save(&open.invoice, &invoice)?;
    tell(
        policy,
        held,
        News::InvoiceGivenUp,
        Some((&open.invoice, &invoice)),
    )
}

pub(super) fn not_ended(held: &Held) -> Result<(), Error> {
    if held.it.status.has_ended() {
        let why = format!("The subscription is {}.", held.it.status.as_str());
        return Err(Error::conflict("subscription_ended", why));
    }
    Ok(())
}

/// `{"success":true,"subscription":{…}}`.
pub(super) fn answer(held: &Held) -> Result<Response, Error> {
    Ok(named(200, "subscription", &views::subscription(held)?))
}
