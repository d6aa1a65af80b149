//! Money on its way back.

use mooring_sdk::gateway::{RefundOrder, RefundProgress};
use mooring_sdk::payments::{Failure, RefundState};

use crate::outcomes::{REFUND_FAILS, REFUND_WAITS};
use crate::own_ref;

pub(crate) fn refund(refund: &RefundOrder) -> RefundProgress {
    let ending = refund.amount.minor % 100;
    let rejected = || Failure::new("refund_rejected", "The sandbox rejects refunds of such amounts.");
    let (state, failure) = match ending {
        REFUND_FAILS => (RefundState::Failed, Some(rejected())),
        REFUND_WAITS if refund.attempt == 1 => (RefundState::Pending, None),
        _ => (RefundState::Succeeded, None),
    };
    RefundProgress {
        state,
        gateway_ref: Some(own_ref("sbr", &refund.refund)),
        failure,
    }
}
