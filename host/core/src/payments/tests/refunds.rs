use std::time::Duration;

use super::*;

#[test]
fn refunds_never_exceed_what_was_received() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let first = shop.run(|work| refund(work, part(&payment, Some(600)))).unwrap();
    assert_eq!(first.state, RefundState::Pending);
    assert_eq!(shop.waiting(JOB_REFUND)[0].id, first.job);
    assert_eq!(
        shop.payment_now(&payment).refunded,
        euros(600),
        "while it is under way"
    );
    let error = refund(&mut shop.work(), part(&payment, Some(401))).unwrap_err();
    assert!(matches!(error, PaymentError::TooMuch(left) if left == euros(400)));
    let rest = shop.run(|work| refund(work, part(&payment, None))).unwrap();
    assert_eq!(rest.amount, euros(400), "all that is left");
    let error = refund(&mut shop.work(), part(&payment, None)).unwrap_err();
    assert!(matches!(error, PaymentError::TooMuch(left) if left == euros(0)));
    assert_eq!(refunds(&mut shop.work(), &payment.id).unwrap(), [first, rest]);
    assert_eq!(shop.balances(), []);
}

#[test]
fn a_refund_that_fails_is_posted_back() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let asked = shop.run(|work| refund(work, part(&payment, None))).unwrap();
    let told = shop.say_of_refund(&asked, RefundState::Failed);
    assert_eq!(told, [EventKind::RefundFailed(asked.id.clone())]);
    assert_eq!(shop.payment_now(&payment).refunded, euros(0));
    assert_eq!(shop.balance("merchant:alpha:balance", "EUR"), 1_000);
    for state in [RefundState::Failed, RefundState::Succeeded, RefundState::Pending] {
        assert_eq!(shop.say_of_refund(&asked, state), [], "{state:?} comes late");
    }
    assert_eq!(shop.balance("merchant:alpha:balance", "EUR"), 1_000);
    shop.run(|work| refund(work, part(&payment, None))).unwrap();
}

#[test]
fn a_refund_that_arrives_is_announced_once() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let asked = shop.run(|work| refund(work, part(&payment, Some(100)))).unwrap();
    shop.pass(Duration::from_secs(1));
    let told = shop.say_of_refund(&asked, RefundState::Succeeded);
    assert_eq!(told, [EventKind::Refunded(asked.id.clone())]);
    assert_eq!(shop.payment_now(&payment).updated_at, shop.now());
    assert_eq!(shop.say_of_refund(&asked, RefundState::Succeeded), []);
    assert_eq!(shop.say_of_refund(&asked, RefundState::Failed), []);
    assert_eq!(shop.balance("merchant:alpha:balance", "EUR"), 900);
}

#[test]
fn a_gateway_that_is_not_done_with_a_refund_is_asked_again() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let asked = shop.run(|work| refund(work, part(&payment, None))).unwrap();
    assert_eq!(asked.tries_before(), 0);
    for (tries, seconds) in [(1, 30), (2, 120)] {
        let claimed = shop.claim(&shop.waiting(JOB_REFUND)[0].id);
        shop.say_of_refund(&asked, RefundState::Pending);
        shop.say_of_refund(&asked, RefundState::Pending);
        shop.host_run(|host| jobs::complete(host, &claimed.lease))
            .unwrap();
        let next = shop.waiting(JOB_REFUND);
        assert_eq!(next.len(), 1);
        assert_eq!(next[0].run_at, at(&shop, seconds));
        let now = refund_any(&mut shop.host(), shop.acme.id, &asked.id).unwrap();
        assert_eq!((now.tries_before(), now.newest_job()), (tries, &next[0].id));
        assert_eq!(now.job, asked.job, "whoever waits for it still finds it");
        shop.pass(Duration::from_secs(seconds));
    }
}

#[test]
fn a_key_is_refunded_once() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let keyed = |amount| NewRefund {
        idempotency_key: Some(String::from("key")),
        ..part(&payment, amount)
    };
    let first = shop.run(|work| refund(work, keyed(None))).unwrap();
    let mut work = shop.work();
    for same in [None, Some(1_000)] {
        assert_eq!(refund(&mut work, keyed(same)).unwrap(), first, "{same:?}");
    }
    let error = refund(&mut work, keyed(Some(1))).unwrap_err();
    assert!(matches!(error, PaymentError::KeyReused(id) if id == first.id));
    let (other, _) = shop.tried(AttemptState::Succeeded);
    let new = NewRefund {
        payment: other.id,
        ..keyed(None)
    };
    refund(&mut shop.work(), new).unwrap();
}

#[test]
fn an_amount_that_was_named_is_not_all_that_is_left() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let keyed = |amount| NewRefund {
        idempotency_key: Some(String::from("key")),
        ..part(&payment, amount)
    };
    let first = shop.run(|work| refund(work, keyed(Some(100)))).unwrap();
    let error = refund(&mut shop.work(), keyed(None)).unwrap_err();
    assert!(matches!(error, PaymentError::KeyReused(id) if id == first.id));
}

#[test]
fn refusals_come_in_their_order() {
    let shop = Shop::new();
    let pending = shop.payment(|_| {});
    let dollar = Amount::new(1, Currency::parse("USD").unwrap());
    let mut work = shop.work();
    let unknown = NewRefund {
        payment: PaymentId::parse("pay_0123456789abcdefghijAB").unwrap(),
        ..part(&pending, Some(0))
    };
    assert!(matches!(refund(&mut work, unknown), Err(PaymentError::NotFound)));
    let dollars = NewRefund {
        amount: Some(dollar),
        ..part(&pending, None)
    };
    let long = NewRefund {
        reason: "x".repeat(501),
        ..part(&pending, None)
    };
    let nameless = NewRefund {
        idempotency_key: Some(String::new()),
        ..part(&pending, None)
    };
    let cases = [
        ("amount", dollars),
        ("amount", part(&pending, Some(0))),
        ("reason", long),
        ("idempotency-key", nameless),
    ];
    for (field, new) in cases {
        let error = refund(&mut work, new).unwrap_err();
        assert!(
            matches!(&error, PaymentError::Invalid(invalid) if invalid.field == field),
            "{error}"
        );
    }
    let error = refund(&mut work, part(&pending, Some(9_999))).unwrap_err();
    assert!(matches!(error, PaymentError::WrongStatus(Status::Pending)));
}

#[test]
fn a_refund_is_found_by_the_gateways_own_id() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let asked = shop.run(|work| refund(work, part(&payment, None))).unwrap();
    let progress = RefundProgress {
        state: RefundState::Pending,
        gateway_ref: Some(String::from("re_1")),
        failure: None,
    };
    shop.run(|work| apply_refund(work, &asked.id, progress)).unwrap();
    let mut host = shop.host();
    let sandbox = plugin_name("sandbox");
    let found = refund_by_gateway_ref(&mut host, shop.acme.id, &sandbox, "re_1").unwrap();
    assert_eq!(found.id, asked.id);
    let other = refund_by_gateway_ref(&mut host, shop.globex.id, &sandbox, "re_1");
    assert!(matches!(other, Err(PaymentError::NotFound)));
}

fn part(payment: &Payment, minor: Option<i64>) -> NewRefund {
    NewRefund {
        payment: payment.id.clone(),
        amount: minor.map(euros),
        reason: String::new(),
        idempotency_key: None,
    }
}
