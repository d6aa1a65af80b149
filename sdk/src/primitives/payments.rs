//! Requests for money that somebody pays on a hosted page, through a gateway.
//!
//! [`create`] a payment and give its [`Payment::pay_url`] to the payer. What becomes of it is told to
//! [`crate::Plugin::on_event`], in the transaction in which it happens.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::money::Amount;
use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField, Problem};

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits for the payer.
    Pending,
    /// Money is under way, or it is not known whether it is.
    Processing,
    /// Reserved at the gateway, not taken.
    Authorized,
    /// Paid. Final.
    Succeeded,
    /// Given up. Final.
    Failed,
    /// Its time is over. Final.
    Expired,
    /// Taken back. Final.
    Cancelled,
}

/// How what was received compares with what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The amount, give or take the tolerance.
    Exact,
    /// Less, but enough to be accepted.
    Partial,
    /// More.
    Overpaid,
}

/// Who pays a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeePayer {
    /// It comes out of what was received.
    Merchant,
    /// It is added to what the payer has to pay.
    Payer,
}

/// What is kept of a payment: a part of the amount, rounded half up, and a fixed sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// Of the amount; 25,000 is 2.5 %.
    pub parts_per_million: u32,
    /// Minor units beside.
    pub fixed_minor: i64,
    /// Who pays it.
    pub paid_by: FeePayer,
}

/// Where a payment still counts as paid, or as partly paid. Fractions are of the amount due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// Missing minor units that are forgiven.
    pub short_minor: i64,
    /// Missing parts per million that are forgiven; the larger of the two counts.
    pub short_ppm: u32,
    /// Less than this is not accepted even as a partial payment; 0 takes any.
    pub partial_min_ppm: u32,
}

/// Whether money is taken at once or reserved first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureMode {
    /// At once.
    #[default]
    Automatic,
    /// When somebody captures it.
    Manual,
}

/// A payment to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// What the page's link carries: unguessable, unique among all payments of this plugin, 16 to 64 of `a-z A-Z 0-9 _ -`.
    /// Absent: the payment's own id.
    pub reference: Option<String>,
    /// More than zero; what the payer owes, the fee not included.
    pub amount: Amount,
    /// Who owes it.
    pub user: Option<u64>,
    /// Shown on the page; 0 to 500 characters.
    pub description: String,
    /// JSON object, at most 64 KiB; empty means `{}`.
    pub metadata: String,
    /// Where the payer goes once it is paid.
    pub success_url: Option<String>,
    /// Where the payer goes when giving up.
    pub cancel_url: Option<String>,
    /// Where the payer goes after an attempt failed, instead of staying on the page.
    pub failure_url: Option<String>,
    /// When a payment that is still open ends by itself, milliseconds since the epoch.
    pub expires_at: Option<u64>,
    /// `stripe`, or one method of one, `sandbox/card`; empty for all that are ready.
    pub gateways: Vec<String>,
    /// Only ways to pay in ordinary currency.
    pub fiat_only: bool,
    /// Only ways to pay in coins.
    pub crypto_only: bool,
    /// Whether money is reserved first.
    pub capture: CaptureMode,
    /// Language of the page (`en es fr pt ru ar`); absent: the payer's browser decides.
    pub locale: Option<String>,
    /// What is kept of it.
    pub fee: Option<Fee>,
    /// What is forgiven.
    pub tolerance: Option<Tolerance>,
}

impl NewPayment {
    /// A payment of this amount, to be paid at any time, in any way.
    pub fn new(amount: Amount, description: impl Into<String>) -> NewPayment {
        NewPayment {
            reference: None,
            amount,
            user: None,
            description: description.into(),
            metadata: String::new(),
            success_url: None,
            cancel_url: None,
            failure_url: None,
            expires_at: None,
            gateways: Vec::new(),
            fiat_only: false,
            crypto_only: false,
            capture: CaptureMode::Automatic,
            locale: None,
            fee: None,
            tolerance: None,
        }
    }

    /// With the plugin's own data, which comes back with the payment.
    #[must_use]
    pub fn with_metadata<T: Serialize + ?Sized>(mut self, metadata: &T) -> NewPayment {
        self.metadata = crate::json::to_string(metadata);
        self
    }
}

