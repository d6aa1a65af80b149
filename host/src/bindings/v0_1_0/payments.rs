//! `payments`, and the events that `on-event` is given.

use mooring_core::ids::{PaymentId, UserId};
use mooring_core::payments as core;
use mooring_core::time::Timestamp;
use mooring_manifest::Gateway;

use super::wit::mooring::plugin::payments::{
    Attempt, AttemptState, CaptureMode, Event, EventKind, Failure, Fee, FeePayer, Host, NewPayment,
    NewRefund, Payment, PaymentError, PaymentFilter, PaymentPage, Refund, RefundState, Settlement, Status,
    Tolerance,
};
use super::{amount, common_errors, types};
use crate::bindings::{Desk, Directory};

impl Host for Desk {
    fn create(&mut self, payment: NewPayment) -> Result<Payment, PaymentError> {
        self.check_record("metadata", &payment.metadata)?;
        let new = from_new_payment(payment)?;
        let made = core::create(self.write()?, new)?;
        Ok(to_payment(&self.office.directory, made))
    }

    fn get(&mut self, id: String) -> Result<Payment, PaymentError> {
        let found = core::get(self.read()?, &parse(&id)?)?;
        Ok(to_payment(&self.office.directory, found))
    }

    fn find(&mut self, reference: String) -> Result<Payment, PaymentError> {
        let found = core::find(self.read()?, &reference)?;
        Ok(to_payment(&self.office.directory, found))
    }

    fn list(&mut self, filter: PaymentFilter, page: types::Page) -> Result<PaymentPage, PaymentError> {
        let filter = core::Filter {
            user: filter.user.map(UserId),
            status: filter.status.map(core::Status::from),
        };
        let listing = core::list(self.read()?, &filter, page.into())?;
        let items = listing.items.into_iter();
        Ok(PaymentPage {
            items: items
                .map(|payment| to_payment(&self.office.directory, payment))
                .collect(),
            total: listing.total,
        })
    }

    fn attempts(&mut self, id: String) -> Result<Vec<Attempt>, PaymentError> {
        let attempts = core::attempts(self.read()?, &parse(&id)?)?;
        Ok(attempts.into_iter().map(Attempt::from).collect())
    }

    fn refunds(&mut self, id: String) -> Result<Vec<Refund>, PaymentError> {
        let refunds = core::refunds(self.read()?, &parse(&id)?)?;
        Ok(refunds.into_iter().map(Refund::from).collect())
    }

    fn cancel(&mut self, id: String) -> Result<Payment, PaymentError> {
        let ended = core::cancel(self.write()?, &parse(&id)?)?;
        Ok(to_payment(&self.office.directory, ended))
    }

    fn fail(&mut self, id: String, reason: Failure) -> Result<Payment, PaymentError> {
        let ended = core::fail(self.write()?, &parse(&id)?, reason.into())?;
        Ok(to_payment(&self.office.directory, ended))
    }

    fn request_refund(&mut self, refund: NewRefund) -> Result<Refund, PaymentError> {
        let payment = parse(&refund.payment)?;
        let new = core::NewRefund {
            amount: refund.amount.map(|value| amount("amount", value)).transpose()?,
            reason: refund.reason,
            idempotency_key: refund.idempotency_key,
            payment,
        };
        self.require(&new.payment, core::AttemptState::Succeeded, |gateway| {
            gateway.refunds
        })?;
        Ok(core::refund(self.write()?, new)?.into())
    }

    fn capture(&mut self, id: String, amount: Option<types::Amount>) -> Result<String, PaymentError> {
        let id = parse(&id)?;
        let amount = amount.map(|value| self::amount("amount", value)).transpose()?;
        self.require(&id, core::AttemptState::Authorized, |gateway| gateway.captures)?;
        Ok(core::capture(self.write()?, &id, amount)?.to_string())
    }

    fn void(&mut self, id: String) -> Result<String, PaymentError> {
        let id = parse(&id)?;
        self.require(&id, core::AttemptState::Authorized, |gateway| gateway.captures)?;
        Ok(core::void(self.write()?, &id)?.to_string())
    }
}

impl Desk {
    /// Refuses what the gateway of the payment's attempt in this state says that it cannot do. A gateway that is not loaded
    /// now may be able to: its job waits for it. Without such an attempt the core knows better what is wrong.
    fn require(
        &mut self,
        payment: &PaymentId,
        state: core::AttemptState,
        can: fn(&Gateway) -> bool,
    ) -> Result<(), PaymentError> {
        let attempts = core::attempts(self.write()?, payment)?;
        let Some(attempt) = attempts.into_iter().find(|attempt| attempt.state == state) else {
            return Ok(());
        };
        match self.office.directory.gateway(&attempt.gateway) {
            Some(gateway) if !can(&gateway) => Err(core::PaymentError::NotSupported(attempt.gateway).into()),
            _ => Ok(()),
        }
    }
}

