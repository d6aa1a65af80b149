use mooring_sdk::money::Amount;
use mooring_sdk::payments::Status as Core;
use mooring_sdk::services::Status;
use mooring_sdk::testing::AttemptDone;
use serde_json::{Value, json};

use crate::{Host, MERCHANT, balance, buy, call, get, host, offline, online, pay, refused, sum, write};

#[track_caller]
fn check_out(host: &mut Host, secret: &str, body: &Value) -> Value {
    call(host, secret, "POST", "/checkout", body, 201)
}

#[test]
fn a_checkout_is_a_payment_and_what_is_paid_is_delivered() {
    let (mut host, secret) = host();
    let answer = check_out(
        &mut host,
        &secret,
        &json!({ "package_id": "11", "username": "Notch" }),
    );
    let payment = host.payments()[0].clone();
    assert_eq!(
        answer,
        json!({ "url": payment.pay_url, "expires": "2027-01-15T09:00:00+0000" })
    );
    assert!(
        payment
            .pay_url
            .ends_with(&format!("/checkout/{}", payment.reference))
    );
    let asked = host.asked(&payment.id);
    assert_eq!(
        (asked.amount.minor, asked.user, asked.description.as_str()),
        (999, Some(1), "VIP")
    );
    assert_eq!(asked.success_url.as_deref(), Some("https://store.example.com"));
    // Nothing is delivered before it is paid.
    assert_eq!(get(&mut host, &secret, "/payments"), json!([]));
    assert_eq!(offline(&mut host, &secret), [""; 0]);

    pay(&mut host);
    let payments = get(&mut host, &secret, "/payments");
    assert_eq!(
        payments,
        json!([{
            "id": 1, "amount": "9.99", "status": "Complete", "date": "2027-01-15T08:00:00+0000",
            "currency": { "iso_4217": "USD", "symbol": "$" }, "gateway": { "id": 0, "name": "Sandbox" }, "email": "",
            "player": { "id": 1, "name": "Notch", "uuid": null }, "packages": [{ "id": 11, "name": "VIP" }],
            "notes": [], "creator_code": null,
        }])
    );
    let service = host.services()[0].clone();
    assert_eq!(
        (service.user, service.status, service.product.as_str()),
        (1, Status::Active, "VIP")
    );
    let user = host.users()[0].clone();
    assert_eq!(
        (user.name.as_str(), user.email.as_str()),
        ("Notch", "player-1@tebex.invalid")
    );
    assert_eq!(user.external_ref.as_deref(), Some("tebex:notch"));
    assert_eq!((balance(&mut host, MERCHANT), sum(&mut host)), (999, 0));
    assert_eq!(
        (
            offline(&mut host, &secret).len(),
            online(&mut host, &secret, 1).len()
        ),
        (1, 1)
    );
}

#[test]
fn a_player_is_one_user_however_the_name_is_written() {
    let (mut host, secret) = host();
    for username in ["Notch", "notch", " NOTCH "] {
        check_out(
            &mut host,
            &secret,
            &json!({ "package_id": 11, "username": username }),
        );
    }
    assert_eq!(host.users().len(), 1);
    check_out(
        &mut host,
        &secret,
        &json!({ "package_id": 11, "username": "76561198000000001" }),
    );
    check_out(
        &mut host,
        &secret,
        &json!({ "package_id": 11, "username": 76_561_198_000_000_001_u64 }),
    );
    assert_eq!(host.users().len(), 2);
    assert_eq!(
        host.users()[1].external_ref.as_deref(),
        Some("tebex:76561198000000001")
    );
}

#[test]
fn the_operators_user_is_the_player_whose_name_it_has() {
    use mooring_sdk::users::{self, NewUser};
    let (mut host, secret) = host();
    let new = NewUser {
        email: "notch@example.com".to_owned(),
        external_ref: Some("tebex:notch".to_owned()),
        ..NewUser::default()
    };
    let id = host.act(|| users::create(new)).expect("a user").id;
    buy(&mut host, &secret, 11, "Notch");
    let payment = &get(&mut host, &secret, "/payments")[0];
    assert_eq!(payment["player"]["id"], json!(id));
    assert_eq!(payment["email"], "notch@example.com");
    assert_eq!(host.users().len(), 1);
}

#[test]
fn a_category_has_an_address_in_the_store() {
    let (mut host, secret) = host();
    let answer = check_out(
        &mut host,
        &secret,
        &json!({ "category_id": 2, "username": "Notch" }),
    );
    assert_eq!(answer["url"], "https://store.example.com/category/2");
    assert!(host.payments().is_empty());
    refused(
        &mut host,
        &secret,
        "POST",
        "/checkout",
        r#"{"category_id":9,"username":"a"}"#,
        404,
    );
}

