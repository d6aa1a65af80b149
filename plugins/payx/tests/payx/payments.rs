use mooring_sdk::payments::{AttemptState, Status};
use mooring_sdk::records;
use mooring_sdk::testing::AttemptDone;
use serde_json::json;

use crate::{failed, get, host_with_client, newest, path, payment, post};

#[test]
fn a_uuid_is_40_hexadecimal_digits_and_the_reference_of_the_page() {
    let (mut host, key) = host_with_client();
    let (first, second) = (payment(&mut host, &key), payment(&mut host, &key));
    for payment in [&first, &second] {
        let uuid = payment["uuid_payment"].as_str().unwrap();
        assert_eq!(uuid.len(), 40);
        assert!(
            uuid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "{uuid}"
        );
    }
    assert_ne!(first["uuid_payment"], second["uuid_payment"]);
    let made = host.payment(&newest(&host));
    assert_eq!(made.reference, second["uuid_payment"].as_str().unwrap());
    assert!(made.expires_at.is_none(), "a link stays good until it is paid");
}

#[test]
fn numbers_go_on_where_the_last_one_was_and_lists_are_in_their_order() {
    let (mut host, key) = host_with_client();
    host.act(|| records::put("numbers", "payments", &json!({ "number": 1612 })))
        .unwrap();
    let numbers: Vec<_> = (0..3)
        .map(|_| payment(&mut host, &key)["id_payment"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1613, 1614, 1615]);
    let listed = get(&mut host, &key, "payments?id_client=1");
    let listed: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|payment| payment["id_payment"].as_u64().unwrap())
        .collect();
    assert_eq!(listed, numbers);
}

#[test]
fn a_list_is_of_one_client_and_without_deleted_payments() {
    let (mut host, key) = host_with_client();
    let other = json!({ "name": "Other", "id_country": 1, "e_mail": "other@example.com" });
    post(&mut host, &key, "clients/create", &other);
    payment(&mut host, &key);
    post(
        &mut host,
        &key,
        "payments/create",
        &json!({ "id_client": 2, "price": "1", "period": 1 }),
    );
    payment(&mut host, &key);
    post(&mut host, &key, "payments/delete", &json!({ "id_payment": 3 }));
    assert_eq!(host.payment(&newest(&host)).status, Status::Cancelled);
    for (client, number) in [(1, 1), (2, 2)] {
        let listed = get(&mut host, &key, &format!("payments?id_client={client}"));
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["id_payment"], number);
    }
}

#[test]
fn a_list_is_as_long_as_it_is() {
    let (mut host, key) = host_with_client();
    for _ in 0..503 {
        payment(&mut host, &key);
    }
    let listed = get(&mut host, &key, "payments?id_client=1");
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 503);
    assert!(
        listed
            .iter()
            .zip(1..)
            .all(|(payment, number)| payment["id_payment"] == number)
    );
}

#[test]
fn a_list_that_is_too_long_for_an_answer_is_refused_in_words() {
    let (mut host, key) = host_with_client();
    let long = |length: usize| "\u{1f600}".repeat(length);
    let note = long(255);
    let client = json!({ "id_client": 1, "city": note, "postal_code": note, "address": note, "phone": note });
    post(&mut host, &key, "clients/update", &client);
    let order = json!({ "id_client": 1, "price": 1, "period": 1, "description": long(500) });
    for _ in 0..450 {
        post(&mut host, &key, "payments/create", &order);
    }
    let listed = get(&mut host, &key, "payments?id_client=1");
    assert_eq!(listed.as_array().unwrap().len(), 450);
    for _ in 0..80 {
        post(&mut host, &key, "payments/create", &order);
    }
    failed(
        &host.get(&path(&key, "payments?id_client=1")).send(),
        422,
        "The client has too many payments for one list; get them one by one (payments/id, payments/uuid)",
    );
}

