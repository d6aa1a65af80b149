//! Bad input: each line is refused, names its field, and leaves nothing behind.

use serde_json::{Value, json};

use crate::{API, shop};

#[test]
fn bad_payments() {
    let mut shop = shop();
    let good =
        json!({ "amount": 1, "currency": "USD", "description": "x", "customer_email": "a@example.com" });
    for (field, value) in [
        ("amount", json!(null)),
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", json!("1,5")),
        ("amount", json!("NaN")),
        ("amount", json!(1.001)),
        ("amount", json!(1e300)),
        ("amount", json!(1_000_000_000)),
        ("amount", json!([1])),
        ("currency", json!("XAU")),
        ("currency", json!("BTC")),
        ("currency", json!("")),
        ("currency", json!(840)),
        ("description", json!("")),
        ("description", json!("x".repeat(501))),
        ("customer_email", json!("nobody")),
        ("customer_email", json!("")),
        ("customer_email", json!(7)),
        ("return_url", json!("javascript:alert(1)")),
        ("return_url", json!("not a url")),
        ("metadata", json!("x")),
        ("metadata", json!([1])),
        ("metadata", json!({ "x": "y".repeat(4096) })),
    ] {
        let mut body = good.clone();
        body[field] = value;
        for path in ["/payments", "/payments/hosted-url"] {
            let answer = shop.refused("POST", path, &body, 422, "validation_failed");
            assert!(answer["errors"].get(field).is_some(), "{body}: {answer}");
        }
    }
    for (field, _) in good.as_object().unwrap() {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        let answer = shop.refused("POST", "/payments", &body, 422, "validation_failed");
        assert_eq!(answer["errors"][field][0], "is required");
    }
}

#[test]
fn bad_subscriptions() {
    let mut shop = shop();
    let good = json!({ "customer_email": "a@example.com", "plan_id": "plan_basic_monthly" });
    for (field, value) in [
        ("customer_email", json!("nobody")),
        ("trial_days", json!(-1)),
        ("trial_days", json!(1.5)),
        ("trial_days", json!(1096)),
        ("trial_days", json!("soon")),
        ("start_date", json!("2027-02-30")),
        ("start_date", json!("tomorrow")),
        ("start_date", json!("1999-01-01")),
        ("start_date", json!("2099-01-01")),
        ("start_date", json!(20_270_101)),
        ("metadata", json!("x")),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = shop.refused("POST", "/subscriptions", &body, 422, "validation_failed");
        assert!(answer["errors"].get(field).is_some(), "{body}: {answer}");
    }
    let mut body = good.clone();
    body["plan_id"] = json!("plan_nobody_has");
    shop.refused("POST", "/subscriptions", &body, 404, "not_found");
    shop.ok(
        "DELETE",
        "/subscription-plans/plan_basic_monthly",
        &Value::Null,
        200,
    );
    shop.refused("POST", "/subscriptions", &good, 409, "plan_archived");
}

#[test]
fn bad_plans() {
    let mut shop = shop();
    let good = json!({ "name": "P", "price": "5", "currency": "USD", "interval": "month" });
    for (field, value) in [
        ("name", json!("")),
        ("price", json!(-1)),
        ("price", json!("5.001")),
        ("currency", json!("NOPE")),
        ("interval", json!("hour")),
        ("interval_count", json!(0)),
        ("interval_count", json!(37)),
        ("trial_days", json!(9999)),
        ("id", json!("premium")),
        ("id", json!("plan_")),
        ("id", json!("plan_ä")),
        ("id", json!("plan_basic_monthly")),
        ("features", json!("all")),
        ("features", json!(vec!["x"; 51])),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = shop.refused("POST", "/subscription-plans", &body, 422, "validation_failed");
        assert!(
            answer["errors"]
                .as_object()
                .unwrap()
                .keys()
                .any(|name| name.starts_with(field)),
            "{body}: {answer}"
        );
    }
    let made = shop.ok("POST", "/subscription-plans", &good, 201);
    let id = made["plan"]["id"].as_str().unwrap().to_owned();
    let path = format!("/subscription-plans/{id}");
    let changed = shop.ok("PUT", &path, &json!({ "price": 7, "features": ["all"] }), 200);
    assert_eq!(changed["plan"]["price"].to_string(), "7.00");
    shop.refused(
        "PUT",
        &path,
        &json!({ "price": "7.001" }),
        422,
        "validation_failed",
    );
    assert_eq!(
        shop.ok("DELETE", &path, &Value::Null, 200)["plan"]["status"],
        "archived"
    );
    assert_eq!(
        shop.get("/subscription-plans?status=archived")["data"][0]["id"],
        id
    );
    assert_eq!(shop.get(&path)["plan"]["status"], "archived");
}

