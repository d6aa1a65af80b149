use mooring_sdk::payments::{CaptureMode, FeePayer, Status};
use mooring_sdk::testing::AttemptDone;
use serde_json::{Value, json};

use crate::{Host, INVOICES, get, host, invoice, post, refused, user};

fn create(host: &mut Host, token: &str, body: &Value) -> (u16, Value) {
    let reply = host.post(INVOICES).key(token).json(body).send();
    (reply.status, reply.json())
}

#[test]
fn an_id_is_a_uuid_of_version_7_and_its_link_leads_to_the_page() {
    let (mut host, token) = host();
    let first = post(&mut host, &token, INVOICES, &json!({ "amount": 1 }), 201);
    host.advance(1);
    let second = post(&mut host, &token, INVOICES, &json!({ "amount": 2 }), 201);
    let (first_id, second_id) = (first["id"].as_str().unwrap(), second["id"].as_str().unwrap());
    assert!(
        first_id < second_id,
        "in the order of time: {first_id} {second_id}"
    );
    for id in [first_id, second_id] {
        let parsed = uuid::Uuid::parse_str(id).unwrap();
        assert_eq!((parsed.get_version_num(), id.len()), (7, 36));
    }
    assert_eq!(
        first["pay_url"],
        format!("http://mooring.test/renovax/pay/{first_id}")
    );
    let (seconds, nanos) = uuid::Uuid::parse_str(second_id)
        .unwrap()
        .get_timestamp()
        .unwrap()
        .to_unix();
    assert_eq!(seconds * 1000 + u64::from(nanos / 1_000_000), host.now());
}