/// Why something was not paid or sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The gateway's or plugin's code: `5051`, `card_declined`.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Failure {
    /// With a code and words for it.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// `pay_` and 22 characters.
    pub id: String,
    /// What the page's link carries.
    pub reference: String,
    /// Where it stands.
    pub status: Status,
    /// As asked for, the fee not included.
    pub amount: Amount,
    /// What the payer has to pay: `amount`, and the fee where the payer pays it.
    pub due: Amount,
    /// Who owes it.
    pub user: Option<u64>,
    /// Shown on the page.
    pub description: String,
    /// JSON object.
    pub metadata: String,
    /// See [`NewPayment::success_url`].
    pub success_url: Option<String>,
    /// See [`NewPayment::cancel_url`].
    pub cancel_url: Option<String>,
    /// See [`NewPayment::failure_url`].
    pub failure_url: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<u64>,
    /// See [`NewPayment::locale`].
    pub locale: Option<String>,
    /// What has arrived and was kept, in the payment's currency.
    pub received: Amount,
    /// The fee taken from it.
    pub fee: Amount,
    /// What has been sent back, refunds under way included.
    pub refunded: Amount,
    /// Set once succeeded.
    pub settlement: Option<Settlement>,
    /// Why the newest attempt, or the payment, failed.
    pub failure: Option<Failure>,
    /// When it was paid.
    pub paid_at: Option<u64>,
    /// Where the payer pays.
    pub pay_url: String,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Milliseconds since the epoch.
    pub updated_at: u64,
}

impl Payment {
    /// The metadata as a value of the plugin's own type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, PaymentError> {
        serde_json::from_str(&self.metadata)
            .map_err(|error| PaymentError::Internal(format!("metadata of the payment {}: {error}", self.id)))
    }
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// To be taken to the gateway.
    Starting,
    /// Waits for the payer.
    Waiting,
    /// Money is under way.
    Processing,
    /// Whether anything was charged is not known yet.
    Unknown,
    /// Reserved.
    Authorized,
    /// Charged.
    Succeeded,
    /// Definitely not charged.
    Declined,
    /// Given up; definitely not charged.
    Cancelled,
}

/// One try of a payment through one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// `att_` and 22 characters.
    pub id: String,
    /// 1, 2, 3 … within its payment.
    pub number: u32,
    /// The gateway's name.
    pub gateway: String,
    /// The gateway's method: `card`, `crypto:USDT:ethereum`.
    pub method: String,
    /// Where it stands.
    pub state: AttemptState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// What arrived, in the gateway's currency.
    pub received: Option<Amount>,
    /// Why it was declined.
    pub failure: Option<Failure>,
    /// JSON object: what the gateway tells beside. See `payments.attempt` of the contract for its members.
    pub details: String,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Milliseconds since the epoch.
    pub ended_at: Option<u64>,
}

impl Attempt {
    /// The details as a value of the plugin's own type, whose fields should all be optional.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, PaymentError> {
        serde_json::from_str(&self.details)
            .map_err(|error| PaymentError::Internal(format!("details of the attempt {}: {error}", self.id)))
    }
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// Under way, or not known.
    Pending,
    /// Sent back.
    Succeeded,
    /// Not sent back.
    Failed,
}

/// A refund to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// Of what.
    pub payment: String,
    /// Absent: all that is left.
    pub amount: Option<Amount>,
    /// 0 to 500 characters.
    pub reason: String,
    /// 1 to 200 characters, unique in the payment; absent: every call is a new refund.
    pub idempotency_key: Option<String>,
}

/// Money on its way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// `rfd_` and 22 characters.
    pub id: String,
    /// Of what.
    pub payment: String,
    /// How much.
    pub amount: Amount,
    /// For people.
    pub reason: String,
    /// Where it stands.
    pub state: RefundState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The job that takes it to the gateway; see [`crate::http::Response::resume_after`].
    pub job: String,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Milliseconds since the epoch.
    pub ended_at: Option<u64>,
}

/// Which payments; what is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Of this user.
    pub user: Option<u64>,
    /// In this status.
    pub status: Option<Status>,
}

