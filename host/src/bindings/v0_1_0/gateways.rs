//! What goes into a gateway's exports, and what comes out.

use mooring_core::check::InvalidField;
use mooring_core::money::Amount;
use mooring_core::payments as core;
use mooring_core::time::Timestamp;

use super::gateway_wit::mooring::plugin::gateways;
use super::wit::mooring::plugin::payments::{AttemptState, CaptureMode};
use super::{amount, types};
use crate::bindings::Desk;
use crate::exchange::{Notification, NotifyError};
use crate::runtime::gateway::{News, NewsOf, Order, RefundOrder, Refusal, Subject};

impl gateways::Host for Desk {}

pub(crate) fn to_order(order: &Order) -> gateways::Order {
    let (attempt, payment) = (&order.attempt, &order.payment);
    gateways::Order {
        attempt: attempt.id.to_string(),
        number: attempt.number,
        method: attempt.method.clone(),
        state: AttemptState::from(attempt.state),
        gateway_ref: attempt.gateway_ref.clone(),
        memo: attempt.memo.clone(),
        payment: payment.id.to_string(),
        reference: payment.reference.clone(),
        due: payment.due.into(),
        description: payment.description.clone(),
        capture: CaptureMode::from(payment.capture),
        payer_email: order.payer_email.clone(),
        payer_ip: attempt.payer_ip.clone(),
        return_url: order.return_url.clone(),
        cancel_url: order.cancel_url.clone(),
        notify_url: order.notify_url.clone(),
        expires_at: payment.expires_at.map(Timestamp::millis),
        locale: payment.locale.clone(),
        created_at: attempt.created_at.millis(),
        extensions: Vec::new(),
    }
}

pub(crate) fn to_refund_order(refund: &RefundOrder) -> gateways::RefundOrder {
    gateways::RefundOrder {
        refund: refund.refund.id.to_string(),
        amount: refund.refund.amount.into(),
        reason: refund.refund.reason.clone(),
        order: to_order(&refund.order),
        try_: refund.attempt,
        extensions: Vec::new(),
    }
}

pub(crate) fn to_amount(amount: Amount) -> types::Amount {
    amount.into()
}

pub(crate) fn to_notification(notification: &Notification) -> gateways::Notification {
    gateways::Notification {
        body: notification.body.to_vec(),
        headers: notification.headers.clone(),
        query: notification.query.clone(),
    }
}

/// An amount that is none is an answer that breaks a rule.
pub(crate) fn from_progress(
    answer: Result<gateways::Progress, gateways::GatewayError>,
) -> Result<Result<core::Progress, Refusal>, InvalidField> {
    match answer {
        Ok(answer) => progress(answer).map(Ok),
        Err(error) => Ok(Err(error.into())),
    }
}

pub(crate) fn from_refund_progress(
    answer: Result<gateways::RefundProgress, gateways::GatewayError>,
) -> Result<core::RefundProgress, Refusal> {
    answer.map(refund_progress).map_err(Refusal::from)
}

/// As [`from_progress`].
pub(crate) fn from_news(
    answer: Result<Vec<(gateways::Subject, gateways::News)>, gateways::NotificationError>,
) -> Result<Result<Vec<News>, NotifyError>, InvalidField> {
    match answer {
        Ok(items) => items.into_iter().map(news).collect::<Result<_, _>>().map(Ok),
        Err(error) => Ok(Err(error.into())),
    }
}

fn news((subject, of): (gateways::Subject, gateways::News)) -> Result<News, InvalidField> {
    Ok(News {
        subject: match subject {
            gateways::Subject::Attempt(id) => Subject::Attempt(id),
            gateways::Subject::GatewayRef(id) => Subject::GatewayRef(id),
            gateways::Subject::Refund(id) => Subject::Refund(id),
            gateways::Subject::RefundGatewayRef(id) => Subject::RefundGatewayRef(id),
        },
        of: match of {
            gateways::News::Attempt(of) => NewsOf::Attempt(progress(of)?),
            gateways::News::Refund(of) => NewsOf::Refund(refund_progress(of)),
        },
    })
}

fn progress(progress: gateways::Progress) -> Result<core::Progress, InvalidField> {
    if progress.state == AttemptState::Starting {
        // Nothing would go on from there.
        return Err(InvalidField::new(
            "state",
            "is what an attempt is before its gateway says anything",
        ));
    }
    let received = progress
        .received
        .map(|value| amount("received", value))
        .transpose()?;
    let credited = progress
        .credited
        .map(|value| amount("credited", value))
        .transpose()?;
    Ok(core::Progress {
        state: progress.state.into(),
        gateway_ref: progress.gateway_ref,
        memo: progress.memo,
        action: progress.action.map(core::Action::from),
        received,
        credited,
        failure: progress.failure.map(core::Failure::from),
        details: progress.details,
    })
}

fn refund_progress(progress: gateways::RefundProgress) -> core::RefundProgress {
    core::RefundProgress {
        state: match progress.state {
            gateways::RefundOutcome::Pending => core::RefundState::Pending,
            gateways::RefundOutcome::Succeeded => core::RefundState::Succeeded,
            gateways::RefundOutcome::Failed => core::RefundState::Failed,
        },
        gateway_ref: progress.gateway_ref,
        failure: progress.failure.map(core::Failure::from),
    }
}

impl From<gateways::Action> for core::Action {
    fn from(action: gateways::Action) -> core::Action {
        match action {
            gateways::Action::Redirect(url) => core::Action::Redirect { url },
            gateways::Action::Form(fields) => core::Action::Form {
                fields: fields.into_iter().map(core::FormField::from).collect(),
            },
            gateways::Action::Instructions(lines) => core::Action::Instructions { lines },
        }
    }
}

impl From<gateways::FormField> for core::FormField {
    fn from(field: gateways::FormField) -> core::FormField {
        core::FormField {
            name: field.name,
            kind: match field.kind {
                gateways::FieldKind::Text => core::FieldKind::Text,
                gateways::FieldKind::CardNumber => core::FieldKind::CardNumber,
                gateways::FieldKind::CardExpiry => core::FieldKind::CardExpiry,
                gateways::FieldKind::CardCode => core::FieldKind::CardCode,
            },
        }
    }
}

impl From<gateways::GatewayError> for Refusal {
    fn from(error: gateways::GatewayError) -> Refusal {
        match error {
            gateways::GatewayError::Refused(failure) => Refusal::Refused(failure.into()),
            gateways::GatewayError::Unknown(reason) => Refusal::Unknown(reason),
        }
    }
}

impl From<gateways::NotificationError> for NotifyError {
    fn from(error: gateways::NotificationError) -> NotifyError {
        match error {
            gateways::NotificationError::Untrusted(reason) => NotifyError::Untrusted(reason),
            gateways::NotificationError::Malformed(reason) => NotifyError::Malformed(reason),
            gateways::NotificationError::Retry(reason) => NotifyError::Retry(reason),
        }
    }
}
