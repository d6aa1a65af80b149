use mooring_sdk::ledger;
use serde_json::{Value, json};

use crate::{ALL, Host, INVOICE_PAID, USER_CREATE, failed, get, host, host_with_customer, post, refused};

fn flat(id: &Value, amount: &Value) -> Value {
    json!({ "invoice_id": id, "amount": amount, "user_email": "qa@example.com" })
}

fn reported(host: &mut Host) -> String {
    host.act(|| ledger::balance("paymenter:reported", "USD"))
        .expect("a balance")
        .to_string()
}

#[test]
fn records_flat_and_nested_reports() {
    let nested = json!({
        "event": "invoice.paid",
        "data": { "id": "INV-123", "total": 25.00, "user": { "email": "qa@example.com" } },
    });
    for body in [flat(&json!("INV-123"), &json!(25.0)), nested] {
        let (mut host, key) = host_with_customer();
        let answer = post(&mut host, &key, INVOICE_PAID, &body);
        assert!(answer["id"].as_str().unwrap().starts_with("ev_"));
        assert_eq!(reported(&mut host), "25.00");

        let event = &host.events()[0];
        assert_eq!(
            (event.kind.as_str(), event.subject.as_str()),
            ("invoice.paid", "INV-123")
        );
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(
            (&data["email"], &data["user_known"]),
            (&json!("qa@example.com"), &json!(true))
        );
        assert_eq!(
            (&data["amount_minor"], &data["currency"]),
            (&json!(2500), &json!("USD"))
        );
        assert_eq!(host.postings()[0].idempotency_key, "paymenter:tenant:INV-123");
        assert_eq!(host.waiting(), []);
    }
}

#[test]
fn an_invoice_counts_once() {
    let (mut host, key) = host_with_customer();
    post(&mut host, &key, INVOICE_PAID, &flat(&json!(12), &json!("25.00")));
    let before = host.fingerprint();
    for body in [
        flat(&json!("12"), &json!(25)),
        flat(&json!(12), &json!("99.99")),
        flat(&json!(" 12 "), &json!("25.00")),
    ] {
        assert_eq!(
            post(&mut host, &key, INVOICE_PAID, &body),
            json!({ "ok": true, "duplicate": true })
        );
    }
    assert_eq!(before, host.fingerprint());
    assert_eq!(reported(&mut host), "25.00");
}

#[test]
fn owners_have_their_own_invoice_ids() {
    let (mut host, key) = host_with_customer();
    let other = host.key_of(1, ALL);
    let rotated = host.key_of(1, ALL);
    let body = flat(&json!(1), &json!(10));
    assert!(post(&mut host, &key, INVOICE_PAID, &body)["id"].is_string());
    assert!(post(&mut host, &other, INVOICE_PAID, &body)["id"].is_string());
    assert_eq!(post(&mut host, &rotated, INVOICE_PAID, &body)["duplicate"], true);
    assert_eq!(reported(&mut host), "20.00");
}

