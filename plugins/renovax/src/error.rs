//! Every failure, in the provider's words: `{"error":"code","message":"text"}`.

use std::collections::BTreeMap;

use mooring_sdk::ledger::LedgerError;
use mooring_sdk::payments::PaymentError;
use mooring_sdk::prelude::*;
use mooring_sdk::records::RecordError;
use mooring_sdk::settings::SettingsError;
use mooring_sdk::users::UserError;
use mooring_sdk::webhooks::EventError;
use mooring_sdk::{Denial, InvalidField, log};

use crate::MERCHANT;
use crate::model::{Failed, Status};

/// What a request fails with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A user token of nobody, or of a user whose role does not allow this.
    ForbiddenRole(&'static str),
    /// The operator has switched the merchant off.
    MerchantInactive,
    /// No such invoice of this merchant.
    InvoiceNotFound,
    /// Nobody has this user name or e-mail.
    RecipientNotFound,
    /// A pending invoice, whose id is given, asks for the same amount.
    DuplicateInvoice(String),
    /// The seller owes credits.
    NegativeCredits,
    /// The seller has fewer credits than that.
    InsufficientCredits(Amount),
    /// Not paid, or sent back already.
    NotRefundable(Status),
    /// More than what is left, which is given.
    RefundTooLarge(Amount),
    /// The driver cannot.
    RefundNotSupported(String),
    /// The driver says no, and why.
    RefundFailed(String),
    /// Settled, or over.
    NotCancelable(Status),
    /// Nothing is reserved.
    NotCapturable(Status),
    /// More than what is reserved, which is given.
    CaptureTooLarge(Amount),
    /// A capture of another amount, which is given, is under way.
    CaptureUnderWay(Amount),
    /// The driver cannot.
    CaptureNotSupported(String),
    /// The driver says no, and why.
    CaptureFailed(String),
    /// Nothing is reserved.
    NotVoidable(Status),
    /// The driver says no, and why.
    VoidFailed(String),
    /// A setting that the operator has given cannot be used: which, and why.
    Misconfigured(&'static str, String),
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

    pub(crate) fn misconfigured(setting: &'static str, why: String) -> Error {
        Error::Misconfigured(setting, why)
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
        let (status, error, message) = match self {
            Error::ForbiddenRole(why) => (403, "forbidden_role", (*why).to_owned()),
            Error::MerchantInactive => (403, "merchant_inactive", "The merchant is not active.".to_owned()),
            Error::InvoiceNotFound => (404, "not_found", "There is no such invoice.".to_owned()),
            Error::RecipientNotFound => (404, "not_found", "There is no such recipient.".to_owned()),
            Error::DuplicateInvoice(id) => {
                let message = format!("A pending invoice with the same amount exists: {id}.");
                (409, "duplicate_invoice", message)
            }
            Error::NegativeCredits => {
                let message = "Your credit balance is negative.".to_owned();
                (402, "negative_credit_balance", message)
            }
            Error::InsufficientCredits(balance) => {
                let message = format!("You have {balance} credits.");
                (422, "insufficient_credits", message)
            }
            Error::NotRefundable(status) => {
                let message = format!("The invoice is {status}; only confirmed invoices are refunded.");
                (422, "invoice_not_refundable", message)
            }
            Error::RefundTooLarge(left) => {
                let message = format!("At most {left} {} can be refunded.", left.currency);
                (422, "refund_too_large", message)
            }
            Error::RefundNotSupported(driver) => (
                422,
                "refund_not_supported",
                format!("The driver {driver} makes no refunds."),
            ),
            Error::RefundFailed(why) => (422, "refund_failed", format!("The refund failed: {why}")),
            Error::NotCancelable(status) => {
                let message = format!("The invoice is {status}; only pending invoices are canceled.");
                (422, "invoice_not_cancelable", message)
            }
            Error::NotCapturable(status) => {
                let message = format!("The invoice is {status}, and nothing is reserved for it.");
                (422, "invoice_not_capturable", message)
            }
            Error::CaptureTooLarge(left) => {
                let message = format!("At most {left} {} can be captured.", left.currency);
                (422, "capture_too_large", message)
            }
            Error::CaptureUnderWay(amount) => {
                let message = format!("A capture of {amount} {} is under way.", amount.currency);
                (422, "capture_under_way", message)
            }
            Error::CaptureNotSupported(driver) => {
                let message = format!("The driver {driver} makes no captures.");
                (422, "capture_not_supported", message)
            }
            Error::CaptureFailed(why) => (422, "capture_failed", format!("The capture failed: {why}")),
            Error::NotVoidable(status) => {
                let message = format!("The invoice is {status}, and nothing is reserved for it.");
                (422, "invoice_not_voidable", message)
            }
            Error::VoidFailed(why) => (422, "void_failed", format!("The release failed: {why}")),
            Error::Misconfigured(setting, why) => {
                log::error(&format!("the setting `{setting}` cannot be used: {why}"));
                let message = format!("The merchant's setting `{setting}` cannot be used: {why}.");
                (503, "merchant_misconfigured", message)
            }
            Error::Invalid(invalid) | Error::Problem(Problem::Invalid(invalid)) => {
                return unprocessable(invalid);
            }
            Error::Problem(problem) => worded(problem),
        };
        failure(status, error, &message)
    }
}

fn failure(status: u16, error: &str, message: &str) -> Response {
    let body = Failed {
        error,
        message,
        errors: None,
    };
    Response::json(status, &body)
}

/// With what is wrong beside the field that it is about.
fn unprocessable(invalid: &InvalidField) -> Response {
    let errors = (!invalid.field.is_empty())
        .then(|| BTreeMap::from([(invalid.field.as_str(), [invalid.reason.as_str()])]));
    let body = Failed {
        error: "validation_failed",
        message: &invalid.to_string(),
        errors,
    };
    Response::json(422, &body)
}

fn worded(problem: &Problem) -> (u16, &'static str, String) {
    let (error, message) = match problem {
        Problem::Rejected(cause) => return rejected(cause),
        // The provider documents no 400: whatever is wrong with a body is a validation error.
        Problem::Unreadable(text) => return (422, "validation_failed", text.clone()),
        Problem::NotFound => ("not_found", "Not found.".to_owned()),
        Problem::Conflict(text) => ("conflict", text.clone()),
        Problem::Denied(Denial::Anonymous) => ("unauthenticated", UNAUTHENTICATED.to_owned()),
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

const UNAUTHENTICATED: &str = "A valid token is required.";
const UNAVAILABLE: &str = "Service unavailable.";

fn rejected(cause: &Cause) -> (u16, &'static str, String) {
    let (error, message) = match cause {
        Cause::NoRoute => ("not_found", "Not found."),
        Cause::MethodNotAllowed(_) => ("method_not_allowed", "Method not allowed."),
        Cause::Unauthenticated(_) => ("unauthenticated", UNAUTHENTICATED),
        Cause::MissingScope(scope) if scope == MERCHANT => {
            ("invalid_token_type", "This endpoint requires a merchant token.")
        }
        Cause::MissingScope(_) => ("invalid_token_type", "This endpoint requires a user token."),
        Cause::RateLimited(_) => ("too_many_requests", "Too many requests."),
        Cause::BodyTooLarge(max) => {
            let message = format!("The body is larger than {max} bytes.");
            return (413, "payload_too_large", message);
        }
        Cause::BodyTimeout => ("request_timeout", "Request timeout."),
        Cause::IdempotencyKeyReused => (
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request.",
        ),
        Cause::Malformed(why) => return (400, "bad_request", format!("Bad request: {why}")),
        Cause::Unavailable(_) => ("service_unavailable", UNAVAILABLE),
        Cause::Deadline => ("gateway_timeout", "Gateway timeout."),
        Cause::PluginFailed => ("bad_gateway", "Bad gateway."),
        Cause::HostFailed => ("server_error", "Server error."),
    };
    (cause.status(), error, message.to_owned())
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        match problem {
            // The provider spells its fields with an underscore, as here, and the contract with a hyphen.
            Problem::Invalid(invalid) => Error::invalid(&invalid.field.replace('-', "_"), invalid.reason),
            problem => Error::Problem(problem),
        }
    }
}

impl From<UserError> for Error {
    fn from(error: UserError) -> Error {
        match error {
            UserError::EmailTaken(_) => Error::invalid("email", "has been taken"),
            UserError::ExternalRefTaken(_) => Error::invalid("username", "has been taken"),
            error => Problem::from(error).into(),
        }
    }
}

mooring_sdk::through_problem!(Error: EventError LedgerError PaymentError RecordError SettingsError);
