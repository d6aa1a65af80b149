use mooring_sdk::gateway::Progress;
use mooring_sdk::payments::{self, AttemptState, Status};
use mooring_sdk::records;
use mooring_sdk::testing::{AttemptDone, RefundOutcome};
use serde_json::{Value, json};

use crate::{Host, INVOICES, PREFIXES, get, host, invoice, post, refused, usd};

/// A paid invoice of 100 USD: the payment's id and the invoice's path.
fn paid(host: &mut Host, token: &str) -> (String, String) {
    let (payment, id) = invoice(host, token, &json!({ "amount": 100 }));
    host.pay(&payment, AttemptDone::default());
    (payment, format!("{INVOICES}/{id}"))
}

#[test]
fn an_answer_carries_what_became_of_the_refund() {
    for prefix in PREFIXES {
        let (mut host, token) = host();
        let (payment, path) = paid(&mut host, &token);
        let path = path.replace("/api", prefix);
        host.next_refund(RefundOutcome::succeeded("re_1N"));
        let order = json!({ "amount": 10.00, "reason": "requested_by_customer" });
        let answer = host
            .post(&format!("{path}/refund"))
            .key(&token)
            .json(&order)
            .send();
        assert_eq!(
            answer.text(),
            r#"{"status":"success","provider_refund_id":"re_1N","refund_id":"re_1N","id":"re_1N","amount":"10.00","currency":"USD","message":"Refunded successfully"}"#
        );
        assert_eq!(answer.status, 200);
        assert_eq!(host.refunds(&payment)[0].reason, "requested_by_customer");
        assert_eq!(get(&mut host, &token, &path)["status"], "confirmed");
    }
}

#[test]
fn parts_add_up_to_what_was_received_and_no_further() {
    let (mut host, token) = host();
    let (payment, path) = paid(&mut host, &token);
    let refund = format!("{path}/refund");
    post(&mut host, &token, &refund, &json!({ "amount": "30.01" }), 200);
    let answer = refused(
        &mut host,
        &token,
        &refund,
        r#"{"amount":70}"#,
        422,
        "refund_too_large",
    );
    assert_eq!(answer["message"], "At most 69.99 USD can be refunded.");
    // Without a body, and with an empty amount: all that is left.
    let rest = post(&mut host, &token, &refund, &json!({ "amount": "" }), 200);
    assert_eq!(rest["amount"], "69.99");
    assert_eq!(get(&mut host, &token, &path)["status"], "refunded");
    assert_eq!(host.payment(&payment).refunded, usd("100"));
    refused(&mut host, &token, &refund, "", 422, "invoice_not_refundable");
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}?status=refunded"))["meta"]["total"],
        1
    );
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}?status=confirmed"))["meta"]["total"],
        0
    );
}

#[test]
fn a_refund_of_nothing_in_particular_is_a_full_one() {
    // An array without members is how PHP writes an object without any.
    for body in [
        "",
        " ",
        "{}",
        "[]",
        " [ ]\n",
        r#"{"amount":""}"#,
        r#"{"amount":null,"more":1}"#,
    ] {
        let (mut host, token) = host();
        let (_, path) = paid(&mut host, &token);
        let reply = host.post(&format!("{path}/refund")).key(&token).body(body).send();
        assert_eq!(
            (reply.status, reply.json()["amount"].clone()),
            (200, json!("100.00")),
            "{body}"
        );
    }
}

#[test]
fn a_reason_is_cut_and_refuses_nothing() {
    let (mut host, token) = host();
    let (payment, path) = paid(&mut host, &token);
    let order = json!({ "amount": 10, "reason": format!(" {}", "ü".repeat(501)) });
    post(&mut host, &token, &format!("{path}/refund"), &order, 200);
    assert_eq!(host.refunds(&payment)[0].reason, "ü".repeat(500));
}

