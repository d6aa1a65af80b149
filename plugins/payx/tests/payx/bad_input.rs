//! What is wrong is said, with its field, and leaves nothing behind.

use serde_json::json;

use crate::{Host, failed, host_with_client, path, payment};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[track_caller]
fn refused(
    host: &mut Host,
    key: &str,
    below: &str,
    content_type: &str,
    body: impl Into<Vec<u8>>,
    message: &str,
) {
    let body = body.into();
    let before = host.fingerprint();
    let reply = host
        .post(&path(key, below))
        .header("content-type", content_type)
        .body(body)
        .send();
    let status = if message.ends_with("not found") { 404 } else { 422 };
    failed(&reply, status, message);
    assert_eq!(before, host.fingerprint(), "a failure must leave nothing behind");
}

#[test]
fn clients() {
    let (mut host, key) = host_with_client();
    let good = json!({ "name": "N", "id_country": 1, "e_mail": "n@example.com" });
    for (field, value, message) in [
        ("name", json!(null), "name: must be a string, not null"),
        ("name", json!(""), "name: must not be empty"),
        ("name", json!("  "), "name: must not be empty"),
        ("name", json!(7), "name: must be a string, not integer `7`"),
        ("name", json!(["N"]), "name: must be a string, not an array"),
        (
            "name",
            json!("n".repeat(101)),
            "name: is longer than 100 characters",
        ),
        (
            "name",
            json!("a\u{0}b"),
            "name: must not contain control characters",
        ),
        ("id_country", json!(null), "id_country: must be a whole number"),
        ("id_country", json!(0), "id_country: is no country"),
        ("id_country", json!(840), "id_country: is no country"),
        (
            "id_country",
            json!(-1),
            "id_country: must be a whole number that is not negative",
        ),
        (
            "id_country",
            json!(1.5),
            "id_country: must be a whole number that is not negative",
        ),
        (
            "id_country",
            json!("NO"),
            "id_country: must be a whole number that is not negative",
        ),
        (
            "id_country",
            json!("99999999999999999999"),
            "id_country: is too large",
        ),
        ("id_country", json!([1]), "id_country: must be a whole number"),
        ("id_country", json!({}), "id_country: must be a whole number"),
        ("id_country", json!(true), "id_country: must be a whole number"),
        ("e_mail", json!("n"), "e_mail: is shorter than 3 characters"),
        ("e_mail", json!("nobody"), "e_mail: is not an e-mail address"),
        (
            "e_mail",
            json!("a@b@c.example"),
            "e_mail: is not an e-mail address",
        ),
        (
            "e_mail",
            json!("Name <a@example.com>"),
            "e_mail: is not an e-mail address",
        ),
        (
            "e_mail",
            json!("client@example.com"),
            "e_mail: is taken by another client",
        ),
        (
            "e_mail",
            json!(format!("{}@example.com", "a".repeat(243))),
            "e_mail: is longer than 254 characters",
        ),
        (
            "city",
            json!("c".repeat(256)),
            "city: is longer than 255 characters",
        ),
        ("city", json!(1), "city: must be a string, not integer `1`"),
        (
            "postal_code",
            json!("c".repeat(256)),
            "postal_code: is longer than 255 characters",
        ),
        (
            "address",
            json!("c".repeat(256)),
            "address: is longer than 255 characters",
        ),
        (
            "phone",
            json!("c".repeat(256)),
            "phone: is longer than 255 characters",
        ),
        (
            "phone",
            json!({ "a": 1 }),
            "phone: must be a string, not an object",
        ),
        (
            "description",
            json!("c".repeat(501)),
            "description: is longer than 500 characters",
        ),
    ] {
        let mut client = good.clone();
        client[field] = value;
        refused(
            &mut host,
            &key,
            "clients/create",
            JSON,
            client.to_string(),
            message,
        );
        if field != "e_mail" {
            client["id_client"] = json!(1);
            client.as_object_mut().unwrap().remove("e_mail");
            refused(
                &mut host,
                &key,
                "clients/update",
                JSON,
                client.to_string(),
                message,
            );
        }
    }
    for field in ["name", "id_country", "e_mail"] {
        let mut client = good.clone();
        client.as_object_mut().unwrap().remove(field);
        let message = format!("{field}: is required");
        refused(
            &mut host,
            &key,
            "clients/create",
            JSON,
            client.to_string(),
            &message,
        );
    }
}

