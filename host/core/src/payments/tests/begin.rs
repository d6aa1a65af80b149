use super::*;

#[test]
fn an_attempt_is_taken_to_its_gateway_by_a_job() {
    let shop = Shop::new();
    let payment = shop.payment(|_| {});
    let attempt = shop.attempt_at(&payment);
    assert_eq!((attempt.number, attempt.state), (1, AttemptState::Starting));
    let jobs = shop.waiting(JOB_START);
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].plugin, attempt.gateway);
    let payload: AttemptJob = serde_json::from_str(jobs[0].payload.as_str()).unwrap();
    assert_eq!((payload.attempt, payload.amount), (attempt.id.clone(), None));
    let open = open_attempt(&mut shop.work(), &payment.id).unwrap();
    assert_eq!(open, Some(attempt));
}

#[test]
fn plugins_are_told_where_a_payer_called_from_unless_the_gateway_says_otherwise() {
    let shop = Shop::new();
    let payment = shop.payment(|_| {});
    let new = NewAttempt {
        payer_ip: Some(String::from("203.0.113.7")),
        ..card()
    };
    let attempt = shop.run(|work| begin(work, &payment.id, new)).unwrap();
    let told = |details: serde_json::Value| assert_eq!(shop.attempt_now(&attempt).details.value(), details);
    told(serde_json::json!({ "ip_address": "203.0.113.7" }));
    for (details, then) in [
        (r#"{"network":"visa"}"#, "203.0.113.7"),
        (r#"{"ip_address":"198.51.100.1"}"#, "198.51.100.1"),
    ] {
        let progress = Progress {
            details: Some(String::from(details)),
            ..Progress::new(AttemptState::Processing)
        };
        shop.say(&attempt, progress);
        told(serde_json::json!({ "ip_address": then, "network": "visa" }));
    }
}

#[test]
fn another_attempt_begins_only_when_the_one_before_has_certainly_charged_nothing() {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Starting, Succeeded, Unknown, Waiting};
    for state in [Starting, Waiting, Processing, Unknown] {
        let shop = Shop::new();
        let (payment, attempt) = shop.tried(state);
        let error = begin(&mut shop.work(), &payment.id, card()).unwrap_err();
        assert!(
            matches!(&error, PaymentError::AttemptOpen(id) if *id == attempt.id),
            "{state:?} {error}"
        );
    }
    for state in [Declined, Cancelled] {
        let shop = Shop::new();
        let (payment, _) = shop.tried(state);
        let next = begin(&mut shop.work(), &payment.id, card()).unwrap();
        assert_eq!(next.number, 2, "{state:?}");
    }
    let shop = Shop::new();
    let (payment, _) = shop.tried(Succeeded);
    let error = begin(&mut shop.work(), &payment.id, card()).unwrap_err();
    assert!(
        matches!(error, PaymentError::WrongStatus(Status::Succeeded)),
        "{error}"
    );
    let payment = shop.payment(|new| new.capture = CaptureMode::Manual);
    let attempt = shop.attempt_at(&payment);
    shop.say(&attempt, said(Authorized));
    let error = begin(&mut shop.work(), &payment.id, card()).unwrap_err();
    assert!(
        matches!(error, PaymentError::WrongStatus(Status::Authorized)),
        "{error}"
    );
}

#[test]
fn refusals_come_in_their_order() {
    let shop = Shop::new();
    let bad = || NewAttempt {
        method: String::new(),
        ..card()
    };
    let unknown = PaymentId::parse("pay_0123456789abcdefghijAB").unwrap();
    let error = begin(&mut shop.work(), &unknown, bad()).unwrap_err();
    assert!(matches!(error, PaymentError::NotFound), "{error}");

    let end = at(&shop, 60);
    let payment = shop.payment(|new| new.expires_at = Some(end));
    let error = begin(&mut shop.work(), &payment.id, bad()).unwrap_err();
    assert!(matches!(error, PaymentError::Invalid(invalid) if invalid.field == "method"));
    let attempt = shop.attempt_at(&payment);
    let error = begin(&mut shop.work(), &payment.id, bad()).unwrap_err();
    assert!(matches!(error, PaymentError::AttemptOpen(id) if id == attempt.id));
    shop.pass(std::time::Duration::from_mins(1));
    let error = begin(&mut shop.work(), &payment.id, bad()).unwrap_err();
    assert!(
        matches!(error, PaymentError::WrongStatus(Status::Expired)),
        "before its job has come"
    );
}

#[test]
fn only_ways_to_pay_that_the_payment_names_are_taken() {
    let shop = Shop::new();
    let payment = shop.payment(|new| new.gateways = vec!["stripe".into(), "sandbox/coins".into()]);
    let way = |gateway, method: &str| (plugin_name(gateway), method.to_owned());
    let offered = [
        way("sandbox", "card"),
        way("sandbox", "coins"),
        way("stripe", "card"),
        way("stripe-2", "card"),
    ];
    let left = choices_left(&payment, &offered);
    assert_eq!(left, [&offered[1], &offered[2]]);
    let error = begin(&mut shop.work(), &payment.id, card()).unwrap_err();
    assert!(matches!(error, PaymentError::Invalid(invalid) if invalid.field == "gateway"));
    let free = shop.payment(|_| {});
    assert_eq!(choices_left(&free, &offered).len(), 4);
}

#[test]
fn cards_cannot_be_tried_out_for_ever() {
    let shop = Shop::new();
    let payment = shop.payment(|_| {});
    for _ in 0..50 {
        let attempt = shop.attempt_at(&payment);
        shop.say(&attempt, said(AttemptState::Declined));
    }
    assert!(payment.has_tries_left());
    assert!(!shop.payment_now(&payment).has_tries_left());
    let error = begin(&mut shop.work(), &payment.id, card()).unwrap_err();
    assert!(matches!(error, PaymentError::Invalid(invalid) if invalid.field == "attempt"));
    assert_eq!(attempts(&mut shop.work(), &payment.id).unwrap().len(), 50);
}

#[test]
fn an_attempt_that_nobody_has_taken_to_its_gateway_is_taken_back_at_once() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Starting);
    let (taken_back, kinds) = shop.run(|work| (abandon(work, &attempt.id).unwrap(), kinds(work)));
    assert_eq!(taken_back.state, AttemptState::Cancelled);
    assert_eq!(kinds, [EventKind::AttemptFailed]);
    assert!(shop.waiting(JOB_START).is_empty());
    assert!(shop.waiting(JOB_ABANDON).is_empty());
    assert_eq!(shop.attempt_at(&payment).number, 2);
}

