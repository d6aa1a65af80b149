//! Ending a payment, taking or releasing what is reserved, and the jobs of the host.

use super::super::State;
use super::{JOB_ABANDON, JOB_CAPTURE, JOB_EXPIRE, JOB_REFUND, rules};
use crate::gateway::Progress;
use crate::jobs::Job;
use crate::money::Amount;
use crate::payments::{AttemptState, EventKind, Failure, Payment, PaymentError, Status};
use crate::problem::InvalidField;
use crate::testing::RefundOutcome;

/// How long a payment whose money is under way is left alone after its time.
const EXPIRE_AGAIN_MS: u64 = 60_000;

impl State {
    pub(in super::super) fn payment_cancel(&mut self, id: &str) -> Result<Payment, PaymentError> {
        let place = self.place(id)?;
        match self.payments[place].payment.status {
            Status::Cancelled => {}
            Status::Pending | Status::Processing | Status::Authorized => {
                self.abandon(place);
                self.payment_step(place, Status::Cancelled, EventKind::Cancelled, None);
            }
            status => return Err(PaymentError::WrongStatus(status)),
        }
        Ok(self.payments[place].payment.clone())
    }

    pub(in super::super) fn payment_fail(
        &mut self,
        id: &str,
        reason: Failure,
    ) -> Result<Payment, PaymentError> {
        let place = self.place(id)?;
        match self.payments[place].payment.status {
            Status::Failed => {}
            Status::Pending | Status::Processing | Status::Authorized => {
                self.abandon(place);
                self.payments[place].payment.failure = Some(reason);
                self.payment_step(place, Status::Failed, EventKind::Failed, None);
            }
            status => return Err(PaymentError::WrongStatus(status)),
        }
        Ok(self.payments[place].payment.clone())
    }

    /// Ends a payment whose time is over, unless its money is under way.
    pub(in crate::testing) fn payment_expire(&mut self, id: &str) -> Result<(), PaymentError> {
        let place = self.place(id)?;
        match self.payments[place].payment.status {
            Status::Pending => {
                self.abandon(place);
                self.payment_step(place, Status::Expired, EventKind::Expired, None);
            }
            Status::Processing | Status::Authorized => {
                self.host_job(JOB_EXPIRE, id, self.now + EXPIRE_AGAIN_MS);
            }
            Status::Succeeded | Status::Failed | Status::Expired | Status::Cancelled => {}
        }
        Ok(())
    }

    fn abandon(&mut self, place: usize) -> Option<String> {
        self.open_attempt(place)?;
        if self.payments[place].abandons.is_none() {
            let id = self.payments[place].payment.id.clone();
            self.payments[place].abandons = Some(self.host_job(JOB_ABANDON, &id, self.now));
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
        let amount = amount.unwrap_or_else(|| reserved.clone());
        rules::check_amount(&amount).map_err(PaymentError::Invalid)?;
        if amount.currency != reserved.currency {
            let why = "must be in the payment's currency";
            return Err(PaymentError::Invalid(InvalidField::new("currency", why)));
        }
        if amount.minor > reserved.minor {
            return Err(PaymentError::TooMuch(reserved));
        }
        if self.payments[place].captures.is_none() {
            let job = self.host_job(JOB_CAPTURE, id, self.now);
            self.payments[place].captures = Some((job, amount));
        }
        let captures = self.payments[place].captures.as_ref();
        Ok(captures.map(|(job, _)| job.clone()).unwrap_or_default())
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
