//! Every failure, in the provider's words: `{"success":false,"message":"…","error":"code"}`, with `errors` by field on 422.

use std::collections::BTreeMap;

use mooring_sdk::jobs::{JobError, JobFailure};
use mooring_sdk::ledger::LedgerError;
use mooring_sdk::payments::PaymentError;
use mooring_sdk::prelude::*;
use mooring_sdk::records::RecordError;
use mooring_sdk::services::ServiceError;
use mooring_sdk::settings::SettingsError;
use mooring_sdk::users::UserError;
use mooring_sdk::webhooks::EventError;
use mooring_sdk::{CredentialFailure, Denial, InvalidField, log};
use serde::Serialize;

/// What a request fails with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no such thing: `subscription`, `plan`.
    NotFound(&'static str),
    /// What is there does not allow that: a code, and why.
    Conflict(&'static str, String),
    /// A gateway said no, and why.
    Gateway(&'static str, String),
    /// A setting that the operator has given cannot be used: which, and why.
    Misconfigured(&'static str, String),
    /// A field of the request breaks a rule.
    Invalid(InvalidField),
    /// What the host or the SDK fails with.
    Problem(Problem),
}

#[derive(Serialize)]
struct Failed<'e> {
    success: bool,
    message: &'e str,
    error: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<BTreeMap<&'e str, [&'e str; 1]>>,
}

impl Error {
    /// A field of the request breaks a rule, and why.
    pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Error {
        Error::Invalid(InvalidField::new(field, reason))
    }

    pub(crate) fn conflict(code: &'static str, why: impl Into<String>) -> Error {
        Error::Conflict(code, why.into())
    }

    /// For where there is no caller to be answered: the operator reads it.
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Error::Invalid(invalid) => Problem::Invalid(invalid),
            Error::Problem(problem) => problem,
            error => Problem::Internal(format!("{error:?}")),
        }
    }

    /// For a job: whatever fails may be better later, when the operator has put a setting right or the host works again.
    pub(crate) fn into_failure(self) -> JobFailure {
        JobFailure::retry(format!("{:?}", self.into_problem()))
    }

    /// The one place that words failures.
    pub(crate) fn respond(&self) -> Response {
        let (status, error, message) = match self {
            Error::NotFound(what) => (404, "not_found", format!("There is no such {what}.")),
            Error::Conflict(code, why) => (409, *code, why.clone()),
            Error::Gateway(code, why) => (422, *code, why.clone()),
            Error::Misconfigured(setting, why) => {
                log::error(&format!("the setting `{setting}` cannot be used: {why}"));
                let message = format!("The setting `{setting}` cannot be used: {why}.");
                (503, "misconfigured", message)
            }
            Error::Invalid(invalid) | Error::Problem(Problem::Invalid(invalid)) => {
                return unprocessable(invalid);
            }
            // Whatever is wrong with a body is a validation error.
            Error::Problem(Problem::Unreadable(text)) => {
                return failure(422, "validation_failed", text, Some(("body", text)));
            }
            Error::Problem(problem) => worded(problem),
        };
        failure(status, error, &message, None)
    }
}

fn failure(status: u16, error: &str, message: &str, field: Option<(&str, &str)>) -> Response {
    let body = Failed {
        success: false,
        message,
        error,
        errors: field.map(|(field, reason)| BTreeMap::from([(field, [reason])])),
    };
    Response::json(status, &body)
}

/// With what is wrong beside the field that it is about.
fn unprocessable(invalid: &InvalidField) -> Response {
    let field = match invalid.field.as_str() {
        "" => "body",
        field => field,
    };
    let reason = invalid.reason.as_str();
    failure(
        422,
        "validation_failed",
        &invalid.to_string(),
        Some((field, reason)),
    )
}

