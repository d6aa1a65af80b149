//! Looking up players and what they have, and what game servers report of them.

use mooring_sdk::extract::{WholeNumber, given};
use mooring_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::input::{Input, Line};
use crate::payments::{self, Status};
use crate::{bans, grant, players, price, store, time};

/// How long clients may keep what they were told of a player, in milliseconds.
const CACHE_MS: u64 = 60_000;

/// `GET /user/{user}`: a name or an id of the game. Beyond the documents, the player's number too.
pub(crate) fn user(Path(user): Path<String>) -> Result<Json<Value>, Error> {
    let player = players::by_name_first(&user)?;
    let mut rows = Vec::new();
    for (transaction, payment) in payments::of_player(player.id, payments::LIST_MAX)? {
        let amount = price::amount(payment.minor, &payment.currency)?;
        rows.push(json!({
            "txn_id": transaction,
            "time": payment.date / 1000,
            "price": amount.to_json_number(),
            "currency": payment.currency,
            "status": code(payment.status),
        }));
    }
    let mut totals = Map::new();
    for (currency, minor) in &player.totals {
        let total = price::amount(*minor, currency)?;
        totals.insert(currency.clone(), total.to_json_number().into());
    }
    let rate = (player.chargebacks * 100)
        .checked_div(player.payments)
        .unwrap_or(0);
    let now = mooring_sdk::context::now();
    let bans = bans::count(&player)?;
    Ok(Json(json!({
        "player": {
            // Clients read these four as text, whatever is known of the player.
            "id": player.uuid.unwrap_or_default(),
            "created_at": time::with_colon(player.created_at),
            "updated_at": time::with_colon(player.updated_at),
            "cache_expire": time::with_colon(now + CACHE_MS),
            "username": player.name,
            "meta": "",
            "plugin_username_id": player.id,
        },
        "banCount": bans,
        "chargebackRate": rate,
        "payments": rows,
        "purchaseTotals": totals,
    })))
}

/// The provider's numbers of 2 and 3 are told differently by its clients; this is the larger part of them.
fn code(status: Status) -> u8 {
    match status {
        Status::Complete => 1,
        Status::Refund => 2,
        Status::Chargeback => 3,
    }
}

/// `GET /player/{id}/packages`.
#[derive(Deserialize)]
pub(crate) struct Filter {
    #[serde(default, deserialize_with = "given")]
    package: Option<WholeNumber>,
}

pub(crate) fn packages(
    Path(player): Path<String>,
    Input(filter): Input<Filter>,
) -> Result<Json<Value>, Error> {
    let player = players::by_number_first(&player)?;
    let owned = grant::owned(player.id, filter.package.map(|package| package.0))?;
    Ok(Json(owned.iter().map(grant::shown).collect()))
}

/// The most events of a request: each costs several calls of the host, and a request has so many.
pub(crate) const EVENTS_MAX: usize = 1000;

/// `POST /events`: who has joined or left. What it tells of players who are known is kept, and nothing else.
#[derive(Deserialize)]
#[allow(clippy::struct_field_names, reason = "the provider's names")]
pub(crate) struct Event {
    username_id: Line<100>,
    #[serde(default, deserialize_with = "given")]
    username: Option<Line<100>>,
    event_type: EventType,
}

#[derive(Deserialize)]
enum EventType {
    #[serde(rename = "server.join")]
    Join,
    #[serde(rename = "server.leave")]
    Leave,
}

/// One that says nothing that can be used is passed over, so that the others of a server are not lost with it.
pub(crate) fn events(Json(events): Json<Vec<Value>>) -> Result<(), Error> {
    if events.len() > EVENTS_MAX {
        let why = format!("More than {EVENTS_MAX} events; send them in parts.");
        return Err(Problem::Other(413, why).into());
    }
    for event in events {
        let Ok(event) = serde_json::from_value::<Event>(event) else {
            continue;
        };
        if let (EventType::Join, Some(username)) = (event.event_type, event.username) {
            players::seen(&event.username_id.0, &username.0)?;
        }
    }
    Ok(())
}

/// `POST /analytics/startup`: said, and forgotten.
pub(crate) fn analytics() -> Json<Value> {
    Json(json!({ "success": true }))
}

/// `GET /versions/{platform}`: the version that the operator wants servers to run, if there is one.
pub(crate) fn version(Path(platform): Path<String>) -> Result<Json<Value>, Error> {
    let version = store::text(store::PLUGIN_VERSION)?;
    if version.is_empty() {
        return Err(Error::NoSuch("version"));
    }
    Ok(Json(json!({ "platform": platform, "version": version })))
}
