//! What the operator sells: categories and packages, as they are written into their collections. Ids are whole numbers.

use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, RecordError};
use mooring_sdk::{log, money};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::price::Exact;
use crate::{reading, time};

pub(crate) const CATEGORIES: &str = "categories";
pub(crate) const PACKAGES: &str = "packages";

/// A shelf of packages.
#[derive(Clone, Deserialize)]
pub(crate) struct Category {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) order: u64,
    /// The category it is inside of.
    #[serde(default)]
    pub(crate) parent: Option<u64>,
    #[serde(default)]
    pub(crate) gui_item: String,
    #[serde(default)]
    pub(crate) only_subcategories: bool,
}

/// Something to buy.
#[derive(Clone, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the provider's")]
pub(crate) struct Package {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) price: Exact,
    pub(crate) category: u64,
    #[serde(default)]
    pub(crate) order: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[serde(default)]
    pub(crate) gui_item: String,
    #[serde(default, rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) disabled: bool,
    /// How long a player has it: so many of the period; 0 for ever.
    #[serde(default)]
    pub(crate) expiry_length: u64,
    #[serde(default = "day")]
    pub(crate) expiry_period: String,
    /// How often it is sold, to all players in the period; 0 for any number.
    #[serde(default)]
    pub(crate) global_limit: u64,
    #[serde(default = "none")]
    pub(crate) global_limit_period: String,
    /// The same for each player.
    #[serde(default)]
    pub(crate) user_limit: u64,
    #[serde(default = "none")]
    pub(crate) user_limit_period: String,
    /// Whether one that has expired no longer counts for the limits.
    #[serde(default)]
    pub(crate) limit_expires: bool,
    /// What a player must have to buy it: all of these, or any.
    #[serde(default)]
    pub(crate) required_packages: Vec<u64>,
    #[serde(default)]
    pub(crate) require_any: bool,
    /// Sold until then: `YYYY-MM-DD HH:MM:SS`, or a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) show_until: Option<String>,
    /// Whether whoever pays by hand gives the price.
    #[serde(default)]
    pub(crate) custom_price: bool,
    #[serde(default)]
    pub(crate) choose_server: bool,
    /// Servers it is for; empty for the one of the settings.
    #[serde(default)]
    pub(crate) servers: Vec<u64>,
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
    #[serde(default)]
    pub(crate) commands: Vec<Command>,
    /// Run when it expires, is refunded or charged back.
    #[serde(default)]
    pub(crate) removal_commands: Vec<Command>,
}

impl Package {
    /// Whether the time in which it is sold has ended.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.until().is_some_and(|until| now >= until)
    }

    /// When that time ends, in milliseconds since 1970.
    pub(crate) fn until(&self) -> Option<u64> {
        self.show_until.as_deref().and_then(time::moment)
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[default]
    Single,
    Subscription,
    Both,
}

/// Something that a buyer says about a package; `{name}` in its commands.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(rename = "type")]
    pub(crate) kind: FieldKind,
    /// Of a dropdown.
    #[serde(default)]
    pub(crate) options: Vec<Choice>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldKind {
    Numeric,
    Dropdown,
    Username,
    Alpha,
    Alphanumeric,
    Text,
    Email,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) value: String,
    /// What it adds to the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<Exact>,
}

/// What a game server is told to do.
#[derive(Clone, Serialize, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the provider's names")]
pub(crate) struct Command {
    pub(crate) command: String,
    /// Whether the player has to be on the server.
    #[serde(default)]
    pub(crate) require_online: bool,
    /// Seconds to wait.
    #[serde(default)]
    pub(crate) delay: u64,
    /// Free slots that the player's inventory needs.
    #[serde(default)]
    pub(crate) slots: u64,
    /// Where it runs; absent for the server that was chosen, or the one of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<u64>,
}

fn day() -> String {
    "day".to_owned()
}

fn none() -> String {
    "none".to_owned()
}

/// A package and its id.
pub(crate) fn package(id: u64) -> Result<Package, Error> {
    match records::get(PACKAGES, &id.to_string()) {
        Ok(document) => Ok(document.read()?),
        Err(RecordError::NotFound) => Err(Error::NoSuch("package")),
        Err(error) => Err(error.into()),
    }
}

/// Everything in a collection of content, in the order of ids.
pub(crate) fn all<T: DeserializeOwned>(collection: &str) -> Result<Vec<(u64, T)>, Error> {
    let mut items = Vec::new();
    for document in reading::all(collection, None)? {
        items.push((number(collection, &document)?, document.read()?));
    }
    items.sort_by_key(|(id, _)| *id);
    Ok(items)
}

/// The number that a document's id is. The operator may have written another one.
pub(crate) fn number(collection: &str, document: &Document) -> Result<u64, Error> {
    let number = document.id.parse().ok();
    let number = number.filter(|number: &u64| number.to_string() == document.id);
    number.ok_or_else(|| {
        let what = format!("record `{}` of `{collection}`", document.id);
        Error::misconfigured(what, "its id is not a whole number")
    })
}

/// Makes a document under the next number that is free: the operator may have given some away.
pub(crate) fn create<T: Serialize>(collection: &str, data: &T) -> Result<(u64, Document), Error> {
    for _ in 0..NUMBERS_TRIED_MAX {
        let number = records::next_number(collection)?;
        match records::create(collection, &number.to_string(), data) {
            Ok(document) => return Ok((number, document)),
            Err(RecordError::Exists) => {}
            Err(error) => return Err(error.into()),
        }
    }
    log::error(&format!(
        "the next {NUMBERS_TRIED_MAX} numbers of `{collection}` are taken"
    ));
    Err(Problem::Conflict("No number is free for it; try again.".to_owned()).into())
}

/// Numbers that are found to be taken stay behind: the next request goes on from there.
const NUMBERS_TRIED_MAX: u32 = 50;

/// Whether an amount can be asked for: of a thousand millions at most, so that no sum of a basket leaves 64 bits.
pub(crate) fn is_payable(minor: i64, currency: &str) -> bool {
    let exponent = u32::from(money::exponent(currency).unwrap_or(2));
    minor <= 10_i64.pow(9 + exponent)
}
