//! Orders: made, shown to the payer, and charged once the payer has approved. PayPal charges nothing by itself: only
//! [`settle`] does, and [`capture`] of what it has reserved.

use mooring_sdk::gateway::{Order, Progress};
use mooring_sdk::money::Amount;
use mooring_sdk::payments::{AttemptState, CaptureMode};
use serde_json::json;

use crate::error::Failure;
use crate::model::{self, Capture, Memo, NewCapture, OrderStatus};
use crate::{api, convert, units};

const ORDERS: &str = "/v2/checkout/orders";

/// Makes the attempt's order, or finds the one that an earlier call made. Where PayPal has forgotten that one, a second order
/// does no harm: the payer has never seen the first.
pub(crate) fn create(order: &Order) -> Result<Progress, Failure> {
    let made: model::Order = api::post(ORDERS, &convert::new_order(order)?, &order.attempt)?;
    convert::order_progress(&made)
}

/// What has become of the order. One that the payer has approved is charged now, which is what the payer came for.
pub(crate) fn settle(order: &Order, id: &str) -> Result<Progress, Failure> {
    let found = match view(id) {
        Err(Failure::Missing) => return forgotten(order),
        other => other?,
    };
    match found.status {
        OrderStatus::Approved => charge(order, id),
        _ => convert::order_progress(&found),
    }
}

/// Sees to it that the order is not charged any more: what is reserved is released; what is not approved, or not captured yet,
/// is left to lapse, for nobody but us can capture it, and an attempt that has ended is never looked up. An approved order of
/// which a capture was or may have been asked for is settled instead: the payer came to pay, and it may land any moment.
pub(crate) fn abandon(order: &Order, id: &str) -> Result<Progress, Failure> {
    let found = match view(id) {
        Err(Failure::Missing) => return forgotten(order),
        other => other?,
    };
    let moved = convert::moved(&found);
    match (convert::charge(&moved), moved.authorizations.last()) {
        (Some(_), _) => convert::order_progress(&found),
        (None, Some(authorization)) => match convert::order_progress(&found)? {
            progress if is_over(&progress) => Ok(progress),
            _ => void(order, id, &authorization.id),
        },
        (None, None) if matches!(found.status, OrderStatus::Completed | OrderStatus::Other) => {
            convert::order_progress(&found)
        }
        // A capture may be under way of which we heard nothing: PayPal would charge after we said that it does not. Asked for
        // again under its own id, it has the outcome of the first.
        (None, None) if found.status == OrderStatus::Approved && may_be_under_way(order) => charge(order, id),
        (None, None) => Ok(Progress {
            gateway_ref: Some(found.id.clone()),
            ..Progress::new(AttemptState::Cancelled)
        }),
    }
}

/// Takes what is reserved, or a part of it; the rest is released.
pub(crate) fn capture(order: &Order, amount: &Amount) -> Result<Progress, Failure> {
    let id = reference(order)?;
    let memo = ids(order)?;
    let Some(authorization) = memo.authorization else {
        return Err(Failure::unknown(
            "PayPal tells of an order without an authorization",
        ));
    };
    let body = NewCapture {
        amount: units::to_paypal(amount)?,
        final_capture: true,
    };
    let key = format!("{}-capture-{}", order.attempt, amount.minor);
    let path = api::path("payments/authorizations", &authorization, "/capture")?;
    match api::post::<Capture>(&path, &body, &key) {
        Ok(capture) => convert::capture_progress(&capture),
        // Taken before, or released before; only if it is still reserved is the refusal about this capture.
        Err(Failure::Refused { code, message }) => match convert::order_progress(&view(id)?)? {
            progress if progress.state == AttemptState::Authorized => Err(Failure::Refused { code, message }),
            progress => Ok(progress),
        },
        Err(failure) => Err(failure),
    }
}

