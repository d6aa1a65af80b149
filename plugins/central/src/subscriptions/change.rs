//! Another plan, or the same one from now on.

use mooring_sdk::extract::Text;
use mooring_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use super::end::{not_ended, take_back_ahead};
use super::{Held, Scheduled, Status};
use crate::error::Error;
use crate::events::{News, tell};
use crate::input::{amount, given};
use crate::invoices::{self, Charge, Credit, Shown};
use crate::plans::{self, Terms};
use crate::policy::Policy;
use crate::proration::Proration;
use crate::views;

/// `POST subscriptions/{id}/change-plan`.
#[derive(Deserialize)]
pub(crate) struct Change {
    plan_id: Text<1, 64>,
    #[serde(default, deserialize_with = "given")]
    prorate: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    effective: Option<Effective>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Effective {
    #[default]
    Now,
    PeriodEnd,
}

#[derive(Serialize)]
struct Changed<'h> {
    success: bool,
    subscription: views::Subscription<'h>,
    proration: ShownProration,
    invoice: Option<Shown>,
}

#[derive(Serialize)]
struct ShownProration {
    effective: Effective,
    credit: String,
    charge: String,
    amount: String,
    currency: String,
}

/// `POST subscriptions/{id}/change-plan`. Not safe to repeat where it takes effect now: time has gone on.
pub(crate) fn change_plan(Path(id): Path<String>, Json(asked): Json<Change>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let held = Held::find(&id)?;
    not_ended(&held)?;
    let (_, plan) = plans::on_sale(&asked.plan_id)?;
    if plan.rate.currency != held.it.plan.rate.currency {
        let why = format!("must be a plan in {}", held.it.plan.rate.currency);
        return Err(Error::invalid("plan_id", why));
    }
    if plan == held.it.plan && held.it.next_plan.is_none() {
        return Err(Error::conflict("same_plan", "The subscription has this plan."));
    }
    if held.it.status == Status::Pending {
        return Err(Error::conflict("not_active", "The subscription is pending."));
    }
    if held.it.status == Status::Paused {
        return Err(Error::conflict("not_active", "The subscription is paused."));
    }
    let effective = asked.effective.unwrap_or_default();
    if effective == Effective::PeriodEnd {
        return at_period_end(&policy, held, plan);
    }
    now(
        &policy,
        held,
        plan,
        asked.prorate.unwrap_or(true),
        News::PlanChanged,
    )
}

/// `POST subscriptions/{id}/renew`: the next period begins now, and what is left of this one is credited. Not safe to repeat.
pub(crate) fn renew(Path(id): Path<String>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(&id)?;
    if held.it.status != Status::Active {
        let why = format!("The subscription is {}.", held.it.status.as_str());
        return Err(Error::conflict("not_active", why));
    }
    if held.it.cancel_at_period_end {
        return Err(ends_with_its_period());
    }
    let plan = held.it.next_plan.take().unwrap_or_else(|| held.it.plan.clone());
    from_now(&policy, held, plan, News::Updated)
}

fn ends_with_its_period() -> Error {
    Error::conflict("cancelled", "The subscription ends with its period.")
}

fn at_period_end(policy: &Policy, mut held: Held, plan: Terms) -> Result<Response, Error> {
    if held.it.cancel_at_period_end {
        return Err(ends_with_its_period());
    }
    take_back_ahead(policy, &mut held)?;
    held.it.next_plan = Some(plan).filter(|plan| *plan != held.it.plan);
    tell(policy, &mut held, News::PlanChanged, None)?;
    let held = held.save(policy, &mut Scheduled::default())?;
    answer(&held, Effective::PeriodEnd, Proration::default(), None)
}

fn now(policy: &Policy, mut held: Held, plan: Terms, prorate: bool, news: News) -> Result<Response, Error> {
    let (old, new) = (&held.it.plan.rate, &plan.rate);
    let same_interval = (old.interval, old.count) == (new.interval, new.count);
    let in_trial = held.it.status == Status::Trialing;
    let prorate = prorate && !in_trial;
    if prorate && !held.it.is_period_of(new.interval, new.count) {
        return from_now(policy, held, plan, news);
    }
    let proration = if prorate {
        let (part, whole) = held.it.remaining(policy.now);
        Proration::within(held.it.unused(policy.now), new.price, part, whole)
    } else {
        Proration::default()
    };
    let before = std::mem::replace(&mut held.it.plan, plan).name;
    held.it.next_plan = None;
    if prorate {
        held.it.rebill(proration.charge, policy.now);
    }
    if !same_interval && in_trial {
        // Nothing was billed yet: the period is the new plan's from its start.
        let start = held.it.period_start;
        held.it.begin_at(start, &policy.calendar);
    } else if !same_interval {
        // What was billed lasts as long as it was billed for.
        held.it.end_period_at(held.it.period_end);
    }
    finish(policy, held, &before, proration, news)
}

/// A period of the plan begins now: all of it is charged, and what is left of the old one credited.
fn from_now(policy: &Policy, mut held: Held, plan: Terms, news: News) -> Result<Response, Error> {
    // It is for the next period, which does not come: its own credit comes with it.
    take_back_ahead(policy, &mut held)?;
    let proration = Proration {
        credit: held.it.unused(policy.now),
        charge: plan.rate.price,
    };
    let before = std::mem::replace(&mut held.it.plan, plan).name;
    held.it.next_plan = None;
    held.it.cycles += 1;
    held.it.begin_at(policy.now, &policy.calendar);
    held.it.rebill(proration.charge, policy.now);
    finish(policy, held, &before, proration, news)
}

/// What the change comes to is billed where it is owed, and credited where it is not.
fn finish(
    policy: &Policy,
    mut held: Held,
    before: &str,
    proration: Proration,
    news: News,
) -> Result<Response, Error> {
    take_back_ahead(policy, &mut held)?;
    let net = proration.net();
    let mut opened = None;
    if net > 0 {
        if held.it.open.is_some() {
            let why = "An invoice is open: it is to be paid or void before more is charged.";
            return Err(Error::conflict("invoice_open", why));
        }
        let charge = Charge::change(before, &held.it, proration, policy.now);
        let (id, invoice) = invoices::open(policy, &mut held, &charge, Credit::Used)?;
        held.it.add_invoice(&id);
        invoices::tell_opened(policy, &mut held, News::InvoiceCreated, &id, &invoice)?;
        opened = Some(invoice.shown(Some(&id))?);
    } else if net < 0 {
        let key = format!("change:{}:{}", held.id, held.it.events);
        invoices::credit_unused(policy, &mut held, -net, &key)?;
    }
    tell(policy, &mut held, news, None)?;
    let held = held.save(policy, &mut Scheduled::default())?;
    answer(&held, Effective::Now, proration, opened)
}

fn answer(
    held: &Held,
    effective: Effective,
    proration: Proration,
    invoice: Option<Shown>,
) -> Result<Response, Error> {
    let currency = &held.it.plan.rate.currency;
    let money = |minor: i64| Ok::<String, Error>(amount(minor, currency)?.to_string());
    let changed = Changed {
        success: true,
        subscription: views::subscription(held)?,
        proration: ShownProration {
            effective,
            credit: money(proration.credit)?,
            charge: money(proration.charge)?,
            amount: money(proration.net())?,
            currency: currency.clone(),
        },
        invoice,
    };
    Ok(Response::json(200, &changed))
}
