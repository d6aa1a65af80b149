//! What a gateway is asked, and what it says. Nothing of that is checked yet: the core has the rules of money.

use mooring_core::ids::AttemptId;
use mooring_core::payments::{
    self, Attempt, Failure, Payment, PaymentError, Progress, Refund, RefundProgress,
};
use mooring_core::users::{self, UserError};
use mooring_core::work::Work;

use super::Shared;
use crate::bindings::{GAVE_UP, RETURNED};

/// An attempt, and what is known of its payment.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// What is to be taken to whoever moves the money.
    pub(crate) attempt: Attempt,
    /// What it pays.
    pub(crate) payment: Payment,
    /// The payer's, where it is known.
    pub(crate) payer_email: Option<String>,
    /// Where the payer comes back to.
    pub(crate) return_url: String,
    /// Where the payer comes back to when giving up.
    pub(crate) cancel_url: String,
    /// Where notifications go.
    pub(crate) notify_url: String,
}

/// A refund, and the attempt it undoes.
#[derive(Clone, Debug)]
pub(crate) struct RefundOrder {
    /// What is to be sent back.
    pub(crate) refund: Refund,
    /// Of what.
    pub(crate) order: Order,
    /// 1 for the first try; from 2 on the gateway may have done it already.
    pub(crate) attempt: u32,
}

/// Why a gateway has no progress to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing was charged or changed, and cannot be by this call.
    Refused(Failure),
    /// Whether anything happened is not known.
    Unknown(String),
}

/// Something that a notification tells.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// About what.
    pub(crate) subject: Subject,
    /// What is new.
    pub(crate) of: NewsOf,
}

/// Which attempt or refund. Whether there is one is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// By our id.
    Attempt(String),
    /// By the gateway's own id.
    GatewayRef(String),
    /// By our id.
    Refund(String),
    /// By the gateway's own id.
    RefundGatewayRef(String),
}

/// What is new.
#[derive(Clone, Debug)]
pub(crate) enum NewsOf {
    /// Of an attempt.
    Attempt(Progress),
    /// Of a refund.
    Refund(RefundProgress),
}

impl Shared {
    /// All that a gateway is told of an attempt of the work's tenant.
    pub(super) fn order(&self, work: &mut Work, attempt: &AttemptId) -> Result<Order, PaymentError> {
        let tenant = work.tenant().clone();
        let attempt = payments::attempt(work, tenant.id, attempt)?;
        let payment = payments::get_any(work, tenant.id, &attempt.payment)?;
        let payer_email = match payment.user.map(|user| users::get(work, user)) {
            None | Some(Err(UserError::NotFound)) => None,
            Some(Ok(user)) => Some(user.email),
            Some(Err(UserError::Store(error))) => return Err(error.into()),
            Some(Err(error)) => {
                tracing::error!(%error, payment = %payment.id, "the payer of a payment cannot be read");
                None
            }
        };
        let directory = &self.office.directory;
        Ok(Order {
            payer_email,
            return_url: directory.return_url(&payment.plugin, &payment.reference, RETURNED),
            cancel_url: directory.return_url(&payment.plugin, &payment.reference, GAVE_UP),
            notify_url: directory.notify_url(&attempt.gateway, &tenant.name),
            attempt,
            payment,
        })
    }
}
