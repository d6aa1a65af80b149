//! Money of invoices that is sent back, and what of it had become credit before: it is given back once.

use mooring_sdk::{ledger, payments};

use super::{Invoice, find, save};
use crate::accounts::{self, Moves, RECEIVED};
use crate::error::Error;
use crate::policy::Policy;
use crate::subscriptions::{Held, Scheduled};

/// Credit was given for time that these invoices charged: their payments have become it, the newest first, each as far as it
/// brought money. What was paid from credit before is credit again, and no payment's.
pub(super) fn note_credit(of: &[String], minor: i64) -> Result<(), Error> {
    let mut left = minor;
    for id in of.iter().rev() {
        if left <= 0 {
            break;
        }
        let mut invoice = find(id)?;
        let Some((payment, _)) = invoice.payment.clone().filter(|_| invoice.paid_at.is_some()) else {
            continue;
        };
        let noted = invoice.credited.get(&payment).copied().unwrap_or(0);
        // Its own money, for it may have brought more than the invoice asked for.
        let of = payments::get(&payment)?;
        let here = of.received.minor - of.fee.minor - of.refunded.minor;
        let part = (here - noted).clamp(0, left);
        if part > 0 {
            became_credit(&mut invoice, &payment, part);
            save(id, &invoice)?;
            left -= part;
        }
    }
    Ok(())
}

/// So much of a payment is the customer's credit now. The invoice is to be saved.
pub(crate) fn became_credit(invoice: &mut Invoice, payment: &str, minor: i64) {
    *invoice.credited.entry(payment.to_owned()).or_insert(0) += minor;
}

/// Money of a payment of an invoice was sent back. What of it had become credit is taken from there, as far as it is still
/// there; the rest was earned, by this invoice or by whatever the credit was spent on, and is not any more.
pub(crate) fn refunded(
    policy: &Policy,
    id: &str,
    payment: &str,
    refund: &str,
    minor: i64,
) -> Result<(), Error> {
    let mut invoice = find(id)?;
    let account = accounts::credit(invoice.user);
    let became = invoice.credited.get(payment).copied().unwrap_or(0).min(minor);
    let there = ledger::balance(&account, &invoice.currency)?.minor.max(0);
    let from_credit = became.min(there);
    let revenue = accounts::revenue(&policy.calendar.day(policy.now));
    Moves::of(&invoice.currency)
        .add(&account, RECEIVED, from_credit)?
        .add(&revenue, RECEIVED, minor - from_credit)?
        .post(&format!("refund:{refund}"), &format!("Invoice {id} sent back"))?;
    if became > 0 {
        became_credit(&mut invoice, payment, -became);
        invoice.credited.retain(|_, left| *left > 0);
    }
    // What had become credit is of no period any more, or never was.
    let earned = minor - became;
    invoice.refunded += minor;
    invoice.unearned += earned;
    save(id, &invoice)?;
    let mut held = Held::find(&invoice.subscription)?;
    let before = held.it.clone();
    held.it.lower(id, earned);
    if held.it != before {
        held.save(policy, &mut Scheduled::default())?;
    }
    Ok(())
}
