use mooring_sdk::payments::{self, Failure, Status};
use mooring_sdk::testing::AttemptDone;
use serde_json::Value;

use crate::{get, host_with_client, newest, payment};

#[test]
fn every_declined_attempt_is_told_and_a_success_once() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let id = newest(&host);
    host.decline(&id, "5051", "Insufficient funds");
    host.decline(&id, "5054", "Expired card");
    host.pay(&id, AttemptDone::default());
    let events = host.events();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.kind.as_str(), event.subject.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("payment.error", "1"),
            ("payment.error", "1"),
            ("payment.success", "1")
        ]
    );
    let second: Value = serde_json::from_str(&events[1].data).unwrap();
    assert_eq!(second["error_message"], "5054 (Expired card)");
    assert!(second.get("paid_at").is_none());
    let third: Value = serde_json::from_str(&events[2].data).unwrap();
    assert!(third.get("error_message").is_none());
    assert!(third["description"].is_null());
}

#[test]
fn a_payer_who_gives_up_is_no_error() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let id = newest(&host);
    host.give_up(&id);
    assert!(host.events().is_empty());
    let view = get(&mut host, &key, "payments/id?id_payment=1");
    assert!(view["error_message"].is_null());
    host.process(&id, AttemptDone::default());
    assert!(host.events().is_empty(), "nothing is decided yet");
}

#[test]
fn a_payment_that_is_given_up_for_good_is_an_error() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let id = newest(&host);
    let failed = host.act(|| payments::fail(&id, Failure::new("fraud", "Refused by the operator")));
    assert_eq!(failed.unwrap().status, Status::Failed);
    let event = host.events().pop().expect("an event");
    assert_eq!(event.kind, "payment.error");
    let body: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(body["error_message"], "fraud (Refused by the operator)");
    let view = get(&mut host, &key, "payments/id?id_payment=1");
    assert_eq!(view["error_message"], "fraud (Refused by the operator)");
}

#[test]
fn the_manifest_sends_each_kind_to_its_address() {
    let (host, _) = host_with_client();
    let webhooks = &host.manifest().webhooks;
    let sent: Vec<_> = webhooks
        .iter()
        .map(|webhook| {
            (
                webhook.name.as_str(),
                webhook.url_setting.as_str(),
                webhook.kinds.join(","),
            )
        })
        .collect();
    assert_eq!(
        sent,
        [
            ("success", "webhook_success", "payment.success".to_owned()),
            ("error", "webhook_error", "payment.error".to_owned()),
        ]
    );
    for webhook in webhooks {
        assert_eq!(webhook.secret_setting.as_deref(), Some("webhook_secret"));
        assert!(webhook.headers.is_empty(), "the provider has none");
    }
}
