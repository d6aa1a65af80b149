use mooring_core::money::{Amount, Currency};
use mooring_core::payments::{
    self, AttemptState, CaptureMode, Failure, NewAttempt, NewPayment, NewRefund, Payment, Progress,
    RefundProgress, RefundState,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{TestAdmin, answer, problem};

const REFERENCE: &str = "invoice-000000001";

fn euros(minor: i64) -> Amount {
    Amount::new(minor, Currency::parse("EUR").expect("a currency"))
}

fn new_payment() -> NewPayment {
    NewPayment {
        reference: Some(REFERENCE.into()),
        amount: euros(1_000),
        user: None,
        description: "A hat".into(),
        metadata: r#"{"order":7}"#.into(),
        success_url: None,
        cancel_url: None,
        failure_url: None,
        expires_at: None,
        gateways: Vec::new(),
        fiat_only: false,
        crypto_only: false,
        capture: CaptureMode::Automatic,
        locale: None,
        fee: None,
        tolerance: None,
    }
}

async fn shop() -> (TestAdmin, Payment) {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    let payment = admin.within("shop", "renovax", |work| {
        payments::create(work, new_payment()).expect("a payment")
    });
    (admin, payment)
}

fn pay_and_send_back(admin: &TestAdmin, payment: &Payment) {
    admin.within("shop", "renovax", |work| {
        let new = NewAttempt {
            gateway: "sandbox".parse().expect("a name"),
            method: "card".into(),
            payer_ip: None,
        };
        let attempt = payments::begin(work, &payment.id, new).expect("an attempt");
        let paid = Progress {
            received: Some(euros(1_000)),
            gateway_ref: Some("ch_1".into()),
            ..Progress::new(AttemptState::Succeeded)
        };
        payments::apply(work, &attempt.id, paid).expect("paid");
        let new = NewRefund {
            payment: payment.id.clone(),
            amount: Some(euros(250)),
            reason: "too large".into(),
            idempotency_key: None,
        };
        payments::refund(work, new).expect("a refund");
    });
}

#[tokio::test]
async fn a_payment_is_found_by_its_id_and_by_its_reference_with_all_that_was_done_for_it() {
    let (admin, payment) = shop().await;
    pay_and_send_back(&admin, &payment);
    let found = admin.get(&format!("/admin/v1/payments/{}", payment.id)).await;
    assert_eq!(admin.get(&format!("/admin/v1/payments/{REFERENCE}")).await, found);
    let expected = [
        ("/tenant", json!("shop")),
        ("/plugin", json!("renovax")),
        ("/reference", json!(REFERENCE)),
        ("/status", json!("succeeded")),
        ("/settlement", json!("exact")),
        ("/due/decimal", json!("10.00")),
        ("/refunded/minor", json!(250)),
        ("/metadata/order", json!(7)),
        ("/attempts/0/gateway", json!("sandbox")),
        ("/attempts/0/state", json!("succeeded")),
        ("/attempts/0/gateway_ref", json!("ch_1")),
        ("/refunds/0/amount/decimal", json!("2.50")),
        ("/refunds/0/state", json!("pending")),
        ("/refunds/0/surplus", json!(false)),
    ];
    for (pointer, value) in expected {
        assert_eq!(found.pointer(pointer), Some(&value), "{pointer}");
    }
    let unknown = admin
        .send(Method::GET, "/admin/v1/payments/invoice-000000002", None)
        .await;
    let detail = problem(unknown, 404, "not-found").await;
    assert!(detail.contains("invoice-000000002"), "{detail}");
}

#[tokio::test]
async fn a_surplus_that_could_not_be_sent_back_is_sent_again_by_the_operator() {
    let (admin, payment) = shop().await;
    let failed = admin.within("shop", "renovax", |work| {
        let new = NewAttempt {
            gateway: "sandbox".parse().expect("a name"),
            method: "card".into(),
            payer_ip: None,
        };
        let attempt = payments::begin(work, &payment.id, new).expect("an attempt");
        let waiting = Progress::new(AttemptState::Waiting);
        payments::apply(work, &attempt.id, waiting).expect("under way");
        payments::cancel(work, &payment.id).expect("cancelled");
        let paid = Progress {
            received: Some(euros(1_000)),
            gateway_ref: Some("ch_1".into()),
            ..Progress::new(AttemptState::Succeeded)
        };
        payments::apply(work, &attempt.id, paid).expect("money that comes too late");
        let tenant = work.tenant().id;
        let refund = payments::refunds_any(work, tenant, &payment.id)
            .expect("refunds")
            .remove(0);
        let said = RefundProgress {
            state: RefundState::Failed,
            gateway_ref: None,
            failure: Some(Failure {
                code: "account_closed".into(),
                message: "The account is closed.".into(),
            }),
        };
        payments::apply_refund(work, &refund.id, said).expect("a failure");
        refund.id
    });
    let path = |refund: &str| format!("/admin/v1/payments/{REFERENCE}/refunds/{refund}/send-again");
    let sent = answer(admin.post(&path(failed.as_str()), json!({})).await, 201).await;
    assert_eq!(
        (&sent["state"], &sent["surplus"]),
        (&json!("pending"), &json!(true))
    );
    let found = admin.get(&format!("/admin/v1/payments/{REFERENCE}")).await;
    assert_eq!(found["refunds"][0]["again"], sent["id"]);
    problem(
        admin.post(&path(failed.as_str()), json!({})).await,
        422,
        "invalid",
    )
    .await;
    let unknown = failed.as_str().replace("rfd_", "rfd_x")[..failed.as_str().len()].to_owned();
    for missing in [unknown.as_str(), "nothing"] {
        problem(admin.post(&path(missing), json!({})).await, 404, "not-found").await;
    }
}

#[tokio::test]
async fn payments_are_listed_by_status() {
    let (admin, payment) = shop().await;
    let path = "/admin/v1/tenants/shop/payments";
    let pending = admin.get(&format!("{path}?status=pending")).await;
    assert_eq!(
        (&pending["total"], &pending["items"][0]["id"]),
        (&json!(1), &json!(payment.id.as_str()))
    );
    for (query, total) in [("", 1), ("?status=expired", 0), ("?user=7", 0)] {
        assert_eq!(
            admin.get(&format!("{path}{query}")).await["total"],
            total,
            "{query}"
        );
    }
    let wrong = admin
        .send(Method::GET, &format!("{path}?status=paid"), None)
        .await;
    problem(wrong, 400, "malformed").await;
    let elsewhere = "/admin/v1/tenants/none/payments";
    problem(admin.send(Method::GET, elsewhere, None).await, 404, "not-found").await;
}

#[tokio::test]
async fn what_arrives_in_a_simulation_fits_its_outcome() {
    let (admin, payment) = shop().await;
    let path = format!("/admin/v1/payments/{}/simulate", payment.id);
    let cases = [
        (json!({ "outcome": "paid" }), "10.00"),
        (json!({ "outcome": "partial" }), "5.00"),
        (json!({ "outcome": "partial", "amount": "9.99" }), "9.99"),
        (json!({ "outcome": "overpaid" }), "11.00"),
        (json!({ "outcome": "overpaid", "amount": "10.01" }), "10.01"),
    ];
    for (body, received) in cases {
        let paid = answer(admin.post(&path, body.clone()).await, 200).await;
        assert_eq!(paid["received"]["decimal"], received, "{body}");
    }
    let refused = [
        json!({ "outcome": "partial", "amount": "10.00" }),
        json!({ "outcome": "partial", "amount": "0" }),
        json!({ "outcome": "overpaid", "amount": "10.00" }),
        json!({ "outcome": "paid", "amount": "10.00" }),
        json!({ "outcome": "declined", "amount": "10.00" }),
        json!({ "outcome": "partial", "amount": "1.001" }),
        json!({ "outcome": "stolen" }),
    ];
    for body in refused {
        problem(admin.post(&path, body).await, 422, "invalid").await;
    }
}

#[tokio::test]
async fn a_simulation_without_a_test_gateway_says_how_to_enable_one() {
    let (admin, payment) = shop().await;
    let simulate = async |name: &str, body: Value| {
        let path = format!("/admin/v1/payments/{name}/simulate");
        admin.post(&path, body).await
    };
    let refused = simulate(payment.reference.as_str(), json!({ "outcome": "declined" })).await;
    let detail = problem(refused, 409, "wrong-state").await;
    assert!(detail.contains("mooring settings set --tenant shop"), "{detail}");
    let unknown = simulate("nothing", json!({ "outcome": "paid" })).await;
    problem(unknown, 404, "not-found").await;
}
