//! Payments: requests for money that somebody pays on a hosted page, through a gateway.
//!
//! # Actors
//! A provider's plugin makes a payment and is told what becomes of it. A payer opens its page and picks a gateway: an
//! *attempt* begins. A gateway's plugin takes the attempt to whoever moves the money, and says where it stands
//! ([`Progress`]); a *refund* goes the same way back. Time ends what nobody pays.
//!
//! # Guarantees
//! * One attempt at a time: the next one begins only when the one before is known not to have charged anything
//!   ([`AttemptState::is_uncharged`]). An attempt of which that is not known stays `unknown` and is asked about until it is.
//! * A payment never moves back. What a gateway says late or twice is a no-op, except for money: money that nobody asked
//!   for any more is posted to suspense and sent back.
//! * Every change of money is a balanced posting in the same work, under a key of its own, so it is posted once.
//! * The refunds of a payment, those under way included, never exceed what it received.
//! * Every change is announced ([`Announcement`]) in the same work.
//!
//! # Accounts
//! | account | what its balance says |
//! | --- | --- |
//! | `gateway:{gateway}:clearing` | what the gateway holds for the tenant (a debit balance) |
//! | `merchant:{plugin}:balance` | what the merchant has earned |
//! | `fees:{plugin}` | fees kept |
//! | `suspense:{plugin}` | money that is on its way back, because nobody asked for it |
//! | `exchange:{gateway}` | the other side of coins that were counted as ordinary currency; a pair of currencies |
//!
//! # What it is not
//! It calls no gateway, runs no plugin and shows no page. It schedules the jobs in which the host does ([`JOB_START`] and
//! its neighbours), and knows no gateway by name.

mod apply;
mod asking;
mod attempts;
mod create;
mod end;
mod look_up;
mod news;
mod progress;
mod read;
mod receive;
mod refunds;
mod rows;
mod settle;
mod steps;

use self::asking::Asked;
use mooring_store::StoreError;
use serde::{Deserialize, Serialize};

pub use self::apply::apply;
pub use self::attempts::{abandon, begin, choices_left, open_attempt};
pub use self::create::create;
pub use self::end::{cancel, capture, expire, fail, void};
pub use self::look_up::look_up;
pub use self::news::announce_later;
pub use self::read::{
    Filter, attempt, attempt_by_gateway_ref, attempts, attempts_any, find, find_anywhere, get, get_any, list,
    list_any, refund_any, refund_by_gateway_ref, refunds, refunds_any, resolve,
};
pub use self::refunds::{apply_refund, refund};
use crate::check::InvalidField;
use crate::ids::{AttemptId, JobId, PaymentId, PluginName, RefundId, UserId};
use crate::json::Json;
use crate::money::Amount;
use crate::time::Timestamp;

/// Jobs of the host's own begin with this; plugins cannot schedule them.
pub const JOB_PREFIX: &str = crate::jobs::HOST_PREFIX;
/// Take an attempt to its gateway (`gateways.start`). Owned by the gateway's plugin; payload [`AttemptJob`].
pub const JOB_START: &str = "mooring.gateway-start";
/// Ask a gateway what has become of an attempt (`gateways.look-up`). Payload [`AttemptJob`].
pub const JOB_LOOK_UP: &str = "mooring.gateway-look-up";
/// Have a gateway take an attempt back (`gateways.abandon`). Payload [`AttemptJob`].
pub const JOB_ABANDON: &str = "mooring.gateway-abandon";
/// Have a gateway take what is authorized (`gateways.capture`). Payload [`AttemptJob`], with an amount.
pub const JOB_CAPTURE: &str = "mooring.gateway-capture";
/// Have a gateway send money back (`gateways.refund`). Payload [`RefundJob`].
pub const JOB_REFUND: &str = "mooring.gateway-refund";
/// End a payment whose time is over. Owned by the plugin that made it; payload [`PaymentJob`].
pub const JOB_EXPIRE: &str = "mooring.payment-expire";
/// Tell a plugin again what it failed to take. Payload [`AnnouncementJob`].
pub const JOB_ANNOUNCE: &str = "mooring.payment-announce";

