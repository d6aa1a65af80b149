//! From the outbox to deliveries: one for every endpoint that wants the event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mooring_manifest::{Manifest, Webhook};
use mooring_store::Selection;
use sha2::{Digest, Sha256};

use super::rows::{
    PLUGIN, SUBJECT, endpoint_of, endpoints, event_key, plugin_value, save_delivery, save_endpoint,
    subject_value,
};
use super::{Delivery, DeliveryState, DisabledBy, Endpoint, Health, Source, WebhookError};
use crate::events::{self, Event, OutboxRow};
use crate::ids::{DeliveryId, EndpointId, PluginName, TenantId};
use crate::layout;
use crate::page::PAGE_LIMIT_MAX;
use crate::settings;
use crate::tenants::TenantRef;
use crate::work::HostWork;
use mooring_store::KeySpace;

/// A work that has written so much takes no further rows: the rest is for the next one.
const WRITTEN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The same, by events: looking at each takes time, also where nobody wants it.
const EVENTS_MAX: usize = 1000;

/// What dispatching did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Rows that were taken out of the outbox; fewer than given means that the rest is for the next work.
    pub rows: usize,
    /// Endpoints for which something waits now that did not before.
    pub endpoints: BTreeSet<EndpointId>,
}

/// Turns rows of the outbox into deliveries, in their order. `manifest_of` gives the manifest of a plugin that is loaded;
/// for one that is not, the endpoints that are known take the event. A row that is not there any more is passed over, so
/// repeating it is safe.
pub fn dispatch(
    work: &mut HostWork,
    rows: &[(u64, OutboxRow)],
    manifest_of: &dyn Fn(&PluginName) -> Option<Arc<Manifest>>,
) -> Result<Dispatched, WebhookError> {
    let mut known: BTreeMap<(TenantId, PluginName), Vec<Endpoint>> = BTreeMap::new();
    let mut dispatched = Dispatched::default();
    let mut events = 0;
    for (place, row) in rows {
        if work.written_bytes() > WRITTEN_BYTES_MAX || events > EVENTS_MAX {
            break;
        }
        dispatched.rows += 1;
        if !events::take_from_outbox(work, *place)? {
            continue;
        }
        events += row.events.len();
        for id in &row.events {
            let event = events::get_any(work, row.tenant.id, id)?;
            let owner = (row.tenant.id, event.plugin.clone());
            if !known.contains_key(&owner) {
                let current = wanting(work, &row.tenant, &event.plugin, manifest_of)?;
                known.insert(owner.clone(), current);
            }
            let wants =
                |endpoint: &&Endpoint| endpoint.wants(&event.kind) && endpoint.wants_subject(&event.subject);
            let about = if event.subject.is_empty() {
                Vec::new()
            } else {
                about(work, row.tenant.id, &event.plugin, &event.subject)?
            };
            for endpoint in known[&owner].iter().chain(&about).filter(wants) {
                enqueue(work, endpoint, &event, false)?;
                dispatched.endpoints.insert(endpoint.id.clone());
            }
        }
    }
    Ok(dispatched)
}

/// The endpoints to which events of the plugin about anything may go.
fn wanting(
    work: &mut HostWork,
    tenant: &TenantRef,
    plugin: &PluginName,
    manifest_of: &dyn Fn(&PluginName) -> Option<Arc<Manifest>>,
) -> Result<Vec<Endpoint>, WebhookError> {
    let Some(manifest) = manifest_of(plugin) else {
        return all_of(work, tenant.id, plugin);
    };
    let mut current = sync(work, tenant, plugin, &manifest)?;
    let all = all_of(work, tenant.id, plugin)?;
    current.extend(all.into_iter().filter(Endpoint::is_made));
    Ok(current)
}

/// Makes the endpoints that a manifest and its settings ask for, and brings those there are up to date. Gives them all: one
/// whose address is not set any more stays, and what comes for it is held until it is set again. An address that has changed is another chance: what the old one did is forgotten, unless the operator
/// switched the endpoint off. Repeating it is safe.
pub fn sync(
    work: &mut HostWork,
    tenant: &TenantRef,
    plugin: &PluginName,
    manifest: &Manifest,
) -> Result<Vec<Endpoint>, WebhookError> {
    let mut current = Vec::new();
    for webhook in &manifest.webhooks {
        let address = settings::value_of(work, tenant, plugin, &manifest.settings, &webhook.url_setting)?;
        let address = address.map(|url| digest(&url));
        let before = endpoint_of(work, tenant.id, plugin, &webhook.name)?;
        let mut endpoint = match (&before, &address) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, None) => continue,
            (None, Some(_)) => new_endpoint(
                work,
                tenant,
                plugin,
                Source::Manifest(webhook.name.clone()),
                webhook.ordered,
            )?,
        };
        endpoint.kinds.clone_from(&webhook.kinds);
        endpoint.ordered = webhook.ordered;
        if address.is_some() && endpoint.address != address {
            endpoint.address = address;
            let by_operator =
                matches!(endpoint.disabled, Some(disabled) if disabled.by == DisabledBy::Operator);
            if !by_operator {
                endpoint.recover();
            }
        }
        save_endpoint(work, before.as_ref(), &mut endpoint)?;
        current.push(endpoint);
    }
    work.deliveries_changed = true;
    Ok(current)
}

