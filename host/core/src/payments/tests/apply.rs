use std::time::Duration;

use super::*;

#[test]
fn each_state_of_an_attempt_gives_its_payment_a_status_and_is_announced() {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Succeeded, Unknown, Waiting};
    let cases = [
        (Waiting, Status::Pending, None),
        (Processing, Status::Processing, Some(EventKind::Processing)),
        (Unknown, Status::Processing, Some(EventKind::Processing)),
        (Authorized, Status::Authorized, Some(EventKind::Authorized)),
        (Succeeded, Status::Succeeded, Some(EventKind::Succeeded)),
        (Declined, Status::Pending, Some(EventKind::AttemptFailed)),
        (Cancelled, Status::Pending, Some(EventKind::AttemptFailed)),
    ];
    for (state, status, kind) in cases {
        let shop = Shop::new();
        let payment = shop.payment(|new| new.capture = CaptureMode::Manual);
        let attempt = shop.attempt_at(&payment);
        assert_eq!(shop.say(&attempt, said(state)), Vec::from_iter(kind), "{state:?}");
        assert_eq!(shop.payment_now(&payment).status, status, "{state:?}");
        let now = shop.attempt_now(&attempt);
        assert_eq!((now.state, now.ended_at.is_some()), (state, state.is_final()));
        assert_eq!(shop.say(&attempt, said(state)), [], "{state:?} again");
        assert_eq!(shop.attempt_now(&attempt), now, "{state:?} again");
    }
}

#[test]
fn what_comes_late_moves_nothing_back() {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Starting, Succeeded, Unknown, Waiting};
    let all = [
        Starting, Waiting, Processing, Unknown, Authorized, Declined, Cancelled,
    ];
    let cases: [(AttemptState, &[AttemptState]); 4] = [
        (Succeeded, &all),
        (Declined, &[Starting, Waiting, Processing, Unknown, Cancelled]),
        (Cancelled, &[Starting, Waiting, Processing, Unknown, Declined]),
        (Processing, &[Starting, Waiting, Unknown]),
    ];
    for (state, late) in cases {
        for later in late {
            let shop = Shop::new();
            let (payment, attempt) = shop.tried(state);
            assert_eq!(shop.say(&attempt, said(*later)), [], "{state:?} {later:?}");
            assert_eq!(shop.attempt_now(&attempt), attempt, "{state:?} {later:?}");
            assert_eq!(shop.payment_now(&payment), payment, "{state:?} {later:?}");
        }
    }
}

#[test]
fn what_was_unknown_can_turn_out_to_wait_for_the_payer() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Unknown);
    assert_eq!(payment.status, Status::Processing);
    assert_eq!(shop.say(&attempt, said(AttemptState::Waiting)), []);
    assert_eq!(shop.payment_now(&payment).status, Status::Pending);
}

#[test]
fn a_decline_is_told_with_its_reason() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Declined);
    assert_eq!(attempt.failure, Some(declined()));
    assert_eq!(payment.failure, Some(declined()));
    shop.attempt_at(&payment);
    assert_eq!(
        shop.payment_now(&payment).failure,
        None,
        "the newest attempt has not failed"
    );
}

#[test]
fn a_gateway_is_asked_later_and_later_until_it_knows() {
    let shop = Shop::new();
    let (_, attempt) = shop.tried(AttemptState::Unknown);
    for seconds in [5, 30, 120, 600, 3_600, 3_600, 3_600] {
        let waiting = shop.waiting(JOB_LOOK_UP);
        assert_eq!(waiting.len(), 1, "one question at a time");
        assert_eq!(waiting[0].run_at, at(&shop, seconds));
        // What is said in between begins no second chain.
        shop.say(&attempt, said(AttemptState::Unknown));
        assert_eq!(shop.waiting(JOB_LOOK_UP).len(), 1);
        shop.pass(Duration::from_secs(seconds));
        let claimed = shop.claim(&waiting[0].id);
        shop.run(|work| {
            apply(work, &attempt.id, said(AttemptState::Unknown)).unwrap();
            jobs::complete(work, &claimed.lease).unwrap();
        });
    }
    let last = shop.waiting(JOB_LOOK_UP);
    shop.pass(Duration::from_hours(1));
    let claimed = shop.claim(&last[0].id);
    shop.run(|work| {
        apply(work, &attempt.id, said(AttemptState::Declined)).unwrap();
        jobs::complete(work, &claimed.lease).unwrap();
    });
    assert!(shop.waiting(JOB_LOOK_UP).is_empty(), "it knows");
}

