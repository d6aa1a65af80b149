use mooring_sdk::users::{self, NewUser};
use serde_json::json;

use crate::{data, failed, get, host, host_with_client, path, payment, post};

#[test]
fn the_documented_countries_come_first_and_the_rest_is_iso_3166() {
    let (mut host, key) = host();
    let countries = get(&mut host, &key, "countries");
    let countries = countries.as_array().unwrap();
    assert_eq!(countries.len(), 249);
    assert_eq!(
        countries[0],
        json!({ "id": 1, "name": "United States of America", "iso_3166_1": "US", "short_name": "USA" })
    );
    assert_eq!(
        countries[1],
        json!({ "id": 2, "name": "Austria", "iso_3166_1": "AT", "short_name": "Austria" })
    );
    let germany = json!({ "id": 276, "name": "Germany", "iso_3166_1": "DE", "short_name": "Germany" });
    assert!(countries.contains(&germany));
}

#[test]
fn a_user_of_another_surface_is_no_client_and_keeps_the_address() {
    let (mut host, key) = host();
    let owner = NewUser {
        email: "owner@example.com".to_owned(),
        ..NewUser::default()
    };
    host.act(|| users::create(owner)).unwrap();
    for below in [
        "clients?id_client=1",
        "clients/find/email?email=owner@example.com",
        "payments?id_client=1",
    ] {
        failed(&host.get(&path(&key, below)).send(), 404, "Client not found");
    }
    for below in ["clients/update", "clients/delete"] {
        let reply = host
            .post(&path(&key, below))
            .json(&json!({ "id_client": 1 }))
            .send();
        failed(&reply, 404, "Client not found");
    }
    let order = json!({ "id_client": 1, "price": 1, "period": 1 });
    let reply = host.post(&path(&key, "payments/create")).json(&order).send();
    failed(&reply, 404, "Client not found");
    let client = json!({ "name": "N", "id_country": 1, "e_mail": "owner@example.com" });
    let reply = host.post(&path(&key, "clients/create")).json(&client).send();
    failed(&reply, 422, "e_mail: is taken by another client");
}

#[test]
fn an_update_leaves_what_others_keep_of_a_user() {
    let (mut host, key) = host_with_client();
    let mut metadata: serde_json::Value = serde_json::from_str(&host.users()[0].metadata).unwrap();
    metadata["other"] = json!({ "note": "n" });
    let changes = users::UserChanges {
        metadata: Some(metadata.to_string()),
        ..users::UserChanges::default()
    };
    host.act(|| users::update(1, changes)).unwrap();
    post(
        &mut host,
        &key,
        "clients/update",
        &json!({ "id_client": 1, "phone": "1" }),
    );
    let metadata: serde_json::Value = serde_json::from_str(&host.users()[0].metadata).unwrap();
    assert_eq!(metadata["other"]["note"], "n");
    assert_eq!(metadata["payx"]["phone"], "1");
}

#[test]
fn a_deleted_client_takes_its_open_payments_along() {
    let (mut host, key) = host_with_client();
    let (first, second) = (payment(&mut host, &key), payment(&mut host, &key));
    let processing = crate::newest(&host);
    host.process(&processing, mooring_sdk::testing::AttemptDone::default());
    post(&mut host, &key, "clients/delete", &json!({ "id_client": 1 }));
    for payment in [first, second] {
        let below = format!("payments/id?id_payment={}", payment["id_payment"]);
        failed(&host.get(&path(&key, &below)).send(), 404, "Payment not found");
    }
    assert!(
        host.payments()
            .iter()
            .all(|payment| payment.status == mooring_sdk::payments::Status::Cancelled)
    );
}

#[test]
fn lengths_are_counted_in_characters_and_at_their_limit_allowed() {
    let (mut host, key) = host();
    let client = json!({
        "name": "é".repeat(100), "id_country": 1, "e_mail": "a@example.com", "city": "ж".repeat(255),
        "postal_code": "1".repeat(255), "address": "a".repeat(255), "phone": "2".repeat(255),
        "description": "line\nline ".to_owned() + &"d".repeat(490),
    });
    let made = post(&mut host, &key, "clients/create", &client);
    for field in ["name", "city", "postal_code", "address", "phone", "description"] {
        assert_eq!(made[field], client[field], "{field}");
    }
    let reply = host.post(&path(&key, "clients/create")).json(&client).send();
    failed(&reply, 422, "e_mail: is taken by another client");
    let updated = host
        .post(&path(&key, "clients/update"))
        .body("id_client=1&city=+trimmed+")
        .send();
    assert_eq!(data(&updated)["city"], "trimmed");
}
