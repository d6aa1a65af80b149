//! What is told to plugins, and what the jobs of payments carry.

use serde::{Deserialize, Serialize};

use super::{Attempt, Payment, Refund};
use crate::ids::{AttemptId, PaymentId, PluginName, RefundId};
use crate::money::Amount;

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
    /// Whether the gateway was asked whether it is paid, since its time is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
}

/// Payload of [`crate::payments::JOB_ANNOUNCE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementJob {
    /// What to tell.
    pub announcement: Announcement,
}