#[test]
fn amounts_are_exact_whatever_their_form() {
    let (mut host, token) = host();
    for (number, (amount, currency, shown)) in (1..).zip([
        ("49.90", "USD", "49.90"),
        ("\"49.90\"", "USD", "49.90"),
        ("\"49.9\"", "USD", "49.90"),
        ("\"10\"", "USD", "10.00"),
        ("0.07", "USD", "0.07"),
        ("1e1", "EUR", "10.00"),
        ("999999999.99", "USD", "999999999.99"),
        ("100", "JPY", "100.00"),
        ("\"100.00\"", "JPY", "100.00"),
        ("1.234", "KWD", "1.234"),
        ("1", "usd", "1.00"),
    ]) {
        host.set("fx_rates", "EUR/USD=1 JPY/USD=1 KWD/USD=1");
        let body = format!(r#"{{"amount":{amount},"currency":"{currency}","client_remote_id":{number}}}"#);
        let reply = host.post(INVOICES).key(&token).body(body).send();
        assert_eq!(reply.status, 201, "{amount} {currency}: {}", reply.text());
        assert_eq!(reply.json()["amount"], shown);
        assert_eq!(reply.json()["currency"], currency.to_uppercase());
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let (mut host, token) = host();
    let nothing = json!({
        "amount": "5", "currency": "", "client_remote_id": " ", "success_url": "", "cancel_url": null,
        "metadata": [], "expires_in_minutes": null, "locale": "", "fiat_enabled": null, "unheard_of": { "a": 1 },
    });
    for body in [json!({ "amount": "4" }), nothing] {
        let invoice = post(&mut host, &token, INVOICES, &body, 201);
        for (field, value) in [
            ("currency", json!("USD")),
            ("client_remote_id", Value::Null),
            ("success_url", Value::Null),
            ("cancel_url", Value::Null),
            ("metadata", json!({})),
            ("paid_at", Value::Null),
            ("expires_at", json!("2027-01-15T09:00:00+00:00")),
        ] {
            assert_eq!(invoice[field], value, "{field}");
        }
        let asked = host.asked(&host.payments().last().unwrap().id.clone());
        assert_eq!(
            (asked.locale, asked.crypto_only, asked.fiat_only),
            (None, false, false)
        );
        assert_eq!(asked.capture, CaptureMode::Automatic);
    }
}

#[test]
fn what_is_asked_for_reaches_the_payment() {
    let (mut host, token) = host();
    host.set("fee_percent", "2.5");
    host.set("fee_fixed", "0.305");
    host.set("customer_pays_fee", "true");
    host.set("manual_capture", "true");
    let order = r#"{
        "amount": 100, "client_remote_id": 4711, "locale": "ar", "fiat_enabled": false, "expires_in_minutes": "1440",
        "metadata": { "a": "b", "n": 1.50, "yes": true, "none": null }
    }"#;
    let order: Value = serde_json::from_str(order).unwrap();
    let (payment, _) = invoice(&mut host, &token, &order);
    let asked = host.asked(&payment);
    assert_eq!(asked.locale.as_deref(), Some("ar"));
    assert_eq!((asked.crypto_only, asked.capture), (true, CaptureMode::Manual));
    assert_eq!(asked.expires_at, Some(host.now() + 1440 * 60_000));
    let fee = asked.fee.unwrap();
    assert_eq!(
        (fee.parts_per_million, fee.fixed_minor, fee.paid_by),
        (25_000, 31, FeePayer::Payer)
    );
    let tolerance = asked.tolerance.unwrap();
    assert_eq!(
        (
            tolerance.short_minor,
            tolerance.short_ppm,
            tolerance.partial_min_ppm
        ),
        (1, 5000, 0)
    );
    assert_eq!(host.payment(&payment).due.minor, 10_281);
    let listed = get(&mut host, &token, INVOICES);
    assert_eq!(
        listed["data"][0]["metadata"].to_string(),
        r#"{"a":"b","n":1.50,"none":null,"yes":true}"#
    );
    assert_eq!(listed["data"][0]["client_remote_id"], "4711");
}

#[test]
fn addresses_are_kept_without_the_space_around_them() {
    let (mut host, token) = host();
    let order = json!({ "amount": 5, "success_url": " https://a.example/thanks\n", "cancel_url": "https://a.example/cart " });
    let made = post(&mut host, &token, INVOICES, &order, 201);
    assert_eq!(
        (&made["success_url"], &made["cancel_url"]),
        (
            &json!("https://a.example/thanks"),
            &json!("https://a.example/cart")
        )
    );
}

#[test]
fn a_client_remote_id_makes_one_invoice_whatever_else_is_sent_and_whatever_became_of_it() {
    let (mut host, token) = host();
    let order = json!({ "amount": 10, "client_remote_id": "A" });
    let (payment, id) = invoice(&mut host, &token, &order);
    let repeats = [
        order.clone(),
        json!({ "amount": 99, "client_remote_id": " A ", "currency": "EUR" }),
        json!({ "amount": -1, "client_remote_id": "A" }),
        json!({ "amount": "abc", "client_remote_id": "A", "metadata": 7 }),
        json!({ "client_remote_id": "A" }),
    ];
    let again = |host: &mut Host, status: &str| {
        for body in &repeats {
            let before = host.fingerprint();
            let (code, answer) = create(host, &token, body);
            assert_eq!((code, &answer["id"]), (200, &json!(id)), "{body}");
            assert_eq!(answer["status"], status);
            assert_eq!(answer["amount"], "10.00");
            assert_eq!(before, host.fingerprint());
        }
    };
    again(&mut host, "pending");
    host.expire(&payment);
    again(&mut host, "expired");
    assert_eq!(host.payments().len(), 1);
    // Other ids are other invoices, upper and lower case apart.
    assert_eq!(
        create(
            &mut host,
            &token,
            &json!({ "amount": 10, "client_remote_id": "a" })
        )
        .0,
        201
    );
}

#[test]
fn a_pending_invoice_of_the_same_amount_refuses_only_those_without_client_remote_id() {
    // First, second, and what the second is answered.
    for (first, second, status) in [
        (json!({ "amount": 5 }), json!({ "amount": "5.00" }), 409),
        (
            json!({ "amount": 5 }),
            json!({ "amount": 5, "currency": "USD" }),
            409,
        ),
        (
            json!({ "amount": 5, "client_remote_id": "x" }),
            json!({ "amount": 5 }),
            409,
        ),
        (
            json!({ "amount": 5 }),
            json!({ "amount": 5, "client_remote_id": "x" }),
            201,
        ),
        (
            json!({ "amount": 5, "client_remote_id": "x" }),
            json!({ "amount": 5, "client_remote_id": "y" }),
            201,
        ),
        (
            json!({ "amount": 5, "client_remote_id": "x" }),
            json!({ "amount": 5, "client_remote_id": "x" }),
            200,
        ),
        (json!({ "amount": 5 }), json!({ "amount": 5.01 }), 201),
        (
            json!({ "amount": 5 }),
            json!({ "amount": 5, "currency": "EUR" }),
            201,
        ),
    ] {
        let (mut host, token) = host();
        host.set("fx_rates", "EUR/USD=1.1");
        let (_, id) = invoice(&mut host, &token, &first);
        let (code, answer) = create(&mut host, &token, &second);
        assert_eq!(code, status, "{first} {second}: {answer}");
        if status == 409 {
            assert_eq!(answer["error"], "duplicate_invoice");
            assert!(answer["message"].as_str().unwrap().contains(&id));
        }
    }
}

#[test]
fn an_amount_is_free_again_once_its_invoice_has_ended() {
    let ends: [fn(&mut Host, &str, &str); 4] = [
        |host, payment, _| {
            host.expire(payment);
        },
        |host, payment, _| {
            host.pay(payment, AttemptDone::default());
        },
        |host, _, id| {
            let token = host.key(&["merchant"]);
            post(host, &token, &format!("{INVOICES}/{id}/cancel"), &json!({}), 200);
        },
        |host, payment, _| {
            let fraud = mooring_sdk::payments::Failure::new("fraud", "Tor");
            host.act(|| mooring_sdk::payments::fail(payment, fraud)).unwrap();
        },
    ];
    for end in ends {
        let (mut host, token) = host();
        let (payment, id) = invoice(&mut host, &token, &json!({ "amount": 5 }));
        refused(
            &mut host,
            &token,
            INVOICES,
            r#"{"amount":5}"#,
            409,
            "duplicate_invoice",
        );
        host.decline(&payment, "5051", "Insufficient funds");
        refused(
            &mut host,
            &token,
            INVOICES,
            r#"{"amount":5}"#,
            409,
            "duplicate_invoice",
        );
        end(&mut host, &payment, &id);
        host.run_jobs();
        assert_ne!(host.payment(&payment).status, Status::Pending);
        assert_eq!(create(&mut host, &token, &json!({ "amount": 5 })).0, 201);
    }
}

#[test]
fn time_ends_what_nobody_pays() {
    let (mut host, token) = host();
    let (_, id) = invoice(
        &mut host,
        &token,
        &json!({ "amount": 5, "expires_in_minutes": 1 }),
    );
    host.advance(59_999);
    host.run_jobs();
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}/{id}"))["status"],
        "pending"
    );
    host.advance(1);
    host.run_jobs();
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}/{id}"))["status"],
        "expired"
    );
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}?status=expired"))["meta"]["total"],
        1
    );
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}?status=pending"))["meta"]["total"],
        0
    );
}