/// Writes a delivery of an event, due at once.
pub(super) fn enqueue(
    work: &mut HostWork,
    endpoint: &Endpoint,
    event: &Event,
    test: bool,
) -> Result<Delivery, WebhookError> {
    let now = work.now();
    let mut delivery = Delivery {
        id: DeliveryId::draw(&mut work.rng, now),
        tenant: endpoint.tenant.clone(),
        plugin: endpoint.plugin.clone(),
        endpoint: endpoint.id.clone(),
        event: event.id.clone(),
        kind: event.kind.clone(),
        state: DeliveryState::Waiting,
        test,
        tries: 0,
        attempts_made: 0,
        attempts: Vec::new(),
        next_at: None,
        created_at: now,
        ended_at: None,
        queue: 0,
        ordinal: work.next_ordinal(&[layout::DELIVERIES])?,
    };
    // A sample is wanted now, before what waits; where order matters it has its place in it.
    delivery.wait_until(now, endpoint.ordered || test);
    save_delivery(work, None, &delivery)?;
    let key = event_key(endpoint.tenant.id, &event.id, &endpoint.id);
    work.transaction
        .put(key, delivery.id.as_str().as_bytes().to_vec())?;
    Ok(delivery)
}

impl Endpoint {
    /// Whether events of this kind go there.
    pub fn wants(&self, kind: &str) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => kind.starts_with(beginning),
            None => pattern == kind,
        };
        self.kinds.is_empty() || self.kinds.iter().any(fits)
    }

    /// Whether events about this go there.
    fn wants_subject(&self, subject: &str) -> bool {
        match &self.source {
            Source::Manifest(_) => true,
            Source::Plugin(made) => {
                !made.removed && made.subject.as_deref().is_none_or(|only| only == subject)
            }
        }
    }

    /// Whether the plugin asked for it, and has not taken it back.
    pub(super) fn is_made(&self) -> bool {
        matches!(&self.source, Source::Plugin(made) if !made.removed)
    }

    /// The webhook that it was made from, as the manifest declares it now.
    pub fn webhook<'m>(&self, manifest: &'m Manifest) -> Option<&'m Webhook> {
        let name = self.source.webhook();
        manifest.webhooks.iter().find(|webhook| webhook.name == name)
    }
}

/// The endpoints that only events about this go to.
pub(super) fn about(
    work: &mut HostWork,
    tenant: TenantId,
    plugin: &PluginName,
    subject: &str,
) -> Result<Vec<Endpoint>, WebhookError> {
    listed(work, SUBJECT, &subject_value(tenant, plugin, subject))
}

/// The endpoints that events about anything go to.
pub(super) fn all_of(
    work: &mut HostWork,
    tenant: TenantId,
    plugin: &PluginName,
) -> Result<Vec<Endpoint>, WebhookError> {
    listed(work, PLUGIN, &plugin_value(tenant, plugin))
}

/// Endpoints of a short list: as many as the webhooks of a manifest, and those that a plugin may make.
fn listed(work: &mut HostWork, index: &str, value: &[u8]) -> Result<Vec<Endpoint>, WebhookError> {
    let selection = Selection::Listed { index, value };
    let order = mooring_store::Order::Ascending;
    let page = endpoints().page(
        &mut work.transaction,
        selection,
        0,
        PAGE_LIMIT_MAX as usize,
        order,
    )?;
    Ok(page.items)
}

pub(super) fn new_endpoint(
    work: &mut HostWork,
    tenant: &TenantRef,
    plugin: &PluginName,
    source: Source,
    ordered: bool,
) -> Result<Endpoint, WebhookError> {
    let now = work.now();
    Ok(Endpoint {
        id: EndpointId::draw(&mut work.rng, now),
        tenant: tenant.clone(),
        plugin: plugin.clone(),
        source,
        kinds: Vec::new(),
        ordered,
        health: Health::Healthy,
        failures: 0,
        failing_since: None,
        probe_at: None,
        disabled: None,
        created_at: now,
        updated_at: now,
        probes: 0,
        previous_secrets: Vec::new(),
        address: None,
        ordinal: work.next_ordinal(&[layout::ENDPOINTS])?,
    })
}

/// Enough of a digest to see a change; nothing rests on it.
fn digest(url: &str) -> String {
    hex::encode(&Sha256::digest(url.as_bytes())[..8])
}
