//! Endpoints of webhooks: how they are doing, switching them off and on, trying them, changing their secrets.

use std::sync::Arc;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::ids::EndpointId;
use mooring_core::time::Timestamp;
use mooring_core::webhooks::{self, Counts, Health, OVERLAP_DEFAULT, WebhookError};
use mooring_core::work::HostWork;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::audit;
use super::deliveries::Delivery;
use super::extract::{Json, Listing, Paging, Path};
use super::problem::{Code, Problem};
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Time};
use crate::webhooks::sign;

/// Random bytes of a new secret.
const SECRET_BYTES: usize = 32;

/// Where events go.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub(super) struct Endpoint {
    id: String,
    tenant: String,
    /// Whose events go there.
    plugin: String,
    /// The webhook of the plugin's manifest that it was made from.
    webhook: String,
    /// Kinds of events that go there; empty for all.
    kinds: Vec<String>,
    /// Whether each event waits until the one before it was delivered or given up.
    ordered: bool,
    health: Condition,
    /// Attempts that failed in a row.
    failures: u32,
    failing_since: Option<Time>,
    /// When a suspended endpoint is tried again.
    probe_at: Option<Time>,
    /// Why it is disabled: `operator`, `plugin` (the application that made it wants no more), `gone` (it answered 410) or
    /// `failing` (for days).
    disabled_by: Option<String>,
    disabled_at: Option<Time>,
    /// Deliveries that wait, or are held.
    waiting: u64,
    /// Deliveries made, as far as they are kept.
    delivered: u64,
    /// Deliveries given up; samples among them, for a week.
    dead: u64,
    created_at: Time,
}

/// How an endpoint is doing.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename = "EndpointHealth", rename_all = "kebab-case")]
pub(super) enum Condition {
    /// It answers.
    Healthy,
    /// Its last attempts failed: one delivery at a time, until one succeeds.
    Degraded,
    /// It does not answer: its deliveries are held, and one of them is tried now and then.
    Suspended,
    /// Switched off: its deliveries are held until it is enabled.
    Disabled,
}

/// A sample to send.
#[derive(Deserialize, ToSchema)]
#[schema(as = WebhookTest)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    /// The kind of event, such as `invoice.paid`.
    kind: String,
    /// What it says; without it, that it is a test.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
}

/// How to change a secret.
#[derive(Deserialize, ToSchema)]
#[schema(as = SecretRotation)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// How long the old secret signs beside the new one in `webhook-signature`, in seconds: 0 to 604,800; a day, if it is not
    /// given. A provider's own signature header is made with the new one at once.
    #[serde(default)]
    overlap_seconds: Option<u64>,
}

/// A new secret. It is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedSecret)]
pub(super) struct Rotated {
    secret: String,
    /// Until when the old one signs too, in `webhook-signature`; null where there was none.
    previous_until: Option<Time>,
}

/// Which dead deliveries to send again.
#[derive(Deserialize, ToSchema)]
#[schema(as = RedeliveryRange)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    /// Made at this time or later.
    #[serde(default)]
    from: Option<Time>,
    /// Made before this time.
    #[serde(default)]
    to: Option<Time>,
}

/// What was sent again.
#[derive(Serialize, ToSchema)]
#[schema(as = Redelivered)]
pub(super) struct Redelivered {
    redelivered: u64,
    /// Whether there may be more: then ask again.
    more: bool,
}

/// Which endpoints to give.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Those of this tenant.
    tenant: Option<String>,
}

/// Endpoints
#[utoipa::path(
    get, path = "/webhooks/endpoints", tag = "webhooks", operation_id = "endpoint-list", params(Paging, Filter),
    responses((status = 200, description = "A part of them", body = Listed<Endpoint>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    listing: Listing<Filter>,
) -> Result<Answer<Listed<Endpoint>>, Problem> {
    let page = listing.page();
    let tenant = listing.filter.tenant;
    let found = admin.read(move |work| {
        let tenant = tenant.map(|tenant| find_tenant(work, &tenant)).transpose()?;
        let found = webhooks::list_endpoints(work, tenant.map(|tenant| tenant.id), page)?;
        let items = found.items.into_iter().map(|endpoint| shape(work, endpoint));
        Ok(Listed {
            items: items.collect::<Result<_, _>>()?,
            total: found.total,
        })
    });
    Ok(Answer(found.await?))
}

/// An endpoint
#[utoipa::path(
    get, path = "/webhooks/endpoints/{endpoint}", tag = "webhooks", operation_id = "endpoint-view",
    params(("endpoint" = String, Path)), responses((status = 200, description = "Found", body = Endpoint))
)]
pub(super) async fn view(admin: State<Admin>, Path(id): Path<String>) -> Result<Answer<Endpoint>, Problem> {
    let id = parse(&id)?;
    let found = admin.read(move |work| {
        let endpoint = webhooks::get_endpoint(work, &id)?;
        shape(work, endpoint)
    });
    Ok(Answer(found.await?))
}

