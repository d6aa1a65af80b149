//! Ending a payment, taking or releasing what is reserved, and the jobs of the host.

use super::super::State;
use super::attempts::is_final;
use super::{JOB_ABANDON, JOB_CAPTURE, JOB_EXPIRE, JOB_REFUND, rules};
use crate::gateway::Progress;
use crate::jobs::Job;
use crate::money::Amount;
use crate::payments::{AttemptState, EventKind, Failure, Payment, PaymentError, Status};
use crate::problem::InvalidField;
use crate::testing::RefundOutcome;

impl State {
    pub(in super::super) fn payment_cancel(&mut self, id: &str) -> Result<Payment, PaymentError> {
        let place = self.place(id)?;
        match self.payments[place].payment.status {
            Status::Cancelled => {}
            status if is_final(status) => return Err(PaymentError::WrongStatus(status)),
            _ => self.close(place, Status::Cancelled, EventKind::Cancelled),
        }
        Ok(self.payments[place].payment.clone())
    }

    pub(in super::super) fn payment_fail(
        &mut self,
        id: &str,
        reason: Failure,
    ) -> Result<Payment, PaymentError> {
        let place = self.place(id)?;
        if reason.code.is_empty() {
            return Err(PaymentError::Invalid(InvalidField::new(
                "failure",
                "needs a code",
            )));
        }
        match self.payments[place].payment.status {
            Status::Failed => {}
            status if is_final(status) => return Err(PaymentError::WrongStatus(status)),
            _ => {
                self.payments[place].payment.failure = Some(reason);
                self.close(place, Status::Failed, EventKind::Failed);
            }
        }
        Ok(self.payments[place].payment.clone())
    }

    /// Ends a payment whose time is over. One whose money is under way ends once its attempt has ended without money.
    pub(in crate::testing) fn payment_expire(&mut self, id: &str) -> Result<(), PaymentError> {
        let place = self.place(id)?;
        if self.payments[place].payment.status == Status::Pending {
            self.close(place, Status::Expired, EventKind::Expired);
        }
        Ok(())
    }

    /// Ends an open payment without money, with its open attempt.
    fn close(&mut self, place: usize, status: Status, kind: EventKind) {
        let open = self.open_attempt(place);
        self.abandon(place);
        self.set_status(place, status);
        self.announce(place, kind, open, None);
    }

    /// Has the open attempt taken back, in the job whose id is given; one that was never taken to its gateway ends at once.
    pub(super) fn abandon(&mut self, place: usize) -> Option<String> {
        let open = self.open_attempt(place)?;
        let now = self.now;
        let stored = &mut self.payments[place];
        let attempt = &mut stored.attempts[open].attempt;
        if attempt.state == AttemptState::Starting {
            attempt.state = AttemptState::Cancelled;
            attempt.ended_at = Some(now);
            return None;
        }
        stored.captures = None;
        if stored.abandons.is_none() {
            let id = stored.payment.id.clone();
            let job = self.host_job(JOB_ABANDON, &id, now);
            self.payments[place].abandons = Some(job);
        }
        self.payments[place].abandons.clone()
    }

    pub(in super::super) fn payment_capture(
        &mut self,
        id: &str,
        amount: Option<Amount>,
    ) -> Result<String, PaymentError> {
        let place = self.authorized(id)?;
        let (reserved, gateway) = self.reserved(place);
        if self.without_captures.contains(&gateway) {
            return Err(PaymentError::NotSupported(gateway));
        }
        if let Some(amount) = &amount {
            rules::check_part(amount, &reserved.currency).map_err(PaymentError::Invalid)?;
        }
        if self.payments[place].abandons.is_some() {
            return Err(PaymentError::WrongStatus(Status::Cancelled));
        }
        let amount = amount.unwrap_or_else(|| reserved.clone());
        if amount.minor > reserved.minor {
            return Err(PaymentError::TooMuch(reserved));
        }
        Ok(self.schedule_capture(place, amount))
    }

    pub(in super::super) fn payment_void(&mut self, id: &str) -> Result<String, PaymentError> {
        let place = self.authorized(id)?;
        self.abandon(place).ok_or(PaymentError::NotFound)
    }

    fn authorized(&self, id: &str) -> Result<usize, PaymentError> {
        let place = self.place(id)?;
        match self.payments[place].payment.status {
            Status::Authorized => Ok(place),
            status => Err(PaymentError::WrongStatus(status)),
        }
    }

    /// What is reserved, in the payment's currency, and where.
    fn reserved(&self, place: usize) -> (Amount, String) {
        let stored = &self.payments[place];
        let tried = stored
            .attempts
            .last()
            .expect("an authorized payment has an attempt");
        let reserved = tried.credited.as_ref().or(tried.attempt.received.as_ref());
        (
            reserved.unwrap_or(&stored.payment.due).clone(),
            tried.attempt.gateway.clone(),
        )
    }

    /// Does a job of the host's own, as a gateway that does what it is asked would have it; a refund's outcome is the test's.
    pub(in crate::testing) fn do_host_job(
        &mut self,
        job: &Job,
        refund: &RefundOutcome,
    ) -> Result<(), PaymentError> {
        let subject: String = serde_json::from_str(&job.payload).expect("the host's own payload");
        match job.kind.as_str() {
            JOB_EXPIRE => self.payment_expire(&subject),
            JOB_REFUND => self.apply_refund(&subject, refund),
            JOB_ABANDON => self.apply(&subject, Progress::new(AttemptState::Cancelled)),
            JOB_CAPTURE => {
                let place = self.place(&subject)?;
                match self.payments[place].captures.clone() {
                    Some((_, amount)) => {
                        let credited = Some(amount.clone());
                        let progress = Progress {
                            credited,
                            ..Progress::succeeded(amount)
                        };
                        self.apply(&subject, progress)
                    }
                    None => Ok(()),
                }
            }
            other => panic!("the host has no job of the kind `{other}`"),
        }
    }
}
