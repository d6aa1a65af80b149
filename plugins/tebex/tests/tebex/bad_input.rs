use proptest::prelude::*;
use serde_json::json;

use crate::{by_hand, host, refused};

#[test]
fn what_breaks_a_rule_is_refused_says_so_and_leaves_nothing_behind() {
    let (mut host, secret) = host();
    let transaction = by_hand(&mut host, &secret, 11, "Notch", "1");
    let payment = format!("/payments/{transaction}");
    let note = format!("{payment}/note");
    // Each letter is two in lower case.
    let wide = json!({ "packages": [{ "id": 11 }], "ign": "\u{130}".repeat(100) }).to_string();
    let long = "x".repeat(1001);
    let long_note = json!({ "note": long }).to_string();
    let many = json!({ "packages": vec![json!({ "id": 11 }); 51], "ign": "a" }).to_string();
    for (method, path, body, status, message) in [
        (
            "GET",
            "/package/99",
            "",
            404,
            "No package could be found with the specified id.",
        ),
        ("GET", "/package/abc", "", 404, "Not found."),
        (
            "PUT",
            "/package/99",
            "{}",
            404,
            "No package could be found with the specified id.",
        ),
        (
            "PUT",
            "/package/11",
            r#"{"disabled":"maybe"}"#,
            422,
            "disabled: must be true or false",
        ),
        (
            "PUT",
            "/package/11",
            r#"{"price":"9.999"}"#,
            422,
            "price: has more than 2 decimal places",
        ),
        (
            "PUT",
            "/package/11",
            r#"{"price":-1}"#,
            422,
            "price: must not be negative",
        ),
        (
            "PUT",
            "/package/11",
            r#"{"price":1e12}"#,
            422,
            "price: is too large",
        ),
        (
            "PUT",
            "/package/11",
            r#"{"price":"NaN"}"#,
            422,
            "price: must be a number",
        ),
        (
            "PUT",
            "/package/11",
            r#"{"name":["a"]}"#,
            422,
            "name: must be a string",
        ),
        (
            "GET",
            "/packages?verbose=maybe",
            "",
            422,
            "verbose: must be true or false",
        ),
        (
            "GET",
            "/community_goals/99",
            "",
            404,
            "No community goal could be found with the specified id.",
        ),
        (
            "GET",
            "/payments/tbx-none",
            "",
            404,
            "No payment could be found with the specified id.",
        ),
        (
            "GET",
            "/payments/fields/99",
            "",
            404,
            "No package could be found with the specified id.",
        ),
        ("POST", "/payments", "{}", 422, "packages: is required"),
        (
            "POST",
            "/payments",
            r#"{"packages":[],"ign":"a"}"#,
            422,
            "packages: must be 1 to 50 packages",
        ),
        (
            "POST",
            "/payments",
            &many,
            422,
            "packages: must be 1 to 50 packages",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":11}]}"#,
            422,
            "ign: is required",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":11}],"ign":" "}"#,
            422,
            "ign: must not be empty",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":11}],"ign":"a\nb"}"#,
            422,
            "ign: must not contain control characters",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{}],"ign":"a"}"#,
            422,
            "packages[0].id: is required",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":"x"}],"ign":"a"}"#,
            422,
            "packages[0].id: must be a whole number that is not negative",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":99}],"ign":"a"}"#,
            404,
            "No package could be found with the specified id.",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":11}],"ign":"a","price":"1.001"}"#,
            422,
            "price: has more than 2 decimal places",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":11}],"ign":"a","price":-5}"#,
            422,
            "price: must not be negative",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":12}],"ign":"a"}"#,
            422,
            "options.nickname: is required",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":12,"options":{"nickname":"Bob"}}],"ign":"a"}"#,
            422,
            "options.colour: is required",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":12,"options":{"nickname":"Bob; op","colour":"gold"}}],"ign":"a"}"#,
            422,
            "options.nickname: must be letters and digits",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":12,"options":{"nickname":"Bob","colour":"red"}}],"ign":"a"}"#,
            422,
            "options.colour: is none of its options",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":12,"options":{"nickname":"Bob","colour":"gold","server":"99"}}],"ign":"a"}"#,
            422,
            "options.server: is no server of this package",
        ),
        (
            "POST",
            "/payments",
            r#"{"packages":[{"id":12,"options":{"nickname":["Bob"]}}],"ign":"a"}"#,
            422,
            "packages[0].options: `nickname` must be text or a number",
        ),
        ("PUT", &payment, "{}", 422, "Give a username or a status."),
        (
            "PUT",
            &payment,
            r#"{"status":"declined"}"#,
            422,
            "status: must be one of `complete`, `refund`, `chargeback`",
        ),
        (
            "PUT",
            "/payments/none",
            r#"{"status":"refund"}"#,
            404,
            "No payment could be found with the specified id.",
        ),
        ("POST", &note, "{}", 422, "note: is required"),
        (
            "POST",
            &note,
            &long_note,
            422,
            "note: is longer than 1000 characters",
        ),
        (
            "POST",
            "/payments/none/note",
            r#"{"note":"n"}"#,
            404,
            "No payment could be found with the specified id.",
        ),
        (
            "POST",
            "/checkout",
            r#"{"username":"a"}"#,
            422,
            "package_id: is required",
        ),
        (
            "POST",
            "/checkout",
            r#"{"package_id":11}"#,
            422,
            "username: is required",
        ),
        (
            "POST",
            "/checkout",
            r#"{"package_id":99,"username":"a"}"#,
            404,
            "No package could be found with the specified id.",
        ),
        (
            "POST",
            "/checkout",
            r#"{"package_id":11,"username":"a","options":[1]}"#,
            422,
            "options: must be an object",
        ),
        (
            "GET",
            "/gift-cards/99",
            "",
            404,
            "No gift card could be found with the specified id.",
        ),
        (
            "GET",
            "/gift-cards/lookup/none",
            "",
            404,
            "No gift card could be found with the specified id.",
        ),
        ("POST", "/gift-cards", "{}", 422, "amount: is required"),
        (
            "POST",
            "/gift-cards",
            r#"{"amount":0}"#,
            422,
            "amount: must be more than zero",
        ),
        (
            "POST",
            "/gift-cards",
            r#"{"amount":-5}"#,
            422,
            "amount: must not be negative",
        ),
        (
            "POST",
            "/gift-cards",
            r#"{"amount":"1e30"}"#,
            422,
            "amount: is too large",
        ),
        (
            "POST",
            "/gift-cards",
            r#"{"amount":5,"expires_at":"soon"}"#,
            422,
            "expires_at: must be a time, YYYY-MM-DD HH:MM:SS",
        ),
        (
            "PUT",
            "/gift-cards/99",
            r#"{"amount":5}"#,
            404,
            "No gift card could be found with the specified id.",
        ),
        (
            "PUT",
            "/gift-cards/1",
            r#"{"amount":999999999}"#,
            422,
            "amount: is too large",
        ),
        (
            "DELETE",
            "/gift-cards/99",
            "",
            404,
            "No gift card could be found with the specified id.",
        ),
        (
            "GET",
            "/coupons/99",
            "",
            404,
            "No coupon could be found with the specified id.",
        ),
        (
            "DELETE",
            "/coupons/99",
            "",
            404,
            "No coupon could be found with the specified id.",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"WELCOME10","effective_on":"cart","discount_type":"value","discount_amount":1}"#,
            422,
            "code: has already been taken",
        ),
        (
            "POST",
            "/coupons",
            r#"{"effective_on":"cart","discount_type":"value","discount_amount":1}"#,
            422,
            "code: is required",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"cart","discount_type":"percentage","discount_percentage":101}"#,
            422,
            "discount_percentage: must be 0 to 100, with at most 4 decimal places",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"cart","discount_type":"value","discount_amount":1,"discount_application_method":3}"#,
            422,
            "discount_application_method: must be 0, 1 or 2",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"cart","discount_type":"value","start_date":"tomorrow"}"#,
            422,
            "start_date: must be a day, YYYY-MM-DD",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"cart","discount_type":"value","expire_never":false}"#,
            422,
            "expire_date: is required unless expire_never is true",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"cart","discount_type":"value","redeem_unlimited":0}"#,
            422,
            "expire_limit: is required unless redeem_unlimited is true",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"cart","discount_type":"percentage"}"#,
            422,
            "discount_percentage: must be more than zero",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"package","discount_type":"value","discount_amount":1}"#,
            422,
            "packages: is required",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"category","categories":[9],"discount_type":"value","discount_amount":1}"#,
            422,
            "categories: there is no 9",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"cart","discount_type":"value","discount_amount":1,"expire_date":"2027-01-15"}"#,
            422,
            "expire_date: is past",
        ),
        (
            "POST",
            "/coupons",
            r#"{"code":"A","effective_on":"cart","discount_type":"value","discount_amount":1,"expire_date":"2027-02-01","start_date":"2027-02-01"}"#,
            422,
            "expire_date: must be after start_date",
        ),
        (
            "POST",
            "/gift-cards",
            r#"{"amount":5,"expires_at":"2027-01-15 08:00:00"}"#,
            422,
            "expires_at: is past",
        ),
        ("POST", "/payments", &wide, 422, "The player's name is too long."),
        ("POST", "/bans", "{}", 422, "user: is required unless ip is given"),
        (
            "POST",
            "/bans",
            r#"{"user":"a","ip":"not-an-ip"}"#,
            422,
            "ip: must be an address, such as 127.0.0.1",
        ),
        ("GET", "/nowhere", "", 404, "Not found."),
        ("PATCH", "/payments", "", 405, "Method not allowed."),
    ] {
        let before = format!("{method} {path} {body}");
        assert_eq!(
            refused(&mut host, &secret, method, path, body, status),
            message,
            "{before}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_is_sent_is_answered(
        route in any::<prop::sample::Index>(),
        parameter in prop_oneof![Just("1".to_owned()), Just("11".to_owned()), "[a-zA-Z0-9%~_-]{1,12}"],
        query in "[a-z0-9=&%\\[\\]+._-]{0,40}",
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            "\\{\"(ids|amount|price|status|username|packages)\":(1|\"x\"|\\[1\\]|\\{\\}|null|-1e9)\\}".prop_map(String::into_bytes),
        ],
    ) {
        let (mut host, secret) = host();
        let route = route.get(&host.manifest().routes).clone();
        let segments = route.path.split('/').map(|segment| {
            if segment.starts_with('{') { parameter.clone() } else { segment.to_owned() }
        });
        let path = segments.collect::<Vec<_>>().join("/");
        let before = host.fingerprint();
        let reply = host.request(&route.method, &format!("{path}?{query}")).key(&secret).body(body).send();
        prop_assert!(reply.status < 500, "{} {path}?{query}: {}", route.method, reply.text());
        if reply.status >= 400 {
            let answer = reply.json();
            prop_assert_eq!(&answer["error_code"], &json!(reply.status));
            prop_assert_eq!(before, host.fingerprint());
        }
    }
}
