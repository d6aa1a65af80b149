use serde_json::{Value, json};

use crate::{Host, MERCHANT, balance, call, failed, get, host, newest, offline, pay, refused, sum};

#[track_caller]
fn issue(host: &mut Host, secret: &str, amount: &str) -> (String, String) {
    let card = call(
        host,
        secret,
        "POST",
        "/gift-cards",
        &json!({ "amount": amount, "note": "n" }),
        200,
    );
    let card = &card["data"];
    (
        card["id"].to_string(),
        card["code"].as_str().expect("a code").to_owned(),
    )
}

/// What the card says it has, in cents, which its account must say too.
#[track_caller]
fn remaining(host: &mut Host, secret: &str, id: &str) -> i64 {
    let card = get(host, secret, &format!("/gift-cards/{id}"));
    let text = card["data"]["balance"]["remaining"]
        .as_str()
        .expect("text")
        .replace('.', "");
    let minor: i64 = text.parse().expect("cents");
    assert_eq!(balance(host, &format!("tebex:gift-card:{id}")), minor);
    assert_eq!(sum(host), 0);
    minor
}

fn check_out(host: &mut Host, secret: &str, code: &str) -> Value {
    let body = json!({ "package_id": 11, "username": "Notch", "gift_card": code });
    call(host, secret, "POST", "/checkout", &body, 201)
}

