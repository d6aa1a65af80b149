//! The webstore and its game servers, as the operator has set them; and `GET /information`.

use mooring_sdk::money;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue};
use mooring_sdk::settings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;

pub(crate) const ACCOUNT_ID: &str = "account_id";
pub(crate) const NAME: &str = "store_name";
pub(crate) const DOMAIN: &str = "domain";
pub(crate) const CURRENCY: &str = "currency";
pub(crate) const GAME_TYPE: &str = "game_type";
pub(crate) const ONLINE_MODE: &str = "online_mode";
pub(crate) const LOG_EVENTS: &str = "log_events";
pub(crate) const SERVER_ID: &str = "server_id";
pub(crate) const SERVER_NAME: &str = "server_name";
pub(crate) const NEXT_CHECK: &str = "next_check";
pub(crate) const CHECKOUT_MINUTES: &str = "checkout_minutes";
pub(crate) const API_URL: &str = "api_url";
pub(crate) const PLUGIN_VERSION: &str = "plugin_version";

/// Game servers beside the one of the settings; by id.
pub(crate) const SERVERS: &str = "servers";
/// Index, unique: the server whose secret a key is.
pub(crate) const BY_KEY: &str = "key";

/// A game server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Server {
    pub(crate) id: u64,
    pub(crate) name: String,
}

/// A server as the operator writes it.
#[derive(Deserialize)]
struct Declared {
    name: String,
}

/// A setting that has a default.
pub(crate) fn text(name: &str) -> Result<String, Error> {
    Ok(settings::get(name)?.unwrap_or_default())
}

pub(crate) fn is_on(name: &str) -> Result<bool, Error> {
    Ok(text(name)? == "true")
}

/// A whole number of this range.
pub(crate) fn whole(name: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, Error> {
    let number = text(name)?.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let why = format!("must be {} to {}", range.start(), range.end());
        Error::misconfigured(format!("setting `{name}`"), why)
    })
}

/// What the store sells in: one currency of ISO 4217.
pub(crate) fn currency() -> Result<String, Error> {
    let currency = text(CURRENCY)?;
    if money::is_fiat(&currency) {
        return Ok(currency);
    }
    let why = format!("{currency} is not a currency of ISO 4217");
    Err(Error::misconfigured(format!("setting `{CURRENCY}`"), why))
}

/// Code and symbol.
pub(crate) fn currency_shown(code: &str) -> Value {
    let symbol = iso_currency::Currency::from_code(code)
        .map_or_else(|| code.to_owned(), |currency| currency.symbol().symbol);
    json!({ "iso_4217": code, "symbol": symbol })
}

/// The store's web address, without a slash at its end.
pub(crate) fn domain() -> Result<String, Error> {
    Ok(text(DOMAIN)?.trim_end_matches('/').to_owned())
}

/// The server of the settings.
pub(crate) fn default_server() -> Result<Server, Error> {
    Ok(Server {
        id: whole(SERVER_ID, 1..=1_000_000_000)?,
        name: text(SERVER_NAME)?,
    })
}

/// The server whose secret the caller has: one that names this key, or else the one of the settings.
pub(crate) fn server_of(principal: &Principal) -> Result<Server, Error> {
    let of_key = IndexValue::new(BY_KEY, &principal.key);
    let found = records::list(SERVERS, Some(of_key), Page::oldest(1))?;
    match found.items.first() {
        Some(document) => server(document),
        None => default_server(),
    }
}

/// All servers, that of the settings first.
pub(crate) fn servers() -> Result<Vec<Server>, Error> {
    let mut servers = vec![default_server()?];
    for document in crate::reading::all(SERVERS, None)? {
        let server = server(&document)?;
        if server.id != servers[0].id {
            servers.push(server);
        }
    }
    Ok(servers)
}

fn server(document: &records::Document) -> Result<Server, Error> {
    let declared: Declared = document.read()?;
    Ok(Server {
        id: crate::content::number(SERVERS, document)?,
        name: declared.name,
    })
}

/// `GET /information`.
pub(crate) fn information(principal: Principal) -> Result<Json<Value>, Error> {
    let server = server_of(&principal)?;
    Ok(Json(json!({
        "account": {
            "id": whole(ACCOUNT_ID, 1..=1_000_000_000)?,
            "domain": domain()?,
            "name": text(NAME)?,
            "currency": currency_shown(&currency()?),
            "online_mode": is_on(ONLINE_MODE)?,
            "game_type": text(GAME_TYPE)?,
            "log_events": is_on(LOG_EVENTS)?,
        },
        "server": server,
    })))
}
