//! What a payment delivers. Each package is a service of the host and a purchase, and its commands go to the queue. A purchase
//! ends when its time is over or its payment is taken back; then its removal commands are queued, and its service ends.

use mooring_sdk::jobs::{self, NewJob};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue};
use mooring_sdk::services::{self, NewService};
use mooring_sdk::{Order, context};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::content::{self, Command, Package};
use crate::error::Error;
use crate::payments::{Bought, Payment};
use crate::players::{Player, Who};
use crate::{queue, time};

/// By the payment's number and the package's place in it.
pub(crate) const COLLECTION: &str = "purchases";
/// Index: what a player has.
pub(crate) const BY_OWNER: &str = "owner";
/// Index: what a player has of one package.
pub(crate) const BY_OWNER_AND_PACKAGE: &str = "owner-and-package";
/// Index: what counts for the package's limit.
pub(crate) const BY_SOLD: &str = "sold";
/// Index: what counts for a player's limit of the package.
pub(crate) const BY_SOLD_TO: &str = "sold-to";

/// The job that ends a purchase when its time is over.
pub(crate) const EXPIRE: &str = "expire";

/// The end of time for purchases: what is longer is for ever. A hundred years.
const LASTS_MAX: u64 = 100 * 365 * 24 * 3_600_000;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Purchase {
    pub(crate) transaction: String,
    payment: u64,
    pub(crate) date: u64,
    pub(crate) package: u64,
    pub(crate) name: String,
    player: Who,
    server: u64,
    service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    /// As they were when it was bought, the buyer's words filled in.
    removal: Vec<Command>,
    limit_expires: bool,
    /// Indexes; what does not count is not in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner_and_package: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sold: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sold_to: Option<String>,
}

/// The payload of [`EXPIRE`].
#[derive(Serialize, Deserialize)]
struct Expiry {
    purchase: String,
    expires_at: u64,
}

fn id(payment: u64, place: usize) -> String {
    format!("{payment}-{place}")
}

fn pair(first: u64, second: u64) -> String {
    format!("{first}:{second}")
}

