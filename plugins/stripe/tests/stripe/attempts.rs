use mooring_sdk::gateway::{Action, Order, Progress};
use mooring_sdk::money::Amount;
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::payments::{AttemptState, CaptureMode};
use serde_json::{Value, json};

use crate::{
    CANCEL, CAPTURE, EXPIRE, Gateway, INTENT, SESSIONS, VIEW, authorized, error, form, gateway, header,
    intent, order, refused, session, unknown, usd, waiting,
};

fn page(progress: &Progress) -> &str {
    match &progress.action {
        Some(Action::Redirect(url)) => url,
        other => panic!("no page: {other:?}"),
    }
}

#[test]
fn starting_makes_a_session_and_sends_the_payer_to_its_page() {
    let mut gateway = gateway();
    gateway.answer("POST", SESSIONS, 200, session("open", Value::Null));
    let progress = gateway.start(order(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Waiting);
    assert_eq!(progress.gateway_ref.as_deref(), Some("cs_1"));
    assert_eq!(page(&progress), "https://checkout.stripe.test/c/pay/cs_1");

    let call = &gateway.calls()[0];
    let attempt = format!("att_{:0>22}", 1);
    assert_eq!(header(call, "idempotency-key"), Some(attempt.as_str()));
    assert_eq!(
        header(call, "content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(header(call, "stripe-version"), Some("2025-03-31.basil"));
    assert_eq!(
        header(call, "authorization"),
        None,
        "the key is the host's to add"
    );
    let page = "http://mooring.test/shop/pay/0123456789abcdef";
    let expected = [
        ("adaptive_pricing[enabled]", "false"),
        ("cancel_url", page),
        ("client_reference_id", &attempt),
        ("customer_email", "payer@example.com"),
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][product_data][name]", "A thing"),
        ("line_items[0][price_data][unit_amount]", "1000"),
        ("line_items[0][quantity]", "1"),
        ("metadata[mooring_attempt]", &attempt),
        ("metadata[mooring_payment]", &format!("pay_{:0>22}", 1)),
        ("mode", "payment"),
        ("payment_intent_data[description]", "A thing"),
        ("payment_intent_data[metadata][mooring_attempt]", &attempt),
        (
            "payment_intent_data[metadata][mooring_payment]",
            &format!("pay_{:0>22}", 1),
        ),
        ("payment_method_types[0]", "card"),
        ("success_url", page),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form(call), expected.into());
}

#[test]
fn what_is_known_of_the_payment_shapes_the_session() {
    let mut gateway = gateway();
    gateway.set("stripe_methods", "card, sepa_debit");
    let minute = 60_000;
    let made = gateway.now();
    for (expires_in, seconds) in [
        (5 * minute, 60 * 60),
        (90 * minute, 90 * 60),
        (48 * 60 * minute, 24 * 60 * 60 - 600),
    ] {
        gateway.answer("POST", SESSIONS, 200, session("open", Value::Null));
        let order = Order {
            capture: CaptureMode::Manual,
            locale: Some("pt".to_owned()),
            expires_at: Some(made + expires_in),
            description: String::new(),
            payer_email: None,
            due: Amount::parse_decimal("7", "JPY").unwrap(),
            ..order(&gateway)
        };
        gateway.start(order).unwrap();
        let sent = form(gateway.calls().last().unwrap());
        assert_eq!(sent["expires_at"], (made / 1000 + seconds).to_string());
        assert_eq!(sent["payment_intent_data[capture_method]"], "manual");
        assert_eq!(sent["locale"], "pt");
        assert_eq!(sent["line_items[0][price_data][unit_amount]"], "7");
        assert_eq!(sent["line_items[0][price_data][product_data][name]"], "Payment");
        assert_eq!(sent["payment_method_types[1]"], "sepa_debit");
        assert!(!sent.contains_key("customer_email"));
    }
    gateway.set("stripe_methods", "automatic");
    gateway.answer("POST", SESSIONS, 200, session("open", Value::Null));
    let order = Order {
        locale: Some("ar".to_owned()),
        ..order(&gateway)
    };
    gateway.start(order).unwrap();
    let sent = form(gateway.calls().last().unwrap());
    assert_eq!(sent["locale"], "auto", "Stripe's page has no Arabic");
    assert!(!sent.contains_key("payment_method_types[0]"));
}

#[test]
fn only_stripes_word_refuses_a_start() {
    let mut gateway = gateway();
    let refusal = error("invalid_request_error", "amount_too_small");
    gateway.answer("POST", SESSIONS, 400, refusal);
    assert_eq!(refused(gateway.start(order(&gateway))), "amount_too_small");

    for (status, body) in [
        (500, error("api_error", "")),
        (429, error("invalid_request_error", "rate_limit")),
        (409, error("invalid_request_error", "idempotency_key_in_use")),
        (400, error("idempotency_error", "")),
        (400, Value::Null),
        (200, json!({ "object": "surprise" })),
    ] {
        gateway.answer("POST", SESSIONS, status, body);
        unknown(gateway.start(order(&gateway)));
    }
    for failure in [
        OutboundError::TimedOut,
        OutboundError::Unreachable("reset".to_owned()),
        OutboundError::TooLarge,
    ] {
        gateway.fail("POST", SESSIONS, failure);
        unknown(gateway.start(order(&gateway)));
    }
}

#[test]
fn what_the_operator_has_not_set_up_is_refused_before_anybody_can_pay() {
    let mut bare = Gateway::new();
    bare.set("stripe_url", "https://stripe.test");
    assert_eq!(refused(bare.start(order(&bare))), "not_configured");

    let mut gateway = gateway();
    gateway.answer("POST", SESSIONS, 401, error("invalid_request_error", ""));
    assert_eq!(refused(gateway.start(order(&gateway))), "not_configured");
    // Later it is not: somebody may have paid by then.
    gateway.answer("GET", VIEW, 401, error("invalid_request_error", ""));
    assert!(unknown(gateway.look_up(waiting(&gateway))).contains("stripe_secret_key"));
}

#[test]
fn a_start_whose_end_is_unknown_is_made_again_with_the_same_key() {
    let mut gateway = gateway();
    let lost = Order {
        state: AttemptState::Unknown,
        ..order(&gateway)
    };
    gateway.answer("POST", SESSIONS, 200, session("open", Value::Null));
    let progress = gateway.look_up(lost.clone()).unwrap();
    assert_eq!(progress.state, AttemptState::Waiting);
    let call = &gateway.calls()[0];
    assert_eq!(header(call, "idempotency-key"), Some(lost.attempt.as_str()));

    // Stripe repeats a failure too, so what it made is looked for.
    let seconds = gateway.now() / 1000;
    let list = |after: &str| {
        format!(
            "{SESSIONS}?limit=100&created%5Bgte%5D={}&created%5Blte%5D={}{after}",
            seconds - 300,
            seconds + 300
        )
    };
    let mut other = session("open", Value::Null);
    other["client_reference_id"] = json!("somebody else's");
    other["id"] = json!("cs_other");
    gateway.answer("POST", SESSIONS, 500, error("api_error", ""));
    gateway.answer(
        "GET",
        &list(""),
        200,
        json!({ "data": [other], "has_more": true }),
    );
    gateway.answer(
        "GET",
        &list("&starting_after=cs_other"),
        200,
        json!({ "data": [session("open", Value::Null)], "has_more": false }),
    );
    let progress = gateway.look_up(lost.clone()).unwrap();
    assert_eq!(progress.gateway_ref.as_deref(), Some("cs_1"));

    gateway.answer("POST", SESSIONS, 500, error("api_error", ""));
    gateway.answer("GET", &list(""), 200, json!({ "data": [], "has_more": false }));
    unknown(gateway.look_up(lost));
}

#[test]
fn a_look_up_tells_what_the_session_and_its_intent_are() {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Succeeded, Waiting};
    let mut gateway = gateway();
    for (status, intent, expected) in [
        ("open", Value::Null, Waiting),
        ("open", intent("requires_payment_method"), Waiting),
        ("expired", intent("canceled"), Cancelled),
        ("complete", intent("succeeded"), Succeeded),
        ("complete", intent("requires_capture"), Authorized),
        ("complete", intent("processing"), Processing),
        ("complete", intent("requires_action"), Processing),
        ("complete", intent("requires_payment_method"), Declined),
        ("complete", intent("canceled"), Cancelled),
    ] {
        let name = format!("{status}, {}", intent["status"]);
        gateway.answer("GET", VIEW, 200, session(status, intent));
        let progress = gateway.look_up(waiting(&gateway)).unwrap();
        assert_eq!(progress.state, expected, "{name}");
        let reference = if status == "complete" { "pi_1" } else { "cs_1" };
        assert_eq!(progress.gateway_ref.as_deref(), Some(reference), "{name}");
        let has_money = matches!(expected, Succeeded | Authorized);
        assert_eq!(progress.received, has_money.then(|| usd("10.00")), "{name}");
    }
    for (status, body) in [
        (404, error("invalid_request_error", "resource_missing")),
        (500, Value::Null),
        (200, session("brand_new", Value::Null)),
        (200, session("complete", intent("brand_new"))),
    ] {
        gateway.answer("GET", VIEW, status, body);
        unknown(gateway.look_up(waiting(&gateway)));
    }
}

#[test]
fn what_is_kept_of_a_card_is_what_it_looks_like() {
    let mut gateway = gateway();
    gateway.answer("GET", VIEW, 200, session("complete", intent("succeeded")));
    let progress = gateway.look_up(waiting(&gateway)).unwrap();
    let details: Value = serde_json::from_str(progress.details.as_deref().unwrap()).unwrap();
    let expected = json!({
        "provider_id": "pi_1", "card_type": "visa", "card_last_four": "4242", "card_expiry": "04/31",
    });
    assert_eq!(details, expected);
}

#[test]
fn a_bank_that_refuses_later_says_why() {
    let mut gateway = gateway();
    let mut failed = intent("requires_payment_method");
    failed["last_payment_error"] = json!({
        "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    });
    gateway.answer("GET", INTENT, 200, failed);
    let order = Order {
        state: AttemptState::Processing,
        gateway_ref: Some("pi_1".to_owned()),
        ..order(&gateway)
    };
    let progress = gateway.look_up(order).unwrap();
    let failure = progress.failure.unwrap();
    assert_eq!(
        (&*failure.code, &*failure.message),
        ("insufficient_funds", "Your card has insufficient funds.")
    );
}

#[test]
fn giving_up_closes_the_page_or_tells_that_it_is_too_late() {
    let mut gateway = gateway();
    // Nobody has seen a page yet.
    let progress = gateway.abandon(order(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Cancelled);
    assert!(gateway.calls().is_empty());

    gateway.answer("GET", VIEW, 200, session("open", Value::Null));
    gateway.answer("POST", EXPIRE, 200, session("expired", Value::Null));
    let progress = gateway.abandon(waiting(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Cancelled);
    assert_eq!(
        header(&gateway.calls()[1], "idempotency-key"),
        Some(&*format!("att_{:0>22}-expire", 1))
    );

    // The payer was faster than the call.
    gateway.answer("GET", VIEW, 200, session("open", Value::Null));
    gateway.answer("POST", EXPIRE, 400, error("invalid_request_error", ""));
    gateway.answer("GET", VIEW, 200, session("complete", intent("succeeded")));
    let progress = gateway.abandon(waiting(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Succeeded);

    // Whether it is closed is not known.
    gateway.answer("GET", VIEW, 200, session("open", Value::Null));
    gateway.fail("POST", EXPIRE, OutboundError::TimedOut);
    unknown(gateway.abandon(waiting(&gateway)));

    // Stripe refuses, and it is not closed: it must not count as such.
    gateway.answer("GET", VIEW, 200, session("open", Value::Null));
    gateway.answer("POST", EXPIRE, 400, error("invalid_request_error", ""));
    gateway.answer("GET", VIEW, 200, session("open", Value::Null));
    unknown(gateway.abandon(waiting(&gateway)));
}

#[test]
fn giving_up_releases_what_is_reserved_or_not_paid_yet() {
    let mut gateway = gateway();
    gateway.answer("GET", VIEW, 200, session("complete", intent("requires_capture")));
    gateway.answer("POST", CANCEL, 200, intent("canceled"));
    let progress = gateway.abandon(waiting(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Cancelled);

    gateway.answer("GET", INTENT, 200, intent("requires_capture"));
    gateway.answer("POST", CANCEL, 200, intent("canceled"));
    let progress = gateway.abandon(authorized(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Cancelled);
    assert_eq!(
        header(gateway.calls().last().unwrap(), "idempotency-key"),
        Some(&*format!("att_{:0>22}-cancel", 1))
    );

    // On its way already.
    gateway.answer("GET", INTENT, 200, intent("processing"));
    gateway.answer(
        "POST",
        CANCEL,
        400,
        error("invalid_request_error", "payment_intent_unexpected_state"),
    );
    gateway.answer("GET", INTENT, 200, intent("processing"));
    let progress = gateway.abandon(authorized(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Processing);

    gateway.answer("GET", INTENT, 200, intent("succeeded"));
    let progress = gateway.abandon(authorized(&gateway)).unwrap();
    assert_eq!(progress.state, AttemptState::Succeeded);
}

#[test]
fn capturing_takes_an_amount_once() {
    let mut gateway = gateway();
    let mut taken = intent("succeeded");
    taken["amount_received"] = json!(400);
    gateway.answer("POST", CAPTURE, 200, taken.clone());
    let progress = gateway.capture(authorized(&gateway), usd("4.00")).unwrap();
    assert_eq!(progress.received, Some(usd("4.00")));
    let call = &gateway.calls()[0];
    assert_eq!(form(call)["amount_to_capture"], "400");
    assert_eq!(
        header(call, "idempotency-key"),
        Some(&*format!("att_{:0>22}-capture-400", 1))
    );

    // Taken before: what is true is told.
    let refusal = error("invalid_request_error", "payment_intent_unexpected_state");
    gateway.answer("POST", CAPTURE, 400, refusal.clone());
    gateway.answer("GET", INTENT, 200, taken);
    let progress = gateway.capture(authorized(&gateway), usd("4.00")).unwrap();
    assert_eq!(progress.state, AttemptState::Succeeded);

    // Still reserved: the refusal is about this capture.
    gateway.answer(
        "POST",
        CAPTURE,
        400,
        error("invalid_request_error", "amount_too_large"),
    );
    gateway.answer("GET", INTENT, 200, intent("requires_capture"));
    assert_eq!(
        refused(gateway.capture(authorized(&gateway), usd("40.00"))),
        "amount_too_large"
    );

    gateway.fail("POST", CAPTURE, OutboundError::TimedOut);
    unknown(gateway.capture(authorized(&gateway), usd("4.00")));

    // Known by its session still.
    gateway.answer("GET", VIEW, 200, session("complete", intent("requires_capture")));
    gateway.answer("POST", CAPTURE, 200, intent("succeeded"));
    let known_by_session = Order {
        gateway_ref: Some("cs_1".to_owned()),
        ..authorized(&gateway)
    };
    let progress = gateway.capture(known_by_session, usd("10.00")).unwrap();
    assert_eq!(progress.state, AttemptState::Succeeded);
}