#[test]
fn bad_customers() {
    let mut shop = shop();
    shop.ok(
        "POST",
        "/customers",
        &json!({ "email": "a@example.com", "metadata": [] }),
        201,
    );
    for body in [
        json!({}),
        json!({ "email": "x" }),
        json!({ "email": "A@example.com" }),
        json!({ "email": "b@example.com", "name": "x".repeat(201) }),
    ] {
        shop.refused("POST", "/customers", &body, 422, "validation_failed");
    }
    shop.refused("GET", "/customers/7", &Value::Null, 404, "not_found");
    shop.refused("GET", "/customers/x", &Value::Null, 404, "not_found");
    let changed = shop.ok(
        "PUT",
        "/customers/1",
        &json!({ "phone": "+49", "metadata": { "vip": true } }),
        200,
    );
    assert_eq!(
        (
            &changed["customer"]["phone"],
            &changed["customer"]["metadata"]["vip"]
        ),
        (&json!("+49"), &json!(true))
    );
    assert_eq!(shop.get("/customers?email=A@EXAMPLE.COM")["meta"]["total"], 1);
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut shop = shop();
    let (subscription, invoice, transaction) = (
        format!("sub_{}", "x".repeat(22)),
        format!("inv_{}", "x".repeat(22)),
        format!("tr_{}", "x".repeat(22)),
    );
    for id in [subscription.as_str(), "sub_x", "7", "%20", &"x".repeat(300)] {
        for (method, path) in [
            ("GET", format!("/subscriptions/{id}")),
            ("GET", format!("/subscriptions/{id}/events")),
            ("PUT", format!("/subscriptions/{id}")),
            ("POST", format!("/subscriptions/{id}/cancel")),
            ("POST", format!("/subscriptions/{id}/pause")),
            ("POST", format!("/subscriptions/{id}/resume")),
            ("POST", format!("/subscriptions/{id}/reactivate")),
            ("POST", format!("/subscriptions/{id}/renew")),
            ("GET", format!("/subscription-invoices/upcoming/{id}")),
            ("POST", format!("/subscription-invoices/{id}/generate")),
        ] {
            let body = if method == "PUT" { json!({}) } else { Value::Null };
            shop.refused(method, &path, &body, 404, "not_found");
        }
    }
    for (method, path) in [
        ("GET", format!("/subscription-invoices/{invoice}")),
        ("POST", format!("/subscription-invoices/{invoice}/payment")),
        ("POST", format!("/subscription-invoices/{invoice}/void")),
        ("POST", format!("/subscription-invoices/{invoice}/send")),
        ("GET", format!("/payments/{transaction}")),
        ("GET", format!("/payments/{transaction}/status")),
        ("POST", format!("/payments/{transaction}/cancel")),
        ("POST", format!("/payments/{transaction}/refund")),
        ("GET", "/subscription-events/evt_x".to_owned()),
        ("GET", "/subscription-plans/plan_x".to_owned()),
        ("GET", "/webhook-endpoints/ep_x".to_owned()),
        ("POST", "/webhooks/deliveries/dlv_x/retry".to_owned()),
        ("GET", "/nowhere".to_owned()),
    ] {
        shop.refused(method, &path, &Value::Null, 404, "not_found");
    }
}

#[test]
fn bodies_that_are_no_json() {
    let mut shop = shop();
    let key = shop.key.clone();
    for body in ["", "{", "nonsense", "[]", "null", "\u{0}", "7"] {
        let reply = shop
            .host
            .post(&format!("{API}/payments"))
            .key(&key)
            .body(body)
            .send();
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (422, &json!("validation_failed")),
            "{body:?}"
        );
    }
}
