//! Sending money back.

use super::{
    EventKind, NewRefund, Payment, PaymentError, Refund, RefundProgress, RefundState, Status, asking, news,
    progress, receive, rows, settle,
};
use crate::check::{self, InvalidField, chars};
use crate::ids::{PaymentId, RefundId};
use crate::money::Amount;
use crate::work::Work;

/// Asks for a refund of a succeeded payment of the work's plugin: posts it, and schedules the job that takes it to the gateway
/// ([`super::JOB_REFUND`]). Safe to repeat with an idempotency key.
///
/// Whether the gateway can refund at all is for the caller to check ([`PaymentError::NotSupported`] is theirs to give).
pub fn refund(work: &mut Work, new: NewRefund) -> Result<Refund, PaymentError> {
    let before = rows::own_payment(work, &new.payment)?;
    check_new(&before, &new)?;
    let tenant = work.tenant().id;
    if let Some(key) = &new.idempotency_key {
        let value = rows::refund_key_value(&before.id, key);
        let first = rows::refunds(tenant).find_unique(&mut work.transaction, rows::KEY, &value)?;
        if let Some(first) = first {
            let same = new.amount.map_or(first.all, |amount| amount == first.amount);
            return if same {
                Ok(first)
            } else {
                Err(PaymentError::KeyReused(first.id))
            };
        }
    }
    let (Status::Succeeded, Some(paid_by)) = (before.status, &before.paid_by) else {
        return Err(PaymentError::WrongStatus(before.status));
    };
    let left = before.left();
    let amount = new.amount.unwrap_or(left);
    if amount.minor > left.minor || amount.minor == 0 {
        return Err(PaymentError::TooMuch(left));
    }
    let attempt_before = rows::attempt(work, tenant, paid_by)?;
    let (mut payment, mut attempt) = (before.clone(), attempt_before.clone());
    let refund = receive::new_refund(work, &payment, &attempt, amount, &new.reason)?;
    let refund = Refund {
        all: new.amount.is_none(),
        sent: settle::send(&mut attempt, amount),
        idempotency_key: new.idempotency_key,
        ..refund
    };
    payment.refunded.minor += amount.minor;
    settle::post_refund(work, &payment, &refund)?;
    receive::insert(work, &refund)?;
    rows::save_attempt(work, &attempt_before, &attempt)?;
    rows::save_payment(work, &before, &mut payment)?;
    Ok(refund)
}

/// Begins again to send back a surplus that its gateway did not: under a new id, for a gateway answers the old one as it did. For
/// the operator, who knows that the gateway has not done it after all. Refused for every other refund, and when repeated: the
/// failed one says which came after it.
pub fn send_surplus_again(
    work: &mut Work,
    payment: &PaymentId,
    failed: &RefundId,
) -> Result<Refund, PaymentError> {
    let tenant = work.tenant().id;
    let before = rows::refund(work, tenant, failed)?;
    if before.payment != *payment {
        return Err(PaymentError::NotFound);
    }
    if !before.is_stuck() {
        let reason = "is no surplus that could not be sent back, or is on its way again";
        return Err(InvalidField::new("refund", reason).into());
    }
    let payment = rows::payment(work, tenant, payment)?;
    let attempt = rows::attempt(work, tenant, &before.attempt)?;
    let again = receive::send_surplus(work, &payment, &attempt, before.amount, &before.reason)?;
    let followed = Refund {
        again: Some(again.id.clone()),
        ..before.clone()
    };
    rows::save_refund(work, &before, &followed)?;
    Ok(again)
}