#[test]
fn payments() {
    let (mut host, key) = host_with_client();
    let good = json!({ "id_client": 1, "price": 1, "period": 1 });
    let long = |length: usize| json!(format!("https://a.example/{}", "x".repeat(length - 18)));
    for (field, value, message) in [
        ("id_client", json!(2), "Client not found"),
        ("id_client", json!(u64::MAX), "Client not found"),
        (
            "id_client",
            json!("1x"),
            "id_client: must be a whole number that is not negative",
        ),
        (
            "id_client",
            json!(""),
            "id_client: must be a whole number that is not negative",
        ),
        ("price", json!(0), "price: must be more than zero"),
        ("price", json!("0.00"), "price: must be more than zero"),
        ("price", json!(-1), "price: must not be negative"),
        ("price", json!("1.005"), "price: has more than 2 decimal places"),
        ("price", json!("abc"), "price: must be a number"),
        ("price", json!(""), "price: must be a number"),
        ("price", json!("1,50"), "price: must be a number"),
        ("price", json!("NaN"), "price: must be a number"),
        ("price", json!("1e10"), "price: is too large"),
        ("price", json!("1e99"), "price: is too large"),
        ("price", json!("1000000000"), "price: is too large"),
        ("price", json!([1]), "price: must be a number"),
        ("price", json!(true), "price: must be a number"),
        ("price", json!(null), "price: must be a number"),
        ("period", json!(0), "period: must be 1 to 1200 months"),
        ("period", json!(1201), "period: must be 1 to 1200 months"),
        (
            "period",
            json!(-1),
            "period: must be a whole number that is not negative",
        ),
        (
            "period",
            json!("1.5"),
            "period: must be a whole number that is not negative",
        ),
        ("period", json!(null), "period: must be a whole number"),
        (
            "id_payment_system",
            json!(2),
            "id_payment_system: is no payment system of the reseller",
        ),
        (
            "id_payment_system",
            json!("x"),
            "id_payment_system: must be a whole number that is not negative",
        ),
        (
            "id_payment_system",
            json!([]),
            "id_payment_system: must be a whole number",
        ),
        (
            "description",
            json!("d".repeat(501)),
            "description: is longer than 500 characters",
        ),
        (
            "url_success",
            long(256),
            "url_success: is longer than 255 characters",
        ),
        ("url_error", long(256), "url_error: is longer than 255 characters"),
        (
            "url_success",
            json!("mysite.com"),
            "url_success: must be an absolute http or https address",
        ),
        (
            "url_error",
            json!("javascript:alert(1)"),
            "url_error: must be an absolute http or https address",
        ),
        (
            "url_error",
            json!("https://a b"),
            "url_error: must be an absolute http or https address",
        ),
        (
            "url_error",
            json!(1),
            "url_error: must be a string, not integer `1`",
        ),
    ] {
        let mut order = good.clone();
        order[field] = value;
        refused(
            &mut host,
            &key,
            "payments/create",
            JSON,
            order.to_string(),
            message,
        );
    }
    let mut order = good;
    order["url_success"] = long(255);
    order["description"] = json!("d".repeat(500));
    order["period"] = json!("1200");
    assert_eq!(
        crate::post(&mut host, &key, "payments/create", &order)["url_success"],
        order["url_success"]
    );
}

