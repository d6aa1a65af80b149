//! Bad input: each line is refused with 422, names its field, and leaves nothing behind.

use mooring_sdk::testing::AttemptDone;
use serde_json::json;

use crate::{INVOICES, host, host_with_reseller, invoice, refused, user};

#[test]
fn bad_invoices() {
    let long = "x".repeat(192);
    let url = format!("https://example.com/{}", "x".repeat(2000));
    let fat = "x".repeat(2048);
    for (body, field, reason) in [
        ("{}", "amount", "is required"),
        (r#"{"amount":null}"#, "amount", "must be a number"),
        (r#"{"amount":""}"#, "amount", "must be a number"),
        (r#"{"amount":"abc"}"#, "amount", "must be a number"),
        (r#"{"amount":true}"#, "amount", "must be a number"),
        (r#"{"amount":[]}"#, "amount", "must be a number"),
        (r#"{"amount":{}}"#, "amount", "must be a number"),
        (r#"{"amount":"NaN"}"#, "amount", "must be a number"),
        (r#"{"amount":"Infinity"}"#, "amount", "must be a number"),
        (r#"{"amount":"1,50"}"#, "amount", "must be a number"),
        (r#"{"amount":"0x10"}"#, "amount", "must be a number"),
        (r#"{"amount":"$5"}"#, "amount", "must be a number"),
        (r#"{"amount":0}"#, "amount", "must be more than zero"),
        (r#"{"amount":"0.00"}"#, "amount", "must be more than zero"),
        (r#"{"amount":-1}"#, "amount", "must not be negative"),
        (r#"{"amount":"-0.01"}"#, "amount", "must not be negative"),
        (r#"{"amount":0.001}"#, "amount", "has more than 2 decimal places"),
        (r#"{"amount":49.905}"#, "amount", "has more than 2 decimal places"),
        (
            r#"{"amount":2.5,"currency":"JPY"}"#,
            "amount",
            "has more than 0 decimal places",
        ),
        (
            r#"{"amount":1.2345,"currency":"KWD"}"#,
            "amount",
            "has more than 3 decimal places",
        ),
        (r#"{"amount":1000000000}"#, "amount", "is too large"),
        (r#"{"amount":1e300}"#, "amount", "is too large"),
        (r#"{"amount":99999999999999999999}"#, "amount", "is too large"),
        (
            r#"{"amount":1,"currency":"DOLLAR"}"#,
            "currency",
            "is not a currency of ISO 4217",
        ),
        (
            r#"{"amount":1,"currency":"XAU"}"#,
            "currency",
            "is not a currency of ISO 4217",
        ),
        (
            r#"{"amount":1,"currency":"USDT"}"#,
            "currency",
            "is not a currency of ISO 4217",
        ),
        (
            r#"{"amount":1,"currency":"BTC"}"#,
            "currency",
            "is not a currency of ISO 4217",
        ),
        (
            r#"{"amount":1,"currency":"💶"}"#,
            "currency",
            "is not a currency of ISO 4217",
        ),
        (
            r#"{"amount":1,"currency":840}"#,
            "currency",
            "must be a string, not number",
        ),
        (
            r#"{"amount":1,"currency":"EUR"}"#,
            "currency",
            "there is no exchange rate from EUR to USD",
        ),
        (
            r#"{"amount":1,"client_remote_id":true}"#,
            "client_remote_id",
            "must be a string",
        ),
        (
            r#"{"amount":1,"client_remote_id":{}}"#,
            "client_remote_id",
            "must be a string",
        ),
        (
            r#"{"amount":1,"client_remote_id":["a"]}"#,
            "client_remote_id",
            "must be a string",
        ),
        (
            &format!(r#"{{"amount":1,"client_remote_id":"{long}"}}"#),
            "client_remote_id",
            "is longer than 191 characters",
        ),
        (
            r#"{"amount":1,"client_remote_id":"a\u0000b"}"#,
            "client_remote_id",
            "must not contain control characters",
        ),
        (r#"{"amount":1,"success_url":"example.com"}"#, "success_url", ""),
        (
            r#"{"amount":1,"success_url":"javascript:alert(1)"}"#,
            "success_url",
            "",
        ),
        (r#"{"amount":1,"success_url":"/thanks"}"#, "success_url", ""),
        (
            r#"{"amount":1,"success_url":7}"#,
            "success_url",
            "must be a string, not number",
        ),
        (
            &format!(r#"{{"amount":1,"success_url":"{url}"}}"#),
            "success_url",
            "",
        ),
        (
            r#"{"amount":1,"cancel_url":"ftp://example.com/a"}"#,
            "cancel_url",
            "",
        ),
        (
            r#"{"amount":1,"cancel_url":"data:text/html,x"}"#,
            "cancel_url",
            "",
        ),
        (
            r#"{"amount":1,"metadata":"text"}"#,
            "metadata",
            "must be an object",
        ),
        (r#"{"amount":1,"metadata":7}"#, "metadata", "must be an object"),
        (r#"{"amount":1,"metadata":[1]}"#, "metadata", "must be an object"),
        (
            r#"{"amount":1,"metadata":{"a":[]}}"#,
            "metadata",
            "`a` must be text, a number, true, false or null",
        ),
        (
            r#"{"amount":1,"metadata":{"a":{"b":1}}}"#,
            "metadata",
            "`a` must be text, a number, true, false or null",
        ),
        (
            &format!(r#"{{"amount":1,"metadata":{{"a":"{fat}"}}}}"#),
            "metadata",
            "is larger than 2048 bytes",
        ),
        (
            r#"{"amount":1,"expires_in_minutes":0}"#,
            "expires_in_minutes",
            "must be 1 to 1440",
        ),
        (
            r#"{"amount":1,"expires_in_minutes":1441}"#,
            "expires_in_minutes",
            "must be 1 to 1440",
        ),
        (
            r#"{"amount":1,"expires_in_minutes":18446744073709551615}"#,
            "expires_in_minutes",
            "must be 1 to 1440",
        ),
        (
            r#"{"amount":1,"expires_in_minutes":99999999999999999999}"#,
            "expires_in_minutes",
            "is too large",
        ),
        (
            r#"{"amount":1,"expires_in_minutes":-5}"#,
            "expires_in_minutes",
            "must be a whole number that is not negative",
        ),
        (
            r#"{"amount":1,"expires_in_minutes":1.5}"#,
            "expires_in_minutes",
            "must be a whole number that is not negative",
        ),
        (
            r#"{"amount":1,"expires_in_minutes":"soon"}"#,
            "expires_in_minutes",
            "must be a whole number that is not negative",
        ),
        (
            r#"{"amount":1,"expires_in_minutes":false}"#,
            "expires_in_minutes",
            "must be a whole number",
        ),
        (
            r#"{"amount":1,"locale":"de"}"#,
            "locale",
            "must be one of en, es, fr, pt, ru, ar",
        ),
        (
            r#"{"amount":1,"locale":"EN"}"#,
            "locale",
            "must be one of en, es, fr, pt, ru, ar",
        ),
        (
            r#"{"amount":1,"locale":7}"#,
            "locale",
            "must be a string, not number",
        ),
        (
            r#"{"amount":1,"fiat_enabled":"no"}"#,
            "fiat_enabled",
            "must be true or false, not string \"no\"",
        ),
        (
            r#"{"amount":1,"fiat_enabled":0}"#,
            "fiat_enabled",
            "must be true or false, not number",
        ),
        (r#"{"amount":1,"amount":2}"#, "amount", "is given twice"),
    ] {
        let (mut host, token) = host();
        host.set("fx_rates", "JPY/USD=0.0066 KWD/USD=3.25");
        let answer = refused(&mut host, &token, INVOICES, body, 422, "validation_failed");
        let given = answer["errors"][field][0]
            .as_str()
            .unwrap_or_else(|| panic!("{body}: {answer}"));
        assert!(reason.is_empty() || given == reason, "{body}: {given}");
        assert_eq!(answer["message"], format!("{field}: {given}"), "{body}");
        assert_eq!(answer["errors"].as_object().unwrap().len(), 1);
    }
}

#[test]
fn bodies_that_are_no_json_objects() {
    for body in [
        "",
        " ",
        "null",
        "7",
        "[]",
        "[1]",
        "\"text\"",
        "{",
        "{\"amount\":1",
        "{'amount':1}",
        "amount=1",
        "{\"amount\":1}x",
        "\u{feff}{\"amount\":1}",
    ] {
        let (mut host, token) = host();
        refused(&mut host, &token, INVOICES, body, 422, "validation_failed");
        let (mut host, token) = host_with_reseller("reseller", "10");
        for path in ["/api/reseller/users", "/api/reseller/credits/sell"] {
            refused(&mut host, &token, path, body, 422, "validation_failed");
        }
    }
    let (mut host, token) = host();
    let reply = host
        .post(INVOICES)
        .key(&token)
        .body(vec![b'{', 0xff, b'}'])
        .send();
    crate::failed(&reply, 422, "validation_failed");
}

#[test]
fn bad_refunds_and_captures() {
    let (mut host, token) = host();
    let (payment, id) = invoice(&mut host, &token, &json!({ "amount": 100 }));
    host.pay(&payment, AttemptDone::default());
    for action in ["refund", "capture"] {
        for (body, field) in [
            (r#"{"amount":0}"#, "amount"),
            (r#"{"amount":-1}"#, "amount"),
            (r#"{"amount":0.001}"#, "amount"),
            (r#"{"amount":"ten"}"#, "amount"),
            (r#"{"amount":false}"#, "amount"),
            (r#"{"amount":1e18}"#, "amount"),
            (r#"{"reason":7}"#, "reason"),
            (r#"{"Amount":5}"#, "Amount"),
            (r#"{"reason":"faulty","ammount":5}"#, "ammount"),
        ] {
            let answer = refused(
                &mut host,
                &token,
                &format!("{INVOICES}/{id}/{action}"),
                body,
                422,
                "validation_failed",
            );
            assert!(answer["errors"][field].is_array(), "{body}: {answer}");
        }
        for body in ["{", "[1]", "[{}]", "null", "7"] {
            refused(
                &mut host,
                &token,
                &format!("{INVOICES}/{id}/{action}"),
                body,
                422,
                "validation_failed",
            );
        }
    }
}

/// Else a body would tell anybody whether it is well formed.
#[test]
fn whose_role_does_not_allow_it_is_told_so_whatever_is_sent() {
    let (mut host, token) = host_with_reseller("user", "0");
    for path in ["/api/reseller/users", "/api/reseller/credits/sell"] {
        for body in ["", "{", "{}", r#"{"amount":"many"}"#] {
            refused(&mut host, &token, path, body, 403, "forbidden_role");
        }
    }
}

#[test]
fn bad_users() {
    let (mut host, token) = host_with_reseller("reseller", "0");
    let long = |length: usize| "x".repeat(length);
    for (body, field) in [
        (json!({ "email": "a@example.com" }), "username"),
        (json!({ "username": null, "email": "a@example.com" }), "username"),
        (json!({ "username": 7, "email": "a@example.com" }), "username"),
        (json!({ "username": "", "email": "a@example.com" }), "username"),
        (json!({ "username": "al", "email": "a@example.com" }), "username"),
        (
            json!({ "username": long(61), "email": "a@example.com" }),
            "username",
        ),
        (
            json!({ "username": "al ice", "email": "a@example.com" }),
            "username",
        ),
        (
            json!({ "username": "alice@example.com", "email": "a@example.com" }),
            "username",
        ),
        (
            json!({ "username": "älice", "email": "a@example.com" }),
            "username",
        ),
        (json!({ "username": "alice" }), "email"),
        (json!({ "username": "alice", "email": "" }), "email"),
        (json!({ "username": "alice", "email": "example.com" }), "email"),
        (json!({ "username": "alice", "email": "a@b@c" }), "email"),
        (json!({ "username": "alice", "email": [] }), "email"),
        (
            json!({ "username": "alice", "email": format!("{}@example.com", long(250)) }),
            "email",
        ),
        (
            json!({ "username": "alice", "email": "a@example.com", "name": 7 }),
            "name",
        ),
        (
            json!({ "username": "alice", "email": "a@example.com", "name": long(201) }),
            "name",
        ),
        (
            json!({ "username": "alice", "email": "a@example.com", "password": "short" }),
            "password",
        ),
        (
            json!({ "username": "alice", "email": "a@example.com", "password": long(201) }),
            "password",
        ),
        (
            json!({ "username": "alice", "email": "a@example.com", "password": 12_345_678 }),
            "password",
        ),
    ] {
        let answer = refused(
            &mut host,
            &token,
            "/api/reseller/users",
            &body.to_string(),
            422,
            "validation_failed",
        );
        assert!(answer["errors"][field].is_array(), "{body}: {answer}");
    }
}

#[test]
fn bad_sales() {
    let (mut host, token) = host_with_reseller("reseller", "100");
    user(&mut host, "alice42", "user");
    for (body, field) in [
        (json!({ "amount": 1 }), "recipient"),
        (json!({ "recipient": "", "amount": 1 }), "recipient"),
        (json!({ "recipient": 2, "amount": 1 }), "recipient"),
        (json!({ "recipient": "x".repeat(255), "amount": 1 }), "recipient"),
        (json!({ "recipient": "mario", "amount": 1 }), "recipient"),
        (
            json!({ "recipient": "mario@example.com", "amount": 1 }),
            "recipient",
        ),
        (json!({ "recipient": "alice42" }), "amount"),
        (json!({ "recipient": "alice42", "amount": null }), "amount"),
        (json!({ "recipient": "alice42", "amount": 0 }), "amount"),
        (json!({ "recipient": "alice42", "amount": -5 }), "amount"),
        (json!({ "recipient": "alice42", "amount": 0.001 }), "amount"),
        (json!({ "recipient": "alice42", "amount": "many" }), "amount"),
        (
            json!({ "recipient": "alice42", "amount": "1000000000" }),
            "amount",
        ),
        (json!({ "recipient": "alice42", "amount": 1, "note": 7 }), "note"),
        (
            json!({ "recipient": "alice42", "amount": 1, "note": "x".repeat(256) }),
            "note",
        ),
    ] {
        let answer = refused(
            &mut host,
            &token,
            "/api/reseller/credits/sell",
            &body.to_string(),
            422,
            "validation_failed",
        );
        assert!(answer["errors"][field].is_array(), "{body}: {answer}");
    }
}

#[test]
fn the_host_holds_operators_to_settings_that_work() {
    let host = crate::Host::new();
    let settings = &host.manifest().settings;
    let schema = |name: &str| {
        let setting = settings.iter().find(|setting| setting.name == name);
        setting
            .and_then(|setting| setting.schema.clone())
            .unwrap_or_default()
    };
    for (name, least, most) in [
        ("merchant_id", 1.0, 1e9),
        ("fee_percent", 0.0, 100.0),
        ("fx_markup_percent", 0.0, 99.999),
        ("tolerance_short_percent", 0.0, 100.0),
        ("tolerance_partial_min_percent", 0.0, 100.0),
        ("credit_fee_percent_reseller", 0.0, 100.0),
        ("credit_fee_percent_distributor", 0.0, 100.0),
        ("credit_fee_percent_admin", 0.0, 100.0),
    ] {
        let range = (schema(name)["minimum"].as_f64(), schema(name)["maximum"].as_f64());
        assert_eq!(range, (Some(least), Some(most)), "{name}");
    }
    for name in ["fee_fixed", "tolerance_short"] {
        assert_eq!(schema(name)["minimum"], 0, "{name}");
    }
    assert!(schema("fx_rates")["pattern"].is_string());
    let currencies = schema("default_currency")["enum"].clone();
    let is_known = |code: &str| currencies.as_array().unwrap().contains(&json!(code));
    let known = ["USD", "MXN", "JPY", "XYZ", "usd", "BTC", "XAU"].map(is_known);
    assert_eq!(known, [true, true, true, false, false, false, false]);
}
