//! Every row of the sandbox's tables, on a host in memory.

mod cards;
mod coins;
mod readme;
mod refunds;

use mooring_plugin_sandbox::Sandbox;
use mooring_sdk::gateway::{Order, Progress};
use mooring_sdk::money::Amount;
use mooring_sdk::testing::TestGateway;
use serde_json::Value;

fn usd(minor: i64) -> Amount {
    Amount::from_minor(minor, "USD").expect("a currency")
}

fn host() -> TestGateway<Sandbox> {
    TestGateway::new()
}

/// A card of this number, with nothing wrong beside.
fn card(number: &str) -> [(&str, &str); 3] {
    let code = if number.starts_with("37") { "1234" } else { "123" };
    [("number", number), ("expiry", "12/34"), ("code", code)]
}

/// An attempt whose form is shown.
fn begun(host: &mut TestGateway<Sandbox>, due: Amount) -> Order {
    let order = host.order("card", due);
    let started = host.start(order.clone()).expect("a form");
    host.after(&order, &started)
}

fn details(progress: &Progress) -> Value {
    serde_json::from_str(progress.details.as_deref().expect("details")).expect("JSON")
}

#[test]
fn says_what_it_is() {
    let host = host();
    let manifest = host.manifest();
    let offer = manifest.gateway.as_ref().unwrap();
    assert_eq!(
        (manifest.name.as_str(), offer.enabled_setting.as_str()),
        ("sandbox", "enabled")
    );
    assert_eq!(manifest.settings[0].default.as_deref(), Some("false"));
    assert!(offer.test_mode && offer.refunds && offer.captures);
    let methods: Vec<(&str, bool)> = offer
        .methods
        .iter()
        .map(|method| (method.name.as_str(), method.crypto))
        .collect();
    assert_eq!(
        methods,
        [
            ("card", false),
            ("crypto:USDT:ethereum", true),
            ("crypto:USDT:tron", true)
        ]
    );
}

#[test]
fn takes_no_notifications() {
    use mooring_sdk::gateway::{Notification, NotificationError};
    let notification = Notification {
        body: b"{}".to_vec(),
        headers: Vec::new(),
        query: String::new(),
    };
    assert!(matches!(
        host().notify(notification),
        Err(NotificationError::Malformed(_))
    ));
}
