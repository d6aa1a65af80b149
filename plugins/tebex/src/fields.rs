//! What a buyer says about a package: its fields, the server where it lets one choose, and the price where it has none of its
//! own.

use std::collections::BTreeMap;

use mooring_sdk::prelude::*;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::content::{self, Field, FieldKind, Package};
use crate::error::Error;
use crate::players::Player;
use crate::store;

/// Of the dropdown of servers.
const SERVER: &str = "server";
/// Of the pseudo-field of packages without a price of their own.
const PRICE: &str = "price";

/// Longest answer of a field.
const VALUE_MAX: usize = 200;

/// What was said, by the names of fields; every scalar is text.
#[derive(Clone, Default)]
pub(crate) struct Options(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Options {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Options, D::Error> {
        let map = match Value::deserialize(deserializer)? {
            Value::Null => Map::new(),
            // PHP writes an object without members so.
            Value::Array(items) if items.is_empty() => Map::new(),
            Value::Object(map) => map,
            _ => return Err(D::Error::custom("must be an object")),
        };
        let mut options = BTreeMap::new();
        for (name, value) in map {
            let text = match value {
                Value::String(text) => text.trim().to_owned(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Null => continue,
                Value::Array(_) | Value::Object(_) => {
                    return Err(D::Error::custom(format_args!(
                        "`{name}` must be text or a number"
                    )));
                }
            };
            options.insert(name, text);
        }
        Ok(Options(options))
    }
}

/// What a package is bought with.
pub(crate) struct Filled {
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) server: u64,
    /// What it costs: its price, or the one that was said where it has none of its own, and what the choices add.
    pub(crate) list: i64,
}

/// How much of a package has to be said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needed {
    /// All of it.
    All,
    /// All but a price of its own: the price of the whole payment is given.
    AllButPrice,
    /// What cannot be assumed. A checkout's page does not ask, so the first choice of a dropdown and the player's own name are
    /// taken where none is said. Text is never assumed: an empty one makes nonsense of a command.
    Unassumable,
}

/// Checks what was said.
pub(crate) fn fill(
    package: &Package,
    options: &Options,
    player: &Player,
    needed: Needed,
) -> Result<Filled, Error> {
    let currency = store::currency()?;
    let mut filled = Filled {
        options: BTreeMap::new(),
        server: server(package, options)?,
        list: own_price(package, options, needed, &currency)?,
    };
    for field in &package.fields {
        let said = options.0.get(&field.name).filter(|said| !said.is_empty());
        let assumed = || {
            (needed == Needed::Unassumable)
                .then(|| assumed(field, player))
                .flatten()
        };
        let said = said.cloned().or_else(assumed);
        let said = said.ok_or_else(|| Error::invalid(&format!("options.{}", field.name), "is required"))?;
        check(field, &said)?;
        let choice = field.options.iter().find(|choice| choice.value == said);
        if let Some(price) = choice.and_then(|choice| choice.price.as_ref()) {
            filled.list += price.content(&currency, "option's price")?.minor;
        }
        filled.options.insert(field.name.clone(), said);
    }
    Ok(filled)
}

fn assumed(field: &Field, player: &Player) -> Option<String> {
    match field.kind {
        FieldKind::Dropdown => field.options.first().map(|choice| choice.value.clone()),
        FieldKind::Username => Some(player.name.clone()),
        _ => None,
    }
}

/// The package's price; what was said for one whose price the buyer gives.
fn own_price(package: &Package, options: &Options, needed: Needed, currency: &str) -> Result<i64, Error> {
    let price = package.price.content(currency, "package's price")?.minor;
    if !package.custom_price {
        return Ok(price);
    }
    let field = "options.price";
    let Some(said) = options.0.get(PRICE).filter(|said| !said.is_empty()) else {
        return match needed {
            Needed::AllButPrice => Ok(price),
            Needed::All | Needed::Unassumable => Err(Error::invalid(field, "is required")),
        };
    };
    let said = Amount::parse_not_negative(said, currency).map_err(Error::money(field))?;
    if !content::is_payable(said.minor, currency) {
        return Err(Error::invalid(field, "is too large"));
    }
    Ok(said.minor)
}

