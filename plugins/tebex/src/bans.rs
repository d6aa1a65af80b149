//! Bans: players who may not buy.

use std::collections::BTreeSet;
use std::net::IpAddr;

use mooring_sdk::Order;
use mooring_sdk::extract::given;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;
use crate::input::{Input, Line, Text};
use crate::players::{self, Player};
use crate::{content, reading, reservations, time};

pub(crate) const COLLECTION: &str = "bans";
/// Index: by name, as it is written.
pub(crate) const BY_NAME: &str = "ign";
/// Index: by name in lower case, where it is kept.
pub(crate) const BY_KEY: &str = "key";
/// Index: by the game's id.
pub(crate) const BY_UUID: &str = "uuid";

/// Bans of a list, the newest.
const LIST_MAX: u32 = 500;

/// A ban as it is kept, and as the operator writes it.
#[derive(Serialize, Deserialize)]
struct Ban {
    ign: String,
    /// The name in lower case. What the operator writes may go without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    #[serde(default)]
    ip: String,
    #[serde(default)]
    payment_email: String,
    #[serde(default)]
    reason: String,
}

/// `GET /bans`: the newest.
pub(crate) fn list() -> Result<Json<Value>, Error> {
    let found = reading::first(COLLECTION, None, Order::NewestFirst, LIST_MAX)?;
    let data: Vec<Value> = found.items.iter().map(shown).collect::<Result<_, _>>()?;
    Ok(Json(json!({ "data": data })))
}

/// `POST /bans`.
#[derive(Deserialize)]
pub(crate) struct NewBan {
    /// Needed unless an address is given.
    #[serde(default, deserialize_with = "given")]
    user: Option<Line<100>>,
    #[serde(default, deserialize_with = "given")]
    reason: Option<Text<500>>,
    #[serde(default, deserialize_with = "given")]
    ip: Option<Line<45>>,
}

pub(crate) fn create(Input(new): Input<NewBan>) -> Result<Json<Value>, Error> {
    let ip = new.ip.map(|ip| ip.0).unwrap_or_default();
    if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
        return Err(Error::invalid("ip", "must be an address, such as 127.0.0.1"));
    }
    let name = match new.user {
        Some(user) => user.0,
        None if ip.is_empty() => return Err(Error::invalid("user", "is required unless ip is given")),
        None => String::new(),
    };
    let found = if name.is_empty() {
        None
    } else {
        players::find(&name)?
    };
    // Somebody who has never bought anything can be banned too.
    let (ign, uuid) = match found {
        Some(player) => {
            // What is open cannot be paid any more.
            reservations::give_up(reservations::BY_PLAYER, &player.id.to_string())?;
            (player.name, player.uuid)
        }
        None => (name.clone(), players::uuid(&name)),
    };
    let ban = Ban {
        key: Some(ign.to_lowercase()).filter(|key| !key.is_empty()),
        ign,
        uuid,
        ip,
        payment_email: String::new(),
        reason: new.reason.map(|reason| reason.0).unwrap_or_default(),
    };
    let (_, document) = content::create(COLLECTION, &ban)?;
    Ok(Json(json!({ "data": shown(&document)? })))
}

/// Where a player's bans are found. One of the operator's without a key holds for the name as it is written there, and one in
/// lower case for every spelling.
fn places(player: &Player) -> Vec<IndexValue> {
    let name = player.name.to_lowercase();
    let mut places = vec![IndexValue::new(BY_KEY, &name), IndexValue::new(BY_NAME, &name)];
    if player.name != name {
        places.push(IndexValue::new(BY_NAME, &player.name));
    }
    places.extend(player.uuid.as_ref().map(|uuid| IndexValue::new(BY_UUID, uuid)));
    places
}

/// How many bans a player has. One is mostly found in several places.
pub(crate) fn count(player: &Player) -> Result<u64, Error> {
    let mut bans = BTreeSet::new();
    for place in places(player) {
        let found = reading::all(COLLECTION, Some(&place))?;
        bans.extend(found.into_iter().map(|document| document.id));
    }
    Ok(bans.len() as u64)
}

pub(crate) fn is_banned(player: &Player) -> Result<bool, Error> {
    for place in places(player) {
        if records::list(COLLECTION, Some(place), Page::oldest(1))?.total > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn shown(document: &Document) -> Result<Value, Error> {
    let ban: Ban = document.read()?;
    Ok(json!({
        "id": content::number(COLLECTION, document)?,
        "time": time::without_colon(document.created_at),
        "ip": ban.ip,
        "payment_email": ban.payment_email,
        "reason": ban.reason,
        // A text, known or not: clients read it as one.
        "user": { "ign": ban.ign, "uuid": ban.uuid.unwrap_or_default() },
    }))
}
