use serde_json::json;

use crate::{ALL, USER_CREATE, failed, get, host, host_with_customer, post, refused};

#[test]
fn creates_a_user_with_a_password() {
    let (mut host, key) = host();
    let body = json!({ "email": " Qa@Example.com ", "name": "QA", "password": "eight888" });
    let answer = post(&mut host, &key, USER_CREATE, &body);
    assert_eq!(answer, json!({ "ok": true, "id": 1, "email": "Qa@Example.com" }));
    assert!(
        host.act(|| mooring_sdk::users::verify_password(1, "eight888"))
            .unwrap()
    );
}

#[test]
fn gives_a_temporary_password_once() {
    for body in [
        json!({ "email": "qa@example.com" }),
        json!({ "email": "qa@example.com", "name": null, "password": null }),
    ] {
        let (mut host, key) = host();
        let answer = post(&mut host, &key, USER_CREATE, &body);
        let password = answer["temp_password"].as_str().unwrap().to_owned();
        assert_eq!(password.len(), 16);
        assert!(
            host.act(|| mooring_sdk::users::verify_password(1, &password))
                .unwrap()
        );

        let again = post(&mut host, &key, USER_CREATE, &body);
        assert_eq!(again, json!({ "ok": true, "duplicate": true, "id": 1 }));
    }
}

#[test]
fn a_duplicate_changes_nothing() {
    let (mut host, key) = host_with_customer();
    let before = host.fingerprint();
    let body = json!({ "email": "QA@EXAMPLE.COM ", "name": "Somebody Else", "password": "another-password" });
    assert_eq!(
        post(&mut host, &key, USER_CREATE, &body),
        json!({ "ok": true, "duplicate": true, "id": 1 })
    );
    assert_eq!(before, host.fingerprint());
}

#[test]
fn refuses_bad_users() {
    let (mut host, key) = host();
    let long = "x".repeat(300);
    for (body, error) in [
        (String::new(), "the body is empty; JSON is expected".to_owned()),
        (
            "{".to_owned(),
            "the JSON ends too early (line 1, column 1)".to_owned(),
        ),
        (
            "{]".to_owned(),
            "the body is not valid JSON (line 1, column 2)".to_owned(),
        ),
        ("[]".to_owned(), "must be an object, not an array".to_owned()),
        (
            r#"["a@b.c",null,null]"#.to_owned(),
            "must be an object, not an array".to_owned(),
        ),
        ("{} {}".to_owned(), "email: is required".to_owned()),
        (
            r#"{"email":"a@b.c"} x"#.to_owned(),
            "the body is not valid JSON (line 1, column 19)".to_owned(),
        ),
        ("7".to_owned(), "must be an object, not integer `7`".to_owned()),
        ("{}".to_owned(), "email: is required".to_owned()),
        (
            r#"{"email":null}"#.to_owned(),
            "email: must be a string, not null".to_owned(),
        ),
        (
            r#"{"email":5}"#.to_owned(),
            "email: must be a string, not integer `5`".to_owned(),
        ),
        (
            r#"{"email":""}"#.to_owned(),
            "email: must not be empty".to_owned(),
        ),
        (
            r#"{"email":"nobody"}"#.to_owned(),
            "email: is not an e-mail address".to_owned(),
        ),
        (
            format!(r#"{{"email":"{long}@x.y"}}"#),
            "email: is longer than 254 characters".to_owned(),
        ),
        (
            format!(r#"{{"email":"a@b.c","name":"{long}"}}"#),
            "name: is longer than 200 characters".to_owned(),
        ),
        (
            r#"{"email":"a@b.c","name":[]}"#.to_owned(),
            "name: must be a string, not an array".to_owned(),
        ),
        (
            r#"{"email":"a@b.c","password":"seven77"}"#.to_owned(),
            "password: is shorter than 8 characters".to_owned(),
        ),
        (
            r#"{"email":"a@b.c","password":""}"#.to_owned(),
            "password: is shorter than 8 characters".to_owned(),
        ),
        (
            format!(r#"{{"email":"a@b.c","password":"{long}"}}"#),
            "password: is longer than 200 characters".to_owned(),
        ),
    ] {
        refused(&mut host, &key, USER_CREATE, &body, 422, &error);
    }
    let reply = host
        .post(USER_CREATE)
        .key(&key)
        .body(*b"{\"email\":\"\xff\"}")
        .send();
    failed(&reply, 422, "the body is not UTF-8 (byte 10)");
}

#[test]
fn me_is_the_account_of_the_key() {
    let (mut host, _) = host_with_customer();
    let key = host.key_of(1, &[]);
    let me = host.get("/api/v1/me").key(&key).send();
    assert_eq!(
        me.text(),
        r#"{"id":1,"email":"qa@example.com","name":"QA","credits_usd":0.00,"credits_frozen":0.00,"role":"customer"}"#
    );
    let key = host.key(ALL);
    let me = get(&mut host, &key, "/api/v1/me");
    assert_eq!(
        (&me["id"], &me["name"], &me["role"]),
        (&json!(0), &json!("test"), &json!("owner"))
    );
}

#[test]
fn frozen_credits_come_from_the_ledger() {
    use mooring_sdk::ledger::{self, Entry, NewPosting};
    use mooring_sdk::money::Amount;

    let (mut host, _) = host_with_customer();
    let key = host.key_of(1, &["user:read"]);
    host.act(|| {
        let amount = Amount::parse_decimal("5", "USD").unwrap();
        ledger::post(NewPosting {
            idempotency_key: "freeze".to_owned(),
            entries: vec![
                Entry::debit("paymenter:credits:1", amount.clone()),
                Entry::credit("paymenter:frozen:1", amount),
            ],
            ..NewPosting::default()
        })
        .unwrap();
    });
    let balance = host.get("/api/v1/credits/balance").key(&key).send();
    assert_eq!(balance.text(), r#"{"credits_usd":-5.00,"frozen":5.00}"#);
}
