//! What is given back: as credit, to the payer, and never twice.

use mooring_sdk::testing::AttemptDone;
use serde_json::{Value, json};

use crate::{DAY, Shop, shop};

/// Generates the next invoice and pays it; its transaction.
fn pay_ahead(shop: &mut Shop, id: &str) -> String {
    let generate = format!("/subscription-invoices/{id}/generate");
    let made = shop.ok("POST", &generate, &Value::Null, 201);
    let invoice = made["invoice"]["id"].as_str().unwrap().to_owned();
    shop.pay(&invoice);
    let view = shop.get(&format!("/subscription-invoices/{invoice}"));
    view["invoice"]["transaction_id"].as_str().unwrap().to_owned()
}

/// The transaction of an invoice of a subscription.
fn transaction(shop: &mut Shop, id: &str, number: usize) -> String {
    let invoices = shop.invoices(id);
    invoices[number]["transaction_id"].as_str().unwrap().to_owned()
}

fn refund(shop: &mut Shop, transaction: &str, body: &Value) {
    let answer = shop.post(&format!("/payments/{transaction}/refund"), body);
    assert_eq!(answer["refund"]["status"], "completed");
}

/// Credit of all customers, revenue, and what is owed.
fn standing(shop: &Shop) -> (i64, i64, i64) {
    assert_eq!(shop.sum("merchant:"), 0);
    let credit = shop.sum("central:credit");
    (
        credit,
        shop.sum("central:revenue"),
        shop.sum("central:receivable"),
    )
}

#[test]
fn money_that_became_credit_is_sent_back_from_there() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let ahead = pay_ahead(&mut shop, &id);
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    assert_eq!(standing(&shop), (1000, 1000, 0));
    refund(&mut shop, &ahead, &json!({ "amount": 4 }));
    assert_eq!(standing(&shop), (600, 1000, 0));
    refund(&mut shop, &ahead, &Value::Null);
    assert_eq!(standing(&shop), (0, 1000, 0));
    // The period that was used is another payment, and all of it was earned.
    let first = transaction(&mut shop, &id, 0);
    shop.top_up(1, 500);
    refund(&mut shop, &first, &Value::Null);
    assert_eq!(standing(&shop), (500, 0, 0));
}

#[test]
fn credit_that_was_spent_is_sent_back_from_what_it_earned() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let ahead = pay_ahead(&mut shop, &id);
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    shop.subscribe("plan_daily", &json!({}));
    assert_eq!(standing(&shop), (900, 1100, 0));
    refund(&mut shop, &ahead, &Value::Null);
    assert_eq!(standing(&shop), (0, 1000, 0), "credit is never below zero");
}

#[test]
fn what_was_paid_too_much_is_sent_back_from_credit() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    let invoice = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
    shop.post(&format!("/subscription-invoices/{invoice}/payment"), &Value::Null);
    let payment = shop.host.payments()[0].id.clone();
    let much = mooring_sdk::money::Amount::parse_decimal("12", "USD").unwrap();
    shop.host.pay(&payment, AttemptDone::received(much));
    assert_eq!(standing(&shop), (200, 1000, 0));
    let paid = transaction(&mut shop, &id, 0);
    refund(&mut shop, &paid, &Value::Null);
    assert_eq!(standing(&shop), (0, 0, 0));
}

#[test]
fn what_was_paid_too_much_hides_no_unused_time() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    let invoice = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
    shop.post(&format!("/subscription-invoices/{invoice}/payment"), &Value::Null);
    let payment = shop.host.payments()[0].id.clone();
    let much = mooring_sdk::money::Amount::parse_decimal("16", "USD").unwrap();
    shop.host.pay(&payment, AttemptDone::received(much));
    shop.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "prorate": true }),
    );
    assert_eq!(standing(&shop), (600 + 538, 462, 0));
    let paid = transaction(&mut shop, &id, 0);
    refund(&mut shop, &paid, &Value::Null);
    assert_eq!(standing(&shop), (0, 0, 0));
}

