//! Personal merchants: the merchants of users, behind the older routes.
//!
//! What they ask for is paid to the same operator, whose settings they have; but what they earn is not the merchant's, and
//! what is told to the merchant is not theirs to say. The host posts all that a payment of this plugin earns to one account;
//! from there it goes on to an account of the user's, in the transaction in which it arrives.

use std::fmt::Display;

use mooring_sdk::ledger::{self, Entry, NewPosting};
use mooring_sdk::payments::{EventKind, Payment, PaymentEvent};
use mooring_sdk::prelude::*;

use crate::error::Error;

/// Where the host posts what payments of this plugin have earned.
const MERCHANT: &str = "merchant:renovax:balance";

/// What a user's personal merchant has earned.
fn account(user: u64) -> String {
    format!("renovax:personal:{user}")
}

/// Moves what has arrived at a user's personal merchant, or was sent back from there.
pub(crate) fn settle(event: &PaymentEvent, user: u64) -> Result<(), Error> {
    let (payment, account) = (&event.payment, account(user));
    match (&event.kind, &event.refund) {
        (EventKind::Succeeded, _) => transfer(payment, "earned", MERCHANT, &account, &net(payment)),
        (EventKind::Refunded(id), Some(refund)) => transfer(payment, id, &account, MERCHANT, &refund.amount),
        _ => Ok(()),
    }
}

/// What was received, less the fee.
pub(crate) fn net(payment: &Payment) -> Amount {
    Amount {
        minor: payment.received.minor - payment.fee.minor,
        ..payment.received.clone()
    }
}

fn transfer(
    payment: &Payment,
    what: impl Display,
    debit: &str,
    credit: &str,
    amount: &Amount,
) -> Result<(), Error> {
    if amount.minor == 0 {
        return Ok(());
    }
    ledger::post(NewPosting {
        // Events are told again where telling failed; money moves once.
        idempotency_key: format!("renovax:personal:{}:{what}", payment.id),
        description: format!("Payment {}", payment.reference),
        entries: vec![
            Entry::debit(debit, amount.clone()),
            Entry::credit(credit, amount.clone()),
        ],
        metadata: String::new(),
    })?;
    Ok(())
}
