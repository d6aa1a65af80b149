//! Ending a payment, and taking or releasing what is reserved.

use std::time::Duration;

use super::asking::{self, Pace, Question};
use super::{
    Attempt, AttemptJob, AttemptState, CaptureMode, EventKind, Failure, JOB_CAPTURE, JOB_EXPIRE, Payment,
    PaymentError, PaymentJob, Status, attempts, news, progress, rows,
};
use crate::check::InvalidField;
use crate::ids::{AttemptId, JobId, PaymentId};
use crate::jobs;
use crate::money::Amount;
use crate::work::Work;

/// How long a payment whose time is over waits for its gateway to say whether it was paid in time.
const LAST_WORD: Duration = Duration::from_mins(15);

/// Ends an open payment of the work's plugin; an attempt under way is abandoned in a job ([`super::JOB_ABANDON`]). Already
/// cancelled: no change.
pub fn cancel(work: &mut Work, id: &PaymentId) -> Result<Payment, PaymentError> {
    let payment = rows::own_payment(work, id)?;
    match payment.status {
        Status::Cancelled => Ok(payment),
        status if status.is_final() => Err(PaymentError::WrongStatus(status)),
        _ => end(work, payment, Status::Cancelled, None),
    }
}

/// As [`cancel`], with a reason. Already failed: no change.
pub fn fail(work: &mut Work, id: &PaymentId, mut reason: Failure) -> Result<Payment, PaymentError> {
    let payment = rows::own_payment(work, id)?;
    check_reason(&mut reason)?;
    match payment.status {
        Status::Failed => Ok(payment),
        status if status.is_final() => Err(PaymentError::WrongStatus(status)),
        _ => end(work, payment, Status::Failed, Some(reason)),
    }
}

/// Ends a payment of the tenant whose time is over; one that is final stays as it is. So does one whose money is under way
/// (`processing`, `authorized`): it expires once its attempt has ended without money, in the work in which that becomes known.
pub fn expire(work: &mut Work, id: &PaymentId) -> Result<Payment, PaymentError> {
    let tenant = work.tenant().id;
    let payment = rows::payment(work, tenant, id)?;
    match payment.status {
        Status::Pending => end(work, payment, Status::Expired, None),
        _ => Ok(payment),
    }
}

/// Ends a payment of the tenant whose time is over, as [`expire`] does, but not while somebody may have paid of whom we have not
/// heard: where the payer is at a gateway, that one is asked first. Its answer settles the payment, or ends it; if none comes in
/// time, the job that this schedules does.
pub fn come_due(work: &mut Work, job: &PaymentJob) -> Result<Payment, PaymentError> {
    let tenant = work.tenant().id;
    let payment = rows::payment(work, tenant, &job.payment)?;
    let (Status::Pending, Some(open), false) = (payment.status, &payment.open, job.asked) else {
        return expire(work, &job.payment);
    };
    let before = rows::attempt(work, tenant, open)?;
    if Pace::of(&before).is_none() {
        return expire(work, &job.payment);
    }
    let mut attempt = before.clone();
    if !attempt.abandoned {
        asking::ask_at_once(work, &mut attempt, Question::LookUp)?;
        rows::save_attempt(work, &before, &attempt)?;
    }
    let at = work.now().after(LAST_WORD);
    let last = PaymentJob {
        asked: true,
        ..job.clone()
    };
    jobs::schedule_for(work, &payment.plugin, JOB_EXPIRE, &last, at, None)?;
    Ok(payment)
}

/// Takes what is authorized, or a part of it, in a job, whose id is given. Repeating it gives the same job while it waits.
pub fn capture(work: &mut Work, id: &PaymentId, amount: Option<Amount>) -> Result<JobId, PaymentError> {
    let payment = rows::own_payment(work, id)?;
    check_amount(&payment, amount)?;
    let before = authorized(work, &payment)?;
    if before.abandoned {
        return Err(PaymentError::WrongStatus(Status::Cancelled));
    }
    let all = before.credited.unwrap_or(payment.due);
    let amount = amount.unwrap_or(all);
    if amount.minor > all.minor {
        return Err(PaymentError::TooMuch(all));
    }
    let (mut attempt, mut after) = (before.clone(), payment.clone());
    let job = schedule_capture(work, &mut attempt, amount)?;
    // Of an earlier capture that was refused.
    after.failure = None;
    rows::save_attempt(work, &before, &attempt)?;
    rows::save_payment(work, &payment, &mut after)?;
    Ok(job)
}