#[test]
fn lists_are_paged_and_newest_first() {
    let (mut host, token) = host();
    for amount in 1..=5 {
        invoice(&mut host, &token, &json!({ "amount": amount }));
    }
    for (query, amounts, meta) in [
        (
            "",
            vec![5, 4, 3, 2, 1],
            json!({ "current_page": 1, "last_page": 1, "per_page": 20, "total": 5 }),
        ),
        (
            "?per_page=2",
            vec![5, 4],
            json!({ "current_page": 1, "last_page": 3, "per_page": 2, "total": 5 }),
        ),
        (
            "?per_page=2&page=3",
            vec![1],
            json!({ "current_page": 3, "last_page": 3, "per_page": 2, "total": 5 }),
        ),
        (
            "?per_page=2&page=4",
            vec![],
            json!({ "current_page": 4, "last_page": 3, "per_page": 2, "total": 5 }),
        ),
        (
            "?per_page=101&status=&page=",
            vec![5, 4, 3, 2, 1],
            json!({ "current_page": 1, "last_page": 1, "per_page": 100, "total": 5 }),
        ),
        (
            "?status=confirmed",
            vec![],
            json!({ "current_page": 1, "last_page": 1, "per_page": 20, "total": 0 }),
        ),
    ] {
        let listed = get(&mut host, &token, &format!("{INVOICES}{query}"));
        assert_eq!(listed["meta"], meta, "{query}");
        let got: Vec<&str> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|invoice| invoice["amount"].as_str().unwrap())
            .collect();
        assert_eq!(
            got,
            amounts
                .iter()
                .map(|amount| format!("{amount}.00"))
                .collect::<Vec<_>>(),
            "{query}"
        );
    }
    for (query, field) in [
        ("?status=paid", "status"),
        ("?status=cancelled", "status"),
        ("?per_page=0", "per_page"),
        ("?per_page=-1", "per_page"),
        ("?per_page=x", "per_page"),
        ("?page=0", "page"),
        ("?page=1.5", "page"),
        ("?page=%2B1", "page"),
    ] {
        let reply = host.get(&format!("{INVOICES}{query}")).key(&token).send();
        assert_eq!(reply.status, 422, "{query}");
        assert!(
            reply.json()["errors"][field].is_array(),
            "{query}: {}",
            reply.text()
        );
    }
}

