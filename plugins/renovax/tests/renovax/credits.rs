use mooring_sdk::ledger;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Host, PREFIXES, get, host_with_reseller, load, post, refused, user};

const SELL: &str = "/api/reseller/credits/sell";
const HISTORY: &str = "/api/reseller/credits/history";
const USERS: &str = "/api/reseller/users";

fn balance(host: &mut Host, account: &str) -> i64 {
    host.act(|| ledger::balance(account, "USD"))
        .expect("a balance")
        .minor
}

/// Of every account there is: what all postings come to, which must be nothing.
fn sum(host: &mut Host) -> i64 {
    let postings = host.postings().to_vec();
    let mut accounts: Vec<String> = postings
        .iter()
        .flat_map(|posting| posting.entries.iter().map(|entry| entry.account.clone()))
        .collect();
    accounts.sort();
    accounts.dedup();
    accounts.iter().map(|account| balance(host, account)).sum()
}

#[test]
fn the_fee_is_the_sellers_roles_and_rounded_half_up() {
    for (role, percent, amount, fee, net) in [
        ("distributor", "2", "100", "2.00", "98.00"),
        ("distributor", "2.5", "0.20", "0.01", "0.19"),
        ("distributor", "2.5", "0.19", "0.00", "0.19"),
        ("distributor", "15", "33.33", "5.00", "28.33"),
        ("reseller", "33.3333", "10", "3.33", "6.67"),
        ("admin", "0", "100", "0.00", "100.00"),
        ("admin", "100", "100", "100.00", "0.00"),
    ] {
        let (mut host, token) = host_with_reseller(role, "100");
        host.set(&format!("credit_fee_percent_{role}"), percent);
        user(&mut host, "alice42", "user");
        let order = json!({ "recipient": "alice42", "amount": amount });
        let reply = host.post(SELL).key(&token).json(&order).send();
        let gross = crate::usd(amount).to_string();
        let left = crate::usd("100").minor - crate::usd(amount).minor;
        assert_eq!(
            reply.text(),
            format!(
                r#"{{"gross":{gross},"fee":{fee},"net":{net},"balance_after":{}.{:02},"recipient":{{"id":2,"username":"alice42","credits":{net}}}}}"#,
                left / 100,
                left % 100
            ),
            "{role} {percent} {amount}"
        );
        assert_eq!(sum(&mut host), 0);
    }
}

#[test]
fn a_recipient_is_found_by_user_name_or_email_in_any_case() {
    let (mut host, token) = host_with_reseller("reseller", "100");
    let new = json!({ "username": "Alice42", "email": "Alice@Example.com", "name": "Alice" });
    let made = post(&mut host, &token, USERS, &new, 201);
    assert_eq!(made["user"]["username"], "Alice42");
    for recipient in [
        "Alice42",
        "alice42",
        " ALICE42 ",
        "alice@example.com",
        "ALICE@example.com",
    ] {
        let sold = post(
            &mut host,
            &token,
            SELL,
            &json!({ "recipient": recipient, "amount": 1 }),
            200,
        );
        assert_eq!(sold["recipient"]["id"], 2, "{recipient}");
        assert_eq!(sold["recipient"]["username"], "Alice42");
    }
    for recipient in ["nobody", "nobody@example.com", "@", "alice"] {
        let body = json!({ "recipient": recipient, "amount": 1 }).to_string();
        refused(&mut host, &token, SELL, &body, 404, "not_found");
    }
}

#[test]
fn nobody_sells_more_than_there_is() {
    let (mut host, token) = host_with_reseller("reseller", "10");
    user(&mut host, "alice42", "user");
    let answer = refused(
        &mut host,
        &token,
        SELL,
        r#"{"recipient":"alice42","amount":10.01}"#,
        422,
        "insufficient_credits",
    );
    assert_eq!(answer["message"], "You have 10.00 credits.");
    post(
        &mut host,
        &token,
        SELL,
        &json!({ "recipient": "alice42", "amount": 10 }),
        200,
    );
    refused(
        &mut host,
        &token,
        SELL,
        r#"{"recipient":"alice42","amount":0.01}"#,
        422,
        "insufficient_credits",
    );
    assert_eq!(balance(&mut host, "renovax:credits:1"), 0);
}