#[test]
fn an_attempt_at_its_gateway_is_taken_back_by_asking_until_it_is_known() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Waiting);
    for _ in 0..2 {
        let open = shop.run(|work| abandon(work, &attempt.id)).unwrap();
        assert_eq!(open.state, AttemptState::Waiting);
        assert_eq!(shop.waiting(JOB_ABANDON).len(), 1, "asked once");
    }
    let error = begin(&mut shop.work(), &payment.id, card()).unwrap_err();
    assert!(matches!(error, PaymentError::AttemptOpen(_)), "{error}");
    shop.claim(&shop.waiting(JOB_ABANDON)[0].id);
    shop.say(&attempt, said(AttemptState::Unknown));
    let next = shop.waiting(JOB_ABANDON);
    assert_eq!(next.len(), 1, "asked again");
    assert!(shop.waiting(JOB_LOOK_UP).is_empty());
    assert_eq!(
        shop.say(&attempt, said(AttemptState::Cancelled)),
        [EventKind::AttemptFailed]
    );
    assert_eq!(shop.attempt_at(&payment).number, 2);
}

#[test]
fn an_attempt_that_is_being_started_is_taken_back_when_its_start_has_answered() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Starting);
    shop.claim(&shop.waiting(JOB_START)[0].id);
    shop.run(|work| cancel(work, &payment.id)).unwrap();
    assert!(
        shop.waiting(JOB_ABANDON).is_empty(),
        "the gateway does not know it yet"
    );
    shop.say(&attempt, said(AttemptState::Waiting));
    assert_eq!(shop.waiting(JOB_ABANDON).len(), 1);
}
