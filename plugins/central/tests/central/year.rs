//! A year of a subscription business, with the ledger looked at in the end.

use serde_json::{Value, json};

use crate::{DAY, shop};

#[test]
fn a_year_passes_and_every_cent_is_accounted_for() {
    let mut shop = shop();
    shop.host.set("timezone", "Europe/Berlin");
    let plans = [
        "plan_basic_monthly",
        "plan_gold_monthly",
        "plan_quarterly",
        "plan_premium_monthly",
    ];
    let mut ids = Vec::new();
    for (number, plan) in plans.iter().cycle().take(8).enumerate() {
        let body = json!({
            "customer_email": format!("customer{number}@example.com"),
            "start_date": format!("2027-01-{:02}", 24 + number),
            "trial_days": if number % 3 == 0 { 10 } else { 0 },
        });
        ids.push(shop.subscribe(plan, &body));
    }
    // 371 days, so that both changes of the clock are in it.
    for day in 0..371_usize {
        shop.pass(DAY);
        for (number, id) in ids.iter().enumerate() {
            let open = shop.subscription(id)["open_invoice"].clone();
            let Some(invoice) = open.as_str() else { continue };
            // Number 3 stops paying in the summer; number 5 pays late; the others a day after the invoice.
            let stopped = number == 3 && day > 170;
            let late = number == 5 && day % 5 != 0;
            if !stopped && !late {
                shop.pay(invoice);
            }
        }
        match day {
            60 => {
                shop.post(
                    &format!("/subscriptions/{}/change-plan", ids[0]),
                    &json!({ "plan_id": "plan_gold_monthly" }),
                );
            }
            100 => {
                shop.post(
                    &format!("/subscriptions/{}/change-plan", ids[1]),
                    &json!({ "plan_id": "plan_basic_monthly" }),
                );
            }
            120 => {
                shop.post(&format!("/subscriptions/{}/pause", ids[4]), &Value::Null);
            }
            160 => {
                shop.post(&format!("/subscriptions/{}/resume", ids[4]), &Value::Null);
            }
            200 => {
                shop.post(
                    &format!("/subscriptions/{}/cancel", ids[6]),
                    &json!({ "prorate": true }),
                );
            }
            _ => {}
        }
    }

    let (mut owed, mut earned, mut credited) = (0, 0, 0);
    let cents = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    for id in &ids {
        let invoices = shop.invoices(id);
        let mut starts: Vec<String> = invoices
            .iter()
            .map(|invoice| invoice["period_start"].to_string())
            .collect();
        let before = starts.len();
        starts.sort();
        starts.dedup();
        assert_eq!(starts.len(), before, "nothing is billed twice");
        for invoice in &invoices {
            owed += cents(&invoice["amount_due"]);
            earned += cents(&invoice["amount"]);
            credited += cents(&invoice["credit_applied"]);
        }
    }
    assert_eq!(shop.sum("central:receivable"), -owed);
    // What was credited was taken back from revenue; what of it was used is in the invoices, the rest in the accounts.
    assert_eq!(
        shop.sum("central:revenue"),
        earned - credited - shop.sum("central:credit")
    );
    assert_eq!(shop.sum("merchant:"), 0);
    assert_eq!(shop.sum(""), 0, "the ledger balances");
    // What the gateway holds is what was paid.
    assert_eq!(-shop.sum("gateway:"), earned - credited - owed);
    assert_eq!(shop.subscription(&ids[3])["status"], "cancelled");
    assert_eq!(shop.subscription(&ids[6])["status"], "cancelled");
    assert_eq!(shop.subscription(&ids[2])["billing_cycle_count"], 4);
    // The 31st of January in Berlin is the last of every month there.
    let last = shop.invoices(&ids[7]);
    let ends: Vec<&str> = last
        .iter()
        .map(|invoice| &invoice["period_start"].as_str().unwrap()[..10])
        .collect();
    assert!(
        ends.contains(&"2027-02-27") && ends.contains(&"2027-03-30") && ends.contains(&"2027-04-29"),
        "{ends:?}"
    );
    assert!(shop.host.dead().is_empty());
}
