use mooring_sdk::gateway::{Order, RefundOrder};
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::payments::{AttemptState, RefundState};
use serde_json::{Value, json};

use crate::{Gateway, VIEW, error, form, gateway, header, intent, order, refused, session, unknown, usd};

const REFUNDS: &str = "/v1/refunds";
const LIST: &str = "/v1/refunds?payment_intent=pi_1&limit=100";

fn refund_order(gateway: &Gateway, attempt: u32) -> RefundOrder {
    let paid = Order {
        state: AttemptState::Succeeded,
        gateway_ref: Some("pi_1".to_owned()),
        ..order(gateway)
    };
    RefundOrder {
        attempt,
        ..gateway.refund_order(paid, usd("4.00"))
    }
}

fn refund(status: &str) -> Value {
    json!({
        "id": "re_1", "object": "refund", "status": status, "amount": 400, "currency": "usd",
        "metadata": { "mooring_refund": format!("rfd_{:0>22}", 1) },
    })
}

#[test]
fn a_refund_says_whose_it_is() {
    let mut gateway = gateway();
    gateway.answer("POST", REFUNDS, 200, refund("succeeded"));
    let progress = gateway.refund(refund_order(&gateway, 1)).unwrap();
    assert_eq!(progress.state, RefundState::Succeeded);
    assert_eq!(progress.gateway_ref.as_deref(), Some("re_1"));
    let call = &gateway.calls()[0];
    let id = format!("rfd_{:0>22}", 1);
    assert_eq!(header(call, "idempotency-key"), Some(id.as_str()));
    let expected = [
        ("amount", "400"),
        ("metadata[mooring_attempt]", &format!("att_{:0>22}", 1)),
        ("metadata[mooring_refund]", &id),
        ("metadata[reason]", "Asked for"),
        ("payment_intent", "pi_1"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form(call), expected.into());
}

#[test]
fn a_later_try_looks_first() {
    let mut gateway = gateway();
    let mut other = refund("succeeded");
    other["id"] = json!("re_other");
    other["metadata"] = json!({});
    gateway.answer("GET", LIST, 200, json!({ "data": [other], "has_more": true }));
    gateway.answer(
        "GET",
        &format!("{LIST}&starting_after=re_other"),
        200,
        json!({ "data": [refund("pending")], "has_more": false }),
    );
    let progress = gateway.refund(refund_order(&gateway, 2)).unwrap();
    assert_eq!(progress.state, RefundState::Pending);
    assert!(
        gateway.calls().iter().all(|call| call.method == "GET"),
        "nothing was sent a second time"
    );

    gateway.answer("GET", LIST, 200, json!({ "data": [], "has_more": false }));
    gateway.answer("POST", REFUNDS, 200, refund("succeeded"));
    gateway.refund(refund_order(&gateway, 2)).unwrap();

    // What cannot be seen is not sent.
    gateway.fail("GET", LIST, OutboundError::TimedOut);
    unknown(gateway.refund(refund_order(&gateway, 3)));
}

#[test]
fn a_refusal_counts_only_if_the_refund_is_not_there() {
    let mut gateway = gateway();
    let refusal = error("invalid_request_error", "charge_already_refunded");
    gateway.answer("POST", REFUNDS, 400, refusal.clone());
    gateway.answer(
        "GET",
        LIST,
        200,
        json!({ "data": [refund("succeeded")], "has_more": false }),
    );
    let progress = gateway.refund(refund_order(&gateway, 1)).unwrap();
    assert_eq!(progress.state, RefundState::Succeeded);

    gateway.answer("POST", REFUNDS, 400, refusal);
    gateway.answer("GET", LIST, 200, json!({ "data": [], "has_more": false }));
    assert_eq!(
        refused(gateway.refund(refund_order(&gateway, 1))),
        "charge_already_refunded"
    );
}

#[test]
fn what_became_of_a_refund_is_stripes_word() {
    let mut gateway = gateway();
    for (status, state) in [
        ("succeeded", RefundState::Succeeded),
        ("pending", RefundState::Pending),
        ("requires_action", RefundState::Pending),
        ("failed", RefundState::Failed),
        ("canceled", RefundState::Failed),
        ("brand_new", RefundState::Pending),
    ] {
        gateway.answer("POST", REFUNDS, 200, refund(status));
        let progress = gateway.refund(refund_order(&gateway, 1)).unwrap();
        assert_eq!(progress.state, state, "{status}");
    }
    for status in [401, 409, 429, 500, 503] {
        gateway.answer("POST", REFUNDS, status, error("invalid_request_error", ""));
        unknown(gateway.refund(refund_order(&gateway, 1)));
    }
}

#[test]
fn an_attempt_that_is_known_by_its_session_is_refunded_by_its_intent() {
    let mut gateway = gateway();
    gateway.answer("GET", VIEW, 200, session("complete", intent("succeeded")));
    gateway.answer("POST", REFUNDS, 200, refund("succeeded"));
    let mut order = refund_order(&gateway, 1);
    order.order.gateway_ref = Some("cs_1".to_owned());
    gateway.refund(order).unwrap();
    assert_eq!(form(gateway.calls().last().unwrap())["payment_intent"], "pi_1");
}
