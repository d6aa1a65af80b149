//! Attempts with a card.

use mooring_sdk::context;
use mooring_sdk::gateway::{Action, FieldKind, FormField, GatewayError, Order, Progress};
use mooring_sdk::json;
use mooring_sdk::money::Amount;
use mooring_sdk::payments::{AttemptState, CaptureMode};
use serde::Serialize;

use crate::card::{Given, Known};
use crate::outcomes::{CARDS, Card, End, Way, arriving};
use crate::{own_ref, refused};

/// How long the payer's bank asks.
const CHALLENGE_MS: u64 = 3_000;
/// How long an answer is lost.
const LOST_MS: u64 = 5_000;
/// The memo's word for money that was captured; cards have other names.
const CAPTURED: &str = "captured";

/// What is told beside the state.
#[derive(Serialize)]
struct Details<'o> {
    #[serde(flatten)]
    known: Known,
    provider_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<&'o str>,
    /// The sandbox looks nothing up.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_country: Option<&'static str>,
}

pub(crate) fn start(order: &Order) -> Progress {
    if !order.memo.is_empty() {
        return look_up(order);
    }
    let fields = [
        ("number", FieldKind::CardNumber),
        ("expiry", FieldKind::CardExpiry),
        ("code", FieldKind::CardCode),
    ];
    let fields = fields.map(|(name, kind)| FormField {
        name: name.to_owned(),
        kind,
    });
    Progress {
        gateway_ref: Some(own_ref("sbx", &order.attempt)),
        ..Progress::waiting(Action::Form(fields.into()))
    }
}

pub(crate) fn submit(order: &Order, fields: &[(String, String)]) -> Progress {
    if !order.memo.is_empty() {
        // Sent twice.
        return look_up(order);
    }
    let now = context::now();
    let given = match Given::read(fields, now) {
        Ok(given) => given,
        Err(failure) => return Progress::declined(failure.code, failure.message),
    };
    let Some(card) = CARDS.iter().find(|card| given.has_number(card.number)) else {
        return Progress::declined(
            "test_cards_only",
            "The sandbox takes the cards of its documentation only.",
        );
    };
    let details = Details {
        known: given.known(),
        provider_id: own_ref("sbx", &order.attempt),
        ip_address: order.payer_ip.as_deref(),
        ip_country: order.payer_ip.as_ref().map(|_| "US"),
    };
    Progress {
        memo: Some(format!("{}@{now}", card.name)),
        details: Some(json::to_string(&details)),
        ..stands(card, order, 0)
    }
}

pub(crate) fn look_up(order: &Order) -> Progress {
    match read(&order.memo) {
        None => Progress::new(AttemptState::Waiting),
        Some((CAPTURED, minor)) => Progress::succeeded(Amount {
            minor: i64::try_from(minor).unwrap_or(order.due.minor),
            ..order.due.clone()
        }),
        Some((name, since)) => match CARDS.iter().find(|card| card.name == name) {
            Some(card) => stands(card, order, context::now().saturating_sub(since)),
            None => Progress::new(AttemptState::Unknown),
        },
    }
}

/// Takes what is reserved, or a part of it.
pub(crate) fn capture(order: &Order, amount: Amount) -> Result<Progress, GatewayError> {
    let stands = look_up(order);
    match (stands.state, &stands.received) {
        // Captured already: the answer to the last try was lost.
        (AttemptState::Succeeded, _) => Ok(stands),
        (AttemptState::Authorized, Some(reserved)) if amount.minor <= reserved.minor => Ok(Progress {
            memo: Some(format!("{CAPTURED}@{}", amount.minor)),
            ..Progress::succeeded(amount)
        }),
        (AttemptState::Authorized, _) => Err(refused("too_much", "That is more than what is reserved.")),
        _ => Err(refused("nothing_reserved", "Nothing is reserved.")),
    }
}

/// Where an attempt with this card stands, so long after the payer has sent it.
fn stands(card: &Card, order: &Order, elapsed: u64) -> Progress {
    match card.way {
        Way::Challenge if elapsed < CHALLENGE_MS => Progress::new(AttemptState::Processing),
        Way::Lost if elapsed < LOST_MS => Progress::new(AttemptState::Unknown),
        Way::Never => Progress::new(AttemptState::Waiting),
        Way::AtOnce | Way::Challenge | Way::Lost => match (card.end, arriving(card.end, &order.due)) {
            (End::Declined(code, message), _) => Progress::declined(code, message),
            (_, None) => Progress::new(AttemptState::Cancelled),
            (_, Some(amount)) => {
                let state = match order.capture {
                    CaptureMode::Automatic => AttemptState::Succeeded,
                    CaptureMode::Manual => AttemptState::Authorized,
                };
                Progress {
                    received: Some(amount),
                    ..Progress::new(state)
                }
            }
        },
    }
}

/// Word and number of a memo.
fn read(memo: &str) -> Option<(&str, u64)> {
    let (word, number) = memo.split_once('@')?;
    Some((word, number.parse().ok()?))
}
