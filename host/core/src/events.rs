//! Events: what happened, recorded for good; and the outbox of those that are on their way to whoever subscribed.
//!
//! Event and outbox row are written in the transaction of the change that they report, so that neither is ever there
//! without the other. Delivering is not this module's business: it reads the outbox from its beginning.

use mooring_store::{
    Document, Documents, IndexEntries, KeyBuilder, KeyRange, KeySpace, Selection, StoreError,
};
use serde::{Deserialize, Serialize};

use crate::check::{self, InvalidField, chars};
use crate::ids::{EventId, PluginName, TenantId};
use crate::json::Json;
use crate::layout;
use crate::page::{Listing, Page};
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::work::{HostWork, Work};

const DEDUPE: &str = "dedupe";
const KIND: &str = "kind";
const PLUGIN: &str = "plugin";
const PLUGIN_KIND: &str = "plugin-kind";

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `ev_` and 22 characters.
    pub id: EventId,
    /// Who emitted it.
    pub plugin: PluginName,
    /// The provider's own name for it.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// JSON.
    pub data: Json,
    /// Unique in the tenant and plugin for ever, where given.
    pub dedupe_key: Option<String>,
    /// Whether it was put into the outbox.
    pub deliver: bool,
    /// When it was emitted.
    pub created_at: Timestamp,
    ordinal: u64,
}

/// What an event is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The provider's own name for it, `invoice.paid`; 1 to 100 characters.
    pub kind: String,
    /// What it is about, for looking it up; 0 to 200 characters.
    pub subject: String,
    /// JSON, at most 64 KiB.
    pub data: String,
    /// 1 to 200 characters.
    pub dedupe_key: Option<String>,
    /// False: keep the event, but send it to nobody.
    pub deliver: bool,
}

/// What emitting did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The event, or the first one with its dedupe key.
    pub event: Event,
    /// True when the dedupe key had been used: nothing was written.
    pub repeated: bool,
}

/// Events of one unit of work that wait for delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Whose they are.
    pub tenant: TenantRef,
    /// What is to be delivered, in this order: 1 to 32.
    pub events: Vec<EventId>,
}

/// Enough for the row of a busy work to cost little for each of its events, and few enough for one look at the outbox.
const OUTBOX_EVENTS_MAX: usize = 32;

/// Why an event was not recorded or found.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The tenant and plugin have no such event.
    #[error("there is no such event")]
    NotFound,
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Records an event and, if it is to be delivered, its outbox row. Safe to repeat with a dedupe key.
pub fn emit(work: &mut Work, new: NewEvent) -> Result<Emitted, EventError> {
    check::text("kind", &new.kind, chars(1, 100))?;
    check::text("subject", &new.subject, chars(0, 200))?;
    let data = check::json("data", &new.data)?;
    if let Some(dedupe_key) = &new.dedupe_key {
        check::text("dedupe-key", dedupe_key, chars(1, 200))?;
        if let Some(event) = by_dedupe_key(work, dedupe_key)? {
            return Ok(Emitted {
                event,
                repeated: true,
            });
        }
    }
    let tenant = work.tenant().clone();
    let now = work.now();
    let event = Event {
        id: EventId::draw(&mut work.rng, now),
        plugin: work.plugin().clone(),
        kind: new.kind,
        subject: new.subject,
        data,
        dedupe_key: new.dedupe_key,
        deliver: new.deliver,
        created_at: now,
        ordinal: work.next_ordinal(&layout::tenant_key(layout::EVENTS, tenant.id).build())?,
    };
    events(tenant.id)
        .insert(&mut work.transaction, &event)
        .map_err(layout::checked_before)?;
    if event.deliver {
        put_into_outbox(work, tenant, event.id.clone())?;
    }
    Ok(Emitted {
        event,
        repeated: false,
    })
}

/// Into the work's last row of the outbox, while that has room.
fn put_into_outbox(work: &mut HostWork, tenant: TenantRef, event: EventId) -> Result<(), StoreError> {
    let (place, mut row) = match work.outbox.take() {
        Some((place, row)) if row.tenant == tenant && row.events.len() < OUTBOX_EVENTS_MAX => (place, row),
        _ => {
            let row = OutboxRow {
                tenant,
                events: Vec::new(),
            };
            (work.next_ordinal(&[layout::OUTBOX])?, row)
        }
    };
    row.events.push(event);
    let key = KeyBuilder::new(layout::OUTBOX).number(place).build();
    layout::put_json(&mut work.transaction, key, &row)?;
    work.outbox = Some((place, row));
    Ok(())
}

