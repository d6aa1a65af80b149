//! Notifications: whether they are Stripe's, and what they say.
//!
//! They arrive twice, late and in any order. What is read from each is true whenever it is read: that money arrived or is
//! reserved, or that nothing can be charged any more. What a later event may take back is not passed on. Where money is there,
//! Stripe is asked for the card it came from, which events do not say.

use mooring_sdk::context;
use mooring_sdk::gateway::{News, Notification, NotificationError, Progress, RefundProgress, Subject};
use mooring_sdk::payments::AttemptState;
use mooring_sdk::signatures::{self, Algorithm};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Failure;
use crate::model::{Charge, Event, Metadata, PaymentIntent, Refund, Session};
use crate::{convert, intents, sessions};

/// The setting with the endpoint's secret, `whsec_` included.
pub(crate) const SECRET: &str = "stripe_webhook_secret";

/// By how much the signature's time may differ from ours, both ways.
const TOLERANCE_SECONDS: u64 = 300;
/// Stripe signs with two secrets at most while one is being replaced.
const SIGNATURES_MAX: usize = 16;

type NewsOfSubject = (Subject, News);

/// What a notification says; empty where it is nothing to us.
pub(crate) fn read(notification: &Notification) -> Result<Vec<NewsOfSubject>, NotificationError> {
    verify(notification)?;
    let event: Event = serde_json::from_slice(&notification.body)
        .map_err(|error| NotificationError::Malformed(format!("not an event: {error}")))?;
    let object = event.data.object;
    match event.kind.as_str() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
            session(object, session_now)
        }
        "checkout.session.expired" => session(object, convert::session_progress),
        "checkout.session.async_payment_failed" => session(object, |_| {
            Ok(Progress::declined("payment_failed", "The payment failed."))
        }),
        "payment_intent.succeeded" | "payment_intent.amount_capturable_updated" => intent(object, intent_now),
        "payment_intent.canceled" => intent(object, convert::intent_progress),
        // Its page may still be open, so what the attempt is known by stays the session.
        "payment_intent.processing" => intent(object, |_| Ok(Progress::new(AttemptState::Processing))),
        "charge.refunded" => Ok(charge(read_object(object)?)),
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            Ok(refund(&read_object(object)?).into_iter().collect())
        }
        // `payment_intent.payment_failed` among them: the payer may try another card on the same page, and when the session is
        // over without money, an event of the session says so.
        _ => Ok(Vec::new()),
    }
}

/// `t=1492774577,v1=5257a8...,v1=...`: one of the signatures has to be that of the time and the body as they arrived.
fn verify(notification: &Notification) -> Result<(), NotificationError> {
    let untrusted = |why: &str| NotificationError::Untrusted(why.to_owned());
    let header = notification
        .headers
        .iter()
        .find(|(name, _)| name == "stripe-signature")
        .ok_or_else(|| untrusted("there is no Stripe-Signature"))?;
    let mut time = None;
    let mut candidates = Vec::new();
    for part in header.1.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = Some(value),
            Some(("v1", value)) if candidates.len() < SIGNATURES_MAX => {
                candidates.extend(hex::decode(value));
            }
            _ => {}
        }
    }
    let time = time.ok_or_else(|| untrusted("the signature has no time"))?;
    let seconds: u64 = time
        .parse()
        .map_err(|_| untrusted("the signature's time is no number"))?;
    if (context::now() / 1000).abs_diff(seconds) > TOLERANCE_SECONDS {
        return Err(untrusted("the signature is too old, or a clock is wrong"));
    }
    if candidates.is_empty() {
        return Err(untrusted("there is no signature of the scheme v1"));
    }
    let mut message = format!("{time}.").into_bytes();
    message.extend_from_slice(&notification.body);
    match signatures::verify(SECRET, Algorithm::HmacSha256, &message, &candidates) {
        Ok(true) => Ok(()),
        Ok(false) => Err(untrusted("no signature is right")),
        Err(error) => Err(NotificationError::Retry(format!(
            "the signature cannot be checked: {error:?}"
        ))),
    }
}

fn session(
    object: Value,
    progress: impl FnOnce(&Session) -> Result<Progress, Failure>,
) -> Result<Vec<NewsOfSubject>, NotificationError> {
    let session: Session = read_object(object)?;
    news(session.metadata.as_ref(), || progress(&session))
}

fn intent(
    object: Value,
    progress: impl FnOnce(&PaymentIntent) -> Result<Progress, Failure>,
) -> Result<Vec<NewsOfSubject>, NotificationError> {
    let intent: PaymentIntent = read_object(object)?;
    news(intent.metadata.as_ref(), || progress(&intent))
}

/// As Stripe has it by now, with the card; where it cannot be asked, what the event says of the money is enough.
fn session_now(session: &Session) -> Result<Progress, Failure> {
    let now = sessions::view(&session.id);
    convert::session_progress(now.as_ref().unwrap_or(session))
}

fn intent_now(intent: &PaymentIntent) -> Result<Progress, Failure> {
    let now = intents::view(&intent.id);
    convert::intent_progress(now.as_ref().unwrap_or(intent))
}

/// Other business of the same account carries no id of ours.
fn news(
    metadata: Option<&Metadata>,
    progress: impl FnOnce() -> Result<Progress, Failure>,
) -> Result<Vec<NewsOfSubject>, NotificationError> {
    let Some(attempt) = metadata.and_then(|metadata| metadata.mooring_attempt.clone()) else {
        return Ok(Vec::new());
    };
    match progress() {
        Ok(progress) => Ok(vec![(Subject::Attempt(attempt), News::Attempt(progress))]),
        Err(failure) => Err(NotificationError::Malformed(format!("{failure:?}"))),
    }
}

/// Older versions of Stripe's API list the refunds in the charge; newer ones tell of each by itself.
fn charge(charge: Charge) -> Vec<NewsOfSubject> {
    let refunds = charge.refunds.map(|list| list.data).unwrap_or_default();
    refunds.iter().filter_map(refund).collect()
}

fn refund(made: &Refund) -> Option<NewsOfSubject> {
    let id = made.metadata.as_ref()?.mooring_refund.clone()?;
    let progress: RefundProgress = convert::refund_progress(made);
    Some((Subject::Refund(id), News::Refund(progress)))
}

fn read_object<T: DeserializeOwned>(object: Value) -> Result<T, NotificationError> {
    serde_json::from_value(object)
        .map_err(|error| NotificationError::Malformed(format!("not an object of this event: {error}")))
}
