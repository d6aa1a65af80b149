//! What goes into `handle` and `run-job`, and what comes out.

use std::time::Duration;

use super::types;
use super::wit::mooring::plugin::{exchange, jobs};
use crate::bindings::Desk;
use crate::exchange::{Cause, CredentialFailure, Exchange, Outcome};
use crate::runtime::{Answer, JobCall, JobEnd};
use mooring_core::keys::Principal;

/// See `exchange.request` and `exchange.response`.
const RESUMED: &str = "resumed";
const RESUME_AFTER: &str = "resume-after";

impl exchange::Host for Desk {}

pub(crate) fn to_request(exchange: &Exchange) -> exchange::Request {
    exchange::Request {
        outcome: to_outcome(&exchange.outcome),
        method: exchange.method.clone(),
        path: exchange.path.clone(),
        query: exchange.query.clone(),
        params: exchange.params.clone(),
        headers: exchange.headers.clone(),
        body: exchange.body.to_vec(),
        principal: exchange.principal.as_ref().map(to_principal),
        id: exchange.request_id.clone(),
        extensions: exchange
            .resumed
            .iter()
            .map(|job| (RESUMED.to_owned(), job.to_string()))
            .collect(),
    }
}

pub(crate) fn from_answer(response: exchange::Response) -> Answer {
    Answer {
        status: response.status,
        headers: response.headers,
        body: response.body,
        resume_after: response
            .extensions
            .into_iter()
            .find_map(|(name, job)| (name == RESUME_AFTER).then_some(job)),
    }
}

pub(crate) fn to_job(job: &JobCall) -> jobs::Job {
    jobs::Job {
        id: job.id.clone(),
        kind: job.kind.clone(),
        payload: job.payload.clone(),
        attempt: job.attempt,
        attempts_max: job.attempts_max,
        extensions: Vec::new(),
    }
}

pub(crate) fn from_job_end(end: Result<(), jobs::JobFailure>) -> JobEnd {
    match end {
        Ok(()) => JobEnd::Done,
        Err(jobs::JobFailure::Retry((after, reason))) => {
            JobEnd::Retry(after.map(|seconds| Duration::from_secs(seconds.into())), reason)
        }
        Err(jobs::JobFailure::Fatal(reason)) => JobEnd::Fatal(reason),
    }
}

fn to_principal(principal: &Principal) -> types::Principal {
    types::Principal {
        tenant: principal.tenant().name.to_string(),
        key: principal.key().to_string(),
        scopes: principal.scopes().to_vec(),
        user: principal.user().map(|user| user.0),
        extensions: Vec::new(),
    }
}

fn to_outcome(outcome: &Outcome) -> exchange::Outcome {
    match outcome {
        Outcome::Route(route) => exchange::Outcome::Route(*route),
        Outcome::Rejected { cause, route } => exchange::Outcome::Rejected(exchange::Rejection {
            cause: to_cause(cause),
            route: *route,
        }),
    }
}

fn to_cause(cause: &Cause) -> exchange::Cause {
    match cause {
        Cause::NoRoute => exchange::Cause::NoRoute,
        Cause::MethodNotAllowed(methods) => exchange::Cause::MethodNotAllowed(methods.clone()),
        Cause::Unauthenticated(failure) => exchange::Cause::Unauthenticated(to_failure(*failure)),
        Cause::MissingScope(scope) => exchange::Cause::MissingScope(scope.clone()),
        Cause::RateLimited(seconds) => exchange::Cause::RateLimited(*seconds),
        Cause::BodyTooLarge(limit) => exchange::Cause::BodyTooLarge(*limit),
        Cause::BodyTimeout => exchange::Cause::BodyTimeout,
        Cause::Malformed(reason) => exchange::Cause::Malformed(reason.clone()),
        Cause::IdempotencyKeyReused => exchange::Cause::IdempotencyKeyReused,
        Cause::Unavailable(seconds) => exchange::Cause::Unavailable(*seconds),
        Cause::Deadline => exchange::Cause::Deadline,
        Cause::PluginFailed => exchange::Cause::PluginFailed,
        Cause::HostFailed => exchange::Cause::HostFailed,
    }
}

fn to_failure(failure: CredentialFailure) -> exchange::CredentialFailure {
    match failure {
        CredentialFailure::Missing => exchange::CredentialFailure::Missing,
        CredentialFailure::Malformed => exchange::CredentialFailure::Malformed,
        CredentialFailure::Unknown => exchange::CredentialFailure::Unknown,
        CredentialFailure::Expired => exchange::CredentialFailure::Expired,
        CredentialFailure::Revoked => exchange::CredentialFailure::Revoked,
        CredentialFailure::Stale => exchange::CredentialFailure::Stale,
        CredentialFailure::BadSignature => exchange::CredentialFailure::BadSignature,
    }
}
