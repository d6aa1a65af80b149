//! Attempts to Stripe's parameters, and Stripe's objects to what is known of an attempt or a refund.

use mooring_sdk::gateway::{Action, Order, Progress, RefundOrder, RefundProgress};
use mooring_sdk::json;
use mooring_sdk::payments::{self, AttemptState, CaptureMode, RefundState};
use serde::Serialize;

use crate::api::Form;
use crate::error::{self, Failure};
use crate::model::{
    Card, Charge, Expandable, IntentStatus, MethodDetails, PaymentIntent, PaymentStatus, Refund,
    RefundStatus, Session, SessionStatus,
};
use crate::units;

/// Stripe closes a session 30 minutes to 24 hours after it was made, by its own clock. Ours is computed from when the attempt
/// began, so that every try asks for the same; the margins leave room for a start that is late and for clocks that differ. A
/// payment that ends sooner is taken back by the host, which closes the session then.
const SESSION_SECONDS_MIN: u64 = 60 * 60;
const SESSION_SECONDS_MAX: u64 = 24 * 60 * 60 - 10 * 60;

/// Stripe's limits on texts.
const NAME_CHARACTERS_MAX: usize = 250;
const REASON_CHARACTERS_MAX: usize = 500;

/// What is kept of a charge. Nothing in it identifies the payer.
#[derive(Default, Serialize)]
struct Details<'a> {
    provider_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_last_four: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_expiry: Option<String>,
}

/// The parameters of an attempt's session. The same for every try, or Stripe would refuse the idempotency key.
pub(crate) fn session_form(order: &Order, methods: &[String]) -> Result<Form, Failure> {
    let amount = units::to_stripe(&order.due)?;
    let name = match bounded(&order.description, NAME_CHARACTERS_MAX) {
        name if name.trim().is_empty() => "Payment".to_owned(),
        name => name,
    };
    let mut form = Form::default()
        .with("mode", "payment")
        .with("client_reference_id", &order.attempt)
        .with("success_url", &order.return_url)
        .with("cancel_url", &order.cancel_url)
        .with("line_items[0][quantity]", "1")
        .with(
            "line_items[0][price_data][currency]",
            order.due.currency.to_ascii_lowercase(),
        )
        .with("line_items[0][price_data][unit_amount]", amount.to_string())
        .with("line_items[0][price_data][product_data][name]", &name)
        .with("payment_intent_data[description]", &name)
        // Otherwise Stripe may charge another currency than was asked for.
        .with("adaptive_pricing[enabled]", "false");
    for on in ["metadata", "payment_intent_data[metadata]"] {
        form = form
            .with(format!("{on}[mooring_attempt]"), &order.attempt)
            .with(format!("{on}[mooring_payment]"), &order.payment);
    }
    for (place, method) in methods.iter().enumerate() {
        form = form.with(format!("payment_method_types[{place}]"), method);
    }
    if order.capture == CaptureMode::Manual {
        form = form.with("payment_intent_data[capture_method]", "manual");
    }
    Ok(form
        .with_some("expires_at", session_end(order).map(|end| end.to_string()))
        .with_some("customer_email", order.payer_email.as_ref())
        .with_some("locale", order.locale.as_deref().map(locale)))
}

/// Seconds since the epoch; absent: Stripe's own 24 hours.
fn session_end(order: &Order) -> Option<u64> {
    let began = order.created_at / 1000;
    let end = order.expires_at? / 1000;
    Some(end.clamp(began + SESSION_SECONDS_MIN, began + SESSION_SECONDS_MAX))
}

/// The page's languages as Stripe's page has them; it has no Arabic, and then the browser decides.
fn locale(ours: &str) -> &str {
    match ours {
        "en" | "es" | "fr" | "pt" | "ru" => ours,
        _ => "auto",
    }
}

/// The parameters of a refund; what it says of itself is how a later try finds it.
pub(crate) fn refund_form(refund: &RefundOrder, intent: &str) -> Result<Form, Failure> {
    let amount = units::to_stripe(&refund.amount)?;
    let reason = bounded(&refund.reason, REASON_CHARACTERS_MAX);
    Ok(Form::default()
        .with("payment_intent", intent)
        .with("amount", amount.to_string())
        .with("metadata[mooring_refund]", &refund.refund)
        .with("metadata[mooring_attempt]", &refund.order.attempt)
        .with_some(
            "metadata[reason]",
            Some(reason).filter(|reason| !reason.is_empty()),
        ))
}

/// Where an attempt stands, by its session with the intent expanded, or, in a notification, named only.
pub(crate) fn session_progress(session: &Session) -> Result<Progress, Failure> {
    match session.status {
        Some(SessionStatus::Open) => Ok(open(session)),
        // Nobody pays on a page that Stripe has closed.
        Some(SessionStatus::Expired) => Ok(Progress {
            gateway_ref: Some(session.id.clone()),
            ..Progress::new(AttemptState::Cancelled)
        }),
        Some(SessionStatus::Complete) => match &session.payment_intent {
            Some(Expandable::Object(intent)) => intent_progress(intent),
            Some(Expandable::Id(intent)) => completed(session, Some(intent)),
            None => completed(session, None),
        },
        Some(SessionStatus::Other) | None => Err(Failure::unknown(
            "Stripe tells of a session without a known status",
        )),
    }
}