#[test]
fn queries() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let uuid = "a".repeat(40);
    for (below, status, message) in [
        ("clients", 422, "id_client: is required"),
        (
            "clients?id_client=",
            422,
            "id_client: must be a whole number that is not negative",
        ),
        (
            "clients?id_client=abc",
            422,
            "id_client: must be a whole number that is not negative",
        ),
        (
            "clients?id_client=-1",
            422,
            "id_client: must be a whole number that is not negative",
        ),
        ("clients?id_client[]=1", 422, "id_client: is required"),
        (
            "clients?id_client=1&id_client=2",
            422,
            "id_client: is given twice",
        ),
        ("clients?id_client=0", 404, "Client not found"),
        ("clients?id_client=2", 404, "Client not found"),
        ("clients?id_client=18446744073709551615", 404, "Client not found"),
        (
            "clients?id_client=18446744073709551616",
            422,
            "id_client: is too large",
        ),
        ("clients?id_client=%ff", 422, "the query is not UTF-8"),
        ("clients/find/email", 422, "email: is required"),
        ("clients/find/email?email=", 422, "email: must not be empty"),
        (
            "clients/find/email?email=nobody",
            422,
            "email: is not an e-mail address",
        ),
        (
            "clients/find/email?email=nobody@example.com",
            404,
            "Client not found",
        ),
        ("payments", 422, "id_client: is required"),
        ("payments?id_client=7", 404, "Client not found"),
        ("payments/id", 422, "id_payment: is required"),
        (
            "payments/id?id_payment=1.0",
            422,
            "id_payment: must be a whole number that is not negative",
        ),
        ("payments/id?id_payment=2", 404, "Payment not found"),
        (
            "payments/id?id_payment=18446744073709551615",
            404,
            "Payment not found",
        ),
        ("payments/uuid", 422, "uuid_payment: is required"),
        (
            &format!("payments/uuid?uuid_payment={}", &uuid[1..]),
            422,
            "uuid_payment: is shorter than 40 characters",
        ),
        (
            &format!("payments/uuid?uuid_payment={uuid}a"),
            422,
            "uuid_payment: is longer than 40 characters",
        ),
        (
            &format!("payments/uuid?uuid_payment={uuid}"),
            404,
            "Payment not found",
        ),
        (
            &format!("payments/uuid?uuid_payment={}", "%C3%A9".repeat(40)),
            404,
            "Payment not found",
        ),
    ] {
        let before = host.fingerprint();
        failed(&host.get(&path(&key, below)).send(), status, message);
        assert_eq!(before, host.fingerprint());
    }
}

#[test]
fn bodies() {
    let (mut host, key) = host_with_client();
    for (content_type, body, message) in [
        (JSON, &b""[..], "id_client: is required"),
        (FORM, b"", "id_client: is required"),
        ("", b" \r\n", "id_client: is required"),
        (JSON, b"{", "the JSON ends too early (line 1, column 1)"),
        (
            JSON,
            b"{\"id_client\": 1} {}",
            "the body is not valid JSON (line 1, column 18)",
        ),
        (
            JSON,
            b"id_client=1",
            "the body is not valid JSON (line 1, column 1)",
        ),
        (JSON, b"[1]", "must be an object, not an array"),
        (JSON, b"\"x\"", "must be an object, not string \"x\""),
        (
            JSON,
            b"{\"id_client\": 1, \"id_client\": 2}",
            "id_client: is given twice",
        ),
        (
            JSON,
            b"{\"id_client\": \"\xff\"}",
            "the body is not UTF-8 (byte 15)",
        ),
        ("application/vnd.api+json", b"{}", "id_client: is required"),
        ("text/plain", b"{}", "id_client: is required"),
        (
            "",
            b"{\"id_client\": -1}",
            "id_client: must be a whole number that is not negative",
        ),
        (
            "",
            b"id_client=x",
            "id_client: must be a whole number that is not negative",
        ),
        (FORM, b"id_client=\xff", "the body is not UTF-8"),
        (FORM, b"id_client=%ff", "the body is not UTF-8"),
        (FORM, b"id_client[]=1", "id_client: is required"),
        (FORM, b"{\"id_client\": 1}", "id_client: is required"),
        (
            "multipart/form-data; boundary=x",
            b"--x",
            "the multipart body has a boundary that does not end its line",
        ),
    ] {
        for below in ["clients/update", "clients/delete"] {
            refused(&mut host, &key, below, content_type, body, message);
        }
    }
    for (below, field) in [
        ("payments/delete", "id_payment"),
        ("payments/create", "id_client"),
    ] {
        refused(
            &mut host,
            &key,
            below,
            JSON,
            "{}",
            &format!("{field}: is required"),
        );
    }
    refused(
        &mut host,
        &key,
        "payments/delete",
        FORM,
        "id_payment=1",
        "Payment not found",
    );
}
