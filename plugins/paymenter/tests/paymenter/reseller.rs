use mooring_sdk::ledger;
use serde_json::{Value, json};

use crate::{ALL, API_KEYS, CREDIT_EVENT, SIGNUP, get, host, host_with_customer, post, refused};

#[test]
fn signs_customers_up_and_remembers_the_key() {
    let (mut host, key) = host();
    let body = json!({ "email": "new@example.com", "name": "New", "password": "password" });
    assert_eq!(
        post(&mut host, &key, SIGNUP, &body),
        json!({ "ok": true, "id": 1, "email": "new@example.com" })
    );
    let metadata: Value = serde_json::from_str(&host.users()[0].metadata).unwrap();
    assert!(metadata["signed_up_by"].as_str().unwrap().starts_with("key_"));
    assert!(host.users()[0].has_password);
    refused(&mut host, &key, SIGNUP, &body.to_string(), 409, "already exists");
}

#[test]
fn refuses_bad_sign_ups() {
    let (mut host, key) = host();
    for (body, error) in [
        (r#"{"name":"N","password":"password"}"#, "email: is required"),
        (r#"{"email":"a@b.c","password":"password"}"#, "name: is required"),
        (r#"{"email":"a@b.c","name":"N"}"#, "password: is required"),
        (
            r#"{"email":"a@b.c","name":"N","password":"short"}"#,
            "password: is shorter than 8 characters",
        ),
        (
            r#"{"email":"a b","name":"N","password":"password"}"#,
            "email: is not an e-mail address",
        ),
    ] {
        refused(&mut host, &key, SIGNUP, body, 422, error);
    }
}

fn topup(reference: &Value, amount: &Value) -> Value {
    json!({ "kind": "topup", "amount_usd": amount, "external_ref": reference, "meta": { "via": "card" } })
}

#[test]
fn a_top_up_raises_the_owners_credits_once() {
    let (mut host, _) = host_with_customer();
    let key = host.key_of(1, ALL);
    let answer = post(
        &mut host,
        &key,
        CREDIT_EVENT,
        &topup(&json!("ref-1"), &json!("10.50")),
    );
    assert!(answer["id"].as_str().unwrap().starts_with("ev_"));
    let before = host.fingerprint();
    for amount in [json!("10.50"), json!(99)] {
        let again = post(&mut host, &key, CREDIT_EVENT, &topup(&json!("ref-1"), &amount));
        assert_eq!(again, json!({ "ok": true, "duplicate": true }));
    }
    assert_eq!(before, host.fingerprint());

    let balance = host.get("/api/v1/credits/balance").key(&key).send();
    assert_eq!(balance.text(), r#"{"credits_usd":10.50,"frozen":0.00}"#);
    assert_eq!(
        get(&mut host, &key, "/api/v1/me")["credits_usd"].to_string(),
        "10.50"
    );
    assert_eq!(
        host.act(|| ledger::balance("paymenter:topups", "USD"))
            .unwrap()
            .minor,
        -1050
    );
    let data: Value = serde_json::from_str(&host.events()[0].data).unwrap();
    assert_eq!(data["meta"], json!({ "via": "card" }));

    // A key that takes the place of the first one is the same caller; another owner is not.
    let rotated = host.key_of(1, ALL);
    let again = topup(&json!("ref-1"), &json!("10.50"));
    assert_eq!(post(&mut host, &rotated, CREDIT_EVENT, &again)["duplicate"], true);
    let other = host.key(ALL);
    assert!(post(&mut host, &other, CREDIT_EVENT, &again)["id"].is_string());
}

#[test]
fn refuses_bad_top_ups() {
    let (mut host, key) = host();
    for (field, value, error) in [
        ("kind", json!("refund"), "kind: must be `topup`"),
        ("kind", json!(1), "kind: must be a string, not integer `1`"),
        ("amount_usd", json!(0), "amount_usd: must be more than zero"),
        ("amount_usd", json!(-5), "amount_usd: must not be negative"),
        (
            "amount_usd",
            json!("1.999"),
            "amount_usd: has more than 2 decimal places",
        ),
        ("amount_usd", json!("ten"), "amount_usd: must be a number"),
        ("external_ref", json!(""), "external_ref: must not be empty"),
        (
            "external_ref",
            json!("a\nb"),
            "external_ref: must not hold control characters",
        ),
        (
            "meta",
            json!("x".repeat(20_000)),
            "meta: is larger than 16384 bytes",
        ),
    ] {
        let mut body = topup(&json!("ref"), &json!(1));
        body[field] = value;
        refused(&mut host, &key, CREDIT_EVENT, &body.to_string(), 422, error);
    }
    refused(
        &mut host,
        &key,
        CREDIT_EVENT,
        r#"{"kind":"topup","amount_usd":1}"#,
        422,
        "external_ref: is required",
    );
}

#[test]
fn makes_keys_that_work() {
    let (mut host, key) = host_with_customer();
    let body = json!({ "scopes": ["user:read"], "owner_email": "qa@example.com" });
    let answer = post(&mut host, &key, API_KEYS, &body);
    assert_eq!(answer["scopes"], json!(["user:read"]));
    assert!(answer["id"].as_str().unwrap().starts_with("key_"));
    let minted = answer["key"].as_str().unwrap().to_owned();
    let twice =
        json!({ "scopes": ["user:write", "user:read", "user:write"], "owner_email": "qa@example.com" });
    let kept = json!(["user:read", "user:write"]);
    assert_eq!(post(&mut host, &key, API_KEYS, &twice)["scopes"], kept);
    assert!(minted.starts_with("vfc_live_"));
    assert_eq!(get(&mut host, &minted, "/api/v1/me")["id"], 1);

    let expiring = json!({
        "scopes": ["user:read"], "owner_email": "qa@example.com", "label": "short", "expires_at": host.now() + 1000,
    });
    let minted = post(&mut host, &key, API_KEYS, &expiring)["key"]
        .as_str()
        .unwrap()
        .to_owned();
    get(&mut host, &minted, "/api/v1/me");
    host.advance(1000);
    assert_eq!(host.get("/api/v1/me").key(&minted).send().status, 401);
}

#[test]
fn refuses_bad_keys() {
    let (mut host, key) = host_with_customer();
    for (body, status, error) in [
        (
            r#"{"scopes":[],"owner_email":"qa@example.com"}"#,
            422,
            "scopes: must not be empty",
        ),
        (
            r#"{"scopes":["root"],"owner_email":"qa@example.com"}"#,
            422,
            "scopes: `root` does not exist",
        ),
        (
            r#"{"scopes":"user:read","owner_email":"qa@example.com"}"#,
            422,
            "scopes: must be an array, not string \"user:read\"",
        ),
        (
            r#"{"scopes":[7],"owner_email":"qa@example.com"}"#,
            422,
            "scopes[0]: must be a string, not integer `7`",
        ),
        (
            r#"{"scopes":["user:read"],"owner_email":"nobody@example.com"}"#,
            422,
            "owner_email: unknown user",
        ),
        (
            r#"{"scopes":["user:read"],"owner_email":"qa@example.com","expires_at":1}"#,
            422,
            "expires_at: must be in the future",
        ),
        (
            r#"{"scopes":["user:read"],"owner_email":"qa@example.com","label":""}"#,
            422,
            "label: must not be empty",
        ),
        (r#"{"scopes":["user:read"]}"#, 422, "owner_email: is required"),
    ] {
        refused(&mut host, &key, API_KEYS, body, status, error);
    }
    let owner = host.key(&["owner"]);
    let body = r#"{"scopes":["user:write"],"owner_email":"qa@example.com"}"#;
    refused(&mut host, &owner, API_KEYS, body, 403, "forbidden");
}
