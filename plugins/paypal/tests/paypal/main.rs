//! Every call of the gateway, with scripted answers of PayPal's.

mod attempts;
mod notifications;
mod refunds;

use mooring_plugin_paypal::PayPal;
use mooring_sdk::gateway::{GatewayError, Order};
use mooring_sdk::money::Amount;
use mooring_sdk::outbound::Call;
use mooring_sdk::payments::{AttemptState, CaptureMode};
use mooring_sdk::testing::TestGateway;
use serde_json::{Value, json};

pub(crate) type Gateway = TestGateway<PayPal>;

pub(crate) const ORDERS: &str = "/v2/checkout/orders";
pub(crate) const VIEW: &str = "/v2/checkout/orders/5O1";
pub(crate) const CAPTURE: &str = "/v2/checkout/orders/5O1/capture";
pub(crate) const AUTHORIZE: &str = "/v2/checkout/orders/5O1/authorize";
pub(crate) const TAKE: &str = "/v2/payments/authorizations/0AU/capture";
pub(crate) const VOID: &str = "/v2/payments/authorizations/0AU/void";
pub(crate) const REFUND: &str = "/v2/payments/captures/3C6/refund";

/// A gateway that is set up.
pub(crate) fn gateway() -> Gateway {
    let mut gateway = Gateway::new();
    for (name, value) in [
        ("paypal_url", "https://paypal.test"),
        ("paypal_client_id", "app"),
        ("paypal_client_secret", "secret"),
        ("paypal_webhook_id", "8PT"),
    ] {
        gateway.set(name, value);
    }
    gateway
}

pub(crate) fn attempt() -> String {
    format!("att_{:0>22}", 1)
}

pub(crate) fn usd(text: &str) -> Amount {
    Amount::parse_decimal(text, "USD").expect("an amount")
}

/// A new attempt at ten dollars.
pub(crate) fn order(gateway: &Gateway) -> Order {
    gateway.order("paypal", usd("10.00"))
}

/// One whose payer is at PayPal.
pub(crate) fn waiting(gateway: &Gateway) -> Order {
    Order {
        state: AttemptState::Waiting,
        gateway_ref: Some("5O1".to_owned()),
        ..order(gateway)
    }
}

/// One that has reserved its ten dollars.
pub(crate) fn authorized(gateway: &Gateway) -> Order {
    Order {
        state: AttemptState::Authorized,
        capture: CaptureMode::Manual,
        memo: r#"{"authorization":"0AU"}"#.to_owned(),
        ..waiting(gateway)
    }
}

pub(crate) fn found(status: &str, payments: Value) -> Value {
    json!({
        "id": "5O1", "status": status,
        "purchase_units": [{ "reference_id": "default", "custom_id": attempt(), "payments": payments }],
        "links": [
            { "href": "https://paypal.test/v2/checkout/orders/5O1", "rel": "self", "method": "GET" },
            { "href": "https://www.paypal.test/checkoutnow?token=5O1", "rel": "payer-action", "method": "GET" },
        ],
    })
}

pub(crate) fn capture(status: &str) -> Value {
    json!({
        "id": "3C6", "status": status, "custom_id": attempt(),
        "amount": { "currency_code": "USD", "value": "10.00" },
    })
}

pub(crate) fn authorization(status: &str) -> Value {
    json!({
        "id": "0AU", "status": status, "custom_id": attempt(),
        "amount": { "currency_code": "USD", "value": "10.00" },
    })
}

pub(crate) fn error(issue: &str) -> Value {
    json!({
        "name": "UNPROCESSABLE_ENTITY", "message": "m", "debug_id": "d",
        "details": [{ "issue": issue, "description": "Words of PayPal's." }],
    })
}

pub(crate) fn body(call: &Call) -> Value {
    serde_json::from_slice(&call.body).expect("a body of JSON")
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
