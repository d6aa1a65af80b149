//! The rows of endpoints and deliveries, and what lies beside them.

use mooring_store::{Document, Documents, IndexEntries, Key, KeyBuilder, KeyRange, KeySpace, StoreError};
use serde::{Deserialize, Serialize};

use super::{Delivery, DeliveryState, Endpoint, Made, Source, WebhookError};
use crate::ids::{DeliveryId, EndpointId, EventId, PluginName, TenantId};
use crate::layout;
use crate::time::Timestamp;
use crate::work::HostWork;

pub(super) const TENANT: &str = "tenant";
pub(super) const TENANT_STATE: &str = "tenant-state";
pub(super) const ENDPOINT: &str = "endpoint";
pub(super) const ENDPOINT_STATE: &str = "endpoint-state";
pub(super) const SOURCE: &str = "source";

/// What waits for an endpoint: enough to make the attempt without reading the delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Queued {
    pub(super) delivery: DeliveryId,
    pub(super) event: EventId,
    /// Not before this time.
    pub(super) at: Timestamp,
}

/// What is being delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Leased {
    /// Drawn with the lease, so that no other lease of this delivery is mistaken for it.
    pub(super) number: u64,
    pub(super) endpoint: EndpointId,
    /// Where it waited, and waits again if nobody says how it went.
    pub(super) queue: u64,
    pub(super) ordinal: u64,
    pub(super) queued: Queued,
}

pub(super) fn save_endpoint(
    work: &mut HostWork,
    before: Option<&Endpoint>,
    endpoint: &mut Endpoint,
) -> Result<(), StoreError> {
    if before == Some(endpoint) {
        return Ok(());
    }
    endpoint.updated_at = work.now();
    let saved = match before {
        Some(_) => endpoints().replace(&mut work.transaction, endpoint),
        None => endpoints().insert(&mut work.transaction, endpoint),
    };
    saved.map_err(layout::checked_before)
}

pub(super) fn find_endpoint(work: &mut HostWork, id: &EndpointId) -> Result<Endpoint, WebhookError> {
    endpoints()
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(WebhookError::NoEndpoint)
}

/// The endpoint that belongs to a webhook of a manifest.
pub(super) fn endpoint_of(
    work: &mut HostWork,
    tenant: TenantId,
    plugin: &PluginName,
    webhook: &str,
) -> Result<Option<Endpoint>, StoreError> {
    let value = source_value(tenant, plugin, webhook);
    endpoints().find_unique(&mut work.transaction, SOURCE, &value)
}

/// Writes a delivery and what lies beside it. The only place that does. A delivery that is leased has no place in the queue:
/// `before` is then the same without one.
pub(super) fn save_delivery(
    work: &mut HostWork,
    before: Option<&Delivery>,
    delivery: &Delivery,
) -> Result<(), StoreError> {
    let after_rows = delivery.side_rows();
    for (key, _) in before.map(Delivery::side_rows).unwrap_or_default() {
        if !after_rows.iter().any(|(kept, _)| *kept == key) {
            work.transaction.delete(key)?;
        }
    }
    for (key, value) in after_rows {
        work.transaction.put(key, value)?;
    }
    let saved = match before {
        Some(_) => deliveries().replace(&mut work.transaction, delivery),
        None => deliveries().insert(&mut work.transaction, delivery),
    };
    saved.map_err(layout::checked_before)
}

pub(super) fn find_delivery(work: &mut HostWork, id: &DeliveryId) -> Result<Delivery, WebhookError> {
    deliveries()
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(WebhookError::NoDelivery)
}

pub(super) fn endpoints() -> Documents<Endpoint> {
    Documents::new(layout::ENDPOINTS, Vec::new())
}

pub(super) fn deliveries() -> Documents<Delivery> {
    Documents::new(layout::DELIVERIES, Vec::new())
}

/// Everything that waits for an endpoint, in the order in which it is to be tried.
pub(super) fn queue_of(endpoint: &EndpointId) -> KeyRange {
    KeyRange::prefix(
        KeyBuilder::new(layout::DELIVERIES_DUE)
            .string(endpoint.as_str())
            .build(),
    )
}

pub(super) fn queue_key(endpoint: &EndpointId, queue: u64, ordinal: u64) -> Key {
    KeyBuilder::new(layout::DELIVERIES_DUE)
        .string(endpoint.as_str())
        .number(queue)
        .number(ordinal)
        .build()
}

pub(super) fn lease_key(until: Timestamp, delivery: &DeliveryId) -> Key {
    KeyBuilder::new(layout::DELIVERIES_LEASED)
        .number(until.millis())
        .string(delivery.as_str())
        .build()
}

/// The deliveries of an event: one for each endpoint.
pub(super) fn event_key(tenant: TenantId, event: &EventId, endpoint: &EndpointId) -> Key {
    layout::tenant_key(layout::EVENT_DELIVERIES, tenant)
        .string(event.as_str())
        .string(endpoint.as_str())
        .build()
}