#[test]
fn who_pays_elsewhere_is_asked_about_at_the_pace_of_that_place() {
    let shop = Shop::new();
    let (_, attempt) = shop.tried(AttemptState::Starting);
    let lines = vec![(String::from("Address"), String::from("x"))];
    let steps = [
        (at_gateway(), 60),
        (
            Progress {
                action: Some(Action::Instructions { lines }),
                ..said(AttemptState::Waiting)
            },
            5,
        ),
        (said(AttemptState::Waiting), 5),
        (at_gateway(), 60),
        // The gateway has told by itself that it moves.
        (said(AttemptState::Processing), 5),
    ];
    for (index, (progress, seconds)) in steps.into_iter().enumerate() {
        shop.say(&attempt, progress);
        let waiting = shop.waiting(JOB_LOOK_UP);
        assert_eq!(waiting.len(), 1, "{index}: one question at a time");
        assert_eq!(waiting[0].run_at, at(&shop, seconds), "{index}");
    }
}

#[test]
fn who_may_have_left_the_page_of_a_gateway_for_good_is_asked_about_ever_more_seldom_and_at_last_not_at_all() {
    let shop = Shop::new();
    let (_, attempt) = shop.tried(AttemptState::Starting);
    shop.say(&attempt, at_gateway());
    let begun = shop.now();
    let mut asked = Vec::new();
    while let Some(next) = shop.waiting(JOB_LOOK_UP).first() {
        shop.pass(Duration::from_millis(next.run_at.millis() - shop.now().millis()));
        asked.push(Duration::from_millis(shop.now().millis() - begun.millis()));
        let claimed = shop.claim(&next.id);
        shop.run(|work| {
            apply(work, &attempt.id, said(AttemptState::Waiting)).unwrap();
            jobs::complete(work, &claimed.lease).unwrap();
        });
    }
    let within = |limit: Duration| asked.iter().filter(|after| **after <= limit).count();
    assert_eq!(within(Duration::from_mins(15)), 4, "{asked:?}");
    assert_eq!(within(Duration::from_hours(24)), 11, "{asked:?}");
    assert!(asked.len() <= 36, "{asked:?}");
    let last = asked.last().copied().unwrap();
    assert!(
        last > Duration::from_hours(6 * 24) && last < Duration::from_hours(8 * 24),
        "{last:?}"
    );
}

#[test]
fn what_is_taken_back_is_not_looked_up_any_more() {
    let shop = Shop::new();
    let (_, attempt) = shop.tried(AttemptState::Starting);
    shop.say(&attempt, at_gateway());
    shop.run(|work| abandon(work, &attempt.id).map(drop)).unwrap();
    assert!(shop.waiting(JOB_LOOK_UP).is_empty(), "it might charge");
    assert_eq!(shop.waiting(JOB_ABANDON).len(), 1);
}

