//! Payments.

use super::{Convert, cases, record};
use crate::page::List;
use crate::payments::{
    Attempt, AttemptState, CaptureMode, EventKind, Failure, Fee, FeePayer, NewPayment, NewRefund, Payment,
    PaymentError, PaymentEvent, PaymentFilter, Refund, RefundState, Settlement, Status, Tolerance,
};
use crate::wasm::bindings::{self, mooring::plugin as wit};

cases!(wit::payments::Status => Status {
    Pending, Processing, Authorized, Succeeded, Failed, Expired, Cancelled
});
cases!(Status => wit::payments::Status {
    Pending, Processing, Authorized, Succeeded, Failed, Expired, Cancelled
});
cases!(wit::payments::Settlement => Settlement { Exact, Partial, Overpaid });
cases!(FeePayer => wit::payments::FeePayer { Merchant, Payer });
cases!(CaptureMode => wit::payments::CaptureMode { Automatic, Manual });
cases!(wit::payments::CaptureMode => CaptureMode { Automatic, Manual });
cases!(wit::payments::AttemptState => AttemptState {
    Starting, Waiting, Processing, Unknown, Authorized, Succeeded, Declined, Cancelled
});
cases!(AttemptState => wit::payments::AttemptState {
    Starting, Waiting, Processing, Unknown, Authorized, Succeeded, Declined, Cancelled
});
cases!(wit::payments::RefundState => RefundState { Pending, Succeeded, Failed });

record!(in Fee => wit::payments::Fee { parts_per_million, fixed_minor, paid_by });
record!(in Tolerance => wit::payments::Tolerance { short_minor, short_ppm, partial_min_ppm });
record!(in wit::payments::Failure => Failure { code, message });
record!(in Failure => wit::payments::Failure { code, message });
record!(out NewPayment => wit::payments::NewPayment {
    reference, amount, user, description, metadata, success_url, cancel_url, failure_url, expires_at, gateways,
    fiat_only, crypto_only, capture, locale, fee, tolerance
});
record!(in wit::payments::Payment => Payment {
    id, reference, status, amount, due, user, description, metadata, success_url, cancel_url, failure_url, expires_at,
    locale, received, fee, refunded, settlement, failure, paid_at, pay_url, created_at, updated_at
});
record!(in wit::payments::Attempt => Attempt {
    id, number, gateway, method, state, gateway_ref, received, failure, details, created_at, ended_at
});
record!(out NewRefund => wit::payments::NewRefund { payment, amount, reason, idempotency_key });
record!(in wit::payments::Refund => Refund {
    id, payment, amount, reason, state, gateway_ref, failure, job, created_at, ended_at
});
record!(in PaymentFilter => wit::payments::PaymentFilter { user, status });
record!(in wit::payments::PaymentPage => List<Payment> { items, total });

cases!(wit::payments::PaymentError => PaymentError {
    NotFound;
    ReferenceTaken, UnknownUser, WrongStatus, TooMuch, NotSupported, KeyReused, Invalid, Denied, Internal
});
cases!(wit::payments::EventKind => EventKind {
    AttemptFailed, Processing, Authorized, Succeeded, Failed, Expired, Cancelled; Refunded, RefundFailed
});

pub(in crate::wasm) fn event(event: bindings::Event) -> PaymentEvent {
    PaymentEvent {
        kind: event.kind.convert(),
        payment: event.payment.convert(),
        attempt: event.attempt.convert(),
        refund: event.refund.convert(),
    }
}
