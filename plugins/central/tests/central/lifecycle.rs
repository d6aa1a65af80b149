//! Cancelling, pausing, resuming, beginning again.

use mooring_sdk::services::Status;
use serde_json::{Value, json};

use crate::{DAY, shop};

#[test]
fn a_cancellation_waits_for_the_end_of_the_period() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let answer = shop.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "reason": "Too expensive" }),
    );
    let subscription = &answer["subscription"];
    assert_eq!(
        (&subscription["status"], &subscription["cancel_at_period_end"]),
        (&json!("active"), &json!(true))
    );
    assert_eq!(subscription["cancel_reason"], "Too expensive");
    shop.refused(
        "POST",
        &format!("/subscriptions/{id}/cancel"),
        &Value::Null,
        409,
        "cancelled",
    );
    shop.refused(
        "GET",
        &format!("/subscription-invoices/upcoming/{id}"),
        &Value::Null,
        409,
        "nothing_to_bill",
    );
    shop.pass_to("2027-02-15T08:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "cancelled");
    assert_eq!(shop.subscription(&id)["ended_at"], "2027-02-15T08:00:00Z");
    assert_eq!(shop.host.services()[0].status, Status::Terminated);
    assert_eq!(shop.invoices(&id).len(), 1);
    shop.refused(
        "POST",
        &format!("/subscriptions/{id}/cancel"),
        &Value::Null,
        409,
        "subscription_ended",
    );
}

#[test]
fn a_cancellation_now_credits_the_rest_where_that_is_asked_for() {
    for (body, credit) in [
        (json!({ "at_period_end": false }), 0),
        // 16.666… of 31 days of ten dollars.
        (json!({ "at_period_end": false, "prorate": true }), 538),
        (json!({ "prorate": true }), 538),
    ] {
        let mut shop = shop();
        let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
        shop.pay_open(&id);
        let answer = shop.post(&format!("/subscriptions/{id}/cancel"), &body);
        assert_eq!(answer["subscription"]["status"], "cancelled");
        assert_eq!(shop.sum("central:credit"), credit, "{body}");
        assert_eq!(shop.sum("central:revenue"), 1000 - credit);
        assert_eq!(shop.told(&id).last().unwrap(), "subscription.cancelled");
    }
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    let both = json!({ "at_period_end": true, "prorate": true });
    shop.refused(
        "POST",
        &format!("/subscriptions/{id}/cancel"),
        &both,
        422,
        "validation_failed",
    );
}

#[test]
fn what_was_paid_ahead_comes_back_as_credit() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let made = shop.ok(
        "POST",
        &format!("/subscription-invoices/{id}/generate"),
        &Value::Null,
        201,
    );
    shop.pay(made["invoice"]["id"].as_str().unwrap());
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    assert_eq!(
        (shop.sum("central:credit"), shop.sum("central:revenue")),
        (1000, 1000)
    );
}

#[test]
fn a_cancellation_in_the_trial_ends_it_without_a_bill() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "trial_days": 7 }));
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    shop.pass_to("2027-01-22T08:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "cancelled");
    assert!(shop.invoices(&id).is_empty());
}