/// Releases what is authorized, in a job, whose id is given; the payment is cancelled once the gateway has done so. Repeating
/// it gives the same job while it waits.
pub fn void(work: &mut Work, id: &PaymentId) -> Result<JobId, PaymentError> {
    let before = rows::own_payment(work, id)?;
    let attempt_before = authorized(work, &before)?;
    let (mut payment, mut attempt) = (before.clone(), attempt_before.clone());
    attempts::withdraw(work, &mut payment, &mut attempt)?;
    rows::save_attempt(work, &attempt_before, &attempt)?;
    let asked = attempt.asked.ok_or(PaymentError::WrongStatus(before.status))?;
    Ok(asked.job)
}

/// The gateway will not take what is authorized: it stays reserved, the reason is told with the payment, and nobody asks for
/// it again until somebody captures anew; where that would be nobody, it is released. An attempt that is not authorized (any more) stays as it is.
pub fn refuse_capture(
    work: &mut Work,
    attempt: &AttemptId,
    mut reason: Failure,
) -> Result<Attempt, PaymentError> {
    let tenant = work.tenant().id;
    let before = rows::attempt(work, tenant, attempt)?;
    check_reason(&mut reason)?;
    if before.state != AttemptState::Authorized {
        return Ok(before);
    }
    let payment_before = rows::payment(work, tenant, &before.payment)?;
    let (mut attempt, mut payment) = (before.clone(), payment_before.clone());
    attempt.capturing = None;
    attempt.failure = Some(reason.clone());
    if !payment.status.is_final() {
        payment.failure = Some(reason);
    }
    if payment.capture == CaptureMode::Automatic {
        // Nobody else captures it: what is reserved is released, and the payer can pay in another way.
        attempts::withdraw(work, &mut payment, &mut attempt)?;
    }
    rows::save_attempt(work, &before, &attempt)?;
    rows::save_payment(work, &payment_before, &mut payment)?;
    Ok(attempt)
}

/// Has the gateway take an amount of what is authorized, unless a job is about to.
pub(super) fn schedule_capture(
    work: &mut Work,
    attempt: &mut Attempt,
    amount: Amount,
) -> Result<JobId, PaymentError> {
    let job = AttemptJob {
        attempt: attempt.id.clone(),
        amount: Some(amount),
    };
    let key = format!("capture:{}", attempt.id);
    let now = work.now();
    let job = jobs::schedule_for(work, &attempt.gateway, JOB_CAPTURE, &job, now, Some(&key))?;
    if !job.repeated {
        attempt.capturing = Some((amount, job.id.clone()));
    }
    Ok(job.id)
}

/// Ends an open payment without money.
fn end(
    work: &mut Work,
    before: Payment,
    status: Status,
    reason: Option<Failure>,
) -> Result<Payment, PaymentError> {
    let tenant = work.tenant().id;
    let mut payment = before.clone();
    let attempt_before = match &before.open {
        Some(open) => Some(rows::attempt(work, tenant, open)?),
        None => None,
    };
    let mut attempt = attempt_before.clone();
    close(work, &mut payment, attempt.as_mut(), status, reason)?;
    if let Some((before, attempt)) = attempt_before.as_ref().zip(attempt.as_ref()) {
        rows::save_attempt(work, before, attempt)?;
    }
    rows::save_payment(work, &before, &mut payment)?;
    Ok(payment)
}

/// Ends an open payment without money, with its open attempt, and announces it; the caller saves both.
pub(super) fn close(
    work: &mut Work,
    payment: &mut Payment,
    mut attempt: Option<&mut Attempt>,
    status: Status,
    reason: Option<Failure>,
) -> Result<(), PaymentError> {
    payment.status = status;
    if reason.is_some() {
        payment.failure = reason;
    }
    if let Some(attempt) = attempt.as_deref_mut() {
        attempts::withdraw(work, payment, attempt)?;
    }
    let kind = match status {
        Status::Failed => EventKind::Failed,
        Status::Expired => EventKind::Expired,
        _ => EventKind::Cancelled,
    };
    news::announce(work, kind, payment, attempt.as_deref(), None);
    Ok(())
}

/// The attempt that has reserved the money of an authorized payment.
fn authorized(work: &mut Work, payment: &Payment) -> Result<Attempt, PaymentError> {
    let tenant = work.tenant().id;
    match (payment.status, &payment.open) {
        (Status::Authorized, Some(open)) => rows::attempt(work, tenant, open),
        (status, _) => Err(PaymentError::WrongStatus(status)),
    }
}

fn check_reason(reason: &mut Failure) -> Result<(), InvalidField> {
    progress::clip(reason)
}

fn check_amount(payment: &Payment, amount: Option<Amount>) -> Result<(), InvalidField> {
    let Some(amount) = amount else { return Ok(()) };
    if amount.currency != payment.due.currency {
        let reason = format!("must be in {}", payment.due.currency);
        return Err(InvalidField::new("amount", reason));
    }
    if amount.minor <= 0 {
        return Err(InvalidField::new("amount", "must be more than zero"));
    }
    Ok(())
}
