use serde_json::{Value, json};

use crate::{Host, buy, call, get, host, pay, refused};

#[track_caller]
fn check_out(host: &mut Host, secret: &str, code: &str, username: &str) -> i64 {
    let body = json!({ "package_id": 11, "username": username, "coupon": code });
    call(host, secret, "POST", "/checkout", &body, 201);
    host.payments().last().expect("a payment").amount.minor
}

#[track_caller]
fn turned_down(host: &mut Host, secret: &str, code: &str, username: &str) -> String {
    let body = json!({ "package_id": 11, "username": username, "coupon": code }).to_string();
    refused(host, secret, "POST", "/checkout", &body, 422)
}

fn make(host: &mut Host, secret: &str, changes: &Value) -> Value {
    let mut body = json!({ "code": "ABC", "effective_on": "cart", "discount_type": "percentage", "discount_percentage": 10 });
    for (field, value) in changes.as_object().expect("an object") {
        body[field] = value.clone();
    }
    call(host, secret, "POST", "/coupons", &body, 200)["data"].clone()
}

#[test]
fn a_coupon_is_shown_as_the_provider_shows_it() {
    let (mut host, secret) = host();
    let coupon = make(&mut host, &secret, &json!({}));
    assert_eq!(
        coupon,
        json!({
            "id": 2, "code": "ABC", "effective": { "type": "cart", "packages": [], "categories": [] },
            "discount": { "type": "percentage", "percentage": 10, "value": 0 },
            "expire": { "redeem_unlimited": "true", "expire_never": "true", "limit": 0, "date": "9999-12-31T00:00:00+00:00" },
            "basket_type": "both", "start_date": "2027-01-15T08:00:00+00:00", "user_limit": 0, "minimum": 0,
            "username": "", "note": "",
        })
    );
    assert_eq!(get(&mut host, &secret, "/coupons/2"), json!({ "data": coupon }));
    let list = get(&mut host, &secret, "/coupons");
    let pagination =
        json!({ "totalResults": 2, "currentPage": 1, "lastPage": 1, "previous": null, "next": null });
    assert_eq!(list["pagination"], pagination);
    assert_eq!(list["data"][0], coupon);
}

#[test]
fn a_coupon_takes_off_what_it_says() {
    let (mut host, secret) = host();
    assert_eq!(check_out(&mut host, &secret, "WELCOME10", "Notch"), 899);
    make(
        &mut host,
        &secret,
        &json!({ "code": "TWO", "discount_type": "value", "discount_amount": "2.00" }),
    );
    assert_eq!(check_out(&mut host, &secret, "TWO", "Notch"), 799);
    make(
        &mut host,
        &secret,
        &json!({ "code": "HALF", "discount_percentage": "12.5", "minimum": "9.99" }),
    );
    assert_eq!(check_out(&mut host, &secret, "HALF", "Notch"), 874);
}

#[test]
fn coupons_that_do_not_hold_are_refused_and_say_why() {
    let (mut host, secret) = host();
    for (changes, why) in [
        (json!({ "start_date": "2027-01-16" }), "coupon: is not valid yet"),
        (json!({ "username": "jeb_" }), "coupon: is for somebody else"),
        (
            json!({ "basket_type": "subscription" }),
            "coupon: is not for this kind of basket",
        ),
        (
            json!({ "minimum": "10.00" }),
            "This coupon needs a basket of at least 10.00 USD.",
        ),
        (
            json!({ "effective_on": "package", "packages": [12] }),
            "This coupon is not for anything in the basket.",
        ),
        (
            json!({ "effective_on": "category", "categories": ["2"] }),
            "This coupon is not for anything in the basket.",
        ),
    ] {
        let coupon = make(&mut host, &secret, &changes);
        assert_eq!(turned_down(&mut host, &secret, "ABC", "Notch"), why, "{changes}");
        call(
            &mut host,
            &secret,
            "DELETE",
            &format!("/coupons/{}", coupon["id"]),
            &Value::Null,
            204,
        );
    }
    assert_eq!(
        turned_down(&mut host, &secret, "ABC", "Notch"),
        "coupon: does not exist"
    );
}

