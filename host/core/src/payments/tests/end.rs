use std::time::Duration;

use super::*;

#[test]
fn an_open_payment_can_be_ended_and_a_final_one_cannot() {
    use AttemptState::{Processing, Starting, Succeeded, Unknown, Waiting};
    for state in [Starting, Waiting, Processing, Unknown] {
        let shop = Shop::new();
        let (payment, _) = shop.tried(state);
        let kinds = shop.run(|work| {
            cancel(work, &payment.id).unwrap();
            kinds(work)
        });
        assert_eq!(kinds, [EventKind::Cancelled], "{state:?}");
        assert_eq!(shop.payment_now(&payment).status, Status::Cancelled);
        let asks = usize::from(state != Starting);
        assert_eq!(shop.waiting(JOB_ABANDON).len(), asks, "{state:?}");
    }
    let shop = Shop::new();
    let (payment, _) = shop.tried(Succeeded);
    let mut work = shop.work();
    let refused = [
        cancel(&mut work, &payment.id),
        fail(&mut work, &payment.id, declined()),
    ];
    for result in refused {
        assert!(matches!(
            result,
            Err(PaymentError::WrongStatus(Status::Succeeded))
        ));
    }
    assert_eq!(expire(&mut work, &payment.id).unwrap(), payment);
}

#[test]
fn ending_again_changes_nothing_and_ending_otherwise_is_refused() {
    let shop = Shop::new();
    let cancelled = shop.payment(|_| {});
    let failed = shop.payment(|_| {});
    shop.run(|work| {
        cancel(work, &cancelled.id).unwrap();
        fail(work, &failed.id, declined()).unwrap();
    });
    let (cancelled, failed) = (shop.payment_now(&cancelled), shop.payment_now(&failed));
    assert_eq!(failed.failure, Some(declined()));
    let mut work = shop.work();
    assert_eq!(cancel(&mut work, &cancelled.id).unwrap(), cancelled);
    assert_eq!(fail(&mut work, &failed.id, declined()).unwrap(), failed);
    let error = cancel(&mut work, &failed.id).unwrap_err();
    assert!(matches!(error, PaymentError::WrongStatus(Status::Failed)));
    let error = fail(&mut work, &cancelled.id, declined()).unwrap_err();
    assert!(matches!(error, PaymentError::WrongStatus(Status::Cancelled)));
    assert_eq!(kinds(&mut work), []);
}

#[test]
fn a_reason_needs_a_code_before_the_status_matters() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let nameless = Failure {
        code: String::new(),
        message: String::from("fraud"),
    };
    let error = fail(&mut shop.work(), &payment.id, nameless).unwrap_err();
    assert!(matches!(error, PaymentError::Invalid(invalid) if invalid.field == "failure"));
}

#[test]
fn another_plugin_has_no_such_payment() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let beta = &mut shop.work_of(&shop.acme, "beta");
    let refund_all = NewRefund {
        payment: payment.id.clone(),
        amount: None,
        reason: String::new(),
        idempotency_key: None,
    };
    let refused = [
        get(beta, &payment.id).err(),
        find(beta, &payment.reference).err(),
        attempts(beta, &payment.id).err(),
        refunds(beta, &payment.id).err(),
        cancel(beta, &payment.id).err(),
        fail(beta, &payment.id, declined()).err(),
        capture(beta, &payment.id, None).err(),
        void(beta, &payment.id).err(),
        refund(beta, refund_all).err(),
    ];
    for (index, error) in refused.into_iter().enumerate() {
        assert!(matches!(error, Some(PaymentError::NotFound)), "{index} {error:?}");
    }
}

#[test]
fn a_payment_that_nobody_pays_expires() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Waiting);
    let kinds = shop.run(|work| {
        assert_eq!(expire(work, &payment.id).unwrap().status, Status::Expired);
        kinds(work)
    });
    assert_eq!(kinds, [EventKind::Expired]);
    assert_eq!(shop.waiting(JOB_ABANDON).len(), 1);
}

#[test]
fn a_payment_whose_money_is_under_way_expires_when_it_does_not_arrive() {
    use AttemptState::{Declined, Processing, Succeeded, Unknown, Waiting};
    let after = [
        (
            Declined,
            Status::Expired,
            vec![EventKind::AttemptFailed, EventKind::Expired],
        ),
        (Succeeded, Status::Succeeded, vec![EventKind::Succeeded]),
    ];
    for state in [Processing, Unknown] {
        for (then, status, kinds) in after.clone() {
            let (shop, payment, attempt) = overdue(state);
            assert_eq!(expire_now(&shop, &payment), Status::Processing);
            assert_eq!(shop.say(&attempt, said(then)), kinds, "{state:?} {then:?}");
            assert_eq!(shop.payment_now(&payment).status, status, "{state:?} {then:?}");
        }
    }
    let (shop, payment, attempt) = overdue(Unknown);
    assert_eq!(shop.say(&attempt, said(Waiting)), [EventKind::Expired]);
    assert_eq!(shop.payment_now(&payment).status, Status::Expired);
    assert_eq!(
        shop.waiting(JOB_ABANDON).len(),
        1,
        "the payer must not pay it any more"
    );
}