#[test]
fn a_refund_that_fails_is_a_failure_and_can_be_asked_again() {
    let (mut host, token) = host();
    let (payment, path) = paid(&mut host, &token);
    host.next_refund(RefundOutcome::failed(
        "charge_disputed",
        "The charge is disputed.",
    ));
    let reply = host.post(&format!("{path}/refund")).key(&token).body("{}").send();
    let answer = crate::failed(&reply, 422, "refund_failed");
    assert_eq!(answer["message"], "The refund failed: The charge is disputed.");
    assert_eq!(get(&mut host, &token, &path)["status"], "confirmed");
    assert_eq!(host.payment(&payment).refunded, usd("0"));
    post(&mut host, &token, &format!("{path}/refund"), &json!({}), 200);
}

#[test]
fn a_refund_that_takes_its_time_is_pending_and_does_not_count_as_refunded_yet() {
    let (mut host, token) = host();
    let (payment, path) = paid(&mut host, &token);
    host.next_refund(RefundOutcome::Pending);
    let answer = post(&mut host, &token, &format!("{path}/refund"), &json!({}), 200);
    assert_eq!(
        (&answer["status"], &answer["id"], &answer["message"]),
        (&json!("pending"), &Value::Null, &json!("The refund is under way"))
    );
    assert_eq!(get(&mut host, &token, &path)["status"], "confirmed");
    refused(
        &mut host,
        &token,
        &format!("{path}/refund"),
        "",
        422,
        "refund_too_large",
    );
    let refund = host.refunds(&payment)[0].id.clone();
    host.settle_refund(&refund, RefundOutcome::succeeded("re_2"));
    assert_eq!(get(&mut host, &token, &path)["status"], "refunded");
}

#[test]
fn a_driver_that_makes_no_refunds_says_so() {
    let (mut host, token) = host();
    let (_, path) = paid(&mut host, &token);
    host.without_refunds("sandbox");
    let answer = refused(
        &mut host,
        &token,
        &format!("{path}/refund"),
        "",
        422,
        "refund_not_supported",
    );
    assert_eq!(answer["message"], "The driver sandbox makes no refunds.");
}

#[test]
fn only_pending_invoices_are_canceled_and_twice_is_once() {
    let (mut host, token) = host();
    let (_, id) = invoice(
        &mut host,
        &token,
        &json!({ "amount": 100, "client_remote_id": "c" }),
    );
    let path = format!("{INVOICES}/{id}/cancel");
    for _ in 0..2 {
        let reply = host.post(&path).key(&token).body("").send();
        assert_eq!(
            (reply.status, reply.json()["status"].clone()),
            (200, json!("canceled"))
        );
        assert_eq!(reply.json()["id"], id);
    }
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}?status=canceled"))["meta"]["total"],
        1
    );
    let (_, settled) = paid(&mut host, &token);
    let answer = refused(
        &mut host,
        &token,
        &format!("{settled}/cancel"),
        "",
        422,
        "invoice_not_cancelable",
    );
    assert_eq!(
        answer["message"],
        "The invoice is confirmed; only pending invoices are canceled."
    );
    let (payment, id) = invoice(&mut host, &token, &json!({ "amount": 7 }));
    host.expire(&payment);
    refused(
        &mut host,
        &token,
        &format!("{INVOICES}/{id}/cancel"),
        "",
        422,
        "invoice_not_cancelable",
    );
}

/// An invoice of 100 USD that is reserved.
fn reserved(host: &mut Host, token: &str) -> (String, String) {
    host.set("manual_capture", "true");
    let (payment, id) = invoice(host, token, &json!({ "amount": 100 }));
    host.pay(&payment, AttemptDone::default());
    assert_eq!(host.payment(&payment).status, Status::Authorized);
    (payment, format!("{INVOICES}/{id}"))
}

