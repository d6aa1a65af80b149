//! Invoices made ahead, and what becomes of them when what they are for does not come.

use serde_json::{Value, json};

use crate::{Shop, shop};

fn hosted_trial(shop: &mut Shop) -> String {
    let body = json!({
        "inline_plan": { "name": "Pro", "amount": "19.00", "currency": "USD", "interval": "month",
            "trial_period_days": 7 },
        "customer_email": "user@example.com",
    });
    let made = shop.ok("POST", "/subscriptions/hosted-inline", &body, 201);
    made["subscription_hash"].as_str().unwrap().to_owned()
}

/// Status and amount of each invoice, oldest first.
fn billed(shop: &mut Shop, id: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let invoices = shop.invoices(id).into_iter();
    invoices
        .map(|invoice| (text(&invoice["status"]), text(&invoice["amount"])))
        .collect()
}

fn pairs<const N: usize>(wanted: [(&str, &str); N]) -> Vec<(String, String)> {
    let pairs = wanted.map(|(status, amount)| (status.to_owned(), amount.to_owned()));
    pairs.to_vec()
}

#[test]
fn a_cancellation_that_is_taken_back_in_the_trial_is_billed_at_its_end() {
    let mut shop = shop();
    let id = hosted_trial(&mut shop);
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    shop.post(&format!("/subscriptions/{id}/reactivate"), &Value::Null);
    shop.pass_to("2027-01-22T08:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "active");
    assert_eq!(
        billed(&mut shop, &id),
        pairs([("void", "14.71"), ("open", "14.71")])
    );
    assert_eq!(shop.sum("central:receivable"), -1471);
}

#[test]
fn another_plan_in_the_trial_is_billed_at_its_end() {
    let mut shop = shop();
    let id = hosted_trial(&mut shop);
    let change = json!({ "plan_id": "plan_basic_monthly" });
    shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    shop.pass_to("2027-01-22T08:00:00Z");
    // 24 of 31 days.
    assert_eq!(
        billed(&mut shop, &id),
        pairs([("void", "14.71"), ("open", "7.74")])
    );
}

#[test]
fn a_plan_that_waits_takes_the_place_of_what_was_generated() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let generate = format!("/subscription-invoices/{id}/generate");
    shop.ok("POST", &generate, &Value::Null, 201);
    let change = json!({ "plan_id": "plan_gold_monthly", "effective": "period_end" });
    shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    // It can be made ahead again, and taken back again.
    shop.ok("POST", &generate, &Value::Null, 201);
    let change = json!({ "plan_id": "plan_premium_monthly", "effective": "period_end" });
    shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    shop.pass_to("2027-02-15T08:00:00Z");
    assert_eq!(
        billed(&mut shop, &id),
        pairs([
            ("paid", "10.00"),
            ("void", "10.00"),
            ("void", "50.00"),
            ("open", "29.99")
        ])
    );
    assert_eq!(shop.subscription(&id)["plan"]["id"], "plan_premium_monthly");
}

#[test]
fn one_that_ends_can_begin_again_in_the_same_moment() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    let now = json!({ "at_period_end": false });
    shop.post(&format!("/subscriptions/{id}/cancel"), &now);
    shop.post(&format!("/subscriptions/{id}/reactivate"), &Value::Null);
    assert_eq!(
        billed(&mut shop, &id),
        pairs([("failed", "10.00"), ("open", "10.00")])
    );
}

#[test]
fn what_was_generated_before_the_start_and_is_not_paid_becomes_overdue() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-02-01" }));
    let generate = format!("/subscription-invoices/{id}/generate");
    let made = shop.ok("POST", &generate, &Value::Null, 201);
    shop.pass_to("2027-02-01T00:00:00Z");
    assert_eq!(shop.subscription(&id)["open_invoice"], made["invoice"]["id"]);
    shop.pass_to("2027-02-04T00:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "past_due");
    assert_eq!(billed(&mut shop, &id), pairs([("overdue", "10.00")]));
}
