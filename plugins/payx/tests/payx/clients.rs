use mooring_sdk::payments::Status;
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
fn nobody_who_may_do_more_than_buy_becomes_a_client() {
    let (mut host, key) = host();
    let owner = NewUser {
        email: "owner@example.com".to_owned(),
        role: Some("owner".to_owned()),
        ..NewUser::default()
    };
    host.act(|| users::create(owner)).unwrap();
    let client = json!({ "name": "Mallory", "id_country": 1, "e_mail": "owner@example.com" });
    let reply = host.post(&path(&key, "clients/create")).json(&client).send();
    failed(&reply, 422, "e_mail: is taken by another client");
    assert_eq!(host.users()[0].name, "");
}

#[test]
fn a_user_of_another_surface_is_no_client_until_one_is_made_with_that_address() {
    let (mut host, key) = host();
    let owner = NewUser {
        email: "owner@example.com".to_owned(),
        metadata: r#"{"other":1}"#.to_owned(),
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
    let made = post(&mut host, &key, "clients/create", &client);
    assert_eq!((&made["id_client"], &made["name"]), (&json!(1), &json!("N")));
    assert_eq!(
        get(&mut host, &key, "clients/find/email?email=owner@example.com"),
        made
    );
    assert_eq!(
        metadata(&host, 0)["other"],
        1,
        "what others keep of the user stays"
    );
    let reply = host.post(&path(&key, "clients/create")).json(&client).send();
    failed(&reply, 422, "e_mail: is taken by another client");
}

fn metadata(host: &crate::Host, at: usize) -> serde_json::Value {
    serde_json::from_str(&host.users()[at].metadata).expect("metadata is JSON")
}

#[test]
fn a_deleted_client_stays_a_user_and_can_be_made_a_client_again_without_the_old_payments() {
    let (mut host, key) = host_with_client();
    payment(&mut host, &key);
    post(&mut host, &key, "clients/delete", &json!({ "id_client": 1 }));
    assert_eq!(
        host.users()[0].email,
        "client@example.com",
        "others know the user by it"
    );
    failed(
        &host.get(&path(&key, "clients?id_client=1")).send(),
        404,
        "Client not found",
    );

    let client = json!({ "name": "Again", "id_country": 1, "e_mail": "client@example.com" });
    let made = post(&mut host, &key, "clients/create", &client);
    assert_eq!(
        (&made["id_client"], &made["name"], &made["city"]),
        (&json!(1), &json!("Again"), &json!(null))
    );
    assert_eq!(payment(&mut host, &key)["id_payment"], 2);
    let listed = get(&mut host, &key, "payments?id_client=1");
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["id_payment"]),
        (1, &json!(2))
    );
}

#[test]
fn the_payments_of_a_deleted_client_end_in_portions_and_are_nobodys_at_once() {
    let (mut host, key) = host_with_client();
    for _ in 0..60 {
        payment(&mut host, &key);
    }
    let late = crate::newest(&host);
    host.begin(&late, "sandbox", "card");
    post(&mut host, &key, "clients/delete", &json!({ "id_client": 1 }));
    let open = |host: &crate::Host| {
        let payments = host.payments();
        payments
            .iter()
            .filter(|payment| payment.status != Status::Cancelled)
            .count()
    };
    assert_eq!(open(&host), 35);
    for below in ["payments/id?id_payment=60", "payments/id?id_payment=1"] {
        failed(&host.get(&path(&key, below)).send(), 404, "Payment not found");
    }
    let reply = host
        .post(&path(&key, "payments/delete"))
        .json(&json!({ "id_payment": 60 }))
        .send();
    failed(&reply, 404, "Payment not found");

    // One is paid before its turn comes, and the client comes back.
    host.pay(&late, mooring_sdk::testing::AttemptDone::default());
    assert!(host.events().is_empty(), "nobody is told");
    let client = json!({ "name": "Again", "id_country": 1, "e_mail": "client@example.com" });
    post(&mut host, &key, "clients/create", &client);
    let kept = payment(&mut host, &key);
    assert_eq!(get(&mut host, &key, "payments?id_client=1"), json!([kept]));

    assert!(host.run_jobs().iter().all(|run| run.result.is_ok()));
    assert_eq!(open(&host), 2, "the one that was paid, and the new one");
    assert_eq!(host.refunds(&late).len(), 1);
    assert_eq!(get(&mut host, &key, "payments?id_client=1"), json!([kept]));
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
            .all(|payment| payment.status == Status::Cancelled)
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
    let parts = "--b\r\nContent-Disposition: form-data; name=\"id_client\"\r\n\r\n1\r\n\
                 --b\r\nContent-Disposition: form-data; name=\"city\"\r\n\r\nTroms\u{f8}\r\n--b--\r\n";
    let updated = host
        .post(&path(&key, "clients/update"))
        .header("content-type", "multipart/form-data; boundary=b")
        .body(parts)
        .send();
    assert_eq!(data(&updated)["city"], "Troms\u{f8}");
}
