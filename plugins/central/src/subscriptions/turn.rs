//! What is due: starts, trials that end, renewals, invoices that nobody pays.
//!
//! A job does what is due in one minute and shard, a batch in one transaction, and schedules what goes on with the rest. It can
//! be cut off anywhere: what it did is there whole or not at all, and whoever begins again finds in the index what is left.

use mooring_sdk::jobs::{self, NewJob};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue};
use mooring_sdk::{Order, log};
use serde::{Deserialize, Serialize};

use super::{BY_DUE, COLLECTION, Held, JOB_DUE, JOB_ONE, Open, Scheduled, Status, Subscription, begin, end};
use crate::error::Error;
use crate::events::{News, tell};
use crate::invoices::{self, Charge, Credit};
use crate::policy::{DunningEnd, Policy};

/// Done in one transaction: several, since each transaction costs the same wait for the disk, and few enough to leave the limits
/// of a run (host calls, bytes written, time) far away. The store writes a transaction of more than 512 kB, compressed, twice; a
/// renewal with its invoice, posting, events and places in lists is 9 kB without metadata, and may have 12 kB of that.
const BATCH: u32 = 40;

/// Tries of a batch as one. What is wrong with the host is over after a few, what is wrong with a subscription is not.
const TOGETHER: u32 = 3;

/// Things done for one subscription in one transaction.
const STEPS_MAX: u32 = 24;

/// Tries of every job here: some four days.
pub(super) const ATTEMPTS: u32 = 100;

/// The payload of the job.
#[derive(Serialize, Deserialize)]
pub(super) struct Due {
    bucket: String,
    /// 1 for the job that goes on with what the first one left, and so on.
    part: u32,
    /// Of a batch that cannot be done as one: how many of the bucket are still to get a job of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
}

impl Due {
    pub(super) fn first(bucket: &str) -> Due {
        Due {
            bucket: bucket.to_owned(),
            part: 0,
            left: None,
        }
    }
}

/// Does a batch of what is due in a bucket. One that cannot be dealt with would hold up all others of it for ever: after a few
/// tries each gets a job of its own, and that one alone dies.
pub(crate) fn run_due(job: &Job) -> Result<(), JobFailure> {
    let due: Due = job.read()?;
    let done = if due.left.is_some() || job.attempt > TOGETHER {
        do_apart(&due)
    } else {
        do_batch(due)
    };
    done.map_err(Error::into_failure)
}

fn do_batch(due: Due) -> Result<(), Error> {
    let policy = Policy::read()?;
    let filter = || Some(IndexValue::new(BY_DUE, due.bucket.as_str()));
    let found = records::list(COLLECTION, filter(), Page::oldest(BATCH))?;
    // What stays in this bucket is seen to below.
    let mut scheduled = Scheduled::but(&due.bucket);
    for document in &found.items {
        let mut held = Held::of(document)?;
        step(&policy, &mut held)?;
        held.save(&policy, &mut scheduled)?;
    }
    if records::list(COLLECTION, filter(), Page::oldest(1))?.total > 0 {
        let part = due.part.wrapping_add(1);
        let key = format!("part {} {part}", due.bucket);
        let next = Due {
            bucket: due.bucket,
            part,
            left: None,
        };
        jobs::schedule(NewJob::new(JOB_DUE, &next).once(key).attempts(ATTEMPTS))?;
    }
    Ok(())
}

/// Gives each of the first `left` of a bucket a job of its own, from the last of them on: who is done leaves the bucket, and the
/// places of those before it stay.
fn do_apart(due: &Due) -> Result<(), Error> {
    // A setting that cannot be used is wrong for all of them, and they wait for it together.
    Policy::read()?;
    let bucket = due.bucket.as_str();
    let list = |page: Page| records::list(COLLECTION, Some(IndexValue::new(BY_DUE, bucket)), page);
    let left = match due.left {
        Some(left) => left,
        None => list(Page::oldest(1))?.total,
    };
    if left == 0 {
        return Ok(());
    }
    let rest = left.saturating_sub(u64::from(BATCH));
    let page = Page {
        offset: rest,
        limit: (left - rest) as u32,
        order: Order::OldestFirst,
    };
    for document in list(page)?.items {
        let job = NewJob::new(JOB_ONE, &document.id).once(format!("one {}", document.id));
        jobs::schedule(job.attempts(ATTEMPTS))?;
    }
    if rest > 0 {
        let next = Due {
            bucket: bucket.to_owned(),
            part: due.part,
            left: Some(rest),
        };
        let key = format!("apart {bucket} {rest}");
        jobs::schedule(NewJob::new(JOB_DUE, &next).once(key).attempts(ATTEMPTS))?;
    }
    log::error(&format!(
        "a batch of {bucket} cannot be done as one; each of it is done for itself"
    ));
    Ok(())
}

