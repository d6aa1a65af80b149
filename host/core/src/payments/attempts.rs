//! Beginning an attempt, and taking one back.

use mooring_store::StoreError;

use super::asking::{self, Question};
use super::{
    Attempt, AttemptJob, AttemptState, EventKind, JOB_START, NewAttempt, Payment, PaymentError, Status,
    attempts_any, news, rows,
};
use crate::check::{self, InvalidField, chars};
use crate::ids::{AttemptId, PaymentId, PluginName};
use crate::jobs::{self, Withdrawn};
use crate::json::Json;
use crate::layout;
use crate::time::Timestamp;
use crate::work::Work;

/// Attempts at one payment: enough for anybody who means to pay, and too few to try out cards.
const ATTEMPTS_MAX: u32 = 50;

/// Begins an attempt at a payment of the tenant, whichever plugin made it, and schedules the job that takes it to its gateway
/// ([`super::JOB_START`]). Refused once the payment is final or authorized, or its time is over
/// ([`PaymentError::WrongStatus`]), and while another attempt is open ([`PaymentError::AttemptOpen`]): whoever offers another
/// gateway while one waits abandons that one first ([`abandon`]) and begins when it is known to have charged nothing.
pub fn begin(work: &mut Work, payment: &PaymentId, new: NewAttempt) -> Result<Attempt, PaymentError> {
    let tenant = work.tenant().id;
    let before = rows::payment(work, tenant, payment)?;
    refuse_closed(&before, work.now())?;
    refuse_charging(work, &before)?;
    check_new(&before, &new)?;
    let mut payment = before.clone();
    let now = work.now();
    let id = AttemptId::draw(&mut work.rng, now);
    let job = AttemptJob {
        attempt: id.clone(),
        amount: None,
    };
    let job = jobs::schedule_for(work, &new.gateway, JOB_START, &job, now, None)?;
    payment.attempts += 1;
    payment.open = Some(id.clone());
    payment.failure = None;
    let attempt = Attempt {
        id,
        payment: payment.id.clone(),
        number: payment.attempts,
        gateway: new.gateway,
        method: new.method,
        state: AttemptState::Starting,
        gateway_ref: None,
        memo: String::new(),
        action: None,
        received: None,
        credited: None,
        failure: None,
        details: known(new.payer_ip.as_deref()),
        payer_ip: new.payer_ip,
        created_at: now,
        ended_at: None,
        job: job.id,
        abandoned: false,
        capturing: None,
        asked: None,
        sent_back: (0, 0),
        ordinal: rows::next_ordinal(work, layout::PAYMENT_ATTEMPTS)?,
    };
    rows::attempts(tenant)
        .insert(&mut work.transaction, &attempt)
        .map_err(layout::checked_before)?;
    rows::save_payment(work, &before, &mut payment)?;
    Ok(attempt)
}

/// Takes back an attempt of the tenant that is open: one that nobody has taken to its gateway yet is cancelled at once; of
/// any other, a job asks the gateway to see to it that it cannot charge ([`super::JOB_ABANDON`]), until it is known. Gives
/// the attempt as it is now. Repeating it is safe, and so is abandoning one that is over.
pub fn abandon(work: &mut Work, attempt: &AttemptId) -> Result<Attempt, PaymentError> {
    let tenant = work.tenant().id;
    let before = rows::attempt(work, tenant, attempt)?;
    let payment_before = rows::payment(work, tenant, &before.payment)?;
    let (mut attempt, mut payment) = (before.clone(), payment_before.clone());
    withdraw(work, &mut payment, &mut attempt)?;
    rows::save_attempt(work, &before, &attempt)?;
    rows::save_payment(work, &payment_before, &mut payment)?;
    if attempt.state == AttemptState::Cancelled && before.state != AttemptState::Cancelled {
        news::announce(work, EventKind::AttemptFailed, &payment, Some(&attempt), None);
    }
    Ok(attempt)
}

