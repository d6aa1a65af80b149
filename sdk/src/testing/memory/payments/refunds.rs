//! Money on its way back.

use super::super::{State, text};
use super::{JOB_REFUND, Returned, rules};
use crate::money::Amount;
use crate::payments::{AttemptState, EventKind, NewRefund, PaymentError, Refund, RefundState, Status};
use crate::problem::InvalidField;
use crate::testing::RefundOutcome;

impl State {
    pub(in super::super) fn payment_refund(&mut self, new: NewRefund) -> Result<Refund, PaymentError> {
        let place = self.place(&new.payment)?;
        let payment = &self.payments[place].payment;
        check(&new, &payment.amount.currency).map_err(PaymentError::Invalid)?;
        if let Some(key) = &new.idempotency_key {
            let mut refunds = self.payments[place].refunds.iter();
            let same = |returned: &&Returned| returned.idempotency_key.as_ref() == Some(key);
            if let Some(first) = refunds.find(same) {
                let same = new
                    .amount
                    .as_ref()
                    .map_or(first.all, |amount| *amount == first.refund.amount);
                return if same {
                    Ok(first.refund.clone())
                } else {
                    Err(PaymentError::KeyReused(first.refund.id.clone()))
                };
            }
        }
        if payment.status != Status::Succeeded {
            return Err(PaymentError::WrongStatus(payment.status));
        }
        let left = Amount {
            minor: payment.received.minor - payment.refunded.minor,
            ..payment.received.clone()
        };
        let all = new.amount.is_none();
        let amount = new.amount.unwrap_or_else(|| left.clone());
        if amount.minor > left.minor || amount.minor == 0 {
            return Err(PaymentError::TooMuch(left));
        }
        let paid_by = self.paid_by(place);
        let gateway = self.payments[place].attempts[paid_by].attempt.gateway.clone();
        if self.without_refunds.contains(&gateway) {
            return Err(PaymentError::NotSupported(gateway));
        }
        let number = self.new_refund(place, paid_by, amount, new.reason);
        let stored = &mut self.payments[place];
        let returned = &mut stored.refunds[number];
        returned.idempotency_key = new.idempotency_key;
        returned.all = all;
        returned.sent = stored.attempts[paid_by].send(&returned.refund.amount);
        stored.payment.refunded.minor += returned.refund.amount.minor;
        stored.payment.updated_at = self.now;
        let refund = returned.refund.clone();
        self.post_refund(place, number);
        Ok(refund)
    }

    /// The attempt that was charged, and paid the payment.
    fn paid_by(&self, place: usize) -> usize {
        let mut attempts = self.payments[place].attempts.iter();
        attempts
            .position(|tried| tried.attempt.state == AttemptState::Succeeded)
            .expect("a succeeded payment has a succeeded attempt")
    }

    /// Money that nobody asked for: into suspense, and on its way back.
    pub(super) fn send_surplus(
        &mut self,
        place: usize,
        attempt: usize,
        more: (&Amount, &Amount),
        total: &Amount,
    ) {
        self.post_surplus(place, attempt, more, total);
        let reason = "Nobody asked for this money (any more)".to_owned();
        let number = self.new_refund(place, attempt, more.1.clone(), reason);
        self.payments[place].refunds[number].surplus = true;
    }

    fn new_refund(&mut self, place: usize, attempt: usize, amount: Amount, reason: String) -> usize {
        let id = self.id("rfd");
        let job = self.host_job(JOB_REFUND, &id, self.now);
        let stored = &mut self.payments[place];
        let refund = Refund {
            id,
            payment: stored.payment.id.clone(),
            amount,
            reason,
            state: RefundState::Pending,
            gateway_ref: None,
            failure: None,
            job,
            created_at: self.now,
            ended_at: None,
        };
        stored.refunds.push(Returned {
            refund,
            idempotency_key: None,
            surplus: false,
            all: false,
            gateway: stored.attempts[attempt].attempt.gateway.clone(),
            attempt,
            sent: None,
        });
        stored.refunds.len() - 1
    }

    /// What the gateway says of a refund. One that has ended stays as it is.
    pub(in crate::testing) fn apply_refund(
        &mut self,
        id: &str,
        outcome: &RefundOutcome,
    ) -> Result<(), PaymentError> {
        let found = self.payments.iter().enumerate().find_map(|(place, stored)| {
            let mut refunds = stored.refunds.iter();
            let number = refunds.position(|returned| returned.refund.id == id)?;
            Some((place, number))
        });
        let (place, number) = found.ok_or(PaymentError::NotFound)?;
        let now = self.now;
        let returned = &mut self.payments[place].refunds[number];
        let refund = &mut returned.refund;
        if refund.state != RefundState::Pending || *outcome == RefundOutcome::Pending {
            return Ok(());
        }
        refund.ended_at = Some(now);
        match outcome {
            RefundOutcome::Pending => {}
            RefundOutcome::Succeeded { gateway_ref } => {
                refund.state = RefundState::Succeeded;
                refund.gateway_ref = Some(gateway_ref.clone());
                self.refund_arrived(place, number);
            }
            RefundOutcome::Failed(failure) => {
                refund.state = RefundState::Failed;
                refund.failure = Some(failure.clone());
                self.refund_failed(place, number);
            }
        }
        Ok(())
    }

    /// What was in suspense until now has left; other money was posted when it was asked for.
    fn refund_arrived(&mut self, place: usize, number: usize) {
        let stored = &mut self.payments[place];
        let returned = &mut stored.refunds[number];
        if returned.surplus {
            returned.sent = stored.attempts[returned.attempt].send(&returned.refund.amount);
            self.post_refund(place, number);
        } else {
            let kind = EventKind::Refunded(returned.refund.id.clone());
            self.tell_refund(place, number, kind);
        }
    }

    /// What was posted when it was asked for is posted back; what is in suspense stays there.
    fn refund_failed(&mut self, place: usize, number: usize) {
        let stored = &mut self.payments[place];
        let returned = &stored.refunds[number];
        if returned.surplus {
            return;
        }
        let refund = &returned.refund;
        stored.attempts[returned.attempt].unsend(&refund.amount, returned.sent.as_ref());
        stored.payment.refunded.minor -= refund.amount.minor;
        let kind = EventKind::RefundFailed(refund.id.clone());
        self.post_failed_refund(place, number);
        self.tell_refund(place, number, kind);
    }

    fn tell_refund(&mut self, place: usize, number: usize, kind: EventKind) {
        let stored = &mut self.payments[place];
        stored.payment.updated_at = self.now;
        let attempt = stored.refunds[number].attempt;
        self.announce(place, kind, Some(attempt), Some(number));
    }
}

fn check(new: &NewRefund, currency: &str) -> Result<(), InvalidField> {
    if let Some(amount) = &new.amount {
        rules::check_part(amount, currency)?;
    }
    text("reason", &new.reason, 0..=500)?;
    new.idempotency_key
        .as_deref()
        .map_or(Ok(()), |key| text("idempotency-key", key, 1..=200))
}
