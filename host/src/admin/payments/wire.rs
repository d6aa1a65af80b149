//! Words of payments.

use mooring_core::payments;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a payment stands.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename = "PaymentStatus", rename_all = "kebab-case")]
pub(in crate::admin) enum Status {
    /// Waits for the payer.
    Pending,
    /// Money is under way, or it is not known whether it is.
    Processing,
    /// Reserved, not taken.
    Authorized,
    Succeeded,
    Failed,
    Expired,
    Cancelled,
}

/// How what arrived compares with what was due.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::admin) enum Settlement {
    Exact,
    Partial,
    Overpaid,
}

/// Why something was not paid or sent back.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentFailure)]
pub(in crate::admin) struct Failure {
    /// The gateway's or plugin's: `5051`, `card_declined`.
    code: String,
    message: String,
}

impl From<payments::Status> for Status {
    fn from(status: payments::Status) -> Status {
        match status {
            payments::Status::Pending => Status::Pending,
            payments::Status::Processing => Status::Processing,
            payments::Status::Authorized => Status::Authorized,
            payments::Status::Succeeded => Status::Succeeded,
            payments::Status::Failed => Status::Failed,
            payments::Status::Expired => Status::Expired,
            payments::Status::Cancelled => Status::Cancelled,
        }
    }
}

impl From<Status> for payments::Status {
    fn from(status: Status) -> payments::Status {
        match status {
            Status::Pending => payments::Status::Pending,
            Status::Processing => payments::Status::Processing,
            Status::Authorized => payments::Status::Authorized,
            Status::Succeeded => payments::Status::Succeeded,
            Status::Failed => payments::Status::Failed,
            Status::Expired => payments::Status::Expired,
            Status::Cancelled => payments::Status::Cancelled,
        }
    }
}

impl From<payments::Settlement> for Settlement {
    fn from(settlement: payments::Settlement) -> Settlement {
        match settlement {
            payments::Settlement::Exact => Settlement::Exact,
            payments::Settlement::Partial => Settlement::Partial,
            payments::Settlement::Overpaid => Settlement::Overpaid,
        }
    }
}

impl From<payments::Failure> for Failure {
    fn from(failure: payments::Failure) -> Failure {
        Failure {
            code: failure.code,
            message: failure.message,
        }
    }
}