/// Takes an attempt back within a change of its payment; the caller saves both.
pub(super) fn withdraw(
    work: &mut Work,
    payment: &mut Payment,
    attempt: &mut Attempt,
) -> Result<(), StoreError> {
    if attempt.state.is_final() || attempt.abandoned && attempt.asked.is_some() {
        return Ok(());
    }
    if let Some((_, job)) = attempt.capturing.take() {
        jobs::withdraw(work, &job)?;
    }
    let start = match attempt.state {
        AttemptState::Starting => jobs::withdraw(work, &attempt.job)?,
        _ => Withdrawn::Ended,
    };
    match start {
        Withdrawn::Untouched => {
            attempt.end(AttemptState::Cancelled, work.now());
            payment.open = None;
        }
        // What is being started at this moment cannot be taken back yet: that follows when the start has answered.
        Withdrawn::Running => attempt.abandoned = true,
        Withdrawn::Tried | Withdrawn::Ended => {
            attempt.abandoned = true;
            asking::ask_at_once(work, attempt, Question::Abandon)?;
        }
    }
    Ok(())
}

/// The attempt that a payment waits for, if there is one. There is never more than one.
pub fn open_attempt(work: &mut Work, payment: &PaymentId) -> Result<Option<Attempt>, PaymentError> {
    let tenant = work.tenant().id;
    match rows::payment(work, tenant, payment)?.open {
        Some(open) => rows::attempt(work, tenant, &open).map(Some),
        None => Ok(None),
    }
}

/// Which of these ways to pay (gateway and method) this payment allows, in their order: those that [`Payment::gateways`] names.
/// What is enabled, and which currencies and kinds of money a method takes, is for the caller to know.
pub fn choices_left<'c>(
    payment: &Payment,
    offered: &'c [(PluginName, String)],
) -> Vec<&'c (PluginName, String)> {
    let allowed = |(gateway, method): &&(PluginName, String)| allows(payment, gateway, method);
    offered.iter().filter(allowed).collect()
}

fn allows(payment: &Payment, gateway: &PluginName, method: &str) -> bool {
    let named = |entry: &String| match entry.split_once('/') {
        Some(named) => named == (gateway.as_str(), method),
        None => entry == gateway.as_str(),
    };
    payment.gateways.is_empty() || payment.gateways.iter().any(named)
}

/// What is known before the gateway tells anything: plugins see where a payer called from, whatever the gateway. One that knows
/// it better says so.
fn known(payer_ip: Option<&str>) -> Json {
    payer_ip.map_or_else(Json::empty_object, |ip| {
        Json::from(serde_json::json!({ "ip_address": ip }))
    })
}

/// One whose time is over is refused even before the job has come that ends it.
fn refuse_closed(payment: &Payment, now: Timestamp) -> Result<(), PaymentError> {
    if payment.status.is_final() || payment.status == Status::Authorized {
        return Err(PaymentError::WrongStatus(payment.status));
    }
    if payment.is_overdue(now) {
        return Err(PaymentError::WrongStatus(Status::Expired));
    }
    Ok(())
}

/// An attempt is refused while another one may charge: the open one, or one that was said to be over and turned out not to be.
fn refuse_charging(work: &mut Work, payment: &Payment) -> Result<(), PaymentError> {
    let tenant = work.tenant().id;
    let attempts = match payment.attempts {
        0 => Vec::new(),
        _ => attempts_any(work, tenant, &payment.id)?,
    };
    match attempts.into_iter().find(|attempt| !attempt.state.is_uncharged()) {
        Some(attempt) => Err(PaymentError::AttemptOpen(attempt.id)),
        None => Ok(()),
    }
}

fn check_new(payment: &Payment, new: &NewAttempt) -> Result<(), InvalidField> {
    check::text("method", &new.method, chars(1, 100))?;
    if let Some(ip) = &new.payer_ip {
        check::text("payer-ip", ip, chars(1, 100))?;
    }
    if !allows(payment, &new.gateway, &new.method) {
        let reason = format!("the payment does not allow {}/{}", new.gateway, new.method);
        return Err(InvalidField::new("gateway", reason));
    }
    if !payment.has_tries_left() {
        let reason = format!("a payment has at most {ATTEMPTS_MAX} attempts");
        return Err(InvalidField::new("attempt", reason));
    }
    Ok(())
}

impl Payment {
    /// Whether another attempt at it is allowed, by their number.
    pub fn has_tries_left(&self) -> bool {
        self.attempts < ATTEMPTS_MAX
    }

    /// Whether it should have been paid by now.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

impl Attempt {
    pub(super) fn end(&mut self, state: AttemptState, now: Timestamp) {
        self.state = state;
        self.ended_at = Some(now);
        self.asked = None;
        self.capturing = None;
    }
}
