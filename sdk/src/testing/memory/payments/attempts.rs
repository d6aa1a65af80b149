//! Attempts, and what a gateway says of them.

use super::super::State;
use super::{Tried, rules};
use crate::gateway::Progress;
use crate::ledger::{Direction, Entry, NewPosting};
use crate::money::Amount;
use crate::payments::{Attempt, AttemptState, EventKind, Failure, PaymentError, Settlement, Status};

fn is_final(status: Status) -> bool {
    !matches!(status, Status::Pending | Status::Processing | Status::Authorized)
}

/// Whether nothing was charged, and nothing will be.
fn is_uncharged(state: AttemptState) -> bool {
    matches!(state, AttemptState::Declined | AttemptState::Cancelled)
}

/// How far an attempt has come; it never goes back. What is unknown may turn out to wait.
fn rank(state: AttemptState) -> u8 {
    match state {
        AttemptState::Starting => 0,
        AttemptState::Waiting | AttemptState::Unknown => 1,
        AttemptState::Processing => 2,
        AttemptState::Authorized => 3,
        AttemptState::Succeeded | AttemptState::Declined | AttemptState::Cancelled => 4,
    }
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
        let status = self.payments[place].payment.status;
        if status != Status::Pending {
            return Err(PaymentError::WrongStatus(status));
        }
        if let Some(open) = self.open_attempt(place) {
            let open = &self.payments[place].attempts[open].attempt;
            let why = format!(
                "the attempt {} is {:?}: it is not known to have charged nothing",
                open.id, open.state
            );
            return Err(PaymentError::Internal(why));
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
        stored.captures = None;
        stored.abandons = None;
        stored.attempts.push(Tried {
            attempt: attempt.clone(),
            credited: None,
            action: None,
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
        (rank(state) < rank(AttemptState::Succeeded)).then_some(last)
    }

    /// Applies what a gateway says of the payment's newest attempt.
    pub(in crate::testing) fn apply(&mut self, id: &str, progress: Progress) -> Result<(), PaymentError> {
        let place = self.place(id)?;
        let number = self.payments[place].attempts.len().checked_sub(1);
        let number = number.ok_or(PaymentError::NotFound)?;
        let before = self.payments[place].attempts[number].attempt.state;
        let charged_late = is_uncharged(before) && progress.state == AttemptState::Succeeded;
        if !charged_late
            && (rank(before) == rank(AttemptState::Succeeded) || rank(progress.state) < rank(before))
        {
            return Ok(());
        }
        let to = progress.state;
        self.note(place, number, progress);
        match to {
            AttemptState::Starting | AttemptState::Waiting => {}
            AttemptState::Processing | AttemptState::Unknown => {
                if self.payments[place].payment.status == Status::Pending {
                    self.payment_step(place, Status::Processing, EventKind::Processing, Some(number));
                }
            }
            AttemptState::Authorized => {
                if matches!(
                    self.payments[place].payment.status,
                    Status::Pending | Status::Processing
                ) {
                    self.payment_step(place, Status::Authorized, EventKind::Authorized, Some(number));
                }
            }
            AttemptState::Succeeded => self.arrived(place, number),
            AttemptState::Declined | AttemptState::Cancelled => self.uncharged(place, number, before),
        }
        Ok(())
    }

    /// Writes down what the gateway says.
    fn note(&mut self, place: usize, number: usize, progress: Progress) {
        let now = self.now;
        let tried = &mut self.payments[place].attempts[number];
        tried.credited = progress.credited.or_else(|| tried.credited.take());
        tried.action = progress.action;
        let attempt = &mut tried.attempt;
        attempt.state = progress.state;
        attempt.gateway_ref = progress.gateway_ref.or_else(|| attempt.gateway_ref.take());
        attempt.received = progress.received.or_else(|| attempt.received.take());
        attempt.failure = progress.failure;
        if rank(attempt.state) == rank(AttemptState::Succeeded) {
            attempt.ended_at = Some(now);
        }
        if let Some(details) = progress.details {
            attempt.details = merged(&attempt.details, &details);
        }
    }

    pub(super) fn payment_step(&mut self, place: usize, to: Status, kind: EventKind, attempt: Option<usize>) {
        let payment = &mut self.payments[place].payment;
        payment.status = to;
        payment.updated_at = self.now;
        self.announce(place, kind, attempt, None);
    }

    /// Nothing was charged: the payment can be tried again, unless it was taken back.
    fn uncharged(&mut self, place: usize, number: usize, before: AttemptState) {
        let attempt = &self.payments[place].attempts[number].attempt;
        let (declined, failure) = (attempt.state == AttemptState::Declined, attempt.failure.clone());
        let payment = &mut self.payments[place].payment;
        if is_final(payment.status) {
            return;
        }
        if declined {
            payment.failure = failure;
        }
        if before == AttemptState::Authorized {
            let (to, kind) = if declined {
                (Status::Failed, EventKind::Failed)
            } else {
                (Status::Cancelled, EventKind::Cancelled)
            };
            self.payment_step(place, to, kind, Some(number));
        } else {
            self.payment_step(place, Status::Pending, EventKind::AttemptFailed, Some(number));
        }
    }

    /// Money is here.
    fn arrived(&mut self, place: usize, number: usize) {
        let stored = &self.payments[place];
        let tried = &stored.attempts[number];
        let (payment, gateway) = (&stored.payment, tried.attempt.gateway.clone());
        let arrived = tried
            .attempt
            .received
            .clone()
            .unwrap_or_else(|| payment.due.clone());
        let credited = tried.credited.clone().unwrap_or_else(|| arrived.clone());
        assert_eq!(
            credited.currency, payment.amount.currency,
            "what arrived in another currency needs `credited`, in the payment's"
        );
        let captured = stored.captures.is_some();
        let settlement = rules::settlement(&payment.due, &credited, stored.new.tolerance.unwrap_or_default())
            .or(captured.then_some(Settlement::Partial));
        if is_final(payment.status) {
            self.surplus(place, number, &credited);
            return;
        }
        let Some(settlement) = settlement else {
            let failure = Failure::new("underpaid", format!("Only {credited} arrived; it is sent back."));
            self.payments[place].payment.failure = Some(failure);
            self.surplus(place, number, &credited);
            self.payment_step(place, Status::Failed, EventKind::Failed, Some(number));
            return;
        };
        let fee = rules::kept(&payment.amount, &credited, stored.new.fee);
        let key = format!("payment:{}:paid", payment.id);
        let earned = Amount {
            minor: credited.minor - fee.minor,
            ..credited.clone()
        };
        let mut entries = clearing(&gateway, &arrived, &credited);
        entries.push(entry(self.merchant_account(), Direction::Credit, &earned));
        entries.push(entry(self.fees_account(), Direction::Credit, &fee));
        self.post(key, entries);
        let now = self.now;
        let payment = &mut self.payments[place].payment;
        payment.received = credited;
        payment.fee = fee;
        payment.settlement = Some(settlement);
        payment.failure = None;
        payment.paid_at = Some(now);
        self.payment_step(place, Status::Succeeded, EventKind::Succeeded, Some(number));
    }

    pub(super) fn merchant_account(&self) -> String {
        format!("merchant:{}:balance", self.plugin)
    }

    fn fees_account(&self) -> String {
        format!("fees:{}", self.plugin)
    }

    pub(super) fn post(&mut self, idempotency_key: String, mut entries: Vec<Entry>) {
        entries.retain(|entry| entry.amount.minor > 0);
        let posted = self.ledger_post(NewPosting {
            idempotency_key,
            description: "payment".to_owned(),
            entries,
            metadata: String::new(),
        });
        posted.expect("payments post what balances, on accounts that nobody guards");
    }
}

/// The gateway's side of what arrived: in its currency, and counted as the payment's.
pub(super) fn clearing(gateway: &str, arrived: &Amount, credited: &Amount) -> Vec<Entry> {
    let account = format!("gateway:{gateway}:clearing");
    if arrived.currency == credited.currency {
        return vec![entry(account, Direction::Debit, credited)];
    }
    let exchange = format!("exchange:{gateway}");
    vec![
        entry(account, Direction::Debit, arrived),
        entry(exchange.clone(), Direction::Credit, arrived),
        entry(exchange, Direction::Debit, credited),
    ]
}

pub(super) fn entry(account: String, direction: Direction, amount: &Amount) -> Entry {
    Entry {
        account,
        direction,
        amount: amount.clone(),
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