/// The plugin's event with this id.
pub fn get(work: &mut Work, id: &EventId) -> Result<Event, EventError> {
    let tenant = work.tenant().id;
    let event = get_any(work, tenant, id)?;
    if event.plugin == *work.plugin() {
        Ok(event)
    } else {
        Err(EventError::NotFound)
    }
}

/// The plugin's event with this dedupe key.
pub fn find(work: &mut Work, dedupe_key: &str) -> Result<Event, EventError> {
    by_dedupe_key(work, dedupe_key)?.ok_or(EventError::NotFound)
}

/// All events of the plugin, or those of one kind.
pub fn list(work: &mut Work, kind: Option<&str>, page: Page) -> Result<Listing<Event>, EventError> {
    let (tenant, plugin) = (work.tenant().id, work.plugin().clone());
    let (index, value) = match kind {
        None => (PLUGIN, plugin.as_str().as_bytes().to_vec()),
        Some(kind) => (PLUGIN_KIND, plugin_kind_value(&plugin, kind)),
    };
    page_of(work, tenant, Selection::Listed { index, value: &value }, page)
}

/// The tenant's event with this id, whichever plugin emitted it. For the operator and for delivery.
pub fn get_any(work: &mut HostWork, tenant: TenantId, id: &EventId) -> Result<Event, EventError> {
    let found = events(tenant).get(&mut work.transaction, id.as_str().as_bytes())?;
    found.ok_or(EventError::NotFound)
}

/// All events of a tenant, or those of one kind, whichever plugin emitted them. For the operator.
pub fn list_any(
    work: &mut HostWork,
    tenant: TenantId,
    kind: Option<&str>,
    page: Page,
) -> Result<Listing<Event>, EventError> {
    let selection = match kind {
        None => Selection::All,
        Some(kind) => Selection::Listed {
            index: KIND,
            value: kind.as_bytes(),
        },
    };
    page_of(work, tenant, selection, page)
}

/// The oldest rows of the outbox, with their places.
pub fn outbox(work: &mut HostWork, limit: usize) -> Result<Vec<(u64, OutboxRow)>, StoreError> {
    let range = KeyRange::prefix([layout::OUTBOX]);
    let rows = work
        .transaction
        .scan(range, mooring_store::Order::Ascending, limit)?;
    let row = |(key, value): &(Vec<u8>, mooring_store::Value)| {
        let place = mooring_store::KeyReader::new(&key[1..])
            .number()
            .ok_or_else(|| StoreError::Corrupt {
                key: key.clone(),
                reason: String::from("not a place in the outbox"),
            })?;
        Ok((place, layout::from_json(key, value)?))
    };
    rows.iter().map(row).collect()
}

/// Takes a row out of the outbox, in the work in which its deliveries are written, and says whether it was there: repeating
/// it does nothing.
pub fn take_from_outbox(work: &mut HostWork, place: u64) -> Result<bool, StoreError> {
    let key = KeyBuilder::new(layout::OUTBOX).number(place).build();
    let was_there = work.transaction.get(&key)?.is_some();
    work.transaction.delete(key)?;
    Ok(was_there)
}

fn page_of(
    work: &mut HostWork,
    tenant: TenantId,
    selection: Selection<'_>,
    page: Page,
) -> Result<Listing<Event>, EventError> {
    check::page(page)?;
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = events(tenant).page(&mut work.transaction, selection, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

fn by_dedupe_key(work: &mut Work, dedupe_key: &str) -> Result<Option<Event>, StoreError> {
    let value = dedupe_value(work.plugin(), dedupe_key);
    events(work.tenant().id).find_unique(&mut work.transaction, DEDUPE, &value)
}

fn events(tenant: TenantId) -> Documents<Event> {
    Documents::new(layout::EVENTS, layout::tenant_scope(tenant))
}

/// A plugin's name has no space, so the two parts cannot run into each other.
fn dedupe_value(plugin: &PluginName, dedupe_key: &str) -> Vec<u8> {
    format!("{plugin} {dedupe_key}").into_bytes()
}

fn plugin_kind_value(plugin: &PluginName, kind: &str) -> Vec<u8> {
    format!("{plugin} {kind}").into_bytes()
}

impl Document for Event {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        let dedupe = self
            .dedupe_key
            .iter()
            .map(|key| (DEDUPE.to_owned(), dedupe_value(&self.plugin, key)));
        IndexEntries {
            unique: dedupe.collect(),
            listed: vec![
                (KIND.to_owned(), self.kind.as_bytes().to_vec()),
                (PLUGIN.to_owned(), self.plugin.as_str().as_bytes().to_vec()),
                (
                    PLUGIN_KIND.to_owned(),
                    plugin_kind_value(&self.plugin, &self.kind),
                ),
            ],
        }
    }
}

#[cfg(test)]
mod tests;