#[test]
fn what_is_redeemed_is_counted_when_it_is_paid() {
    let (mut host, secret) = host();
    make(
        &mut host,
        &secret,
        &json!({ "redeem_unlimited": false, "expire_limit": 2, "user_limit": 1 }),
    );
    for username in ["Notch", "jeb_"] {
        check_out(&mut host, &secret, "ABC", username);
        if username == "Notch" {
            check_out(&mut host, &secret, "ABC", username);
        }
        pay(&mut host);
        let why = turned_down(&mut host, &secret, "ABC", username);
        assert!(why.ends_with("as often as it can be"), "{why}");
    }
    let why = turned_down(&mut host, &secret, "ABC", "Dinnerbone");
    assert_eq!(why, "coupon: has been redeemed as often as it can be");
}

#[test]
fn a_code_is_given_away_once_and_free_again_when_it_is_deleted() {
    let (mut host, secret) = host();
    make(&mut host, &secret, &json!({}));
    let body =
        json!({ "code": "ABC", "effective_on": "cart", "discount_type": "value", "discount_amount": 1 })
            .to_string();
    assert_eq!(
        refused(&mut host, &secret, "POST", "/coupons", &body, 422),
        "code: has already been taken"
    );
    call(
        &mut host,
        &secret,
        "DELETE",
        "/coupons/ABC/code",
        &Value::Null,
        204,
    );
    refused(&mut host, &secret, "DELETE", "/coupons/ABC/code", "", 404);
    make(&mut host, &secret, &json!({}));
}

#[test]
fn coupons_come_in_pages() {
    let (mut host, secret) = host();
    host.set("api_url", "https://shop.example.com/tebex/");
    for number in 2..=30 {
        make(&mut host, &secret, &json!({ "code": format!("C{number}") }));
    }
    let first = get(&mut host, &secret, "/coupons");
    assert_eq!(first["data"].as_array().unwrap().len(), 25);
    assert_eq!(
        first["pagination"]["next"],
        "https://shop.example.com/tebex/coupons?page=2"
    );
    let second = get(&mut host, &secret, "/coupons?page=2");
    assert_eq!(
        second["pagination"],
        json!({
            "totalResults": 30, "currentPage": 2, "lastPage": 2,
            "previous": "https://shop.example.com/tebex/coupons?page=1", "next": null,
        })
    );
    assert_eq!(second["data"].as_array().unwrap().len(), 5);
    buy(&mut host, &secret, 11, "Notch");
}

#[test]
fn an_expired_coupon_is_refused() {
    let (mut host, secret) = host();
    make(&mut host, &secret, &json!({ "expire_date": "2027-01-16" }));
    assert_eq!(check_out(&mut host, &secret, "ABC", "Notch"), 899);
    host.advance(16 * 3_600_000);
    let why = turned_down(&mut host, &secret, "ABC", "Notch");
    assert_eq!(why, "coupon: has expired");
}

#[test]
fn an_open_checkout_has_redeemed_its_coupon() {
    let (mut host, secret) = host();
    make(
        &mut host,
        &secret,
        &json!({ "redeem_unlimited": false, "expire_limit": 1 }),
    );
    check_out(&mut host, &secret, "ABC", "Notch");
    let why = turned_down(&mut host, &secret, "ABC", "jeb_");
    assert_eq!(why, "coupon: has been redeemed as often as it can be");
    host.advance(3_600_000);
    host.run_jobs();
    check_out(&mut host, &secret, "ABC", "jeb_");
}

#[test]
fn coupons_are_made_as_official_clients_make_them() {
    let (mut host, secret) = host();
    // BuycraftX: days with a time, and another word for the limit of one player.
    let made = make(
        &mut host,
        &secret,
        &json!({ "start_date": "2027-02-01T00:00:00+01", "expire_date": "2027-03-01T12:30:00Z", "redeem_limit": 3 }),
    );
    assert_eq!(made["start_date"], "2027-02-01T00:00:00+00:00");
    assert_eq!(made["expire"]["date"], "2027-03-01T00:00:00+00:00");
    assert_eq!(made["user_limit"], json!(3));
    // Tebex-Minecraft: the value as a percentage too.
    let made = make(
        &mut host,
        &secret,
        &json!({ "code": "BIG", "discount_type": "value", "discount_amount": 150, "discount_percentage": 150 }),
    );
    assert_eq!(
        made["discount"].to_string(),
        r#"{"percentage":0,"type":"value","value":150}"#
    );
}
