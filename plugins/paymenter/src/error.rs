//! Every failure, in the panel's words: `{"ok":false,"error":"..."}`.

use mooring_sdk::keys::KeyError;
use mooring_sdk::prelude::*;
use mooring_sdk::records::RecordError;
use mooring_sdk::services::ServiceError;
use mooring_sdk::users::UserError;
use mooring_sdk::{Denial, InvalidField, log};

use crate::model;

/// What a request fails with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No such service in the tenant, or none that can still be acted on.
    ServiceNotFound,
    /// No such invoice in the tenant.
    InvoiceNotFound,
    /// It exists, but is not the caller's to use so.
    Forbidden,
    /// A user with this e-mail exists; only the sign-up says so with a failure.
    AlreadyExists,
    /// A field of the request breaks a rule.
    Invalid(InvalidField),
    /// What the host or the SDK fails with.
    Problem(Problem),
}

impl Error {
    /// A field of the request breaks a rule, and why.
    pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Error {
        Error::Invalid(InvalidField::new(field, reason))
    }

    /// The one place that words failures.
    pub(crate) fn respond(&self) -> Response {
        let (status, text) = match self {
            Error::ServiceNotFound => (404, "service not found".to_owned()),
            Error::InvoiceNotFound => (404, "invoice not found".to_owned()),
            Error::Forbidden => (403, "forbidden".to_owned()),
            Error::AlreadyExists => (409, "already exists".to_owned()),
            Error::Invalid(invalid) => (422, invalid.to_string()),
            Error::Problem(problem) => worded(problem),
        };
        Response::json(
            status,
            &model::Failure {
                ok: false,
                error: &text,
            },
        )
    }
}

fn worded(problem: &Problem) -> (u16, String) {
    let text = match problem {
        Problem::Rejected(cause) => return rejected(cause),
        // The panel documents no 400: whatever is wrong with a body is a validation error.
        Problem::Unreadable(text) => return (422, text.clone()),
        Problem::Invalid(invalid) => return (422, invalid.to_string()),
        Problem::NotFound => "not found",
        Problem::Denied(Denial::Anonymous) => "invalid API key",
        Problem::Denied(Denial::OverBudget) => "service unavailable",
        Problem::Conflict(text) | Problem::Other(_, text) => text,
        Problem::Denied(Denial::ReadOnly) | Problem::Internal(_) => {
            log::error(&format!("{problem:?}"));
            "internal error"
        }
    };
    (problem.status(), text.to_owned())
}

fn rejected(cause: &Cause) -> (u16, String) {
    let (status, text) = match cause {
        Cause::NoRoute => (404, "not found"),
        Cause::MethodNotAllowed(_) => (405, "method not allowed"),
        // The panel answers a missing scope like a wrong key, and its troubleshooting tells people so.
        Cause::Unauthenticated(_) | Cause::MissingScope(_) => (401, "invalid API key"),
        Cause::RateLimited(_) => (429, "rate limited"),
        Cause::BodyTooLarge(max) => return (413, format!("request body too large: at most {max} bytes")),
        Cause::BodyTimeout => (408, "request timeout"),
        Cause::IdempotencyKeyReused => (422, "idempotency key was used for another request"),
        Cause::Malformed(why) => return (400, format!("bad request: {why}")),
        Cause::Unavailable(_) => (503, "service unavailable"),
        Cause::Deadline => (504, "gateway timeout"),
        Cause::PluginFailed => (502, "bad gateway"),
        Cause::HostFailed => (500, "internal error"),
    };
    (status, text.to_owned())
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        match problem {
            Problem::Invalid(invalid) => Error::Invalid(invalid),
            problem => Error::Problem(problem),
        }
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Error {
        match error {
            ServiceError::NotFound | ServiceError::WrongStatus(_) => Error::ServiceNotFound,
            ServiceError::NotYoursToLift(_) => Error::Forbidden,
            error => Problem::from(error).into(),
        }
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Error {
        Problem::from(error).into()
    }
}

impl From<UserError> for Error {
    fn from(error: UserError) -> Error {
        match error {
            UserError::EmailTaken(_) => Error::AlreadyExists,
            error => Problem::from(error).into(),
        }
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Error {
        match error {
            KeyError::ScopeNotHeld(_) => Error::Forbidden,
            // The panel spells its fields with an underscore.
            KeyError::Invalid(invalid) => Error::invalid(&invalid.field.replace('-', "_"), invalid.reason),
            error => Problem::from(error).into(),
        }
    }
}
