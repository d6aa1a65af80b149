//! A gateway that moves no money: how a payment ends is chosen by its payer, with a card number, or by its amount.
//!
//! - `outcomes`: the tables, which the README repeats
//! - `card`: what the payer fills in, and whether it could be a card
//! - `cards`: attempts with a card
//! - `coins`: attempts with coins
//! - `refunds`: money on its way back
//!
//! It keeps nothing: what becomes of an attempt follows from its id, its amount, the clock, and a memo of one word and one
//! number. Cards are read in one call and forgotten; no number is in a memo, in the details, or in the log.

mod card;
mod cards;
mod coins;
mod outcomes;
mod refunds;

use mooring_manifest::{Gateway as Offer, GatewayMethod};
use mooring_sdk::Info;
use mooring_sdk::gateway::{Gateway, GatewayError, Order, Progress, RefundOrder, RefundProgress};
use mooring_sdk::money::Amount;
use mooring_sdk::payments::{AttemptState, Failure};

pub use outcomes::{CARDS, COINS, Card, Coin, End, REFUND_FAILS, REFUND_WAITS, Way};

/// The gateway.
pub struct Sandbox;

const CARD: &str = "card";

impl Gateway for Sandbox {
    fn info() -> Info {
        let coins = coins::NETWORKS.iter().map(|network| GatewayMethod {
            name: network.method.to_owned(),
            label: network.label.to_owned(),
            crypto: true,
            currencies: vec![coins::COUNTED_IN.to_owned()],
        });
        let card = GatewayMethod {
            name: CARD.to_owned(),
            label: "Card".to_owned(),
            crypto: false,
            currencies: Vec::new(),
        };
        Info::new(
            "sandbox",
            env!("CARGO_PKG_VERSION"),
            "Moves no money; the payer chooses how a payment ends.",
        )
        .boolean(
            "enabled",
            false,
            "Whether payments of this tenant may be paid without money.",
        )
        .gateway(Offer {
            enabled_setting: "enabled".to_owned(),
            methods: std::iter::once(card).chain(coins).collect(),
            refunds: true,
            captures: true,
            test_mode: true,
            notification_bytes_max: 1,
        })
    }

    fn start(order: Order) -> Result<Progress, GatewayError> {
        match order.method.as_str() {
            CARD => Ok(cards::start(&order)),
            _ => coins::start(&order),
        }
    }

    fn submit(order: Order, fields: Vec<(String, String)>) -> Result<Progress, GatewayError> {
        match order.method.as_str() {
            CARD => Ok(cards::submit(&order, &fields)),
            _ => Err(refused("no_form", "Coins are sent, not filled in.")),
        }
    }

    fn look_up(order: Order) -> Result<Progress, GatewayError> {
        match order.state {
            AttemptState::Cancelled => Ok(Progress::new(AttemptState::Cancelled)),
            AttemptState::Declined => Ok(Progress::declined("declined", "The attempt was declined.")),
            _ if order.method == CARD => Ok(cards::look_up(&order)),
            _ => coins::look_up(&order),
        }
    }

    fn abandon(order: Order) -> Result<Progress, GatewayError> {
        let stands = Sandbox::look_up(order)?;
        Ok(match stands.state {
            // Nothing has moved yet, or it is only reserved.
            AttemptState::Starting | AttemptState::Waiting | AttemptState::Authorized => {
                Progress::new(AttemptState::Cancelled)
            }
            // The payer has sent it, or nobody knows: it goes on, and is asked about until it is over.
            _ => stands,
        })
    }

    fn capture(order: Order, amount: Amount) -> Result<Progress, GatewayError> {
        match order.method.as_str() {
            CARD => cards::capture(&order, amount),
            _ => Err(coins::cannot_reserve()),
        }
    }

    fn refund(refund: RefundOrder) -> Result<RefundProgress, GatewayError> {
        Ok(refunds::refund(&refund))
    }
}

mooring_sdk::register_gateway!(Sandbox);

/// The sandbox's own id for something of the host's: its own prefix, and the host's 22 characters.
fn own_ref(prefix: &str, id: &str) -> String {
    let (_, tail) = id.split_once('_').unwrap_or(("", id));
    format!("{prefix}_{tail}")
}

fn refused(code: &str, message: impl Into<String>) -> GatewayError {
    GatewayError::Refused(Failure::new(code, message))
}