#[test]
fn sales_and_choices_are_in_the_price() {
    let (mut host, secret) = host();
    buy(&mut host, &secret, 11, "Notch");
    // The sale of the demo takes a quarter off the category.
    check_out(
        &mut host,
        &secret,
        &json!({ "package_id": 14, "username": "Notch" }),
    );
    assert_eq!(host.payments()[1].amount.minor, 600);
    for (options, minor) in [
        (json!({ "nickname": "Bob" }), 450),
        (json!({ "nickname": "Bob", "colour": "gold" }), 550),
        (json!({ "colour": "gray", "nickname": "Bob" }), 450),
    ] {
        check_out(
            &mut host,
            &secret,
            &json!({ "package_id": 12, "username": "Notch", "options": options }),
        );
        assert_eq!(host.payments().last().unwrap().amount.minor, minor, "{options}");
    }
}

#[test]
fn what_costs_nothing_is_delivered_at_once() {
    let (mut host, secret) = host();
    let free =
        json!({ "name": "Hug", "price": "0", "category": 1, "commands": [{ "command": "hug {name}" }] });
    write(&mut host, "packages", "15", &free);
    let answer = check_out(
        &mut host,
        &secret,
        &json!({ "package_id": 15, "username": "Notch" }),
    );
    assert_eq!(answer["url"], "https://store.example.com");
    assert_eq!(offline(&mut host, &secret), ["hug {name}"]);
    let payment = &get(&mut host, &secret, "/payments")[0];
    assert_eq!(
        (&payment["amount"], &payment["gateway"]["name"]),
        (&json!("0.00"), &json!("Free"))
    );
    assert!(host.payments().is_empty() && host.postings().is_empty());
}

#[test]
fn a_part_of_the_price_buys_nothing() {
    let (mut host, secret) = host();
    check_out(
        &mut host,
        &secret,
        &json!({ "package_id": 11, "username": "Notch" }),
    );
    let id = host.payments()[0].id.clone();
    let less = AttemptDone::received(Amount::from_minor(998, "USD").unwrap());
    assert_ne!(host.pay(&id, less).status, Core::Succeeded);
    assert_eq!(get(&mut host, &secret, "/payments"), json!([]));
    assert_eq!(
        (balance(&mut host, MERCHANT), offline(&mut host, &secret).len()),
        (0, 0)
    );
}

#[test]
fn a_checkout_that_nobody_pays_expires() {
    let (mut host, secret) = host();
    host.set("checkout_minutes", "5");
    check_out(
        &mut host,
        &secret,
        &json!({ "package_id": 11, "username": "Notch" }),
    );
    host.advance(5 * 60_000);
    host.run_jobs();
    assert_eq!(host.payments()[0].status, Core::Expired);
    assert_eq!(get(&mut host, &secret, "/payments"), json!([]));
}

#[test]
fn what_a_player_cannot_have_is_not_sold() {
    let (mut host, secret) = host();
    let disabled = json!({ "name": "Off", "price": "1", "category": 1, "disabled": true });
    let over = json!({ "name": "Over", "price": "1", "category": 1, "show_until": "2027-01-15 08:00:00" });
    let last = json!({ "name": "Last", "price": "1", "category": 1, "show_until": "2027-01-15 08:00:01" });
    let scarce = json!({ "name": "Scarce", "price": "1", "category": 1, "global_limit": 2, "global_limit_period": "day" });
    let any = json!({ "name": "Any", "price": "1", "category": 1, "required_packages": [11, 13], "require_any": true });
    for (id, package) in [
        ("20", disabled),
        ("21", over),
        ("22", last),
        ("23", scarce),
        ("24", any),
    ] {
        write(&mut host, "packages", id, &package);
    }
    let not_for_sale = |host: &mut Host, package: u64, username: &str| {
        let body = json!({ "package_id": package, "username": username }).to_string();
        refused(host, &secret, "POST", "/checkout", &body, 422)
    };
    for package in [20, 21] {
        assert_eq!(
            not_for_sale(&mut host, package, "Notch"),
            "This package is not for sale."
        );
    }
    for package in [14, 24] {
        let why = not_for_sale(&mut host, package, "Notch");
        assert_eq!(why, "The player does not have what this package requires.");
    }
    for package in [22, 13, 24, 23] {
        buy(&mut host, &secret, package, "Notch");
    }
    let often = "This package has been bought as often as it can be.";
    assert_eq!(
        not_for_sale(&mut host, 13, "Notch"),
        often,
        "once for each player"
    );
    buy(&mut host, &secret, 13, "jeb_");
    buy(&mut host, &secret, 23, "jeb_");
    assert_eq!(
        not_for_sale(&mut host, 23, "Dinnerbone"),
        often,
        "twice a day for all"
    );
    host.advance(24 * 3_600_000 + 1);
    buy(&mut host, &secret, 23, "Dinnerbone");
}