#[test]
fn who_is_at_a_gateway_when_the_time_is_over_is_asked_about_first() {
    let cases = [
        (
            AttemptState::Succeeded,
            Status::Succeeded,
            vec![EventKind::Succeeded],
        ),
        (AttemptState::Cancelled, Status::Expired, vec![EventKind::Expired]),
        (
            AttemptState::Processing,
            Status::Processing,
            vec![EventKind::Processing],
        ),
    ];
    for (said_then, status, kinds) in cases {
        let (shop, payment, attempt) = due_at_gateway();
        assert_eq!(
            shop.payment_now(&payment).status,
            Status::Pending,
            "{said_then:?}"
        );
        let looks = shop.waiting(JOB_LOOK_UP);
        assert_eq!((looks.len(), looks[0].run_at), (1, shop.now()), "asked now");
        assert_eq!(shop.say(&attempt, said(said_then)), kinds, "{said_then:?}");
        assert_eq!(shop.payment_now(&payment).status, status, "{said_then:?}");
        assert!(shop.refunds_now(&payment).is_empty(), "{said_then:?}");
    }
}

#[test]
fn who_has_not_paid_at_the_gateway_in_time_cannot_pay_there_any_more() {
    let (shop, payment, attempt) = due_at_gateway();
    assert_eq!(shop.say(&attempt, said(AttemptState::Waiting)), []);
    assert_eq!(shop.waiting(JOB_ABANDON).len(), 1);
    assert_eq!(
        shop.payment_now(&payment).status,
        Status::Pending,
        "the payer may be faster than that"
    );
    assert_eq!(
        shop.say(&attempt, said(AttemptState::Cancelled)),
        [EventKind::Expired]
    );
    let expired = shop.payment_now(&payment);
    assert_eq!((expired.status, expired.open), (Status::Expired, None));
}

#[test]
fn a_gateway_that_says_nothing_does_not_keep_a_payment_open() {
    let (shop, payment, attempt) = due_at_gateway();
    let last = shop.waiting(JOB_EXPIRE).pop().unwrap();
    assert_eq!(last.run_at, at(&shop, 15 * 60));
    shop.pass(Duration::from_mins(15));
    let told = shop.run(|work| {
        come_due(work, &serde_json::from_str(last.payload.as_str()).unwrap()).unwrap();
        kinds(work)
    });
    assert_eq!(told, [EventKind::Expired]);
    shop.say(&attempt, said(AttemptState::Succeeded));
    assert!(shop.refunds_now(&payment)[0].surplus, "too late");
}

#[test]
fn whose_payer_is_on_our_own_page_ends_at_once() {
    let form = Progress {
        action: Some(Action::Form {
            fields: vec![FormField {
                name: String::from("number"),
                kind: FieldKind::CardNumber,
            }],
        }),
        ..said(AttemptState::Waiting)
    };
    let (shop, payment) = due(form);
    assert_eq!(shop.payment_now(&payment).status, Status::Expired);
}

#[test]
fn money_that_comes_after_the_end_is_sent_back() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Waiting);
    shop.run(|work| cancel(work, &payment.id)).unwrap();
    assert_eq!(shop.say(&attempt, said(AttemptState::Succeeded)), []);
    assert_eq!(shop.payment_now(&payment).status, Status::Cancelled);
    assert_eq!(shop.payment_now(&payment).received, euros(0));
    let refund = shop.refunds_now(&payment).remove(0);
    assert_eq!((refund.surplus, refund.amount), (true, euros(1_000)));
    assert_eq!(
        refunds(&mut shop.work(), &payment.id).unwrap(),
        [],
        "not the merchant's"
    );
    assert_eq!(shop.waiting(JOB_REFUND).len(), 1);
    let held = [
        ("gateway:sandbox:clearing", "-10.00 EUR"),
        ("suspense:alpha", "10.00 EUR"),
    ];
    assert_eq!(shop.balances(), accounts(&held));
    assert_eq!(shop.say_of_refund(&refund, RefundState::Succeeded), []);
    assert_eq!(shop.balances(), []);
}

