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
use crate::players::{Number, Player};
use crate::{queue, reading, reservations, time};

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
    player: Number,
    server: u64,
    service: String,
    /// How many commands delivered it.
    #[serde(default)]
    pushed: u64,
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

pub(crate) fn pair(first: u64, second: u64) -> String {
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
    let id = id(payment.number, place);
    // What was delivered before ends when it would have ended: a payment that comes back buys no further period.
    let before = find(&id)?;
    let (date, expires_at) = match &before {
        Some(before) => (before.date, before.expires_at),
        None => (now, expiry(now, package)),
    };
    if let (Some(before), Some(expires_at)) = (&before, expires_at)
        && expires_at <= now
    {
        return is_over(&id, before);
    }
    let player = payment.player.id;
    let service = serve(player, transaction, bought)?;
    let commands = filled(&package.commands, &bought.options);
    let order = queue::Order {
        player,
        server: bought.server,
        payment: payment.number,
        package: bought.id,
    };
    queue::push(&order, &commands)?;
    let purchase = Purchase {
        transaction: transaction.to_owned(),
        payment: payment.number,
        date,
        package: bought.id,
        name: bought.name.clone(),
        player: Number { id: player },
        server: bought.server,
        service,
        pushed: commands.len() as u64,
        expires_at,
        removal: filled(&package.removal_commands, &bought.options),
        limit_expires: package.limit_expires,
        owner: None,
        owner_and_package: None,
        sold: Some(bought.id.to_string()),
        sold_to: Some(pair(bought.id, player)),
    };
    records::put(COLLECTION, &id, &purchase.owned_by(player))?;
    if let Some(expires_at) = expires_at {
        let expiry = Expiry {
            purchase: id,
            expires_at,
        };
        jobs::schedule(NewJob::new(EXPIRE, &expiry).at(expires_at))?;
    }
    Ok(())
}

/// Nothing is delivered of what has ended meanwhile; it only counts again for limits, where what has ended does.
fn is_over(id: &str, before: &Purchase) -> Result<(), Error> {
    if !before.limit_expires {
        let mut purchase = before.clone();
        purchase.sold = Some(before.package.to_string());
        purchase.sold_to = Some(pair(before.package, before.player.id));
        records::put(COLLECTION, id, &purchase)?;
    }
    Ok(())
}

fn find(id: &str) -> Result<Option<Purchase>, Error> {
    match records::get(COLLECTION, id) {
        Ok(document) => Ok(Some(document.read()?)),
        Err(records::RecordError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What a payment's commands come to. All of them are queued, withdrawn or taken away in one request, whose calls of the host,
/// and whose bytes, are limited.
#[derive(Default)]
pub(crate) struct Load {
    commands: usize,
    bytes: usize,
}

/// Commands of a payment, removals included.
const COMMANDS_MAX: usize = 1000;
/// Their text, filled in: of all, of a package's removals, and of one command.
const TEXT_BYTES_MAX: usize = 1024 * 1024;
const ROW_BYTES_MAX: usize = 56 * 1024;

impl Load {
    /// Refuses what could not be delivered, or not be taken away.
    pub(crate) fn add(&mut self, package: &Package, options: &BTreeMap<String, String>) -> Result<(), Error> {
        let commands = filled(&package.commands, options);
        let removal = filled(&package.removal_commands, options);
        let bytes = |commands: &[Command]| mooring_sdk::json::to_string(commands).len();
        self.commands += commands.len() + removal.len();
        self.bytes += bytes(&commands) + bytes(&removal);
        if self.commands > COMMANDS_MAX {
            let why = format!("A payment has at most {COMMANDS_MAX} commands; make several payments.");
            return Err(Error::refused(why));
        }
        let one = commands
            .iter()
            .any(|command| command.command.len() > ROW_BYTES_MAX / 2);
        if one || bytes(&removal) > ROW_BYTES_MAX || self.bytes > TEXT_BYTES_MAX {
            return Err(Error::refused("The commands of the packages are too long."));
        }
        Ok(())
    }
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
    fn owned_by(mut self, player: u64) -> Purchase {
        self.owner = Some(player.to_string());
        self.owner_and_package = Some(pair(player, self.package));
        self.sold_to = self.sold_to.map(|_| pair(self.package, player));
        self.player = Number { id: player };
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
            player: self.player.id,
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
        purchases.extend(find(&id)?.map(|purchase| (id, purchase)));
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

/// What a payment delivered is another player's. Where the game server has run commands for the one who had it, that one has
/// it in the game too: it is taken away there, and delivered anew. Otherwise the commands that wait are the other's.
pub(crate) fn reroute(transaction: &str, payment: &mut Payment, to: &Player) -> Result<(), Error> {
    let purchases = of(payment)?;
    let owned = purchases.iter().filter(|(_, purchase)| purchase.is_owned());
    let pushed: u64 = owned.map(|(_, purchase)| purchase.pushed).sum();
    let has_run = queue::waiting(payment.number)? < pushed;
    if has_run {
        queue::withdraw(payment.number)?;
        for (id, mut purchase) in purchases {
            if purchase.end()? {
                records::put(COLLECTION, &id, &purchase)?;
            }
        }
        payment.player = to.who();
        return grant(transaction, payment);
    }
    payment.player = to.who();
    queue::reroute(payment.number, to.id)?;
    for (id, mut purchase) in purchases {
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
            purchase = purchase.owned_by(to.id);
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
    let found = reading::first(COLLECTION, Some(&index), Order::NewestFirst, OWNED_MAX)?;
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
    let (of_package, of_both) = (id.to_string(), pair(id, player.id));
    let all = Limit {
        sold: IndexValue::new(BY_SOLD, &of_package),
        held: reservations::count(reservations::BY_PACKAGE, &of_package)?,
        most: package.global_limit,
        period: &package.global_limit_period,
    };
    let of_player = Limit {
        sold: IndexValue::new(BY_SOLD_TO, &of_both),
        held: reservations::count(reservations::BY_PACKAGE_AND_PLAYER, &of_both)?,
        most: package.user_limit,
        period: &package.user_limit_period,
    };
    if all.is_reached(now)? || of_player.is_reached(now)? {
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

/// How often a package is sold.
struct Limit<'l> {
    sold: IndexValue,
    /// Open checkouts.
    held: u64,
    /// So often at most; 0 for any number.
    most: u64,
    period: &'l str,
}

impl Limit<'_> {
    /// Whether so many are held, or were sold in the period that ends now: then the one that reached it is not older than that.
    fn is_reached(&self, now: u64) -> Result<bool, Error> {
        if self.most == 0 {
            return Ok(false);
        }
        let Some(offset) = self.most.checked_sub(self.held + 1) else {
            return Ok(true);
        };
        let page = Page {
            offset,
            limit: 1,
            order: Order::NewestFirst,
        };
        let found = records::list(COLLECTION, Some(self.sold.clone()), page)?;
        let since = time::period(self.period).map_or(0, |length| now.saturating_sub(length));
        Ok(found
            .items
            .first()
            .is_some_and(|document| document.created_at >= since))
    }
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
