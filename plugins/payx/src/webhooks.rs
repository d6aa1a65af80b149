//! What the reseller's server is told: `payment.success` and `payment.error`, in the provider's words.

use mooring_sdk::payments::{AttemptState, EventKind, PaymentEvent, Status};
use mooring_sdk::prelude::*;
use mooring_sdk::settings;
use mooring_sdk::webhooks::{self, NewEvent};
use serde_json::Number;

use crate::convert;
use crate::error::Error;
use crate::input::Reseller;
use crate::model::{Data, Notice, SentOut};
use crate::payments::{self, Terms};

/// Setting: where successes are told.
pub(crate) const SUCCESS_URL: &str = "webhook_success";
/// Setting: where failures are told.
pub(crate) const ERROR_URL: &str = "webhook_error";
/// Setting: what signatures are made with; the provider has none.
pub(crate) const SECRET: &str = "webhook_secret";
/// Kind of the event of a payment that was made.
pub(crate) const SUCCESS: &str = "payment.success";
/// Kind of the event of an attempt that failed.
pub(crate) const ERROR: &str = "payment.error";

/// Keeps what an attempt told of the card and why it failed, and tells the reseller how it ended. An attempt that the payer gave up is no
/// error, and neither is anything about a payment that the reseller has deleted.
pub(crate) fn on_event(event: PaymentEvent) -> Result<(), Error> {
    let PaymentEvent {
        kind,
        payment,
        attempt,
        ..
    } = event;
    let succeeded = match kind {
        EventKind::Succeeded => true,
        EventKind::AttemptFailed | EventKind::Failed => false,
        EventKind::Processing
        | EventKind::Authorized
        | EventKind::Expired
        | EventKind::Cancelled
        | EventKind::Refunded(_)
        | EventKind::RefundFailed(_) => return Ok(()),
    };
    let given_up = attempt
        .as_ref()
        .is_some_and(|attempt| attempt.state == AttemptState::Cancelled);
    if !succeeded && (given_up || payment.status == Status::Cancelled) {
        return Ok(());
    }

    let terms: Terms = payment.read()?;
    let (mut row, _) = match payments::get(terms.id_payment) {
        Err(Error::PaymentNotFound) => return Ok(()),
        found => found?,
    };
    let failure = payment
        .failure
        .as_ref()
        .or_else(|| attempt.as_ref().and_then(|attempt| attempt.failure.as_ref()));
    let error_message = (!succeeded).then(|| failure.map(payments::error_message).unwrap_or_default());
    if let Some(attempt) = &attempt {
        row.facts = attempt.read()?;
    }
    row.error_message.clone_from(&error_message);
    payments::put(terms.id_payment, &row)?;
    let notice = Notice {
        reseller: convert::id_reseller()?,
        id_client: payment.user.unwrap_or_default(),
        id_payment: terms.id_payment,
        uuid_payment: payment.reference,
        id_payment_system: terms.payment_system.id_payment_system,
        period: terms.period,
        price: convert::price_number(&payment.amount),
        success: u8::from(succeeded),
        paid_at: payment.paid_at.filter(|_| succeeded).map(convert::time),
        error_message,
        created_at: convert::time(payment.created_at),
        description: terms.description,
    };
    // An attempt that ends a payment fails once and is told once, though both are announced.
    let about = attempt.map_or(payment.id, |attempt| attempt.id);
    let kind = if succeeded { SUCCESS } else { ERROR };
    let event = NewEvent::new(kind, terms.id_payment.to_string(), &notice);
    webhooks::emit(event.once(format!("{kind}:{about}")))?;
    Ok(())
}

/// `GET webhook/test/success`.
pub(crate) fn test_success(Reseller(reseller): Reseller) -> Result<Json<Data<SentOut>>, Error> {
    let notice = Notice {
        paid_at: Some("2024-01-01 00:01:05".to_owned()),
        ..sample(reseller, 1)
    };
    test(SUCCESS, SUCCESS_URL, &notice)
}

/// `GET webhook/test/error`.
pub(crate) fn test_error(Reseller(reseller): Reseller) -> Result<Json<Data<SentOut>>, Error> {
    let notice = Notice {
        error_message: Some("5051 (Insufficient funds)".to_owned()),
        ..sample(reseller, 0)
    };
    test(ERROR, ERROR_URL, &notice)
}

fn test(kind: &str, url_setting: &'static str, notice: &Notice) -> Result<Json<Data<SentOut>>, Error> {
    if !settings::is_set(url_setting)? {
        return Err(Error::NoWebhook(url_setting));
    }
    webhooks::emit(NewEvent::new(kind, "test", notice))?;
    Ok(Json(Data {
        data: SentOut { sent: 1 },
    }))
}

/// The example of the provider's documents.
fn sample(reseller: i64, success: u8) -> Notice {
    Notice {
        reseller,
        id_client: 123_456,
        id_payment: 123,
        uuid_payment: "4523698skjsjsskj2k2jkbhs".to_owned(),
        id_payment_system: 1,
        period: 1,
        price: Number::from(100),
        success,
        paid_at: None,
        error_message: None,
        created_at: "2024-01-01 00:01:00".to_owned(),
        description: Some("order 125".to_owned()),
    }
}
