use mooring_sdk::gateway::{Action, Order};
use mooring_sdk::money::Amount;
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::payments::{AttemptState, CaptureMode};
use serde_json::{Value, json};

use crate::{
    AUTHORIZE, CAPTURE, Gateway, ORDERS, TAKE, VIEW, VOID, attempt, authorization, authorized, body, capture,
    error, found, gateway, header, order, refused, unknown, usd, waiting,
};

fn redirect(url: &str) -> Action {
    Action::Redirect(url.to_owned())
}

#[test]
fn starting_makes_an_order_and_sends_the_payer_to_approve_it() {
    let mut gateway = gateway();
    gateway.answer("POST", ORDERS, 200, found("PAYER_ACTION_REQUIRED", Value::Null));
    let order = Order {
        locale: Some("ar".to_owned()),
        ..order(&gateway)
    };
    let progress = gateway.start(order).unwrap();
    assert_eq!(progress.state, AttemptState::Waiting);
    assert_eq!(progress.gateway_ref.as_deref(), Some("5O1"));
    assert_eq!(
        progress.action,
        Some(redirect("https://www.paypal.test/checkoutnow?token=5O1"))
    );

    let call = &gateway.calls()[0];
    assert_eq!(header(call, "paypal-request-id"), Some(&*attempt()));
    assert_eq!(
        header(call, "authorization"),
        None,
        "the token is the host's to add"
    );
    let page = "http://mooring.test/shop/pay/0123456789abcdef";
    let expected = json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "custom_id": attempt(), "invoice_id": attempt(), "description": "A thing",
            "amount": { "currency_code": "USD", "value": "10.00" },
        }],
        "payment_source": { "paypal": { "experience_context": {
            "return_url": page, "cancel_url": page, "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING", "locale": "ar-EG",
        } } },
    });
    assert_eq!(body(call), expected);
}

#[test]
fn what_is_known_of_the_payment_shapes_the_order() {
    let mut gateway = gateway();
    let order = Order {
        capture: CaptureMode::Manual,
        due: Amount::parse_decimal("1500.00", "HUF").unwrap(),
        description: "d".repeat(500),
        ..order(&gateway)
    };
    // As PayPal answers without a payment source.
    let mut made = found("CREATED", Value::Null);
    made["links"] = json!([{ "href": "https://www.paypal.test/approve", "rel": "approve" }]);
    gateway.answer("POST", ORDERS, 201, made);
    let progress = gateway.start(order).unwrap();
    assert_eq!(progress.action, Some(redirect("https://www.paypal.test/approve")));
    let sent = body(&gateway.calls()[0]);
    assert_eq!(sent["intent"], "AUTHORIZE");
    let unit = &sent["purchase_units"][0];
    assert_eq!(unit["amount"], json!({ "currency_code": "HUF", "value": "1500" }));
    assert_eq!(unit["description"], "d".repeat(127));

    let broken = Order {
        due: Amount::parse_decimal("1500.50", "HUF").unwrap(),
        ..self::order(&gateway)
    };
    assert_eq!(refused(gateway.start(broken)), "amount_not_representable");
}

#[test]
fn only_paypals_word_refuses_a_start() {
    let mut gateway = gateway();
    gateway.answer("POST", ORDERS, 422, error("CURRENCY_NOT_SUPPORTED"));
    assert_eq!(refused(gateway.start(order(&gateway))), "CURRENCY_NOT_SUPPORTED");
    for (status, body) in [
        (500, error("INTERNAL_SERVER_ERROR")),
        (429, error("RATE_LIMIT_REACHED")),
        (409, error("RESOURCE_CONFLICT")),
        (422, Value::Null),
        (200, json!({ "surprise": true })),
    ] {
        gateway.answer("POST", ORDERS, status, body);
        unknown(gateway.start(order(&gateway)));
    }
    gateway.fail("POST", ORDERS, OutboundError::TimedOut);
    unknown(gateway.start(order(&gateway)));

    gateway.answer("POST", ORDERS, 401, Value::Null);
    assert_eq!(refused(gateway.start(order(&gateway))), "not_configured");
    gateway.answer("GET", VIEW, 401, Value::Null);
    assert!(unknown(gateway.look_up(waiting(&gateway))).contains("paypal_client_id"));
}

