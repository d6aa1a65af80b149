use super::*;

#[test]
fn a_receipt_is_the_merchants_less_the_fee() {
    for (paid_by, arrives, expected) in [
        (FeePayer::Merchant, 1_000, ("0.55 EUR", "9.45 EUR", "-10.00 EUR")),
        (FeePayer::Payer, 1_055, ("0.55 EUR", "10.00 EUR", "-10.55 EUR")),
    ] {
        let shop = Shop::new();
        let payment = shop.payment(|new| {
            new.fee = Some(Fee {
                parts_per_million: 25_000,
                fixed_minor: 30,
                paid_by,
            });
        });
        let attempt = shop.attempt_at(&payment);
        shop.say(&attempt, brought(AttemptState::Succeeded, arrives));
        let (fees, merchant, clearing) = expected;
        let lines = [
            ("fees:alpha", fees),
            ("gateway:sandbox:clearing", clearing),
            ("merchant:alpha:balance", merchant),
        ];
        assert_eq!(shop.balances(), accounts(&lines), "{paid_by:?}");
        let paid = shop.payment_now(&payment);
        assert_eq!((paid.fee, paid.settlement), (euros(55), Some(Settlement::Exact)));
        assert_eq!(paid.paid_at, Some(shop.now()));
    }
}

#[test]
fn more_and_less_than_was_due_are_kept_and_named() {
    for (arrives, settlement) in [
        (1_000, Settlement::Exact),
        (999, Settlement::Exact),
        (500, Settlement::Partial),
        (1_500, Settlement::Overpaid),
    ] {
        let (shop, payment, attempt) = tolerant();
        let kinds = shop.say(&attempt, brought(AttemptState::Succeeded, arrives));
        assert_eq!(kinds, [EventKind::Succeeded], "{arrives}");
        let paid = shop.payment_now(&payment);
        assert_eq!(
            (paid.settlement, paid.received),
            (Some(settlement), euros(arrives))
        );
        assert_eq!(shop.balance("merchant:alpha:balance", "EUR"), arrives);
    }
}

#[test]
fn too_little_fails_the_payment_and_is_sent_back() {
    let (shop, payment, attempt) = tolerant();
    let kinds = shop.say(&attempt, brought(AttemptState::Succeeded, 499));
    assert_eq!(kinds, [EventKind::Failed]);
    let failed = shop.payment_now(&payment);
    assert_eq!((failed.status, failed.received), (Status::Failed, euros(0)));
    assert_eq!(failed.failure.unwrap().code, "underpaid");
    let refund = shop.refunds_now(&payment).remove(0);
    assert_eq!((refund.surplus, refund.amount), (true, euros(499)));
    assert_eq!(shop.balance("suspense:alpha", "EUR"), 499);
    shop.say_of_refund(&refund, RefundState::Failed);
    assert_eq!(
        shop.balance("suspense:alpha", "EUR"),
        499,
        "it stays until somebody looks"
    );
}

#[test]
fn coins_go_through_exchange_accounts_and_come_back_to_the_last_one() {
    let shop = Shop::new();
    let payment = shop.payment(|_| {});
    let attempt = shop.attempt_at(&payment);
    let coins = |minor| Amount::new(minor, Currency::parse("USDT").unwrap());
    let progress = Progress {
        received: Some(coins(1_100_000_001)),
        credited: Some(euros(1_000)),
        ..Progress::new(AttemptState::Succeeded)
    };
    shop.say(&attempt, progress);
    let held = [
        ("exchange:sandbox", "-10.00 EUR"),
        ("exchange:sandbox", "11.00000001 USDT"),
        ("gateway:sandbox:clearing", "-11.00000001 USDT"),
        ("merchant:alpha:balance", "10.00 EUR"),
    ];
    assert_eq!(shop.balances(), accounts(&held));
    let mut sent = Vec::new();
    for minor in [333, 333, 334] {
        let new = NewRefund {
            payment: payment.id.clone(),
            amount: Some(euros(minor)),
            reason: String::new(),
            idempotency_key: None,
        };
        sent.push(shop.run(|work| refund(work, new)).unwrap());
    }
    assert_eq!(shop.balances(), [], "to the last coin");
    shop.say_of_refund(&sent[2], RefundState::Failed);
    let back = [
        ("exchange:sandbox", "-3.34 EUR"),
        ("exchange:sandbox", "3.67400001 USDT"),
        ("gateway:sandbox:clearing", "-3.67400001 USDT"),
        ("merchant:alpha:balance", "3.34 EUR"),
    ];
    assert_eq!(shop.balances(), accounts(&back));
}

