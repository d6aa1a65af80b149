use serde_json::{Value, json};

use crate::{Host, answer, by_hand, failed, get, host, offline};

fn call(
    host: &mut Host,
    secret: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> mooring_sdk::testing::Reply {
    let envelope = json!({ "method": method, "params": { "SecretKey": secret, "Path": path, "Body": body } });
    host.post("/rpc/").json(&envelope).send()
}

#[test]
fn a_call_in_an_envelope_answers_as_it_does_by_itself() {
    let (mut host, secret) = host();
    by_hand(&mut host, &secret, 11, "Notch", "9.99");
    for path in [
        "/information",
        "/queue",
        "/queue/offline-commands",
        "/queue/online-commands/1",
        "/listing",
        "/packages?verbose=true",
        "/package/11",
        "/community_goals",
        "/payments?paged=1",
        "/coupons/",
        "//gift-cards",
        "/gift-cards/lookup/1234567890",
        "/sales",
        "/user/Notch",
    ] {
        let reply = call(&mut host, &secret, "GET", path, &json!({}));
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(reply.json(), get(&mut host, &secret, path), "{path}");
    }
}

#[test]
fn the_status_of_the_call_inside_is_the_answers() {
    let (mut host, secret) = host();
    let sold = call(
        &mut host,
        &secret,
        "POST",
        "/checkout",
        &json!({ "package_id": 11, "username": "Notch" }),
    );
    assert_eq!((sold.status, host.payments().len()), (201, 1));
    by_hand(&mut host, &secret, 11, "Notch", "9.99");
    let done = call(&mut host, &secret, "DELETE", "/queue", &json!({ "ids": [1] }));
    assert_eq!(done.status, 204);
    answer(&done);
    assert_eq!(offline(&mut host, &secret), [""; 0]);
    for (method, path, status) in [
        ("GET", "/package/99", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/rpc", 404),
        ("POST", "//rpc/", 404),
        ("POST", "/information", 405),
        ("DELETE", "/queue", 422),
    ] {
        let before = host.fingerprint();
        let reply = call(&mut host, &secret, method, path, &Value::Null);
        failed(&reply, status);
        assert_eq!(before, host.fingerprint());
    }
    let body = "x".repeat(70_000);
    let reply = call(&mut host, &secret, "DELETE", "/queue", &json!(body));
    failed(&reply, 413);
}

#[test]
fn an_envelope_without_the_right_secret_is_refused_and_a_malformed_one_too() {
    let (mut host, secret) = host();
    let reply = call(&mut host, "wrong", "GET", "/information", &Value::Null);
    assert_eq!(
        failed(&reply, 403),
        "No server could be found with the specified secret key."
    );
    let reply = host
        .post("/rpc/")
        .body(r#"{"method":"GET","params":{"Path":"/information"}}"#)
        .send();
    assert_eq!(
        failed(&reply, 403),
        "Please specify a secret key via the X-Tebex-Secret header."
    );
    for envelope in [
        json!({ "params": { "SecretKey": secret, "Path": "/information" } }),
        json!({ "method": "PATCH", "params": { "SecretKey": secret, "Path": "/information" } }),
        json!({ "method": "GET", "params": { "SecretKey": secret } }),
        json!({ "method": "GET", "params": { "SecretKey": secret, "Path": "information" } }),
        json!({ "method": "GET", "params": { "SecretKey": secret, "Path": 5 } }),
    ] {
        let reply = host.post("/rpc").json(&envelope).send();
        failed(&reply, 400);
    }
    // With the secret in the header the envelope needs none.
    let envelope = json!({ "method": "GET", "params": { "Path": "/information" } });
    let reply = host.post("/rpc").key(&secret).json(&envelope).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = host.post("/rpc").key(&secret).body("{").send();
    failed(&reply, 400);
}
