//! Players. Each is a user of the host, whose id is the player's number, and a document that players are found by.
//!
//! A player has a name, and an id of the game's: a Minecraft UUID without dashes, a SteamID64, or an XUID. A purchase
//! names only one of them. What is missing is learnt when the game server reports that the player has joined.

use mooring_sdk::context;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue, RecordError};
use mooring_sdk::users::{self, NewUser, UserChanges, UserError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::error::Error;

pub(crate) const COLLECTION: &str = "players";
/// Index, unique: by name, whatever its case.
pub(crate) const BY_NAME: &str = "name";
/// Index, unique: by the game's id.
pub(crate) const BY_UUID: &str = "uuid";

/// Players have no e-mail, and users need one: an address in a domain that never has mail.
const DOMAIN: &str = "tebex.invalid";

/// The shortest decimal id of a game: an XUID has 16 digits, a SteamID64 17.
const DIGITS_MIN: usize = 15;

/// A name in lower case: the host's references have 200 characters, `tebex:` among them.
const KEY_MAX: usize = 190;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Player {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// The name in lower case; none for a player whose name somebody else has now.
    key: Option<String>,
    pub(crate) uuid: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    /// Payments, and those of them that were charged back.
    #[serde(default)]
    pub(crate) payments: u64,
    #[serde(default)]
    pub(crate) chargebacks: u64,
    /// What complete payments come to, in minor units by currency.
    #[serde(default)]
    pub(crate) totals: BTreeMap<String, i64>,
}

/// A player in rows of other things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Who {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) uuid: Option<String>,
}

/// A player in rows that are answered with what is known of the player then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Number {
    pub(crate) id: u64,
}

impl Player {
    fn new(id: u64, name: &str, key: String, uuid: Option<String>) -> Player {
        let now = context::now();
        Player {
            id,
            name: name.to_owned(),
            key: Some(key),
            uuid,
            created_at: now,
            updated_at: now,
            payments: 0,
            chargebacks: 0,
            totals: BTreeMap::new(),
        }
    }

    pub(crate) fn who(&self) -> Who {
        Who {
            id: self.id,
            name: self.name.clone(),
            uuid: self.uuid.clone(),
        }
    }

    /// Whether this name or id of the game is the player's.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        match uuid(name) {
            Some(uuid) => self.uuid.as_ref() == Some(&uuid),
            None => self.key.as_ref() == Some(&name.trim().to_lowercase()),
        }
    }

    /// The player's e-mail, if the operator has given the user one.
    pub(crate) fn email(&self) -> Result<String, Error> {
        let email = users::get(self.id)?.email;
        let placeholder = email.ends_with(&format!("@{DOMAIN}"));
        Ok(if placeholder { String::new() } else { email })
    }
}

impl Who {
    /// The id of a Steam player, for the game servers that read it.
    pub(crate) fn steam_id(&self) -> &str {
        let uuid = self.uuid.as_deref().unwrap_or_default();
        if uuid.bytes().all(|byte| byte.is_ascii_digit()) {
            uuid
        } else {
            ""
        }
    }
}

/// The game's id, if this is one: 32 hexadecimal digits, with or without dashes, or 15 to 20 decimal ones.
pub(crate) fn uuid(text: &str) -> Option<String> {
    let text = text.trim();
    if (DIGITS_MIN..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.to_owned());
    }
    let hex: String = text.chars().filter(|letter| *letter != '-').collect();
    let dashes = text.len() - hex.len();
    let is_hex = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex && (dashes == 0 || dashes == 4)).then(|| hex.to_lowercase())
}

fn by(index: &str, value: &str) -> Result<Option<Player>, Error> {
    let found = records::list(COLLECTION, Some(IndexValue::new(index, value)), Page::oldest(1))?;
    Ok(found.items.first().map(records::Document::read).transpose()?)
}

fn by_name(name: &str) -> Result<Option<Player>, Error> {
    by(BY_NAME, &name.trim().to_lowercase())
}

/// The player with this number.
pub(crate) fn get(id: u64) -> Result<Player, Error> {
    match records::get(COLLECTION, &id.to_string()) {
        Ok(document) => Ok(document.read()?),
        Err(RecordError::NotFound) => Err(Error::NoSuch("player")),
        Err(error) => Err(error.into()),
    }
}

/// The player with this name or id of the game.
pub(crate) fn find(name: &str) -> Result<Option<Player>, Error> {
    match uuid(name) {
        Some(uuid) => by(BY_UUID, &uuid),
        None => by_name(name),
    }
}

/// The player with this name or id of the game, or else with this number. A name may be all digits.
pub(crate) fn by_name_first(text: &str) -> Result<Player, Error> {
    match find(text)? {
        Some(player) => Ok(player),
        None => by_number(text)?.ok_or(Error::NoSuch("player")),
    }
}

