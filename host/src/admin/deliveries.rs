//! Deliveries of events: what became of them, and sending them again.

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::ids::{DeliveryId, EndpointId, EventId};
use mooring_core::webhooks::{self, DeliveryFilter, DeliveryState, WebhookError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::audit;
use super::extract::{Listing, Paging, Path};
use super::problem::Problem;
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Time};

/// One event on its way to one endpoint.
#[derive(Serialize, ToSchema)]
pub(super) struct Delivery {
    id: String,
    tenant: String,
    /// Who emitted the event.
    plugin: String,
    endpoint: String,
    event: String,
    /// The event's kind.
    kind: String,
    state: Standing,
    /// A sample that the operator asked for: tried once.
    test: bool,
    /// Attempts ever made.
    attempts_made: u32,
    /// Not before this time; its endpoint's health may hold it longer.
    next_at: Option<Time>,
    /// Why the last attempt failed.
    last_error: Option<String>,
    /// The latest attempts, oldest first; at most 40.
    attempts: Vec<Attempt>,
    created_at: Time,
    ended_at: Option<Time>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename = "DeliveryState", rename_all = "kebab-case")]
pub(super) enum Standing {
    /// For its time, for its endpoint, or for an answer.
    Waiting,
    /// The endpoint has answered 2xx.
    Delivered,
    /// Given up after the last attempt of its schedule.
    Dead,
}

/// One attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub(super) struct Attempt {
    /// 1 for the first.
    number: u32,
    started_at: Time,
    duration_ms: u64,
    /// The answer's status; null where there was none.
    status: Option<u16>,
    /// Null for one that did not fail.
    error: Option<String>,
    /// How the answer's body begins.
    excerpt: String,
}

impl From<webhooks::Delivery> for Delivery {
    fn from(delivery: webhooks::Delivery) -> Delivery {
        Delivery {
            id: delivery.id.to_string(),
            tenant: delivery.tenant.name.to_string(),
            plugin: delivery.plugin.to_string(),
            endpoint: delivery.endpoint.to_string(),
            event: delivery.event.to_string(),
            kind: delivery.kind,
            state: delivery.state.into(),
            test: delivery.test,
            attempts_made: delivery.attempts_made,
            next_at: delivery.next_at.map(Time::from),
            last_error: delivery.attempts.last().and_then(|attempt| attempt.error.clone()),
            attempts: delivery.attempts.into_iter().map(Attempt::from).collect(),
            created_at: delivery.created_at.into(),
            ended_at: delivery.ended_at.map(Time::from),
        }
    }
}

impl From<webhooks::Attempt> for Attempt {
    fn from(attempt: webhooks::Attempt) -> Attempt {
        Attempt {
            number: attempt.number,
            started_at: attempt.started_at.into(),
            duration_ms: attempt.duration_ms,
            status: attempt.status,
            error: attempt.error,
            excerpt: attempt.excerpt,
        }
    }
}

impl From<DeliveryState> for Standing {
    fn from(state: DeliveryState) -> Standing {
        match state {
            DeliveryState::Waiting => Standing::Waiting,
            DeliveryState::Delivered => Standing::Delivered,
            DeliveryState::Dead => Standing::Dead,
        }
    }
}

impl From<Standing> for DeliveryState {
    fn from(state: Standing) -> DeliveryState {
        match state {
            Standing::Waiting => DeliveryState::Waiting,
            Standing::Delivered => DeliveryState::Delivered,
            Standing::Dead => DeliveryState::Dead,
        }
    }
}

/// Which deliveries to give; what is given must hold.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Those of this tenant.
    tenant: Option<String>,
    /// Those to this endpoint.
    endpoint: Option<String>,
    /// Those of this event; needs its tenant.
    event: Option<String>,
    /// Those in this state; needs a tenant or an endpoint.
    #[param(inline)]
    state: Option<Standing>,
}

/// Deliveries
#[utoipa::path(
    get, path = "/webhooks/deliveries", tag = "webhooks", operation_id = "delivery-list", params(Paging, Filter),
    responses((status = 200, description = "A part of them", body = Listed<Delivery>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    listing: Listing<Filter>,
) -> Result<Answer<Listed<Delivery>>, Problem> {
    let page = listing.page();
    let Filter {
        tenant,
        endpoint,
        event,
        state,
    } = listing.filter;
    let endpoint = endpoint.map(|endpoint| EndpointId::parse(&endpoint)).transpose();
    let endpoint = endpoint.map_err(|_| Problem::from(WebhookError::NoEndpoint))?;
    let event = event.map(|event| EventId::parse(&event)).transpose();
    let event = event.map_err(|error| Problem::invalid("event", error))?;
    let found = admin.read(move |work| {
        let tenant = tenant.map(|tenant| find_tenant(work, &tenant)).transpose()?;
        let filter = DeliveryFilter {
            tenant: tenant.map(|tenant| tenant.id),
            endpoint,
            event,
            state: state.map(DeliveryState::from),
        };
        Ok(webhooks::list_deliveries(work, &filter, page)?)
    });
    Ok(Answer(found.await?.into()))
}

/// A delivery with its attempts
#[utoipa::path(
    get, path = "/webhooks/deliveries/{delivery}", tag = "webhooks", operation_id = "delivery-view",
    params(("delivery" = String, Path)), responses((status = 200, description = "Found", body = Delivery))
)]
pub(super) async fn view(admin: State<Admin>, Path(id): Path<String>) -> Result<Answer<Delivery>, Problem> {
    let id = parse(&id)?;
    let found = admin.read(move |work| Ok(webhooks::get_delivery(work, &id)?));
    Ok(Answer(found.await?.into()))
}

/// Make a delivery again, now, with all its tries; the event's id and its bytes are the same
#[utoipa::path(
    post, path = "/webhooks/deliveries/{delivery}/redeliver", tag = "webhooks", operation_id = "delivery-redeliver",
    params(("delivery" = String, Path)), responses((status = 200, description = "It is due", body = Delivery))
)]
pub(super) async fn redeliver(
    admin: State<Admin>,
    Path(id): Path<String>,
) -> Result<Answer<Delivery>, Problem> {
    let id = parse(&id)?;
    let redelivered = admin.write(move |work| {
        let delivery = webhooks::redeliver(work, &id)?;
        let details = json!({ "event": delivery.event.as_str(), "endpoint": delivery.endpoint.as_str() });
        audit::note(
            work,
            "delivery.redeliver",
            Some(&delivery.tenant),
            id.as_str(),
            details,
        )?;
        Ok(delivery)
    });
    Ok(Answer(redelivered.await?.into()))
}

fn parse(id: &str) -> Result<DeliveryId, Problem> {
    DeliveryId::parse(id).map_err(|_| WebhookError::NoDelivery.into())
}
