//! Attempts with coins. Nothing is watched: what the clock says since the attempt began is what has happened.

use mooring_sdk::context;
use mooring_sdk::gateway::{Action, GatewayError, Order, Progress};
use mooring_sdk::json;
use mooring_sdk::money::Amount;
use mooring_sdk::payments::{AttemptState, CaptureMode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::outcomes::{End, Way, arriving, of_coins};
use crate::{own_ref, refused};

/// The coin, and the currency in which it counts one to one.
const COIN: &str = "USDT";
pub(crate) const COUNTED_IN: &str = "USD";

/// Until the transfer is seen.
const SEEN_MS: u64 = 2_000;
/// From one confirmation to the next.
const CONFIRMATION_MS: u64 = 500;
/// Enough of them.
const CONFIRMATIONS: u64 = 6;
/// How long it is not known whether it has arrived.
const LOST_MS: u64 = 5_000;

/// A network that carries the coin.
pub(crate) struct Network {
    pub(crate) method: &'static str,
    pub(crate) label: &'static str,
    name: &'static str,
    /// What its transaction hashes begin with.
    hash_prefix: &'static str,
}

pub(crate) const NETWORKS: &[Network] = &[
    Network {
        method: "crypto:USDT:ethereum",
        label: "USDT (Ethereum)",
        name: "ethereum",
        hash_prefix: "0x",
    },
    Network {
        method: "crypto:USDT:tron",
        label: "USDT (Tron)",
        name: "tron",
        hash_prefix: "",
    },
];

/// What is told beside the state.
#[derive(Serialize)]
struct Details<'o> {
    tx_hash: String,
    network: &'static str,
    confirmations: u64,
    provider_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<&'o str>,
}

pub(crate) fn start(order: &Order) -> Result<Progress, GatewayError> {
    let network = network(order)?;
    if order.due.currency != COUNTED_IN {
        let message = format!("{COIN} pays {COUNTED_IN} only, not {}.", order.due.currency);
        return Err(refused("currency_not_supported", message));
    }
    if order.capture == CaptureMode::Manual {
        return Err(cannot_reserve());
    }
    let amount = in_coins(&order.due)?;
    // No address of any network, so that nobody can send anything there.
    let address = format!("sandbox-{}-{}", network.name, &hash(order)[..24]);
    let lines = [
        ("Amount", format!("{amount} {COIN}")),
        ("Network", network.label.to_owned()),
        ("Address", address),
        ("Test mode", "Send nothing; it arrives by itself.".to_owned()),
    ];
    let lines = lines.map(|(label, value)| (label.to_owned(), value));
    Ok(Progress {
        gateway_ref: Some(own_ref("sbx", &order.attempt)),
        ..Progress::waiting(Action::Instructions(lines.into()))
    })
}

pub(crate) fn look_up(order: &Order) -> Result<Progress, GatewayError> {
    let network = network(order)?;
    let coin = of_coins(&order.due);
    let elapsed = context::now().saturating_sub(order.created_at);
    if coin.way == Way::Never || elapsed < SEEN_MS {
        return Ok(Progress::new(AttemptState::Waiting));
    }
    if coin.way == Way::Lost && elapsed < LOST_MS {
        return Ok(Progress::new(AttemptState::Unknown));
    }
    let arriving = match (coin.end, arriving(coin.end, &order.due)) {
        (End::Declined(code, message), _) => return Ok(Progress::declined(code, message)),
        (_, None) => return Ok(Progress::new(AttemptState::Cancelled)),
        (_, Some(arriving)) => arriving,
    };
    let confirmations = ((elapsed - SEEN_MS) / CONFIRMATION_MS).min(CONFIRMATIONS);
    let details = Details {
        tx_hash: format!("{}{}", network.hash_prefix, hash(order)),
        network: network.name,
        confirmations,
        provider_id: own_ref("sbx", &order.attempt),
        ip_address: order.payer_ip.as_deref(),
    };
    let progress = if confirmations < CONFIRMATIONS {
        Progress::new(AttemptState::Processing)
    } else {
        Progress {
            credited: Some(arriving.clone()),
            ..Progress::succeeded(in_coins(&arriving)?)
        }
    };
    Ok(Progress {
        details: Some(json::to_string(&details)),
        ..progress
    })
}

pub(crate) fn cannot_reserve() -> GatewayError {
    refused("capture_not_supported", "Coins cannot be reserved first.")
}

fn network(order: &Order) -> Result<&'static Network, GatewayError> {
    let found = NETWORKS.iter().find(|network| network.method == order.method);
    found.ok_or_else(|| refused("unknown_method", "The sandbox has no such way to pay."))
}

/// The same amount in coins, one to one.
fn in_coins(amount: &Amount) -> Result<Amount, GatewayError> {
    Amount::parse_decimal(&amount.to_string(), COIN).map_err(|_| {
        refused(
            "amount_too_large",
            format!("This is more {COIN} than can be counted."),
        )
    })
}

/// What stands for the transfer: the same for the same attempt, like no other's.
fn hash(order: &Order) -> String {
    hex::encode(Sha256::digest(order.attempt.as_bytes()))
}
