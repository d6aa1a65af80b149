//! Invoices that nobody pays.

use mooring_sdk::services::Status;
use serde_json::{Value, json};

use crate::{Shop, shop};

fn standing(shop: &mut Shop, id: &str) -> (String, String, Status) {
    let status = shop.subscription(id)["status"].as_str().unwrap().to_owned();
    let invoice = shop.invoices(id).last().unwrap()["status"]
        .as_str()
        .unwrap()
        .to_owned();
    (status, invoice, shop.host.services()[0].status)
}

#[test]
fn an_unpaid_invoice_goes_through_every_step() {
    for (end, last, service) in [
        ("cancelled", "cancelled", Status::Terminated),
        ("expired", "expired", Status::Terminated),
        ("past_due", "past_due", Status::Suspended),
    ] {
        let mut shop = shop();
        shop.host.set("dunning_end", end);
        let id = shop.subscribe("plan_basic_monthly", &json!({}));
        assert_eq!(
            standing(&mut shop, &id),
            ("active".into(), "open".into(), Status::Active)
        );
        // Due after 3 days; then tried after 3, 7 and 14.
        for (time, status, invoice, of_service) in [
            ("2027-01-18T07:59:00Z", "active", "open", Status::Active),
            ("2027-01-18T08:00:00Z", "past_due", "overdue", Status::Suspended),
            ("2027-01-31T08:00:00Z", "past_due", "overdue", Status::Suspended),
            ("2027-02-01T08:00:00Z", last, "failed", service),
        ] {
            shop.pass_to(time);
            let got = standing(&mut shop, &id);
            assert_eq!(got, (status.into(), invoice.into(), of_service), "{end}, {time}");
        }
        shop.pass_to("2027-06-01T00:00:00Z");
        assert_eq!(standing(&mut shop, &id).0, last);
        assert_eq!(shop.invoices(&id).len(), 1, "what is not paid for is not renewed");
        let mut told = shop.told(&id);
        told.retain(|kind| kind.starts_with("invoice."));
        let mut wanted = vec![
            "invoice.created",
            "invoice.overdue",
            "invoice.failed",
            "invoice.failed",
            "invoice.failed",
        ];
        if end == "past_due" {
            wanted.truncate(5);
        }
        assert_eq!(told, wanted);
        let last: Vec<_> = shop
            .host
            .events()
            .iter()
            .filter(|event| event.subject == id)
            .filter_map(|event| {
                let body: Value = serde_json::from_str(&event.data).unwrap();
                body["data"].get("last_attempt").cloned()
            })
            .collect();
        assert_eq!(last, [false, false, false, true], "only the last one is the last");
    }
}

#[test]
fn paying_late_brings_everything_back() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pass_to("2027-01-20T00:00:00Z");
    assert_eq!(standing(&mut shop, &id).0, "past_due");
    shop.pay_open(&id);
    assert_eq!(
        standing(&mut shop, &id),
        ("active".into(), "paid".into(), Status::Active)
    );
    shop.pass_to("2027-02-15T08:00:00Z");
    assert_eq!(shop.invoices(&id).len(), 2);
}

#[test]
fn credit_that_comes_in_the_meantime_pays_at_the_next_step() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pass_to("2027-01-19T00:00:00Z");
    shop.top_up(1, 1000);
    shop.pass_to("2027-01-22T00:00:00Z");
    assert_eq!(
        standing(&mut shop, &id),
        ("active".into(), "paid".into(), Status::Active)
    );
    assert_eq!(
        (shop.sum("central:credit"), shop.sum("central:receivable")),
        (0, 0)
    );
}

#[test]
fn time_in_which_a_daily_subscription_was_off_is_not_billed() {
    let mut shop = shop();
    let id = shop.subscribe("plan_daily", &json!({}));
    shop.pass_to("2027-01-20T12:00:00Z");
    assert_eq!(standing(&mut shop, &id).0, "past_due");
    shop.pay_open(&id);
    shop.jobs();
    let subscription = shop.subscription(&id);
    assert_eq!(subscription["current_period_start"], "2027-01-20T12:00:00Z");
    assert_eq!(shop.invoices(&id).len(), 2);
}

#[test]
fn an_invoice_that_was_given_up_can_still_be_paid() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pass_to("2027-02-02T00:00:00Z");
    let invoice = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
    shop.pay(&invoice);
    assert_eq!(shop.invoices(&id)[0]["status"], "paid");
    assert_eq!(shop.subscription(&id)["status"], "cancelled");
    assert_eq!(shop.sum("central:receivable"), 0);
}

#[test]
fn voiding_an_overdue_invoice_waives_it() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pass_to("2027-01-20T00:00:00Z");
    let invoice = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
    shop.post(&format!("/subscription-invoices/{invoice}/void"), &Value::Null);
    assert_eq!(
        standing(&mut shop, &id),
        ("active".into(), "void".into(), Status::Active)
    );
    assert_eq!(
        shop.balances(),
        std::collections::BTreeMap::from([
            ("central:revenue:2027-01-15".to_owned(), 1000),
            ("central:revenue:2027-01-20".to_owned(), -1000),
        ])
    );
}
