use mooring_plugin_sandbox::{COINS, Sandbox};
use mooring_sdk::gateway::{Action, GatewayError, Order};
use mooring_sdk::money::Amount;
use mooring_sdk::payments::{AttemptState, CaptureMode, Failure};
use mooring_sdk::testing::TestGateway;

use crate::{details, host, usd};

const ETHEREUM: &str = "crypto:USDT:ethereum";
const TRON: &str = "crypto:USDT:tron";
/// From the beginning to the last confirmation.
const ARRIVED_MS: u64 = 5_000;

fn begun(host: &mut TestGateway<Sandbox>, method: &str, minor: i64) -> Order {
    let order = host.order(method, usd(minor));
    let started = host.start(order.clone()).expect("an attempt that can begin");
    host.after(&order, &started)
}

#[test]
fn the_payer_is_told_what_to_send() {
    for (method, network) in [(ETHEREUM, "USDT (Ethereum)"), (TRON, "USDT (Tron)")] {
        let mut host = host();
        let started = host.start(host.order(method, usd(10_000))).unwrap();
        let Some(Action::Instructions(lines)) = started.action else {
            panic!("instructions")
        };
        let line = |label: &str| lines.iter().find(|(given, _)| given == label).unwrap().1.as_str();
        assert_eq!(line("Amount"), "100.00000000 USDT");
        assert_eq!(line("Network"), network);
        assert!(line("Address").starts_with("sandbox-"));
    }
}

#[test]
fn a_transfer_is_seen_confirmed_and_credited() {
    for (method, network, prefix) in [(ETHEREUM, "ethereum", "0x"), (TRON, "tron", "")] {
        let mut host = host();
        let order = begun(&mut host, method, 10_000);
        host.advance(1_999);
        assert_eq!(host.look_up(order.clone()).unwrap().state, AttemptState::Waiting);
        host.advance(1);
        let seen = host.look_up(order.clone()).unwrap();
        assert_eq!(
            (seen.state, details(&seen)["confirmations"].as_u64()),
            (AttemptState::Processing, Some(0))
        );
        host.advance(2_999);
        let nearly = host.look_up(order.clone()).unwrap();
        assert_eq!(
            (nearly.state, details(&nearly)["confirmations"].as_u64()),
            (AttemptState::Processing, Some(5))
        );
        host.advance(1);
        let arrived = host.look_up(order.clone()).unwrap();
        assert_eq!(arrived.state, AttemptState::Succeeded);
        assert_eq!(
            arrived.received,
            Some(Amount::from_minor(10_000_000_000, "USDT").unwrap())
        );
        assert_eq!(arrived.credited, Some(usd(10_000)));
        let details = details(&arrived);
        let hash = details["tx_hash"].as_str().unwrap().strip_prefix(prefix).unwrap();
        assert_eq!(hash.len(), 64);
        assert_eq!(details["tx_hash"], super::details(&seen)["tx_hash"]);
        assert_eq!(
            (
                &details["network"],
                &details["confirmations"],
                &details["provider_id"]
            ),
            (&network.into(), &6.into(), &"sbx_0000000000000000000001".into())
        );
        host.advance(86_400_000);
        assert_eq!(host.look_up(order).unwrap(), arrived);
    }
}

#[test]
fn hashes_are_of_the_attempt() {
    let mut host = host();
    let order = begun(&mut host, TRON, 10_000);
    let other = Order {
        attempt: format!("att_{:0>22}", 2),
        ..order.clone()
    };
    host.advance(ARRIVED_MS);
    let hash = |progress| details(&progress)["tx_hash"].clone();
    let first = hash(host.look_up(order).unwrap());
    assert_ne!(first, hash(host.look_up(other).unwrap()));
}

#[test]
fn every_amount_ends_as_the_table_says() {
    let insufficient = || Some(Failure::new("5051", "Insufficient funds"));
    let expected = [
        (11, AttemptState::Succeeded, Some(505), None),
        (12, AttemptState::Succeeded, Some(1113), None),
        (13, AttemptState::Succeeded, Some(1009), None),
        (14, AttemptState::Waiting, None, None),
        (15, AttemptState::Cancelled, None, None),
        (16, AttemptState::Declined, None, insufficient()),
        (17, AttemptState::Succeeded, Some(1017), None),
        (18, AttemptState::Declined, None, insufficient()),
    ];
    assert_eq!(COINS.len(), expected.len());
    for (row, (ending, state, credited, failure)) in COINS.iter().zip(expected) {
        assert_eq!(row.ending, ending);
        let mut host = host();
        let order = begun(&mut host, ETHEREUM, 1000 + ending);
        if [17, 18].contains(&ending) {
            host.advance(ARRIVED_MS - 1);
            assert_eq!(host.look_up(order.clone()).unwrap().state, AttemptState::Unknown);
            host.advance(1);
        } else {
            host.advance(ARRIVED_MS);
        }
        let progress = host.look_up(order).unwrap();
        assert_eq!((progress.state, &progress.failure), (state, &failure), "{ending}");
        assert_eq!(
            progress.credited.as_ref().map(|credited| credited.minor),
            credited,
            "{ending}"
        );
        let received = progress.received.map(|received| received.minor);
        assert_eq!(
            received,
            credited.map(|credited| credited * 1_000_000),
            "{ending}"
        );
    }
}

#[test]
fn what_coins_cannot_do_is_refused() {
    let mut host = host();
    let euros = Amount::from_minor(1000, "EUR").unwrap();
    let mut manual = host.order(TRON, usd(1000));
    manual.capture = CaptureMode::Manual;
    for (order, code) in [
        (host.order(ETHEREUM, euros), "currency_not_supported"),
        (host.order("crypto:BTC", usd(1000)), "unknown_method"),
        (host.order(TRON, usd(i64::MAX)), "amount_too_large"),
        (manual.clone(), "capture_not_supported"),
    ] {
        let refused = host.start(order).unwrap_err();
        assert!(
            matches!(&refused, GatewayError::Refused(failure) if failure.code == code),
            "{refused:?}"
        );
    }
    assert!(host.capture(manual.clone(), usd(1000)).is_err());
    assert!(host.submit(manual, &[]).is_err());
}

#[test]
fn coins_under_way_cannot_be_taken_back() {
    let mut host = host();
    let order = begun(&mut host, TRON, 10_000);
    assert_eq!(
        host.abandon(order.clone()).unwrap().state,
        AttemptState::Cancelled
    );
    host.advance(2_000);
    assert_eq!(
        host.abandon(order.clone()).unwrap().state,
        AttemptState::Processing
    );
    host.advance(3_000);
    assert_eq!(host.abandon(order).unwrap().state, AttemptState::Succeeded);
}