/// Does what is due for one subscription.
pub(crate) fn run_one(job: &Job) -> Result<(), JobFailure> {
    let id: String = job.read()?;
    do_one(&id).map_err(Error::into_failure)
}

fn do_one(id: &str) -> Result<(), Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(id)?;
    // Done meanwhile, by a change or by the batch that could be done after all.
    if !held.it.is_due(policy.now) {
        return Ok(());
    }
    // What was missed is made up for here, so that it is not put back among those of its bucket.
    for _ in 0..STEPS_MAX {
        if !held.it.is_due(policy.now) {
            break;
        }
        step(&policy, &mut held)?;
    }
    held.save(&policy, &mut Scheduled::default())?;
    Ok(())
}

/// Does the one thing that is due. That there is none, though the index says so, is a fault: it would go round for ever.
fn step(policy: &Policy, held: &mut Held) -> Result<(), Error> {
    let standing = |it: &Subscription| {
        let steps = it.open.as_ref().map(|open| open.steps);
        (it.next_at(), it.status, it.period_end, it.cycles, steps)
    };
    let before = standing(&held.it);
    turn(policy, held)?;
    if before.0.is_some() && standing(&held.it) == before {
        let id = &held.id;
        return Err(invoices::broken(format!(
            "nothing is to be done with {id}, which is due"
        )));
    }
    Ok(())
}

/// Does the one thing that is due, if anything is.
fn turn(policy: &Policy, held: &mut Held) -> Result<(), Error> {
    let now = policy.now;
    let it = &held.it;
    if !it.is_due(now) {
        return Ok(());
    }
    if it.ahead_due.is_some_and(|due| due <= now) {
        return dun_ahead(policy, held);
    }
    match it.status {
        Status::Pending => begin::begin(policy, held),
        Status::Trialing => match it.trial_end {
            Some(trial_end) if trial_end > it.period_end => {
                // A period that is over before the trial is.
                held.it.advance(&policy.calendar);
                Ok(())
            }
            Some(_) if it.cancel_at_period_end => end::end(policy, held, Status::Cancelled),
            trial_end => after_trial(policy, held, trial_end.unwrap_or(now)),
        },
        Status::PastDue if it.cancel_at_period_end && it.period_end <= now => {
            end::end(policy, held, Status::Cancelled)
        }
        Status::PastDue | Status::Cancelled | Status::Expired => dun(policy, held),
        Status::Active if it.open.as_ref().is_some_and(|open| open.next_at <= now) => dun(policy, held),
        Status::Active if it.cancel_at_period_end => end::end(policy, held, Status::Cancelled),
        Status::Active => renew(policy, held),
        Status::Paused => Ok(()),
    }
}

/// The trial is over: what is left of the period is billed.
pub(super) fn after_trial(policy: &Policy, held: &mut Held, trial_end: u64) -> Result<(), Error> {
    if held.it.period_end <= trial_end {
        held.it.advance(&policy.calendar);
    }
    held.it.status = Status::Active;
    held.it.cycles += 1;
    let charge = Charge::after_trial(&held.it, trial_end);
    bill(policy, held, &charge)?;
    tell(policy, held, News::Active, None)
}

/// The period is over: the next one begins, and is billed.
fn renew(policy: &Policy, held: &mut Held) -> Result<(), Error> {
    held.it.advance(&policy.calendar);
    held.it.cycles += 1;
    let charge = Charge::period(&held.it);
    let is_ahead = bill(policy, held, &charge)?;
    if is_ahead {
        // No invoice tells of it.
        tell(policy, held, News::Updated, None)?;
    }
    Ok(())
}