/// Where a payment stands. See `payments.status` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Waits for the payer.
    Pending,
    /// Money is under way, or it is not known whether it is.
    Processing,
    /// Reserved, not taken.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// The amount, give or take the tolerance.
    Exact,
    /// Less, but enough to be accepted.
    Partial,
    /// More.
    Overpaid,
}

/// Who pays the fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeePayer {
    /// It comes out of what was received.
    Merchant,
    /// It is added to what the payer has to pay.
    Payer,
}

/// What is kept of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// Of the amount, rounded half up; 0 to 1,000,000.
    pub parts_per_million: u32,
    /// Minor units beside; zero or more.
    pub fixed_minor: i64,
    /// Who pays it.
    pub paid_by: FeePayer,
}

/// Where a payment still counts as paid, or as partly paid. Fractions are of the amount due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Missing minor units that are forgiven.
    pub short_minor: i64,
    /// Missing parts per million that are forgiven; the larger of the two counts.
    pub short_ppm: u32,
    /// Less than this is not accepted even as a partial payment; 0 takes any.
    pub partial_min_ppm: u32,
}

/// Whether money is taken at once or reserved first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaptureMode {
    /// At once.
    #[default]
    Automatic,
    /// When somebody captures it.
    Manual,
}

/// Why something was not paid or sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The gateway's or plugin's code: `5051`, `card_declined`; 1 to 100 characters.
    pub code: String,
    /// For people; 0 to 500 characters.
    pub message: String,
}

/// What a payment is made from. See `payments.new-payment` of the contract for ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// What the page's link carries; absent: the payment's own id.
    pub reference: Option<String>,
    /// More than zero; what the payer owes, the fee not included.
    pub amount: Amount,
    /// Who owes it.
    pub user: Option<UserId>,
    /// Shown on the page.
    pub description: String,
    /// JSON object; empty means `{}`.
    pub metadata: String,
    /// Where the payer goes once it is paid.
    pub success_url: Option<String>,
    /// Where the payer goes when giving up.
    pub cancel_url: Option<String>,
    /// Where the payer goes after an attempt failed, instead of staying on the page.
    pub failure_url: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// `stripe` or `sandbox/card`; empty for all that are ready.
    pub gateways: Vec<String>,
    /// Only ways to pay in ordinary currency.
    pub fiat_only: bool,
    /// Only ways to pay in coins.
    pub crypto_only: bool,
    /// Whether money is reserved first.
    pub capture: CaptureMode,
    /// Language of the page.
    pub locale: Option<String>,
    /// What is kept of it.
    pub fee: Option<Fee>,
    /// What is forgiven.
    pub tolerance: Option<Tolerance>,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// `pay_` and 22 characters.
    pub id: PaymentId,
    /// Who made it, and is told what becomes of it.
    pub plugin: PluginName,
    /// What the page's link carries.
    pub reference: String,
    /// Where it stands.
    pub status: Status,
    /// As asked for, the fee not included.
    pub amount: Amount,
    /// What the payer has to pay.
    pub due: Amount,
    /// Who owes it.
    pub user: Option<UserId>,
    /// Shown on the page.
    pub description: String,
    /// JSON object.
    pub metadata: Json,
    /// See [`NewPayment::success_url`].
    pub success_url: Option<String>,
    /// See [`NewPayment::cancel_url`].
    pub cancel_url: Option<String>,
    /// See [`NewPayment::failure_url`].
    pub failure_url: Option<String>,
    /// See [`NewPayment::expires_at`].
    pub expires_at: Option<Timestamp>,
    /// See [`NewPayment::gateways`].
    pub gateways: Vec<String>,
    /// See [`NewPayment::fiat_only`].
    pub fiat_only: bool,
    /// See [`NewPayment::crypto_only`].
    pub crypto_only: bool,
    /// See [`NewPayment::capture`].
    pub capture: CaptureMode,
    /// See [`NewPayment::locale`].
    pub locale: Option<String>,
    /// See [`NewPayment::fee`].
    pub fee_rule: Option<Fee>,
    /// See [`NewPayment::tolerance`].
    pub tolerance: Tolerance,
    /// What has arrived and was kept.
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
    pub paid_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Attempts so far.
    attempts: u32,
    /// The attempt that is not over, if there is one.
    open: Option<AttemptId>,
    /// The attempt that paid it.
    paid_by: Option<AttemptId>,
    ordinal: u64,
}

