//! Two at a time: one of them loses and is run again.

use mooring_store::CommitError;

use super::*;

/// Runs both on the state there is, commits the first, and gives what became of the second.
fn race(
    shop: &Shop,
    first: impl FnOnce(&mut Work),
    second: impl FnOnce(&mut Work),
) -> Result<(), CommitError> {
    let (mut one, mut other) = (shop.work(), shop.work());
    first(&mut one);
    second(&mut other);
    one.commit().unwrap();
    other.commit().map(drop)
}

fn is_conflict(result: &Result<(), CommitError>) -> bool {
    matches!(result, Err(CommitError::Conflict { .. }))
}

#[test]
fn of_two_attempts_that_begin_at_once_one_loses() {
    let shop = Shop::new();
    let payment = shop.payment(|_| {});
    let begin_one = |work: &mut Work| drop(begin(work, &payment.id, card()).unwrap());
    assert!(is_conflict(&race(&shop, begin_one, begin_one)));
}

#[test]
fn of_a_payment_and_an_expiry_one_loses() {
    let shop = Shop::new();
    let (payment, attempt) = shop.tried(AttemptState::Waiting);
    let pay = |work: &mut Work| drop(apply(work, &attempt.id, said(AttemptState::Succeeded)).unwrap());
    let end = |work: &mut Work| drop(expire(work, &payment.id).unwrap());
    assert!(is_conflict(&race(&shop, pay, end)));
}

#[test]
fn of_a_capture_and_a_release_one_loses() {
    let shop = Shop::new();
    let payment = shop.payment(|new| new.capture = CaptureMode::Manual);
    let attempt = shop.attempt_at(&payment);
    shop.say(&attempt, said(AttemptState::Authorized));
    let take = |work: &mut Work| drop(capture(work, &payment.id, None).unwrap());
    let release = |work: &mut Work| drop(void(work, &payment.id).unwrap());
    assert!(is_conflict(&race(&shop, take, release)));
}

#[test]
fn of_two_refunds_of_all_one_loses() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Succeeded);
    let send_back = |work: &mut Work| {
        let new = NewRefund {
            payment: payment.id.clone(),
            amount: None,
            reason: String::new(),
            idempotency_key: None,
        };
        refund(work, new).unwrap();
    };
    assert!(is_conflict(&race(&shop, send_back, send_back)));
}

#[test]
fn of_a_start_and_a_cancellation_one_loses() {
    let shop = Shop::new();
    let (payment, _) = shop.tried(AttemptState::Starting);
    let start = shop.waiting(JOB_START)[0].id.clone();
    let lease = std::time::Duration::from_mins(1);
    let take = |work: &mut Work| drop(jobs::claim(work, &start, lease).unwrap());
    let end = |work: &mut Work| drop(cancel(work, &payment.id).unwrap());
    assert!(is_conflict(&race(&shop, take, end)));
}

#[test]
fn of_two_payments_with_one_reference_one_loses() {
    let shop = Shop::new();
    let make = |work: &mut Work| {
        let new = NewPayment {
            reference: Some(String::from("order-0000000001")),
            ..new_payment()
        };
        create(work, new).unwrap();
    };
    assert!(is_conflict(&race(&shop, make, make)));
}

#[test]
fn payments_of_one_merchant_do_not_get_into_each_others_way() {
    let shop = Shop::new();
    let (_, one) = shop.tried(AttemptState::Waiting);
    let (_, other) = shop.tried(AttemptState::Waiting);
    let pay = |attempt: Attempt| {
        move |work: &mut Work| drop(apply(work, &attempt.id, said(AttemptState::Succeeded)).unwrap())
    };
    race(&shop, pay(one), pay(other)).unwrap();
    assert_eq!(shop.balance("merchant:alpha:balance", "EUR"), 2_000);
}