/// Opens the invoice, or takes the one that was made ahead. Whether it was.
fn bill(policy: &Policy, held: &mut Held, charge: &Charge) -> Result<bool, Error> {
    if take_ahead(policy, held, charge)? {
        return Ok(true);
    }
    let (id, invoice) = invoices::open(policy, held, charge, Credit::Used)?;
    held.it.bill_by(charge, &id);
    invoices::tell_opened(policy, held, News::InvoiceCreated, &id, &invoice)?;
    Ok(false)
}

/// Takes the invoice that was made ahead of this charge, if one was. While it is owed it is waited for, like any other.
pub(super) fn take_ahead(policy: &Policy, held: &mut Held, charge: &Charge) -> Result<bool, Error> {
    let Some(id) = held.it.ahead.take() else {
        return Ok(false);
    };
    held.it.ahead_due = None;
    let invoice = invoices::find(&id)?;
    // Void, it bills nothing; sent back in part, the rest.
    held.it.bill(invoice.kept(), charge.period_start);
    held.it.add_invoice(&id);
    if invoice.status == invoices::Status::Paid {
        invoices::tell_paid_for(policy, held, &id, &invoice)?;
    } else if invoice.status.is_owed() {
        held.it.open = Some(Open {
            next_at: invoice.due_date.max(policy.now),
            invoice: id,
            steps: 0,
        });
    }
    Ok(true)
}

/// What was made ahead is due before what it is for begins. The subscription waits for it only from then on.
fn dun_ahead(policy: &Policy, held: &mut Held) -> Result<(), Error> {
    held.it.ahead_due = None;
    let Some(id) = held.it.ahead.clone() else {
        return Ok(());
    };
    let mut invoice = invoices::find(&id)?;
    if invoice.status != invoices::Status::Open || invoices::collect(policy, held, &id, &mut invoice)? {
        return Ok(());
    }
    invoice.status = invoices::Status::Overdue;
    invoices::save(&id, &invoice)?;
    tell(policy, held, News::InvoiceOverdue, Some((&id, &invoice)))
}

/// An invoice is overdue, or still is: it is tried again from the customer's credit, and given up after the last day for that.
fn dun(policy: &Policy, held: &mut Held) -> Result<(), Error> {
    let Some(open) = held.it.open.clone() else {
        return Err(invoices::broken(format!(
            "{} is to be asked for no invoice",
            held.id
        )));
    };
    let mut invoice = invoices::find(&open.invoice)?;
    if invoices::collect(policy, held, &open.invoice, &mut invoice)? {
        return Ok(());
    }
    let next = policy.dunning_days.get(open.steps as usize);
    let next_at = next.map(|days| policy.calendar.days_after(invoice.due_date, *days));
    let Some(next_at) = next_at else {
        return give_up(policy, held, &open, &mut invoice);
    };
    let news = if invoice.status == invoices::Status::Open {
        News::InvoiceOverdue
    } else {
        News::InvoiceFailed
    };
    if open.steps == 0 {
        invoice.status = invoices::Status::Overdue;
        invoices::save(&open.invoice, &invoice)?;
        // One that has ended owes what it owes, and stays ended.
        if !held.it.status.has_ended() {
            held.it.status = Status::PastDue;
        }
    }
    held.it.open = Some(Open {
        // After a standstill of the host the days are still apart.
        next_at: next_at.max(policy.now + 1),
        steps: open.steps + 1,
        invoice: open.invoice.clone(),
    });
    tell(policy, held, news, Some((&open.invoice, &invoice)))
}

fn give_up(
    policy: &Policy,
    held: &mut Held,
    open: &Open,
    invoice: &mut invoices::Invoice,
) -> Result<(), Error> {
    invoice.status = invoices::Status::Failed;
    invoices::save(&open.invoice, invoice)?;
    tell(policy, held, News::InvoiceGivenUp, Some((&open.invoice, invoice)))?;
    log::info(&format!("{} was given up on {}", held.id, open.invoice));
    if held.it.status.has_ended() {
        held.it.open = None;
        return Ok(());
    }
    match policy.dunning_end {
        DunningEnd::Cancelled => end::end(policy, held, Status::Cancelled),
        DunningEnd::Expired => end::end(policy, held, Status::Expired),
        DunningEnd::PastDue => {
            held.it.status = Status::PastDue;
            held.it.open = Some(Open {
                next_at: u64::MAX,
                ..open.clone()
            });
            Ok(())
        }
    }
}