/// Switch an endpoint on, or end its suspension: what was held is due
#[utoipa::path(
    post, path = "/webhooks/endpoints/{endpoint}/enable", tag = "webhooks", operation_id = "endpoint-enable",
    params(("endpoint" = String, Path)), responses((status = 200, description = "As it is now", body = Endpoint))
)]
pub(super) async fn enable(admin: State<Admin>, Path(id): Path<String>) -> Result<Answer<Endpoint>, Problem> {
    switch(admin, &id, "webhook.enable", webhooks::enable).await
}

/// Switch an endpoint off: its deliveries are held
#[utoipa::path(
    post, path = "/webhooks/endpoints/{endpoint}/disable", tag = "webhooks", operation_id = "endpoint-disable",
    params(("endpoint" = String, Path)), responses((status = 200, description = "As it is now", body = Endpoint))
)]
pub(super) async fn disable(
    admin: State<Admin>,
    Path(id): Path<String>,
) -> Result<Answer<Endpoint>, Problem> {
    switch(admin, &id, "webhook.disable", webhooks::disable).await
}

async fn switch(
    admin: State<Admin>,
    id: &str,
    action: &'static str,
    change: fn(&mut HostWork, &EndpointId) -> Result<webhooks::Endpoint, WebhookError>,
) -> Result<Answer<Endpoint>, Problem> {
    let id = parse(id)?;
    let changed = admin.write(move |work| {
        let endpoint = change(work, &id)?;
        note(work, action, &endpoint, json!({}))?;
        shape(work, endpoint)
    });
    Ok(Answer(changed.await?))
}

/// Send a sample event to an endpoint, once
#[utoipa::path(
    post, path = "/webhooks/endpoints/{endpoint}/test", tag = "webhooks", operation_id = "endpoint-test",
    params(("endpoint" = String, Path)), request_body = Sample,
    responses((status = 202, description = "On its way: look at the delivery", body = Delivery))
)]
pub(super) async fn test(
    admin: State<Admin>,
    Path(id): Path<String>,
    Json(sample): Json<Sample>,
) -> Result<(http::StatusCode, Answer<Delivery>), Problem> {
    let (id, endpoint) = find(&admin, &id).await?;
    let plugin = Some(endpoint.plugin.clone());
    let data = sample.data.map(|data| data.to_string());
    let sent = admin.write_tenant(endpoint.tenant.name.to_string(), plugin, move |work| {
        let delivery = webhooks::test(work, &id, &sample.kind, data.as_deref())?;
        let details = json!({ "kind": sample.kind, "delivery": delivery.id.as_str() });
        note(work, "webhook.test", &endpoint, details)?;
        Ok(delivery)
    });
    Ok((http::StatusCode::ACCEPTED, Answer(sent.await?.into())))
}

/// Give an endpoint a new secret
#[utoipa::path(
    post, path = "/webhooks/endpoints/{endpoint}/rotate", tag = "webhooks", operation_id = "endpoint-rotate",
    params(("endpoint" = String, Path)), request_body = Rotation,
    responses((status = 200, description = "The new secret", body = Rotated))
)]
pub(super) async fn rotate(
    admin: State<Admin>,
    Path(id): Path<String>,
    Json(rotation): Json<Rotation>,
) -> Result<Answer<Rotated>, Problem> {
    let (id, endpoint) = find(&admin, &id).await?;
    let manifest = admin.operations.manifest(endpoint.plugin.as_str());
    let manifest = manifest.ok_or_else(|| super::plugins::unknown(endpoint.plugin.as_str()))?;
    let overlap = rotation
        .overlap_seconds
        .map_or(OVERLAP_DEFAULT, Duration::from_secs);
    let keys = Arc::clone(&admin.master_keys);
    let (tenant, plugin) = (endpoint.tenant.name.to_string(), Some(endpoint.plugin.clone()));
    let rotated = admin.write_tenant(tenant, plugin, move |work| {
        let secret = sign::new_secret(&work.random(SECRET_BYTES));
        let rotated = webhooks::rotate(work, &id, &manifest, &keys, &secret, overlap)?;
        note(
            work,
            "webhook.rotate",
            &endpoint,
            json!({ "overlap_seconds": overlap.as_secs() }),
        )?;
        Ok(Rotated {
            secret,
            previous_until: rotated.previous_until.map(Time::from),
        })
    });
    Ok(Answer(rotated.await?))
}

