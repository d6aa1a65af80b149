//! Payments without a subscription: lists, refunds, cancellations.

use mooring_sdk::testing::{AttemptDone, RefundOutcome};
use serde_json::{Value, json};

use crate::{DAY, Shop, shop};

fn pay(shop: &mut Shop, email: &str, amount: &str, currency: &str) -> String {
    let body = json!({ "amount": amount, "currency": currency, "description": "x", "customer_email": email });
    let made = shop.ok("POST", "/payments/hosted-url", &body, 201);
    made["transaction_id"].as_str().unwrap().to_owned()
}

fn total(shop: &mut Shop, query: &str) -> u64 {
    let list = shop.get(&format!("/payments?{query}"));
    let (data, meta) = (
        list["data"].as_array().unwrap().len() as u64,
        list["meta"]["total"].as_u64().unwrap(),
    );
    assert_eq!(data, meta, "{query}");
    meta
}

#[test]
fn lists_are_narrowed_by_everything_at_once() {
    let mut shop = shop();
    let mut ids = Vec::new();
    for (day, (email, currency)) in [
        ("a@example.com", "USD"),
        ("b@example.com", "EUR"),
        ("a@example.com", "EUR"),
        ("a@example.com", "USD"),
    ]
    .into_iter()
    .enumerate()
    {
        shop.host.advance(u64::from(day > 0) * DAY / 2);
        let id = pay(&mut shop, email, "5", currency);
        if day % 2 == 0 {
            shop.pay_transaction(&id);
        }
        ids.push(id);
    }
    for (query, wanted) in [
        ("", 4),
        ("customer_email=a@example.com", 3),
        ("customer_email=nobody@example.com", 0),
        ("currency=eur", 2),
        ("status=completed", 2),
        ("status=pending", 2),
        ("status=refunded", 0),
        ("gateway=sandbox", 2),
        ("gateway=stripe", 0),
        ("customer_email=a@example.com&currency=EUR", 1),
        (
            "customer_email=a@example.com&status=completed&currency=USD&gateway=sandbox",
            1,
        ),
        ("from=2027-01-16", 2),
        ("to=2027-01-15", 2),
        ("from=2027-01-15T20:00:00Z&to=2027-01-16T08:00:00Z", 2),
        ("from=2027-01-15&to=2027-01-15&status=completed&currency=USD", 1),
        ("from=2027-02-01", 0),
    ] {
        assert_eq!(total(&mut shop, query), wanted, "{query}");
    }
    let page = shop.get("/payments?per_page=3&page=2");
    assert_eq!(
        (&page["data"][0]["id"], &page["meta"]["last_page"]),
        (&json!(ids[0]), &json!(2))
    );
    for query in [
        "status=paid",
        "page=0",
        "page=x",
        "per_page=-1",
        "from=yesterday",
        "to=2027-13-01",
    ] {
        shop.refused(
            "GET",
            &format!("/payments?{query}"),
            &Value::Null,
            422,
            "validation_failed",
        );
    }
    assert_eq!(shop.get("/customers/1/payments")["meta"]["total"], 3);
}

#[test]
fn a_refund_takes_back_what_was_earned() {
    let mut shop = shop();
    let id = pay(&mut shop, "a@example.com", "10", "USD");
    let refund = format!("/payments/{id}/refund");
    shop.refused("POST", &refund, &Value::Null, 409, "not_refundable");
    shop.pay_transaction(&id);
    assert_eq!(shop.sum("central:sales:2027-01-15"), 1000);
    assert_eq!(shop.sum("merchant:central:balance"), 0);
    let answer = shop.post(&refund, &json!({ "amount": "4.00", "reason": "broken" }));
    assert_eq!(
        (&answer["refund"]["status"], &answer["transaction"]["status"]),
        (&json!("completed"), &json!("completed"))
    );
    assert_eq!((shop.sum("central:sales"), shop.sum("merchant:")), (600, 0));
    for (body, status, error) in [
        (json!({ "amount": "6.01" }), 422, "validation_failed"),
        (json!({ "amount": 0 }), 422, "validation_failed"),
        (json!({ "amount": "1.001" }), 422, "validation_failed"),
    ] {
        shop.refused("POST", &refund, &body, status, error);
    }
    shop.host.next_refund(RefundOutcome::failed("no", "No."));
    assert_eq!(
        shop.send("POST", &refund, &Value::Null).json()["error"],
        "refund_failed"
    );
    assert_eq!(shop.sum("central:sales"), 600);
    shop.post(&refund, &Value::Null);
    assert_eq!(
        shop.get(&format!("/payments/{id}"))["transaction"]["status"],
        "refunded"
    );
    assert_eq!(
        (
            shop.sum("central:sales"),
            shop.sum("merchant:"),
            shop.sum("gateway:")
        ),
        (0, 0, 0)
    );
    shop.refused("POST", &refund, &Value::Null, 409, "not_refundable");
    assert_eq!(shop.get("/payments?status=refunded")["meta"]["total"], 1);
}

