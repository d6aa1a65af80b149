use mooring_sdk::gateway::{News, Notification, NotificationError, Progress, Subject};
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::payments::{AttemptState, RefundState};
use serde_json::{Value, json};

use crate::{Gateway, attempt, authorization, capture, found, gateway, usd};

const VERIFY: &str = "/v1/notifications/verify-webhook-signature";

fn notification(body: &str) -> Notification {
    let headers = [
        ("paypal-auth-algo", "SHA256withRSA"),
        (
            "paypal-cert-url",
            "https://api.paypal.com/v1/notifications/certs/CERT-1",
        ),
        ("paypal-transmission-id", "69cd13f0"),
        ("paypal-transmission-sig", "c2ln\"natur"),
        ("paypal-transmission-time", "2026-11-27T00:00:00Z"),
    ];
    Notification {
        body: body.as_bytes().to_vec(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        query: String::new(),
    }
}

fn event(kind: &str, resource: &Value) -> String {
    json!({ "id": "WH-1", "event_type": kind, "resource": resource }).to_string()
}

fn verified(gateway: &mut Gateway, status: &str) {
    gateway.answer("POST", VERIFY, 200, json!({ "verification_status": status }));
}

fn told(gateway: &mut Gateway, kind: &str, resource: &Value) -> Vec<(Subject, News)> {
    verified(gateway, "SUCCESS");
    gateway
        .notify(notification(&event(kind, resource)))
        .expect("it is taken")
}

fn progress(news: &[(Subject, News)]) -> &Progress {
    match news {
        [(Subject::Attempt(found), News::Attempt(progress))] => {
            assert_eq!(*found, attempt());
            progress
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn paypal_is_asked_about_the_very_bytes() {
    let mut gateway = gateway();
    verified(&mut gateway, "SUCCESS");
    // Spaces, an escape and a number that a reader could write otherwise.
    let body = " {\"event_type\": \"NOTHING.OF.OURS\",\n\"resource\":{\"n\":1.50,\"t\":\"\\u00e9\"}} ";
    assert_eq!(gateway.notify(notification(body)), Ok(Vec::new()));
    let sent = String::from_utf8(gateway.calls()[0].body.clone()).unwrap();
    assert!(sent.ends_with(&format!(",\"webhook_event\":{body}}}")), "{sent}");
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["webhook_id"], "8PT");
    assert_eq!(sent["auth_algo"], "SHA256withRSA");
    assert_eq!(sent["transmission_id"], "69cd13f0");
    assert_eq!(sent["transmission_sig"], "c2ln\"natur");
    assert_eq!(sent["transmission_time"], "2026-11-27T00:00:00Z");
    assert_eq!(
        sent["cert_url"],
        "https://api.paypal.com/v1/notifications/certs/CERT-1"
    );
}

#[test]
fn only_what_paypal_says_it_sent_is_believed() {
    let mut gateway = gateway();
    let body = event("CHECKOUT.ORDER.APPROVED", &found("APPROVED", Value::Null));
    verified(&mut gateway, "FAILURE");
    let result = gateway.notify(notification(&body));
    assert!(
        matches!(result, Err(NotificationError::Untrusted(_))),
        "{result:?}"
    );
    let invalid = json!({ "name": "VALIDATION_ERROR", "details": [{ "issue": "INVALID_CERT_URL" }] });
    gateway.answer("POST", VERIFY, 400, invalid);
    let result = gateway.notify(notification(&body));
    assert!(
        matches!(result, Err(NotificationError::Untrusted(_))),
        "{result:?}"
    );

    // Nobody is asked about what cannot be PayPal's.
    let before = gateway.calls().len();
    for missing in 0..5 {
        let mut unsigned = notification(&body);
        unsigned.headers.remove(missing);
        let result = gateway.notify(unsigned);
        assert!(
            matches!(result, Err(NotificationError::Untrusted(_))),
            "{result:?}"
        );
    }
    for body in [
        "",
        "{}",
        "nonsense",
        "{\"event_type\":\"A\",\"resource\":{}},\"webhook_id\":\"mine\",\"x\":{}",
    ] {
        let result = gateway.notify(notification(body));
        assert!(
            matches!(result, Err(NotificationError::Malformed(_))),
            "{result:?}"
        );
    }
    assert_eq!(gateway.calls().len(), before);
}

#[test]
fn what_cannot_be_checked_comes_again() {
    let mut gateway = gateway();
    let body = event("CHECKOUT.ORDER.APPROVED", &found("APPROVED", Value::Null));
    gateway.fail("POST", VERIFY, OutboundError::TimedOut);
    assert!(matches!(
        gateway.notify(notification(&body)),
        Err(NotificationError::Retry(_))
    ));
    gateway.answer("POST", VERIFY, 503, Value::Null);
    assert!(matches!(
        gateway.notify(notification(&body)),
        Err(NotificationError::Retry(_))
    ));
    let mut bare = Gateway::new();
    assert!(matches!(
        bare.notify(notification(&body)),
        Err(NotificationError::Retry(_))
    ));
}

#[test]
fn every_event_that_is_about_an_attempt_moves_it() {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Succeeded};
    let mut gateway = gateway();
    for (kind, resource, state) in [
        (
            "CHECKOUT.ORDER.APPROVED",
            found("APPROVED", Value::Null),
            Processing,
        ),
        ("PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED"), Succeeded),
        ("PAYMENT.CAPTURE.PENDING", capture("PENDING"), Processing),
        ("PAYMENT.CAPTURE.DENIED", capture("DECLINED"), Declined),
        (
            "PAYMENT.AUTHORIZATION.CREATED",
            authorization("CREATED"),
            Authorized,
        ),
        ("PAYMENT.AUTHORIZATION.VOIDED", authorization("VOIDED"), Cancelled),
    ] {
        let news = told(&mut gateway, kind, &resource);
        let progress = progress(&news);
        assert_eq!(progress.state, state, "{kind}");
        if matches!(state, Succeeded | Authorized) {
            assert_eq!(progress.received, Some(usd("10.00")), "{kind}");
        }
    }
}

#[test]
fn a_capture_of_what_was_reserved_names_both() {
    let mut gateway = gateway();
    let mut resource = capture("COMPLETED");
    resource["supplementary_data"] =
        json!({ "related_ids": { "order_id": "5O1", "authorization_id": "0AU" } });
    let news = told(&mut gateway, "PAYMENT.CAPTURE.COMPLETED", &resource);
    assert_eq!(
        progress(&news).memo.as_deref(),
        Some(r#"{"authorization":"0AU","capture":"3C6"}"#)
    );
}

#[test]
fn refunds_are_told_by_our_id() {
    let mut gateway = gateway();
    let id = format!("rfd_{:0>22}", 1);
    for (kind, status, state) in [
        ("PAYMENT.CAPTURE.REFUNDED", "COMPLETED", RefundState::Succeeded),
        ("PAYMENT.REFUND.PENDING", "PENDING", RefundState::Pending),
        ("PAYMENT.REFUND.FAILED", "FAILED", RefundState::Failed),
    ] {
        let resource = json!({ "id": "1JU", "status": status, "custom_id": id });
        match told(&mut gateway, kind, &resource).as_slice() {
            [(Subject::Refund(found), News::Refund(progress))] => {
                assert_eq!((found, progress.state), (&id, state), "{kind}");
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
}

#[test]
fn other_business_of_the_account_is_nothing_to_us() {
    let mut gateway = gateway();
    let mut theirs = capture("COMPLETED");
    theirs["custom_id"] = json!("order 7");
    assert!(told(&mut gateway, "PAYMENT.CAPTURE.COMPLETED", &theirs).is_empty());
    // Refunded at PayPal's own pages: the number is inherited from the capture.
    let refund = json!({ "id": "1JU", "status": "COMPLETED", "custom_id": attempt() });
    assert!(told(&mut gateway, "PAYMENT.CAPTURE.REFUNDED", &refund).is_empty());
    assert!(told(&mut gateway, "BILLING.PLAN.CREATED", &json!({})).is_empty());
}

#[test]
fn what_paypal_takes_back_is_shown_to_the_operator_without_a_name() {
    let mut gateway = gateway();
    let resource = json!({ "id": "3C6", "payer": { "email_address": "payer@example.com" } });
    assert!(told(&mut gateway, "PAYMENT.CAPTURE.REVERSED", &resource).is_empty());
    let log = gateway.log().join("\n");
    assert!(
        log.contains("REVERSED") && !log.contains("payer@example.com"),
        "{log}"
    );
}