pub(super) fn event_range(tenant: TenantId, event: &EventId) -> KeyRange {
    KeyRange::prefix(
        layout::tenant_key(layout::EVENT_DELIVERIES, tenant)
            .string(event.as_str())
            .build(),
    )
}

pub(super) fn ended_key(at: Timestamp, delivery: &DeliveryId) -> Key {
    KeyBuilder::new(layout::DELIVERIES_ENDED)
        .number(at.millis())
        .string(delivery.as_str())
        .build()
}

pub(super) fn delivery_id(key: &[u8], text: &[u8]) -> Result<DeliveryId, StoreError> {
    let id = std::str::from_utf8(text)
        .ok()
        .and_then(|text| DeliveryId::parse(text).ok());
    id.ok_or_else(|| StoreError::Corrupt {
        key: key.to_vec(),
        reason: String::from("not the id of a delivery"),
    })
}

/// Neither a number nor a plugin's name has a space, so the parts cannot run into each other.
pub(super) fn source_value(tenant: TenantId, plugin: &PluginName, webhook: &str) -> Vec<u8> {
    format!("{tenant} {plugin} {webhook}").into_bytes()
}

/// In whose lists a delivery in this state stands.
pub(super) fn state_value(owner: &dyn std::fmt::Display, state: DeliveryState) -> Vec<u8> {
    format!("{owner} {}", state.as_str()).into_bytes()
}

pub(super) fn plugin_value(tenant: TenantId, plugin: &PluginName) -> Vec<u8> {
    format!("{tenant} {plugin}").into_bytes()
}

/// Whose parts, as in [`source_value`], cannot run into each other either: the subject is the last.
pub(super) fn subject_value(tenant: TenantId, plugin: &PluginName, subject: &str) -> Vec<u8> {
    source_value(tenant, plugin, subject)
}

/// Endpoints of a plugin that events about anything go to.
pub(super) const PLUGIN: &str = "plugin";
/// Those that events about one thing go to: all of a plugin, and by what they are about.
pub(super) const PLUGIN_SUBJECTS: &str = "plugin-subjects";
pub(super) const SUBJECT: &str = "subject";

impl Document for Endpoint {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        let source = match &self.source {
            Source::Manifest(webhook) => source_value(self.tenant.id, &self.plugin, webhook),
            // There may be any number with one webhook; the id of an endpoint is no name of a webhook.
            Source::Plugin(_) => source_value(self.tenant.id, &self.plugin, self.id.as_str()),
        };
        let mut listed = vec![(TENANT.to_owned(), self.tenant.id.to_string().into_bytes())];
        let plugin = plugin_value(self.tenant.id, &self.plugin);
        match &self.source {
            // One that was taken back is nobody's any more; the operator still finds it.
            Source::Plugin(made) if made.removed => {}
            Source::Plugin(Made {
                subject: Some(subject),
                ..
            }) => {
                listed.push((PLUGIN_SUBJECTS.to_owned(), plugin));
                let subject = subject_value(self.tenant.id, &self.plugin, subject);
                listed.push((SUBJECT.to_owned(), subject));
            }
            _ => listed.push((PLUGIN.to_owned(), plugin)),
        }
        IndexEntries {
            unique: vec![(SOURCE.to_owned(), source)],
            listed,
        }
    }
}

impl Document for Delivery {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        let (tenant, endpoint) = (self.tenant.id, &self.endpoint);
        IndexEntries {
            unique: Vec::new(),
            listed: vec![
                (TENANT.to_owned(), tenant.to_string().into_bytes()),
                (TENANT_STATE.to_owned(), state_value(&tenant, self.state)),
                (ENDPOINT.to_owned(), endpoint.as_str().as_bytes().to_vec()),
                (ENDPOINT_STATE.to_owned(), state_value(endpoint, self.state)),
            ],
        }
    }
}

impl Delivery {
    /// The rows beside this one.
    fn side_rows(&self) -> Vec<(Key, Vec<u8>)> {
        match (self.state, self.next_at, self.ended_at) {
            (DeliveryState::Waiting, Some(at), _) => {
                let queued = Queued {
                    delivery: self.id.clone(),
                    event: self.event.clone(),
                    at,
                };
                let value = serde_json::to_vec(&queued).expect("a plain struct has a JSON form");
                vec![(queue_key(&self.endpoint, self.queue, self.ordinal), value)]
            }
            // Dead ones stay until they are redelivered, unless they were only samples.
            (DeliveryState::Dead, ..) if !self.test => Vec::new(),
            (DeliveryState::Delivered | DeliveryState::Dead, _, Some(at)) => {
                vec![(ended_key(at, &self.id), Vec::new())]
            }
            _ => Vec::new(),
        }
    }

    /// Lets it wait until then, in its place.
    pub(super) fn wait_until(&mut self, at: Timestamp, ordered: bool) {
        self.state = DeliveryState::Waiting;
        self.ended_at = None;
        self.next_at = Some(at);
        self.queue = if ordered { 0 } else { at.millis() };
    }

    pub(super) fn end(&mut self, state: DeliveryState, at: Timestamp) {
        self.state = state;
        self.next_at = None;
        self.ended_at = Some(at);
    }
}