/// What is no id is nobody's id.
fn parse(id: &str) -> Result<PaymentId, PaymentError> {
    PaymentId::parse(id).map_err(|_| PaymentError::NotFound)
}

pub(crate) fn to_event(directory: &Directory, announcement: core::Announcement) -> Event {
    Event {
        kind: announcement.kind.into(),
        payment: to_payment(directory, announcement.payment),
        attempt: announcement.attempt.map(Attempt::from),
        refund: announcement.refund.map(Refund::from),
        extensions: Vec::new(),
    }
}

fn to_payment(directory: &Directory, payment: core::Payment) -> Payment {
    let pay_url = directory.pay_url(&payment.plugin, &payment.reference);
    Payment {
        id: payment.id.to_string(),
        reference: payment.reference,
        status: payment.status.into(),
        amount: payment.amount.into(),
        due: payment.due.into(),
        user: payment.user.map(|user| user.0),
        description: payment.description,
        metadata: payment.metadata.as_str().to_owned(),
        success_url: payment.success_url,
        cancel_url: payment.cancel_url,
        failure_url: payment.failure_url,
        expires_at: payment.expires_at.map(Timestamp::millis),
        locale: payment.locale,
        received: payment.received.into(),
        fee: payment.fee.into(),
        refunded: payment.refunded.into(),
        settlement: payment.settlement.map(Settlement::from),
        failure: payment.failure.map(Failure::from),
        paid_at: payment.paid_at.map(Timestamp::millis),
        pay_url,
        created_at: payment.created_at.millis(),
        updated_at: payment.updated_at.millis(),
        extensions: Vec::new(),
    }
}

fn from_new_payment(payment: NewPayment) -> Result<core::NewPayment, PaymentError> {
    Ok(core::NewPayment {
        reference: payment.reference,
        amount: amount("amount", payment.amount)?,
        user: payment.user.map(UserId),
        description: payment.description,
        metadata: payment.metadata,
        success_url: payment.success_url,
        cancel_url: payment.cancel_url,
        failure_url: payment.failure_url,
        expires_at: payment.expires_at.map(Timestamp),
        gateways: payment.gateways,
        fiat_only: payment.fiat_only,
        crypto_only: payment.crypto_only,
        capture: payment.capture.into(),
        locale: payment.locale,
        fee: payment.fee.map(core::Fee::from),
        tolerance: payment.tolerance.map(core::Tolerance::from),
    })
}

impl From<core::Attempt> for Attempt {
    fn from(attempt: core::Attempt) -> Attempt {
        Attempt {
            id: attempt.id.to_string(),
            number: attempt.number,
            gateway: attempt.gateway.to_string(),
            method: attempt.method,
            state: attempt.state.into(),
            gateway_ref: attempt.gateway_ref,
            received: attempt.received.map(types::Amount::from),
            failure: attempt.failure.map(Failure::from),
            details: attempt.details.as_str().to_owned(),
            created_at: attempt.created_at.millis(),
            ended_at: attempt.ended_at.map(Timestamp::millis),
            extensions: Vec::new(),
        }
    }
}

impl From<core::Refund> for Refund {
    fn from(refund: core::Refund) -> Refund {
        Refund {
            id: refund.id.to_string(),
            payment: refund.payment.to_string(),
            amount: refund.amount.into(),
            reason: refund.reason,
            state: refund.state.into(),
            gateway_ref: refund.gateway_ref,
            failure: refund.failure.map(Failure::from),
            job: refund.job.to_string(),
            created_at: refund.created_at.millis(),
            ended_at: refund.ended_at.map(Timestamp::millis),
            extensions: Vec::new(),
        }
    }
}

impl From<core::EventKind> for EventKind {
    fn from(kind: core::EventKind) -> EventKind {
        match kind {
            core::EventKind::AttemptFailed => EventKind::AttemptFailed,
            core::EventKind::Processing => EventKind::Processing,
            core::EventKind::Authorized => EventKind::Authorized,
            core::EventKind::Succeeded => EventKind::Succeeded,
            core::EventKind::Failed => EventKind::Failed,
            core::EventKind::Expired => EventKind::Expired,
            core::EventKind::Cancelled => EventKind::Cancelled,
            core::EventKind::Refunded(refund) => EventKind::Refunded(refund.to_string()),
            core::EventKind::RefundFailed(refund) => EventKind::RefundFailed(refund.to_string()),
        }
    }
}

impl From<core::Failure> for Failure {
    fn from(failure: core::Failure) -> Failure {
        Failure {
            code: failure.code,
            message: failure.message,
        }
    }
}

impl From<Failure> for core::Failure {
    fn from(failure: Failure) -> core::Failure {
        core::Failure {
            code: failure.code,
            message: failure.message,
        }
    }
}

impl From<Fee> for core::Fee {
    fn from(fee: Fee) -> core::Fee {
        core::Fee {
            parts_per_million: fee.parts_per_million,
            fixed_minor: fee.fixed_minor,
            paid_by: match fee.paid_by {
                FeePayer::Merchant => core::FeePayer::Merchant,
                FeePayer::Payer => core::FeePayer::Payer,
            },
        }
    }
}