#[test]
fn a_start_whose_end_is_unknown_is_made_again_with_the_same_id() {
    let mut gateway = gateway();
    gateway.answer("POST", ORDERS, 200, found("PAYER_ACTION_REQUIRED", Value::Null));
    let lost = Order {
        state: AttemptState::Unknown,
        ..order(&gateway)
    };
    let progress = gateway.look_up(lost).unwrap();
    assert_eq!(progress.state, AttemptState::Waiting);
    assert_eq!(
        header(&gateway.calls()[0], "paypal-request-id"),
        Some(&*attempt())
    );
}

#[test]
fn a_look_up_charges_what_the_payer_has_approved() {
    let mut gateway = gateway();
    gateway.answer("GET", VIEW, 200, found("APPROVED", Value::Null));
    let charged = found("COMPLETED", json!({ "captures": [capture("COMPLETED")] }));
    gateway.answer("POST", CAPTURE, 201, charged);
    let progress = gateway.look_up(waiting(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Succeeded);
    assert_eq!(progress.received, Some(usd("10.00")));
    assert_eq!(progress.memo.as_deref(), Some(r#"{"capture":"3C6"}"#));
    assert_eq!(progress.details.as_deref(), Some(r#"{"provider_id":"3C6"}"#));
    assert_eq!(
        header(&gateway.calls()[1], "paypal-request-id"),
        Some(&*format!("{}-capture", attempt()))
    );

    gateway.answer("GET", VIEW, 200, found("APPROVED", Value::Null));
    let reserved = found(
        "COMPLETED",
        json!({ "authorizations": [authorization("CREATED")] }),
    );
    gateway.answer("POST", AUTHORIZE, 201, reserved);
    let order = Order {
        capture: CaptureMode::Manual,
        ..waiting(&gateway)
    };
    let progress = gateway.look_up(order).unwrap();
    assert_eq!(progress.state, AttemptState::Authorized);
    assert_eq!(progress.memo.as_deref(), Some(r#"{"authorization":"0AU"}"#));
}

#[test]
fn a_charge_whose_end_is_unknown_is_looked_at_and_made_with_the_same_id() {
    let mut gateway = gateway();
    gateway.answer("GET", VIEW, 200, found("APPROVED", Value::Null));
    gateway.fail("POST", CAPTURE, OutboundError::TimedOut);
    unknown(gateway.look_up(waiting(&gateway)));
    for status in [409, 429, 500, 503] {
        gateway.answer("GET", VIEW, 200, found("APPROVED", Value::Null));
        gateway.answer("POST", CAPTURE, status, error("INSTRUMENT_DECLINED"));
        unknown(gateway.look_up(waiting(&gateway)));
    }
    let charged = found("COMPLETED", json!({ "captures": [capture("COMPLETED")] }));
    gateway.answer("GET", VIEW, 200, charged);
    let progress = gateway.look_up(waiting(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Succeeded);
}

#[test]
fn a_refused_charge_is_judged_by_the_order_after_it() {
    use AttemptState::{Declined, Succeeded, Waiting};
    let mut gateway = gateway();
    let charged = json!({ "captures": [capture("COMPLETED")] });
    for (issue, status, payments, expected) in [
        ("INSTRUMENT_DECLINED", "APPROVED", Value::Null, Some(Declined)),
        (
            "INSTRUMENT_DECLINED",
            "PAYER_ACTION_REQUIRED",
            Value::Null,
            Some(Declined),
        ),
        (
            "PAYER_ACTION_REQUIRED",
            "PAYER_ACTION_REQUIRED",
            Value::Null,
            Some(Waiting),
        ),
        ("ORDER_NOT_APPROVED", "CREATED", Value::Null, Some(Waiting)),
        ("ORDER_ALREADY_CAPTURED", "COMPLETED", charged, Some(Succeeded)),
        ("ORDER_ALREADY_CAPTURED", "APPROVED", Value::Null, None),
        ("DUPLICATE_INVOICE_ID", "APPROVED", Value::Null, None),
    ] {
        gateway.answer("GET", VIEW, 200, found("APPROVED", Value::Null));
        gateway.answer("POST", CAPTURE, 422, error(issue));
        gateway.answer("GET", VIEW, 200, found(status, payments));
        let result = gateway.look_up(waiting(&gateway));
        match expected {
            Some(state) => assert_eq!(result.unwrap().state, state, "{issue}"),
            None => assert!(unknown(result).contains(issue)),
        }
    }
}

#[test]
fn a_look_up_tells_what_the_order_has_moved() {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Succeeded, Waiting};
    let mut gateway = gateway();
    let captures = |status: &str| json!({ "captures": [capture(status)] });
    let authorizations = |status: &str| json!({ "authorizations": [authorization(status)] });
    let both = json!({ "authorizations": [authorization("CAPTURED")], "captures": [capture("COMPLETED")] });
    let failed = json!({ "authorizations": [authorization("CREATED")], "captures": [capture("DECLINED")] });
    for (status, payments, expected) in [
        ("CREATED", Value::Null, Waiting),
        ("PAYER_ACTION_REQUIRED", Value::Null, Waiting),
        ("VOIDED", Value::Null, Cancelled),
        ("COMPLETED", captures("COMPLETED"), Succeeded),
        ("COMPLETED", captures("PARTIALLY_REFUNDED"), Succeeded),
        ("COMPLETED", captures("REFUNDED"), Succeeded),
        ("COMPLETED", captures("PENDING"), Processing),
        ("COMPLETED", captures("DECLINED"), Declined),
        ("COMPLETED", captures("FAILED"), Declined),
        ("COMPLETED", authorizations("CREATED"), Authorized),
        ("COMPLETED", authorizations("PENDING"), Processing),
        ("COMPLETED", authorizations("DENIED"), Declined),
        ("COMPLETED", authorizations("VOIDED"), Cancelled),
        ("COMPLETED", authorizations("EXPIRED"), Cancelled),
        ("COMPLETED", both, Succeeded),
        ("COMPLETED", failed, Authorized),
    ] {
        let name = format!("{status}, {payments}");
        gateway.answer("GET", VIEW, 200, found(status, payments));
        let progress = gateway.look_up(waiting(&gateway)).unwrap();
        assert_eq!(progress.state, expected, "{name}");
    }
    for (status, payments) in [
        ("COMPLETED", Value::Null),
        ("BRAND_NEW", Value::Null),
        ("COMPLETED", captures("BRAND_NEW")),
        ("COMPLETED", authorizations("CAPTURED")),
    ] {
        gateway.answer("GET", VIEW, 200, found(status, payments));
        unknown(gateway.look_up(waiting(&gateway)));
    }
}

#[test]
fn an_order_that_paypal_has_forgotten_was_never_approved() {
    let mut gateway = gateway();
    let missing = json!({ "name": "RESOURCE_NOT_FOUND", "details": [{ "issue": "INVALID_RESOURCE_ID" }] });
    gateway.answer("GET", VIEW, 404, missing.clone());
    let progress = gateway.look_up(waiting(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Cancelled);
    // Unless we may have charged it.
    let charging = Order {
        state: AttemptState::Unknown,
        ..waiting(&gateway)
    };
    gateway.answer("GET", VIEW, 404, missing);
    unknown(gateway.look_up(charging));
}

#[test]
fn giving_up_charges_nothing_and_releases_what_is_reserved() {
    use AttemptState::{Cancelled, Processing, Succeeded};
    let mut gateway = gateway();
    let progress = gateway.abandon(order(&gateway)).unwrap();
    assert_eq!(progress.state, Cancelled);
    assert!(gateway.calls().is_empty(), "nobody has seen an order");

    let captures = |status: &str| json!({ "captures": [capture(status)] });
    for (status, payments, expected) in [
        ("PAYER_ACTION_REQUIRED", Value::Null, Cancelled),
        ("APPROVED", Value::Null, Cancelled),
        ("COMPLETED", captures("COMPLETED"), Succeeded),
        ("COMPLETED", captures("PENDING"), Processing),
    ] {
        gateway.answer("GET", VIEW, 200, found(status, payments));
        assert_eq!(
            gateway.abandon(waiting(&gateway)).unwrap().state,
            expected,
            "{status}"
        );
    }
    gateway.answer("GET", VIEW, 200, found("COMPLETED", Value::Null));
    unknown(gateway.abandon(waiting(&gateway)));

    let reserved = found(
        "COMPLETED",
        json!({ "authorizations": [authorization("CREATED")] }),
    );
    gateway.answer("GET", VIEW, 200, reserved.clone());
    gateway.answer("POST", VOID, 204, Value::Null);
    assert_eq!(gateway.abandon(authorized(&gateway)).unwrap().state, Cancelled);
    assert_eq!(
        header(gateway.calls().last().unwrap(), "paypal-request-id"),
        Some(&*format!("{}-void", attempt()))
    );

    // Captured meanwhile.
    gateway.answer("GET", VIEW, 200, reserved.clone());
    gateway.answer("POST", VOID, 422, error("AUTHORIZATION_ALREADY_CAPTURED"));
    gateway.answer("GET", VIEW, 200, found("COMPLETED", captures("COMPLETED")));
    assert_eq!(gateway.abandon(authorized(&gateway)).unwrap().state, Succeeded);

    gateway.answer("GET", VIEW, 200, reserved.clone());
    gateway.answer("POST", VOID, 422, error("SOMETHING_ELSE"));
    gateway.answer("GET", VIEW, 200, reserved.clone());
    unknown(gateway.abandon(authorized(&gateway)));

    gateway.answer("GET", VIEW, 200, reserved);
    gateway.fail("POST", VOID, OutboundError::TimedOut);
    unknown(gateway.abandon(authorized(&gateway)));
}

#[test]
fn capturing_takes_an_amount_once() {
    let mut gateway = gateway();
    let mut part = capture("COMPLETED");
    part["amount"]["value"] = json!("4.00");
    gateway.answer("POST", TAKE, 201, part.clone());
    let progress = gateway.capture(authorized(&gateway), usd("4.00")).unwrap();
    assert_eq!(progress.received, Some(usd("4.00")));
    let call = &gateway.calls()[0];
    assert_eq!(
        body(call),
        json!({ "amount": { "currency_code": "USD", "value": "4.00" }, "final_capture": true })
    );
    assert_eq!(
        header(call, "paypal-request-id"),
        Some(&*format!("{}-capture-400", attempt()))
    );

    let taken = json!({ "authorizations": [authorization("PARTIALLY_CAPTURED")], "captures": [part] });
    gateway.answer("POST", TAKE, 422, error("AUTHORIZATION_ALREADY_CAPTURED"));
    gateway.answer("GET", VIEW, 200, found("COMPLETED", taken));
    let progress = gateway.capture(authorized(&gateway), usd("4.00")).unwrap();
    assert_eq!(progress.state, AttemptState::Succeeded);

    let reserved = found(
        "COMPLETED",
        json!({ "authorizations": [authorization("CREATED")] }),
    );
    gateway.answer("POST", TAKE, 422, error("MAX_CAPTURE_AMOUNT_EXCEEDED"));
    gateway.answer("GET", VIEW, 200, reserved.clone());
    assert_eq!(
        refused(gateway.capture(authorized(&gateway), usd("40.00"))),
        "MAX_CAPTURE_AMOUNT_EXCEEDED"
    );

    gateway.fail("POST", TAKE, OutboundError::TimedOut);
    unknown(gateway.capture(authorized(&gateway), usd("4.00")));

    // What was not kept is looked up.
    let forgetful = Order {
        memo: String::new(),
        ..authorized(&gateway)
    };
    gateway.answer("GET", VIEW, 200, reserved);
    gateway.answer("POST", TAKE, 201, capture("COMPLETED"));
    let progress = gateway.capture(forgetful, usd("10.00")).unwrap();
    assert_eq!(progress.state, AttemptState::Succeeded);
}

#[test]
fn the_payer_is_offered_paypal_for_its_currencies_only() {
    let gateway = Gateway::new();
    let offer = gateway.manifest().gateway.clone().expect("a gateway");
    let currencies = &offer.methods[0].currencies;
    assert!(currencies.iter().any(|code| code == "EUR"));
    assert!(!currencies.iter().any(|code| code == "KWD"));
}

#[test]
fn an_order_that_may_have_been_captured_is_not_given_up_but_settled() {
    // Processing is what PayPal's news of the approval makes of it, which is looked up then.
    for state in [AttemptState::Processing, AttemptState::Unknown] {
        let mut gateway = gateway();
        let asked = Order {
            state,
            ..waiting(&gateway)
        };
        gateway.answer("GET", VIEW, 200, found("APPROVED", Value::Null));
        let charged = found("COMPLETED", json!({ "captures": [capture("COMPLETED")] }));
        gateway.answer("POST", CAPTURE, 201, charged);
        assert_eq!(gateway.abandon(asked).unwrap().state, AttemptState::Succeeded);
    }
}
