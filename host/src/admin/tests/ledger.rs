use mooring_core::ledger::{self, Direction, NewEntry, NewPosting};
use mooring_core::money::{Amount, Currency};
use reqwest::Method;
use serde_json::json;

use super::{TestAdmin, problem};

fn post(admin: &TestAdmin, key: &str, decimal: &str) {
    let usd = Currency::parse("USD").expect("a currency");
    let amount = Amount::parse(decimal, usd).expect("an amount");
    admin.within("shop", "paymenter", |work| {
        let new = NewPosting {
            idempotency_key: key.into(),
            description: "Invoice".into(),
            entries: vec![
                NewEntry::new("cash", Direction::Debit, amount),
                NewEntry::new("customer/1", Direction::Credit, amount),
            ],
            metadata: String::new(),
        };
        ledger::post(work, new).expect("a posting");
    });
}

#[tokio::test]
async fn the_journal_its_accounts_and_statements_are_shown() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    post(&admin, "INV-1", "25.00");
    post(&admin, "INV-2", "0.50");
    let base = "/admin/v1/tenants/shop/ledger";
    let postings = admin.get(&format!("{base}/postings?order=oldest-first")).await;
    let first = &postings["items"][0];
    assert_eq!((&postings["total"], &first["sequence"]), (&json!(2), &json!(1)));
    assert_eq!(
        first["entries"][1],
        json!({
            "account": "customer/1", "direction": "credit",
            "amount": {"minor": 2500, "currency": "USD", "exponent": 2, "decimal": "25.00"}
        })
    );
    assert_eq!(
        admin
            .get(&format!(
                "{base}/postings/{}",
                first["id"].as_str().expect("an id")
            ))
            .await,
        *first
    );
    problem(
        admin
            .send(Method::GET, &format!("{base}/postings/pst_1"), None)
            .await,
        404,
        "not-found",
    )
    .await;

    let part = admin.get(&format!("{base}/accounts?limit=1")).await;
    assert_eq!(
        (&part["items"][0]["name"], &part["next"]),
        (&json!("cash"), &json!("cash USD"))
    );
    assert_eq!(part["items"][0]["balance"]["decimal"], "-25.50");
    let rest = admin
        .get(&format!("{base}/accounts?limit=1&after=cash+USD"))
        .await;
    assert_eq!(
        (&rest["items"][0]["name"], &rest["next"]),
        (&json!("customer/1"), &json!(null))
    );
    problem(
        admin
            .send(Method::GET, &format!("{base}/accounts?after=cash"), None)
            .await,
        422,
        "invalid",
    )
    .await;

    let lines = admin
        .get(&format!(
            "{base}/statement?account=customer/1&currency=USD&limit=1"
        ))
        .await;
    assert_eq!(
        (&lines["total"], &lines["items"][0]["balance_after"]),
        (&json!(2), &json!(2550))
    );
    problem(
        admin
            .send(Method::GET, &format!("{base}/statement?account=cash"), None)
            .await,
        400,
        "malformed",
    )
    .await;
}

#[tokio::test]
async fn journals_are_verified_one_by_one_or_all() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    admin.tenant("empty").await;
    post(&admin, "INV-1", "25.00");
    let all = admin.get("/admin/v1/ledger/verification").await;
    assert_eq!(
        (&all["total"], &all["items"][0]["tenant"]),
        (&json!(2), &json!("shop"))
    );
    let shop = &all["items"][0];
    assert_eq!(
        (&shop["intact"], &shop["postings"], &shop["sums"]),
        (&json!(true), &json!(1), &json!({"USD": "0"}))
    );
    assert_eq!(
        admin.get("/admin/v1/ledger/verification?tenant=shop").await["items"],
        json!([shop])
    );
    problem(
        admin
            .send(Method::GET, "/admin/v1/ledger/verification?tenant=x", None)
            .await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn the_operator_posts_once_for_each_key() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    let postings = "/admin/v1/tenants/shop/ledger/postings";
    let load = json!({
        "key": "load-1", "debit": "issued", "credit": "credits:4",
        "amount": "498.50", "currency": "USD", "description": "First load",
    });
    let first = admin.send(Method::POST, postings, Some(load.clone())).await;
    assert_eq!(first.status(), 201);
    let again = admin.send(Method::POST, postings, Some(load.clone())).await;
    assert_eq!(again.status(), 200);
    let journal = admin.get(postings).await;
    assert_eq!(journal["total"], 1);
    assert_eq!(journal["items"][0]["idempotency_key"], "operator:load-1");
    assert_eq!(journal["items"][0]["entries"][1]["amount"]["decimal"], "498.50");

    for (field, value, status, code) in [
        ("amount", json!("1.00"), 409, "conflict"),
        ("amount", json!("0"), 422, "invalid"),
        ("amount", json!("-5"), 422, "invalid"),
        ("amount", json!("1.234"), 422, "invalid"),
        ("amount", json!(5), 422, "invalid"),
        ("currency", json!("DOLLAR"), 422, "invalid"),
        ("debit", json!("an account"), 422, "invalid"),
        ("key", json!(""), 422, "invalid"),
        ("key", json!("x".repeat(181)), 422, "invalid"),
    ] {
        let mut load = load.clone();
        load[field] = value;
        problem(admin.send(Method::POST, postings, Some(load)).await, status, code).await;
    }
    assert_eq!(admin.get(postings).await["total"], 1);
}
