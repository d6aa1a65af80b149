//! Every failure, in the provider's words: `{"error":{"message":"..."}}`.

use mooring_sdk::jobs::JobError;
use mooring_sdk::payments::PaymentError;
use mooring_sdk::prelude::*;
use mooring_sdk::records::RecordError;
use mooring_sdk::settings::SettingsError;
use mooring_sdk::users::UserError;
use mooring_sdk::webhooks::EventError;
use mooring_sdk::{Denial, InvalidField, log};

use crate::model::{Failure, Message};

/// What a request fails with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The reseller has no such client.
    ClientNotFound,
    /// The reseller has no such payment.
    PaymentNotFound,
    /// Somebody paid: it stays.
    HasPaid(&'static str),
    /// The list of a client's payments would be too long for an answer.
    TooManyPayments,
    /// There is no address to send a test to.
    NoWebhook(&'static str),
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// What the host or the SDK fails with.
    Problem(Problem),
}

/// As the provider's documents spell it, without the key that they repeat behind it.
const WRONG_KEY: &str = "Not correct secret key reseller";
const TOO_MANY_PAYMENTS: &str =
    "The client has too many payments for one list; get them one by one (payments/id, payments/uuid)";

impl Error {
    /// A field of the request breaks a rule, and why.
    pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Error {
        Error::Invalid(InvalidField::new(field, reason))
    }

    /// The one place that words failures.
    pub(crate) fn respond(&self) -> Response {
        let (status, message) = match self {
            Error::ClientNotFound => (404, "Client not found".to_owned()),
            Error::PaymentNotFound => (404, "Payment not found".to_owned()),
            Error::HasPaid(what) => (422, (*what).to_owned()),
            Error::TooManyPayments => (422, TOO_MANY_PAYMENTS.to_owned()),
            Error::NoWebhook(setting) => (422, format!("No webhook address is set ({setting})")),
            Error::Invalid(invalid) => (422, invalid.to_string()),
            Error::Problem(problem) => worded(problem),
        };
        Response::json(
            status,
            &Failure {
                error: Message { message: &message },
            },
        )
    }
}

fn worded(problem: &Problem) -> (u16, String) {
    let message = match problem {
        Problem::Rejected(cause) => return rejected(cause),
        // Whatever is wrong with an input is a validation error.
        Problem::Unreadable(text) | Problem::Conflict(text) => return (422, text.clone()),
        Problem::Invalid(invalid) => return (422, invalid.to_string()),
        Problem::NotFound => "Not found",
        Problem::Denied(Denial::Anonymous) => WRONG_KEY,
        Problem::Denied(Denial::OverBudget) => "Service unavailable",
        Problem::Other(_, text) => text,
        Problem::Denied(Denial::ReadOnly) | Problem::Internal(_) => {
            log::error(&format!("{problem:?}"));
            "Internal error"
        }
    };
    (problem.status(), message.to_owned())
}

fn rejected(cause: &Cause) -> (u16, String) {
    let (status, message) = match cause {
        Cause::NoRoute => (404, "Not found"),
        Cause::MethodNotAllowed(_) => (405, "Method not allowed"),
        Cause::Unauthenticated(_) | Cause::MissingScope(_) => (401, WRONG_KEY),
        Cause::RateLimited(_) => (429, "Too many requests"),
        Cause::BodyTooLarge(max) => return (413, format!("The body is larger than {max} bytes")),
        Cause::BodyTimeout => (408, "The body did not arrive in time"),
        Cause::IdempotencyKeyReused => (422, "This Idempotency-Key was used for another request"),
        Cause::Malformed(why) => return (400, format!("Malformed request: {why}")),
        Cause::Unavailable(_) => (503, "Service unavailable"),
        Cause::Deadline => (504, "Timed out"),
        Cause::PluginFailed => (502, "Bad gateway"),
        Cause::HostFailed => (500, "Internal error"),
    };
    (status, message.to_owned())
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        match problem {
            Problem::Invalid(invalid) => Error::Invalid(invalid),
            problem => Error::Problem(problem),
        }
    }
}

impl From<UserError> for Error {
    fn from(error: UserError) -> Error {
        match error {
            UserError::NotFound => Error::ClientNotFound,
            UserError::EmailTaken(_) => Error::invalid("e_mail", "is taken by another client"),
            UserError::Invalid(InvalidField { field, reason }) if field == "email" => {
                Error::invalid("e_mail", reason)
            }
            error => Problem::from(error).into(),
        }
    }
}

impl From<PaymentError> for Error {
    fn from(error: PaymentError) -> Error {
        match error {
            PaymentError::NotFound => Error::PaymentNotFound,
            // Nothing that a caller can send: the operator's settings are checked before, so this is for the log.
            PaymentError::Invalid(InvalidField { field, reason }) if field == "gateways" => {
                Problem::Internal(format!("the gateways of a payment system: {reason}")).into()
            }
            PaymentError::Invalid(InvalidField { field, reason }) => {
                let ours = match field.as_str() {
                    "amount" => "price",
                    "success-url" => "url_success",
                    "failure-url" => "url_error",
                    field => field,
                };
                Error::invalid(ours, reason)
            }
            error => Problem::from(error).into(),
        }
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Error {
        match error {
            RecordError::NotFound => Error::PaymentNotFound,
            error => Problem::from(error).into(),
        }
    }
}

impl From<JobError> for Error {
    fn from(error: JobError) -> Error {
        Problem::from(error).into()
    }
}

/// What ending payments fails with in a job.
impl From<Error> for JobFailure {
    fn from(error: Error) -> JobFailure {
        match error {
            Error::Problem(problem) => problem.into(),
            error => JobFailure::fatal(format!("{error:?}")),
        }
    }
}

impl From<SettingsError> for Error {
    fn from(error: SettingsError) -> Error {
        Problem::from(error).into()
    }
}

impl From<EventError> for Error {
    fn from(error: EventError) -> Error {
        Problem::from(error).into()
    }
}
