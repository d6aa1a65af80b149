//! Sending money back.

use super::{NewRefund, PaymentError, Refund, RefundProgress};
use crate::ids::RefundId;
use crate::work::Work;

/// Asks for a refund of a succeeded payment of the work's plugin: posts it, and schedules the job that takes it to the gateway
/// ([`super::JOB_REFUND`]). Safe to repeat with an idempotency key.
///
/// Whether the gateway can refund at all is for the caller to check ([`PaymentError::NotSupported`] is theirs to give).
pub fn refund(work: &mut Work, new: NewRefund) -> Result<Refund, PaymentError> {
    todo!("{work:?} {new:?}")
}

/// Applies what a gateway says of a refund of the tenant. One that failed is posted back. Never moves anything back, and doing
/// it again changes nothing.
pub fn apply_refund(
    work: &mut Work,
    refund: &RefundId,
    progress: RefundProgress,
) -> Result<Refund, PaymentError> {
    todo!("{work:?} {refund} {progress:?}")
}
