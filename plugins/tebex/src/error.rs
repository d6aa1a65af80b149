//! Every failure, in the provider's words: `{"error_code":403,"error_message":"text"}`.

use mooring_sdk::jobs::JobError;
use mooring_sdk::ledger::LedgerError;
use mooring_sdk::money::MoneyError;
use mooring_sdk::payments::PaymentError;
use mooring_sdk::prelude::*;
use mooring_sdk::records::RecordError;
use mooring_sdk::services::ServiceError;
use mooring_sdk::settings::SettingsError;
use mooring_sdk::users::UserError;
use mooring_sdk::{CredentialFailure, Denial, InvalidField, log};
use serde::Serialize;

/// What a request fails with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// What the request names does not exist: `payment`, `coupon`.
    NoSuch(&'static str),
    /// The request makes sense, and the store does not allow it: why.
    Refused(String),
    /// A field of the request breaks a rule.
    Invalid(InvalidField),
    /// A setting or a piece of content that the operator has given cannot be used: which, and why.
    Misconfigured(String, String),
    /// What the host or the SDK fails with.
    Problem(Problem),
}

#[derive(Serialize)]
struct Failed<'e> {
    error_code: u16,
    error_message: &'e str,
}

impl Error {
    pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Error {
        Error::Invalid(InvalidField::new(field, reason))
    }

    pub(crate) fn refused(why: impl Into<String>) -> Error {
        Error::Refused(why.into())
    }

    pub(crate) fn misconfigured(what: impl Into<String>, why: impl Into<String>) -> Error {
        Error::Misconfigured(what.into(), why.into())
    }

    /// An amount that a field of the request cannot be read as.
    pub(crate) fn money(field: &'static str) -> impl Fn(MoneyError) -> Error {
        move |error| Error::invalid(field, error.to_string())
    }

    /// For where there is no caller to be answered: the operator reads it.
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Error::Invalid(invalid) => Problem::Invalid(invalid),
            Error::Problem(problem) => problem,
            error => Problem::Internal(format!("{error:?}")),
        }
    }

    /// The one place that words failures.
    pub(crate) fn respond(&self) -> Response {
        let (status, message) = match self {
            Error::NoSuch(what) => (404, format!("No {what} could be found with the specified id.")),
            Error::Refused(why) => (422, why.clone()),
            Error::Invalid(invalid) | Error::Problem(Problem::Invalid(invalid)) => (422, invalid.to_string()),
            Error::Misconfigured(what, why) => {
                log::error(&format!("{what} cannot be used: {why}"));
                (503, format!("The webstore's {what} cannot be used: {why}."))
            }
            Error::Problem(problem) => worded(problem),
        };
        let failed = Failed {
            error_code: status,
            error_message: &message,
        };
        Response::json(status, &failed)
    }
}

const SERVER_ERROR: &str = "The webstore could not process this request. Try again later.";
const NO_KEY: &str = "Please specify a secret key via the X-Tebex-Secret header.";
const WRONG_KEY: &str = "No server could be found with the specified secret key.";

fn worded(problem: &Problem) -> (u16, String) {
    let message = match problem {
        Problem::Rejected(cause) => return rejected(cause),
        Problem::NotFound => "Not found.".to_owned(),
        Problem::Denied(Denial::Anonymous) => return (403, NO_KEY.to_owned()),
        Problem::Denied(Denial::OverBudget) => SERVER_ERROR.to_owned(),
        Problem::Unreadable(text) | Problem::Conflict(text) | Problem::Other(_, text) => text.clone(),
        Problem::Invalid(invalid) => invalid.to_string(),
        Problem::Denied(Denial::ReadOnly) | Problem::Internal(_) => {
            log::error(&format!("{problem:?}"));
            SERVER_ERROR.to_owned()
        }
    };
    (problem.status(), message)
}

fn rejected(cause: &Cause) -> (u16, String) {
    let message = match cause {
        // The provider has no 401: whatever is wrong with a secret is a 403.
        Cause::Unauthenticated(CredentialFailure::Missing) => return (403, NO_KEY.to_owned()),
        Cause::Unauthenticated(_) => return (403, WRONG_KEY.to_owned()),
        Cause::NoRoute => "Not found.".to_owned(),
        Cause::MethodNotAllowed(_) => "Method not allowed.".to_owned(),
        Cause::RateLimited(seconds) => format!("Too many requests. Wait {seconds} s."),
        Cause::BodyTooLarge(max) => format!("The body is larger than {max} bytes."),
        Cause::BodyTimeout => "The body did not arrive in time.".to_owned(),
        Cause::Malformed(why) => format!("Malformed request: {why}."),
        Cause::Unavailable(_) | Cause::Deadline | Cause::PluginFailed | Cause::HostFailed => {
            SERVER_ERROR.to_owned()
        }
        Cause::MissingScope(_) => "This secret cannot do that.".to_owned(),
        Cause::IdempotencyKeyReused => "This idempotency key was used for another request.".to_owned(),
    };
    (cause.status(), message)
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        match problem {
            Problem::Invalid(invalid) => Error::Invalid(invalid),
            problem => Error::Problem(problem),
        }
    }
}

mooring_sdk::through_problem!(Error: JobError LedgerError PaymentError RecordError ServiceError SettingsError UserError);
