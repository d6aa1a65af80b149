//! The operator's side: looking, sending again, switching off and on.

use std::time::Duration;

use mooring_store::{KeyBuilder, KeyRange, KeyReader, KeySpace, Order, Selection};

use super::dispatch::enqueue;
use super::rows::{
    ENDPOINT, ENDPOINT_STATE, TENANT, TENANT_STATE, deliveries, delivery_id, endpoints, event_key,
    event_range, find_delivery, find_endpoint, queue_key, save_delivery, save_endpoint, state_value,
};
use super::{Delivery, DeliveryState, DisabledBy, Endpoint, Health, Source, WebhookError};
use crate::check::{self, InvalidField};
use crate::events::{self, NewEvent};
use crate::ids::{DeliveryId, EndpointId, EventId, TenantId};
use crate::layout;
use crate::page::{Listing, PAGE_LIMIT_MAX, Page};
use crate::time::Timestamp;
use crate::work::{HostWork, Work};

/// How long deliveries that were made can still be looked at and redelivered. Dead ones stay until they are redelivered.
pub const DELIVERED_KEPT: Duration = Duration::from_hours(7 * 24);

/// Dead deliveries of one work of [`redeliver_range`]: with forty attempts each they stay within a transaction.
const RANGE_MAX: usize = 100;

/// Which deliveries to list; what is given must hold. A state alone is refused: it needs a tenant or an endpoint, and an
/// event needs its tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those of one tenant.
    pub tenant: Option<TenantId>,
    /// Those to one endpoint.
    pub endpoint: Option<EndpointId>,
    /// Those of one event.
    pub event: Option<EventId>,
    /// Those in one state.
    pub state: Option<DeliveryState>,
}

/// How many deliveries of an endpoint there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting or on their way.
    pub waiting: u64,
    /// Made, as far as they are kept.
    pub delivered: u64,
    /// Given up.
    pub dead: u64,
}

