//! Notifications: whether they are PayPal's, which PayPal itself is asked, and what they say.
//!
//! They arrive twice, late and in any order, and each says what one object was like at one time. The host takes from that what
//! is further than it knew.

use mooring_sdk::gateway::{News, Notification, NotificationError, Progress, Subject};
use mooring_sdk::payments::AttemptState;
use mooring_sdk::{json, log, settings};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Failure;
use crate::model::{Authorization, Capture, Event, Order, Refund, Verification, Verified};
use crate::{api, convert};

/// The setting with PayPal's id of the webhook.
pub(crate) const WEBHOOK_ID: &str = "paypal_webhook_id";

/// What ids of ours begin with: a merchant's own orders and refunds carry other numbers, or none.
const ATTEMPT: &str = "att_";
const REFUND: &str = "rfd_";

type NewsOfSubject = (Subject, News);

/// What a notification says; empty where it is nothing to us.
pub(crate) fn read(notification: &Notification) -> Result<Vec<NewsOfSubject>, NotificationError> {
    let event: Event = serde_json::from_slice(&notification.body)
        .map_err(|error| NotificationError::Malformed(format!("not an event: {error}")))?;
    verify(notification)?;
    let resource = event.resource;
    match event.event_type.as_str() {
        // Nothing is charged yet: the look-up that this calls for does it.
        "CHECKOUT.ORDER.APPROVED" => {
            let order: Order = read_resource(resource)?;
            let custom_id = order
                .purchase_units
                .first()
                .and_then(|unit| unit.custom_id.clone());
            of_attempt(custom_id, || {
                Ok(Progress {
                    gateway_ref: Some(order.id.clone()),
                    ..Progress::new(AttemptState::Processing)
                })
            })
        }
        "PAYMENT.CAPTURE.COMPLETED"
        | "PAYMENT.CAPTURE.PENDING"
        | "PAYMENT.CAPTURE.DENIED"
        | "PAYMENT.CAPTURE.DECLINED" => {
            let capture: Capture = read_resource(resource)?;
            of_attempt(capture.custom_id.clone(), || convert::capture_progress(&capture))
        }
        "PAYMENT.AUTHORIZATION.CREATED" | "PAYMENT.AUTHORIZATION.DENIED" | "PAYMENT.AUTHORIZATION.VOIDED" => {
            let authorization: Authorization = read_resource(resource)?;
            of_attempt(authorization.custom_id.clone(), || {
                convert::authorization_progress(&authorization)
            })
        }
        "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.REFUND.PENDING" | "PAYMENT.REFUND.FAILED" => {
            let refund: Refund = read_resource(resource)?;
            Ok(of_refund(&refund).into_iter().collect())
        }
        "PAYMENT.CAPTURE.REVERSED" => {
            log::warn(
                "PayPal has taken a payment back (PAYMENT.CAPTURE.REVERSED); see its resolution centre",
            );
            Ok(Vec::new())
        }
        _ => Ok(Vec::new()),
    }
}

/// PayPal signs the bytes that it sent, so they are handed back as they are.
fn verify(notification: &Notification) -> Result<(), NotificationError> {
    let header = |name: &str| {
        let found = notification.headers.iter().find(|(found, _)| found == name);
        found
            .map(|(_, value)| value.as_str())
            .ok_or_else(|| NotificationError::Untrusted(format!("there is no {name}")))
    };
    let later = |why: String| NotificationError::Retry(format!("the notification cannot be checked: {why}"));
    let webhook_id = settings::get(WEBHOOK_ID)
        .map_err(|error| later(format!("{error:?}")))?
        .ok_or_else(|| later(format!("`{WEBHOOK_ID}` is not set")))?;
    let mut question = json::to_string(&Verification {
        auth_algo: header("paypal-auth-algo")?,
        cert_url: header("paypal-cert-url")?,
        transmission_id: header("paypal-transmission-id")?,
        transmission_sig: header("paypal-transmission-sig")?,
        transmission_time: header("paypal-transmission-time")?,
        webhook_id: &webhook_id,
    })
    .into_bytes();
    // The object is open again, and the event is its last member. That it is one JSON value, `read` has seen.
    question.pop();
    question.extend_from_slice(br#","webhook_event":"#);
    question.extend_from_slice(&notification.body);
    question.push(b'}');
    match api::ask::<Verified>("/v1/notifications/verify-webhook-signature", question) {
        Ok(verified) if verified.verification_status == "SUCCESS" => Ok(()),
        Ok(_) => Err(NotificationError::Untrusted("PayPal did not send it".to_owned())),
        Err(Failure::Refused { code, .. }) => Err(NotificationError::Untrusted(format!(
            "PayPal does not check it: {code}"
        ))),
        Err(Failure::Missing) => Err(NotificationError::Untrusted("PayPal does not know it".to_owned())),
        Err(Failure::Settings(why) | Failure::Unknown(why)) => Err(later(why)),
    }
}

fn of_attempt(
    custom_id: Option<String>,
    progress: impl FnOnce() -> Result<Progress, Failure>,
) -> Result<Vec<NewsOfSubject>, NotificationError> {
    let Some(attempt) = custom_id.filter(|id| id.starts_with(ATTEMPT)) else {
        return Ok(Vec::new());
    };
    match progress() {
        Ok(progress) => Ok(vec![(Subject::Attempt(attempt), News::Attempt(progress))]),
        Err(failure) => Err(NotificationError::Malformed(format!("{failure:?}"))),
    }
}

fn of_refund(refund: &Refund) -> Option<NewsOfSubject> {
    let id = refund.custom_id.clone().filter(|id| id.starts_with(REFUND))?;
    Some((
        Subject::Refund(id),
        News::Refund(convert::refund_progress(refund)),
    ))
}

fn read_resource<T: DeserializeOwned>(resource: Value) -> Result<T, NotificationError> {
    serde_json::from_value(resource)
        .map_err(|error| NotificationError::Malformed(format!("not a resource of this event: {error}")))
}