#[test]
fn a_part_of_the_price_is_no_payment_and_goes_back() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let id = newest(&host);
    host.pay(
        &id,
        AttemptDone::received(mooring_sdk::money::Amount::from_minor(28_999, "USD").unwrap()),
    );
    let view = get(&mut host, &key, "payments/id?id_payment=1");
    assert_eq!((&view["success"], &view["paid_at"]), (&json!(0), &json!(null)));
    assert!(
        host.events().iter().all(|event| event.kind != "payment.success"),
        "no success is told"
    );
    assert_eq!(host.surplus_refunds(&id).len() + host.refunds(&id).len(), 1);
}

#[test]
fn a_failure_is_told_until_the_payment_is_paid() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let id = newest(&host);
    host.decline(&id, "5051", "Insufficient funds");
    host.begin(&id, "sandbox", "card");
    assert!(host.payment(&id).failure.is_none(), "the host forgets it");
    let told = |host: &mut crate::Host| get(host, &key, "payments/id?id_payment=1")["error_message"].take();
    assert_eq!(told(&mut host), "5051 (Insufficient funds)");
    host.give_up(&id);
    assert_eq!(told(&mut host), "5051 (Insufficient funds)");
    host.pay(&id, AttemptDone::default());
    assert_eq!(told(&mut host), "");
}

#[test]
fn a_brand_of_a_card_is_written_as_a_name() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let id = newest(&host);
    host.pay(
        &id,
        AttemptDone::default().with_details(json!({ "card_type": "visa" })),
    );
    assert_eq!(
        get(&mut host, &key, "payments/id?id_payment=1")["CardType"],
        "Visa"
    );
}

#[test]
fn a_setting_that_is_wrong_is_not_the_callers_fault() {
    let order = json!({ "id_client": 1, "price": 1, "period": 1, "id_payment_system": 1 });
    for (setting, value) in [
        ("currency", "usd"),
        ("currency", "XXX"),
        (
            "payment_systems",
            r#"[{"id": 1, "name": "A"}, {"id": 1, "name": "B"}]"#,
        ),
        ("payment_systems", r#"[{"id": 1, "name": "A", "gateway": ""}]"#),
        (
            "payment_systems",
            r#"[{"id": 1, "name": "A", "gateway": "Stripe"}]"#,
        ),
        (
            "payment_systems",
            r#"[{"id": 1, "name": "A", "gateway": "stripe/"}]"#,
        ),
    ] {
        let (mut host, key) = host_with_client();
        host.set(setting, value);
        let reply = host.post(&path(&key, "payments/create")).json(&order).send();
        failed(&reply, 500, "Internal error");
        assert!(host.log().last().unwrap().contains(setting), "{value}");
    }
}

#[test]
fn a_failed_payment_can_be_paid_and_then_says_nothing_of_the_failure() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let id = newest(&host);
    host.decline(&id, "5051", "Insufficient funds");
    let view = get(&mut host, &key, "payments/id?id_payment=1");
    assert_eq!(
        (&view["success"], &view["error_message"]),
        (&json!(0), &json!("5051 (Insufficient funds)"))
    );
    assert!(view["CardFirstSix"].is_null() && view["paid_at"].is_null());
    host.pay(
        &id,
        AttemptDone::default().with_details(json!({ "card_last_four": "4242", "confirmations": 3 })),
    );
    let view = get(&mut host, &key, "payments/id?id_payment=1");
    assert_eq!(
        (&view["success"], &view["error_message"]),
        (&json!(1), &json!(""))
    );
    assert_eq!(view["CardLastFour"], "4242");
    assert!(view["paid_at"].is_string());
}

#[test]
fn money_that_comes_after_a_deletion_goes_back_and_nobody_is_told() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    let id = newest(&host);
    let attempt = host.begin(&id, "sandbox", "card");
    assert_eq!(attempt.state, AttemptState::Starting);
    post(&mut host, &key, "payments/delete", &json!({ "id_payment": 1 }));
    host.pay(&id, AttemptDone::default());
    assert_eq!(host.payment(&id).status, Status::Cancelled);
    assert_eq!(host.surplus_refunds(&id).len(), 1);
    assert!(host.events().is_empty());
    assert_eq!(host.log(), [""; 0], "no event was too much for the plugin");
}

