//! What payers, gateways and time do to payments, in a test. Each step tells the plugin, as the real host does.

use serde_json::{Value, json};

use super::TestHost;
use crate::gateway::Progress;
use crate::money::Amount;
use crate::payments::{
    Attempt, AttemptState, CaptureMode, Failure, NewPayment, Payment, PaymentError, Refund, Status,
};
use crate::plugin::Plugin;

/// How an attempt went, as its gateway tells it. The default: `sandbox/card`, all that was due, in the payment's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptDone {
    /// The gateway, for a payment that was not begun.
    pub gateway: String,
    /// Its method, for a payment that was not begun.
    pub method: String,
    /// The gateway's own id.
    pub gateway_ref: Option<String>,
    /// What arrived, or is authorized; absent: what is due.
    pub received: Option<Amount>,
    /// What that is worth in the payment's currency; needed where `received` is in another.
    pub credited: Option<Amount>,
    /// JSON object with what the gateway tells beside.
    pub details: Value,
}

impl Default for AttemptDone {
    fn default() -> AttemptDone {
        AttemptDone {
            gateway: "sandbox".to_owned(),
            method: "card".to_owned(),
            gateway_ref: None,
            received: None,
            credited: None,
            details: json!({}),
        }
    }
}

impl AttemptDone {
    /// So much arrived.
    pub fn received(received: Amount) -> AttemptDone {
        AttemptDone {
            received: Some(received),
            ..AttemptDone::default()
        }
    }

    /// With what the gateway tells beside.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> AttemptDone {
        self.details = details;
        self
    }
}

/// What becomes of a refund at its gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    /// Accepted, not done yet; see [`TestHost::settle_refund`].
    Pending,
    /// Sent back.
    Succeeded {
        /// The gateway's own id for it.
        gateway_ref: String,
    },
    /// Not sent back.
    Failed(Failure),
}

impl RefundOutcome {
    /// Sent back, under this id of the gateway's.
    pub fn succeeded(gateway_ref: &str) -> RefundOutcome {
        RefundOutcome::Succeeded {
            gateway_ref: gateway_ref.to_owned(),
        }
    }

    /// Not sent back.
    pub fn failed(code: &str, message: &str) -> RefundOutcome {
        RefundOutcome::Failed(Failure::new(code, message))
    }
}

impl<P: Plugin> TestHost<P> {
    /// All payments, oldest first.
    pub fn payments(&self) -> Vec<Payment> {
        let payments = self.memory.state.payments.iter();
        payments.map(|stored| stored.payment.clone()).collect()
    }

    /// The payment with this id.
    pub fn payment(&self, id: &str) -> Payment {
        self.memory.state.payment_get(id).expect("a payment of this id")
    }

    /// What the plugin made a payment from.
    pub fn asked(&self, id: &str) -> NewPayment {
        let stored = self.memory.state.stored(id).expect("a payment of this id");
        stored.new.clone()
    }

    /// All attempts of a payment, oldest first.
    pub fn attempts(&self, id: &str) -> Vec<Attempt> {
        self.memory
            .state
            .payment_attempts(id)
            .expect("a payment of this id")
    }

    /// All refunds of a payment, oldest first; without those of money that nobody asked for.
    pub fn refunds(&self, id: &str) -> Vec<Refund> {
        self.memory
            .state
            .payment_refunds(id)
            .expect("a payment of this id")
    }

    /// What was sent back because nobody asked for it.
    pub fn surplus_refunds(&self, id: &str) -> Vec<Refund> {
        let stored = self.memory.state.stored(id).expect("a payment of this id");
        let surplus = stored.refunds.iter().filter(|returned| returned.surplus);
        surplus.map(|returned| returned.refund.clone()).collect()
    }

    /// The payer picks a way to pay.
    pub fn begin(&mut self, id: &str, gateway: &str, method: &str) -> Attempt {
        let begun = self.twice(|host| host.memory.state.begin(id, gateway, method), Result::is_ok);
        begun.expect("a payment that can be paid")
    }

    /// The gateway says something of the payment's newest attempt. See [`Progress`].
    pub fn progress(&mut self, id: &str, progress: Progress) -> Payment {
        let applied = self.twice(
            |host| host.memory.state.apply(id, progress.clone()),
            Result::is_ok,
        );
        applied.expect("a payment that was begun");
        self.memory.state.settle();
        self.payment(id)
    }

