//! What is due at the same time, with one among it that is broken.

use mooring_sdk::records;
use serde_json::json;

use crate::{DAY, shop};

#[test]
fn one_that_cannot_be_renewed_holds_up_no_other_and_dies_alone() {
    let mut shop = shop();
    let ids: Vec<String> = (0..40)
        .map(|_| shop.subscribe("plan_daily", &json!({})))
        .collect();
    shop.top_up(1, 1_000_000);
    for id in &ids {
        let open = shop.subscription(id)["open_invoice"].as_str().unwrap().to_owned();
        shop.pay(&open);
    }
    // What only damage could do: a subscription waits for an invoice that is not there.
    let broken = &ids[0];
    shop.host.act(|| {
        let document = records::get("subscriptions", broken).unwrap();
        let mut kept: serde_json::Value = document.read().unwrap();
        kept["open"] = json!({ "invoice": "inv_0000000000000000000000", "next_at": 0, "steps": 0 });
        records::put("subscriptions", broken, &kept).unwrap();
    });
    shop.host.advance(DAY);
    let mut failed = 0;
    for _ in 0..200 {
        failed += shop
            .host
            .run_jobs()
            .iter()
            .filter(|run| run.result.is_err())
            .count();
        shop.host.advance(3_600_000);
    }
    for id in &ids[1..] {
        let cycles = shop.subscription(id)["billing_cycle_count"].as_u64().unwrap();
        assert!(cycles >= 9, "{id} was billed {cycles} times in nine days");
    }
    assert_eq!(shop.subscription(broken)["billing_cycle_count"], 1);
    assert!(failed >= 100, "it was tried as often as ever");
    // Whoever puts it right finds one job that was given up, and no other.
    assert_eq!(shop.host.dead(), ["due-one"]);
}

#[test]
fn credit_that_comes_within_a_period_shorter_than_the_due_days_pays_and_renews() {
    let mut shop = shop();
    let id = shop.subscribe("plan_daily", &json!({}));
    shop.pass(DAY / 2);
    shop.top_up(1, 1000);
    shop.pass(DAY);
    assert_eq!(shop.subscription(&id)["status"], "active");
    let statuses: Vec<_> = shop
        .invoices(&id)
        .iter()
        .map(|invoice| invoice["status"].clone())
        .collect();
    assert_eq!(statuses, ["paid", "paid"]);
    assert!(shop.host.dead().is_empty());
}

#[test]
fn a_setting_that_cannot_be_used_takes_no_batch_apart() {
    let mut shop = shop();
    let ids = [
        shop.subscribe("plan_free", &json!({})),
        shop.subscribe("plan_free", &json!({})),
    ];
    shop.host.set("timezone", "Europe/Atlantis");
    shop.host.advance(32 * DAY);
    for _ in 0..8 {
        for run in shop.host.run_jobs() {
            assert_eq!((run.kind.as_str(), run.result.is_err()), ("due", true));
        }
        shop.host.advance(3_600_000);
    }
    shop.host.set("timezone", "UTC");
    shop.jobs();
    for id in &ids {
        assert_eq!(shop.subscription(id)["billing_cycle_count"], 2);
    }
}
