//! Attempts to PayPal's orders, and PayPal's objects to what is known of an attempt or a refund.

use mooring_sdk::gateway::{Action, Order, Progress, RefundOrder, RefundProgress};
use mooring_sdk::json;
use mooring_sdk::payments::{self, AttemptState, CaptureMode, RefundState};

use crate::error::Failure;
use crate::model::{
    self, Authorization, AuthorizationStatus, Capture, CaptureStatus, Experience, Memo, NewOrder, NewRefund,
    NewUnit, OrderStatus, PaymentSource, Payments, Refund, RefundStatus, Wallet,
};
use crate::units;

/// PayPal's limits on texts.
const DESCRIPTION_CHARACTERS_MAX: usize = 127;
const NOTE_CHARACTERS_MAX: usize = 255;

/// The order of an attempt. The same for every try, as the request's id demands.
pub(crate) fn new_order(order: &Order) -> Result<NewOrder<'_>, Failure> {
    let description = match bounded(&order.description, DESCRIPTION_CHARACTERS_MAX) {
        text if text.trim().is_empty() => "Payment".to_owned(),
        text => text,
    };
    Ok(NewOrder {
        intent: match order.capture {
            CaptureMode::Automatic => "CAPTURE",
            CaptureMode::Manual => "AUTHORIZE",
        },
        purchase_units: [NewUnit {
            custom_id: &order.attempt,
            // A merchant can have PayPal refuse a second payment with the same number.
            invoice_id: &order.attempt,
            description,
            amount: units::to_paypal(&order.due)?,
        }],
        payment_source: PaymentSource {
            paypal: Wallet {
                experience_context: Experience {
                    return_url: &order.return_url,
                    cancel_url: &order.cancel_url,
                    user_action: "PAY_NOW",
                    shipping_preference: "NO_SHIPPING",
                    locale: order.locale.as_deref().and_then(locale),
                },
            },
        },
    })
}

/// The page's languages with the country that PayPal wants beside.
fn locale(ours: &str) -> Option<&'static str> {
    match ours {
        "en" => Some("en-US"),
        "es" => Some("es-ES"),
        "fr" => Some("fr-FR"),
        "pt" => Some("pt-BR"),
        "ru" => Some("ru-RU"),
        "ar" => Some("ar-EG"),
        _ => None,
    }
}

/// What is sent back; what it says of itself is how a later try finds it.
pub(crate) fn new_refund(refund: &RefundOrder) -> Result<NewRefund<'_>, Failure> {
    let note = bounded(&refund.reason, NOTE_CHARACTERS_MAX);
    Ok(NewRefund {
        amount: units::to_paypal(&refund.amount)?,
        custom_id: &refund.refund,
        note_to_payer: Some(note).filter(|note| !note.trim().is_empty()),
    })
}

/// Where an attempt stands, by its order.
pub(crate) fn order_progress(order: &model::Order) -> Result<Progress, Failure> {
    let moved = moved(order);
    let mut progress = match (charge(&moved), moved.authorizations.last(), moved.captures.last()) {
        (Some(capture), _, _) | (None, None, Some(capture)) => capture_progress(capture)?,
        (None, Some(authorization), _) => authorization_progress(authorization)?,
        (None, None, None) => untouched(order)?,
    };
    let memo = memo(&moved);
    if memo != Memo::default() {
        progress.memo = Some(json::to_string(&memo));
    }
    progress.gateway_ref = Some(order.id.clone());
    Ok(progress)
}

/// What an order has moved; we make orders of one unit.
pub(crate) fn moved(order: &model::Order) -> Payments {
    let unit = order.purchase_units.first();
    unit.and_then(|unit| unit.payments.clone()).unwrap_or_default()
}

/// The capture that has taken money, or may. One that failed leaves the authorization as it was.
pub(crate) fn charge(moved: &Payments) -> Option<&Capture> {
    let failed =
        |capture: &&Capture| matches!(capture.status, CaptureStatus::Declined | CaptureStatus::Failed);
    moved.captures.iter().rfind(|capture| !failed(capture))
}

/// The ids that money is moved by.
pub(crate) fn memo(moved: &Payments) -> Memo {
    Memo {
        authorization: moved
            .authorizations
            .last()
            .map(|authorization| authorization.id.clone()),
        capture: charge(moved).map(|capture| capture.id.clone()),
    }
}