/// Delivers all packages of a payment.
pub(crate) fn grant(transaction: &str, payment: &Payment) -> Result<(), Error> {
    for (place, bought) in payment.packages.iter().enumerate() {
        // The operator may have taken it off the shelf since it was bought.
        match content::package(bought.id) {
            Ok(package) => deliver(transaction, payment, place, bought, &package)?,
            Err(Error::NoSuch(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn deliver(
    transaction: &str,
    payment: &Payment,
    place: usize,
    bought: &Bought,
    package: &Package,
) -> Result<(), Error> {
    let now = context::now();
    let who = &payment.player;
    let service = serve(who.id, transaction, bought)?;
    let commands = |commands: &[Command]| filled(commands, &bought.options);
    let order = queue::Order {
        player: who,
        server: bought.server,
        payment: payment.number,
        package: bought.id,
    };
    queue::push(&order, &commands(&package.commands))?;
    let expires_at = expiry(now, package);
    let id = id(payment.number, place);
    let purchase = Purchase {
        transaction: transaction.to_owned(),
        payment: payment.number,
        date: now,
        package: bought.id,
        name: bought.name.clone(),
        player: who.clone(),
        server: bought.server,
        service,
        expires_at,
        removal: commands(&package.removal_commands),
        limit_expires: package.limit_expires,
        owner: None,
        owner_and_package: None,
        sold: Some(bought.id.to_string()),
        sold_to: Some(pair(bought.id, who.id)),
    };
    records::put(COLLECTION, &id, &purchase.owned_by(who.clone()))?;
    if let Some(expires_at) = expires_at {
        let expiry = Expiry {
            purchase: id,
            expires_at,
        };
        jobs::schedule(NewJob::new(EXPIRE, &expiry).at(expires_at))?;
    }
    Ok(())
}

fn serve(player: u64, transaction: &str, bought: &Bought) -> Result<String, Error> {
    let service = services::create(NewService {
        user: player,
        product: bought.name.clone(),
        label: bought.name.clone(),
        external_ref: None,
        metadata: json!({ "transaction": transaction, "package": bought.id }).to_string(),
    })?;
    Ok(services::activate(&service.id)?.id)
}

fn expiry(now: u64, package: &Package) -> Option<u64> {
    let length = Some(package.expiry_length).filter(|length| *length > 0)?;
    let lasts = time::period(&package.expiry_period)?.checked_mul(length)?;
    (lasts <= LASTS_MAX).then(|| now + lasts)
}

/// What the buyer said, in the place of `{field}`. Names that are no field's are the game server's to fill in.
fn filled(commands: &[Command], options: &BTreeMap<String, String>) -> Vec<Command> {
    let fill = |command: &Command| Command {
        command: fill(&command.command, options),
        ..command.clone()
    };
    commands.iter().map(fill).collect()
}

/// In one pass, so that what somebody said is never taken for a name.
fn fill(template: &str, options: &BTreeMap<String, String>) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let known = behind
            .split_once('}')
            .and_then(|(name, after)| Some((options.get(name)?, after)));
        if let Some((value, after)) = known {
            text.push_str(value);
            rest = after;
        } else {
            text.push('{');
            rest = behind;
        }
    }
    text.push_str(rest);
    text
}

impl Purchase {
    fn owned_by(mut self, who: Who) -> Purchase {
        self.owner = Some(who.id.to_string());
        self.owner_and_package = Some(pair(who.id, self.package));
        self.sold_to = self.sold_to.map(|_| pair(self.package, who.id));
        self.player = who;
        self
    }

    fn is_owned(&self) -> bool {
        self.owner.is_some()
    }

    /// No longer the player's: queues what takes it away, and ends the service. Returns whether it was.
    fn end(&mut self) -> Result<bool, Error> {
        if !self.is_owned() {
            return Ok(false);
        }
        (self.owner, self.owner_and_package) = (None, None);
        services::terminate(&self.service)?;
        let order = queue::Order {
            player: &self.player,
            server: self.server,
            payment: self.payment,
            package: self.package,
        };
        queue::push_removal(&order, &self.removal)?;
        Ok(true)
    }
}

/// The purchases of a payment, by id.
fn of(payment: &Payment) -> Result<Vec<(String, Purchase)>, Error> {
    let mut purchases = Vec::with_capacity(payment.packages.len());
    for place in 0..payment.packages.len() {
        let id = id(payment.number, place);
        match records::get(COLLECTION, &id) {
            Ok(document) => purchases.push((id, document.read()?)),
            Err(records::RecordError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(purchases)
}

/// Takes back all that a payment delivered. What the game server has not fetched yet it need not do at all, but for the
/// removals of what has expired.
pub(crate) fn revoke(payment: &Payment) -> Result<(), Error> {
    queue::withdraw(payment.number)?;
    for (id, mut purchase) in of(payment)? {
        purchase.end()?;
        (purchase.sold, purchase.sold_to) = (None, None);
        records::put(COLLECTION, &id, &purchase)?;
    }
    Ok(())
}

/// What a payment delivered is another player's, the commands that still deliver it too.
pub(crate) fn reroute(payment: &Payment, to: &Player) -> Result<(), Error> {
    queue::reroute(payment.number, &to.who())?;
    for (id, mut purchase) in of(payment)? {
        if purchase.is_owned() {
            // A service belongs to one user for ever.
            services::terminate(&purchase.service)?;
            let bought = &payment
                .packages
                .iter()
                .find(|bought| bought.id == purchase.package);
            if let Some(bought) = bought {
                purchase.service = serve(to.id, &purchase.transaction, bought)?;
            }
            purchase = purchase.owned_by(to.who());
        } else {
            purchase.player = to.who();
        }
        records::put(COLLECTION, &id, &purchase)?;
    }
    Ok(())
}

/// The job [`EXPIRE`]. A purchase that was taken back, or delivered again later, has another end.
pub(crate) fn expire(payload: &str) -> Result<(), Error> {
    let expiry: Expiry = mooring_sdk::json::from_str(payload)?;
    let mut purchase: Purchase = records::get(COLLECTION, &expiry.purchase)?.read()?;
    if purchase.expires_at != Some(expiry.expires_at) || !purchase.end()? {
        return Ok(());
    }
    if purchase.limit_expires {
        (purchase.sold, purchase.sold_to) = (None, None);
    }
    records::put(COLLECTION, &expiry.purchase, &purchase)?;
    Ok(())
}

/// What a player has, newest first; of one package only where one is given.
pub(crate) fn owned(player: u64, package: Option<u64>) -> Result<Vec<Purchase>, Error> {
    let index = match package {
        None => IndexValue::new(BY_OWNER, player.to_string()),
        Some(package) => IndexValue::new(BY_OWNER_AND_PACKAGE, pair(player, package)),
    };
    let found = records::list(COLLECTION, Some(index), Page::newest(OWNED_MAX))?;
    Ok(found
        .items
        .iter()
        .map(records::Document::read)
        .collect::<Result<_, _>>()?)
}

/// Purchases of an answer.
const OWNED_MAX: u32 = 500;

/// Refuses a package that this player cannot have now.
pub(crate) fn check(id: u64, package: &Package, player: &Player) -> Result<(), Error> {
    let now = context::now();
    if package.disabled || package.is_over(now) {
        return Err(Error::refused("This package is not for sale."));
    }
    let has = |required: &u64| owns(player.id, *required);
    let required = &package.required_packages;
    let missing = if package.require_any {
        !required.is_empty() && !any(required, has)?
    } else {
        any(required, |required| has(required).map(|has| !has))?
    };
    if missing {
        return Err(Error::refused(
            "The player does not have what this package requires.",
        ));
    }
    let sold = IndexValue::new(BY_SOLD, id.to_string());
    let sold_to = IndexValue::new(BY_SOLD_TO, pair(id, player.id));
    if reached(sold, package.global_limit, &package.global_limit_period, now)?
        || reached(sold_to, package.user_limit, &package.user_limit_period, now)?
    {
        return Err(Error::refused(
            "This package has been bought as often as it can be.",
        ));
    }
    Ok(())
}

fn any(ids: &[u64], holds: impl Fn(&u64) -> Result<bool, Error>) -> Result<bool, Error> {
    for id in ids {
        if holds(id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn owns(player: u64, package: u64) -> Result<bool, Error> {
    let of = IndexValue::new(BY_OWNER_AND_PACKAGE, pair(player, package));
    Ok(records::list(COLLECTION, Some(of), Page::oldest(1))?.total > 0)
}

/// Whether `limit` were sold in the period that ends now: then the one that reached it is not older than that.
fn reached(sold: IndexValue, limit: u64, period: &str, now: u64) -> Result<bool, Error> {
    if limit == 0 {
        return Ok(false);
    }
    let page = Page {
        offset: limit - 1,
        limit: 1,
        order: Order::NewestFirst,
    };
    let found = records::list(COLLECTION, Some(sold), page)?;
    let since = time::period(period).map_or(0, |length| now.saturating_sub(length));
    Ok(found
        .items
        .first()
        .is_some_and(|document| document.created_at >= since))
}

/// A purchase as `GET /player/{id}/packages` shows it.
pub(crate) fn shown(purchase: &Purchase) -> Value {
    json!({
        "txn_id": purchase.transaction,
        "date": time::with_colon(purchase.date),
        "quantity": 1,
        "package": { "id": purchase.package, "name": purchase.name },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_fields_are_filled_in_and_only_once() {
        let options = BTreeMap::from([
            ("color".to_owned(), "{uname}".to_owned()),
            ("uname".to_owned(), "Notch".to_owned()),
        ]);
        for (template, expected) in [
            ("say {uname} {color}", "say Notch {uname}"),
            ("give {name} {uuid} 1", "give {name} {uuid} 1"),
            ("say {{uname}}", "say {Notch}"),
            ("say {uname", "say {uname"),
            ("say } {", "say } {"),
            ("", ""),
        ] {
            assert_eq!(fill(template, &options), expected, "{template}");
        }
    }
}