#[test]
fn a_second_charge_is_sent_back() {
    let shop = Shop::new();
    let (payment, first) = shop.tried(AttemptState::Declined);
    let second = shop.attempt_at(&payment);
    shop.say(&second, said(AttemptState::Succeeded));
    // The gateway had said that it would not charge.
    assert_eq!(shop.say(&first, said(AttemptState::Succeeded)), []);
    assert_eq!(shop.attempt_now(&first).state, AttemptState::Succeeded);
    assert_eq!(shop.payment_now(&payment).received, euros(1_000));
    let refunds = shop.refunds_now(&payment);
    assert_eq!(refunds.len(), 1);
    assert_eq!((refunds[0].surplus, &refunds[0].attempt), (true, &first.id));
    shop.say(&first, said(AttemptState::Succeeded));
    assert_eq!(shop.refunds_now(&payment).len(), 1, "said again");
}

#[test]
fn an_attempt_that_was_given_up_and_pays_all_the_same_pays() {
    let shop = Shop::new();
    let (payment, first) = shop.tried(AttemptState::Declined);
    let second = shop.attempt_at(&payment);
    shop.say(&second, said(AttemptState::Waiting));
    assert_eq!(
        shop.say(&first, said(AttemptState::Succeeded)),
        [EventKind::Succeeded]
    );
    assert_eq!(shop.payment_now(&payment).status, Status::Succeeded);
    assert_eq!(shop.waiting(JOB_ABANDON).len(), 1, "the other one is taken back");
    shop.say(&second, said(AttemptState::Succeeded));
    let refunds = shop.refunds_now(&payment);
    assert_eq!((refunds.len(), &refunds[0].attempt), (1, &second.id));
}

#[test]
fn what_arrives_after_an_attempt_has_paid_is_sent_back() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Succeeded);
    for total in [1_000, 1_200, 1_200, 900, 1_500] {
        shop.say(&attempt, brought(AttemptState::Succeeded, total));
    }
    let sent: Vec<_> = shop
        .refunds_now(&payment)
        .iter()
        .map(|one| one.amount.minor)
        .collect();
    assert_eq!(sent, [200, 300]);
    assert_eq!(shop.balance("suspense:alpha", "EUR"), 500);
    assert_eq!(shop.balance("gateway:sandbox:clearing", "EUR"), -1_500);
}

#[test]
fn a_late_authorization_that_nobody_waits_for_is_released() {
    let shop = Shop::new();
    let (payment, first) = shop.tried(AttemptState::Cancelled);
    let second = shop.attempt_at(&payment);
    shop.say(&second, said(AttemptState::Succeeded));
    assert_eq!(shop.say(&first, said(AttemptState::Authorized)), []);
    assert_eq!(shop.waiting(JOB_ABANDON).len(), 1);
    assert_eq!(shop.payment_now(&payment).status, Status::Succeeded);
}

#[test]
fn nothing_begins_while_a_late_authorization_is_being_released() {
    let shop = Shop::new();
    let (payment, first) = shop.tried(AttemptState::Declined);
    let second = shop.attempt_at(&payment);
    shop.say(&first, said(AttemptState::Authorized));
    shop.say(&second, said(AttemptState::Declined));
    let error = begin(&mut shop.work(), &payment.id, card()).unwrap_err();
    assert!(matches!(error, PaymentError::AttemptOpen(id) if id == first.id));
    shop.say(&first, said(AttemptState::Cancelled));
    assert_eq!(shop.attempt_at(&payment).number, 3);
}

fn tolerant() -> (Shop, Payment, Attempt) {
    let shop = Shop::new();
    let payment = shop.payment(|new| {
        new.tolerance = Some(Tolerance {
            short_minor: 1,
            short_ppm: 0,
            partial_min_ppm: 500_000,
        });
    });
    let attempt = shop.attempt_at(&payment);
    (shop, payment, attempt)
}
