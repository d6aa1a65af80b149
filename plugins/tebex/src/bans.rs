//! Bans: players who may not buy.

use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;
use crate::input::{Input, Line, given};
use crate::players::{self, Player};
use crate::{content, time};

pub(crate) const COLLECTION: &str = "bans";
/// Index: by name, as it is written.
pub(crate) const BY_NAME: &str = "ign";
/// Index: by the game's id.
pub(crate) const BY_UUID: &str = "uuid";

/// Bans of a list, the newest.
const LIST_MAX: u32 = 500;

/// A ban as it is kept, and as the operator writes it.
#[derive(Serialize, Deserialize)]
struct Ban {
    ign: String,
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
    let found = records::list(COLLECTION, None, Page::newest(LIST_MAX))?;
    let data: Vec<Value> = found.items.iter().map(shown).collect::<Result<_, _>>()?;
    Ok(Json(json!({ "data": data })))
}

/// `POST /bans`.
#[derive(Deserialize)]
pub(crate) struct NewBan {
    user: Line<100>,
    #[serde(default, deserialize_with = "given")]
    reason: Option<Line<500>>,
    #[serde(default, deserialize_with = "given")]
    ip: Option<Line<45>>,
}

pub(crate) fn create(Input(new): Input<NewBan>) -> Result<Json<Value>, Error> {
    let name = new.user.0;
    // Somebody who has never bought anything can be banned too.
    let (ign, uuid) = match players::find(&name)? {
        Some(player) => (player.name, player.uuid),
        None => (name.clone(), players::uuid(&name)),
    };
    let ban = Ban {
        ign,
        uuid,
        ip: new.ip.map(|ip| ip.0).unwrap_or_default(),
        payment_email: String::new(),
        reason: new.reason.map(|reason| reason.0).unwrap_or_default(),
    };
    let (_, document) = content::create(COLLECTION, &ban)?;
    Ok(Json(json!({ "data": shown(&document)? })))
}

/// How many bans a player has.
pub(crate) fn count(player: &Player) -> Result<u64, Error> {
    let total = |index, value: &str| -> Result<u64, Error> {
        Ok(records::list(COLLECTION, Some(IndexValue::new(index, value)), Page::oldest(1))?.total)
    };
    let by_name = total(BY_NAME, &player.name)?;
    match &player.uuid {
        // A ban has a name and mostly an id too; the larger number has counted each of them at least once.
        Some(uuid) => Ok(total(BY_UUID, uuid)?.max(by_name)),
        None => Ok(by_name),
    }
}

pub(crate) fn is_banned(player: &Player) -> Result<bool, Error> {
    Ok(count(player)? > 0)
}

fn shown(document: &Document) -> Result<Value, Error> {
    let ban: Ban = document.read()?;
    Ok(json!({
        "id": content::number(COLLECTION, document)?,
        "time": time::without_colon(document.created_at),
        "ip": ban.ip,
        "payment_email": ban.payment_email,
        "reason": ban.reason,
        "user": { "ign": ban.ign, "uuid": ban.uuid },
    }))
}
