use mooring_plugin_sandbox::{CARDS, End, Way};
use mooring_sdk::gateway::{Action, FieldKind, GatewayError, Progress};
use mooring_sdk::payments::{AttemptState, CaptureMode, Failure};
use serde_json::json;

use crate::{begun, card, details, host, usd};

/// State, minor units received, and code and words of a failure.
type Ending<'p> = (AttemptState, Option<i64>, Option<(&'p str, &'p str)>);

/// What every row of the table has to come to, for 10.00.
const EXPECTED: &[(&str, Ending<'static>)] = &[
    ("4242424242424242", (AttemptState::Succeeded, Some(1000), None)),
    ("5555555555554444", (AttemptState::Succeeded, Some(1000), None)),
    ("378282246310005", (AttemptState::Succeeded, Some(1000), None)),
    (
        "4000000000009995",
        (AttemptState::Declined, None, Some(("5051", "Insufficient funds"))),
    ),
    (
        "4000000000000002",
        (AttemptState::Declined, None, Some(("5005", "Do not honor"))),
    ),
    (
        "4000000000009987",
        (AttemptState::Declined, None, Some(("5041", "Lost card"))),
    ),
    ("4000000000003220", (AttemptState::Succeeded, Some(1000), None)),
    (
        "4000000000003238",
        (
            AttemptState::Declined,
            None,
            Some(("5101", "The bank could not identify the payer")),
        ),
    ),
    ("4000000000000119", (AttemptState::Succeeded, Some(1000), None)),
    (
        "4000000000000127",
        (AttemptState::Declined, None, Some(("5051", "Insufficient funds"))),
    ),
    ("4000000000005001", (AttemptState::Succeeded, Some(500), None)),
    ("4000000000006009", (AttemptState::Succeeded, Some(1100), None)),
    ("4000000000007007", (AttemptState::Cancelled, None, None)),
];

fn ends(progress: &Progress) -> Ending<'_> {
    (
        progress.state,
        progress.received.as_ref().map(|received| received.minor),
        progress
            .failure
            .as_ref()
            .map(|failure| (failure.code.as_str(), failure.message.as_str())),
    )
}

#[test]
fn every_card_ends_as_the_table_says() {
    assert_eq!(CARDS.len(), EXPECTED.len());
    for (row, &(number, expected)) in CARDS.iter().zip(EXPECTED) {
        assert_eq!(row.number, number);
        let mut host = host();
        let order = begun(&mut host, usd(1000));
        let submitted = host.submit(order.clone(), &card(number)).unwrap();
        let order = host.after(&order, &submitted);
        let pause = match row.way {
            Way::AtOnce => 0,
            Way::Challenge => 3_000,
            Way::Lost => 5_000,
            Way::Never => panic!("a card that never ends"),
        };
        if pause > 0 {
            let meanwhile = match row.way {
                Way::Challenge => AttemptState::Processing,
                _ => AttemptState::Unknown,
            };
            assert_eq!(submitted.state, meanwhile, "{number}");
            host.advance(pause - 1);
            assert_eq!(host.look_up(order.clone()).unwrap().state, meanwhile, "{number}");
            host.advance(1);
            let looked_up = host.look_up(order).unwrap();
            assert_eq!(ends(&looked_up), expected, "{number}");
        } else {
            assert_eq!(ends(&submitted), expected, "{number}");
        }
    }
}

#[test]
fn the_form_is_of_a_card() {
    let mut host = host();
    let started = host.start(host.order("card", usd(1000))).unwrap();
    assert_eq!(started.state, AttemptState::Waiting);
    assert_eq!(started.gateway_ref.unwrap(), "sbx_0000000000000000000001");
    let Some(Action::Form(fields)) = started.action else {
        panic!("a form")
    };
    let kinds: Vec<_> = fields
        .iter()
        .map(|field| (field.name.as_str(), field.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("number", FieldKind::CardNumber),
            ("expiry", FieldKind::CardExpiry),
            ("code", FieldKind::CardCode)
        ]
    );
}

#[test]
fn what_is_no_card_is_declined_with_its_reason() {
    let good = card("4242424242424242");
    for (field, value, code) in [
        ("number", "", "invalid_number"),
        ("number", "4242 4242 4242 4241", "invalid_number"),
        ("number", "42424242424", "invalid_number"),
        ("number", "４２４２４２４２４２４２４２４２", "invalid_number"),
        ("number", "4242424242424242424242", "invalid_number"),
        ("number", "4111 1111 1111 1111", "test_cards_only"),
        ("expiry", "", "invalid_expiry"),
        ("expiry", "13/34", "invalid_expiry"),
        ("expiry", "1/34", "invalid_expiry"),
        ("expiry", "12/345", "invalid_expiry"),
        ("expiry", "1234", "invalid_expiry"),
        // The clock stands in January 2027.
        ("expiry", "12/26", "expired_card"),
        ("code", "", "invalid_code"),
        ("code", "12", "invalid_code"),
        ("code", "1234", "invalid_code"),
        ("code", "12a", "invalid_code"),
    ] {
        let mut host = host();
        let order = begun(&mut host, usd(1000));
        let fields = good.map(|(name, given)| {
            if name == field {
                (name, value)
            } else {
                (name, given)
            }
        });
        let progress = host.submit(order, &fields).unwrap();
        assert_eq!(progress.state, AttemptState::Declined, "{field} {value}");
        assert_eq!(progress.failure.unwrap().code, code, "{field} {value}");
        assert_eq!((progress.memo, progress.details), (None, None), "{field} {value}");
        assert_eq!(host.log(), [""; 0]);
    }
}

