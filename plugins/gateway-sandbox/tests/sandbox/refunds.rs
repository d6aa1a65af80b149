use mooring_plugin_sandbox::{REFUND_FAILS, REFUND_WAITS};
use mooring_sdk::gateway::RefundOrder;
use mooring_sdk::payments::{Failure, RefundState};

use crate::{host, usd};

#[test]
fn refunds_end_as_their_amounts_say() {
    let rejected = Failure::new("refund_rejected", "The sandbox rejects refunds of such amounts.");
    for (minor, attempt, state, failure) in [
        (1000, 1, RefundState::Succeeded, None),
        (1000, 2, RefundState::Succeeded, None),
        (
            1000 + REFUND_FAILS,
            1,
            RefundState::Failed,
            Some(rejected.clone()),
        ),
        (1000 + REFUND_FAILS, 2, RefundState::Failed, Some(rejected)),
        (1000 + REFUND_WAITS, 1, RefundState::Pending, None),
        (1000 + REFUND_WAITS, 2, RefundState::Succeeded, None),
    ] {
        let mut host = host();
        let order = host.order("card", usd(5000));
        let refund = RefundOrder {
            attempt,
            ..host.refund_order(order, usd(minor))
        };
        let progress = host.refund(refund).unwrap();
        assert_eq!(
            (progress.state, progress.failure),
            (state, failure),
            "{minor} {attempt}"
        );
        assert_eq!(progress.gateway_ref.unwrap(), "sbr_0000000000000000000001");
    }
}
