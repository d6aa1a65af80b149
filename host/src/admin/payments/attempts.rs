//! Attempts at a payment, and refunds of it.

use mooring_core::payments;
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::Failure;
use crate::admin::wire::{Money, Time};

/// One try of a payment through one gateway.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentAttempt)]
pub(in crate::admin) struct Attempt {
    id: String,
    /// 1, 2, 3 … within its payment.
    number: u32,
    gateway: String,
    /// The gateway's method.
    method: String,
    state: AttemptState,
    /// The gateway's own id for it.
    gateway_ref: Option<String>,
    /// What arrived or is reserved, in the gateway's currency.
    received: Option<Money>,
    failure: Option<Failure>,
    /// A JSON object: what the gateway tells beside.
    #[schema(value_type = Object)]
    details: serde_json::Value,
    created_at: Time,
    ended_at: Option<Time>,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::admin) enum AttemptState {
    /// To be taken to the gateway.
    Starting,
    /// Waits for the payer.
    Waiting,
    /// Money is under way.
    Processing,
    /// Whether anything was charged is not known yet; the gateway is asked until it says.
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

/// Money on its way back.
#[derive(Serialize, ToSchema)]
pub(in crate::admin) struct Refund {
    id: String,
    /// The attempt that it undoes.
    attempt: String,
    amount: Money,
    reason: String,
    state: RefundState,
    /// The gateway's own id for it.
    gateway_ref: Option<String>,
    failure: Option<Failure>,
    /// Whether it sends back, by itself, money that nobody asked for. While it is not done, that is in suspense.
    surplus: bool,
    /// The one by which it was sent again after it failed.
    again: Option<String>,
    /// The job that takes it to the gateway now, or did last.
    job: String,
    created_at: Time,
    ended_at: Option<Time>,
}

/// Where a refund stands.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::admin) enum RefundState {
    /// Under way, or not known.
    Pending,
    Succeeded,
    Failed,
}

impl From<payments::Attempt> for Attempt {
    fn from(attempt: payments::Attempt) -> Attempt {
        Attempt {
            id: attempt.id.to_string(),
            number: attempt.number,
            gateway: attempt.gateway.to_string(),
            method: attempt.method,
            state: attempt.state.into(),
            gateway_ref: attempt.gateway_ref,
            received: attempt.received.map(Money::from),
            failure: attempt.failure.map(Failure::from),
            details: attempt.details.value(),
            created_at: attempt.created_at.into(),
            ended_at: attempt.ended_at.map(Time::from),
        }
    }
}

impl From<payments::Refund> for Refund {
    fn from(refund: payments::Refund) -> Refund {
        let job = refund.newest_job().to_string();
        Refund {
            id: refund.id.to_string(),
            attempt: refund.attempt.to_string(),
            amount: refund.amount.into(),
            reason: refund.reason,
            state: refund.state.into(),
            gateway_ref: refund.gateway_ref,
            failure: refund.failure.map(Failure::from),
            surplus: refund.surplus,
            again: refund.again.map(|again| again.to_string()),
            job,
            created_at: refund.created_at.into(),
            ended_at: refund.ended_at.map(Time::from),
        }
    }
}

impl From<payments::AttemptState> for AttemptState {
    fn from(state: payments::AttemptState) -> AttemptState {
        match state {
            payments::AttemptState::Starting => AttemptState::Starting,
            payments::AttemptState::Waiting => AttemptState::Waiting,
            payments::AttemptState::Processing => AttemptState::Processing,
            payments::AttemptState::Unknown => AttemptState::Unknown,
            payments::AttemptState::Authorized => AttemptState::Authorized,
            payments::AttemptState::Succeeded => AttemptState::Succeeded,
            payments::AttemptState::Declined => AttemptState::Declined,
            payments::AttemptState::Cancelled => AttemptState::Cancelled,
        }
    }
}

impl From<payments::RefundState> for RefundState {
    fn from(state: payments::RefundState) -> RefundState {
        match state {
            payments::RefundState::Pending => RefundState::Pending,
            payments::RefundState::Succeeded => RefundState::Succeeded,
            payments::RefundState::Failed => RefundState::Failed,
        }
    }
}