#[test]
fn who_owes_credits_sells_none() {
    let (mut host, token) = host_with_reseller("reseller", "0");
    let alice = user(&mut host, "alice42", "user");
    load(&mut host, 1, "-5");
    refused(
        &mut host,
        &token,
        SELL,
        r#"{"recipient":"alice42","amount":1}"#,
        402,
        "negative_credit_balance",
    );
    load(&mut host, 1, "6");
    post(
        &mut host,
        &token,
        SELL,
        &json!({ "recipient": "alice42", "amount": 1 }),
        200,
    );
    assert_eq!(balance(&mut host, &format!("renovax:credits:{alice}")), 85);
}

#[test]
fn a_history_has_running_balances_newest_first() {
    let (mut host, mario) = host_with_reseller("distributor", "498.5");
    let luigi = user(&mut host, "luigi", "reseller");
    let luigis = host.key_of(luigi, &["user"]);
    host.set("credit_fee_percent_reseller", "10");
    post(
        &mut host,
        &mario,
        SELL,
        &json!({ "recipient": "luigi", "amount": 100, "note": "initial load" }),
        200,
    );
    host.advance(1000);
    post(
        &mut host,
        &luigis,
        SELL,
        &json!({ "recipient": "mario", "amount": "10.50" }),
        200,
    );

    // Amounts are written exactly, so the text is compared.
    let reply = host.get(HISTORY).key(&luigis).send();
    assert_eq!(
        reply.text(),
        concat!(
            r#"{"data":["#,
            r#"{"id":9,"reason":"transfer_out","delta":-10.50,"balance_after":87.50,"note":null,"created_at":"2027-01-15T08:00:01+00:00"},"#,
            r#"{"id":8,"reason":"transfer_fee","delta":-2.00,"balance_after":98.00,"note":"initial load","created_at":"2027-01-15T08:00:00+00:00"},"#,
            r#"{"id":7,"reason":"transfer_in","delta":100.00,"balance_after":100.00,"note":"initial load","created_at":"2027-01-15T08:00:00+00:00"}"#,
            r#"],"meta":{"current_page":1,"last_page":1,"total":3}}"#
        )
    );
    let marios = get(&mut host, &mario, HISTORY);
    let rows: Vec<(&str, String)> = marios["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["reason"].as_str().unwrap(), row["balance_after"].to_string()))
        .collect();
    assert_eq!(
        rows,
        [
            ("transfer_fee", "407.95".into()),
            ("transfer_in", "409.00".into()),
            ("transfer_out", "398.50".into()),
            ("transfer_in", "498.50".into())
        ]
    );
    let page = get(&mut host, &mario, &format!("{HISTORY}?per_page=3&page=2"));
    assert_eq!(
        page["meta"],
        json!({ "current_page": 2, "last_page": 2, "total": 4 })
    );
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(sum(&mut host), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn sales_keep_every_balance_and_the_sum(sales in prop::collection::vec((0_usize..3, 0_usize..3, 1_u32..20_000), 1..12)) {
        let (mut host, mario) = host_with_reseller("distributor", "100");
        let names = ["mario", "luigi", "peach"];
        let (luigi, peach) = (user(&mut host, "luigi", "reseller"), user(&mut host, "peach", "admin"));
        let tokens = [mario, host.key_of(luigi, &["user"]), host.key_of(peach, &["user"])];
        for (from, to, cents) in sales {
            let amount = format!("{}.{:02}", cents / 100, cents % 100);
            let order = json!({ "recipient": names[to], "amount": amount });
            let before = balance(&mut host, &format!("renovax:credits:{}", from + 1));
            let reply = host.post(SELL).key(&tokens[from]).json(&order).send();
            let expected = if from == to || before < i64::from(cents) { 422 } else { 200 };
            prop_assert_eq!(reply.status, expected, "{}", reply.text());
            prop_assert_eq!(sum(&mut host), 0);
        }
        for (user, token) in (1..).zip(&tokens) {
            let now = balance(&mut host, &format!("renovax:credits:{user}"));
            prop_assert!(now >= 0);
            let history = get(&mut host, token, &format!("{HISTORY}?per_page=100"));
            let rows = history["data"].as_array().unwrap();
            // Each row's balance is the one below it and its own change; the newest is the account's.
            let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round() as i64;
            let mut after = 0;
            for row in rows.iter().rev() {
                after += cents(&row["delta"]);
                prop_assert_eq!(cents(&row["balance_after"]), after);
            }
            prop_assert_eq!(after, now);
            let mut ids: Vec<u64> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
            prop_assert!(ids.is_sorted_by(|newer, older| newer >= older) || rows.len() < 2);
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), rows.len());
        }
    }
}

