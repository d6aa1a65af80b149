use hmac::{Hmac, KeyInit, Mac};
use mooring_sdk::gateway::{News, Notification, NotificationError, Progress, Subject};
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::payments::{AttemptState, RefundState};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Gateway, INTENT, VIEW, gateway, intent, session, usd};

pub(crate) const SECRET: &str = "whsec_0123456789";

fn sign(secret: &str, time: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(format!("{time}.{body}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn notification(signature: String, body: &str) -> Notification {
    Notification {
        body: body.as_bytes().to_vec(),
        headers: vec![("stripe-signature".to_owned(), signature)],
        query: String::new(),
    }
}

fn event(kind: &str, object: &Value) -> String {
    json!({ "id": "evt_1", "object": "event", "type": kind, "data": { "object": object } }).to_string()
}

/// What an event says, signed as it should be.
fn told(gateway: &mut Gateway, kind: &str, object: &Value) -> Vec<(Subject, News)> {
    let body = event(kind, object);
    let time = gateway.now() / 1000;
    let signature = format!("t={time},v1={}", sign(SECRET, time, &body));
    gateway
        .notify(notification(signature, &body))
        .expect("it is taken")
}

fn progress(news: &[(Subject, News)]) -> &Progress {
    match news {
        [(Subject::Attempt(attempt), News::Attempt(progress))] => {
            assert_eq!(*attempt, format!("att_{:0>22}", 1));
            progress
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn money_is_told_with_the_card_it_came_from() {
    let mut gateway = gateway();
    let mut named = session("complete", json!("pi_1"));
    named["payment_status"] = json!("paid");
    for kind in [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
    ] {
        gateway.answer("GET", VIEW, 200, session("complete", intent("succeeded")));
        let news = told(&mut gateway, kind, &named);
        let progress = progress(&news);
        assert_eq!(progress.state, AttemptState::Succeeded);
        assert_eq!(progress.received, Some(usd("10.00")));
        assert!(progress.details.as_ref().unwrap().contains("4242"));
    }

    // Where Stripe cannot be asked, the event's word is enough.
    gateway.fail("GET", VIEW, OutboundError::TimedOut);
    let news = told(&mut gateway, "checkout.session.completed", &named);
    assert_eq!(progress(&news).received, Some(usd("10.00")));
    assert_eq!(progress(&news).gateway_ref.as_deref(), Some("pi_1"));

    named["payment_status"] = json!("unpaid");
    gateway.fail("GET", VIEW, OutboundError::TimedOut);
    let news = told(&mut gateway, "checkout.session.completed", &named);
    assert_eq!(progress(&news).state, AttemptState::Processing);
}

#[test]
fn every_event_that_is_about_an_attempt_moves_it() {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Succeeded};
    let mut gateway = gateway();
    for (kind, object, asks, state) in [
        ("payment_intent.succeeded", intent("succeeded"), true, Succeeded),
        (
            "payment_intent.amount_capturable_updated",
            intent("requires_capture"),
            true,
            Authorized,
        ),
        (
            "payment_intent.processing",
            intent("processing"),
            false,
            Processing,
        ),
        ("payment_intent.canceled", intent("canceled"), false, Cancelled),
        (
            "checkout.session.expired",
            session("expired", Value::Null),
            false,
            Cancelled,
        ),
        (
            "checkout.session.async_payment_failed",
            session("complete", json!("pi_1")),
            false,
            Declined,
        ),
    ] {
        if asks {
            gateway.answer("GET", INTENT, 500, Value::Null);
        }
        let news = told(&mut gateway, kind, &object);
        assert_eq!(progress(&news).state, state, "{kind}");
    }
    // A declined card ends nothing: the page takes another one.
    let failed = intent("requires_payment_method");
    assert!(told(&mut gateway, "payment_intent.payment_failed", &failed).is_empty());
}

#[test]
fn refunds_are_told_by_our_id() {
    let mut gateway = gateway();
    let id = format!("rfd_{:0>22}", 1);
    let refund =
        |status: &str| json!({ "id": "re_1", "status": status, "metadata": { "mooring_refund": id } });
    let listed = json!({ "id": "ch_1", "refunds": { "data": [refund("succeeded"), { "id": "re_2", "status": "pending", "metadata": {} }] } });
    for (kind, object, state) in [
        ("refund.updated", refund("succeeded"), RefundState::Succeeded),
        ("refund.failed", refund("failed"), RefundState::Failed),
        ("charge.refund.updated", refund("pending"), RefundState::Pending),
        ("charge.refunded", listed, RefundState::Succeeded),
    ] {
        match told(&mut gateway, kind, &object).as_slice() {
            [(Subject::Refund(found), News::Refund(progress))] => {
                assert_eq!((found, progress.state), (&id, state), "{kind}");
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
    // Made at Stripe's dashboard.
    let theirs = json!({ "id": "re_9", "status": "succeeded", "metadata": {} });
    assert!(told(&mut gateway, "refund.updated", &theirs).is_empty());
}

#[test]
fn other_business_of_the_account_is_nothing_to_us() {
    let mut gateway = gateway();
    let mut theirs = intent("canceled");
    theirs["metadata"] = json!({ "order": "7" });
    assert!(told(&mut gateway, "payment_intent.canceled", &theirs).is_empty());
    for kind in ["customer.created", "payout.paid", "a.brand.new.event"] {
        assert!(
            told(&mut gateway, kind, &json!({ "id": "x" })).is_empty(),
            "{kind}"
        );
    }
}

#[test]
fn only_what_stripe_signed_now_is_believed() {
    let mut gateway = gateway();
    let body = event("customer.created", &json!({}));
    let now = gateway.now() / 1000;
    let right = sign(SECRET, now, &body);
    let untrusted = |gateway: &mut Gateway, signature: String| {
        let result = gateway.notify(notification(signature.clone(), &body));
        assert!(
            matches!(result, Err(NotificationError::Untrusted(_))),
            "{signature}: {result:?}"
        );
    };
    for signature in [
        String::new(),
        "t=".to_owned(),
        format!("v1={right}"),
        format!("t={now}"),
        format!("t={now},v0={right}"),
        format!("t={now},v1=zz"),
        format!("t={now},v1={}", sign("another secret", now, &body)),
        format!("t={},v1={right}", now + 1),
        format!("t=0{now},v1={right}"),
        format!("t={},v1={}", now - 301, sign(SECRET, now - 301, &body)),
        format!("t={},v1={}", now + 301, sign(SECRET, now + 301, &body)),
    ] {
        untrusted(&mut gateway, signature);
    }
    let other = notification(format!("t={now},v1={right}"), &body.replace("evt_1", "evt_2"));
    assert!(matches!(
        gateway.notify(other),
        Err(NotificationError::Untrusted(_))
    ));
    let mut unsigned = notification(String::new(), &body);
    unsigned.headers.clear();
    assert!(matches!(
        gateway.notify(unsigned),
        Err(NotificationError::Untrusted(_))
    ));

    for (time, signatures) in [
        (now - 300, vec![SECRET]),
        (now + 300, vec![SECRET]),
        // While the secret is being replaced, there are two; ours may be either.
        (now, vec!["the other one", SECRET]),
        (now, vec![SECRET, "the other one"]),
    ] {
        let mut header = format!("t={time}");
        for secret in signatures {
            header.push_str(",v1=");
            header.push_str(&sign(secret, time, &body));
        }
        header.push_str(",v0=ignored");
        assert_eq!(gateway.notify(notification(header, &body)), Ok(Vec::new()));
    }
}

#[test]
fn an_old_secret_is_good_while_it_is_being_replaced() {
    let mut gateway = gateway();
    gateway.rotate("stripe_webhook_secret", "whsec_new");
    let news = told(
        &mut gateway,
        "checkout.session.expired",
        &session("expired", Value::Null),
    );
    assert_eq!(progress(&news).state, AttemptState::Cancelled);
}

#[test]
fn what_cannot_be_checked_comes_again() {
    let mut gateway = Gateway::new();
    let now = gateway.now() / 1000;
    let body = event("customer.created", &json!({}));
    let header = format!("t={now},v1={}", sign(SECRET, now, &body));
    assert!(matches!(
        gateway.notify(notification(header, &body)),
        Err(NotificationError::Retry(_))
    ));
}

#[test]
fn what_is_signed_and_no_event_is_malformed() {
    let mut gateway = gateway();
    let now = gateway.now() / 1000;
    for body in [
        "",
        "[]",
        "{}",
        "{\"type\":\"refund.updated\",\"data\":{\"object\":7}}",
    ] {
        let header = format!("t={now},v1={}", sign(SECRET, now, body));
        assert!(
            matches!(
                gateway.notify(notification(header, body)),
                Err(NotificationError::Malformed(_))
            ),
            "{body}"
        );
    }
}