/// The server that was chosen, if the package lets one choose; its first one otherwise.
fn server(package: &Package, options: &Options) -> Result<u64, Error> {
    let default = match package.servers.first() {
        Some(first) => *first,
        None => store::default_server()?.id,
    };
    let Some(said) = options
        .0
        .get(SERVER)
        .filter(|said| package.choose_server && !said.is_empty())
    else {
        return Ok(default);
    };
    let chosen = choices(package, &store::servers()?)
        .into_iter()
        .find(|server| server.id.to_string() == *said);
    let chosen = chosen.ok_or_else(|| Error::invalid("options.server", "is no server of this package"))?;
    Ok(chosen.id)
}

/// The servers that a package can be bought for.
pub(crate) fn choices(package: &Package, servers: &[store::Server]) -> Vec<store::Server> {
    let mut servers = servers.to_vec();
    if package.servers.is_empty() {
        if !package.choose_server {
            servers.truncate(1);
        }
    } else {
        servers.retain(|server| package.servers.contains(&server.id));
    }
    servers
}

fn check(field: &Field, said: &str) -> Result<(), Error> {
    let all = |fits: fn(char) -> bool| said.chars().all(fits);
    let why = if said.chars().count() > VALUE_MAX {
        "is too long"
    } else if said.chars().any(char::is_control) {
        "must not contain control characters"
    } else {
        match field.kind {
            FieldKind::Numeric if !all(|letter| letter.is_ascii_digit()) => "must be a whole number",
            FieldKind::Alpha if !all(char::is_alphabetic) => "must be letters",
            FieldKind::Alphanumeric if !all(char::is_alphanumeric) => "must be letters and digits",
            FieldKind::Email if said.split('@').count() != 2 || said.contains(' ') => "must be an e-mail",
            FieldKind::Dropdown if !field.options.iter().any(|choice| choice.value == said) => {
                "is none of its options"
            }
            _ => return Ok(()),
        }
    };
    Err(Error::invalid(&format!("options.{}", field.name), why))
}

/// `GET /payments/fields/{package}`: what `POST /payments` needs to be told about a package.
pub(crate) fn list(Path(package): Path<u64>) -> Result<Json<Value>, Error> {
    let package = content::package(package)?;
    let mut fields = Vec::new();
    if package.custom_price {
        fields.push(json!({ "name": PRICE, "value": "Custom Price", "type": "numeric" }));
    }
    if package.choose_server {
        let servers = choices(&package, &store::servers()?).into_iter();
        fields.push(json!({
            "name": SERVER,
            "description": "Select a server to run commands on",
            "type": "dropdown",
            "options": servers.map(|server| json!({ "label": server.name, "value": server.id })).collect::<Value>(),
        }));
    }
    let currency = store::currency()?;
    for field in &package.fields {
        fields.push(json!({
            "name": field.name,
            "description": field.description,
            "type": field.kind,
            "options": options(field, &currency)?,
        }));
    }
    Ok(Json(Value::Array(fields)))
}

/// False for fields that are not chosen from a list.
fn options(field: &Field, currency: &str) -> Result<Value, Error> {
    if field.options.is_empty() {
        return Ok(Value::Bool(false));
    }
    let mut options = Vec::with_capacity(field.options.len());
    for (id, choice) in (1_u64..).zip(&field.options) {
        let price = match &choice.price {
            Some(price) => price.content(currency, "option's price")?,
            None => crate::price::amount(0, currency)?,
        };
        options.push(json!({
            "id": id,
            "label": choice.label,
            "value": choice.value,
            "price": price.to_json_number(),
        }));
    }
    Ok(Value::Array(options))
}
