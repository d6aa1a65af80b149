//! A refund, and what a gateway says of it.

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::ids::{AttemptId, JobId, PaymentId, PluginName, RefundId};
use crate::money::Amount;
use crate::payments::asking::Asked;
use crate::time::Timestamp;

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
    /// The one by which the operator had it sent again after it failed ([`crate::payments::send_surplus_again`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<RefundId>,
    /// The job that took it to the gateway first: what whoever asked for the refund waits for, and finds it by. Later tries are
    /// other jobs ([`Refund::newest_job`]).
    pub job: JobId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether all that was left was asked for, rather than an amount.
    pub(in crate::payments) all: bool,
    /// The same in the gateway's currency, once it is posted.
    pub(in crate::payments) sent: Option<Amount>,
    /// The newest question to its gateway.
    pub(in crate::payments) asked: Asked,
    pub(in crate::payments) ordinal: u64,
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

impl Refund {
    /// Whether it is money that nobody asked for and that its gateway does not send back: it lies in suspense until the operator sees
    /// to it ([`crate::payments::send_surplus_again`]).
    pub fn is_stuck(&self) -> bool {
        self.surplus && self.state == RefundState::Failed && self.again.is_none()
    }

    /// How often it was taken to its gateway before, by other jobs than the newest: the gateway may have done it already.
    pub fn tries_before(&self) -> u32 {
        self.asked.before
    }

    /// The job that takes it to the gateway now, or did last.
    pub fn newest_job(&self) -> &JobId {
        &self.asked.job
    }
}
