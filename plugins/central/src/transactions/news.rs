//! What has become of a payment, in the transaction in which it happens: the ledger, its invoice, and who is told.

use mooring_sdk::payments::{self, EventKind, Payment, PaymentEvent, Settlement};
use mooring_sdk::prelude::*;
use serde_json::json;

use super::{Status, Terms, file, show};
use crate::accounts::{self, Moves, RECEIVABLE, RECEIVED};
use crate::error::Error;
use crate::events::{News, emit};
use crate::invoices;
use crate::policy::Policy;
use crate::subscriptions::{self, Held, PaidBy, Scheduled};

pub(crate) fn on_event(event: &PaymentEvent) -> Result<(), Error> {
    let policy = Policy::read()?;
    let payment = &event.payment;
    let terms: Terms = payment.read()?;
    // What is told again later is about the payment as it was; it is filed as it is.
    let newest = payments::get(&payment.id)?;
    let attempts = payments::attempts(&payment.id)?;
    file(&newest, attempts.last().map(|attempt| attempt.gateway.clone()))?;
    match &event.kind {
        EventKind::Succeeded => succeeded(&policy, event, &terms)?,
        EventKind::Failed | EventKind::Expired | EventKind::Cancelled => {
            ended(&policy, &event.kind, payment, &terms)?;
        }
        EventKind::Refunded(refund) => sent_back(&policy, event, &terms, refund)?,
        EventKind::AttemptFailed
        | EventKind::Processing
        | EventKind::Authorized
        | EventKind::RefundFailed(_) => {}
    }
    let Some((news, word)) = news(event)? else {
        return Ok(());
    };
    let id = format!("evt_{}_{word}", payment.reference.trim_start_matches("tr_"));
    let data = json!({ "transaction": show(payment)? });
    emit(policy.now, policy.naming, news, &id, &payment.reference, &data)
}

/// What it is called, and what makes it unique among those of the payment. An attempt that failed is no news: another gateway
/// may do, and the attempts are in the answers.
fn news(event: &PaymentEvent) -> Result<Option<(News, String)>, Error> {
    Ok(Some(match &event.kind {
        EventKind::Succeeded if event.payment.settlement == Some(Settlement::Partial) => {
            (News::PaymentPartial, "completed".to_owned())
        }
        EventKind::Succeeded => (News::PaymentCompleted, "completed".to_owned()),
        EventKind::Failed => (News::PaymentFailed, "failed".to_owned()),
        EventKind::Expired => (News::PaymentExpired, "expired".to_owned()),
        EventKind::Cancelled => (News::PaymentCancelled, "cancelled".to_owned()),
        // What is left of it is the receiver's still.
        EventKind::Refunded(refund) if Status::of(&event.payment)? != Status::Refunded => {
            (News::PaymentRefundedInPart, refund.clone())
        }
        EventKind::Refunded(refund) => (News::PaymentRefunded, refund.clone()),
        EventKind::AttemptFailed
        | EventKind::Processing
        | EventKind::Authorized
        | EventKind::RefundFailed(_) => return Ok(None),
    }))
}

/// The money is posted to where it belongs, and its invoice is paid.
fn succeeded(policy: &Policy, event: &PaymentEvent, terms: &Terms) -> Result<(), Error> {
    let payment = &event.payment;
    let net = payment.received.minor - payment.fee.minor;
    let moves = Moves::of(&payment.amount.currency);
    let key = format!("receipt:{}", payment.id);
    let Some(id) = &terms.invoice else {
        let sales = accounts::sales(&policy.calendar.day(policy.now));
        return moves.add(RECEIVED, &sales, net)?.post(&key, &payment.description);
    };
    let mut invoice = invoices::find(id)?;
    let due = if invoice.status.is_owed() {
        invoice.due()
    } else {
        0
    };
    let owed = due.min(net);
    // More than that is the customer's.
    moves
        .add(RECEIVED, RECEIVABLE, owed)?
        .add(RECEIVED, &accounts::credit(invoice.user), net - owed)?
        .post(&key, &format!("Invoice {id} paid"))?;
    if net > owed {
        invoices::became_credit(&mut invoice, &payment.id, net - owed);
    }
    if due == 0 {
        return invoices::save(id, &invoice);
    }
    if invoice.payment.as_ref().is_none_or(|(of, _)| *of != payment.id) {
        // One that was asked for before has paid it; the page of the newer one would ask for it again.
        invoices::cancel_payment(&mut invoice)?;
        invoice.payment = Some((payment.id.clone(), payment.reference.clone()));
    }
    let mut held = Held::find(&invoice.subscription)?;
    if let Some(attempt) = &event.attempt {
        held.it.paid_by = Some(PaidBy {
            gateway: attempt.gateway.clone(),
            reference: attempt.gateway_ref.clone(),
        });
    }
    invoices::settle(policy, &mut held, id, &mut invoice)?;
    held.save(policy, &mut Scheduled::default())?;
    Ok(())
}

/// A payment that ended without money ends the subscription that waited for it to begin.
fn ended(policy: &Policy, kind: &EventKind, payment: &Payment, terms: &Terms) -> Result<(), Error> {
    let Some(id) = &terms.invoice else {
        return Ok(());
    };
    let mut invoice = invoices::find(id)?;
    if invoice.payment.as_ref().is_some_and(|(of, _)| *of == payment.id) {
        invoice.payment = None;
        invoices::save(id, &invoice)?;
    }
    let mut held = Held::find(&invoice.subscription)?;
    let waits = held.it.status == subscriptions::Status::Pending
        && held.it.open.as_ref().is_some_and(|open| open.invoice == *id)
        && invoice.payment.is_none()
        && invoice.status.is_owed();
    // Another payment of the same invoice may have taken its place.
    if !waits {
        return Ok(());
    }
    invoices::void_invoice(policy, &mut held, id, &mut invoice)?;
    let status = if *kind == EventKind::Expired {
        subscriptions::Status::Expired
    } else {
        subscriptions::Status::Cancelled
    };
    subscriptions::end_of_pending(policy, held, status)
}

/// Money was sent back: what it earned is taken back.
fn sent_back(policy: &Policy, event: &PaymentEvent, terms: &Terms, refund: &str) -> Result<(), Error> {
    let Some(sent) = &event.refund else {
        return Err(Problem::Internal(format!("the refund {refund} is told without itself")).into());
    };
    let minor = sent.amount.minor;
    if let Some(id) = &terms.invoice {
        return invoices::refunded(policy, id, &event.payment.id, refund, minor);
    }
    let sales = accounts::sales(&policy.calendar.day(policy.now));
    Moves::of(&sent.amount.currency)
        .add(&sales, RECEIVED, minor)?
        .post(&format!("refund:{refund}"), "Sent back")
}
