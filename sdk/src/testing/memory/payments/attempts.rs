//! Attempts, and what a gateway says of them.

use super::super::State;
use super::{JOB_CAPTURE, Tried, rules};
use crate::gateway::Progress;
use crate::money::Amount;
use crate::payments::{
    Attempt, AttemptState, CaptureMode, EventKind, Failure, Payment, PaymentError, Status,
};
use crate::problem::InvalidField;

/// What becomes of an attempt when its gateway says where it stands.
enum Step {
    /// Into the state that the gateway names.
    To,
    /// It stands there already; what is told beside is new.
    Stay,
    /// It has been further already.
    Late,
}

/// An attempt never goes back; only money is never late. What is unknown may turn out to wait.
fn step(from: AttemptState, said: AttemptState) -> Step {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Starting, Succeeded, Unknown, Waiting};
    match (from, said) {
        _ if from == said => Step::Stay,
        (Succeeded, _) | (_, Starting) => Step::Late,
        (_, Succeeded) | (Declined | Cancelled, Authorized) => Step::To,
        (Declined | Cancelled, _)
        | (Authorized, Waiting | Processing | Unknown)
        | (Processing, Waiting | Unknown) => Step::Late,
        (Starting | Waiting | Processing | Unknown | Authorized, _) => Step::To,
    }
}

pub(super) fn is_final(status: Status) -> bool {
    !matches!(status, Status::Pending | Status::Processing | Status::Authorized)
}

fn is_over(state: AttemptState) -> bool {
    use AttemptState::{Cancelled, Declined, Succeeded};
    matches!(state, Succeeded | Declined | Cancelled)
}

impl State {
    /// The payer picks a way to pay.
    pub(in crate::testing) fn begin(
        &mut self,
        id: &str,
        gateway: &str,
        method: &str,
    ) -> Result<Attempt, PaymentError> {
        let place = self.place(id)?;
        let payment = &self.payments[place].payment;
        if is_final(payment.status) || payment.status == Status::Authorized {
            return Err(PaymentError::WrongStatus(payment.status));
        }
        if self.is_overdue(payment) {
            return Err(PaymentError::WrongStatus(Status::Expired));
        }
        if let Some(open) = self.open_attempt(place) {
            let open = &self.payments[place].attempts[open].attempt;
            let why = format!("is {:?}: it is not known to have charged nothing", open.state);
            return Err(PaymentError::Invalid(InvalidField::new(&open.id, why)));
        }
        if !rules::allows(&self.payments[place].new.gateways, gateway, method) {
            let why = format!("the payment does not allow {gateway}/{method}");
            return Err(PaymentError::Invalid(InvalidField::new("gateway", why)));
        }
        let attempt = Attempt {
            id: self.id("att"),
            number: self.payments[place].attempts.len() as u32 + 1,
            gateway: gateway.to_owned(),
            method: method.to_owned(),
            state: AttemptState::Starting,
            gateway_ref: None,
            received: None,
            failure: None,
            details: "{}".to_owned(),
            created_at: self.now,
            ended_at: None,
        };
        let stored = &mut self.payments[place];
        (stored.captures, stored.abandons) = (None, None);
        stored.payment.failure = None;
        stored.attempts.push(Tried {
            attempt: attempt.clone(),
            credited: None,
            action: None,
            sent_credited: 0,
            sent_received: 0,
        });
        Ok(attempt)
    }

    /// Begins an attempt where none is open; one that has ended stays the newest of a payment that has ended too.
    pub(in crate::testing) fn begin_if_needed(
        &mut self,
        id: &str,
        gateway: &str,
        method: &str,
    ) -> Result<(), PaymentError> {
        let place = self.place(id)?;
        let ended = is_final(self.payments[place].payment.status);
        let tried = !self.payments[place].attempts.is_empty();
        if self.open_attempt(place).is_some() || (ended && tried) {
            return Ok(());
        }
        self.begin(id, gateway, method).map(drop)
    }

    pub(super) fn open_attempt(&self, place: usize) -> Option<usize> {
        let last = self.payments[place].attempts.len().checked_sub(1)?;
        let state = self.payments[place].attempts[last].attempt.state;
        (!is_over(state)).then_some(last)
    }

    pub(super) fn is_overdue(&self, payment: &Payment) -> bool {
        payment.expires_at.is_some_and(|at| at <= self.now)
    }