/// Where an attempt stands. See `payments.attempt-state` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

impl AttemptState {
    /// Whether it is known that nothing was charged and nothing will be: only then another attempt may begin.
    pub fn is_uncharged(self) -> bool {
        matches!(self, AttemptState::Declined | AttemptState::Cancelled)
    }

    /// Whether it has ended.
    pub fn is_final(self) -> bool {
        self.is_uncharged() || self == AttemptState::Succeeded
    }
}

/// One try of a payment through one gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// `att_` and 22 characters.
    pub id: AttemptId,
    /// Of what.
    pub payment: PaymentId,
    /// 1, 2, 3 … within its payment.
    pub number: u32,
    /// The gateway's plugin.
    pub gateway: PluginName,
    /// The gateway's method.
    pub method: String,
    /// Where it stands.
    pub state: AttemptState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// What the gateway asked to be kept.
    pub memo: String,
    /// What the payer does next.
    pub action: Option<Action>,
    /// What arrived or is authorized, in the gateway's currency.
    pub received: Option<Amount>,
    /// What that is worth in the payment's currency.
    pub credited: Option<Amount>,
    /// Why it was declined.
    pub failure: Option<Failure>,
    /// JSON object: what the gateway tells beside.
    pub details: Json,
    /// Where the payer called from.
    pub payer_ip: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The job that takes it to its gateway.
    job: JobId,
    /// Whether it is to be taken back.
    abandoned: bool,
    /// What is being taken of what is authorized, and the job that does it.
    capturing: Option<(Amount, JobId)>,
    /// The newest question to its gateway.
    asked: Option<Asked>,
    /// What was sent back of it, refunds under way included: minor units of the payment's and of the gateway's currency.
    sent_back: (i64, i64),
    ordinal: u64,
}

/// What an attempt is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    /// The gateway's plugin. That it is loaded, enabled and fit for this payment is checked before.
    pub gateway: PluginName,
    /// One of its methods.
    pub method: String,
    /// Where the payer calls from.
    pub payer_ip: Option<String>,
}

/// What the payer does next. See `gateways.action` of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// Go there.
    Redirect {
        /// Absolute `https` (or `http`) URL.
        url: String,
    },
    /// Fill this in on the host's page.
    Form {
        /// In their order; 1 to 20.
        fields: Vec<FormField>,
    },
    /// Do this elsewhere.
    Instructions {
        /// Lines of label and value; 1 to 20.
        lines: Vec<(String, String)>,
    },
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormField {
    /// `a-z`, `0-9` and `_`.
    pub name: String,
    /// What goes in.
    pub kind: FieldKind,
}

/// What goes into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// Anything.
    Text,
    /// Of a card.
    CardNumber,
    /// `MM/YY`.
    CardExpiry,
    /// Three or four digits.
    CardCode,
}

/// What a gateway says of an attempt. Absent fields leave what is known as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub state: AttemptState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// What is to be kept for the gateway; at most 4 KiB.
    pub memo: Option<String>,
    /// What the payer does next.
    pub action: Option<Action>,
    /// Needed with `authorized` and `succeeded`.
    pub received: Option<Amount>,
    /// In the payment's currency; absent: `received`.
    pub credited: Option<Amount>,
    /// Needed with `declined`.
    pub failure: Option<Failure>,
    /// JSON object, merged into the attempt's.
    pub details: Option<String>,
}

impl Progress {
    /// Only a state.
    pub fn new(state: AttemptState) -> Progress {
        Progress {
            state,
            gateway_ref: None,
            memo: None,
            action: None,
            received: None,
            credited: None,
            failure: None,
            details: None,
        }
    }