#[test]
fn a_password_is_shown_only_when_it_was_made_here() {
    for prefix in PREFIXES {
        let (mut host, token) = host_with_reseller("reseller", "0");
        let path = format!("{prefix}/reseller/users");
        let made = post(
            &mut host,
            &token,
            &path,
            &json!({ "username": "alice42", "email": "a@example.com" }),
            201,
        );
        let password = made["password"].as_str().unwrap().to_owned();
        assert_eq!(password.len(), 24);
        assert!(
            host.act(|| mooring_sdk::users::verify_password(2, &password))
                .unwrap()
        );
        let given = json!({ "username": "bob", "email": "b@example.com", "name": "Bob", "password": "correct horse" });
        let made = host.post(&path).key(&token).json(&given).send();
        assert_eq!(
            made.text(),
            r#"{"user":{"id":3,"username":"bob","email":"b@example.com","role":"user","credits":0.00}}"#
        );
        assert!(
            host.act(|| mooring_sdk::users::verify_password(3, "correct horse"))
                .unwrap()
        );
    }
}

#[test]
fn user_names_and_emails_are_taken_once() {
    let (mut host, token) = host_with_reseller("reseller", "0");
    post(
        &mut host,
        &token,
        USERS,
        &json!({ "username": "alice42", "email": "a@example.com" }),
        201,
    );
    for (body, field) in [
        (r#"{"username":"ALICE42","email":"b@example.com"}"#, "username"),
        (r#"{"username":"bob","email":" A@example.com"}"#, "email"),
        (r#"{"username":"mario","email":"b@example.com"}"#, "username"),
    ] {
        let answer = refused(&mut host, &token, USERS, body, 422, "validation_failed");
        assert_eq!(answer["errors"][field], json!(["has been taken"]), "{answer}");
    }
}

#[test]
fn a_reseller_sees_only_whom_it_has_made() {
    let (mut host, mario) = host_with_reseller("reseller", "0");
    let luigi = user(&mut host, "luigi", "distributor");
    let luigis = host.key_of(luigi, &["user"]);
    for (token, names) in [(&mario, ["anna", "bert"]), (&luigis, ["carl", "dora"])] {
        for name in names {
            let new = json!({ "username": name, "email": format!("{name}@example.com"), "name": name });
            post(&mut host, token, USERS, &new, 201);
        }
    }
    let listed = get(&mut host, &mario, &format!("{USERS}?per_page=1"));
    assert_eq!(
        listed["meta"],
        json!({ "current_page": 1, "last_page": 2, "total": 2 })
    );
    assert_eq!(listed["data"][0]["username"], "bert");
    assert_eq!(get(&mut host, &luigis, USERS)["data"][1]["username"], "carl");
}

/// A reseller whom the operator makes.
fn made_by_operator(host: &mut Host, email: &str, external_ref: Option<&str>) -> u64 {
    let new = mooring_sdk::users::NewUser {
        email: email.to_owned(),
        role: Some("admin".to_owned()),
        external_ref: external_ref.map(str::to_owned),
        ..Default::default()
    };
    host.act(|| mooring_sdk::users::create(new)).expect("a user").id
}

#[test]
fn the_name_that_is_shown_is_found_and_nobody_elses() {
    for (reference, shown) in [
        (None, "peach@example.com"),
        (Some("peach"), "peach"),
        (Some("Peach"), "peach@example.com"),
        (Some("bowser@example.com"), "peach@example.com"),
    ] {
        let (mut host, mario) = host_with_reseller("reseller", "100");
        let peach = made_by_operator(&mut host, "peach@example.com", reference);
        let token = host.key_of(peach, &["user"]);
        let me = get(&mut host, &token, "/api/reseller/me");
        assert_eq!(
            (&me["username"], &me["role"], &me["fee_percent"]),
            (&json!(shown), &json!("admin"), &json!(0))
        );
        // Somebody else takes the part before the `@`, if nobody has it; credits go to whom the name is shown for all the same.
        let new = json!({ "username": "peach", "email": "bowser@example.com" });
        host.post(USERS).key(&mario).json(&new).send();
        for name in [shown.to_owned(), shown.to_uppercase()] {
            let sold = post(
                &mut host,
                &mario,
                SELL,
                &json!({ "recipient": name, "amount": 1 }),
                200,
            );
            assert_eq!(
                (&sold["recipient"]["id"], &sold["recipient"]["username"]),
                (&json!(peach), &json!(shown))
            );
        }
    }
}

#[test]
fn a_reference_in_upper_case_is_found_unless_it_could_be_somebody_else() {
    let (mut host, mario) = host_with_reseller("reseller", "100");
    let peach = made_by_operator(&mut host, "peach@example.com", Some("Peach"));
    let order = json!({ "recipient": "Peach", "amount": 1 });
    let sold = post(&mut host, &mario, SELL, &order, 200);
    assert_eq!(sold["recipient"]["id"], peach);
    let taken = json!({ "username": "Peach", "email": "b@example.com" });
    refused(
        &mut host,
        &mario,
        USERS,
        &taken.to_string(),
        422,
        "validation_failed",
    );

    let other = json!({ "username": "peach", "email": "b@example.com" });
    let other = post(&mut host, &mario, USERS, &other, 201)["user"]["id"].clone();
    let answer = refused(
        &mut host,
        &mario,
        SELL,
        &order.to_string(),
        422,
        "validation_failed",
    );
    assert!(answer["errors"]["recipient"].is_array(), "{answer}");
    // The name that is shown is still its owner's.
    let sold = post(
        &mut host,
        &mario,
        SELL,
        &json!({ "recipient": "peach", "amount": 1 }),
        200,
    );
    assert_eq!(sold["recipient"]["id"], other);
}

#[test]
fn a_name_that_the_operator_changes_is_shown_as_it_is_found() {
    let (mut host, mario) = host_with_reseller("reseller", "100");
    let new = json!({ "username": "Alice42", "email": "alice@example.com" });
    let alice = post(&mut host, &mario, USERS, &new, 201)["user"]["id"]
        .as_u64()
        .unwrap();
    let changes = mooring_sdk::users::UserChanges {
        external_ref: Some("alice43".to_owned()),
        ..Default::default()
    };
    host.act(|| mooring_sdk::users::update(alice, changes)).unwrap();
    assert_eq!(get(&mut host, &mario, USERS)["data"][0]["username"], "alice43");
    let sold = post(
        &mut host,
        &mario,
        SELL,
        &json!({ "recipient": "ALICE43", "amount": 1 }),
        200,
    );
    assert_eq!(
        sold["recipient"],
        json!({ "id": alice, "username": "alice43", "credits": sold["net"] })
    );
    let gone = json!({ "recipient": "alice42", "amount": 1 });
    refused(&mut host, &mario, SELL, &gone.to_string(), 404, "not_found");
}
