//! Money on its way back.

use super::super::{State, text};
use super::attempts::{clearing, entry};
use super::{JOB_REFUND, Returned, rules};
use crate::ledger::Direction;
use crate::money::Amount;
use crate::payments::{
    AttemptState, EventKind, Failure, NewRefund, PaymentError, Refund, RefundState, Status,
};
use crate::problem::InvalidField;
use crate::testing::RefundOutcome;

impl State {
    pub(super) fn refund_left(&self, place: usize) -> Amount {
        let payment = &self.payments[place].payment;
        Amount {
            minor: payment.received.minor - payment.refunded.minor,
            ..payment.received.clone()
        }
    }

    pub(in super::super) fn payment_refund(&mut self, new: NewRefund) -> Result<Refund, PaymentError> {
        let place = self.place(&new.payment)?;
        text("reason", &new.reason, 0..=500).map_err(PaymentError::Invalid)?;
        if let Some(amount) = &new.amount {
            rules::check_amount(amount).map_err(PaymentError::Invalid)?;
            if amount.currency != self.payments[place].payment.amount.currency {
                let why = "must be in the payment's currency";
                return Err(PaymentError::Invalid(InvalidField::new("currency", why)));
            }
        }
        if let Some(key) = &new.idempotency_key {
            text("idempotency-key", key, 1..=200).map_err(PaymentError::Invalid)?;
            let mut refunds = self.payments[place].refunds.iter();
            let same = |returned: &&Returned| returned.idempotency_key.as_ref() == Some(key);
            if let Some(Returned { refund, .. }) = refunds.find(same) {
                return match &new.amount {
                    Some(amount) if *amount != refund.amount => {
                        Err(PaymentError::KeyReused(refund.id.clone()))
                    }
                    _ => Ok(refund.clone()),
                };
            }
        }
        let status = self.payments[place].payment.status;
        if status != Status::Succeeded {
            return Err(PaymentError::WrongStatus(status));
        }
        let left = self.refund_left(place);
        let amount = new.amount.unwrap_or_else(|| left.clone());
        if amount.minor > left.minor || left.minor == 0 {
            return Err(PaymentError::TooMuch(left));
        }
        let gateway = self.paid_through(place);
        if self.without_refunds.contains(&gateway) {
            return Err(PaymentError::NotSupported(gateway));
        }
        let number = self.send_back(place, gateway, amount, new.reason, false);
        let returned = &mut self.payments[place].refunds[number];
        returned.idempotency_key = new.idempotency_key;
        let refund = returned.refund.clone();
        let payment = &mut self.payments[place].payment;
        payment.refunded.minor += refund.amount.minor;
        payment.updated_at = self.now;
        Ok(refund)
    }

    /// The gateway of the attempt that was charged.
    fn paid_through(&self, place: usize) -> String {
        let mut attempts = self.payments[place].attempts.iter();
        attempts
            .find(|tried| tried.attempt.state == AttemptState::Succeeded)
            .map(|tried| tried.attempt.gateway.clone())
            .expect("a succeeded payment has a succeeded attempt")
    }

    /// Money that nobody asked for: into suspense, and back.
    pub(super) fn surplus(&mut self, place: usize, number: usize, credited: &Amount) {
        let attempt = &self.payments[place].attempts[number].attempt;
        let (id, gateway) = (attempt.id.clone(), attempt.gateway.clone());
        let arrived = attempt.received.clone().unwrap_or_else(|| credited.clone());
        let mut entries = clearing(&gateway, &arrived, credited);
        entries.push(entry(self.suspense_account(), Direction::Credit, credited));
        self.post(format!("attempt:{id}:surplus"), entries);
        self.send_back(place, gateway, credited.clone(), String::new(), true);
    }

    fn send_back(
        &mut self,
        place: usize,
        gateway: String,
        amount: Amount,
        reason: String,
        surplus: bool,
    ) -> usize {
        let id = self.id("rfd");
        let job = self.host_job(JOB_REFUND, &id, self.now);
        let (from, key) = if surplus {
            (self.suspense_account(), format!("refund:{id}:surplus"))
        } else {
            (self.merchant_account(), format!("refund:{id}"))
        };
        let clearing = format!("gateway:{gateway}:clearing");
        self.post(
            key,
            vec![
                entry(from, Direction::Debit, &amount),
                entry(clearing, Direction::Credit, &amount),
            ],
        );
        let refund = Refund {
            id,
            payment: self.payments[place].payment.id.clone(),
            amount,
            reason,
            state: RefundState::Pending,
            gateway_ref: None,
            failure: None,
            job,
            created_at: self.now,
            ended_at: None,
        };
        let refunds = &mut self.payments[place].refunds;
        refunds.push(Returned {
            refund,
            idempotency_key: None,
            surplus,
            gateway,
        });
        refunds.len() - 1
    }

    /// What the gateway says of a refund. One that has ended stays as it is.
    pub(in crate::testing) fn apply_refund(
        &mut self,
        id: &str,
        outcome: &RefundOutcome,
    ) -> Result<(), PaymentError> {
        let mut places = (0..).zip(&self.payments).flat_map(|(place, stored)| {
            let refunds = (0..).zip(&stored.refunds);
            refunds.map(move |(number, returned)| (place, number, returned))
        });
        let found = places.find(|(_, _, returned)| returned.refund.id == id);
        let (place, number): (usize, usize) = found
            .map(|(place, number, _)| (place, number))
            .ok_or(PaymentError::NotFound)?;
        let now = self.now;
        let returned = &mut self.payments[place].refunds[number];
        let surplus = returned.surplus;
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
                let kind = EventKind::Refunded(refund.id.clone());
                if !surplus {
                    self.announce(place, kind, None, Some(number));
                }
            }
            RefundOutcome::Failed(failure) => self.refund_failed(place, number, failure.clone()),
        }
        Ok(())
    }

    /// The money stays: everything is posted back.
    fn refund_failed(&mut self, place: usize, number: usize, failure: Failure) {
        let returned = &mut self.payments[place].refunds[number];
        returned.refund.state = RefundState::Failed;
        returned.refund.failure = Some(failure);
        let (refund, surplus, gateway) = (
            returned.refund.clone(),
            returned.surplus,
            returned.gateway.clone(),
        );
        let to = if surplus {
            self.suspense_account()
        } else {
            self.merchant_account()
        };
        let entries = vec![
            entry(
                format!("gateway:{gateway}:clearing"),
                Direction::Debit,
                &refund.amount,
            ),
            entry(to, Direction::Credit, &refund.amount),
        ];
        self.post(format!("refund:{}:failed", refund.id), entries);
        if !surplus {
            let payment = &mut self.payments[place].payment;
            payment.refunded.minor -= refund.amount.minor;
            payment.updated_at = self.now;
            self.announce(place, EventKind::RefundFailed(refund.id), None, Some(number));
        }
    }

    fn suspense_account(&self) -> String {
        format!("suspense:{}", self.plugin)
    }
}