#[test]
fn amounts_are_exact() {
    for (amount, total) in [
        ("0.1", "0.10"),
        ("\"25.00\"", "25.00"),
        ("25.500000", "25.50"),
        ("0", "0.00"),
        ("1e3", "1000.00"),
        ("999999999.99", "999999999.99"),
        // What PHP makes of 1.1 * 3 and "0.99" * 3.
        ("3.3000000000000003", "3.30"),
        ("2.9699999999999998", "2.97"),
        ("\"2.9699999999999998\"", "2.97"),
    ] {
        let (mut host, key) = host_with_customer();
        let body = format!(r#"{{"invoice_id":1,"amount":{amount},"user_email":"qa@example.com"}}"#);
        let reply = host.post(INVOICE_PAID).key(&key).body(body).send();
        assert_eq!(reply.status, 200, "{amount}: {}", reply.text());
        assert_eq!(reported(&mut host), total);
    }
}

#[test]
fn the_currency_is_the_operators() {
    let (mut host, key) = host_with_customer();
    host.set("currency", " jpy");
    refused(
        &mut host,
        &key,
        INVOICE_PAID,
        &flat(&json!(1), &json!("2.5")).to_string(),
        422,
        "amount: has more than 0 decimal places",
    );
    post(&mut host, &key, INVOICE_PAID, &flat(&json!(1), &json!(250)));
    assert_eq!(host.postings()[0].entries[0].amount.currency, "JPY");
}

#[test]
fn a_currency_that_does_not_exist_is_nobodys_but_the_operators() {
    let (mut host, key) = host_with_customer();
    host.set("currency", "dollars");
    let body = flat(&json!(1), &json!(1)).to_string();
    refused(&mut host, &key, INVOICE_PAID, &body, 500, "internal error");
    let told = "the setting `currency` is `DOLLARS`, which is no currency";
    assert!(host.log().iter().any(|line| line.contains(told)));
}

#[test]
fn the_highest_amount_does_not_depend_on_the_places() {
    for currency in ["BTC", "ETH", "XMR"] {
        let (mut host, key) = host_with_customer();
        host.set("currency", currency);
        post(&mut host, &key, INVOICE_PAID, &flat(&json!(1), &json!(100_000)));
        let body = flat(&json!(2), &json!(1_000_000_000)).to_string();
        refused(&mut host, &key, INVOICE_PAID, &body, 422, "amount: is too large");
    }
}

#[test]
fn what_the_flat_fields_replace_may_be_anything() {
    for (event, data) in [
        (json!(5), json!([])),
        (json!(null), json!("x")),
        (json!({}), json!({ "id": true })),
    ] {
        let (mut host, key) = host_with_customer();
        let mut body = flat(&json!(1), &json!(1));
        body["event"] = event;
        body["data"] = data;
        post(&mut host, &key, INVOICE_PAID, &body);
    }
}

#[test]
fn an_unknown_email_is_recorded_and_found_later() {
    let (mut host, key) = host();
    let body = json!({ "invoice_id": 1, "amount": 5, "user_email": "Later@Example.com" });
    post(&mut host, &key, INVOICE_PAID, &body);
    let data: Value = serde_json::from_str(&host.events()[0].data).unwrap();
    assert_eq!(data["user_known"], false);

    post(
        &mut host,
        &key,
        USER_CREATE,
        &json!({ "email": "later@example.com" }),
    );
    let own = host.key_of(1, &["user:read"]);
    assert_eq!(
        get(&mut host, &own, "/api/v1/invoices").as_array().unwrap().len(),
        1
    );
}

#[test]
fn flat_fields_win() {
    let (mut host, key) = host_with_customer();
    let body = json!({
        "invoice_id": "A", "amount": 1, "user_email": "qa@example.com",
        "event": "invoice.created", "data": { "id": "B", "total": 2, "user": { "email": "b@example.com" } },
    });
    post(&mut host, &key, INVOICE_PAID, &body);
    assert_eq!(host.events()[0].subject, "A");
    assert_eq!(reported(&mut host), "1.00");
}

#[test]
fn refuses_bad_reports() {
    let (mut host, key) = host_with_customer();
    for (body, error) in [
        (r#"{"amount":1,"user_email":"a@b.c"}"#, "invoice_id: is required"),
        (r#"{"invoice_id":1,"user_email":"a@b.c"}"#, "amount: is required"),
        (r#"{"invoice_id":1,"amount":1}"#, "user_email: is required"),
        (
            r#"{"invoice_id":1,"amount":1,"user_email":"nobody"}"#,
            "user_email: is not an e-mail address",
        ),
        (
            r#"{"invoice_id":1,"amount":1,"user_email":"a\u0000@b.c"}"#,
            "user_email: is not an e-mail address",
        ),
        (
            r#"{"invoice_id":1,"amount":1,"user_email":"a@b.c\r\nx: y"}"#,
            "user_email: is not an e-mail address",
        ),
        (
            r#"{"event":"invoice.paid","data":[]}"#,
            "data: must be an object, not an array",
        ),
        (
            r#"{"event":"invoice.paid","data":{"id":1,"total":1,"user":["a@b.c"]}}"#,
            "data.user: must be an object, not an array",
        ),
        (
            r#"{"event":"invoice.paid","data":{"id":1,"total":1,"user":{"email":"a b@c"}}}"#,
            "data.user.email: is not an e-mail address",
        ),
        (
            r#"{"invoice_id":1.5,"amount":1,"user_email":"a@b.c"}"#,
            "invoice_id: must be an integer or a string",
        ),
        (
            r#"{"invoice_id":true,"amount":1,"user_email":"a@b.c"}"#,
            "invoice_id: must be an integer or a string",
        ),
        (
            r#"{"invoice_id":" ","amount":1,"user_email":"a@b.c"}"#,
            "invoice_id: must not be empty",
        ),
        (
            r#"{"invoice_id":1,"amount":-1,"user_email":"a@b.c"}"#,
            "amount: must not be negative",
        ),
        (
            r#"{"invoice_id":1,"amount":"NaN","user_email":"a@b.c"}"#,
            "amount: must be a number",
        ),
        (
            r#"{"invoice_id":1,"amount":"inf","user_email":"a@b.c"}"#,
            "amount: must be a number",
        ),
        (
            r#"{"invoice_id":1,"amount":true,"user_email":"a@b.c"}"#,
            "amount: must be a number",
        ),
        (
            r#"{"invoice_id":1,"amount":1.001,"user_email":"a@b.c"}"#,
            "amount: has more than 2 decimal places",
        ),
        (
            r#"{"invoice_id":1,"amount":1e300,"user_email":"a@b.c"}"#,
            "amount: is too large",
        ),
        (
            r#"{"invoice_id":1,"amount":1000000000,"user_email":"a@b.c"}"#,
            "amount: is too large",
        ),
        (
            r#"{"event":"invoice.created","data":{"id":1,"total":1,"user":{"email":"a@b.c"}}}"#,
            "event: must be `invoice.paid`",
        ),
        (
            r#"{"data":{"id":1,"total":1,"user":{"email":"a@b.c"}}}"#,
            "event: must be `invoice.paid`",
        ),
        (
            r#"{"event":"invoice.paid","data":{"total":1,"user":{"email":"a@b.c"}}}"#,
            "data.id: is required",
        ),
        (
            r#"{"event":"invoice.paid","data":{"id":1,"user":{"email":"a@b.c"}}}"#,
            "data.total: is required",
        ),
        (
            r#"{"event":"invoice.paid","data":{"id":1,"total":1}}"#,
            "data.user.email: is required",
        ),
        (
            r#"{"event":"invoice.paid","data":{"id":1,"total":1,"user":{"email":7}}}"#,
            "data.user.email: must be a string, not integer `7`",
        ),
    ] {
        refused(&mut host, &key, INVOICE_PAID, body, 422, error);
    }
    let long = format!(
        r#"{{"invoice_id":"{}","amount":1,"user_email":"a@b.c"}}"#,
        "x".repeat(121)
    );
    refused(
        &mut host,
        &key,
        INVOICE_PAID,
        &long,
        422,
        "invoice_id: is longer than 120 characters",
    );
}

#[test]
fn shows_invoices_to_whom_they_belong() {
    let (mut host, key) = host_with_customer();
    post(
        &mut host,
        &key,
        USER_CREATE,
        &json!({ "email": "other@example.com" }),
    );
    post(
        &mut host,
        &key,
        INVOICE_PAID,
        &flat(&json!("INV-1"), &json!("25.10")),
    );
    host.advance(1);
    post(&mut host, &key, INVOICE_PAID, &flat(&json!("INV-2"), &json!(1)));
    let (own, others) = (host.key_of(1, &["user:read"]), host.key_of(2, &["user:read"]));

    let listed = get(&mut host, &own, "/api/v1/invoices");
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["target_id"], "INV-2");
    let id = listed[1]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("inv_"));
    assert_eq!(
        get(&mut host, &own, "/api/v1/invoices?limit=1&offset=1")[0]["id"],
        id.as_str()
    );

    let one = host.get(&format!("/api/v1/invoices/{id}")).key(&own).send();
    let created_at = host.now() - 1;
    assert_eq!(
        one.text(),
        format!(
            r#"{{"id":"{id}","status":"paid","amount":25.10,"currency":"USD","type":"paymenter","target_id":"INV-1","description":"Paymenter invoice INV-1","created_at":{created_at},"paid_at":{created_at},"due_at":null}}"#
        )
    );

    assert_eq!(get(&mut host, &others, "/api/v1/invoices"), json!([]));
    failed(
        &host.get(&format!("/api/v1/invoices/{id}")).key(&others).send(),
        403,
        "forbidden",
    );
    failed(
        &host.get("/api/v1/invoices/inv_nowhere").key(&own).send(),
        404,
        "invoice not found",
    );
    failed(
        &host.get("/api/v1/invoices?limit=x").key(&own).send(),
        422,
        "limit: must be a whole number that is not negative",
    );
    assert_eq!(
        get(&mut host, &key, &format!("/api/v1/invoices/{id}"))["id"],
        id.as_str()
    );
}
