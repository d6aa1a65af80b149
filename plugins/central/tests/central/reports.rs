//! Figures equal what the ledger and the subscriptions say.

use serde_json::{Value, json};

use crate::{DAY, shop};

#[test]
fn recurring_revenue_is_what_active_subscriptions_pay_in_a_month() {
    let mut shop = shop();
    let monthly = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.subscribe("plan_basic_monthly", &json!({}));
    shop.subscribe("plan_yearly", &json!({}));
    shop.subscribe("plan_quarterly", &json!({}));
    shop.subscribe("plan_daily", &json!({}));
    shop.subscribe("plan_free", &json!({}));
    shop.subscribe("plan_gold_monthly", &json!({ "trial_days": 7 }));
    let recurring = |shop: &mut crate::Shop| {
        shop.get("/subscription-analytics/revenue")["analytics"]["recurring"][0].clone()
    };
    // 2 times 10, a twelfth of 120, a third of 60, 365 twelfths of 1; the free one and the trial do not count.
    assert_eq!(
        recurring(&mut shop),
        json!({ "currency": "USD", "mrr": "80.42", "arr": "965.04" })
    );
    shop.post(
        &format!("/subscriptions/{monthly}/cancel"),
        &json!({ "at_period_end": false }),
    );
    assert_eq!(recurring(&mut shop)["mrr"], "70.42");
    let overview = shop.get("/subscription-analytics/overview")["analytics"].clone();
    assert_eq!(overview["subscriptions"]["active"], 5);
    assert_eq!(overview["subscriptions"]["trialing"], 1);
    assert_eq!(overview["subscriptions"]["cancelled"], 1);
    assert_eq!(overview["customers"], 1);
}

#[test]
fn revenue_of_every_range_is_the_ledgers() {
    let mut shop = shop();
    shop.host.set("timezone", "America/New_York");
    let id = shop.subscribe("plan_daily", &json!({}));
    shop.top_up(1, 10_000);
    shop.pay_open(&id);
    let body =
        json!({ "amount": "7.50", "currency": "USD", "description": "x", "customer_email": "a@example.com" });
    let payment = shop.ok("POST", "/payments/hosted-url", &body, 201)["transaction_id"]
        .as_str()
        .unwrap()
        .to_owned();
    shop.pay_transaction(&payment);
    shop.pass(20 * DAY);
    shop.post(&format!("/payments/{payment}/refund"), &json!({ "amount": 2 }));
    for (from, to) in [
        ("2027-01-15", "2027-01-15"),
        ("2027-01-15", "2027-02-04"),
        ("2027-01-20", "2027-01-25"),
        ("2027-02-01", "2027-02-28"),
        ("2026-01-01", "2028-12-31"),
    ] {
        let within = |prefix: &str| -> i64 {
            let balances = shop.balances();
            let dated = balances
                .iter()
                .filter_map(|(account, minor)| Some((account.strip_prefix(prefix)?, minor)));
            dated
                .filter(|(day, _)| (from..=to).contains(day))
                .map(|(_, minor)| minor)
                .sum()
        };
        let (subscriptions, payments) = (within("central:revenue:"), within("central:sales:"));
        let cents = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
        let negative = |minor: i64| {
            if minor < 0 {
                format!("-{}", cents(-minor))
            } else {
                cents(minor)
            }
        };
        let query = format!("from={from}&to={to}");
        for (path, pointer) in [
            ("/subscription-analytics/revenue", "/analytics/revenue/0"),
            ("/subscription-analytics/overview", "/analytics/revenue/0"),
            ("/subscription-invoices/stats/overview", "/stats/revenue/0"),
        ] {
            let answer = shop.get(&format!("{path}?{query}"));
            let row = answer.pointer(pointer).unwrap();
            assert_eq!(row["subscriptions"], negative(subscriptions), "{path} {query}");
            assert_eq!(row["payments"], negative(payments), "{path} {query}");
            assert_eq!(row["total"], negative(subscriptions + payments), "{path} {query}");
        }
    }
    assert_eq!(shop.sum("central:revenue"), 2100);
    assert_eq!(shop.sum("central:sales"), 550);
}

#[test]
fn outstanding_is_what_is_owed() {
    let mut shop = shop();
    let paid = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.subscribe("plan_gold_monthly", &json!({}));
    shop.pay_open(&paid);
    let stats = shop.get("/subscription-invoices/stats/overview")["stats"].clone();
    assert_eq!(
        stats["outstanding"],
        json!([{ "amount": "50.00", "currency": "USD" }])
    );
    assert_eq!(
        (
            &stats["total"],
            &stats["by_status"]["paid"],
            &stats["by_status"]["open"]
        ),
        (&json!(2), &json!(1), &json!(1))
    );
}

#[test]
fn churn_is_counted_by_month() {
    let mut shop = shop();
    let first = shop.subscribe("plan_free", &json!({}));
    shop.subscribe("plan_free", &json!({}));
    shop.subscribe("plan_free", &json!({}));
    shop.pass_to("2027-02-10T00:00:00Z");
    shop.subscribe("plan_free", &json!({}));
    shop.post(
        &format!("/subscriptions/{first}/cancel"),
        &json!({ "at_period_end": false }),
    );
    shop.pass_to("2027-03-01T00:00:00Z");
    let months = shop.get("/subscription-analytics/churn?months=4")["analytics"]["months"].clone();
    assert_eq!(
        months,
        json!([
            { "month": "2027-03", "active_at_start": 3, "started": 0, "churned": 0, "active_at_end": 3, "churn_rate": "0.00" },
            { "month": "2027-02", "active_at_start": 3, "started": 1, "churned": 1, "active_at_end": 3, "churn_rate": "33.33" },
            { "month": "2027-01", "active_at_start": 0, "started": 3, "churned": 0, "active_at_end": 3, "churn_rate": "0.00" },
            { "month": "2026-12", "active_at_start": 0, "started": 0, "churned": 0, "active_at_end": 0, "churn_rate": "0.00" },
        ])
    );
    for query in ["months=0", "months=121", "months=x"] {
        shop.refused(
            "GET",
            &format!("/subscription-analytics/churn?{query}"),
            &Value::Null,
            422,
            "validation_failed",
        );
    }
    for query in [
        "from=2027-02-30",
        // Its seventh byte is within a letter.
        "to=2027-0%E2%82%AC1",
        "to=%C3%A4%C3%B6%C3%BC%C3%9F",
        "to=x",
        "from=2027-03-02&to=2027-03-01",
        "from=1900-01-01&to=2027-01-01",
    ] {
        shop.refused(
            "GET",
            &format!("/subscription-analytics/revenue?{query}"),
            &Value::Null,
            422,
            "validation_failed",
        );
    }
}

#[test]
fn a_checkout_that_nobody_paid_never_began_and_is_not_lost() {
    let mut shop = shop();
    let body = json!({
        "inline_plan": { "name": "Pro", "amount": "19.00", "currency": "USD", "interval": "month" },
        "customer_email": "user@example.com",
    });
    shop.ok("POST", "/subscriptions/hosted-inline", &body, 201);
    let made = shop.ok("POST", "/subscriptions/hosted-inline", &body, 201);
    let paid = made["subscription_hash"].as_str().unwrap().replace("sub_", "tr_");
    shop.pay_transaction(&paid);
    shop.pass(2 * DAY);
    let month = shop.get("/subscription-analytics/churn?months=1")["analytics"]["months"][0].clone();
    assert_eq!(
        (&month["started"], &month["churned"], &month["active_at_end"]),
        (&json!(1), &json!(0), &json!(1))
    );
}
