//! A gateway that does what a gateway must not, one method for each; the README says what the host has to do about it.

use std::hint::black_box;

use mooring_manifest::{Gateway as Offer, GatewayMethod};
use mooring_sdk::Info;
use mooring_sdk::gateway::{Gateway, GatewayError, Order, Progress, RefundOrder, RefundProgress};
use mooring_sdk::money::Amount;
use mooring_sdk::payments::AttemptState;

struct Misbehaving;

const METHODS: [&str; 8] = [
    "traps",
    "loops",
    "other-currency",
    "negative",
    "hoards",
    "garbles",
    "never-knows",
    "generous",
];

impl Gateway for Misbehaving {
    fn info() -> Info {
        let methods = METHODS.iter().map(|&name| GatewayMethod {
            name: name.to_owned(),
            label: name.to_owned(),
            crypto: false,
            currencies: Vec::new(),
        });
        Info::new(
            "misbehaving-gateway",
            env!("CARGO_PKG_VERSION"),
            "Does what a gateway must not.",
        )
        .boolean("enabled", false, "Whether payments may be tried with it.")
        .gateway(Offer {
            enabled_setting: "enabled".to_owned(),
            methods: methods.collect(),
            refunds: false,
            captures: false,
            test_mode: false,
            notification_bytes_max: 1,
        })
    }

    fn start(order: Order) -> Result<Progress, GatewayError> {
        let due = order.due.clone();
        match order.method.as_str() {
            "loops" => loop {
                black_box(&due);
            },
            "other-currency" => Ok(Progress::succeeded(Amount {
                currency: "JPY".to_owned(),
                exponent: 0,
                ..due
            })),
            "negative" => Ok(Progress::succeeded(Amount { minor: -1, ..due })),
            "hoards" => Ok(Progress {
                memo: Some("x".repeat(1024 * 1024)),
                ..Progress::succeeded(due)
            }),
            "garbles" => Ok(Progress {
                details: Some("[not, an, object".to_owned()),
                ..Progress::succeeded(due)
            }),
            "generous" => Ok(Progress::succeeded(Amount {
                minor: due.minor * 10,
                ..due
            })),
            method => panic!("{method} was started"),
        }
    }

    fn look_up(order: Order) -> Result<Progress, GatewayError> {
        assert!(order.method != "never-knows", "asked to look");
        Ok(Progress::declined("not_charged", "Nothing was charged."))
    }

    fn abandon(order: Order) -> Result<Progress, GatewayError> {
        assert!(order.method != "never-knows", "asked to give up");
        Ok(Progress::new(AttemptState::Cancelled))
    }

    fn refund(_: RefundOrder) -> Result<RefundProgress, GatewayError> {
        panic!("it offers no refunds")
    }
}

mooring_sdk::register_gateway!(Misbehaving);