/// Send the dead deliveries of an endpoint again, at most 100 of them
#[utoipa::path(
    post, path = "/webhooks/endpoints/{endpoint}/redeliver", tag = "webhooks", operation_id = "endpoint-redeliver",
    params(("endpoint" = String, Path)), request_body = Range,
    responses((status = 200, description = "How many", body = Redelivered))
)]
pub(super) async fn redeliver(
    admin: State<Admin>,
    Path(id): Path<String>,
    Json(range): Json<Range>,
) -> Result<Answer<Redelivered>, Problem> {
    let id = parse(&id)?;
    let from = Timestamp(range.from.map_or(0, |time| time.0));
    let to = Timestamp(range.to.map_or(u64::MAX, |time| time.0));
    let done = admin.write(move |work| {
        let (redelivered, more) = webhooks::redeliver_range(work, &id, from, to)?;
        let endpoint = webhooks::get_endpoint(work, &id)?;
        note(
            work,
            "webhook.redeliver",
            &endpoint,
            json!({ "redelivered": redelivered }),
        )?;
        Ok(Redelivered {
            redelivered: redelivered as u64,
            more,
        })
    });
    Ok(Answer(done.await?))
}

async fn find(admin: &Admin, id: &str) -> Result<(EndpointId, webhooks::Endpoint), Problem> {
    let id = parse(id)?;
    let wanted = id.clone();
    let endpoint = admin
        .read(move |work| Ok(webhooks::get_endpoint(work, &wanted)?))
        .await?;
    Ok((id, endpoint))
}

fn note(
    work: &mut HostWork,
    action: &str,
    endpoint: &webhooks::Endpoint,
    mut details: Value,
) -> Result<(), Problem> {
    let webhook = endpoint.source.webhook();
    details["plugin"] = endpoint.plugin.as_str().into();
    details["webhook"] = webhook.into();
    audit::note(
        work,
        action,
        Some(&endpoint.tenant),
        endpoint.id.as_str(),
        details,
    )
}

fn shape(work: &mut HostWork, endpoint: webhooks::Endpoint) -> Result<Endpoint, Problem> {
    let Counts {
        waiting,
        delivered,
        dead,
    } = webhooks::counts(work, &endpoint.id)?;
    let webhook = endpoint.source.webhook().to_owned();
    Ok(Endpoint {
        id: endpoint.id.to_string(),
        tenant: endpoint.tenant.name.to_string(),
        plugin: endpoint.plugin.to_string(),
        webhook,
        kinds: endpoint.kinds,
        ordered: endpoint.ordered,
        health: endpoint.health.into(),
        failures: endpoint.failures,
        failing_since: endpoint.failing_since.map(Time::from),
        probe_at: endpoint.probe_at.map(Time::from),
        disabled_by: endpoint.disabled.map(|disabled| disabled.by.as_str().to_owned()),
        disabled_at: endpoint.disabled.map(|disabled| disabled.at.into()),
        waiting,
        delivered,
        dead,
        created_at: endpoint.created_at.into(),
    })
}

impl From<Health> for Condition {
    fn from(health: Health) -> Condition {
        match health {
            Health::Healthy => Condition::Healthy,
            Health::Degraded => Condition::Degraded,
            Health::Suspended => Condition::Suspended,
            Health::Disabled => Condition::Disabled,
        }
    }
}

fn parse(id: &str) -> Result<EndpointId, Problem> {
    EndpointId::parse(id).map_err(|_| WebhookError::NoEndpoint.into())
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Problem {
        match error {
            WebhookError::NoEndpoint => Problem::new(
                Code::NotFound,
                "There is no such endpoint. See those there are: mooring webhook list",
            ),
            WebhookError::NoDelivery => Problem::new(
                Code::NotFound,
                "There is no such delivery. See those there are: mooring webhook deliveries --tenant TENANT",
            ),
            WebhookError::OnItsWay => Problem::new(
                Code::WrongState,
                "The delivery is being made at this moment; see how it goes, then decide.",
            ),
            WebhookError::Disabled => Problem::new(
                Code::WrongState,
                "The endpoint is disabled. Switch it on first: mooring webhook enable ENDPOINT",
            ),
            WebhookError::Undeclared(webhook) => Problem::new(
                Code::WrongState,
                format!("The plugin that is loaded now declares no webhook `{webhook}`."),
            ),
            WebhookError::TooMany(most) => Problem::new(
                Code::WrongState,
                format!("There are {most} endpoints already, which is the most."),
            ),
            WebhookError::NoSecret(webhook) => Problem::new(
                Code::WrongState,
                format!(
                    "There is no secret to change here: the webhook `{webhook}` has no setting for one, or the endpoint \
                     belongs to an application, which renews its secret itself."
                ),
            ),
            WebhookError::Invalid(error) => error.into(),
            WebhookError::Setting(error) => error.into(),
            WebhookError::Event(error) => error.into(),
            WebhookError::Store(error) => Problem::internal(&error),
        }
    }
}
