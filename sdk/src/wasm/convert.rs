//! The contract's types to the SDK's and back. Everything is moved, nothing copied.

pub(super) mod gateway;
pub(super) mod payments;

use super::bindings;
use super::bindings::mooring::plugin as wit;
use crate::dispatch::Outcome;
use crate::endpoints::{
    Delivery, DeliveryState, Endpoint, EndpointChanges, EndpointError, Health, Made, NewEndpoint,
};
use crate::http::{Principal, Request, Response};
use crate::jobs::{Job, JobError, JobFailure, NewJob, Scheduled};
use crate::keys::{KeyError, Minted, NewKey};
use crate::ledger::{Direction, Entry, LedgerError, NewPosting, Posted, Posting, StatementLine};
use crate::log::Level;
use crate::money::Amount;
use crate::outbound::{Answer, Call, OutboundError};
use crate::page::{List, Order, Page};
use crate::problem::{Cause, CredentialFailure, Denial, InvalidField};
use crate::records::{Document, IndexValue, RecordError};
use crate::services::{
    NewService, Service, ServiceChanges, ServiceError, ServiceFilter, Status, Suspender, Transition,
};
use crate::settings::SettingsError;
use crate::users::{NewUser, User, UserChanges, UserError};
use crate::webhooks::{Emitted, Event, EventError, NewEvent};

/// One type to the other; `From` would make the generated types public.
pub(in crate::wasm) trait Convert<T> {
    fn convert(self) -> T;
}

/// Types that cross as they are.
macro_rules! same {
    ($($type:ty)*) => {
        $(impl Convert<$type> for $type {
            #[inline]
            fn convert(self) -> $type {
                self
            }
        })*
    };
}

same!(() bool u16 u64 String);

impl<T: Convert<U>, U, E: Convert<F>, F> Convert<Result<U, F>> for Result<T, E> {
    #[inline]
    fn convert(self) -> Result<U, F> {
        match self {
            Ok(value) => Ok(value.convert()),
            Err(error) => Err(error.convert()),
        }
    }
}

impl<T: Convert<U>, U> Convert<Option<U>> for Option<T> {
    #[inline]
    fn convert(self) -> Option<U> {
        self.map(Convert::convert)
    }
}

impl<T: Convert<U>, U> Convert<Vec<U>> for Vec<T> {
    #[inline]
    fn convert(self) -> Vec<U> {
        self.into_iter().map(Convert::convert).collect()
    }
}

/// Records whose fields have the same names; `extensions` is empty on the way out and unread on the way in.
macro_rules! record {
    (out $from:ty => $to:ty { $($field:ident),* }) => {
        impl Convert<$to> for $from {
            #[inline]
            fn convert(self) -> $to {
                $crate::wasm::convert::record!(@out self $to { $($field),* })
            }
        }
    };
    (@out $self:ident $to:ty { $($field:ident),* }) => {{
        type To = $to;
        To { $($field: $self.$field.convert(),)* extensions: Vec::new() }
    }};
    (in $from:ty => $to:ty { $($field:ident),* }) => {
        impl Convert<$to> for $from {
            #[inline]
            fn convert(self) -> $to {
                type To = $to;
                To { $($field: self.$field.convert()),* }
            }
        }
    };
}
use record;

/// Enums whose cases have the same names and at most one value.
macro_rules! cases {
    ($from:ty => $to:ty { $($case:ident),* $(; $($full:ident),*)? }) => {
        impl Convert<$to> for $from {
            #[inline]
            fn convert(self) -> $to {
                type From = $from;
                type To = $to;
                match self {
                    $(From::$case => To::$case,)*
                    $($(From::$full(value) => To::$full(value.convert()),)*)?
                }
            }
        }
    };
}
use cases;

cases!(wit::types::Denial => Denial { Anonymous, ReadOnly, OverBudget });
record!(in wit::types::InvalidField => InvalidField { field, reason });
record!(in wit::types::Amount => Amount { minor, currency, exponent });
record!(in Amount => wit::types::Amount { minor, currency, exponent });
record!(in Page => wit::types::Page { offset, limit, order });
cases!(Order => wit::types::Order { OldestFirst, NewestFirst });
record!(in wit::types::Principal => Principal { tenant, key, scopes, user });
same!(i64 u8 u32);

cases!(wit::settings::SettingsError => SettingsError { ; Undeclared, Secret, Denied, Internal });

record!(in wit::users::User => User {
    id, email, name, role, external_ref, metadata, has_password, created_at, updated_at
});
record!(out NewUser => wit::users::NewUser { email, name, role, password, external_ref, metadata });
record!(out UserChanges => wit::users::UserChanges { email, name, role, password, external_ref, metadata });
record!(in wit::users::UserPage => List<User> { items, total });
cases!(wit::users::UserError => UserError {
    NotFound; EmailTaken, ExternalRefTaken, Invalid, Denied, Internal
});

