//! Stripe's JSON, as far as it is read. What may be missing in one version of its API or another is optional.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A Checkout Session.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) status: Option<SessionStatus>,
    #[serde(default)]
    pub(crate) payment_status: PaymentStatus,
    /// Stripe's page, while the session is open.
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) client_reference_id: Option<String>,
    #[serde(default)]
    pub(crate) amount_total: Option<i64>,
    #[serde(default)]
    pub(crate) currency: Option<String>,
    #[serde(default)]
    pub(crate) payment_intent: Option<Expandable<PaymentIntent>>,
    #[serde(default)]
    pub(crate) metadata: Option<Metadata>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionStatus {
    Open,
    Complete,
    Expired,
    #[serde(other)]
    Other,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Paid,
    #[default]
    #[serde(other)]
    Other,
}

/// What moves the money of a session.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PaymentIntent {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) status: IntentStatus,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    #[serde(default)]
    pub(crate) amount_received: Option<i64>,
    #[serde(default)]
    pub(crate) amount_capturable: Option<i64>,
    #[serde(default)]
    pub(crate) latest_charge: Option<Expandable<Charge>>,
    #[serde(default)]
    pub(crate) last_payment_error: Option<ErrorDetail>,
    #[serde(default)]
    pub(crate) metadata: Option<Metadata>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
    #[default]
    #[serde(other)]
    Other,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Charge {
    #[serde(default)]
    pub(crate) amount_captured: Option<i64>,
    #[serde(default)]
    pub(crate) payment_method_details: Option<MethodDetails>,
    #[serde(default)]
    pub(crate) refunds: Option<List<Refund>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct MethodDetails {
    #[serde(default)]
    pub(crate) card: Option<Card>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Card {
    #[serde(default)]
    pub(crate) brand: Option<String>,
    #[serde(default)]
    pub(crate) last4: Option<String>,
    #[serde(default)]
    pub(crate) exp_month: Option<u32>,
    #[serde(default)]
    pub(crate) exp_year: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) status: Option<RefundStatus>,
    #[serde(default)]
    pub(crate) failure_reason: Option<String>,
    #[serde(default)]
    pub(crate) metadata: Option<Metadata>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
    #[serde(other)]
    Other,
}

/// What we write on Stripe's objects, so that they tell whose they are.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) mooring_attempt: Option<String>,
    #[serde(default)]
    pub(crate) mooring_refund: Option<String>,
}

/// A field that holds an id, or, where it was asked for, the object.
#[derive(Clone, Debug)]
pub(crate) enum Expandable<T> {
    Id(String),
    Object(Box<T>),
}

// Not an untagged enum: those lose numbers when JSON is read with all digits.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Expandable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Expandable<T>, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(id) => Ok(Expandable::Id(id)),
            object => serde_json::from_value(object)
                .map(|object| Expandable::Object(Box::new(object)))
                .map_err(Error::custom),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) has_more: bool,
}

/// The body of a status from 400 on.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorBody {
    pub(crate) error: ErrorDetail,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ErrorDetail {
    #[serde(default, rename = "type")]
    pub(crate) kind: ErrorKind,
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) decline_code: Option<String>,
    /// Written for payers in a card error; otherwise for developers, and it may quote what was sent.
    #[serde(default)]
    pub(crate) message: Option<String>,
    #[serde(default)]
    pub(crate) param: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorKind {
    CardError,
    InvalidRequestError,
    IdempotencyError,
    #[default]
    #[serde(other)]
    Other,
}

/// A notification.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) data: EventData,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EventData {
    pub(crate) object: Value,
}
