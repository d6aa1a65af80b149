//! Periods, trials, renewals and changes of plan, with the money to them.

use serde_json::{Value, json};

use crate::{DAY, shop};

#[test]
fn without_a_trial_the_first_period_is_billed_at_once_and_each_next_one_when_it_begins() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    assert_eq!(shop.subscription(&id)["status"], "active");
    shop.pay_open(&id);
    shop.pass_to("2027-02-15T08:00:00Z");
    let subscription = shop.subscription(&id);
    assert_eq!(subscription["current_period_start"], "2027-02-15T08:00:00Z");
    assert_eq!(subscription["current_period_end"], "2027-03-15T08:00:00Z");
    assert_eq!(subscription["billing_cycle_count"], 2);
    let invoices = shop.invoices(&id);
    let shown: Vec<_> = invoices
        .iter()
        .map(|invoice| (&invoice["status"], &invoice["amount"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!("paid"), &json!("10.00")),
            (&json!("open"), &json!("10.00"))
        ]
    );
    assert_eq!(invoices[1]["due_date"], "2027-02-18T08:00:00Z");
    assert_eq!(shop.sum("central:receivable"), -1000);
    assert_eq!(shop.sum("central:revenue:2027-01-15"), 1000);
    assert_eq!(shop.sum("central:revenue:2027-02-15"), 1000);
}

#[test]
fn after_the_trial_the_rest_of_the_period_is_billed() {
    let mut shop = shop();
    let id = shop.subscribe(
        "plan_premium_monthly",
        &json!({ "trial_days": 14, "start_date": "2027-01-15" }),
    );
    let subscription = shop.subscription(&id);
    assert_eq!(subscription["trial_end"], "2027-01-29T00:00:00Z");
    assert_eq!(subscription["current_period_end"], "2027-02-15T00:00:00Z");
    assert!(shop.invoices(&id).is_empty());
    shop.pass_to("2027-01-29T00:00:00Z");
    let invoices = shop.invoices(&id);
    // 17 of 31 days of 29.99.
    assert_eq!((invoices.len(), &invoices[0]["amount"]), (1, &json!("16.45")));
    assert_eq!(invoices[0]["period_start"], "2027-01-29T00:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "active");
    shop.pay_open(&id);
    shop.pass_to("2027-02-15T00:00:00Z");
    assert_eq!(shop.invoices(&id)[1]["amount"], "29.99");
}

#[test]
fn a_trial_that_is_longer_than_a_period_has_free_periods() {
    let mut shop = shop();
    let id = shop.subscribe(
        "plan_premium_monthly",
        &json!({ "trial_days": 45, "start_date": "2027-01-15" }),
    );
    shop.pass_to("2027-02-20T00:00:00Z");
    let subscription = shop.subscription(&id);
    assert_eq!(
        (&subscription["status"], &subscription["current_period_end"]),
        (&json!("trialing"), &json!("2027-03-15T00:00:00Z"))
    );
    assert!(shop.invoices(&id).is_empty());
    shop.pass_to("2027-03-01T00:00:00Z");
    // 14 of the 28 days since 15 February.
    assert_eq!(shop.invoices(&id)[0]["amount"], "15.00");
}

#[test]
fn a_month_that_is_too_short_does_not_move_the_day() {
    let mut shop = shop();
    let id = shop.subscribe("plan_free", &json!({ "start_date": "2027-01-31" }));
    let mut ends = Vec::new();
    for _ in 0..5 {
        let end = shop.subscription(&id)["current_period_end"]
            .as_str()
            .unwrap()
            .to_owned();
        shop.pass_to(&end);
        ends.push(end[..10].to_owned());
    }
    assert_eq!(
        ends,
        [
            "2027-02-28",
            "2027-03-31",
            "2027-04-30",
            "2027-05-31",
            "2027-06-30"
        ]
        .map(str::to_owned)
    );
}

#[test]
fn days_begin_where_the_operator_says() {
    let mut shop = shop();
    shop.host.set("timezone", "Europe/Berlin");
    let id = shop.subscribe("plan_free", &json!({ "start_date": "2027-02-01" }));
    shop.pass_to("2027-03-31T23:00:00Z");
    let subscription = shop.subscription(&id);
    assert_eq!(subscription["current_period_start"], "2027-03-31T22:00:00Z");
    assert_eq!(subscription["current_period_end"], "2027-04-30T22:00:00Z");
    shop.host.set("timezone", "Europe/Atlantis");
    let answer = shop.refused(
        "POST",
        &format!("/subscriptions/{id}/pause"),
        &Value::Null,
        503,
        "misconfigured",
    );
    assert!(answer["message"].as_str().unwrap().contains("timezone"));
}

#[test]
fn credit_pays_a_renewal_and_what_it_cannot_pay_is_owed() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    shop.top_up(1, 1500);
    shop.pass_to("2027-02-15T08:00:00Z");
    assert_eq!(shop.invoices(&id)[1]["status"], "paid");
    assert_eq!(
        shop.get("/customers/1")["customer"]["credit"],
        json!([{ "currency": "USD", "amount": "5.00" }])
    );
    shop.pass_to("2027-03-15T08:00:00Z");
    let invoice = shop.invoices(&id)[2].clone();
    for (field, wanted) in [
        ("status", "open"),
        ("credit_applied", "5.00"),
        ("amount_due", "5.00"),
    ] {
        assert_eq!(invoice[field], wanted, "{field}");
    }
    shop.pay_open(&id);
    assert_eq!(
        (shop.sum("central:receivable"), shop.sum("central:credit")),
        (0, 0)
    );
    assert_eq!(shop.sum("central:revenue"), 3000);
}