#[test]
fn a_card_is_good_until_the_end_of_its_month() {
    for (expiry, state) in [
        ("01/27", AttemptState::Succeeded),
        ("01/2027", AttemptState::Succeeded),
        (" 01 / 27 ", AttemptState::Succeeded),
        ("12/26", AttemptState::Declined),
    ] {
        let mut host = host();
        let order = begun(&mut host, usd(1000));
        let fields = [
            ("number", "4242-4242-4242-4242"),
            ("expiry", expiry),
            ("code", "123"),
        ];
        assert_eq!(host.submit(order, &fields).unwrap().state, state, "{expiry}");
    }
}

#[test]
fn what_is_told_of_a_card_is_not_its_number() {
    for (number, first_six, last_four, brand) in [
        ("4242424242424242", "424242", "4242", "Visa"),
        ("5555555555554444", "555555", "4444", "Mastercard"),
        ("378282246310005", "378282", "0005", "American Express"),
    ] {
        let mut host = host();
        let order = begun(&mut host, usd(1000));
        let progress = host.submit(order, &card(number)).unwrap();
        assert_eq!(
            details(&progress),
            json!({
                "card_first_six": first_six, "card_last_four": last_four, "card_expiry": "12/34", "card_type": brand,
                "card_category": format!("{brand} Classic"), "card_product": "F", "issuer": "Sandbox Bank",
                "provider_id": "sbx_0000000000000000000001", "ip_address": "203.0.113.7", "ip_country": "US",
            })
        );
        assert!(!format!("{progress:?}").contains(number));
        assert_eq!(host.log(), [""; 0]);
    }
}

#[test]
fn without_an_address_there_is_no_country() {
    let mut host = host();
    let mut order = begun(&mut host, usd(1000));
    order.payer_ip = None;
    let progress = host.submit(order, &card("4242424242424242")).unwrap();
    let details = details(&progress);
    assert_eq!(
        (details.get("ip_address"), details.get("ip_country")),
        (None, None)
    );
}

#[test]
fn a_form_that_is_sent_twice_counts_once() {
    let mut host = host();
    let order = begun(&mut host, usd(1000));
    let submitted = host.submit(order.clone(), &card("4000000000003220")).unwrap();
    let order = host.after(&order, &submitted);
    let again = host.submit(order.clone(), &card("4000000000009995")).unwrap();
    assert_eq!(again.state, AttemptState::Processing);
    assert_eq!(host.start(order).unwrap().state, AttemptState::Processing);
}

#[test]
fn money_is_reserved_captured_once_and_released() {
    let mut host = host();
    let mut order = begun(&mut host, usd(1000));
    order.capture = CaptureMode::Manual;
    let submitted = host.submit(order.clone(), &card("4242424242424242")).unwrap();
    assert_eq!(ends(&submitted), (AttemptState::Authorized, Some(1000), None));
    let reserved = host.after(&order, &submitted);
    assert_eq!(
        host.look_up(reserved.clone()).unwrap().state,
        AttemptState::Authorized
    );

    let refused = host.capture(reserved.clone(), usd(1001)).unwrap_err();
    assert!(matches!(refused, GatewayError::Refused(Failure { code, .. }) if code == "too_much"));
    assert_eq!(
        host.abandon(reserved.clone()).unwrap().state,
        AttemptState::Cancelled
    );

    let captured = host.capture(reserved.clone(), usd(400)).unwrap();
    assert_eq!(ends(&captured), (AttemptState::Succeeded, Some(400), None));
    let captured = host.after(&reserved, &captured);
    for again in [
        host.capture(captured.clone(), usd(1000)).unwrap(),
        host.look_up(captured.clone()).unwrap(),
        host.abandon(captured.clone()).unwrap(),
    ] {
        assert_eq!(ends(&again), (AttemptState::Succeeded, Some(400), None));
    }
}

#[test]
fn nothing_is_captured_that_is_not_reserved() {
    let mut host = host();
    let order = begun(&mut host, usd(1000));
    let refused = host.capture(order, usd(1000)).unwrap_err();
    assert!(matches!(refused, GatewayError::Refused(Failure { code, .. }) if code == "nothing_reserved"));
}

#[test]
fn what_waits_can_be_taken_back_and_what_was_sent_goes_on() {
    let mut host = host();
    let order = begun(&mut host, usd(1000));
    assert_eq!(
        host.abandon(order.clone()).unwrap().state,
        AttemptState::Cancelled
    );
    for (number, meanwhile, later) in [
        (
            "4000000000003220",
            AttemptState::Processing,
            AttemptState::Succeeded,
        ),
        ("4000000000000127", AttemptState::Unknown, AttemptState::Declined),
    ] {
        let submitted = host.submit(order.clone(), &card(number)).unwrap();
        let sent = host.after(&order, &submitted);
        assert_eq!(host.abandon(sent.clone()).unwrap().state, meanwhile);
        host.advance(5_000);
        assert_eq!(host.abandon(sent).unwrap().state, later);
    }
}

#[test]
fn an_attempt_that_ended_stays_ended() {
    let mut host = host();
    let mut order = begun(&mut host, usd(1000));
    for state in [AttemptState::Cancelled, AttemptState::Declined] {
        order.state = state;
        assert_eq!(host.look_up(order.clone()).unwrap().state, state);
        assert_eq!(host.abandon(order.clone()).unwrap().state, state);
    }
}

#[test]
fn every_end_is_in_the_table() {
    let has = |wanted: fn(End) -> bool| CARDS.iter().any(|card| wanted(card.end));
    assert!(has(|end| end == End::Half) && has(|end| end == End::Over) && has(|end| end == End::Cancelled));
}