impl From<Tolerance> for core::Tolerance {
    fn from(tolerance: Tolerance) -> core::Tolerance {
        core::Tolerance {
            short_minor: tolerance.short_minor,
            short_ppm: tolerance.short_ppm,
            partial_min_ppm: tolerance.partial_min_ppm,
        }
    }
}

impl From<CaptureMode> for core::CaptureMode {
    fn from(mode: CaptureMode) -> core::CaptureMode {
        match mode {
            CaptureMode::Automatic => core::CaptureMode::Automatic,
            CaptureMode::Manual => core::CaptureMode::Manual,
        }
    }
}

impl From<core::CaptureMode> for CaptureMode {
    fn from(mode: core::CaptureMode) -> CaptureMode {
        match mode {
            core::CaptureMode::Automatic => CaptureMode::Automatic,
            core::CaptureMode::Manual => CaptureMode::Manual,
        }
    }
}

impl From<core::Settlement> for Settlement {
    fn from(settlement: core::Settlement) -> Settlement {
        match settlement {
            core::Settlement::Exact => Settlement::Exact,
            core::Settlement::Partial => Settlement::Partial,
            core::Settlement::Overpaid => Settlement::Overpaid,
        }
    }
}

impl From<core::Status> for Status {
    fn from(status: core::Status) -> Status {
        match status {
            core::Status::Pending => Status::Pending,
            core::Status::Processing => Status::Processing,
            core::Status::Authorized => Status::Authorized,
            core::Status::Succeeded => Status::Succeeded,
            core::Status::Failed => Status::Failed,
            core::Status::Expired => Status::Expired,
            core::Status::Cancelled => Status::Cancelled,
        }
    }
}

impl From<Status> for core::Status {
    fn from(status: Status) -> core::Status {
        match status {
            Status::Pending => core::Status::Pending,
            Status::Processing => core::Status::Processing,
            Status::Authorized => core::Status::Authorized,
            Status::Succeeded => core::Status::Succeeded,
            Status::Failed => core::Status::Failed,
            Status::Expired => core::Status::Expired,
            Status::Cancelled => core::Status::Cancelled,
        }
    }
}

impl From<core::AttemptState> for AttemptState {
    fn from(state: core::AttemptState) -> AttemptState {
        match state {
            core::AttemptState::Starting => AttemptState::Starting,
            core::AttemptState::Waiting => AttemptState::Waiting,
            core::AttemptState::Processing => AttemptState::Processing,
            core::AttemptState::Unknown => AttemptState::Unknown,
            core::AttemptState::Authorized => AttemptState::Authorized,
            core::AttemptState::Succeeded => AttemptState::Succeeded,
            core::AttemptState::Declined => AttemptState::Declined,
            core::AttemptState::Cancelled => AttemptState::Cancelled,
        }
    }
}

impl From<AttemptState> for core::AttemptState {
    fn from(state: AttemptState) -> core::AttemptState {
        match state {
            AttemptState::Starting => core::AttemptState::Starting,
            AttemptState::Waiting => core::AttemptState::Waiting,
            AttemptState::Processing => core::AttemptState::Processing,
            AttemptState::Unknown => core::AttemptState::Unknown,
            AttemptState::Authorized => core::AttemptState::Authorized,
            AttemptState::Succeeded => core::AttemptState::Succeeded,
            AttemptState::Declined => core::AttemptState::Declined,
            AttemptState::Cancelled => core::AttemptState::Cancelled,
        }
    }
}

impl From<core::RefundState> for RefundState {
    fn from(state: core::RefundState) -> RefundState {
        match state {
            core::RefundState::Pending => RefundState::Pending,
            core::RefundState::Succeeded => RefundState::Succeeded,
            core::RefundState::Failed => RefundState::Failed,
        }
    }
}

common_errors!(PaymentError);

impl From<core::PaymentError> for PaymentError {
    fn from(error: core::PaymentError) -> PaymentError {
        match error {
            core::PaymentError::NotFound => PaymentError::NotFound,
            core::PaymentError::ReferenceTaken(id) => {
                PaymentError::ReferenceTaken(id.map(|id| id.to_string()))
            }
            core::PaymentError::UnknownUser(user) => PaymentError::UnknownUser(user.0),
            core::PaymentError::WrongStatus(status) => PaymentError::WrongStatus(status.into()),
            core::PaymentError::TooMuch(left) => PaymentError::TooMuch(left.into()),
            core::PaymentError::NotSupported(gateway) => PaymentError::NotSupported(gateway.to_string()),
            core::PaymentError::KeyReused(refund) => PaymentError::KeyReused(refund.to_string()),
            core::PaymentError::Invalid(invalid) => invalid.into(),
            core::PaymentError::Store(error) => error.into(),
            // A plugin begins no attempts.
            other @ core::PaymentError::AttemptOpen(_) => PaymentError::Internal(other.to_string()),
        }
    }
}
