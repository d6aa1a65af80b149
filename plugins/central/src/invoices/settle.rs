//! What becomes of an invoice once it is open: paid, credited, taken back.

use mooring_sdk::ledger;
use mooring_sdk::payments::{self, PaymentError};

use super::refund::note_credit;
use super::{Invoice, Status, find, save, tell_paid_for};
use crate::accounts::{self, Moves, RECEIVABLE};
use crate::error::Error;
use crate::events::{News, tell};
use crate::policy::Policy;
use crate::subscriptions::{Held, Status as Standing};

/// Nothing is owed for it any more: the subscription goes on. Whoever calls has posted what paid it, and saves the subscription.
pub(crate) fn settle(policy: &Policy, held: &mut Held, id: &str, invoice: &mut Invoice) -> Result<(), Error> {
    invoice.status = Status::Paid;
    invoice.paid_at = Some(policy.now);
    if waits_for(held, id) && held.it.status == Standing::Pending {
        begin_now(policy, held, invoice);
    }
    save(id, invoice)?;
    tell(policy, held, News::InvoicePaid, Some((id, invoice)))?;
    go_on(policy, held, id)?;
    tell_paid_for(policy, held, id, invoice)
}

fn waits_for(held: &Held, id: &str) -> bool {
    held.it.open.as_ref().is_some_and(|open| open.invoice == id)
}

/// The first payment is what it begins with: what that pays for begins now too.
fn begin_now(policy: &Policy, held: &mut Held, invoice: &mut Invoice) {
    held.it.begin_at(policy.now, &policy.calendar);
    if let Some(billed) = &mut held.it.billed {
        billed.from = policy.now;
    }
    (invoice.period_start, invoice.period_end) = (held.it.period_start, held.it.period_end);
}

/// The invoice that the subscription waited for is out of the way.
fn go_on(policy: &Policy, held: &mut Held, id: &str) -> Result<(), Error> {
    if !waits_for(held, id) {
        return Ok(());
    }
    held.it.open = None;
    match held.it.status {
        Standing::PastDue => {
            held.it.status = Standing::Active;
            // Time in which it was off is not billed: the next period begins with what comes now.
            if held.it.period_end < policy.now {
                held.it.end_period_at(policy.now);
            }
            tell(policy, held, News::Active, None)
        }
        Standing::Pending => {
            held.it.status = Standing::Active;
            tell(policy, held, News::Active, None)
        }
        _ => Ok(()),
    }
}

/// Tries to pay an invoice from the customer's credit, where that is enough for all of it.
pub(crate) fn collect(
    policy: &Policy,
    held: &mut Held,
    id: &str,
    invoice: &mut Invoice,
) -> Result<bool, Error> {
    let account = accounts::credit(invoice.user);
    let due = invoice.due();
    if ledger::balance(&account, &invoice.currency)?.minor < due {
        return Ok(false);
    }
    invoice.credit += due;
    Moves::of(&invoice.currency)
        .add(&account, RECEIVABLE, due)?
        .post(&format!("collect:{id}"), &format!("Invoice {id} from credit"))?;
    cancel_payment(invoice)?;
    settle(policy, held, id, invoice)?;
    Ok(true)
}

/// Gives back what was charged for the rest of the current period. What of it is owed still is not asked for any more.
pub(crate) fn credit_unused(policy: &Policy, held: &mut Held, minor: i64, key: &str) -> Result<(), Error> {
    let billed = held.it.billed.as_ref();
    let of = billed.map_or_else(Vec::new, |billed| billed.invoices.clone());
    let owed = give_back(policy, held, minor, key, |invoice, owed| invoice.lowered += owed)?;
    // After the invoice that is open was written: it may be one of them.
    note_credit(&of, minor - owed)
}

/// Gives back what an invoice was paid for a time that does not come: money, also where it pays for what is owed.
pub(crate) fn credit_paid(
    policy: &Policy,
    held: &mut Held,
    id: &str,
    invoice: &Invoice,
) -> Result<(), Error> {
    let minor = invoice.kept();
    give_back(policy, held, minor, &format!("unused:{id}"), |_, _| {})?;
    note_credit(&[id.to_owned()], minor)
}

/// Gives back what was charged for time that is not used: first to what the subscription owes, the rest to the customer's
/// credit. `key` names what it is given for, and `note` writes down what the open invoice got. Gives how much that was.
fn give_back(
    policy: &Policy,
    held: &mut Held,
    minor: i64,
    key: &str,
    note: impl FnOnce(&mut Invoice, i64),
) -> Result<i64, Error> {
    if minor <= 0 {
        return Ok(0);
    }
    let open = match &held.it.open {
        Some(open) => Some((open.invoice.clone(), find(&open.invoice)?)),
        None => None,
    };
    let owed = open.as_ref().map_or(0, |(_, invoice)| invoice.due().min(minor));
    let revenue = accounts::revenue(&policy.calendar.day(policy.now));
    Moves::of(&held.it.plan.rate.currency)
        .add(&revenue, RECEIVABLE, owed)?
        .add(&revenue, &accounts::credit(held.it.user), minor - owed)?
        .post(key, &format!("Unused time of {}", held.it.plan.name))?;
    if let Some((id, mut invoice)) = open {
        // What its page asks for is too much now; the next one asks for what is left.
        cancel_payment(&mut invoice)?;
        invoice.credit += owed;
        note(&mut invoice, owed);
        if invoice.lowered == invoice.amount {
            // Nobody paid any of it: nothing of it is owed, and nothing of it was.
            void_invoice(policy, held, &id, &mut invoice)?;
        } else if invoice.due() == 0 {
            settle(policy, held, &id, &mut invoice)?;
        } else {
            save(&id, &invoice)?;
        }
    }
    Ok(owed)
}

/// Takes an invoice back: what was earned by it is not, and credit that it took is given back.
pub(crate) fn void_invoice(
    policy: &Policy,
    held: &mut Held,
    id: &str,
    invoice: &mut Invoice,
) -> Result<(), Error> {
    let revenue = accounts::revenue(&policy.calendar.day(policy.now));
    let money = invoice.credit - invoice.lowered;
    Moves::of(&invoice.currency)
        .add(&revenue, RECEIVABLE, invoice.due())?
        .add(&revenue, &accounts::credit(invoice.user), money)?
        .post(&format!("void:{id}"), &format!("Invoice {id} taken back"))?;
    cancel_payment(invoice)?;
    held.it.lower(id, invoice.kept());
    invoice.status = Status::Void;
    save(id, invoice)?;
    tell(policy, held, News::InvoiceVoided, Some((id, invoice)))?;
    if held.it.status != Standing::Pending {
        go_on(policy, held, id)?;
    }
    Ok(())
}

/// Ends the payment that an invoice is asked for by, if it still can be. The invoice is to be saved.
pub(crate) fn cancel_payment(invoice: &mut Invoice) -> Result<(), Error> {
    let Some((payment, _)) = invoice.payment.take() else {
        return Ok(());
    };
    match payments::cancel(&payment) {
        // Money that is on its way all the same becomes the customer's credit.
        Ok(_) | Err(PaymentError::WrongStatus(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