    /// The payer pays; begins an attempt where none is open. Money of a payment with manual capture is only reserved. On a
    /// payment that has ended this is money that comes late.
    pub fn pay(&mut self, id: &str, done: AttemptDone) -> Payment {
        let reserved = self.asked(id).capture == CaptureMode::Manual
            && matches!(self.payment(id).status, Status::Pending | Status::Processing);
        let state = if reserved {
            AttemptState::Authorized
        } else {
            AttemptState::Succeeded
        };
        self.progress_to(id, state, done)
    }

    /// The payer's money is reserved.
    pub fn authorize(&mut self, id: &str, done: AttemptDone) -> Payment {
        self.progress_to(id, AttemptState::Authorized, done)
    }

    /// The payer's money is under way.
    pub fn process(&mut self, id: &str, done: AttemptDone) -> Payment {
        self.progress_to(id, AttemptState::Processing, done)
    }

    /// The gateway declines: nothing was charged, the payment can be tried again.
    pub fn decline(&mut self, id: &str, code: &str, message: &str) -> Payment {
        self.decline_with(id, code, message, AttemptDone::default())
    }

    /// As [`decline`](TestHost::decline), with what the gateway tells beside.
    pub fn decline_with(&mut self, id: &str, code: &str, message: &str, done: AttemptDone) -> Payment {
        self.begin_if_needed(id, &done);
        let details = Some(done.details.to_string());
        let progress = Progress {
            gateway_ref: done.gateway_ref,
            details,
            ..Progress::declined(code, message)
        };
        self.progress(id, progress)
    }

    /// The payer gives up at the gateway: nothing was charged.
    pub fn give_up(&mut self, id: &str) -> Payment {
        self.begin_if_needed(id, &AttemptDone::default());
        self.progress(id, Progress::new(AttemptState::Cancelled))
    }

    /// Time is over for a payment, whatever the clock says. To have it end by the clock, [`TestHost::advance`] that and
    /// [`TestHost::run_jobs`].
    pub fn expire(&mut self, id: &str) -> Payment {
        let expired = self.twice(|host| host.memory.state.payment_expire(id), Result::is_ok);
        expired.expect("a payment of this id");
        self.memory.state.settle();
        self.payment(id)
    }

    /// What becomes of the next refund whose job runs. Without this, refunds succeed.
    pub fn next_refund(&mut self, outcome: RefundOutcome) {
        self.refunds.push_back(outcome);
    }

    /// The gateway tells what has become of a refund that was under way.
    pub fn settle_refund(&mut self, refund: &str, outcome: RefundOutcome) {
        let settled = self.twice(
            |host| host.memory.state.apply_refund(refund, &outcome),
            Result::is_ok,
        );
        settled.expect("a refund of this id");
        self.memory.state.settle();
    }

    /// From now on this gateway cannot send money back.
    pub fn without_refunds(&mut self, gateway: &str) {
        self.memory.state.without_refunds.insert(gateway.to_owned());
    }

    /// From now on this gateway cannot capture.
    pub fn without_captures(&mut self, gateway: &str) {
        self.memory.state.without_captures.insert(gateway.to_owned());
    }

    fn progress_to(&mut self, id: &str, state: AttemptState, done: AttemptDone) -> Payment {
        self.begin_if_needed(id, &done);
        let due = self.payment(id).due;
        let received = (state != AttemptState::Processing).then(|| done.received.unwrap_or(due));
        let progress = Progress {
            gateway_ref: done.gateway_ref,
            received,
            credited: done.credited,
            details: Some(done.details.to_string()),
            ..Progress::new(state)
        };
        self.progress(id, progress)
    }

    /// An open attempt goes on. A payment that has ended keeps its newest one; one that was never tried cannot be paid.
    fn begin_if_needed(&mut self, id: &str, done: &AttemptDone) {
        let begun = self.twice(
            |host| host.memory.state.begin_if_needed(id, &done.gateway, &done.method),
            Result::is_ok,
        );
        match begun {
            Ok(()) => {}
            Err(PaymentError::WrongStatus(status)) => {
                panic!("the payment {id} is {status:?} and was never begun: nobody can have paid it")
            }
            Err(error) => panic!("the payment {id}: {error:?}"),
        }
    }
}