cases!(wit::services::Status => Status { Pending, Active, Suspended, Terminated });
cases!(Status => wit::services::Status { Pending, Active, Suspended, Terminated });
cases!(wit::services::Suspender => Suspender { Operator, User, System });
cases!(Suspender => wit::services::Suspender { Operator, User, System });
record!(in wit::services::Service => Service {
    id, user, status, suspended_by, product, label, external_ref, metadata, created_at, updated_at, terminated_at
});
record!(out NewService => wit::services::NewService { user, product, label, external_ref, metadata });
record!(out ServiceChanges => wit::services::ServiceChanges { product, label, external_ref, metadata });
record!(in ServiceFilter => wit::services::ServiceFilter { user, status });
record!(in wit::services::ServicePage => List<Service> { items, total });
record!(in wit::services::Transition => Transition { at, from, to, by });
cases!(wit::services::ServiceError => ServiceError {
    NotFound; UnknownUser, ExternalRefTaken, WrongStatus, NotYoursToLift, Invalid, Denied, Internal
});

cases!(wit::ledger::Direction => Direction { Debit, Credit });
cases!(Direction => wit::ledger::Direction { Debit, Credit });
record!(in wit::ledger::Entry => Entry { account, direction, amount });
record!(in Entry => wit::ledger::Entry { account, direction, amount });
record!(out NewPosting => wit::ledger::NewPosting { idempotency_key, description, entries, metadata });
record!(in wit::ledger::Posting => Posting {
    id, idempotency_key, description, entries, metadata, created_at, sequence
});
record!(in wit::ledger::Posted => Posted { posting, repeated });
record!(in wit::ledger::StatementLine => StatementLine {
    posting, sequence, created_at, description, direction, amount, balance_after
});
record!(in wit::ledger::StatementPage => List<StatementLine> { items, total });
cases!(wit::ledger::LedgerError => LedgerError {
    NotFound; EntryCount, Invalid, Unbalanced, KeyReused, Insufficient, Overflow, Denied, Internal
});

record!(in wit::records::Document => Document { id, data, created_at, updated_at });
record!(in wit::records::DocumentPage => List<Document> { items, total });
record!(in IndexValue => wit::records::IndexValue { index, value });

impl Convert<RecordError> for wit::records::RecordError {
    fn convert(self) -> RecordError {
        use wit::records::RecordError as From;
        match self {
            From::UnknownCollection(name) => RecordError::UnknownCollection(name),
            From::UnknownIndex(name) => RecordError::UnknownIndex(name),
            From::Taken((index, document)) => RecordError::Taken { index, document },
            From::Exists => RecordError::Exists,
            From::NotFound => RecordError::NotFound,
            From::Invalid(invalid) => RecordError::Invalid(invalid.convert()),
            From::Denied(denial) => RecordError::Denied(denial.convert()),
            From::Internal(why) => RecordError::Internal(why),
        }
    }
}

record!(out NewJob => wit::jobs::NewJob { kind, payload, run_at, attempts_max, dedupe_key });
record!(in wit::jobs::Scheduled => Scheduled { id, repeated });
cases!(wit::jobs::JobError => JobError { NotFound, TooLate; Invalid, Denied, Internal });

record!(out NewEvent => wit::webhooks::NewEvent { kind, subject, data, dedupe_key, deliver });
record!(in wit::webhooks::Event => Event { id, kind, subject, data, created_at });
record!(in wit::webhooks::Emitted => Emitted { event, repeated });
record!(in wit::webhooks::EventPage => List<Event> { items, total });
cases!(wit::webhooks::EventError => EventError { NotFound; Invalid, Denied, Internal });

record!(out NewEndpoint => wit::endpoints::NewEndpoint { webhook, url, kinds, subject, own_secret });
record!(out EndpointChanges => wit::endpoints::EndpointChanges { url, kinds, enabled });
cases!(wit::endpoints::Health => Health { Healthy, Degraded, Suspended, Disabled });
record!(in wit::endpoints::Endpoint => Endpoint {
    id, url, kinds, subject, health, failures, failing_since, waiting, delivered, dead, created_at, updated_at
});
record!(in wit::endpoints::Made => Made { endpoint, secret });
record!(in wit::endpoints::EndpointPage => List<Endpoint> { items, total });
cases!(wit::endpoints::DeliveryState => DeliveryState { Waiting, Delivered, Dead });
cases!(DeliveryState => wit::endpoints::DeliveryState { Waiting, Delivered, Dead });
record!(in wit::endpoints::Delivery => Delivery {
    id, endpoint, event, kind, state, test, attempts, status, error, next_at, created_at, ended_at
});
record!(in wit::endpoints::DeliveryPage => List<Delivery> { items, total });
cases!(wit::endpoints::EndpointError => EndpointError {
    NotFound, Disabled, OnItsWay, NoSecret; TooMany, UnknownWebhook, Invalid, Denied, Internal
});