/// What has happened to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An attempt ended without a charge; the payment can still be paid.
    AttemptFailed,
    /// Money is under way.
    Processing,
    /// Reserved at the gateway.
    Authorized,
    /// Paid.
    Succeeded,
    /// Given up.
    Failed,
    /// Its time is over.
    Expired,
    /// Taken back.
    Cancelled,
    /// The refund of this id arrived.
    Refunded(String),
    /// The refund of this id did not.
    RefundFailed(String),
}

/// Something that has happened to a payment of this plugin; see [`crate::Plugin::on_event`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentEvent {
    /// What.
    pub kind: EventKind,
    /// To which payment, as it was then.
    pub payment: Payment,
    /// The attempt it is about, if it is about one.
    pub attempt: Option<Attempt>,
    /// The refund it is about.
    pub refund: Option<Refund>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentError {
    /// No such payment.
    NotFound,
    /// Another payment of the plugin has this reference; its id, if it is this tenant's.
    ReferenceTaken(Option<String>),
    /// The user does not exist.
    UnknownUser(u64),
    /// The payment's status, which is given, does not allow that.
    WrongStatus(Status),
    /// More than what is left to refund or to capture, which is given.
    TooMuch(Amount),
    /// The gateway, which is named, cannot do that.
    NotSupported(String),
    /// The refund's idempotency key was used with another amount, by the refund whose id is given.
    KeyReused(String),
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Makes a payment. Not safe to repeat, except with a reference.
pub fn create(payment: NewPayment) -> Result<Payment, PaymentError> {
    host!(payment_create(payment))
}

/// The payment with this id.
pub fn get(id: &str) -> Result<Payment, PaymentError> {
    host!(payment_get(id))
}

/// The payment with this reference.
pub fn find(reference: &str) -> Result<Payment, PaymentError> {
    host!(payment_find(reference))
}

/// Payments of this plugin.
pub fn list(filter: PaymentFilter, page: Page) -> Result<List<Payment>, PaymentError> {
    host!(payment_list(filter, page))
}

/// All attempts of a payment, oldest first.
pub fn attempts(id: &str) -> Result<Vec<Attempt>, PaymentError> {
    host!(payment_attempts(id))
}

/// All refunds of a payment, oldest first.
pub fn refunds(id: &str) -> Result<Vec<Refund>, PaymentError> {
    host!(payment_refunds(id))
}

/// Ends an open payment. Already cancelled: no change.
pub fn cancel(id: &str) -> Result<Payment, PaymentError> {
    host!(payment_cancel(id))
}

/// Ends an open payment, with a reason. Already failed: no change.
pub fn fail(id: &str, reason: Failure) -> Result<Payment, PaymentError> {
    host!(payment_fail(id, reason))
}

/// Sends money back, in a job. Safe to repeat with an idempotency key.
pub fn refund(refund: NewRefund) -> Result<Refund, PaymentError> {
    host!(payment_refund(refund))
}

/// Takes what is authorized, or a part of it, in the job whose id is given. Repeating it is safe.
pub fn capture(id: &str, amount: Option<Amount>) -> Result<String, PaymentError> {
    host!(payment_capture(id, amount))
}

/// Releases what is authorized, in the job whose id is given. Repeating it is safe.
pub fn void(id: &str) -> Result<String, PaymentError> {
    host!(payment_void(id))
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Problem {
        match error {
            PaymentError::NotFound => Problem::NotFound,
            PaymentError::ReferenceTaken(_) => Problem::Conflict("the reference is taken".to_owned()),
            PaymentError::UnknownUser(id) => Problem::Conflict(format!("there is no user {id}")),
            PaymentError::WrongStatus(status) => {
                Problem::Conflict(format!("the payment is {}", format!("{status:?}").to_lowercase()))
            }
            PaymentError::TooMuch(left) => Problem::Conflict(format!("only {left} is left")),
            PaymentError::NotSupported(gateway) => {
                Problem::Conflict(format!("the gateway {gateway} cannot do that"))
            }
            PaymentError::KeyReused(_) => {
                Problem::Conflict("the idempotency key was used with another amount".to_owned())
            }
            PaymentError::Invalid(invalid) => Problem::Invalid(invalid),
            PaymentError::Denied(denial) => Problem::Denied(denial),
            PaymentError::Internal(why) => Problem::Internal(why),
        }
    }
}
