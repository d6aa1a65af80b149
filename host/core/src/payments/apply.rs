//! What a gateway says of an attempt, applied.

use super::asking::{self, Pace, Question};
use super::end::{close, schedule_capture};
use super::steps::{Step, status_during, step};
use super::{
    Attempt, AttemptState, CaptureMode, EventKind, Payment, PaymentError, Progress, Status, attempts, news,
    progress, receive, rows,
};
use crate::ids::AttemptId;
use crate::work::Work;

/// Applies what a gateway says of an attempt of the tenant: moves attempt and payment forwards, posts money, schedules what
/// follows (a look-up of what is unknown or under way, the refund of a surplus), and announces the change. Never moves
/// anything back, and doing it again changes nothing. The work may act for any plugin of the tenant.
pub fn apply(work: &mut Work, attempt: &AttemptId, mut progress: Progress) -> Result<Attempt, PaymentError> {
    let tenant = work.tenant().id;
    let attempt_before = rows::attempt(work, tenant, attempt)?;
    let payment_before = rows::payment(work, tenant, &attempt_before.payment)?;
    progress::check(&mut progress, &payment_before)?;
    let (mut attempt, mut payment) = (attempt_before.clone(), payment_before.clone());
    match step(attempt.state, progress.state) {
        Step::Late => {
            if attempt.gateway_ref.is_none() {
                attempt.gateway_ref = progress.gateway_ref;
            }
        }
        Step::Stay => {
            learn(&mut attempt, &progress)?;
            further_money(work, &payment, &mut attempt, &progress)?;
            take_back_overdue(work, &mut payment, &mut attempt)?;
        }
        Step::To => {
            learn(&mut attempt, &progress)?;
            go(work, &mut payment, &mut attempt, progress.state)?;
        }
    }
    follow(work, &attempt_before, &mut attempt, progress.state)?;
    rows::save_attempt(work, &attempt_before, &attempt)?;
    rows::save_payment(work, &payment_before, &mut payment)?;
    Ok(attempt)
}

/// Takes note of what is said beside the state.
fn learn(attempt: &mut Attempt, said: &Progress) -> Result<(), PaymentError> {
    if said.gateway_ref.is_some() {
        attempt.gateway_ref.clone_from(&said.gateway_ref);
    }
    if let Some(memo) = &said.memo {
        attempt.memo.clone_from(memo);
    }
    if said.action.is_some() {
        attempt.action.clone_from(&said.action);
    }
    if let Some(details) = &said.details {
        progress::merge_details(attempt, details)?;
    }
    if said.failure.is_some() && attempt.state != AttemptState::Succeeded {
        attempt.failure.clone_from(&said.failure);
    }
    // Money that has been posted is not what somebody says of it later.
    if attempt.state != AttemptState::Succeeded {
        attempt.received = said.received.or(attempt.received);
        attempt.credited = said.credited.or(attempt.credited);
    }
    Ok(())
}

/// Sends back what has arrived after an attempt had succeeded already.
fn further_money(
    work: &mut Work,
    payment: &Payment,
    attempt: &mut Attempt,
    said: &Progress,
) -> Result<(), PaymentError> {
    if attempt.state != AttemptState::Succeeded {
        return Ok(());
    }
    let received = progress::more(attempt.received, said.received);
    let credited = progress::more(attempt.credited, said.credited);
    let (Some(more), Some(total)) = (received.zip(credited), said.received) else {
        return Ok(());
    };
    (attempt.received, attempt.credited) = (said.received, said.credited);
    receive::send_back(work, payment, attempt, more, total)
}

/// Moves an attempt into a state it has not been in, and its payment with it.
fn go(
    work: &mut Work,
    payment: &mut Payment,
    attempt: &mut Attempt,
    state: AttemptState,
) -> Result<(), PaymentError> {
    let was = attempt.state;
    if was.is_final() {
        // It was said to be over, and is not: whoever asked for it to be taken back has to ask again.
        (attempt.ended_at, attempt.abandoned) = (None, false);
    }
    match state {
        AttemptState::Succeeded => charged(work, payment, attempt, was),
        AttemptState::Declined | AttemptState::Cancelled => uncharged(work, payment, attempt, state),
        AttemptState::Starting
        | AttemptState::Waiting
        | AttemptState::Processing
        | AttemptState::Unknown
        | AttemptState::Authorized => under_way(work, payment, attempt, state),
    }
}

/// The attempt has brought money.
fn charged(
    work: &mut Work,
    payment: &mut Payment,
    attempt: &mut Attempt,
    was: AttemptState,
) -> Result<(), PaymentError> {
    attempt.end(AttemptState::Succeeded, work.now());
    attempt.failure = None;
    let (received, credited) = attempt
        .received
        .zip(attempt.credited)
        .unwrap_or((payment.due, payment.due));
    let other = payment.open.take().filter(|open| *open != attempt.id);
    if payment.status.is_final() {
        payment.open = other;
        return receive::send_back(work, payment, attempt, (received, credited), received);
    }
    let chosen = was == AttemptState::Authorized;
    receive::settle(work, payment, attempt, (received, credited), chosen)?;
    let kind = match payment.status {
        Status::Succeeded => EventKind::Succeeded,
        _ => EventKind::Failed,
    };
    news::announce(work, kind, payment, Some(attempt), None);
    if let Some(other) = other {
        // This one was given up for the other one, and has paid all the same: the other one is not needed any more.
        let tenant = work.tenant().id;
        let before = rows::attempt(work, tenant, &other)?;
        let mut other = before.clone();
        payment.open = Some(other.id.clone());
        attempts::withdraw(work, payment, &mut other)?;
        rows::save_attempt(work, &before, &other)?;
    }
    Ok(())
}

