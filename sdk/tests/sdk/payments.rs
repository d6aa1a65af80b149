use mooring_sdk::Page;
use mooring_sdk::gateway::Progress;
use mooring_sdk::money::Amount;
use mooring_sdk::payments::{
    self, AttemptState, CaptureMode, Failure, Fee, FeePayer, NewPayment, PaymentError, PaymentFilter,
    Settlement, Status, Tolerance,
};
use mooring_sdk::testing::{AttemptDone, TestHost};
use serde_json::json;

use crate::till::{Till, balance, create, hundred, told, usd};

#[test]
fn a_payment_is_made_found_and_paid() {
    let mut host = TestHost::<Till>::new();
    let reference = "0123456789abcdef0123456789abcdef";
    let payment = create(
        &mut host,
        NewPayment {
            reference: Some(reference.to_owned()),
            ..NewPayment::new(usd(10_000), "A thing")
        },
    );
    assert_eq!(
        payment.pay_url,
        format!("http://mooring.test/till/pay/{reference}")
    );
    assert_eq!(
        (payment.status, payment.metadata.as_str()),
        (Status::Pending, "{}")
    );
    assert_eq!(host.act(|| payments::find(reference)).unwrap(), payment);

    let done = AttemptDone::default().with_details(json!({ "card_last_four": "4242" }));
    let paid = host.pay(&payment.id, done);
    assert_eq!(
        (paid.status, paid.settlement, paid.received.minor, paid.paid_at),
        (
            Status::Succeeded,
            Some(Settlement::Exact),
            10_000,
            Some(host.now())
        )
    );
    let attempts = host.attempts(&payment.id);
    assert_eq!(
        (attempts[0].state, attempts[0].details.as_str()),
        (AttemptState::Succeeded, r#"{"card_last_four":"4242"}"#)
    );
    assert_eq!(told(&host), ["Succeeded"]);
    assert_eq!(host.events()[0].data, r#"{"attempt":1,"received":"100.00"}"#);
    assert_eq!(balance(&mut host, "gateway:sandbox:clearing", "USD"), -10_000);
    assert_eq!(balance(&mut host, "merchant:till:balance", "USD"), 10_000);
}

#[test]
fn bad_payments_are_refused_by_field() {
    let mut host = TestHost::<Till>::new();
    let now = host.now();
    let new = || NewPayment::new(usd(1), "");
    for (field, new) in [
        ("amount", NewPayment::new(usd(0), "")),
        (
            "reference",
            NewPayment {
                reference: Some("short".to_owned()),
                ..new()
            },
        ),
        (
            "reference",
            NewPayment {
                reference: Some("a/b".repeat(8)),
                ..new()
            },
        ),
        (
            "success-url",
            NewPayment {
                success_url: Some("javascript:alert(1)".to_owned()),
                ..new()
            },
        ),
        (
            "cancel-url",
            NewPayment {
                cancel_url: Some("/relative".to_owned()),
                ..new()
            },
        ),
        (
            "expires-at",
            NewPayment {
                expires_at: Some(now),
                ..new()
            },
        ),
        (
            "crypto-only",
            NewPayment {
                fiat_only: true,
                crypto_only: true,
                ..new()
            },
        ),
        (
            "locale",
            NewPayment {
                locale: Some("de".to_owned()),
                ..new()
            },
        ),
        (
            "metadata",
            NewPayment {
                metadata: "[]".to_owned(),
                ..new()
            },
        ),
        ("description", NewPayment::new(usd(1), "x".repeat(501))),
    ] {
        match host.act(|| payments::create(new)) {
            Err(PaymentError::Invalid(invalid)) => assert_eq!(invalid.field, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    let unknown = NewPayment {
        user: Some(9),
        ..new()
    };
    assert_eq!(
        host.act(|| payments::create(unknown)),
        Err(PaymentError::UnknownUser(9))
    );
    assert_eq!(host.payments(), []);
}

#[test]
fn a_reference_is_taken_once() {
    let mut host = TestHost::<Till>::new();
    let first = hundred(&mut host);
    let again = NewPayment {
        reference: Some(first.reference.clone()),
        ..NewPayment::new(usd(1), "")
    };
    assert_eq!(
        host.act(|| payments::create(again)),
        Err(PaymentError::ReferenceTaken(Some(first.id)))
    );
}

#[test]
fn payments_are_listed_by_status() {
    let mut host = TestHost::<Till>::new();
    let (first, second) = (hundred(&mut host), hundred(&mut host));
    host.pay(&second.id, AttemptDone::default());
    let pending = PaymentFilter {
        status: Some(Status::Pending),
        ..PaymentFilter::default()
    };
    let listed = host.act(|| payments::list(pending, Page::oldest(10))).unwrap();
    assert_eq!(
        (listed.items[0].id.as_str(), listed.total),
        (first.id.as_str(), 1)
    );
}

#[test]
fn what_arrives_is_settled_by_the_tolerance() {
    let tolerance = Tolerance {
        short_minor: 1,
        short_ppm: 5_000,
        partial_min_ppm: 500_000,
    };
    for (received, status, settlement) in [
        (10_000, Status::Succeeded, Some(Settlement::Exact)),
        (9_950, Status::Succeeded, Some(Settlement::Exact)),
        (9_949, Status::Succeeded, Some(Settlement::Partial)),
        (5_000, Status::Succeeded, Some(Settlement::Partial)),
        (4_999, Status::Failed, None),
        (10_001, Status::Succeeded, Some(Settlement::Overpaid)),
    ] {
        let mut host = TestHost::<Till>::new();
        let payment = create(
            &mut host,
            NewPayment {
                tolerance: Some(tolerance),
                ..NewPayment::new(usd(10_000), "")
            },
        );
        let paid = host.pay(&payment.id, AttemptDone::received(usd(received)));
        assert_eq!((paid.status, paid.settlement), (status, settlement), "{received}");
        if status == Status::Failed {
            assert_eq!(paid.failure.unwrap().code, "underpaid");
            assert_eq!(balance(&mut host, "suspense:till", "USD"), received);
            host.run_jobs();
            assert_eq!(balance(&mut host, "suspense:till", "USD"), 0);
            assert_eq!(told(&host), ["Failed"]);
        }
    }
}

#[test]
fn fees_are_added_or_taken() {
    for (paid_by, due, fee) in [(FeePayer::Merchant, 10_000, 280), (FeePayer::Payer, 10_280, 280)] {
        let mut host = TestHost::<Till>::new();
        let payment = create(
            &mut host,
            NewPayment {
                fee: Some(Fee {
                    parts_per_million: 25_000,
                    fixed_minor: 30,
                    paid_by,
                }),
                ..NewPayment::new(usd(10_000), "")
            },
        );
        assert_eq!(payment.due.minor, due);
        let paid = host.pay(&payment.id, AttemptDone::default());
        assert_eq!((paid.received.minor, paid.fee.minor), (due, fee), "{paid_by:?}");
        assert_eq!(balance(&mut host, "fees:till", "USD"), fee);
        assert_eq!(balance(&mut host, "merchant:till:balance", "USD"), due - fee);
    }
}

#[test]
fn coins_are_counted_as_money() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    let paid = host.pay(
        &payment.id,
        AttemptDone {
            method: "crypto:USDT:tron".to_owned(),
            credited: Some(usd(9_900)),
            ..AttemptDone::received(Amount::from_minor(9_900_000_000, "USDT").unwrap())
        },
    );
    assert_eq!(
        (paid.received.minor, paid.settlement),
        (9_900, Some(Settlement::Partial))
    );
    assert_eq!(
        balance(&mut host, "gateway:sandbox:clearing", "USDT"),
        -9_900_000_000
    );
    assert_eq!(balance(&mut host, "exchange:sandbox", "USDT"), 9_900_000_000);
    assert_eq!(balance(&mut host, "merchant:till:balance", "USD"), 9_900);
}

#[test]
fn a_declined_payment_can_be_paid() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    host.process(&payment.id, AttemptDone::default());
    let declined = host.decline(&payment.id, "5051", "Insufficient funds");
    assert_eq!(
        (declined.status, declined.failure),
        (Status::Pending, Some(Failure::new("5051", "Insufficient funds")))
    );
    let paid = host.pay(&payment.id, AttemptDone::default());
    assert_eq!((paid.status, paid.failure), (Status::Succeeded, None));
    assert_eq!(told(&host), ["Processing", "AttemptFailed", "Succeeded"]);
    assert_eq!(host.attempts(&payment.id).len(), 2);
}

#[test]
fn late_and_repeated_news_move_nothing_back() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    host.pay(&payment.id, AttemptDone::default());
    let before = host.fingerprint();
    host.process(&payment.id, AttemptDone::default());
    host.decline(&payment.id, "5051", "Insufficient funds");
    host.pay(&payment.id, AttemptDone::default());
    assert_eq!(host.fingerprint(), before);
}

#[test]
fn time_ends_what_nobody_pays() {
    let mut host = TestHost::<Till>::new();
    let expires_at = Some(host.now() + 60_000);
    let new = || NewPayment {
        expires_at,
        ..NewPayment::new(usd(10_000), "")
    };
    let (waits, under_way) = (create(&mut host, new()), create(&mut host, new()));
    host.process(&under_way.id, AttemptDone::default());
    host.advance(59_999);
    assert_eq!(host.run_jobs(), []);
    host.advance(1);
    host.run_jobs();
    assert_eq!(host.payment(&waits.id).status, Status::Expired);
    assert_eq!(host.payment(&under_way.id).status, Status::Processing);
    assert_eq!(
        host.decline(&under_way.id, "5051", "Insufficient funds").status,
        Status::Expired
    );
    assert_eq!(told(&host), ["Processing", "Expired", "AttemptFailed", "Expired"]);
}

#[test]
fn money_that_comes_late_is_sent_back() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    host.begin(&payment.id, "sandbox", "card");
    host.progress(&payment.id, Progress::new(AttemptState::Waiting));
    let cancelled = host.act(|| payments::cancel(&payment.id)).unwrap();
    assert_eq!(cancelled.status, Status::Cancelled);
    let late = host.pay(&payment.id, AttemptDone::default());
    assert_eq!((late.status, late.received.minor), (Status::Cancelled, 0));
    assert_eq!(balance(&mut host, "suspense:till", "USD"), 10_000);
    host.run_jobs();
    assert_eq!(balance(&mut host, "suspense:till", "USD"), 0);
    assert_eq!(balance(&mut host, "gateway:sandbox:clearing", "USD"), 0);
    assert_eq!(host.surplus_refunds(&payment.id).len(), 1);
    assert_eq!(host.refunds(&payment.id), []);
    assert_eq!(told(&host), ["Cancelled"]);
}

#[test]
fn only_open_payments_end() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    let fraud = || Failure::new("fraud", "A stolen card.");
    let failed = host.act(|| payments::fail(&payment.id, fraud())).unwrap();
    assert_eq!((failed.status, failed.failure), (Status::Failed, Some(fraud())));
    assert!(host.act(|| payments::fail(&payment.id, fraud())).is_ok());
    assert_eq!(
        host.act(|| payments::cancel(&payment.id)),
        Err(PaymentError::WrongStatus(Status::Failed))
    );
    assert_eq!(told(&host), ["Failed"]);
}

