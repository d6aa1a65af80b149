use mooring_sdk::money::Amount;
use mooring_sdk::payments::{self, NewRefund, PaymentError, Refund, RefundState, Status};
use mooring_sdk::testing::{AttemptDone, RefundOutcome, TestHost};

use crate::till::{Till, balance, hundred, told, usd};

fn refund(
    host: &mut TestHost<Till>,
    payment: &str,
    minor: Option<i64>,
    key: Option<&str>,
) -> Result<Refund, PaymentError> {
    host.act(|| {
        payments::refund(NewRefund {
            payment: payment.to_owned(),
            amount: minor.map(usd),
            reason: String::new(),
            idempotency_key: key.map(str::to_owned),
        })
    })
}

#[test]
fn refunds_never_exceed_what_was_received() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    assert_eq!(
        refund(&mut host, &payment.id, None, None),
        Err(PaymentError::WrongStatus(Status::Pending))
    );
    host.pay(&payment.id, AttemptDone::default());
    refund(&mut host, &payment.id, Some(6_000), None).unwrap();
    assert_eq!(
        refund(&mut host, &payment.id, Some(4_001), None),
        Err(PaymentError::TooMuch(usd(4_000)))
    );
    let rest = refund(&mut host, &payment.id, None, None).unwrap();
    assert_eq!(rest.amount, usd(4_000));
    assert_eq!(
        refund(&mut host, &payment.id, None, None),
        Err(PaymentError::TooMuch(usd(0)))
    );
    host.run_jobs();
    assert_eq!(host.payment(&payment.id).refunded, usd(10_000));
    assert_eq!(balance(&mut host, "merchant:till:balance", "USD"), 0);
    assert_eq!(told(&host), ["Succeeded", "Refunded", "Refunded"]);
}

#[test]
fn a_refund_that_fails_counts_for_nothing() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    host.pay(&payment.id, AttemptDone::default());
    refund(&mut host, &payment.id, None, None).unwrap();
    assert_eq!(balance(&mut host, "merchant:till:balance", "USD"), 0);
    host.next_refund(RefundOutcome::failed("rejected", "No."));
    host.run_jobs();
    assert_eq!(host.refunds(&payment.id)[0].state, RefundState::Failed);
    assert_eq!(host.payment(&payment.id).refunded, usd(0));
    assert_eq!(balance(&mut host, "merchant:till:balance", "USD"), 10_000);
    assert_eq!(told(&host), ["Succeeded", "RefundFailed"]);
    assert!(refund(&mut host, &payment.id, None, None).is_ok());
}

#[test]
fn a_refund_that_waits_ends_when_the_gateway_says_so() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    host.pay(&payment.id, AttemptDone::default());
    let refund = refund(&mut host, &payment.id, None, None).unwrap();
    host.next_refund(RefundOutcome::Pending);
    host.run_jobs();
    assert_eq!(host.refunds(&payment.id)[0].state, RefundState::Pending);
    for _ in 0..2 {
        host.settle_refund(&refund.id, RefundOutcome::succeeded("re_1"));
    }
    assert_eq!(host.refunds(&payment.id)[0].gateway_ref.as_deref(), Some("re_1"));
    assert_eq!(told(&host), ["Succeeded", "Refunded"]);
}

#[test]
fn a_key_makes_one_refund() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    host.pay(&payment.id, AttemptDone::default());
    let first = refund(&mut host, &payment.id, Some(1_000), Some("a")).unwrap();
    assert_eq!(
        refund(&mut host, &payment.id, Some(1_000), Some("a")),
        Ok(first.clone())
    );
    for other in [Some(2_000), None] {
        assert_eq!(
            refund(&mut host, &payment.id, other, Some("a")),
            Err(PaymentError::KeyReused(first.id.clone()))
        );
    }
    assert_eq!(host.payment(&payment.id).refunded, usd(1_000));
}

#[test]
fn a_gateway_may_not_be_able_to() {
    let mut host = TestHost::<Till>::new();
    host.without_refunds("sandbox");
    let payment = hundred(&mut host);
    host.pay(&payment.id, AttemptDone::default());
    assert_eq!(
        refund(&mut host, &payment.id, None, None),
        Err(PaymentError::NotSupported("sandbox".to_owned()))
    );
}

#[test]
fn coins_go_back_in_parts_until_none_is_left() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    let coins = Amount::from_minor(10_000_000_001, "USDT").unwrap();
    host.pay(
        &payment.id,
        AttemptDone {
            credited: Some(usd(10_000)),
            ..AttemptDone::received(coins)
        },
    );
    for part in [Some(3_333), Some(3_333), None] {
        refund(&mut host, &payment.id, part, None).unwrap();
    }
    for (account, currency) in [
        ("gateway:sandbox:clearing", "USDT"),
        ("exchange:sandbox", "USDT"),
        ("exchange:sandbox", "USD"),
        ("merchant:till:balance", "USD"),
    ] {
        assert_eq!(balance(&mut host, account, currency), 0, "{account} {currency}");
    }
}