#[test]
fn a_refund_of_an_invoice_takes_its_revenue_back() {
    let mut shop = shop();
    let id = shop.subscribe("plan_basic_monthly", &json!({}));
    shop.pay_open(&id);
    let invoice = shop.invoices(&id)[0].clone();
    let transaction = invoice["transaction_id"].as_str().unwrap();
    shop.post(
        &format!("/payments/{transaction}/refund"),
        &json!({ "amount": 3 }),
    );
    let invoice = shop.invoices(&id)[0].clone();
    assert_eq!(
        (&invoice["status"], &invoice["amount_refunded"]),
        (&json!("paid"), &json!("3.00"))
    );
    assert_eq!(
        (
            shop.sum("central:revenue"),
            shop.sum("central:receivable"),
            shop.sum("merchant:")
        ),
        (700, 0, 0)
    );
}

#[test]
fn a_partial_payment_is_no_full_one_and_pays_no_invoice() {
    let mut shop = shop();
    let id = pay(&mut shop, "a@example.com", "10", "USD");
    let payment = shop.host.payments()[0].id.clone();
    let part = mooring_sdk::money::Amount::parse_decimal("4", "USD").unwrap();
    shop.host.pay(&payment, AttemptDone::received(part.clone()));
    let view = shop.get(&format!("/payments/{id}"))["transaction"].clone();
    assert_eq!(
        (&view["status"], &view["payment_status"], &view["paid_amount"]),
        (&json!("completed"), &json!("partial"), &json!("4.00"))
    );

    let subscription = shop.subscribe("plan_basic_monthly", &json!({}));
    let invoice = shop.invoices(&subscription)[0]["id"].as_str().unwrap().to_owned();
    let paying = shop.post(&format!("/subscription-invoices/{invoice}/payment"), &Value::Null);
    assert_eq!(paying["transaction"]["invoice_id"], invoice);
    let payment = shop.host.payments().last().unwrap().id.clone();
    shop.host.pay(&payment, AttemptDone::received(part));
    assert_eq!(shop.invoices(&subscription)[0]["status"], "open");
    shop.pay(&invoice);
    assert_eq!(shop.invoices(&subscription)[0]["status"], "paid");
    assert_eq!(shop.sum("central:receivable"), 0);
}

#[test]
fn asking_for_a_payment_again_gives_the_same_one() {
    let mut shop = shop();
    let subscription = shop.subscribe("plan_basic_monthly", &json!({}));
    let invoice = shop.invoices(&subscription)[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/subscription-invoices/{invoice}/payment");
    let first = shop.post(&path, &Value::Null)["transaction"]["id"].clone();
    assert_eq!(shop.post(&path, &Value::Null)["transaction"]["id"], first);
    let sent = shop.post(&format!("/subscription-invoices/{invoice}/send"), &Value::Null);
    assert_eq!(sent["transaction"]["id"], first);
    assert_eq!(sent["invoice"]["sent_at"], "2027-01-15T08:00:00Z");
    // A gateway is offered first, on the same page; one that nobody knows is refused, and spoils nothing.
    let through = shop.post(&path, &json!({ "gateway": "stripe" }))["transaction"].clone();
    assert_eq!(through["id"], first);
    let page = through["checkout_url"].as_str().unwrap();
    assert!(page.ends_with("?gateway=stripe"), "{page}");
    let unknown = json!({ "gateway": "nope" });
    let answer = shop.refused("POST", &path, &unknown, 422, "validation_failed");
    assert!(answer["errors"].get("gateway").is_some(), "{answer}");
    let back = json!({ "return_url": "https://shop.example/back" });
    let other = shop.post(&path, &back);
    assert_eq!(
        shop.post(&path, &back)["transaction"]["id"],
        other["transaction"]["id"]
    );
    assert_ne!(other["transaction"]["id"], first);
    assert_eq!(
        shop.get(&format!("/payments/{}", first.as_str().unwrap()))["transaction"]["status"],
        "cancelled"
    );
    shop.pay(&invoice);
    shop.refused("POST", &path, &Value::Null, 409, "invoice_not_open");
}

#[test]
fn a_payment_ends_by_itself_or_is_cancelled() {
    let mut shop = shop();
    let id = pay(&mut shop, "a@example.com", "10", "USD");
    let cancelled = shop.post(&format!("/payments/{id}/cancel"), &Value::Null);
    assert_eq!(cancelled["transaction"]["status"], "cancelled");
    shop.post(&format!("/payments/{id}/cancel"), &Value::Null);
    let late = pay(&mut shop, "a@example.com", "10", "USD");
    shop.pass(DAY + 1);
    assert_eq!(
        shop.get(&format!("/payments/{late}"))["transaction"]["status"],
        "cancelled"
    );
    shop.refused(
        "POST",
        &format!("/payments/{late}/cancel"),
        &Value::Null,
        409,
        "not_cancellable",
    );
    assert_eq!(shop.told(&late), ["payment.pending", "payment.cancelled"]);
}
