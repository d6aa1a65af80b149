//! Every call of the gateway, with scripted answers of Stripe's.

mod attempts;
mod notifications;
mod refunds;

use std::collections::BTreeMap;

use mooring_plugin_stripe::Stripe;
use mooring_sdk::gateway::{GatewayError, Order};
use mooring_sdk::money::Amount;
use mooring_sdk::outbound::Call;
use mooring_sdk::payments::AttemptState;
use mooring_sdk::testing::TestGateway;
use serde_json::{Value, json};

pub(crate) type Gateway = TestGateway<Stripe>;

pub(crate) const SESSIONS: &str = "/v1/checkout/sessions";
pub(crate) const VIEW: &str = "/v1/checkout/sessions/cs_1?expand%5B%5D=payment_intent.latest_charge";
pub(crate) const EXPIRE: &str = "/v1/checkout/sessions/cs_1/expire";
pub(crate) const INTENT: &str = "/v1/payment_intents/pi_1?expand%5B%5D=latest_charge";
pub(crate) const CAPTURE: &str = "/v1/payment_intents/pi_1/capture";
pub(crate) const CANCEL: &str = "/v1/payment_intents/pi_1/cancel";

/// A gateway that is set up.
pub(crate) fn gateway() -> Gateway {
    let mut gateway = Gateway::new();
    for (name, value) in [
        ("stripe_url", "https://stripe.test"),
        ("stripe_secret_key", "sk_test_1"),
        ("stripe_webhook_secret", notifications::SECRET),
    ] {
        gateway.set(name, value);
    }
    gateway
}

pub(crate) fn usd(text: &str) -> Amount {
    Amount::parse_decimal(text, "USD").expect("an amount")
}

/// A new attempt at ten dollars.
pub(crate) fn order(gateway: &Gateway) -> Order {
    gateway.order("card", usd("10.00"))
}

/// One whose payer is at Stripe's page.
pub(crate) fn waiting(gateway: &Gateway) -> Order {
    Order {
        state: AttemptState::Waiting,
        gateway_ref: Some("cs_1".to_owned()),
        ..order(gateway)
    }
}

/// One that has reserved its ten dollars.
pub(crate) fn authorized(gateway: &Gateway) -> Order {
    Order {
        state: AttemptState::Authorized,
        gateway_ref: Some("pi_1".to_owned()),
        ..order(gateway)
    }
}

pub(crate) fn session(status: &str, intent: Value) -> Value {
    let is_paid = intent["status"] == "succeeded";
    let open = status == "open";
    json!({
        "id": "cs_1", "object": "checkout.session", "status": status,
        "payment_status": if is_paid { "paid" } else { "unpaid" },
        "url": if open { json!("https://checkout.stripe.test/c/pay/cs_1") } else { Value::Null },
        "amount_total": 1000, "currency": "usd", "payment_intent": intent,
        "client_reference_id": format!("att_{:0>22}", 1),
        "metadata": { "mooring_attempt": format!("att_{:0>22}", 1) },
    })
}

pub(crate) fn intent(status: &str) -> Value {
    let received = if status == "succeeded" { 1000 } else { 0 };
    let capturable = if status == "requires_capture" { 1000 } else { 0 };
    json!({
        "id": "pi_1", "object": "payment_intent", "status": status, "amount": 1000, "currency": "usd",
        "amount_received": received, "amount_capturable": capturable,
        "latest_charge": {
            "id": "ch_1", "amount_captured": received,
            "payment_method_details": {
                "type": "card",
                "card": { "brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2031, "country": "US" },
            },
        },
        "metadata": { "mooring_attempt": format!("att_{:0>22}", 1) },
    })
}

pub(crate) fn error(kind: &str, code: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": "Words of Stripe's." } })
}

/// The parameters of a call.
pub(crate) fn form(call: &Call) -> BTreeMap<String, String> {
    form_urlencoded::parse(&call.body).into_owned().collect()
}

pub(crate) fn header<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    let found = call.headers.iter().find(|(found, _)| found == name);
    found.map(|(_, value)| value.as_str())
}

pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, GatewayError>) -> String {
    match result {
        Err(GatewayError::Refused(failure)) => failure.code,
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn unknown<T: std::fmt::Debug>(result: Result<T, GatewayError>) -> String {
    match result {
        Err(GatewayError::Unknown(reason)) => reason,
        other => panic!("not unknown: {other:?}"),
    }
}