record!(out NewKey => wit::keys::NewKey { label, scopes, user, expires_at });
record!(in wit::keys::Minted => Minted { id, secret });
cases!(wit::keys::KeyError => KeyError {
    ; UnknownUser, UndeclaredScope, ScopeNotHeld, Invalid, Denied, Internal
});

cases!(wit::outbound::OutboundError => OutboundError {
    TimedOut, TooLarge, NotInAJob;
    UnknownTarget, NotConfigured, Refused, Unreachable, Denied, Internal
});

impl Convert<wit::outbound::Request> for Call {
    fn convert(self) -> wit::outbound::Request {
        let Call {
            target,
            method,
            path,
            headers,
            body,
        } = self;
        wit::outbound::Request {
            target,
            method,
            path,
            headers,
            body,
            extensions: Vec::new(),
        }
    }
}

impl Convert<Answer> for wit::outbound::Response {
    fn convert(self) -> Answer {
        Answer {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }
}

#[inline]
pub(super) fn level(level: Level) -> wit::log::Level {
    match level {
        Level::Debug => wit::log::Level::Debug,
        Level::Info => wit::log::Level::Info,
        Level::Warn => wit::log::Level::Warn,
        Level::Error => wit::log::Level::Error,
    }
}

#[inline]
pub(super) fn request(request: bindings::Request) -> (Outcome, Request) {
    let outcome = match request.outcome {
        wit::exchange::Outcome::Route(index) => Outcome::Route(index),
        wit::exchange::Outcome::Rejected(rejection) => Outcome::Rejected(cause(rejection.cause)),
    };
    let request = Request {
        method: request.method,
        path: request.path,
        query: request.query,
        params: request.params,
        headers: request.headers,
        body: request.body,
        principal: request.principal.convert(),
        id: request.id,
        resumed: extension(request.extensions, "resumed"),
    };
    (outcome, request)
}

/// The first value of an extension.
fn extension(extensions: Vec<(String, String)>, name: &str) -> Option<String> {
    let mut extensions = extensions.into_iter();
    extensions
        .find(|(given, _)| given == name)
        .map(|(_, value)| value)
}

fn cause(cause: wit::exchange::Cause) -> Cause {
    use wit::exchange::Cause as From;
    use wit::exchange::CredentialFailure as Failure;
    match cause {
        From::NoRoute => Cause::NoRoute,
        From::MethodNotAllowed(methods) => Cause::MethodNotAllowed(methods),
        From::Unauthenticated(failure) => Cause::Unauthenticated(match failure {
            Failure::Missing => CredentialFailure::Missing,
            Failure::Malformed => CredentialFailure::Malformed,
            Failure::Unknown => CredentialFailure::Unknown,
            Failure::Expired => CredentialFailure::Expired,
            Failure::Revoked => CredentialFailure::Revoked,
            Failure::Stale => CredentialFailure::Stale,
            Failure::BadSignature => CredentialFailure::BadSignature,
        }),
        From::MissingScope(scope) => Cause::MissingScope(scope),
        From::RateLimited(seconds) => Cause::RateLimited(seconds),
        From::BodyTooLarge(bytes) => Cause::BodyTooLarge(bytes),
        From::BodyTimeout => Cause::BodyTimeout,
        From::Malformed(why) => Cause::Malformed(why),
        From::IdempotencyKeyReused => Cause::IdempotencyKeyReused,
        From::Unavailable(seconds) => Cause::Unavailable(seconds),
        From::Deadline => Cause::Deadline,
        From::PluginFailed => Cause::PluginFailed,
        From::HostFailed => Cause::HostFailed,
    }
}

#[inline]
pub(super) fn response(response: Response) -> bindings::Response {
    let resume_after = response.resume_after.map(|job| ("resume-after".to_owned(), job));
    bindings::Response {
        status: response.status,
        headers: response.headers,
        body: response.body,
        extensions: resume_after.into_iter().collect(),
    }
}

pub(super) fn job(job: bindings::Job) -> Job {
    Job {
        id: job.id,
        kind: job.kind,
        payload: job.payload,
        attempt: job.attempt,
        attempts_max: job.attempts_max,
    }
}

pub(super) fn job_failure(failure: JobFailure) -> bindings::JobFailure {
    match failure {
        JobFailure::Retry { after, reason } => bindings::JobFailure::Retry((after, reason)),
        JobFailure::Fatal(reason) => bindings::JobFailure::Fatal(reason),
    }
}