#[test]
fn what_is_no_longer_sold_is_on_no_shelf() {
    let (mut host, secret) = host();
    let last = json!({ "name": "Last", "price": "1", "category": 1, "show_until": "2027-01-15 08:00:01" });
    write(&mut host, "packages", "22", &last);
    let is_on_a_shelf = |host: &mut Host| {
        let listing = get(host, &secret, "/listing");
        let categories = listing["categories"].as_array().unwrap().iter();
        let mut packages = categories.flat_map(|category| category["packages"].as_array().unwrap());
        packages.any(|package| package["id"] == json!(22))
    };
    assert!(is_on_a_shelf(&mut host));
    host.advance(1000);
    assert!(!is_on_a_shelf(&mut host));
    // Those who look after the store still find it.
    assert_eq!(get(&mut host, &secret, "/package/22")["name"], "Last");
}

#[test]
fn a_refund_makes_room_for_another_sale() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 13, "Notch");
    let path = format!("/payments/{transaction}");
    call(
        &mut host,
        &secret,
        "PUT",
        &path,
        &json!({ "status": "chargeback" }),
        204,
    );
    buy(&mut host, &secret, 13, "Notch");
}

#[test]
fn text_that_a_command_needs_is_never_assumed() {
    let (mut host, secret) = host();
    for body in [
        r#"{"package_id":12,"username":"Notch"}"#,
        r#"{"package_id":12,"username":"Notch","options":{"nickname":" "}}"#,
    ] {
        let why = refused(&mut host, &secret, "POST", "/checkout", body, 422);
        assert_eq!(why, "options.nickname: is required");
    }
}

#[test]
fn a_package_without_a_price_of_its_own_costs_what_is_said() {
    let (mut host, secret) = host();
    let donation = json!({ "name": "Donation", "price": "0", "category": 1, "custom_price": true });
    write(&mut host, "packages", "30", &donation);
    for (path, body, why) in [
        (
            "/checkout",
            r#"{"package_id":30,"username":"Notch"}"#,
            "options.price: is required",
        ),
        (
            "/checkout",
            r#"{"package_id":30,"username":"Notch","options":{"price":"-1"}}"#,
            "options.price: must not be negative",
        ),
        (
            "/checkout",
            r#"{"package_id":30,"username":"Notch","options":{"price":"9999999999"}}"#,
            "options.price: is too large",
        ),
        (
            "/payments",
            r#"{"packages":[{"id":30}],"ign":"Notch"}"#,
            "options.price: is required",
        ),
        (
            "/payments",
            r#"{"packages":[{"id":30,"options":{"price":"1.001"}}],"ign":"Notch"}"#,
            "options.price: has more than 2 decimal places",
        ),
    ] {
        assert_eq!(refused(&mut host, &secret, "POST", path, body, 422), why);
    }
    let body = json!({ "package_id": 30, "username": "Notch", "options": { "price": "15.00" } });
    check_out(&mut host, &secret, &body);
    assert_eq!(host.payments()[0].amount.minor, 1500);
    for (body, amount) in [
        (
            json!({ "packages": [{ "id": 30, "options": { "price": 15 } }, { "id": 13 }], "ign": "Notch" }),
            "17.99",
        ),
        // The price of all of it leaves nothing to be said of one.
        (
            json!({ "packages": [{ "id": 30 }], "ign": "Notch", "price": 7 }),
            "7.00",
        ),
    ] {
        call(&mut host, &secret, "POST", "/payments", &body, 204);
        assert_eq!(get(&mut host, &secret, "/payments")[0]["amount"], amount);
    }
}

#[test]
fn an_open_checkout_counts_for_the_limits_until_nobody_can_pay_it() {
    let (mut host, secret) = host();
    let scarce = json!({ "name": "Scarce", "price": "1", "category": 1, "global_limit": 1 });
    write(&mut host, "packages", "23", &scarce);
    let body = |username: &str| json!({ "package_id": 23, "username": username });
    check_out(&mut host, &secret, &body("Notch"));
    let other = body("jeb_").to_string();
    let why = refused(&mut host, &secret, "POST", "/checkout", &other, 422);
    assert_eq!(why, "This package has been bought as often as it can be.");
    // Whoever comes back has a new page, and the old one is none any more.
    check_out(&mut host, &secret, &body("Notch"));
    assert_eq!(host.payments()[0].status, Core::Cancelled);
    host.advance(3_600_000);
    host.run_jobs();
    check_out(&mut host, &secret, &body("jeb_"));
    pay(&mut host);
    refused(
        &mut host,
        &secret,
        "POST",
        "/checkout",
        &body("Notch").to_string(),
        422,
    );
}

#[test]
fn a_ban_takes_back_what_is_open() {
    let (mut host, secret) = host();
    check_out(
        &mut host,
        &secret,
        &json!({ "package_id": 11, "username": "Notch" }),
    );
    call(
        &mut host,
        &secret,
        "POST",
        "/bans",
        &json!({ "user": "Notch" }),
        200,
    );
    assert_eq!(host.payments()[0].status, Core::Cancelled);
}