/// An order of which nothing was taken or reserved yet. Approved means that we may: nothing happens by itself.
fn untouched(order: &model::Order) -> Result<Progress, Failure> {
    match order.status {
        OrderStatus::Created | OrderStatus::Saved | OrderStatus::PayerActionRequired => Ok(waiting(order)),
        OrderStatus::Approved => Ok(Progress::new(AttemptState::Processing)),
        OrderStatus::Voided => Ok(Progress::new(AttemptState::Cancelled)),
        OrderStatus::Completed => Err(Failure::unknown(
            "PayPal tells of an order that is done without a payment",
        )),
        OrderStatus::Other => Err(Failure::unknown(
            "PayPal tells of an order without a known status",
        )),
    }
}

/// The payer is at PayPal's page, or has to go there.
pub(crate) fn waiting(order: &model::Order) -> Progress {
    let page = |link: &&model::Link| matches!(&*link.rel, "payer-action" | "approve");
    Progress {
        gateway_ref: Some(order.id.clone()),
        action: order
            .links
            .iter()
            .find(page)
            .map(|link| Action::Redirect(link.href.clone())),
        ..Progress::new(AttemptState::Waiting)
    }
}

/// Where an attempt stands, by its capture.
pub(crate) fn capture_progress(capture: &Capture) -> Result<Progress, Failure> {
    let mut progress = match capture.status {
        CaptureStatus::Completed | CaptureStatus::PartiallyRefunded | CaptureStatus::Refunded => {
            let amount = capture.amount.as_ref();
            let amount = amount.ok_or_else(|| Failure::unknown("PayPal does not say how much was paid"))?;
            Progress::succeeded(units::from_paypal(amount)?)
        }
        CaptureStatus::Pending => Progress::new(AttemptState::Processing),
        CaptureStatus::Declined | CaptureStatus::Failed => {
            Progress::declined("payment_declined", "PayPal could not take the payment.")
        }
        CaptureStatus::Other => {
            return Err(Failure::unknown(
                "PayPal tells of a capture without a known status",
            ));
        }
    };
    progress.memo = Some(json::to_string(&Memo {
        authorization: capture.supplementary_data.related_ids.authorization_id.clone(),
        capture: Some(capture.id.clone()),
    }));
    progress.details = Some(provider_id(&capture.id));
    Ok(progress)
}

/// Where an attempt stands, by its authorization, nothing of which was taken.
pub(crate) fn authorization_progress(authorization: &Authorization) -> Result<Progress, Failure> {
    let mut progress = match authorization.status {
        AuthorizationStatus::Created => {
            let amount = authorization.amount.as_ref();
            let amount =
                amount.ok_or_else(|| Failure::unknown("PayPal does not say how much is reserved"))?;
            Progress {
                received: Some(units::from_paypal(amount)?),
                ..Progress::new(AttemptState::Authorized)
            }
        }
        AuthorizationStatus::Pending => Progress::new(AttemptState::Processing),
        AuthorizationStatus::Denied => {
            Progress::declined("authorization_denied", "PayPal could not reserve the money.")
        }
        AuthorizationStatus::Voided | AuthorizationStatus::Expired => Progress::new(AttemptState::Cancelled),
        AuthorizationStatus::Captured | AuthorizationStatus::PartiallyCaptured => {
            return Err(Failure::unknown(
                "PayPal has taken what was reserved, and does not say how much",
            ));
        }
        AuthorizationStatus::Other => {
            return Err(Failure::unknown(
                "PayPal tells of an authorization without a known status",
            ));
        }
    };
    progress.memo = Some(json::to_string(&Memo {
        authorization: Some(authorization.id.clone()),
        capture: None,
    }));
    progress.details = Some(provider_id(&authorization.id));
    Ok(progress)
}

/// Where a refund stands.
pub(crate) fn refund_progress(refund: &Refund) -> RefundProgress {
    let failed =
        |code: &str, message: &str| (RefundState::Failed, Some(payments::Failure::new(code, message)));
    let (state, failure) = match refund.status {
        RefundStatus::Completed => (RefundState::Succeeded, None),
        RefundStatus::Failed => failed("refund_failed", "PayPal could not send the money back."),
        RefundStatus::Cancelled => failed("refund_cancelled", "The refund was taken back at PayPal."),
        RefundStatus::Pending | RefundStatus::Other => (RefundState::Pending, None),
    };
    RefundProgress {
        state,
        gateway_ref: Some(refund.id.clone()),
        failure,
    }
}

fn provider_id(id: &str) -> String {
    json::to_string(&serde_json::json!({ "provider_id": id }))
}

fn bounded(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).collect()
}
