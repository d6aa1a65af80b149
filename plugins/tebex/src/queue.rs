//! Commands that wait for a game server. One waits until the server deletes it, so a server that has crashed is given it again.
//!
//! Each server has a queue of its own: commands that need their player on the server, found by server and player, and the
//! others, found by server. Beside the first is a row for each player who has some, so that asking who is waited for reads no
//! command.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mooring_sdk::Order::OldestFirst;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue, RecordError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::content::{self, Command};
use crate::error::Error;
use crate::input::{Ids, Input};
use crate::pager::Paging;
use crate::players::{self, Number, Who};
use crate::{reading, store};

pub(crate) const COLLECTION: &str = "queue";
/// Index: those that need no player, by server.
pub(crate) const BY_OFFLINE: &str = "offline";
/// Index: those that need their player, by server and player.
pub(crate) const BY_ONLINE: &str = "online";
/// Index: by the number of their payment.
pub(crate) const BY_PAYMENT: &str = "payment";

/// Players who have commands that need them.
pub(crate) const WAITING: &str = "waiting";
/// Index: by server.
pub(crate) const BY_SERVER: &str = "server";

/// Commands, and players, of one answer.
const PART_MAX: u32 = 500;

#[derive(Clone, Serialize, Deserialize)]
struct Queued {
    server: u64,
    player: Number,
    command: String,
    /// Number of the payment.
    payment: u64,
    package: u64,
    delay: u64,
    slots: u64,
    /// Whether it takes away what was delivered.
    #[serde(default)]
    removal: bool,
    /// In an index: one of the two is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    offline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Waiting {
    server: u64,
    player: Number,
    commands: u64,
}

/// What a command is about.
pub(crate) struct Order {
    /// Number of the player.
    pub(crate) player: u64,
    /// Where it runs, unless the command says so itself.
    pub(crate) server: u64,
    pub(crate) payment: u64,
    pub(crate) package: u64,
}

/// Queues what delivers something, in its order.
pub(crate) fn push(order: &Order, commands: &[Command]) -> Result<(), Error> {
    append(order, commands, false)
}

/// Queues what takes it away again. Nothing but the server's deletion ends these: what they take away was the player's.
pub(crate) fn push_removal(order: &Order, commands: &[Command]) -> Result<(), Error> {
    append(order, commands, true)
}

fn append(order: &Order, commands: &[Command], removal: bool) -> Result<(), Error> {
    for command in commands {
        let server = command.server.unwrap_or(order.server);
        let mut queued = Queued {
            server,
            player: Number { id: order.player },
            command: command.command.clone(),
            payment: order.payment,
            package: order.package,
            delay: command.delay,
            slots: command.slots,
            removal,
            offline: None,
            online: None,
        };
        if command.require_online {
            queued.online = Some(key(server, order.player));
            wait(server, order.player, 1)?;
        } else {
            queued.offline = Some(server.to_string());
        }
        let id = records::next_number(COLLECTION)?;
        records::create(COLLECTION, &id.to_string(), &queued)?;
    }
    Ok(())
}

fn key(server: u64, player: u64) -> String {
    format!("{server}:{player}")
}

/// So many more, or fewer, commands wait for a player.
fn wait(server: u64, player: u64, more: i64) -> Result<(), Error> {
    let key = key(server, player);
    let before = match records::get(WAITING, &key) {
        Ok(document) => document.read::<Waiting>()?.commands,
        Err(RecordError::NotFound) => 0,
        Err(error) => return Err(error.into()),
    };
    let commands = before.saturating_add_signed(more);
    if commands > 0 {
        let waiting = Waiting {
            server,
            player: Number { id: player },
            commands,
        };
        records::put(WAITING, &key, &waiting)?;
    } else if before > 0 {
        records::delete(WAITING, &key)?;
    }
    Ok(())
}

fn remove(id: &str, command: &Queued) -> Result<(), Error> {
    records::delete(COLLECTION, id)?;
    if command.online.is_some() {
        wait(command.server, command.player.id, -1)?;
    }
    Ok(())
}

/// What a payment delivers and still waits.
fn deliveries(payment: u64) -> Result<Vec<(String, Queued)>, Error> {
    let documents = reading::all(
        COLLECTION,
        Some(&IndexValue::new(BY_PAYMENT, payment.to_string())),
    )?;
    let mut commands = Vec::with_capacity(documents.len());
    for document in documents {
        let command: Queued = document.read()?;
        if !command.removal {
            commands.push((document.id, command));
        }
    }
    Ok(commands)
}

/// Takes back what a payment delivers and still waits.
pub(crate) fn withdraw(payment: u64) -> Result<(), Error> {
    for (id, command) in deliveries(payment)? {
        remove(&id, &command)?;
    }
    Ok(())
}