#[test]
fn a_surplus_that_its_gateway_kept_is_sent_again_once() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Waiting);
    shop.run(|work| cancel(work, &payment.id)).unwrap();
    shop.say(&attempt, said(AttemptState::Succeeded));
    let first = shop.refunds_now(&payment).remove(0);
    let again = |refund: &Refund| shop.run(|work| send_surplus_again(work, &payment.id, &refund.id));
    assert!(
        matches!(again(&first), Err(PaymentError::Invalid(_))),
        "it is under way"
    );
    assert!(!first.is_stuck());
    shop.say_of_refund(&first, RefundState::Failed);
    assert!(shop.refunds_now(&payment)[0].is_stuck());
    let second = again(&first).unwrap();
    assert!(
        !shop.refunds_now(&payment)[0].is_stuck(),
        "it is on its way again"
    );
    assert_ne!(second.id, first.id, "a gateway answers the old one as it did");
    assert_eq!((second.surplus, second.amount), (true, first.amount));
    assert!(matches!(again(&first), Err(PaymentError::Invalid(_))), "once");
    assert_eq!(shop.refunds_now(&payment)[0].again, Some(second.id.clone()));
    assert_eq!(shop.balances().len(), 2, "it is in suspense still");
    shop.say_of_refund(&second, RefundState::Succeeded);
    assert_eq!(shop.balances(), []);
    assert!(
        matches!(again(&second), Err(PaymentError::Invalid(_))),
        "it has left"
    );
}

#[test]
fn what_is_authorized_can_be_captured_in_part() {
    let (shop, payment, attempt) = authorized();
    let job = shop
        .run(|work| capture(work, &payment.id, Some(euros(400))))
        .unwrap();
    let again = shop
        .run(|work| capture(work, &payment.id, Some(euros(400))))
        .unwrap();
    assert_eq!(again, job, "while it waits");
    let payload: AttemptJob = serde_json::from_str(shop.waiting(JOB_CAPTURE)[0].payload.as_str()).unwrap();
    assert_eq!(payload.amount, Some(euros(400)));
    shop.say(&attempt, brought(AttemptState::Succeeded, 400));
    let paid = shop.payment_now(&payment);
    assert_eq!(
        (paid.status, paid.settlement, paid.received),
        (Status::Succeeded, Some(Settlement::Partial), euros(400)),
        "the least part of the tolerance is about payers"
    );
    let error = capture(&mut shop.work(), &payment.id, None).unwrap_err();
    assert!(matches!(error, PaymentError::WrongStatus(Status::Succeeded)));
}

#[test]
fn a_capture_is_refused_in_this_order() {
    let (shop, payment, _) = authorized();
    let pending = shop.payment(|_| {});
    let dollar = Amount::new(1, Currency::parse("USD").unwrap());
    let mut work = shop.work();
    for amount in [dollar, euros(0)] {
        let error = capture(&mut work, &pending.id, Some(amount)).unwrap_err();
        assert!(matches!(error, PaymentError::Invalid(invalid) if invalid.field == "amount"));
    }
    let error = capture(&mut work, &pending.id, None).unwrap_err();
    assert!(matches!(error, PaymentError::WrongStatus(Status::Pending)));
    let error = void(&mut work, &pending.id).unwrap_err();
    assert!(matches!(error, PaymentError::WrongStatus(Status::Pending)));
    let error = capture(&mut work, &payment.id, Some(euros(1_001))).unwrap_err();
    assert!(matches!(error, PaymentError::TooMuch(left) if left == euros(1_000)));
}

#[test]
fn a_capture_whose_end_is_unknown_is_looked_up_and_asked_for_again() {
    let (shop, payment, attempt) = authorized();
    let job = shop.run(|work| capture(work, &payment.id, None)).unwrap();
    let claimed = shop.claim(&job);
    shop.run(|work| {
        apply(work, &attempt.id, said(AttemptState::Unknown)).unwrap();
        jobs::complete(work, &claimed.lease).unwrap();
    });
    assert_eq!(shop.payment_now(&payment).status, Status::Authorized);
    assert_eq!(shop.waiting(JOB_LOOK_UP).len(), 1);
    shop.pass(Duration::from_secs(5));
    shop.say(&attempt, said(AttemptState::Authorized));
    assert_eq!(shop.waiting(JOB_CAPTURE).len(), 1, "it was not captured");
}