/// Applies what a gateway says of a refund of the tenant. One that failed is posted back. Never moves anything back, and doing
/// it again changes nothing.
pub fn apply_refund(
    work: &mut Work,
    refund: &RefundId,
    mut progress: RefundProgress,
) -> Result<Refund, PaymentError> {
    let tenant = work.tenant().id;
    let before = rows::refund(work, tenant, refund)?;
    check_progress(&mut progress)?;
    let mut refund = before.clone();
    if progress.gateway_ref.is_some() {
        refund.gateway_ref = progress.gateway_ref;
    }
    match (before.state, progress.state) {
        (RefundState::Pending, RefundState::Pending) => asking::refund_later(work, &mut refund)?,
        (RefundState::Pending, RefundState::Succeeded) => {
            refund.end(RefundState::Succeeded, work);
            arrived(work, &mut refund)?;
        }
        (RefundState::Pending, RefundState::Failed) => {
            refund.end(RefundState::Failed, work);
            refund.failure = progress.failure;
            failed(work, &refund)?;
        }
        (RefundState::Succeeded | RefundState::Failed, _) => {}
    }
    rows::save_refund(work, &before, &refund)?;
    Ok(refund)
}

/// What was in suspense until now has left; other money was posted when it was asked for.
fn arrived(work: &mut Work, refund: &mut Refund) -> Result<(), PaymentError> {
    let tenant = work.tenant().id;
    let before = rows::payment(work, tenant, &refund.payment)?;
    if refund.surplus {
        let attempt_before = rows::attempt(work, tenant, &refund.attempt)?;
        let mut attempt = attempt_before.clone();
        refund.sent = settle::send(&mut attempt, refund.amount);
        settle::post_refund(work, &before, refund)?;
        rows::save_attempt(work, &attempt_before, &attempt)?;
        return Ok(());
    }
    tell(
        work,
        EventKind::Refunded(refund.id.clone()),
        &before,
        before.clone(),
        refund,
    )
}

/// What was posted when it was asked for is posted back; what is in suspense stays there.
fn failed(work: &mut Work, refund: &Refund) -> Result<(), PaymentError> {
    if refund.surplus {
        return Ok(());
    }
    let tenant = work.tenant().id;
    let before = rows::payment(work, tenant, &refund.payment)?;
    let attempt_before = rows::attempt(work, tenant, &refund.attempt)?;
    let (mut payment, mut attempt) = (before.clone(), attempt_before.clone());
    settle::post_failed_refund(work, &payment, refund)?;
    settle::unsend(&mut attempt, refund);
    payment.refunded.minor -= refund.amount.minor;
    rows::save_attempt(work, &attempt_before, &attempt)?;
    tell(
        work,
        EventKind::RefundFailed(refund.id.clone()),
        &before,
        payment,
        refund,
    )
}

/// Announces the end of a refund, which counts as a change of its payment.
fn tell(
    work: &mut Work,
    kind: EventKind,
    before: &Payment,
    mut payment: Payment,
    refund: &Refund,
) -> Result<(), PaymentError> {
    payment.updated_at = work.now();
    rows::save_payment(work, before, &mut payment)?;
    let tenant = work.tenant().id;
    let attempt = rows::attempt(work, tenant, &refund.attempt)?;
    news::announce(work, kind, &payment, Some(&attempt), Some(refund));
    Ok(())
}

fn check_new(payment: &Payment, new: &NewRefund) -> Result<(), InvalidField> {
    if let Some(amount) = new.amount {
        if amount.currency != payment.amount.currency {
            let reason = format!("must be in {}", payment.amount.currency);
            return Err(InvalidField::new("amount", reason));
        }
        if amount.minor <= 0 {
            return Err(InvalidField::new("amount", "must be more than zero"));
        }
    }
    check::length("reason", &new.reason, chars(0, 500))?;
    if let Some(key) = &new.idempotency_key {
        check::text("idempotency-key", key, chars(1, 200))?;
    }
    Ok(())
}

fn check_progress(said: &mut RefundProgress) -> Result<(), InvalidField> {
    progress::check_gateway_ref(said.gateway_ref.as_deref())?;
    match (said.state, &mut said.failure) {
        (RefundState::Failed, None) => Err(InvalidField::new("failure", "is needed with failed")),
        (_, Some(failure)) => progress::clip(failure),
        (_, None) => Ok(()),
    }
}

impl Payment {
    /// What can still be sent back.
    fn left(&self) -> Amount {
        Amount::new(self.received.minor - self.refunded.minor, self.received.currency)
    }
}

impl Refund {
    fn end(&mut self, state: RefundState, work: &Work) {
        self.state = state;
        self.ended_at = Some(work.now());
    }
}