#[test]
fn what_is_reserved_is_captured_in_whole_or_in_part() {
    for (body, received) in [
        ("", "100"),
        ("[]", "100"),
        (r#"{"amount":null}"#, "100"),
        (r#"{"amount":"40.50"}"#, "40.50"),
    ] {
        let (mut host, token) = host();
        let (payment, path) = reserved(&mut host, &token);
        assert_eq!(get(&mut host, &token, &path)["status"], "pending");
        let reply = host
            .post(&format!("{path}/capture"))
            .key(&token)
            .body(body)
            .send();
        assert_eq!(
            (reply.status, reply.json()["status"].clone()),
            (200, json!("confirmed")),
            "{body}"
        );
        assert_eq!(host.payment(&payment).received, usd(received));
        refused(
            &mut host,
            &token,
            &format!("{path}/capture"),
            "",
            422,
            "invoice_not_capturable",
        );
        refused(
            &mut host,
            &token,
            &format!("{path}/void"),
            "",
            422,
            "invoice_not_voidable",
        );
    }
}

#[test]
fn a_capture_under_way_is_not_taken_for_one_of_another_amount() {
    let (mut host, token) = host();
    let (payment, path) = reserved(&mut host, &token);
    // As an earlier request left it, whose job has not run yet.
    let job = host
        .act(|| payments::capture(&payment, Some(usd("40"))))
        .expect("a job");
    let capture = json!({ "job": job, "minor": 4000 });
    host.act(|| records::put("captures", &payment, &capture))
        .expect("a document");
    let capture = format!("{path}/capture");
    for body in [r#"{"amount":60}"#, ""] {
        let answer = refused(&mut host, &token, &capture, body, 422, "capture_under_way");
        assert_eq!(answer["message"], "A capture of 40.00 USD is under way.");
    }
    let answer = post(&mut host, &token, &capture, &json!({ "amount": "40.00" }), 200);
    assert_eq!(answer["status"], "confirmed");
    assert_eq!(host.payment(&payment).received, usd("40"));
}

#[test]
fn a_capture_is_remembered_by_its_job() {
    for (body, minor) in [(json!({}), 10_000), (json!({ "amount": 40 }), 4_000)] {
        let (mut host, token) = host();
        let (payment, path) = reserved(&mut host, &token);
        post(&mut host, &token, &format!("{path}/capture"), &body, 200);
        let kept = host
            .act(|| records::get("captures", &payment))
            .expect("a document");
        assert_eq!(kept.read::<Value>().expect("JSON")["minor"], minor);
    }
}

#[test]
fn what_is_reserved_can_be_released() {
    let (mut host, token) = host();
    let (_, path) = reserved(&mut host, &token);
    let reply = host.post(&format!("{path}/void")).key(&token).body("").send();
    assert_eq!(
        (reply.status, reply.json()["status"].clone()),
        (200, json!("canceled"))
    );
    refused(
        &mut host,
        &token,
        &format!("{path}/capture"),
        "",
        422,
        "invoice_not_capturable",
    );
}

#[test]
fn refuses_captures_that_cannot_be() {
    let (mut host, token) = host();
    let (payment, path) = reserved(&mut host, &token);
    let answer = refused(
        &mut host,
        &token,
        &format!("{path}/capture"),
        r#"{"amount":100.01}"#,
        422,
        "capture_too_large",
    );
    assert_eq!(answer["message"], "At most 100.00 USD can be captured.");
    host.without_captures("sandbox");
    refused(
        &mut host,
        &token,
        &format!("{path}/capture"),
        "",
        422,
        "capture_not_supported",
    );
    host.progress(&payment, Progress::new(AttemptState::Cancelled));
    refused(
        &mut host,
        &token,
        &format!("{path}/capture"),
        "",
        422,
        "invoice_not_capturable",
    );
    let (_, pending) = invoice(&mut host, &token, &json!({ "amount": 3 }));
    for action in ["capture", "void"] {
        refused(
            &mut host,
            &token,
            &format!("{INVOICES}/{pending}/{action}"),
            "",
            422,
            &format!(
                "invoice_not_{}able",
                if action == "void" { "void" } else { "captur" }
            ),
        );
    }
}

#[test]
fn whoever_is_unknown_is_not_found() {
    let (mut host, token) = host();
    for action in ["refund", "cancel", "capture", "void"] {
        for id in ["019dbc6b-33a9-7145-82c7-a53cfe533dc8", "01J...", "x", "%00"] {
            refused(
                &mut host,
                &token,
                &format!("{INVOICES}/{id}/{action}"),
                "",
                404,
                "not_found",
            );
        }
    }
}