fn worded(problem: &Problem) -> (u16, &'static str, String) {
    let (error, message) = match problem {
        Problem::Rejected(cause) => return rejected(cause),
        Problem::Unreadable(text) => return (422, "validation_failed", text.clone()),
        Problem::NotFound => ("not_found", "Not found.".to_owned()),
        Problem::Conflict(text) => ("conflict", text.clone()),
        Problem::Denied(Denial::Anonymous) => ("unauthorized", UNSIGNED.to_owned()),
        Problem::Denied(Denial::OverBudget) => ("service_unavailable", UNAVAILABLE.to_owned()),
        Problem::Invalid(invalid) => return (422, "validation_failed", invalid.to_string()),
        Problem::Other(_, text) => ("error", text.clone()),
        Problem::Denied(Denial::ReadOnly) | Problem::Internal(_) => {
            log::error(&format!("{problem:?}"));
            ("server_error", "Server error.".to_owned())
        }
    };
    (problem.status(), error, message)
}

const UNSIGNED: &str = "X-Api-Key, X-Timestamp and X-Signature are required.";
const UNAVAILABLE: &str = "Service unavailable.";

fn rejected(cause: &Cause) -> (u16, &'static str, String) {
    let (error, message) = match cause {
        Cause::NoRoute => ("not_found", "Not found.".to_owned()),
        Cause::MethodNotAllowed(_) => ("method_not_allowed", "Method not allowed.".to_owned()),
        Cause::Unauthenticated(failure) => return unauthorized(*failure),
        Cause::MissingScope(scope) => ("forbidden", format!("The key lacks the scope {scope}.")),
        Cause::RateLimited(_) => ("rate_limited", "Too many requests.".to_owned()),
        Cause::BodyTooLarge(max) => (
            "payload_too_large",
            format!("The body is larger than {max} bytes."),
        ),
        Cause::BodyTimeout => ("request_timeout", "Request timeout.".to_owned()),
        Cause::Malformed(why) => ("bad_request", format!("Bad request: {why}")),
        Cause::IdempotencyKeyReused => (
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request.".to_owned(),
        ),
        Cause::Unavailable(_) => ("service_unavailable", UNAVAILABLE.to_owned()),
        Cause::Deadline => ("gateway_timeout", "Gateway timeout.".to_owned()),
        Cause::PluginFailed => ("bad_gateway", "Bad gateway.".to_owned()),
        Cause::HostFailed => ("server_error", "Server error.".to_owned()),
    };
    (cause.status(), error, message)
}

fn unauthorized(failure: CredentialFailure) -> (u16, &'static str, String) {
    let (error, message) = match failure {
        CredentialFailure::Missing => ("unauthorized", UNSIGNED),
        CredentialFailure::Stale => (
            "stale_timestamp",
            "X-Timestamp is more than five minutes from now.",
        ),
        CredentialFailure::BadSignature => ("invalid_signature", "X-Signature is not valid."),
        CredentialFailure::Malformed | CredentialFailure::Unknown => {
            ("invalid_api_key", "The API key is not valid.")
        }
        CredentialFailure::Expired | CredentialFailure::Revoked => {
            // A key that was is an application that is switched off.
            return (
                403,
                "application_disabled",
                "The API key is no longer valid.".to_owned(),
            );
        }
    };
    (401, error, message.to_owned())
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        match problem {
            // The provider spells its fields with an underscore, and the contract with a hyphen.
            Problem::Invalid(invalid) => Error::invalid(&invalid.field.replace('-', "_"), invalid.reason),
            problem => Error::Problem(problem),
        }
    }
}

impl From<UserError> for Error {
    fn from(error: UserError) -> Error {
        match error {
            UserError::EmailTaken(_) => Error::invalid("email", "has been taken"),
            UserError::NotFound => Error::NotFound("customer"),
            error => Problem::from(error).into(),
        }
    }
}

mooring_sdk::through_problem!(Error: EventError JobError LedgerError PaymentError RecordError ServiceError SettingsError);