/// The ids that the attempt's money is moved by, as they were kept, or as PayPal has them now.
pub(crate) fn ids(order: &Order) -> Result<Memo, Failure> {
    let kept: Memo = serde_json::from_str(&order.memo).unwrap_or_default();
    if kept.capture.is_some() || (kept.authorization.is_some() && order.state == AttemptState::Authorized) {
        return Ok(kept);
    }
    Ok(convert::memo(&convert::moved(&view(reference(order)?)?)))
}

/// The attempt's order.
pub(crate) fn view(id: &str) -> Result<model::Order, Failure> {
    api::get(&api::path("checkout/orders", id, "")?)
}

/// PayPal's id of the attempt's order.
pub(crate) fn reference(order: &Order) -> Result<&str, Failure> {
    let reference = order.gateway_ref.as_deref();
    reference.ok_or_else(|| Failure::unknown("the attempt has no order at PayPal"))
}

fn charge(order: &Order, id: &str) -> Result<Progress, Failure> {
    let step = match order.capture {
        CaptureMode::Automatic => "capture",
        CaptureMode::Manual => "authorize",
    };
    let path = api::path("checkout/orders", id, &format!("/{step}"))?;
    let key = format!("{}-{step}", order.attempt);
    match api::post::<model::Order>(&path, &json!({}), &key) {
        Ok(charged) => convert::order_progress(&charged),
        Err(Failure::Refused { code, message }) => refused(&view(id)?, code, message),
        Err(failure) => Err(failure),
    }
}

/// What a refused charge means, by the order as it is after it.
fn refused(found: &model::Order, code: String, message: String) -> Result<Progress, Failure> {
    let moved = convert::moved(found);
    if !moved.captures.is_empty() || !moved.authorizations.is_empty() || found.status == OrderStatus::Voided {
        return convert::order_progress(found);
    }
    match code.as_str() {
        "PAYER_ACTION_REQUIRED" | "ORDER_NOT_APPROVED" => Ok(convert::waiting(found)),
        // It was charged, PayPal says, and does not show it: not a reason to try another gateway.
        "ORDER_ALREADY_CAPTURED"
        | "ORDER_ALREADY_AUTHORIZED"
        | "ORDER_ALREADY_COMPLETED"
        | "ORDER_COMPLETED_OR_VOIDED"
        | "DUPLICATE_INVOICE_ID" => Err(Failure::unknown(format!(
            "PayPal refuses to charge an order: {code}"
        ))),
        _ => Ok(Progress::declined(code, message)),
    }
}

fn void(order: &Order, id: &str, authorization: &str) -> Result<Progress, Failure> {
    let path = api::path("payments/authorizations", authorization, "/void")?;
    match api::post_empty(&path, &format!("{}-void", order.attempt)) {
        Ok(()) => Ok(Progress::new(AttemptState::Cancelled)),
        // Taken or released before.
        Err(Failure::Refused { code, .. }) => match convert::order_progress(&view(id)?)? {
            progress if progress.state == AttemptState::Authorized => Err(Failure::unknown(format!(
                "PayPal does not release what is reserved: {code}"
            ))),
            progress => Ok(progress),
        },
        Err(failure) => Err(failure),
    }
}

/// PayPal forgets orders that nobody approves within hours. One that we may have charged it does not.
fn forgotten(order: &Order) -> Result<Progress, Failure> {
    match order.state {
        AttemptState::Starting | AttemptState::Waiting | AttemptState::Cancelled | AttemptState::Declined => {
            Ok(Progress::new(AttemptState::Cancelled))
        }
        AttemptState::Processing
        | AttemptState::Unknown
        | AttemptState::Authorized
        | AttemptState::Succeeded => Err(Failure::Missing),
    }
}

/// From the moment that PayPal tells of the payer's approval the host looks the attempt up, and to look it up is to capture it.
fn may_be_under_way(order: &Order) -> bool {
    matches!(order.state, AttemptState::Processing | AttemptState::Unknown)
}

fn is_over(progress: &Progress) -> bool {
    matches!(
        progress.state,
        AttemptState::Declined | AttemptState::Cancelled | AttemptState::Succeeded
    )
}