#[test]
fn reserved_money_is_captured_or_released() {
    let mut host = TestHost::<Till>::new();
    let new = || NewPayment {
        capture: CaptureMode::Manual,
        ..NewPayment::new(usd(10_000), "")
    };
    let (captured, released) = (create(&mut host, new()), create(&mut host, new()));
    for payment in [&captured, &released] {
        let reserved = host.pay(&payment.id, AttemptDone::default());
        assert_eq!(reserved.status, Status::Authorized);
    }
    let capture = |minor| move |id: &str| payments::capture(id, Some(usd(minor)));
    assert_eq!(
        host.act(|| capture(10_001)(&captured.id)),
        Err(PaymentError::TooMuch(usd(10_000)))
    );
    let job = host.act(|| capture(4_000)(&captured.id)).unwrap();
    assert_eq!(host.act(|| capture(4_000)(&captured.id)), Ok(job));
    host.act(|| payments::void(&released.id)).unwrap();
    host.run_jobs();
    let payment = host.payment(&captured.id);
    assert_eq!(
        (payment.status, payment.received.minor, payment.settlement),
        (Status::Succeeded, 4_000, Some(Settlement::Partial))
    );
    assert_eq!(host.payment(&released.id).status, Status::Cancelled);
    assert_eq!(
        told(&host),
        ["Authorized", "Authorized", "Succeeded", "Cancelled"]
    );

    host.without_captures("sandbox");
    let third = create(&mut host, new());
    host.pay(&third.id, AttemptDone::default());
    assert_eq!(
        host.act(|| payments::capture(&third.id, None)),
        Err(PaymentError::NotSupported("sandbox".to_owned()))
    );
}

#[test]
fn a_plugin_that_fails_at_an_event_is_told_again() {
    let mut host = TestHost::<Till>::new();
    host.set("deaf", "true");
    let payment = hundred(&mut host);
    assert_eq!(
        host.pay(&payment.id, AttemptDone::default()).status,
        Status::Succeeded
    );
    assert_eq!(told(&host), [""; 0]);
    assert!(host.log().iter().any(|line| line.contains("on-event")));
    assert!(host.run_job().unwrap().result.is_err());
    assert_eq!(told(&host), [""; 0]);
    host.set("deaf", "false");
    host.advance(5_000);
    host.run_jobs();
    assert_eq!(told(&host), ["Succeeded"]);
}

#[test]
fn a_way_to_pay_that_was_not_allowed_is_refused() {
    let mut host = TestHost::<Till>::new();
    let payment = create(
        &mut host,
        NewPayment {
            gateways: vec!["sandbox/card".to_owned()],
            ..NewPayment::new(usd(10_000), "")
        },
    );
    assert_eq!(host.asked(&payment.id).gateways, ["sandbox/card"]);
    let begun = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        host.begin(&payment.id, "stripe", "card")
    }));
    assert!(begun.is_err());
}