/// How much of what a payment delivers still waits.
pub(crate) fn waiting(payment: u64) -> Result<u64, Error> {
    Ok(deliveries(payment)?.len() as u64)
}

/// What a payment delivers and still waits is for another player. Removals stay with the player from whom they take.
pub(crate) fn reroute(payment: u64, player: u64) -> Result<(), Error> {
    for (id, mut command) in deliveries(payment)? {
        if command.online.is_some() {
            wait(command.server, command.player.id, -1)?;
            wait(command.server, player, 1)?;
            command.online = Some(key(command.server, player));
        }
        command.player = Number { id: player };
        records::put(COLLECTION, &id, &command)?;
    }
    Ok(())
}

/// `GET /queue`: whether to ask for the other commands, and which players have some that need them.
pub(crate) fn view(principal: Principal, Input(paging): Input<Paging>) -> Result<Json<Value>, Error> {
    let server = store::server_of(&principal)?.id.to_string();
    let offline = records::list(
        COLLECTION,
        Some(IndexValue::new(BY_OFFLINE, &server)),
        Page::oldest(1),
    )?;
    let size = paging.limit(PART_MAX);
    let number = paging.page().unwrap_or(1);
    let page = Page::number(number, size, OldestFirst);
    let found = records::list(WAITING, Some(IndexValue::new(BY_SERVER, server)), page)?;
    let mut players = Vec::with_capacity(found.items.len());
    for document in &found.items {
        players.push(players::get(document.read::<Waiting>()?.player.id)?.who());
    }
    let more = number.saturating_mul(u64::from(size)) < found.total;
    Ok(Json(json!({
        "meta": {
            "execute_offline": offline.total > 0,
            "next_check": store::whole(store::NEXT_CHECK, 1..=3600)?,
            "more": more,
        },
        "players": players,
    })))
}

/// Players of one answer, each read once: what is known of them now, which may be more than when they bought.
#[derive(Default)]
struct Known(BTreeMap<u64, Who>);

impl Known {
    fn who(&mut self, id: u64) -> Result<&Who, Error> {
        match self.0.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => Ok(unknown.insert(players::get(id)?.who())),
        }
    }
}

/// `GET /queue/offline-commands`.
pub(crate) fn offline(principal: Principal) -> Result<Json<Value>, Error> {
    let server = store::server_of(&principal)?.id.to_string();
    let of_server = IndexValue::new(BY_OFFLINE, server);
    let found = reading::first(COLLECTION, Some(&of_server), OldestFirst, PART_MAX)?;
    let mut known = Known::default();
    let mut commands = Vec::with_capacity(found.items.len());
    for document in &found.items {
        let command: Queued = document.read()?;
        let player = known.who(command.player.id)?;
        commands.push(json!({
            "id": content::number(COLLECTION, document)?,
            "command": command.command,
            "payment": command.payment,
            "package": command.package,
            "conditions": { "delay": command.delay },
            "player": {
                "id": player.id,
                "name": player.name,
                "uuid": player.uuid,
                "meta": { "steamID": player.steam_id() },
            },
        }));
    }
    let limited = found.total > found.items.len() as u64;
    Ok(Json(
        json!({ "meta": { "limited": limited }, "commands": commands }),
    ))
}

/// `GET /queue/online-commands/{player}`.
pub(crate) fn online(principal: Principal, Path(player): Path<u64>) -> Result<Json<Value>, Error> {
    let server = store::server_of(&principal)?.id;
    let player = players::get(player)?.who();
    let of_player = IndexValue::new(BY_ONLINE, key(server, player.id));
    let found = reading::first(COLLECTION, Some(&of_player), OldestFirst, PART_MAX)?;
    let mut commands = Vec::with_capacity(found.items.len());
    for document in &found.items {
        let command: Queued = document.read()?;
        commands.push(json!({
            "id": content::number(COLLECTION, document)?,
            "command": command.command,
            "payment": command.payment,
            "package": command.package,
            "conditions": { "delay": command.delay, "slots": command.slots },
        }));
    }
    Ok(Json(json!({
        "player": {
            "id": player.id.to_string(),
            "username": player.name,
            "meta": { "avatar": "", "avatarfull": "", "steamID": player.steam_id() },
        },
        "commands": commands,
    })))
}

/// `DELETE /queue`.
#[derive(Deserialize)]
pub(crate) struct Done {
    ids: Ids,
}

/// The server has run these. Those that it has deleted before, or that another server has, stay as they are.
pub(crate) fn delete(principal: Principal, Input(done): Input<Done>) -> Result<(), Error> {
    let server = store::server_of(&principal)?.id;
    for id in done.ids.0 {
        let id = id.to_string();
        match records::get(COLLECTION, &id) {
            Ok(document) => {
                let command: Queued = document.read()?;
                if command.server == server {
                    remove(&id, &command)?;
                }
            }
            Err(RecordError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
