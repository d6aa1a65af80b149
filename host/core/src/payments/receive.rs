//! Money has arrived: for a payment that waits for it, or for nobody.

use super::asking::Asked;
use super::{
    Attempt, Failure, JOB_REFUND, Payment, PaymentError, Refund, RefundJob, RefundState, Status, rows, settle,
};
use crate::ids::RefundId;
use crate::jobs;
use crate::layout;
use crate::money::Amount;
use crate::work::Work;

/// Settles an open payment with what an attempt has brought. `chosen`: the merchant took so much of what was authorized.
pub(super) fn settle(
    work: &mut Work,
    payment: &mut Payment,
    attempt: &mut Attempt,
    (received, credited): (Amount, Amount),
    chosen: bool,
) -> Result<(), PaymentError> {
    let Some(settlement) = settle::settlement(payment.due, credited, payment.tolerance, chosen) else {
        payment.status = Status::Failed;
        payment.failure = Some(Failure {
            code: String::from("underpaid"),
            message: format!("{credited} of {} arrived", payment.due),
        });
        return send_back(work, payment, attempt, (received, credited), received);
    };
    payment.status = Status::Succeeded;
    payment.settlement = Some(settlement);
    payment.failure = None;
    payment.received = credited;
    payment.fee = settle::fee_within(credited, payment.fee_rule);
    payment.paid_at = Some(work.now());
    payment.paid_by = Some(attempt.id.clone());
    settle::post_receipt(work, payment, attempt, received, credited)
}

/// Puts money that nobody asked for into suspense and sends it back. `total`: all that the attempt has brought, with it.
pub(super) fn send_back(
    work: &mut Work,
    payment: &Payment,
    attempt: &Attempt,
    (received, credited): (Amount, Amount),
    total: Amount,
) -> Result<(), PaymentError> {
    settle::post_surplus(work, payment, attempt, (received, credited), total)?;
    let reason = "Nobody asked for this money (any more)";
    send_surplus(work, payment, attempt, credited, reason).map(drop)
}

/// Has a surplus, which is in suspense, taken back to its gateway.
pub(super) fn send_surplus(
    work: &mut Work,
    payment: &Payment,
    attempt: &Attempt,
    amount: Amount,
    reason: &str,
) -> Result<Refund, PaymentError> {
    let refund = Refund {
        surplus: true,
        ..new_refund(work, payment, attempt, amount, reason)?
    };
    insert(work, &refund)?;
    Ok(refund)
}

/// A refund, and the job that takes it to its gateway; the caller completes and inserts it.
pub(super) fn new_refund(
    work: &mut Work,
    payment: &Payment,
    attempt: &Attempt,
    amount: Amount,
    reason: &str,
) -> Result<Refund, PaymentError> {
    let now = work.now();
    let id = RefundId::draw(&mut work.rng, now);
    let job = RefundJob { refund: id.clone() };
    let job = jobs::schedule_for(work, &attempt.gateway, JOB_REFUND, &job, now, None)?.id;
    Ok(Refund {
        id,
        payment: payment.id.clone(),
        attempt: attempt.id.clone(),
        gateway: attempt.gateway.clone(),
        amount,
        reason: reason.to_owned(),
        idempotency_key: None,
        state: RefundState::Pending,
        gateway_ref: None,
        failure: None,
        surplus: false,
        again: None,
        job: job.clone(),
        created_at: now,
        ended_at: None,
        all: false,
        sent: None,
        asked: Asked {
            before: 0,
            at: now,
            job,
        },
        ordinal: rows::next_ordinal(work, layout::PAYMENT_REFUNDS)?,
    })
}

pub(super) fn insert(work: &mut Work, refund: &Refund) -> Result<(), PaymentError> {
    rows::refunds(work.tenant().id)
        .insert(&mut work.transaction, refund)
        .map_err(layout::checked_before)?;
    Ok(())
}
