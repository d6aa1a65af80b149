//! Making an invoice.

use std::collections::BTreeMap;

use mooring_sdk::{ledger, records};

use super::{COLLECTION, Charge, Invoice, Status};
use crate::accounts::{self, Moves, RECEIVABLE};
use crate::error::Error;
use crate::policy::Policy;
use crate::subscriptions::{Held, Open};

/// Whether an invoice takes what the customer has in credit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credit {
    /// As much as there is.
    Used,
    /// It is to be paid on a page, all of it.
    Kept,
}

/// Opens an invoice of the subscription that is due by the operator's setting, and in any case when what it is about is over. What
/// is over by now has the same days as anything else: nobody could have paid it before.
pub(crate) fn open(
    policy: &Policy,
    held: &mut Held,
    charge: &Charge,
    credit: Credit,
) -> Result<(String, Invoice), Error> {
    let due = policy.calendar.days_after(policy.now, policy.due_days);
    let due = if charge.period_end > policy.now {
        due.min(charge.period_end)
    } else {
        due
    };
    let (id, invoice) = open_with(policy, held, charge, due, credit)?;
    if invoice.status == Status::Open {
        held.it.open = Some(Open {
            invoice: id.clone(),
            next_at: invoice.due_date,
            steps: 0,
        });
    }
    Ok((id, invoice))
}

/// Opens an invoice: what is charged is earned, and the customer's credit pays of it what it can. The amount is zero or more.
/// A charge that there is an invoice for already is refused, by the document and by the ledger.
pub(crate) fn open_with(
    policy: &Policy,
    held: &Held,
    charge: &Charge,
    due_date: u64,
    from: Credit,
) -> Result<(String, Invoice), Error> {
    let key = charge.key(held);
    let id = format!("inv_{}", charge.code(&key));
    let (user, rate) = (held.it.user, &held.it.plan.rate);
    let amount = charge.amount();
    let credit_account = accounts::credit(user);
    let credit = if amount > 0 && from == Credit::Used {
        ledger::balance(&credit_account, &rate.currency)?
            .minor
            .clamp(0, amount)
    } else {
        0
    };
    let paid = credit == amount;
    let invoice = Invoice {
        subscription: held.id.clone(),
        user,
        status: if paid { Status::Paid } else { Status::Open },
        currency: rate.currency.clone(),
        amount,
        credit,
        lowered: 0,
        refunded: 0,
        unearned: 0,
        credited: BTreeMap::new(),
        lines: charge.lines.clone(),
        cycle: charge.cycle,
        begins: charge.begins,
        due_date,
        period_start: charge.period_start,
        period_end: charge.period_end,
        created_at: policy.now,
        paid_at: paid.then_some(policy.now),
        sent_at: None,
        payment: None,
    };
    let revenue = accounts::revenue(&policy.calendar.day(policy.now));
    Moves::of(&rate.currency)
        .add(RECEIVABLE, &revenue, amount)?
        .add(&credit_account, RECEIVABLE, credit)?
        .post(
            &key,
            charge.lines.first().map_or("", |line| line.description.as_str()),
        )?;
    records::create(COLLECTION, &id, &invoice)?;
    Ok((id, invoice))
}