    /// Applies what a gateway says of the payment's newest attempt.
    pub(in crate::testing) fn apply(&mut self, id: &str, mut progress: Progress) -> Result<(), PaymentError> {
        let place = self.place(id)?;
        let number = self.payments[place].attempts.len().checked_sub(1);
        let number = number.ok_or(PaymentError::NotFound)?;
        progress.credited = progress.credited.or_else(|| progress.received.clone());
        if let Some(credited) = &progress.credited {
            assert_eq!(
                credited.currency, self.payments[place].payment.amount.currency,
                "what arrived in another currency needs `credited`, in the payment's"
            );
        }
        let before = self.payments[place].attempts[number].clone();
        let said = progress.state;
        match step(before.attempt.state, said) {
            Step::Late => {}
            Step::Stay => {
                self.learn(place, number, progress);
                if said == AttemptState::Succeeded {
                    self.further_money(place, number, &before);
                }
            }
            Step::To => {
                self.learn(place, number, progress);
                self.go(place, number, before.attempt.state, said);
            }
        }
        Ok(())
    }

    /// Takes note of what is said beside the state.
    fn learn(&mut self, place: usize, number: usize, said: Progress) {
        let tried = &mut self.payments[place].attempts[number];
        tried.action = said.action.or_else(|| tried.action.take());
        let attempt = &mut tried.attempt;
        attempt.gateway_ref = said.gateway_ref.or_else(|| attempt.gateway_ref.take());
        attempt.failure = said.failure.or_else(|| attempt.failure.take());
        if let Some(details) = said.details {
            attempt.details = merged(&attempt.details, &details);
        }
        let known = attempt.received.as_ref().map_or(0, |received| received.minor);
        let less = said.received.as_ref().is_some_and(|said| said.minor < known);
        if attempt.state != AttemptState::Succeeded || !less {
            attempt.received = said.received.or_else(|| attempt.received.take());
            tried.credited = said.credited.or_else(|| tried.credited.take());
        }
    }

    /// Moves an attempt into a state it has not been in, and its payment with it.
    fn go(&mut self, place: usize, number: usize, was: AttemptState, to: AttemptState) {
        let now = self.now;
        let attempt = &mut self.payments[place].attempts[number].attempt;
        attempt.state = to;
        attempt.ended_at = is_over(to).then_some(now);
        match to {
            AttemptState::Succeeded => self.charged(place, number, was == AttemptState::Authorized),
            AttemptState::Declined | AttemptState::Cancelled => self.uncharged(place, number),
            AttemptState::Starting
            | AttemptState::Waiting
            | AttemptState::Processing
            | AttemptState::Unknown
            | AttemptState::Authorized => self.under_way(place, number, to),
        }
    }

    /// The attempt goes on, or has reserved the money.
    fn under_way(&mut self, place: usize, number: usize, state: AttemptState) {
        let stored = &self.payments[place];
        if is_final(stored.payment.status) {
            self.abandon(place);
            return;
        }
        let automatic = stored.new.capture == CaptureMode::Automatic;
        let (status, kind) = match state {
            AttemptState::Authorized if !automatic => (Status::Authorized, Some(EventKind::Authorized)),
            AttemptState::Authorized | AttemptState::Processing | AttemptState::Unknown => {
                (Status::Processing, Some(EventKind::Processing))
            }
            _ => (Status::Pending, None),
        };
        if status != stored.payment.status {
            self.set_status(place, status);
            if let Some(kind) = kind {
                self.announce(place, kind, Some(number), None);
            }
        }
        if state == AttemptState::Authorized && automatic {
            let tried = &self.payments[place].attempts[number];
            let all = tried.credited.clone();
            let all = all.unwrap_or_else(|| self.payments[place].payment.due.clone());
            self.schedule_capture(place, all);
        }
        self.expire_overdue(place, number);
    }