#[test]
fn money_that_lowered_an_open_invoice_is_money_still() {
    let mut shop = shop();
    let id = shop.subscribe("plan_gold_monthly", &json!({ "start_date": "2027-01-01" }));
    let open = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
    let change = json!({ "plan_id": "plan_basic_monthly", "prorate": false });
    shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    let ahead = pay_ahead(&mut shop, &id);
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    assert_eq!(
        standing(&shop),
        (0, 5000, -4000),
        "it paid a part of what is owed"
    );
    shop.post(&format!("/subscription-invoices/{open}/void"), &Value::Null);
    assert_eq!(standing(&shop), (1000, 0, 0), "and is given back with that");
    refund(&mut shop, &ahead, &Value::Null);
    assert_eq!(standing(&shop), (0, 0, 0));
}

#[test]
fn unused_time_is_given_back_once() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let paid = transaction(&mut shop, &id, 0);
    shop.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "prorate": true }),
    );
    assert_eq!(standing(&shop), (538, 462, 0));
    refund(&mut shop, &paid, &Value::Null);
    assert_eq!(standing(&shop), (0, 0, 0));
}

#[test]
fn unused_time_of_two_invoices_is_taken_from_both_their_payments() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let change = json!({ "plan_id": "plan_gold_monthly" });
    shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    shop.pay_open(&id);
    shop.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "prorate": true }),
    );
    // 26.88 of gold, of which 5.38 came from the first invoice.
    assert_eq!(standing(&shop), (2688, 462, 0));
    for (number, left) in [(1, (538, 462, 0)), (0, (0, 0, 0))] {
        let paid = transaction(&mut shop, &id, number);
        refund(&mut shop, &paid, &Value::Null);
        assert_eq!(standing(&shop), left);
    }
}

#[test]
fn credit_is_of_what_was_billed_and_not_of_the_plans_price() {
    // A dearer plan without proration, of the same interval or of another.
    for plan in ["plan_gold_monthly", "plan_yearly"] {
        let mut shop = shop();
        let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
        shop.pay_open(&id);
        let change = json!({ "plan_id": plan, "prorate": false });
        shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
        shop.post(
            &format!("/subscriptions/{id}/cancel"),
            &json!({ "prorate": true }),
        );
        assert_eq!(standing(&shop), (538, 462, 0), "{plan}");
    }
    // Changing back charges what the rest costs, less what was billed for it.
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let change = json!({ "plan_id": "plan_gold_monthly", "prorate": false });
    shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    let change = json!({ "plan_id": "plan_basic_monthly" });
    let answer = shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    assert_eq!(answer["proration"]["amount"], "0.00");
    // So does renewing.
    shop.post(
        &format!("/subscriptions/{id}/change-plan"),
        &json!({ "plan_id": "plan_gold_monthly", "prorate": false }),
    );
    let answer = shop.post(&format!("/subscriptions/{id}/renew"), &Value::Null);
    assert_eq!(
        (&answer["proration"]["credit"], &answer["proration"]["charge"]),
        (&json!("5.38"), &json!("50.00"))
    );
}

#[test]
fn a_period_that_another_interval_billed_ends_when_the_plan_is_prorated() {
    let mut shop = shop();
    let dear =
        json!({ "id": "plan_dear", "name": "Dear", "price": "240", "currency": "USD", "interval": "year" });
    shop.ok("POST", "/subscription-plans", &dear, 201);
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let change = json!({ "plan_id": "plan_yearly", "prorate": false });
    shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    let answer = shop.post(
        &format!("/subscriptions/{id}/change-plan"),
        &json!({ "plan_id": "plan_dear" }),
    );
    assert_eq!(answer["invoice"]["amount"], "234.62");
    assert_eq!(
        answer["subscription"]["current_period_end"],
        "2028-01-15T08:00:00Z"
    );
}