/// The payer is at Stripe's page, or was and may come back: a declined card does not end it.
fn open(session: &Session) -> Progress {
    Progress {
        gateway_ref: Some(session.id.clone()),
        action: session.url.clone().map(Action::Redirect),
        ..Progress::new(AttemptState::Waiting)
    }
}

/// A session that is over, by itself. Unless it says that it is paid, the money is on its way or reserved; which, the intent
/// tells, in a notification of its own or when it is looked at.
fn completed(session: &Session, intent: Option<&String>) -> Result<Progress, Failure> {
    let mut progress = Progress::new(AttemptState::Processing);
    if session.payment_status == PaymentStatus::Paid {
        let (Some(amount), Some(currency)) = (session.amount_total, &session.currency) else {
            return Err(Failure::unknown("Stripe does not say how much was paid"));
        };
        progress = Progress::succeeded(units::from_stripe(amount, currency)?);
    }
    progress.gateway_ref = Some(intent.unwrap_or(&session.id).clone());
    Ok(progress)
}

/// Where an attempt stands, by the intent of a session that is over.
pub(crate) fn intent_progress(intent: &PaymentIntent) -> Result<Progress, Failure> {
    let charge = match &intent.latest_charge {
        Some(Expandable::Object(charge)) => Some(&**charge),
        _ => None,
    };
    let mut progress = match intent.status {
        IntentStatus::Succeeded => {
            let received = intent
                .amount_received
                .or_else(|| charge?.amount_captured)
                .ok_or_else(|| Failure::unknown("Stripe does not say how much was paid"))?;
            Progress::succeeded(units::from_stripe(received, &intent.currency)?)
        }
        IntentStatus::RequiresCapture => Progress {
            received: Some(units::from_stripe(
                intent.amount_capturable.unwrap_or(intent.amount),
                &intent.currency,
            )?),
            ..Progress::new(AttemptState::Authorized)
        },
        // `requires_action` of a session that is over: a voucher is to be paid, a transfer to be made.
        IntentStatus::Processing | IntentStatus::RequiresAction | IntentStatus::RequiresConfirmation => {
            Progress::new(AttemptState::Processing)
        }
        IntentStatus::Canceled => Progress::new(AttemptState::Cancelled),
        IntentStatus::RequiresPaymentMethod => declined(intent),
        IntentStatus::Other => {
            return Err(Failure::unknown(
                "Stripe tells of an intent without a known status",
            ));
        }
    };
    progress.gateway_ref = Some(intent.id.clone());
    progress.details = Some(details(&intent.id, charge));
    Ok(progress)
}

fn declined(intent: &PaymentIntent) -> Progress {
    let failure = intent.last_payment_error.as_ref().map(error::card_refusal);
    match failure {
        Some(Failure::Refused { code, message }) => Progress::declined(code, message),
        _ => Progress::declined("payment_failed", "The payment failed."),
    }
}

fn details(intent: &str, charge: Option<&Charge>) -> String {
    let card = charge.and_then(|charge| match &charge.payment_method_details {
        Some(MethodDetails { card: Some(card) }) => Some(card),
        _ => None,
    });
    json::to_string(&Details {
        provider_id: intent,
        card_type: card.and_then(|card| card.brand.as_deref()),
        card_last_four: card.and_then(|card| card.last4.as_deref()),
        card_expiry: card.and_then(expiry),
    })
}

/// `MM/YY`.
fn expiry(card: &Card) -> Option<String> {
    Some(format!("{:02}/{:02}", card.exp_month?, card.exp_year? % 100))
}

/// Where a refund stands.
pub(crate) fn refund_progress(refund: &Refund) -> RefundProgress {
    let failed = |code: &str, message: &str| {
        let code = refund.failure_reason.as_deref().unwrap_or(code);
        (RefundState::Failed, Some(payments::Failure::new(code, message)))
    };
    let (state, failure) = match refund.status {
        Some(RefundStatus::Succeeded) => (RefundState::Succeeded, None),
        Some(RefundStatus::Failed) => failed("refund_failed", "Stripe could not send the money back."),
        Some(RefundStatus::Canceled) => failed("refund_canceled", "The refund was taken back at Stripe."),
        Some(RefundStatus::Pending | RefundStatus::RequiresAction | RefundStatus::Other) | None => {
            (RefundState::Pending, None)
        }
    };
    RefundProgress {
        state,
        gateway_ref: Some(refund.id.clone()),
        failure,
    }
}

fn bounded(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).collect()
}