/// The attempt is over and has charged nothing.
fn uncharged(
    work: &mut Work,
    payment: &mut Payment,
    attempt: &mut Attempt,
    state: AttemptState,
) -> Result<(), PaymentError> {
    attempt.end(state, work.now());
    if payment.open.as_ref() != Some(&attempt.id) {
        return Ok(());
    }
    payment.open = None;
    if payment.status.is_final() {
        return Ok(());
    }
    if payment.status == Status::Authorized {
        // What was reserved is gone, and the payer is too.
        let status = match state {
            AttemptState::Declined => Status::Failed,
            _ => Status::Cancelled,
        };
        let reason = attempt.failure.clone().filter(|_| status == Status::Failed);
        return close(work, payment, Some(attempt), status, reason);
    }
    payment.status = Status::Pending;
    payment.failure.clone_from(&attempt.failure);
    // One that was taken back because its time is over has not failed beside.
    if state != AttemptState::Cancelled || !payment.is_overdue(work.now()) {
        news::announce(work, EventKind::AttemptFailed, payment, Some(attempt), None);
    }
    expire_overdue(work, payment, attempt)
}

/// The attempt goes on, or has reserved the money.
fn under_way(
    work: &mut Work,
    payment: &mut Payment,
    attempt: &mut Attempt,
    state: AttemptState,
) -> Result<(), PaymentError> {
    attempt.state = state;
    if state == AttemptState::Authorized && !payment.status.is_final() && payment.open.is_none() {
        payment.open = Some(attempt.id.clone());
    }
    if payment.status.is_final() || payment.open.as_ref() != Some(&attempt.id) {
        // Nobody waits for it any more.
        return Ok(attempts::withdraw(work, payment, attempt)?);
    }
    let automatic = payment.capture == CaptureMode::Automatic;
    let status = match status_during(state) {
        Status::Authorized if automatic => Status::Processing,
        status => status,
    };
    if status != payment.status {
        payment.status = status;
        let kind = match status {
            Status::Processing => Some(EventKind::Processing),
            Status::Authorized => Some(EventKind::Authorized),
            _ => None,
        };
        if let Some(kind) = kind {
            news::announce(work, kind, payment, Some(attempt), None);
        }
    }
    if state == AttemptState::Authorized && automatic && !attempt.abandoned {
        let all = attempt.credited.unwrap_or(payment.due);
        schedule_capture(work, attempt, all)?;
    }
    expire_overdue(work, payment, attempt)
}

/// Ends a payment whose time was over while its money was under way, now that it is not.
fn expire_overdue(work: &mut Work, payment: &mut Payment, attempt: &mut Attempt) -> Result<(), PaymentError> {
    if payment.status == Status::Pending && payment.is_overdue(work.now()) {
        close(work, payment, Some(attempt), Status::Expired, None)?;
    }
    Ok(())
}

/// Takes back an attempt of which the gateway says, after the payment's time, that nobody has paid yet. The payment ends with it.
fn take_back_overdue(
    work: &mut Work,
    payment: &mut Payment,
    attempt: &mut Attempt,
) -> Result<(), PaymentError> {
    let waits = attempt.state == AttemptState::Waiting && payment.open.as_ref() == Some(&attempt.id);
    if waits && payment.is_overdue(work.now()) {
        attempts::withdraw(work, payment, attempt)?;
    }
    Ok(())
}

/// Sees to it that somebody asks how it went on, as long as that is open.
fn follow(
    work: &mut Work,
    before: &Attempt,
    attempt: &mut Attempt,
    said: AttemptState,
) -> Result<(), PaymentError> {
    let asks_already = attempt.asked.is_some() && attempt.asked != before.asked;
    if attempt.state.is_final() || asks_already {
        return Ok(());
    }
    if attempt.abandoned {
        if attempt.asked.is_none() {
            asking::ask_at_once(work, attempt, Question::Abandon)?;
        } else {
            asking::ask_later(work, attempt, Question::Abandon, Pace::Steady)?;
        }
        return Ok(());
    }
    if let (AttemptState::Authorized, Some((amount, _))) = (attempt.state, attempt.capturing.clone()) {
        // What was asked for has not happened: it is asked for again, unless it is just being done.
        if said == AttemptState::Authorized {
            schedule_capture(work, attempt, amount)?;
        }
        asking::ask_later(work, attempt, Question::LookUp, Pace::Steady)?;
        return Ok(());
    }
    let pace = Pace::of(attempt);
    if pace != Pace::of(before) {
        // What is about to move is asked about soon, however long ago somebody had last seen it stand still.
        asking::ask_no_more(work, attempt)?;
    }
    if let Some(pace) = pace {
        asking::ask_later(work, attempt, Question::LookUp, pace)?;
    }
    Ok(())
}
