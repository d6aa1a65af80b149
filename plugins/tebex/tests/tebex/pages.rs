use mooring_sdk::records;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Host, buy, by_hand, get, host, refused, write};

/// So many payments, as they are kept; writing them so is quicker than buying them.
fn with(payments: u64) -> (Host, String) {
    let (mut host, secret) = host();
    host.act(|| {
        for number in 1..=payments {
            let payment = json!({
                "number": number, "minor": 999, "currency": "USD", "status": "Complete", "date": 1_583_422_546_000_u64,
                "gateway": { "id": 24, "name": "PayPal" }, "email": "test@test.com",
                "player": { "id": 1, "name": "Notch", "uuid": null },
                "packages": [{ "id": 11, "name": "VIP", "server": 7 }], "notes": [], "paid_by": "hand",
            });
            records::create("payments", &format!("tbx-{number}"), &payment).expect("a document");
        }
    });
    (host, secret)
}

fn numbers(rows: &Value) -> Vec<u64> {
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row["id"].as_u64().expect("a number")).collect()
}

fn down(from: u64, to: u64) -> Vec<u64> {
    (to..=from).rev().collect()
}

#[test]
fn pages_are_of_25_and_newest_first() {
    let (mut host, secret) = with(60);
    for (query, page, from, to, rows) in [
        ("paged=1", 1, 1, 25, down(60, 36)),
        ("paged=1&page=1", 1, 1, 25, down(60, 36)),
        ("page=2", 2, 26, 50, down(35, 11)),
        ("paged=1&page=2", 2, 26, 50, down(35, 11)),
        ("paged=3", 3, 51, 60, down(10, 1)),
        ("paged=1&page=3", 3, 51, 60, down(10, 1)),
        ("paged=true", 1, 1, 25, down(60, 36)),
        ("paged=", 1, 1, 25, down(60, 36)),
        ("page=0", 1, 1, 25, down(60, 36)),
        ("page=x", 1, 1, 25, down(60, 36)),
    ] {
        let answer = get(&mut host, &secret, &format!("/payments?{query}"));
        let url = |page: u64| json!(format!("?page={page}"));
        assert_eq!(numbers(&answer["data"]), rows, "{query}");
        let mut rest = answer.clone();
        rest["data"] = Value::Null;
        let expected = json!({
            "total": 60, "per_page": 25, "current_page": page, "last_page": 3,
            "next_page_url": if page < 3 { url(page + 1) } else { Value::Null },
            "prev_page_url": if page > 1 { url(page - 1) } else { Value::Null },
            "from": from, "to": to, "data": null,
        });
        assert_eq!(rest, expected, "{query}");
    }
    let row = &get(&mut host, &secret, "/payments?page=1")["data"][0];
    assert_eq!(row["date"], "2020-03-05T15:35:46+00:00");
}

#[test]
fn a_page_that_is_not_there_is_empty() {
    for payments in [0, 60] {
        let (mut host, secret) = with(payments);
        for page in ["4", "18446744073709551615", "99999999999999999999999"] {
            let answer = get(&mut host, &secret, &format!("/payments?page={page}"));
            assert_eq!(answer["data"], json!([]), "{page}");
            assert_eq!((&answer["from"], &answer["to"]), (&Value::Null, &Value::Null));
            assert_eq!(answer["total"], json!(payments));
            assert_eq!(answer["next_page_url"], Value::Null);
        }
    }
    let (mut host, secret) = with(0);
    let answer = get(&mut host, &secret, "/payments?paged=1");
    assert_eq!(
        answer,
        json!({
            "total": 0, "per_page": 25, "current_page": 1, "last_page": 1, "next_page_url": null,
            "prev_page_url": null, "from": null, "to": null, "data": [],
        })
    );
}

#[test]
fn the_list_has_a_hundred_at_most() {
    let (mut host, secret) = with(130);
    for (query, rows) in [
        ("", down(130, 31)),
        ("?limit=3", down(130, 128)),
        ("?limit=100", down(130, 31)),
        ("?limit=101", down(130, 31)),
        ("?limit=0", down(130, 31)),
        ("?limit=-1", down(130, 31)),
        ("?limit=many", down(130, 31)),
        ("?limit=", down(130, 31)),
    ] {
        assert_eq!(
            numbers(&get(&mut host, &secret, &format!("/payments{query}"))),
            rows,
            "{query}"
        );
    }
}

