//! PayPal's JSON, as far as it is read or written.

use serde::{Deserialize, Serialize};

/// An order, as it is made.
#[derive(Serialize)]
pub(crate) struct NewOrder<'a> {
    pub(crate) intent: &'static str,
    pub(crate) purchase_units: [NewUnit<'a>; 1],
    pub(crate) payment_source: PaymentSource<'a>,
}

#[derive(Serialize)]
pub(crate) struct NewUnit<'a> {
    pub(crate) custom_id: &'a str,
    pub(crate) invoice_id: &'a str,
    pub(crate) description: String,
    pub(crate) amount: Money,
}

#[derive(Serialize)]
pub(crate) struct PaymentSource<'a> {
    pub(crate) paypal: Wallet<'a>,
}

#[derive(Serialize)]
pub(crate) struct Wallet<'a> {
    pub(crate) experience_context: Experience<'a>,
}

#[derive(Serialize)]
pub(crate) struct Experience<'a> {
    pub(crate) return_url: &'a str,
    pub(crate) cancel_url: &'a str,
    pub(crate) user_action: &'static str,
    pub(crate) shipping_preference: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) locale: Option<&'static str>,
}

/// An amount as a decimal text, with the places that PayPal has for its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Money {
    pub(crate) currency_code: String,
    pub(crate) value: String,
}

/// What is taken of an authorization.
#[derive(Serialize)]
pub(crate) struct NewCapture {
    pub(crate) amount: Money,
    pub(crate) final_capture: bool,
}

/// What is sent back of a capture.
#[derive(Serialize)]
pub(crate) struct NewRefund<'a> {
    pub(crate) amount: Money,
    pub(crate) custom_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note_to_payer: Option<String>,
}

/// An order, as PayPal has it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) status: OrderStatus,
    #[serde(default)]
    pub(crate) purchase_units: Vec<Unit>,
    #[serde(default)]
    pub(crate) links: Vec<Link>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum OrderStatus {
    Created,
    Saved,
    PayerActionRequired,
    Approved,
    Completed,
    Voided,
    #[serde(other)]
    Other,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Unit {
    #[serde(default)]
    pub(crate) custom_id: Option<String>,
    #[serde(default)]
    pub(crate) payments: Option<Payments>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Payments {
    #[serde(default)]
    pub(crate) authorizations: Vec<Authorization>,
    #[serde(default)]
    pub(crate) captures: Vec<Capture>,
    #[serde(default)]
    pub(crate) refunds: Vec<Refund>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) rel: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Authorization {
    pub(crate) id: String,
    pub(crate) status: AuthorizationStatus,
    #[serde(default)]
    pub(crate) amount: Option<Money>,
    #[serde(default)]
    pub(crate) custom_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AuthorizationStatus {
    Created,
    Pending,
    Captured,
    PartiallyCaptured,
    Denied,
    Voided,
    Expired,
    #[serde(other)]
    Other,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Capture {
    pub(crate) id: String,
    pub(crate) status: CaptureStatus,
    #[serde(default)]
    pub(crate) amount: Option<Money>,
    #[serde(default)]
    pub(crate) custom_id: Option<String>,
    /// In notifications.
    #[serde(default)]
    pub(crate) supplementary_data: Supplement,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Supplement {
    #[serde(default)]
    pub(crate) related_ids: RelatedIds,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct RelatedIds {
    #[serde(default)]
    pub(crate) authorization_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum CaptureStatus {
    Completed,
    Pending,
    Declined,
    Failed,
    PartiallyRefunded,
    Refunded,
    #[serde(other)]
    Other,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) status: RefundStatus,
    #[serde(default)]
    pub(crate) custom_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RefundStatus {
    Completed,
    Pending,
    Failed,
    Cancelled,
    #[serde(other)]
    Other,
}

/// The body of a status from 400 on.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorBody {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) details: Vec<ErrorDetail>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ErrorDetail {
    pub(crate) issue: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
}

/// A notification.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) event_type: String,
    pub(crate) resource: serde_json::Value,
}

/// What PayPal is told to check, in front of the event itself.
#[derive(Serialize)]
pub(crate) struct Verification<'a> {
    pub(crate) auth_algo: &'a str,
    pub(crate) cert_url: &'a str,
    pub(crate) transmission_id: &'a str,
    pub(crate) transmission_sig: &'a str,
    pub(crate) transmission_time: &'a str,
    pub(crate) webhook_id: &'a str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Verified {
    pub(crate) verification_status: String,
}

/// What this gateway keeps with an attempt: the ids that money is moved by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memo {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authorization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) capture: Option<String>,
}