/// All endpoints, or those of one tenant.
pub fn list_endpoints(
    work: &mut HostWork,
    tenant: Option<TenantId>,
    page: Page,
) -> Result<Listing<Endpoint>, WebhookError> {
    check::page(page)?;
    let value = tenant.map(|tenant| tenant.to_string().into_bytes());
    let selection = match &value {
        Some(value) => Selection::Listed { index: TENANT, value },
        None => Selection::All,
    };
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = endpoints().page(&mut work.transaction, selection, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

/// The endpoint with this id.
pub fn get_endpoint(work: &mut HostWork, id: &EndpointId) -> Result<Endpoint, WebhookError> {
    find_endpoint(work, id)
}

/// How many deliveries of an endpoint are in each state.
pub fn counts(work: &mut HostWork, endpoint: &EndpointId) -> Result<Counts, WebhookError> {
    let mut count = |state| {
        let value = state_value(endpoint, state);
        let selection = Selection::Listed {
            index: ENDPOINT_STATE,
            value: &value,
        };
        deliveries().count(&mut work.transaction, selection)
    };
    Ok(Counts {
        waiting: count(DeliveryState::Waiting)?,
        delivered: count(DeliveryState::Delivered)?,
        dead: count(DeliveryState::Dead)?,
    })
}

/// The delivery with this id.
pub fn get_delivery(work: &mut HostWork, id: &DeliveryId) -> Result<Delivery, WebhookError> {
    find_delivery(work, id)
}

/// All deliveries, or those that fit the filter.
pub fn list_deliveries(
    work: &mut HostWork,
    filter: &DeliveryFilter,
    page: Page,
) -> Result<Listing<Delivery>, WebhookError> {
    check::page(page)?;
    if let Some(event) = &filter.event {
        return deliveries_of_event(work, filter, event, page);
    }
    let (index, value) = match (filter.tenant, &filter.endpoint, filter.state) {
        (_, Some(endpoint), state) => {
            let found = find_endpoint(work, endpoint)?;
            if filter.tenant.is_some_and(|tenant| tenant != found.tenant.id) {
                return Err(WebhookError::NoEndpoint);
            }
            match state {
                Some(state) => (ENDPOINT_STATE, state_value(endpoint, state)),
                None => (ENDPOINT, endpoint.as_str().as_bytes().to_vec()),
            }
        }
        (Some(tenant), None, Some(state)) => (TENANT_STATE, state_value(&tenant, state)),
        (Some(tenant), None, None) => (TENANT, tenant.to_string().into_bytes()),
        (None, None, Some(_)) => {
            return Err(InvalidField::new("state", "needs a tenant or an endpoint beside it").into());
        }
        (None, None, None) => ("", Vec::new()),
    };
    let selection = if index.is_empty() {
        Selection::All
    } else {
        Selection::Listed { index, value: &value }
    };
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = deliveries().page(&mut work.transaction, selection, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

/// There are as many as the plugin has endpoints, so they are read whole.
fn deliveries_of_event(
    work: &mut HostWork,
    filter: &DeliveryFilter,
    event: &EventId,
    page: Page,
) -> Result<Listing<Delivery>, WebhookError> {
    let Some(tenant) = filter.tenant else {
        return Err(InvalidField::new("event", "needs its tenant beside it").into());
    };
    let rows = work.transaction.scan(
        event_range(tenant, event),
        Order::Ascending,
        PAGE_LIMIT_MAX as usize,
    )?;
    let mut found = Vec::with_capacity(rows.len());
    for (key, value) in rows {
        found.push(find_delivery(work, &delivery_id(&key, &value)?)?);
    }
    found.retain(|delivery| {
        filter.state.is_none_or(|state| state == delivery.state)
            && filter
                .endpoint
                .as_ref()
                .is_none_or(|endpoint| *endpoint == delivery.endpoint)
    });
    found.sort_by_key(|delivery| delivery.ordinal);
    if page.order == crate::page::Order::NewestFirst {
        found.reverse();
    }
    let total = found.len() as u64;
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let items = found.into_iter().skip(offset).take(page.limit as usize);
    Ok(Listing {
        items: items.collect(),
        total,
    })
}

/// Sends a delivery again, whatever became of it, with all its tries; the event's id and its bytes are the same. One that
/// waits for its next attempt is due at once. A suspended endpoint is tried with it.
pub fn redeliver(work: &mut HostWork, id: &DeliveryId) -> Result<Delivery, WebhookError> {
    let delivery = find_delivery(work, id)?;
    let before = find_endpoint(work, &delivery.endpoint)?;
    let mut endpoint = before.clone();
    if endpoint.health == Health::Disabled {
        return Err(WebhookError::Disabled);
    }
    let delivery = again(work, &endpoint, delivery)?;
    endpoint.probe_at = endpoint.probe_at.map(|_| work.now());
    save_endpoint(work, Some(&before), &mut endpoint)?;
    Ok(delivery)
}

/// Redelivers the dead deliveries of an endpoint that were made in `from..to`, oldest first, but not samples: those were for
/// whoever was looking then. Gives how many there were, and
/// whether there may be more: then call it again.
pub fn redeliver_range(
    work: &mut HostWork,
    id: &EndpointId,
    from: Timestamp,
    to: Timestamp,
) -> Result<(usize, bool), WebhookError> {
    let before = find_endpoint(work, id)?;
    let mut endpoint = before.clone();
    if endpoint.health == Health::Disabled {
        return Err(WebhookError::Disabled);
    }
    let value = state_value(id, DeliveryState::Dead);
    let selection = Selection::Listed {
        index: ENDPOINT_STATE,
        value: &value,
    };
    let (mut redelivered, mut passed_over) = (0, 0);
    let more = loop {
        let page = deliveries().page(
            &mut work.transaction,
            selection,
            passed_over,
            RANGE_MAX,
            Order::Ascending,
        )?;
        let is_last = page.items.len() < RANGE_MAX;
        for delivery in page.items {
            let is_meant = !delivery.test && (from..to).contains(&delivery.created_at);
            if is_meant && redelivered < RANGE_MAX {
                again(work, &endpoint, delivery)?;
                redelivered += 1;
            } else {
                passed_over += 1;
            }
        }
        if redelivered == RANGE_MAX || is_last {
            break redelivered == RANGE_MAX;
        }
    };
    if redelivered > 0 {
        endpoint.probe_at = endpoint.probe_at.map(|_| work.now());
        save_endpoint(work, Some(&before), &mut endpoint)?;
    }
    Ok((redelivered, more))
}

/// Lets a delivery wait again, due at once, with all its tries.
fn again(work: &mut HostWork, endpoint: &Endpoint, before: Delivery) -> Result<Delivery, WebhookError> {
    if before.state == DeliveryState::Waiting {
        let place = queue_key(&before.endpoint, before.queue, before.ordinal);
        if work.transaction.get(&place)?.is_none() {
            return Err(WebhookError::OnItsWay);
        }
    }
    let mut delivery = before.clone();
    delivery.tries = 0;
    delivery.wait_until(work.now(), endpoint.ordered);
    save_delivery(work, Some(&before), &delivery)?;
    work.deliveries_changed = true;
    Ok(delivery)
}

/// Switches an endpoint off: what waits for it is held, and so is what comes. Repeating it is safe.
pub fn disable(work: &mut HostWork, id: &EndpointId) -> Result<Endpoint, WebhookError> {
    let before = find_endpoint(work, id)?;
    let mut endpoint = before.clone();
    let is_done = matches!(endpoint.disabled, Some(disabled) if disabled.by == DisabledBy::Operator);
    if !is_done {
        endpoint.disable(DisabledBy::Operator, work.now());
        save_endpoint(work, Some(&before), &mut endpoint)?;
        work.deliveries_changed = true;
    }
    Ok(endpoint)
}

/// Switches an endpoint on, or ends its suspension: what was held is due. Repeating it is safe.
pub fn enable(work: &mut HostWork, id: &EndpointId) -> Result<Endpoint, WebhookError> {
    let before = find_endpoint(work, id)?;
    // Nothing goes any more to what a plugin has taken back.
    if matches!(&before.source, Source::Plugin(made) if made.removed) {
        return Err(WebhookError::NoEndpoint);
    }
    let mut endpoint = before.clone();
    endpoint.recover();
    save_endpoint(work, Some(&before), &mut endpoint)?;
    work.deliveries_changed = true;
    Ok(endpoint)
}

/// Sends a sample event of a kind to an endpoint, once, at once: a suspended endpoint is tried with it. The sample says that
/// it is one; unless the operator gives other data, it holds nothing real, since a receiver may well act on it.
pub fn test(
    work: &mut Work,
    id: &EndpointId,
    kind: &str,
    data: Option<&str>,
) -> Result<Delivery, WebhookError> {
    let before = find_endpoint(work, id)?;
    let mut endpoint = before.clone();
    if endpoint.tenant != *work.tenant() || endpoint.plugin != *work.plugin() {
        return Err(WebhookError::NoEndpoint);
    }
    if endpoint.health == Health::Disabled {
        return Err(WebhookError::Disabled);
    }
    let sample = || serde_json::json!({ "event_type": kind, "test": true }).to_string();
    let new = NewEvent {
        kind: kind.to_owned(),
        subject: String::from("test"),
        data: data.map_or_else(sample, str::to_owned),
        dedupe_key: None,
        // The delivery is written here, for this endpoint alone.
        deliver: false,
    };
    let event = events::emit(work, new)?.event;
    work.deliveries_changed = true;
    let delivery = enqueue(work, &endpoint, &event, true)?;
    endpoint.probe_at = endpoint.probe_at.map(|_| work.now());
    save_endpoint(work, Some(&before), &mut endpoint)?;
    Ok(delivery)
}

/// Removes deliveries that were made longer than [`DELIVERED_KEPT`] ago, at most `limit`. Gives how many there were; as many
/// as `limit` means that there may be more.
pub fn purge(work: &mut HostWork, limit: usize) -> Result<usize, WebhookError> {
    let until = work.now().before(DELIVERED_KEPT);
    let range = KeyRange::new(
        vec![layout::DELIVERIES_ENDED],
        KeyBuilder::new(layout::DELIVERIES_ENDED)
            .number(until.millis().saturating_add(1))
            .build(),
    );
    let rows = work.transaction.scan(range, Order::Ascending, limit)?;
    let found = rows.len();
    for (key, _) in rows {
        let mut reader = KeyReader::new(&key);
        let id = (reader.byte(), reader.number(), reader.string())
            .2
            .unwrap_or_default();
        let delivery = find_delivery(work, &delivery_id(&key, &id)?)?;
        let of_event = event_key(delivery.tenant.id, &delivery.event, &delivery.endpoint);
        work.transaction.delete(of_event)?;
        work.transaction.delete(key)?;
        deliveries().remove(&mut work.transaction, delivery.id.as_str().as_bytes())?;
    }
    Ok(found)
}