#[test]
fn a_payment_is_found_by_its_number_too() {
    let (mut host, secret) = with(3);
    let by_id = get(&mut host, &secret, "/payments/tbx-2");
    assert_eq!(by_id, get(&mut host, &secret, "/payments/2"));
    assert_eq!(
        by_id["packages"],
        json!([{ "id": 11, "name": "VIP", "quantity": 1 }])
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn all_pages_together_are_all_payments(payments in 0..80_u64) {
        let (mut host, secret) = with(payments);
        let mut found = Vec::new();
        for page in 1..=payments.div_ceil(25).max(1) {
            let answer = get(&mut host, &secret, &format!("/payments?page={page}"));
            prop_assert_eq!(answer["next_page_url"].is_null(), page == payments.div_ceil(25).max(1));
            found.extend(numbers(&answer["data"]));
        }
        prop_assert_eq!(found, down(payments, 1));
    }
}

#[test]
fn large_payments_and_packages_fit_into_calls_and_answers() {
    let (mut host, secret) = host();
    let note = json!({ "created_at": 0, "note": "n".repeat(1000) });
    host.act(|| {
        for number in 1..=100 {
            let payment = json!({
                "number": number, "minor": 999, "currency": "USD", "status": "Complete", "date": 0,
                "gateway": { "id": 24, "name": "PayPal" }, "email": "", "player": { "id": 1, "name": "Notch", "uuid": null },
                "packages": [{ "id": 11, "name": "VIP", "server": 7 }], "notes": vec![&note; 55], "paid_by": "hand",
            });
            records::create("payments", &format!("tbx-{number}"), &payment).expect("a document");
        }
    });
    let list = get(&mut host, &secret, "/payments");
    assert!(list.to_string().len() < 4 * 1024 * 1024);
    let rows = numbers(&list);
    assert_eq!(rows, down(100, 101 - rows.len() as u64), "the newest, whole");
    assert!(rows.len() >= 25 && rows.len() < 100);
    assert_eq!(
        get(&mut host, &secret, "/payments?page=4")["data"]
            .as_array()
            .map(Vec::len),
        Some(25)
    );
    for package in 100..350 {
        let data = json!({ "name": "P", "price": "1", "category": 1, "description": "d".repeat(9000) });
        write(&mut host, "packages", &package.to_string(), &data);
    }
    let packages = get(&mut host, &secret, "/packages?verbose=true");
    assert_eq!(packages.as_array().map(Vec::len), Some(254));
}

#[test]
fn a_payment_has_no_more_notes_than_its_row_holds() {
    let (mut host, secret) = host();
    let transaction = by_hand(&mut host, &secret, 13, "Notch", "1");
    let path = format!("/payments/{transaction}/note");
    let note = json!({ "note": format!("two\n\tlines{}", "x".repeat(980)) });
    let mut notes = 0;
    while host.post(&path).key(&secret).json(&note).send().status == 204 {
        notes += 1;
    }
    assert!((50..64).contains(&notes), "{notes}");
    let why = refused(&mut host, &secret, "POST", &path, &note.to_string(), 422);
    assert_eq!(why, "The payment's notes have no room for this one.");
}

#[test]
fn links_are_absolute_once_the_store_has_had_a_checkout() {
    let (mut host, secret) = with(60);
    buy(&mut host, &secret, 11, "jeb_");
    let page = host.payments()[0].clone();
    let base = page
        .pay_url
        .strip_suffix(&format!("/checkout/{}", page.reference))
        .expect("a page");
    let answer = get(&mut host, &secret, "/payments?page=2");
    assert_eq!(answer["next_page_url"], format!("{base}/payments?page=3"));
    assert_eq!(answer["prev_page_url"], format!("{base}/payments?page=1"));
    host.set("api_url", "https://shop.example.com/tebex/");
    let answer = get(&mut host, &secret, "/payments?page=2");
    assert_eq!(
        answer["next_page_url"],
        "https://shop.example.com/tebex/payments?page=3"
    );
}

#[test]
fn the_end_of_a_sale_is_in_unix_seconds() {
    let (mut host, secret) = host();
    let last = json!({ "name": "Last", "price": "1", "category": 1, "show_until": "2027-01-15 08:00:01" });
    write(&mut host, "packages", "22", &last);
    assert_eq!(
        get(&mut host, &secret, "/package/22")["show_until"],
        json!(1_800_000_001)
    );
}