#[test]
fn a_pause_makes_period_and_trial_as_much_longer() {
    let mut shop = shop();
    let paid = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&paid);
    let trial = shop.subscribe("plan_basic_monthly", &json!({ "trial_days": 7 }));
    for id in [&paid, &trial] {
        shop.pass(DAY);
        let paused = shop.post(&format!("/subscriptions/{id}/pause"), &Value::Null);
        assert_eq!(paused["subscription"]["status"], "paused");
        shop.refused(
            "POST",
            &format!("/subscriptions/{id}/pause"),
            &Value::Null,
            409,
            "not_active",
        );
    }
    assert!(
        shop.host
            .services()
            .iter()
            .all(|service| service.status == Status::Suspended)
    );
    shop.pass(60 * DAY);
    assert_eq!(shop.invoices(&paid).len(), 1);
    let resumed = shop.post(&format!("/subscriptions/{paid}/resume"), &Value::Null);
    // 61 days, for the second pause began a day after the first.
    assert_eq!(
        resumed["subscription"]["current_period_end"],
        "2027-04-17T08:00:00Z"
    );
    assert_eq!(resumed["subscription"]["status"], "active");
    let resumed = shop.post(&format!("/subscriptions/{trial}/resume"), &Value::Null);
    assert_eq!(resumed["subscription"]["trial_end"], "2027-03-23T08:00:00Z");
    assert_eq!(resumed["subscription"]["status"], "trialing");
    assert!(
        shop.host
            .services()
            .iter()
            .all(|service| service.status == Status::Active)
    );
    shop.refused(
        "POST",
        &format!("/subscriptions/{trial}/resume"),
        &Value::Null,
        409,
        "not_paused",
    );
    shop.pass_to("2027-04-17T08:00:00Z");
    assert_eq!(
        shop.subscription(&paid)["current_period_end"],
        "2027-05-17T08:00:00Z"
    );
    assert_eq!(shop.invoices(&paid).len(), 2);
}

#[test]
fn what_the_operator_has_switched_off_stays_off() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let service = shop.host.services()[0].id.clone();
    shop.host
        .act(|| mooring_sdk::services::suspend(&service, mooring_sdk::services::Suspender::Operator))
        .unwrap();
    shop.post(&format!("/subscriptions/{id}/pause"), &Value::Null);
    shop.post(&format!("/subscriptions/{id}/resume"), &Value::Null);
    assert_eq!(shop.host.services()[0].status, Status::Suspended);
}

#[test]
fn a_cancellation_can_be_taken_back_and_an_end_begun_again() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let reactivate = format!("/subscriptions/{id}/reactivate");
    shop.refused("POST", &reactivate, &Value::Null, 409, "not_cancelled");
    shop.post(&format!("/subscriptions/{id}/cancel"), &Value::Null);
    let back = shop.post(&reactivate, &Value::Null);
    assert_eq!(back["subscription"]["cancel_at_period_end"], false);
    shop.post(
        &format!("/subscriptions/{id}/cancel"),
        &json!({ "at_period_end": false }),
    );
    shop.pass(3 * DAY);
    let again = shop.post(&reactivate, &Value::Null);
    assert_eq!(again["subscription"]["status"], "active");
    assert_eq!(
        again["subscription"]["current_period_start"],
        "2027-01-18T08:00:00Z"
    );
    let services = shop.host.services();
    assert_eq!(
        (services[0].status, services[1].status),
        (Status::Terminated, Status::Active)
    );
    assert_eq!(services[1].external_ref.as_deref(), Some(id.as_str()));
    assert_eq!(shop.invoices(&id).len(), 2);
}

#[test]
fn renewing_begins_a_period_now_and_credits_the_rest() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "start_date": "2027-01-01" }));
    shop.pay_open(&id);
    let answer = shop.post(&format!("/subscriptions/{id}/renew"), &Value::Null);
    assert_eq!(
        answer["subscription"]["current_period_start"],
        "2027-01-15T08:00:00Z"
    );
    assert_eq!(answer["invoice"]["amount"], "4.62");
    assert_eq!(answer["proration"]["credit"], "5.38");
}

#[test]
fn a_trial_can_be_extended() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "trial_days": 7 }));
    let extend = format!("/subscriptions/{id}/extend-trial");
    let answer = shop.post(&extend, &json!({ "days": 3 }));
    assert_eq!(answer["subscription"]["trial_end"], "2027-01-25T08:00:00Z");
    for body in [
        json!({}),
        json!({ "days": 0 }),
        json!({ "days": -1 }),
        json!({ "days": 1095 }),
        json!({ "days": "x" }),
    ] {
        shop.refused("POST", &extend, &body, 422, "validation_failed");
    }
    shop.pass_to("2027-01-25T08:00:00Z");
    shop.refused("POST", &extend, &json!({ "days": 1 }), 409, "not_trialing");
    assert_eq!(shop.invoices(&id).len(), 1);
}