#[test]
fn what_is_authorized_can_be_released() {
    let (shop, payment, attempt) = authorized();
    shop.run(|work| capture(work, &payment.id, None)).unwrap();
    let job = shop.run(|work| void(work, &payment.id)).unwrap();
    let again = shop.run(|work| void(work, &payment.id)).unwrap();
    assert_eq!(again, job, "while it waits");
    assert!(shop.waiting(JOB_CAPTURE).is_empty(), "it had not begun");
    let error = capture(&mut shop.work(), &payment.id, None).unwrap_err();
    assert!(matches!(error, PaymentError::WrongStatus(Status::Cancelled)));
    assert_eq!(
        shop.say(&attempt, said(AttemptState::Cancelled)),
        [EventKind::Cancelled]
    );
    assert_eq!(shop.payment_now(&payment).status, Status::Cancelled);
}

#[test]
fn an_authorization_that_the_gateway_refuses_to_take_ends_the_payment() {
    let (shop, payment, attempt) = authorized();
    assert_eq!(
        shop.say(&attempt, said(AttemptState::Declined)),
        [EventKind::Failed]
    );
    let failed = shop.payment_now(&payment);
    assert_eq!(
        (failed.status, failed.failure),
        (Status::Failed, Some(declined()))
    );
}

fn authorized() -> (Shop, Payment, Attempt) {
    let shop = Shop::new();
    let payment = shop.payment(|new| {
        new.capture = CaptureMode::Manual;
        new.tolerance = Some(Tolerance {
            partial_min_ppm: 900_000,
            ..Tolerance::default()
        });
    });
    let attempt = shop.attempt_at(&payment);
    shop.say(&attempt, said(AttemptState::Authorized));
    (shop, payment, attempt)
}

fn overdue(state: AttemptState) -> (Shop, Payment, Attempt) {
    let shop = Shop::new();
    let end = at(&shop, 60);
    let payment = shop.payment(|new| new.expires_at = Some(end));
    let attempt = shop.attempt_at(&payment);
    shop.say(&attempt, said(state));
    shop.pass(Duration::from_mins(1));
    (shop, payment, attempt)
}

/// A payment of which the gateway said this, whose time has come.
fn due(progress: Progress) -> (Shop, Payment) {
    let shop = Shop::new();
    let end = at(&shop, 30);
    let payment = shop.payment(|new| new.expires_at = Some(end));
    let attempt = shop.attempt_at(&payment);
    shop.say(&attempt, progress);
    shop.pass(Duration::from_secs(30));
    let job: PaymentJob = serde_json::from_str(shop.waiting(JOB_EXPIRE)[0].payload.as_str()).unwrap();
    shop.run(|work| come_due(work, &job)).unwrap();
    (shop, payment)
}

fn due_at_gateway() -> (Shop, Payment, Attempt) {
    let (shop, payment) = due(at_gateway());
    let attempt = open_attempt(&mut shop.work(), &payment.id).unwrap().unwrap();
    (shop, payment, attempt)
}

fn expire_now(shop: &Shop, payment: &Payment) -> Status {
    shop.run(|work| expire(work, &payment.id)).unwrap().status
}

#[test]
fn a_capture_that_the_gateway_refuses_leaves_what_is_authorized() {
    let (shop, payment, attempt) = authorized();
    shop.run(|work| capture(work, &payment.id, None)).unwrap();
    shop.run(|work| refuse_capture(work, &attempt.id, declined()).map(drop))
        .unwrap();
    let now = shop.payment_now(&payment);
    assert_eq!((now.status, now.failure), (Status::Authorized, Some(declined())));
    assert_eq!(shop.attempt_now(&attempt).state, AttemptState::Authorized);

    shop.run(|work| capture(work, &payment.id, None)).unwrap();
    assert_eq!(
        shop.payment_now(&payment).failure,
        None,
        "a new one may come to another end"
    );
    assert_eq!(
        shop.say(&attempt, said(AttemptState::Succeeded)),
        [EventKind::Succeeded]
    );
    shop.run(|work| refuse_capture(work, &attempt.id, declined()).map(drop))
        .unwrap();
    assert_eq!(shop.payment_now(&payment).status, Status::Succeeded, "too late");
}

#[test]
fn a_capture_of_nobodys_asking_that_is_refused_releases_what_is_authorized() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Authorized);
    shop.run(|work| refuse_capture(work, &attempt.id, declined()).map(drop))
        .unwrap();
    assert_eq!(shop.waiting(JOB_ABANDON).len(), 1);
    let error = shop.run(|work| begin(work, &payment.id, card())).unwrap_err();
    assert!(
        matches!(error, PaymentError::AttemptOpen(_)),
        "not before it is released"
    );
    shop.say(&attempt, said(AttemptState::Cancelled));
    assert_eq!(shop.payment_now(&payment).status, Status::Pending);
}
