//! What plugins have reported: the operator's "recent credit events" and everything like them.

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::events::{self, EventError};
use mooring_core::ids::EventId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Listing, Paging, Path};
use super::problem::{Code, Problem};
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Time};

/// An event.
#[derive(Serialize, ToSchema)]
pub(super) struct Event {
    id: String,
    /// Who emitted it.
    plugin: String,
    /// The provider's own name for it, such as `invoice.paid`.
    kind: String,
    /// What it is about: a service, user or invoice id.
    subject: String,
    /// The provider's own.
    #[schema(value_type = Object)]
    data: serde_json::Value,
    /// Unique in the tenant and plugin for ever, where given.
    dedupe_key: Option<String>,
    /// Whether it is sent to whoever subscribed.
    deliver: bool,
    created_at: Time,
}

impl From<events::Event> for Event {
    fn from(event: events::Event) -> Event {
        Event {
            id: event.id.to_string(),
            plugin: event.plugin.to_string(),
            kind: event.kind,
            subject: event.subject,
            data: event.data.value(),
            dedupe_key: event.dedupe_key,
            deliver: event.deliver,
            created_at: event.created_at.into(),
        }
    }
}

/// Which events to give.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Those of this kind, such as `invoice.paid`.
    kind: Option<String>,
}

/// Events of a tenant
#[utoipa::path(
    get, path = "/tenants/{tenant}/events", tag = "events", operation_id = "event-list",
    params(("tenant" = String, Path), Paging, Filter),
    responses((status = 200, description = "A part of them", body = Listed<Event>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    listing: Listing<Filter>,
) -> Result<Answer<Listed<Event>>, Problem> {
    let page = listing.page();
    let kind = listing.filter.kind;
    let found = admin.read(move |work| {
        let tenant = find_tenant(work, &tenant)?;
        Ok(events::list_any(work, tenant.id, kind.as_deref(), page)?)
    });
    Ok(Answer(found.await?.into()))
}

/// An event
#[utoipa::path(
    get, path = "/tenants/{tenant}/events/{event}", tag = "events", operation_id = "event-view",
    params(("tenant" = String, Path), ("event" = String, Path)),
    responses((status = 200, description = "Found", body = Event))
)]
pub(super) async fn view(
    admin: State<Admin>,
    Path((tenant, event)): Path<(String, String)>,
) -> Result<Answer<Event>, Problem> {
    let id = EventId::parse(&event).map_err(|_| Problem::from(EventError::NotFound))?;
    let found = admin.read(move |work| {
        let tenant = find_tenant(work, &tenant)?;
        Ok(events::get_any(work, tenant.id, &id)?)
    });
    Ok(Answer(found.await?.into()))
}

impl From<EventError> for Problem {
    fn from(error: EventError) -> Problem {
        match error {
            EventError::NotFound => Problem::new(
                Code::NotFound,
                "The tenant has no such event. See those it has: mooring event list --tenant TENANT",
            ),
            EventError::Invalid(error) => error.into(),
            EventError::Store(error) => Problem::internal(&error),
        }
    }
}