#[test]
fn a_dearer_plan_is_charged_for_the_rest_of_the_period() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    // 16.666… of 31 days are left.
    let answer = shop.post(
        &format!("/subscriptions/{id}/change-plan"),
        &json!({ "plan_id": "plan_gold_monthly" }),
    );
    assert_eq!(answer["proration"]["credit"], "5.38");
    assert_eq!(answer["proration"]["charge"], "26.88");
    assert_eq!(answer["proration"]["amount"], "21.50");
    assert_eq!(answer["invoice"]["amount"], "21.50");
    assert_eq!(answer["subscription"]["plan"]["id"], "plan_gold_monthly");
    assert_eq!(
        answer["subscription"]["current_period_end"],
        "2027-02-01T00:00:00Z"
    );
    shop.pay_open(&id);
    shop.pass_to("2027-02-01T00:00:00Z");
    assert_eq!(shop.invoices(&id)[2]["amount"], "50.00");
    assert_eq!(shop.sum("central:revenue"), 1000 + 2150 + 5000);
}

#[test]
fn a_cheaper_plan_gives_credit_that_the_next_invoice_takes() {
    let mut shop = shop();
    let id = shop.subscribe("plan_gold_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let answer = shop.post(
        &format!("/subscriptions/{id}/change-plan"),
        &json!({ "plan_id": "plan_basic_monthly" }),
    );
    assert_eq!(
        (&answer["proration"]["amount"], &answer["invoice"]),
        (&json!("-21.50"), &Value::Null)
    );
    assert_eq!(shop.sum("central:credit:1"), 2150);
    shop.pass_to("2027-02-01T00:00:00Z");
    let invoice = shop.invoices(&id)[1].clone();
    assert_eq!(
        (&invoice["status"], &invoice["credit_applied"]),
        (&json!("paid"), &json!("10.00"))
    );
    assert_eq!(shop.sum("central:credit:1"), 1150);
}

#[test]
fn a_credit_pays_first_what_is_still_owed() {
    let mut shop = shop();
    let id = shop.subscribe("plan_gold_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.post(
        &format!("/subscriptions/{id}/change-plan"),
        &json!({ "plan_id": "plan_basic_monthly" }),
    );
    let invoice = shop.invoices(&id)[0].clone();
    assert_eq!(
        (&invoice["status"], &invoice["amount_due"]),
        (&json!("open"), &json!("28.50"))
    );
    assert_eq!(
        (shop.sum("central:credit"), shop.sum("central:receivable")),
        (0, -2850)
    );
    shop.refused(
        "POST",
        &format!("/subscriptions/{id}/change-plan"),
        &json!({ "plan_id": "plan_gold_monthly" }),
        409,
        "invoice_open",
    );
    shop.pay_open(&id);
    assert_eq!(shop.sum("central:receivable"), 0);
}

#[test]
fn another_interval_begins_a_period_and_credits_the_rest_of_the_old_one() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let answer = shop.post(
        &format!("/subscriptions/{id}/change-plan"),
        &json!({ "plan_id": "plan_yearly" }),
    );
    assert_eq!(answer["proration"]["charge"], "120.00");
    assert_eq!(answer["proration"]["credit"], "5.38");
    assert_eq!(
        answer["subscription"]["current_period_start"],
        "2027-01-15T08:00:00Z"
    );
    assert_eq!(
        answer["subscription"]["current_period_end"],
        "2028-01-15T08:00:00Z"
    );
    assert_eq!(answer["invoice"]["amount"], "114.62");
    assert_eq!(answer["invoice"]["lines"].as_array().unwrap().len(), 2);
}

#[test]
fn without_proration_the_new_price_comes_with_the_next_period() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let change = json!({ "plan_id": "plan_yearly", "prorate": false });
    let answer = shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    assert_eq!(
        (&answer["proration"]["amount"], &answer["invoice"]),
        (&json!("0.00"), &Value::Null)
    );
    assert_eq!(
        answer["subscription"]["current_period_end"],
        "2027-02-01T00:00:00Z"
    );
    shop.pass_to("2027-02-01T00:00:00Z");
    assert_eq!(
        shop.subscription(&id)["current_period_end"],
        "2028-02-01T00:00:00Z"
    );
    assert_eq!(shop.invoices(&id)[1]["amount"], "120.00");
}