#[test]
fn one_that_begins_later_waits_for_its_day() {
    let mut shop = shop();
    let id = shop.subscribe(
        "plan_basic_monthly",
        &json!({ "start_date": "2027-02-01", "trial_days": 0 }),
    );
    assert_eq!(shop.subscription(&id)["status"], "pending");
    assert_eq!(shop.host.services()[0].status, Status::Pending);
    shop.pass_to("2027-02-01T00:00:00Z");
    assert_eq!(shop.subscription(&id)["status"], "active");
    assert_eq!(shop.host.services()[0].status, Status::Active);
    assert_eq!(shop.invoices(&id).len(), 1);
}

#[test]
fn its_metadata_and_customer_can_be_changed() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "metadata": { "a": 1 } }));
    let body = json!({ "metadata": { "b": 2 }, "customer_name": "Jane" });
    let answer = shop.ok("PUT", &format!("/subscriptions/{id}"), &body, 200);
    assert_eq!(answer["subscription"]["metadata"], json!({ "b": 2 }));
    assert_eq!(answer["subscription"]["customer"]["name"], "Jane");
    let history = shop.get(&format!("/subscriptions/{id}/events"));
    let kinds: Vec<_> = history["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "subscription.updated",
            "subscription.activated",
            "invoice.created",
            "subscription.created"
        ]
    );
    assert_eq!(history["meta"]["total"], 4);
    let event = history["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        shop.get(&format!("/subscription-events/{event}"))["event"]["id"],
        event
    );
}

#[test]
fn its_customers_phone_and_email_can_be_changed() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({ "customer_phone": "+4930123" }));
    shop.subscribe("plan_free", &json!({ "customer_email": "other@example.com" }));
    let path = format!("/subscriptions/{id}");
    let body = json!({ "customer_phone": "+4930456", "customer_email": "new@example.com" });
    let customer = shop.ok("PUT", &path, &body, 200)["subscription"]["customer"].clone();
    assert_eq!(
        (&customer["phone"], &customer["email"]),
        (&json!("+4930456"), &json!("new@example.com"))
    );
    for email in ["other@example.com", "nobody"] {
        let body = json!({ "customer_email": email });
        let answer = shop.refused("PUT", &path, &body, 422, "validation_failed");
        assert!(answer["errors"].get("customer_email").is_some(), "{answer}");
    }
}

#[test]
fn its_first_payment_is_found_under_its_own_code() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    let code = id.replace("sub_", "tr_");
    let mut asked = Vec::new();
    for body in [Value::Null, json!({ "return_url": "https://shop.example/other" })] {
        let invoice = shop.invoices(&id)[0]["id"].as_str().unwrap().to_owned();
        let paying = shop.post(&format!("/subscription-invoices/{invoice}/payment"), &body);
        asked.push(paying["transaction"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(asked[0], code);
    assert_ne!(asked[1], code);
}

#[test]
fn a_view_says_the_same_under_each_name_and_as_a_list_does() {
    let mut shop = shop();
    let more = json!({ "metadata": { "seats": 5.5, "name": "\"A\" & B" }, "customer_phone": "+4930123" });
    let id = shop.subscribe("plan_basic_monthly", &more);
    for paid in [false, true] {
        if paid {
            shop.pay_open(&id);
        }
        let view = shop.get(&format!("/subscriptions/{id}"));
        let listed = shop.get("/subscriptions")["data"][0].clone();
        assert_eq!((&view["data"], &view["subscription"]), (&listed, &listed));
        let gateway = if paid {
            json!({ "gateway": "sandbox", "gateway_response": listed["provider_metadata"]["gateway_response"] })
        } else {
            json!({})
        };
        assert_eq!(
            view["provider_metadata"], gateway,
            "no other gateway has an id of it"
        );
        assert_eq!(listed["provider_metadata"], gateway);
        assert_eq!(listed["metadata"], more["metadata"]);
        assert_eq!(listed["customer"]["phone"], "+4930123");
    }
}