#[test]
fn a_card_is_issued_topped_up_and_voided() {
    let (mut host, secret) = host();
    let body = json!({ "amount": 25, "note": "For a friend", "expires_at": "2030-01-31 12:00:00" });
    let card = call(&mut host, &secret, "POST", "/gift-cards", &body, 200);
    let code = card["data"]["code"].as_str().unwrap().to_owned();
    assert!(
        code.len() == 16 && code.bytes().all(|byte| byte.is_ascii_digit()),
        "{code}"
    );
    // Number 1 is the demo's.
    let expected = json!({ "data": {
        "id": 2, "code": code, "balance": { "starting": "25.00", "remaining": "25.00", "currency": "USD" },
        "note": "For a friend", "void": false, "created_at": "2027-01-15T08:00:00+00:00",
        "expires_at": "2030-01-31T12:00:00+00:00",
    } });
    assert_eq!(card, expected);
    assert_eq!(
        get(&mut host, &secret, &format!("/gift-cards/lookup/{code}")),
        expected
    );
    assert_eq!(
        get(&mut host, &secret, "/gift-cards")["data"][0],
        expected["data"]
    );

    for more in [json!("12.60"), json!(12.6), json!(0.01)] {
        call(
            &mut host,
            &secret,
            "PUT",
            "/gift-cards/2",
            &json!({ "amount": more }),
            200,
        );
    }
    assert_eq!(remaining(&mut host, &secret, "2"), 5021);
    for _ in 0..2 {
        let void = call(&mut host, &secret, "DELETE", "/gift-cards/2", &Value::Null, 200);
        assert_eq!(
            (&void["data"]["void"], &void["data"]["balance"]["remaining"]),
            (&json!(true), &json!("0.00"))
        );
    }
    assert_eq!(remaining(&mut host, &secret, "2"), 0);
    assert_eq!(balance(&mut host, "tebex:gift-cards"), 0);
    refused(&mut host, &secret, "PUT", "/gift-cards/2", r#"{"amount":1}"#, 422);
}

#[test]
fn a_card_pays_for_a_part_and_the_payer_for_the_rest() {
    let (mut host, secret) = host();
    let (id, code) = issue(&mut host, &secret, "4.00");
    check_out(&mut host, &secret, &code);
    assert_eq!(host.payments()[0].amount.minor, 599);
    assert_eq!(remaining(&mut host, &secret, &id), 0);
    assert_eq!(balance(&mut host, "tebex:gift-card-holds"), 400);
    pay(&mut host);
    assert_eq!(balance(&mut host, "tebex:gift-card-holds"), 0);
    assert_eq!(
        balance(&mut host, MERCHANT),
        999,
        "all of the price is the store's"
    );
    assert_eq!(get(&mut host, &secret, "/payments")[0]["amount"], "9.99");

    let transaction = newest(&mut host, &secret, "Notch");
    let path = format!("/payments/{transaction}");
    call(
        &mut host,
        &secret,
        "PUT",
        &path,
        &json!({ "status": "refund" }),
        204,
    );
    host.run_jobs();
    assert_eq!(
        remaining(&mut host, &secret, &id),
        400,
        "each part goes back to where it came from"
    );
    assert_eq!((balance(&mut host, MERCHANT), sum(&mut host)), (0, 0));
}

#[test]
fn a_card_that_pays_for_all_of_it_needs_no_page() {
    let (mut host, secret) = host();
    let (id, code) = issue(&mut host, &secret, "10");
    let answer = check_out(&mut host, &secret, &code);
    assert_eq!(answer["url"], "https://store.example.com");
    assert!(host.payments().is_empty());
    assert_eq!(remaining(&mut host, &secret, &id), 1);
    assert_eq!(
        (balance(&mut host, MERCHANT), offline(&mut host, &secret).len()),
        (999, 1)
    );
    assert_eq!(
        get(&mut host, &secret, "/payments")[0]["gateway"]["name"],
        "Gift Card"
    );

    let transaction = newest(&mut host, &secret, "Notch");
    let path = format!("/payments/{transaction}");
    for (status, left, merchant) in [("refund", 1000, 0), ("complete", 1, 999), ("chargeback", 1000, 0)] {
        call(
            &mut host,
            &secret,
            "PUT",
            &path,
            &json!({ "status": status }),
            204,
        );
        assert_eq!(remaining(&mut host, &secret, &id), left, "{status}");
        assert_eq!(balance(&mut host, MERCHANT), merchant, "{status}");
    }
    // Spent elsewhere, it cannot pay for this again.
    call(
        &mut host,
        &secret,
        "DELETE",
        &format!("/gift-cards/{id}"),
        &Value::Null,
        200,
    );
    refused(&mut host, &secret, "PUT", &path, r#"{"status":"complete"}"#, 422);
}

#[test]
fn what_nobody_pays_for_goes_back_to_the_card() {
    let (mut host, secret) = host();
    let (id, code) = issue(&mut host, &secret, "4.00");
    check_out(&mut host, &secret, &code);
    host.advance(3_600_000);
    host.run_jobs();
    assert_eq!(remaining(&mut host, &secret, &id), 400);
    assert_eq!(balance(&mut host, "tebex:gift-card-holds"), 0);

    // Voided meanwhile: nobody has it, and no account keeps it.
    check_out(&mut host, &secret, &code);
    call(
        &mut host,
        &secret,
        "DELETE",
        &format!("/gift-cards/{id}"),
        &Value::Null,
        200,
    );
    host.advance(3_600_000);
    host.run_jobs();
    assert_eq!(remaining(&mut host, &secret, &id), 0);
    assert_eq!(balance(&mut host, "tebex:gift-card-holds"), 0);
    assert_eq!(balance(&mut host, "tebex:gift-cards"), 0);
}

#[test]
fn the_same_money_cannot_be_spent_twice() {
    let (mut host, secret) = host();
    let (id, code) = issue(&mut host, &secret, "12.00");
    for _ in 0..3 {
        check_out(&mut host, &secret, &code);
    }
    // The first was paid by the card alone; the second has its rest; the third has nothing of it.
    let amounts: Vec<i64> = host
        .payments()
        .iter()
        .map(|payment| payment.amount.minor)
        .collect();
    assert_eq!(amounts, [999 - 201, 999]);
    assert_eq!(remaining(&mut host, &secret, &id), 0);
}

#[test]
fn a_card_that_the_operator_writes_has_its_balance_on_the_ledger_once_it_is_used() {
    let (mut host, secret) = host();
    assert_eq!(balance(&mut host, "tebex:gift-card:1"), 0);
    check_out(&mut host, &secret, "1234567890");
    assert_eq!(remaining(&mut host, &secret, "1"), 2500 - 999);
    // The operator writes it again, as it was.
    let card = json!({ "code": "1234567890", "starting": "25.00" });
    crate::write(&mut host, "gift-cards", "1", &card);
    call(
        &mut host,
        &secret,
        "PUT",
        "/gift-cards/1",
        &json!({ "amount": "1" }),
        200,
    );
    assert_eq!(remaining(&mut host, &secret, "1"), 2600);
}

#[test]
fn cards_that_do_not_pay_are_refused() {
    let (mut host, secret) = host();
    let (void, void_code) = issue(&mut host, &secret, "5");
    call(
        &mut host,
        &secret,
        "DELETE",
        &format!("/gift-cards/{void}"),
        &Value::Null,
        200,
    );
    let body = json!({ "amount": 5, "expires_at": "2027-01-15T10:00:01+02:00" });
    let expired = call(&mut host, &secret, "POST", "/gift-cards", &body, 200);
    assert_eq!(expired["data"]["expires_at"], "2027-01-15T08:00:01+00:00");
    let expired = expired["data"]["code"].as_str().unwrap().to_owned();
    host.advance(1000);
    for (code, why) in [
        (void_code.as_str(), "This gift card is void."),
        (&expired, "This gift card has expired."),
        ("nothing", "gift_card: does not exist"),
    ] {
        let body = json!({ "package_id": 11, "username": "Notch", "gift_card": code }).to_string();
        assert_eq!(refused(&mut host, &secret, "POST", "/checkout", &body, 422), why);
    }
}

#[test]
fn the_other_name_of_the_route_is_answered_as_its_clients_call_it() {
    let (mut host, secret) = host();
    let made = call(
        &mut host,
        &secret,
        "POST",
        "/giftcards",
        &json!({ "amount": 5 }),
        200,
    );
    assert_eq!(made["data"]["id"], json!(2));
    let mut form = |method: &str, body: &str| {
        let reply = host.request(method, "/giftcards").key(&secret).body(body).send();
        assert_eq!(reply.status, 200, "{method} {body}: {}", reply.text());
        reply.json()["data"].clone()
    };
    assert_eq!(form("POST", "id=2"), made["data"]);
    assert_eq!(form("PUT", "id=2&amount=2.5")["balance"]["remaining"], "7.50");
    assert_eq!(form("DELETE", "id=2")["void"], json!(true));
    assert_eq!(form("GET", "").as_array().unwrap().len(), 2);
    let reply = host
        .request("PUT", "/giftcards")
        .key(&secret)
        .body("amount=1")
        .send();
    assert_eq!(failed(&reply, 422), "id: is required");
}