#[test]
fn what_was_waived_or_sent_back_is_no_credit() {
    let cancel = json!({ "prorate": true });
    let mut one = shop();
    let id = one.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    let invoice = one.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
    one.post(&format!("/subscription-invoices/{invoice}/void"), &Value::Null);
    one.post(&format!("/subscriptions/{id}/cancel"), &cancel);
    assert_eq!(standing(&one), (0, 0, 0));

    let mut one = shop();
    let id = one.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    one.pay_open(&id);
    let paid = transaction(&mut one, &id, 0);
    refund(&mut one, &paid, &json!({ "amount": 5 }));
    one.post(&format!("/subscriptions/{id}/cancel"), &cancel);
    assert_eq!(standing(&one), (269, 231, 0), "half the price, half of the time");

    // Made ahead, waived before it was for anything.
    let mut one = shop();
    let id = one.subscribe("plan_basic_monthly", &json!({}));
    one.pay_open(&id);
    let made = one.ok(
        "POST",
        &format!("/subscription-invoices/{id}/generate"),
        &Value::Null,
        201,
    );
    let invoice = made["invoice"]["id"].as_str().unwrap();
    one.post(&format!("/subscription-invoices/{invoice}/void"), &Value::Null);
    one.pass_to("2027-02-16T00:00:00Z");
    one.post(&format!("/subscriptions/{id}/cancel"), &cancel);
    assert_eq!(standing(&one), (0, 1000, 0));
}

#[test]
fn voiding_an_invoice_that_a_change_had_lowered_gives_back_no_money_that_nobody_paid() {
    let mut shop = shop();
    let id = shop.subscribe("plan_gold_monthly", &json!({ "start_date": "2027-01-01" }));
    let change = json!({ "plan_id": "plan_basic_monthly" });
    shop.post(&format!("/subscriptions/{id}/change-plan"), &change);
    let invoice = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
    shop.post(&format!("/subscription-invoices/{invoice}/void"), &Value::Null);
    assert_eq!(standing(&shop), (0, 0, 0));
}

#[test]
fn paused_time_counts_nowhere() {
    let mut one = shop();
    let id = one.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    one.pay_open(&id);
    one.post(&format!("/subscriptions/{id}/pause"), &Value::Null);
    one.pass(60 * DAY);
    one.post(&format!("/subscriptions/{id}/resume"), &Value::Null);
    one.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "prorate": true }),
    );
    assert_eq!(one.sum("central:credit"), 538, "as on the day of the pause");

    // A trial that stood still, twice, is followed by the same bill as any other.
    let mut one = shop();
    let id = one.subscribe("plan_basic_monthly", &json!({ "trial_days": 7 }));
    for _ in 0..2 {
        one.pass(DAY);
        one.post(&format!("/subscriptions/{id}/pause"), &Value::Null);
        one.pass(30 * DAY);
        one.post(&format!("/subscriptions/{id}/resume"), &Value::Null);
    }
    one.pass(5 * DAY);
    assert_eq!(one.invoices(&id)[0]["amount"], "7.74");

    // Nor is what was paid ahead for what comes after it.
    let mut one = shop();
    let id = one.subscribe("plan_basic_monthly", &json!({ "trial_days": 7 }));
    pay_ahead(&mut one, &id);
    one.post(&format!("/subscriptions/{id}/pause"), &Value::Null);
    one.pass(30 * DAY);
    one.post(&format!("/subscriptions/{id}/resume"), &Value::Null);
    one.pass(7 * DAY);
    one.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "prorate": true }),
    );
    assert_eq!(one.sum("central:credit"), 774, "nothing of it is used");

    // Nothing was billed for a trial, so nothing of it is given back.
    let mut one = shop();
    let id = one.subscribe("plan_basic_monthly", &json!({ "trial_days": 7 }));
    one.post(&format!("/subscriptions/{id}/pause"), &Value::Null);
    one.pass(DAY);
    one.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "prorate": true }),
    );
    assert_eq!(standing(&one), (0, 0, 0));
}

#[test]
fn a_trial_whose_end_came_just_before_the_pause_is_billed_after_it() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "trial_days": 7 }));
    shop.host.advance(7 * DAY + 1);
    shop.post(&format!("/subscriptions/{id}/pause"), &Value::Null);
    shop.pass(DAY);
    shop.post(&format!("/subscriptions/{id}/resume"), &Value::Null);
    shop.pass(DAY);
    assert_eq!(shop.invoices(&id)[0]["amount"], "7.74");
}
