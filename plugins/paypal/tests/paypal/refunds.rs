use mooring_sdk::gateway::{Order, RefundOrder};
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::payments::{AttemptState, RefundState};
use serde_json::{Value, json};

use crate::{
    Gateway, REFUND, VIEW, body, capture, error, found, gateway, header, refused, unknown, usd, waiting,
};

fn id() -> String {
    format!("rfd_{:0>22}", 1)
}

fn refund_order(gateway: &Gateway, attempt: u32) -> RefundOrder {
    let paid = Order {
        state: AttemptState::Succeeded,
        memo: r#"{"capture":"3C6"}"#.to_owned(),
        ..waiting(gateway)
    };
    RefundOrder {
        attempt,
        ..gateway.refund_order(paid, usd("4.00"))
    }
}

fn refund(id: &str, custom_id: &str, status: &str) -> Value {
    json!({ "id": id, "status": status, "custom_id": custom_id, "amount": { "currency_code": "USD", "value": "4.00" } })
}

fn with_refunds(refunds: &[Value]) -> Value {
    let payments = json!({ "captures": [capture("PARTIALLY_REFUNDED")], "refunds": refunds });
    found("COMPLETED", payments)
}

#[test]
fn a_refund_says_whose_it_is() {
    let mut gateway = gateway();
    gateway.answer("POST", REFUND, 201, refund("1JU", &id(), "COMPLETED"));
    let progress = gateway.refund(refund_order(&gateway, 1)).unwrap();
    assert_eq!(progress.state, RefundState::Succeeded);
    assert_eq!(progress.gateway_ref.as_deref(), Some("1JU"));
    let call = &gateway.calls()[0];
    assert_eq!(header(call, "paypal-request-id"), Some(&*id()));
    let expected = json!({
        "amount": { "currency_code": "USD", "value": "4.00" }, "custom_id": id(), "note_to_payer": "Asked for",
    });
    assert_eq!(body(call), expected);
}

#[test]
fn a_later_try_looks_first() {
    let mut gateway = gateway();
    let there = with_refunds(&[
        refund("2OT", "somebody else's", "COMPLETED"),
        refund("1JU", &id(), "PENDING"),
    ]);
    gateway.answer("GET", VIEW, 200, there);
    let progress = gateway.refund(refund_order(&gateway, 2)).unwrap();
    assert_eq!(progress.state, RefundState::Pending);
    assert_eq!(progress.gateway_ref.as_deref(), Some("1JU"));
    assert!(
        gateway.calls().iter().all(|call| call.method == "GET"),
        "nothing was sent a second time"
    );

    gateway.answer("GET", VIEW, 200, with_refunds(&[]));
    gateway.answer("POST", REFUND, 201, refund("1JU", &id(), "COMPLETED"));
    gateway.refund(refund_order(&gateway, 2)).unwrap();

    // What cannot be seen is not sent.
    gateway.fail("GET", VIEW, OutboundError::TimedOut);
    unknown(gateway.refund(refund_order(&gateway, 3)));
}

#[test]
fn a_refusal_counts_only_if_the_refund_is_not_there() {
    let mut gateway = gateway();
    gateway.answer("POST", REFUND, 422, error("CAPTURE_FULLY_REFUNDED"));
    gateway.answer(
        "GET",
        VIEW,
        200,
        with_refunds(&[refund("1JU", &id(), "COMPLETED")]),
    );
    let progress = gateway.refund(refund_order(&gateway, 1)).unwrap();
    assert_eq!(progress.state, RefundState::Succeeded);

    gateway.answer("POST", REFUND, 422, error("CAPTURE_FULLY_REFUNDED"));
    gateway.answer("GET", VIEW, 200, with_refunds(&[]));
    assert_eq!(
        refused(gateway.refund(refund_order(&gateway, 1))),
        "CAPTURE_FULLY_REFUNDED"
    );
}

#[test]
fn what_became_of_a_refund_is_paypals_word() {
    let mut gateway = gateway();
    for (status, state) in [
        ("COMPLETED", RefundState::Succeeded),
        ("PENDING", RefundState::Pending),
        ("FAILED", RefundState::Failed),
        ("CANCELLED", RefundState::Failed),
        ("BRAND_NEW", RefundState::Pending),
    ] {
        gateway.answer("POST", REFUND, 201, refund("1JU", &id(), status));
        assert_eq!(
            gateway.refund(refund_order(&gateway, 1)).unwrap().state,
            state,
            "{status}"
        );
    }
    for status in [401, 403, 409, 429, 500] {
        gateway.answer("POST", REFUND, status, error("X"));
        unknown(gateway.refund(refund_order(&gateway, 1)));
    }
}

#[test]
fn a_capture_that_was_not_kept_is_looked_up() {
    let mut gateway = gateway();
    let mut order = refund_order(&gateway, 1);
    order.order.memo = String::new();
    gateway.answer("GET", VIEW, 200, with_refunds(&[]));
    gateway.answer("POST", REFUND, 201, refund("1JU", &id(), "COMPLETED"));
    gateway.refund(order).unwrap();
}