#[test]
fn one_payment_system_is_taken_and_several_must_be_named() {
    let (mut host, key) = host_with_client();
    let order = |system: serde_json::Value| json!({ "id_client": 1, "price": 1, "period": 1, "id_payment_system": system });
    let made = post(&mut host, &key, "payments/create", &order(json!(null)));
    assert_eq!(
        made["payment_system"],
        json!({ "id_payment_system": 1, "name": "Default" })
    );
    assert!(
        host.asked(&newest(&host)).gateways.is_empty(),
        "every gateway that is ready"
    );

    host.set(
        "payment_systems",
        r#"[{"id": 4, "name": "Cards", "gateway": "stripe"}, {"id": 9, "name": "Test", "gateway": "sandbox/card"}]"#,
    );
    for missing in [json!(null), json!("")] {
        let reply = host
            .post(&path(&key, "payments/create"))
            .json(&order(missing))
            .send();
        failed(
            &reply,
            422,
            "id_payment_system: is required, since the reseller has several payment systems",
        );
    }
    let reply = host
        .post(&path(&key, "payments/create"))
        .json(&order(json!(1)))
        .send();
    failed(
        &reply,
        422,
        "id_payment_system: is no payment system of the reseller",
    );
    let made = post(&mut host, &key, "payments/create", &order(json!("9")));
    assert_eq!(
        made["payment_system"],
        json!({ "id_payment_system": 9, "name": "Test" })
    );
    assert_eq!(host.asked(&newest(&host)).gateways, ["sandbox/card"]);

    for broken in ["[]", "{}", r#"[{"id": 1}]"#, "x"] {
        host.set("payment_systems", broken);
        let reply = host.get(&path(&key, "payment-systems")).send();
        failed(&reply, 500, "Internal error");
        assert!(host.log().last().unwrap().contains("payment_systems"), "{broken}");
    }
}

#[test]
fn prices_are_exact_to_the_currency() {
    let (mut host, key) = host_with_client();
    for (price, shown, minor) in [
        (json!(290), "290.00", 29_000),
        (json!("290.00"), "290.00", 29_000),
        (json!(0.01), "0.01", 1),
        (json!("1e3"), "1000.00", 100_000),
        (json!("1.50000"), "1.50", 150),
        (json!("999999999.99"), "999999999.99", 99_999_999_999),
    ] {
        let made = post(
            &mut host,
            &key,
            "payments/create",
            &json!({ "id_client": 1, "price": price, "period": 1 }),
        );
        assert_eq!(made["price"], shown);
        let amount = host.payment(&newest(&host)).amount;
        assert_eq!((amount.minor, amount.currency.as_str()), (minor, "USD"));
    }
    host.set("currency", "JPY");
    let made = post(
        &mut host,
        &key,
        "payments/create",
        &json!({ "id_client": 1, "price": 290, "period": 1 }),
    );
    assert_eq!(made["price"], "290.00");
    assert_eq!(host.payment(&newest(&host)).amount.minor, 290);
    let order = json!({ "id_client": 1, "price": "290.5", "period": 1 });
    let reply = host.post(&path(&key, "payments/create")).json(&order).send();
    failed(&reply, 422, "price: has more than 0 decimal places");
}

#[test]
fn the_page_shows_a_description_on_one_line() {
    let (mut host, key) = host_with_client();
    let order = json!({ "id_client": 1, "price": 1, "period": 1, "description": "one\nline\ttwo" });
    let made = post(&mut host, &key, "payments/create", &order);
    assert_eq!(made["description"], "one\nline\ttwo");
    assert_eq!(host.payment(&newest(&host)).description, "one line two");
}