#[test]
fn an_inactive_merchant_reads_and_does_not_write() {
    let (mut host, token) = host();
    let (_, id) = invoice(&mut host, &token, &json!({ "amount": 5 }));
    host.set("is_active", "false");
    assert_eq!(get(&mut host, &token, "/api/merchant/me")["is_active"], false);
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}/{id}"))["status"],
        "pending"
    );
    for path in ["", "/refund", "/cancel", "/capture", "/void"] {
        let path = if path.is_empty() {
            INVOICES.to_owned()
        } else {
            format!("{INVOICES}/{id}{path}")
        };
        refused(
            &mut host,
            &token,
            &path,
            r#"{"amount":1}"#,
            403,
            "merchant_inactive",
        );
    }
}

#[test]
fn each_user_has_a_personal_merchant_of_its_own() {
    let (mut host, merchant) = host();
    let (ada, bob) = (user(&mut host, "ada", "user"), user(&mut host, "bob", "reseller"));
    let tokens = [host.key_of(ada, &["user"]), host.key_of(bob, &["user"])];
    let order = json!({ "amount": 5 });
    invoice(&mut host, &merchant, &order);
    let mut ids = Vec::new();
    for (number, token) in (2..).zip(&tokens) {
        // Neither amounts nor remote ids are shared.
        let made = post(&mut host, token, "/api/invoices", &order, 201);
        assert_eq!(made["merchant_id"], number);
        refused(
            &mut host,
            token,
            "/api/v1/invoices",
            r#"{"amount":5}"#,
            409,
            "duplicate_invoice",
        );
        post(
            &mut host,
            token,
            "/api/invoices",
            &json!({ "amount": 6, "client_remote_id": "r" }),
            201,
        );
        post(
            &mut host,
            token,
            "/api/invoices",
            &json!({ "amount": 6, "client_remote_id": "r" }),
            200,
        );
        ids.push(made["id"].as_str().unwrap().to_owned());
        assert_eq!(get(&mut host, token, "/api/invoices")["meta"]["total"], 2);
    }
    assert_eq!(get(&mut host, &merchant, INVOICES)["meta"]["total"], 1);
    assert_eq!(host.payments()[1].user, Some(ada));
    for (token, path) in [
        (&tokens[0], "/api/invoices/"),
        (&merchant, "/api/merchant/invoices/"),
    ] {
        let reply = host.get(&format!("{path}{}", ids[1])).key(token).send();
        crate::failed(&reply, 404, "not_found");
    }
    assert_eq!(
        get(&mut host, &tokens[1], &format!("/api/invoices/{}", ids[1]))["id"],
        ids[1]
    );
}