/// The player with this number, or else with this name or id of the game.
pub(crate) fn by_number_first(text: &str) -> Result<Player, Error> {
    match by_number(text)? {
        Some(player) => Ok(player),
        None => find(text)?.ok_or(Error::NoSuch("player")),
    }
}

fn by_number(text: &str) -> Result<Option<Player>, Error> {
    let number = text.parse().ok();
    let Some(number) = number.filter(|number: &u64| number.to_string() == text) else {
        return Ok(None);
    };
    match get(number) {
        Ok(player) => Ok(Some(player)),
        Err(Error::NoSuch(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The player with this name or id of the game, who is made if there is none yet.
pub(crate) fn find_or_make(name: &str) -> Result<Player, Error> {
    match find(name)? {
        Some(player) => Ok(player),
        None => make(name.trim(), uuid(name)),
    }
}

fn make(name: &str, uuid: Option<String>) -> Result<Player, Error> {
    let key = name.to_lowercase();
    // A letter may become several in lower case, and the host finds the user by this.
    if key.chars().count() > KEY_MAX {
        return Err(Error::refused("The player's name is too long."));
    }
    let number = records::next_number(COLLECTION)?;
    let reference = reference(uuid.as_ref().unwrap_or(&key));
    let made = users::create(NewUser {
        email: format!("player-{number}@{DOMAIN}"),
        name: name.to_owned(),
        role: Some("player".to_owned()),
        external_ref: Some(reference),
        ..NewUser::default()
    });
    let id = match made {
        Ok(user) => user.id,
        Err(UserError::ExternalRefTaken(id)) => return take_back(id, name, key, uuid),
        Err(error) => return Err(error.into()),
    };
    let player = Player::new(id, name, key, uuid);
    records::create(COLLECTION, &id.to_string(), &player)?;
    Ok(player)
}

/// The user exists: the operator has made it before, or the name is that of a player again from whom somebody else had it.
fn take_back(id: u64, name: &str, key: String, uuid: Option<String>) -> Result<Player, Error> {
    let player = match get(id) {
        Ok(before) => Player {
            key: Some(key),
            ..before
        },
        Err(Error::NoSuch(_)) => Player::new(id, name, key, uuid),
        Err(error) => return Err(error),
    };
    put(player.clone())?;
    Ok(player)
}

/// What the host's user is found by: users of all plugins share one space of references.
fn reference(known: &str) -> String {
    format!("tebex:{known}")
}

/// Writes a player down.
pub(crate) fn put(mut player: Player) -> Result<(), Error> {
    player.updated_at = context::now();
    records::put(COLLECTION, &player.id.to_string(), &player)?;
    Ok(())
}

/// A player has been seen with this id of the game and this name. Says something new of players who are known, and nothing of
/// others: whoever only visits is no customer.
pub(crate) fn seen(id: &str, name: &str) -> Result<(), Error> {
    let Some(uuid) = uuid(id) else {
        return Ok(());
    };
    let (known, namesake) = (by(BY_UUID, &uuid)?, by_name(name)?);
    let Some(mut player) = known.or_else(|| namesake.clone().filter(|player| player.uuid.is_none())) else {
        return Ok(());
    };
    let key = Some(name.to_lowercase());
    if player.name == name && player.key == key && player.uuid.as_ref() == Some(&uuid) {
        return Ok(());
    }
    // The name has changed hands.
    if let Some(mut before) = namesake.filter(|before| before.id != player.id) {
        before.key = None;
        put(before)?;
    }
    player.key = key;
    name.clone_into(&mut player.name);
    let changes = UserChanges {
        name: Some(player.name.clone()),
        external_ref: player.uuid.is_none().then(|| reference(&uuid)),
        ..UserChanges::default()
    };
    player.uuid = Some(uuid);
    users::update(player.id, changes)?;
    put(player)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_games_are_told_from_names() {
        for (text, expected) in [
            (
                "365bfa21803249ee9b634fe890c9d43f",
                Some("365bfa21803249ee9b634fe890c9d43f"),
            ),
            (
                "365BFA21-8032-49EE-9B63-4FE890C9D43F",
                Some("365bfa21803249ee9b634fe890c9d43f"),
            ),
            ("76561198000000001", Some("76561198000000001")),
            ("2535400000000001", Some("2535400000000001")),
            ("Notch", None),
            ("123456", None),
            ("365bfa21-803249ee9b634fe890c9d43f", None),
            ("365bfa21803249ee9b634fe890c9d43", None),
            ("", None),
        ] {
            assert_eq!(uuid(text).as_deref(), expected, "{text}");
        }
    }
}