    /// The attempt is over and has charged nothing: the payment can be tried again.
    fn uncharged(&mut self, place: usize, number: usize) {
        let attempt = &self.payments[place].attempts[number].attempt;
        let (declined, failure) = (attempt.state == AttemptState::Declined, attempt.failure.clone());
        let payment = &mut self.payments[place].payment;
        if is_final(payment.status) {
            return;
        }
        if payment.status == Status::Authorized {
            // What was reserved is gone, and the payer is too.
            let (status, kind) = if declined {
                payment.failure = failure;
                (Status::Failed, EventKind::Failed)
            } else {
                (Status::Cancelled, EventKind::Cancelled)
            };
            self.set_status(place, status);
            self.announce(place, kind, Some(number), None);
            return;
        }
        payment.failure = failure;
        self.set_status(place, Status::Pending);
        self.announce(place, EventKind::AttemptFailed, Some(number), None);
        self.expire_overdue(place, number);
    }

    /// Ends a payment whose time was over while its money was under way, now that it is not.
    fn expire_overdue(&mut self, place: usize, number: usize) {
        let payment = &self.payments[place].payment;
        if payment.status == Status::Pending && self.is_overdue(payment) {
            self.abandon(place);
            self.set_status(place, Status::Expired);
            self.announce(place, EventKind::Expired, Some(number), None);
        }
    }

    /// The attempt has brought money. `chosen`: the merchant took so much of what was reserved.
    fn charged(&mut self, place: usize, number: usize, chosen: bool) {
        let stored = &mut self.payments[place];
        let tried = &mut stored.attempts[number];
        tried.attempt.failure = None;
        let received = tried
            .attempt
            .received
            .get_or_insert_with(|| stored.payment.due.clone());
        let (received, credited) = (
            received.clone(),
            tried.credited.get_or_insert_with(|| received.clone()).clone(),
        );
        if is_final(stored.payment.status) {
            self.send_surplus(place, number, (&received, &credited), &received);
            return;
        }
        let tolerance = stored.new.tolerance.unwrap_or_default();
        let Some(settlement) = rules::settlement(&stored.payment.due, &credited, tolerance, chosen) else {
            let message = format!("{credited} of {} arrived", stored.payment.due);
            stored.payment.failure = Some(Failure::new("underpaid", message));
            self.send_surplus(place, number, (&received, &credited), &received);
            self.set_status(place, Status::Failed);
            self.announce(place, EventKind::Failed, Some(number), None);
            return;
        };
        let payment = &mut stored.payment;
        payment.settlement = Some(settlement);
        payment.failure = None;
        payment.received = credited.clone();
        payment.fee = rules::fee_within(&credited, stored.new.fee);
        payment.paid_at = Some(self.now);
        self.post_receipt(place, number, &received, &credited);
        self.set_status(place, Status::Succeeded);
        self.announce(place, EventKind::Succeeded, Some(number), None);
    }

    /// What has arrived after an attempt had succeeded already.
    fn further_money(&mut self, place: usize, number: usize, before: &Tried) {
        let now = &self.payments[place].attempts[number];
        let more = |now: &Option<Amount>, before: &Option<Amount>| {
            let (now, before) = (now.as_ref()?, before.as_ref()?);
            let minor = now.minor - before.minor;
            (minor > 0).then(|| Amount { minor, ..now.clone() })
        };
        let total = now.attempt.received.clone();
        let received = more(&now.attempt.received, &before.attempt.received);
        let credited = more(&now.credited, &before.credited);
        if let Some(((received, credited), total)) = received.zip(credited).zip(total) {
            self.send_surplus(place, number, (&received, &credited), &total);
        }
    }

    pub(super) fn set_status(&mut self, place: usize, to: Status) {
        let payment = &mut self.payments[place].payment;
        payment.status = to;
        payment.updated_at = self.now;
    }

    /// Has what is reserved taken, unless a job is about to. Gives the job.
    pub(super) fn schedule_capture(&mut self, place: usize, amount: Amount) -> String {
        if let Some((job, _)) = &self.payments[place].captures {
            return job.clone();
        }
        let id = self.payments[place].payment.id.clone();
        let job = self.host_job(JOB_CAPTURE, &id, self.now);
        self.payments[place].captures = Some((job.clone(), amount));
        job
    }
}

/// Both objects; where both have a member, the newer one's.
fn merged(old: &str, new: &str) -> String {
    use serde_json::{Map, Value};
    let object = |text| serde_json::from_str::<Map<String, Value>>(text);
    let mut members = object(old).expect("details were merged before");
    members.extend(object(new).expect("`details` is a JSON object"));
    Value::Object(members).to_string()
}