    /// Definitely not charged.
    pub fn declined(failure: Failure) -> Progress {
        Progress {
            failure: Some(failure),
            ..Progress::new(AttemptState::Declined)
        }
    }
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefundState {
    /// Under way, or not known.
    Pending,
    /// Sent back.
    Succeeded,
    /// Not sent back.
    Failed,
}

/// What a refund is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// Of what.
    pub payment: PaymentId,
    /// Absent: all that is left.
    pub amount: Option<Amount>,
    /// 0 to 500 characters.
    pub reason: String,
    /// 1 to 200 characters, unique in the payment.
    pub idempotency_key: Option<String>,
}

/// Money on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// `rfd_` and 22 characters.
    pub id: RefundId,
    /// Of what.
    pub payment: PaymentId,
    /// The attempt that it undoes.
    pub attempt: AttemptId,
    /// The gateway's plugin.
    pub gateway: PluginName,
    /// How much.
    pub amount: Amount,
    /// For people.
    pub reason: String,
    /// Unique in the payment.
    pub idempotency_key: Option<String>,
    /// Where it stands.
    pub state: RefundState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Whether it sends back money that nobody asked for, from suspense; then it does not count as refunded.
    pub surplus: bool,
    /// The job that takes it to the gateway.
    pub job: JobId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether all that was left was asked for, rather than an amount.
    all: bool,
    /// The same in the gateway's currency, once it is posted.
    sent: Option<Amount>,
    /// The newest question to its gateway.
    asked: Asked,
    ordinal: u64,
}

/// What a gateway says of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundProgress {
    /// Where it stands.
    pub state: RefundState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// Needed with `failed`.
    pub failure: Option<Failure>,
}

/// What has happened. See `payments.event-kind` of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "refund", rename_all = "kebab-case")]
pub enum EventKind {
    /// An attempt ended without a charge; the payment can still be paid.
    AttemptFailed,
    /// Money is under way.
    Processing,
    /// Reserved.
    Authorized,
    /// Paid.
    Succeeded,
    /// Given up.
    Failed,
    /// Its time is over.
    Expired,
    /// Taken back.
    Cancelled,
    /// A refund arrived.
    Refunded(RefundId),
    /// A refund did not.
    RefundFailed(RefundId),
}

/// Something to tell the plugin that made a payment. The payment, attempt and refund are as they were when it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Who is told.
    pub plugin: PluginName,
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub payment: Payment,
    /// The attempt it is about, if it is about one.
    pub attempt: Option<Attempt>,
    /// The refund it is about.
    pub refund: Option<Refund>,
}

/// Payload of a job about an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptJob {
    /// Which.
    pub attempt: AttemptId,
    /// How much to capture; absent for all, and in other jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

/// Payload of a job about a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundJob {
    /// Which.
    pub refund: RefundId,
}

/// Payload of a job about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentJob {
    /// Which.
    pub payment: PaymentId,
}

/// Payload of [`JOB_ANNOUNCE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementJob {
    /// What to tell.
    pub announcement: Announcement,
}

/// Why nothing was done to a payment.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The tenant and plugin have no such payment, attempt or refund.
    #[error("there is no such payment")]
    NotFound,
    /// Another payment of the plugin has this reference.
    #[error("the reference is taken")]
    ReferenceTaken(Option<PaymentId>),
    /// The user does not exist.
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    /// Its status does not allow that.
    #[error("the payment is {}", .0.as_str())]
    WrongStatus(Status),
    /// An attempt is open, of which it is not known that it charged nothing.
    #[error("the attempt {0} is not over")]
    AttemptOpen(AttemptId),
    /// More than what is left.
    #[error("that is more than the {0} that are left")]
    TooMuch(Amount),
    /// The gateway cannot do that.
    #[error("the gateway {0} cannot do that")]
    NotSupported(PluginName),
    /// The refund's idempotency key was used with another amount.
    #[error("the key was used with another amount by {0}")]
    KeyReused(RefundId),
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Status {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Processing => "processing",
            Status::Authorized => "authorized",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Expired => "expired",
            Status::Cancelled => "cancelled",
        }
    }

    /// Whether it never changes again.
    pub fn is_final(self) -> bool {
        !matches!(self, Status::Pending | Status::Processing | Status::Authorized)
    }
}

#[cfg(test)]
mod tests;