#[test]
fn a_change_at_the_end_of_the_period_waits_for_it() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let change = json!({ "plan_id": "plan_quarterly", "effective": "period_end" });
    let answer = shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    assert_eq!(answer["subscription"]["plan"]["id"], "plan_basic_monthly");
    assert_eq!(
        answer["subscription"]["next_plan"]["billing_cycle"],
        "every_3_months"
    );
    let upcoming = shop.get(&format!("/subscription-invoices/upcoming/{id}"));
    assert_eq!(upcoming["invoice"]["amount"], "60.00");
    shop.pass_to("2027-02-01T00:00:00Z");
    let subscription = shop.subscription(&id);
    assert_eq!(
        (&subscription["plan"]["id"], &subscription["next_plan"]),
        (&json!("plan_quarterly"), &Value::Null)
    );
    assert_eq!(subscription["current_period_end"], "2027-05-01T00:00:00Z");
    assert_eq!(shop.invoices(&id)[1]["amount"], "60.00");
}

#[test]
fn a_preview_writes_nothing_and_says_what_comes() {
    let mut shop = shop();
    let id = shop.subscribe(
        "plan_basic_monthly",
        &json!({ "trial_days": 7, "start_date": "2027-01-15" }),
    );
    let before = shop.host.fingerprint();
    let preview = shop.get(&format!("/subscription-invoices/upcoming/{id}"))["invoice"].clone();
    assert_eq!(before, shop.host.fingerprint());
    assert_eq!(
        (&preview["id"], &preview["status"]),
        (&Value::Null, &json!("draft"))
    );
    shop.pass_to("2027-01-22T00:00:00Z");
    let invoice = shop.invoices(&id)[0].clone();
    for field in ["amount", "period_start", "period_end", "lines", "due_date"] {
        assert_eq!(preview[field], invoice[field], "{field}");
    }
}

#[test]
fn an_invoice_made_ahead_is_not_made_again() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-15" }));
    shop.pay_open(&id);
    let generate = format!("/subscription-invoices/{id}/generate");
    let made = shop.ok("POST", &generate, &json!({ "due_date": "2027-02-20" }), 201)["invoice"].clone();
    assert_eq!(
        (&made["due_date"], &made["period_start"]),
        (&json!("2027-02-20T00:00:00Z"), &json!("2027-02-15T00:00:00Z"))
    );
    shop.refused("POST", &generate, &Value::Null, 409, "already_generated");
    shop.pay(made["id"].as_str().unwrap());
    shop.pass_to("2027-02-16T00:00:00Z");
    assert_eq!(shop.invoices(&id).len(), 2);
    assert_eq!(shop.subscription(&id)["open_invoice"], Value::Null);
    shop.pass_to("2027-03-16T00:00:00Z");
    assert_eq!(shop.invoices(&id).len(), 3);
    assert_eq!(shop.sum("central:revenue"), 3000);
}

#[test]
fn voiding_an_invoice_made_ahead_waives_its_period() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-15" }));
    shop.pay_open(&id);
    let made = shop.ok(
        "POST",
        &format!("/subscription-invoices/{id}/generate"),
        &Value::Null,
        201,
    );
    let invoice = made["invoice"]["id"].as_str().unwrap();
    shop.post(&format!("/subscription-invoices/{invoice}/void"), &Value::Null);
    assert_eq!(
        (shop.sum("central:revenue"), shop.sum("central:receivable")),
        (1000, 0)
    );
    shop.pass_to("2027-02-16T00:00:00Z");
    let subscription = shop.subscription(&id);
    assert_eq!(
        (&subscription["status"], &subscription["open_invoice"]),
        (&json!("active"), &Value::Null)
    );
    assert_eq!(shop.invoices(&id).len(), 2);
}

#[test]
fn what_was_missed_while_the_host_stood_still_is_made_up_for() {
    let mut shop = shop();
    let id = shop.subscribe("plan_daily", &json!({ "start_date": "2027-01-15" }));
    shop.top_up(1, 100_000);
    shop.pay_open(&id);
    shop.host.advance(10 * DAY);
    shop.jobs();
    let invoices = shop.invoices(&id);
    assert_eq!(invoices.len(), 11);
    let mut starts: Vec<_> = invoices
        .iter()
        .map(|invoice| invoice["period_start"].to_string())
        .collect();
    starts.dedup();
    assert_eq!(starts.len(), 11);
    assert!(invoices.iter().all(|invoice| invoice["status"] == "paid"));
    assert_eq!(
        shop.subscription(&id)["current_period_start"],
        "2027-01-25T00:00:00Z"
    );
    assert_eq!(shop.sum("central:revenue"), 1100);
}