#[test]
fn what_a_gateway_tells_is_kept_beside_the_state() {
    let shop = Shop::new();
    let (_, attempt) = shop.tried(AttemptState::Starting);
    let action = Action::Redirect {
        url: String::from("https://gateway.example/pay"),
    };
    let first = Progress {
        gateway_ref: Some(String::from("cs_1")),
        memo: Some(String::from("memo")),
        action: Some(action.clone()),
        details: Some(String::from(r#"{"network":"ethereum","confirmations":1}"#)),
        ..Progress::new(AttemptState::Waiting)
    };
    shop.say(&attempt, first);
    let second = Progress {
        details: Some(String::from(r#"{"confirmations":2}"#)),
        ..Progress::new(AttemptState::Processing)
    };
    shop.say(&attempt, second);
    let now = shop.attempt_now(&attempt);
    assert_eq!(
        now.details.value(),
        serde_json::json!({ "network": "ethereum", "confirmations": 2 })
    );
    assert_eq!((now.memo.as_str(), now.action), ("memo", Some(action)));
    let sandbox = plugin_name("sandbox");
    let found = attempt_by_gateway_ref(&mut shop.host(), shop.acme.id, &sandbox, "cs_1");
    assert_eq!(found.unwrap().id, attempt.id);
    for (gateway, gateway_ref) in [("sandbox", "cs_2"), ("stripe", "cs_1")] {
        let found =
            attempt_by_gateway_ref(&mut shop.host(), shop.acme.id, &plugin_name(gateway), gateway_ref);
        assert!(
            matches!(found, Err(PaymentError::NotFound)),
            "{gateway} {gateway_ref}"
        );
    }
}

#[test]
fn progress_that_breaks_a_rule_is_refused_by_name() {
    let dollars = |minor| Amount::new(minor, Currency::parse("USD").unwrap());
    let waiting = || Progress::new(AttemptState::Waiting);
    let succeeded = || said(AttemptState::Succeeded);
    let form = |count, name: &str| Action::Form {
        fields: vec![
            FormField {
                name: name.to_owned(),
                kind: FieldKind::Text,
            };
            count
        ],
    };
    let cases = [
        ("received", Progress::new(AttemptState::Succeeded)),
        ("received", Progress::new(AttemptState::Authorized)),
        ("received", brought(AttemptState::Succeeded, 0)),
        (
            "received",
            Progress {
                received: Some(dollars(1)),
                ..succeeded()
            },
        ),
        (
            "credited",
            Progress {
                credited: Some(dollars(1)),
                ..succeeded()
            },
        ),
        (
            "credited",
            Progress {
                credited: Some(euros(0)),
                ..succeeded()
            },
        ),
        (
            "credited",
            Progress {
                credited: Some(euros(1)),
                ..waiting()
            },
        ),
        ("failure", Progress::new(AttemptState::Declined)),
        (
            "gateway-ref",
            Progress {
                gateway_ref: Some(String::new()),
                ..waiting()
            },
        ),
        (
            "memo",
            Progress {
                memo: Some("x".repeat(4_097)),
                ..waiting()
            },
        ),
        (
            "details",
            Progress {
                details: Some("[]".into()),
                ..waiting()
            },
        ),
        (
            "action",
            Progress {
                action: Some(Action::Redirect { url: "/".into() }),
                ..waiting()
            },
        ),
        (
            "action",
            Progress {
                action: Some(form(0, "a")),
                ..waiting()
            },
        ),
        (
            "action",
            Progress {
                action: Some(form(21, "a")),
                ..waiting()
            },
        ),
        (
            "action",
            Progress {
                action: Some(form(1, "A")),
                ..waiting()
            },
        ),
    ];
    let shop = Shop::new();
    let (_, attempt) = shop.tried(AttemptState::Starting);
    for (index, (field, progress)) in cases.into_iter().enumerate() {
        let error = apply(&mut shop.work(), &attempt.id, progress).unwrap_err();
        assert!(
            matches!(&error, PaymentError::Invalid(invalid) if invalid.field == field),
            "{index} {error}"
        );
    }
    let unknown = AttemptId::parse("att_0123456789abcdefghijAB").unwrap();
    let error = apply(&mut shop.work(), &unknown, Progress::new(AttemptState::Declined)).unwrap_err();
    assert!(matches!(error, PaymentError::NotFound));
}

#[test]
fn long_words_of_a_gateway_are_cut() {
    let shop = Shop::new();
    let (_, attempt) = shop.tried(AttemptState::Starting);
    let failure = Failure {
        code: "é".repeat(200),
        message: "é".repeat(600),
    };
    shop.say(&attempt, Progress::declined(failure));
    let kept = shop.attempt_now(&attempt).failure.unwrap();
    assert_eq!(
        (kept.code.chars().count(), kept.message.chars().count()),
        (100, 500)
    );
}

#[test]
fn what_is_authorized_is_captured_at_once_unless_the_payment_says_otherwise() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Authorized);
    assert_eq!(payment.status, Status::Processing);
    let jobs = shop.waiting(JOB_CAPTURE);
    assert_eq!(jobs.len(), 1);
    let payload: AttemptJob = serde_json::from_str(jobs[0].payload.as_str()).unwrap();
    assert_eq!(
        (payload.attempt, payload.amount),
        (attempt.id.clone(), Some(euros(1_000)))
    );
    assert_eq!(
        shop.say(&attempt, said(AttemptState::Succeeded)),
        [EventKind::Succeeded]
    );
}

#[test]
fn a_plugin_can_be_told_again_by_a_job() {
    let shop = Shop::new();
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(60_000));
    let payment = shop.payment(|new| new.metadata = large);
    let attempt = shop.attempt_at(&payment);
    let details = format!("{{\"b\":\"{}\"}}", "y".repeat(60_000));
    let announcement = shop.run(|work| {
        let progress = Progress {
            details: Some(details),
            ..said(AttemptState::Succeeded)
        };
        apply(work, &attempt.id, progress).unwrap();
        let announcement = work.take_announcements().remove(0);
        announce_later(work, announcement.clone()).unwrap();
        announcement
    });
    let job = shop.waiting(JOB_ANNOUNCE).remove(0);
    assert_eq!(job.plugin, payment.plugin);
    let payload: AnnouncementJob = serde_json::from_str(job.payload.as_str()).unwrap();
    assert_eq!(payload.announcement, announcement);
    assert_eq!(
        announcement.payment,
        shop.payment_now(&payment),
        "as it is stored"
    );
}
