//! Endpoints that applications manage themselves, and deliveries to all endpoints.
//!
//! An endpoint's secret is drawn by the host and stands in one answer, when it is made and when it is renewed. A subscription's
//! own `webhook_url` becomes an endpoint of the same kind for its events alone, which signs with the operator's secret.

use mooring_sdk::endpoints::{
    self, Delivery, DeliveryState, Endpoint, EndpointChanges, EndpointError, Health, NewEndpoint,
};
use mooring_sdk::prelude::*;
use mooring_sdk::{Order, context, json};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::calendar::{micros, seconds};
use crate::error::Error;
use crate::ids;
use crate::input::{Maybe, given, named};
use crate::listing::{Listed, Part};

/// The webhook of the manifest.
pub(crate) const WEBHOOK: &str = "application";

const TEST: &str = "webhook.test";

#[derive(Serialize)]
struct Shown {
    id: String,
    url: String,
    events: Vec<String>,
    enabled: bool,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// `POST webhook-endpoints`.
#[derive(Deserialize)]
pub(crate) struct New {
    url: String,
    #[serde(default, deserialize_with = "given")]
    events: Option<Vec<String>>,
}

/// `PUT webhook-endpoints/{id}`.
#[derive(Deserialize)]
pub(crate) struct Changes {
    #[serde(default, deserialize_with = "given")]
    url: Option<String>,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    enabled: Option<bool>,
}

/// `POST webhooks/test`.
#[derive(Default, Deserialize)]
pub(crate) struct Test {
    #[serde(default, deserialize_with = "given")]
    endpoint_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
    #[serde(default)]
    endpoint_id: String,
    #[serde(default)]
    status: String,
}

#[derive(Serialize)]
pub(crate) struct ShownDelivery {
    id: String,
    endpoint_id: String,
    event: String,
    status: &'static str,
    is_test: bool,
    attempts: u32,
    response_status: Option<u16>,
    error: Option<String>,
    next_attempt_at: Option<String>,
    created_at: String,
    completed_at: Option<String>,
}

fn shown(endpoint: Endpoint, secret: Option<String>) -> Shown {
    Shown {
        id: endpoint.id,
        url: endpoint.url,
        events: endpoint.kinds,
        enabled: endpoint.health != Health::Disabled,
        created_at: seconds(endpoint.created_at),
        updated_at: seconds(endpoint.updated_at),
        secret,
    }
}

fn shown_delivery(delivery: Delivery) -> ShownDelivery {
    ShownDelivery {
        id: delivery.id,
        endpoint_id: delivery.endpoint,
        event: delivery.kind,
        status: match delivery.state {
            DeliveryState::Waiting => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "failed",
        },
        is_test: delivery.test,
        attempts: delivery.attempts,
        response_status: delivery.status,
        error: delivery.error,
        next_attempt_at: delivery.next_at.map(micros),
        created_at: micros(delivery.created_at),
        completed_at: delivery.ended_at.map(micros),
    }
}

fn refused(error: EndpointError) -> Error {
    match error {
        EndpointError::NotFound => Error::NotFound("endpoint"),
        EndpointError::TooMany(most) => Error::conflict(
            "too_many_endpoints",
            format!("There are {most} endpoints already."),
        ),
        EndpointError::Disabled => Error::conflict("endpoint_disabled", "The endpoint is disabled."),
        EndpointError::OnItsWay => {
            Error::conflict("delivery_in_progress", "The delivery is being made right now.")
        }
        EndpointError::Invalid(invalid) if invalid.field == "kinds" => {
            Error::invalid("events", invalid.reason)
        }
        error => Problem::from(error).into(),
    }
}

/// `GET webhook-endpoints`, newest first. The operator's own endpoint is not among them.
pub(crate) fn list(Query(listing): Query<Listing>) -> Result<Response, Error> {
    let part = Part::of(&listing.page, &listing.per_page)?;
    let found = endpoints::list(part.newest()).map_err(refused)?;
    let data = found
        .items
        .into_iter()
        .map(|endpoint| shown(endpoint, None))
        .collect();
    Ok(Response::json(200, &part.answer(data, found.total)))
}

/// `POST webhook-endpoints`. Not safe to repeat. The answer is the only one with the secret.
pub(crate) fn create(Json(new): Json<New>) -> Result<Response, Error> {
    let made = endpoints::create(NewEndpoint {
        webhook: WEBHOOK.to_owned(),
        url: new.url,
        kinds: new.events.unwrap_or_default(),
        subject: None,
        own_secret: true,
    });
    let made = made.map_err(refused)?;
    Ok(named(201, "endpoint", &shown(made.endpoint, made.secret)))
}

/// `GET webhook-endpoints/{id}`.
pub(crate) fn view(Path(id): Path<String>) -> Result<Response, Error> {
    let endpoint = endpoints::get(&id).map_err(refused)?;
    Ok(named(200, "endpoint", &shown(endpoint, None)))
}

/// `PUT webhook-endpoints/{id}`: what is given. Repeating it is safe.
pub(crate) fn update(Path(id): Path<String>, Json(changes): Json<Changes>) -> Result<Response, Error> {
    let switches_on = changes.enabled == Some(true);
    let changes = EndpointChanges {
        url: changes.url,
        kinds: changes.events,
        enabled: changes.enabled,
    };
    let endpoint = endpoints::update(&id, changes).map_err(refused)?;
    if switches_on && endpoint.health == Health::Disabled {
        let why = "The operator has disabled the endpoint, and alone enables it.";
        return Err(Error::conflict("endpoint_disabled", why));
    }
    Ok(named(200, "endpoint", &shown(endpoint, None)))
}

/// `DELETE webhook-endpoints/{id}`.
pub(crate) fn delete(Path(id): Path<String>) -> Result<Response, Error> {
    endpoints::delete(&id).map_err(refused)?;
    Ok(Response::json(200, &json!({ "success": true })))
}

/// `POST webhook-endpoints/{id}/rotate-secret`: the old secret signs beside the new one for a day. Not safe to repeat.
pub(crate) fn rotate(Path(id): Path<String>) -> Result<Response, Error> {
    let secret = endpoints::rotate(&id).map_err(refused)?;
    let endpoint = endpoints::get(&id).map_err(refused)?;
    Ok(named(200, "endpoint", &shown(endpoint, Some(secret))))
}

/// `GET webhook-endpoints/{id}/health`.
pub(crate) fn health(Path(id): Path<String>) -> Result<Response, Error> {
    let endpoint = endpoints::get(&id).map_err(refused)?;
    let health = json!({
        "status": match endpoint.health {
            Health::Healthy => "healthy",
            Health::Degraded => "degraded",
            Health::Suspended => "suspended",
            Health::Disabled => "disabled",
        },
        "consecutive_failures": endpoint.failures,
        "failing_since": endpoint.failing_since.map(seconds),
        "pending": endpoint.waiting,
        "delivered": endpoint.delivered,
        "failed": endpoint.dead,
    });
    Ok(named(200, "health", &health))
}

/// `GET webhooks/deliveries`: those of one endpoint newest first; without one, endpoint by endpoint.
pub(crate) fn deliveries(Query(listing): Query<Listing>) -> Result<Json<Listed<ShownDelivery>>, Error> {
    let part = Part::of(&listing.page, &listing.per_page)?;
    let state = match listing.status.as_str() {
        "" => None,
        "pending" => Some(DeliveryState::Waiting),
        "delivered" => Some(DeliveryState::Delivered),
        "failed" => Some(DeliveryState::Dead),
        _ => return Err(Error::invalid("status", "must be pending, delivered or failed")),
    };
    let endpoint = Some(listing.endpoint_id.as_str()).filter(|id| !id.is_empty());
    let found = endpoints::deliveries(endpoint, state, part.newest()).map_err(refused)?;
    let data = found.items.into_iter().map(shown_delivery).collect();
    Ok(Json(part.answer(data, found.total)))
}

/// `POST webhooks/deliveries/{id}/retry`: sends the same event again, whatever became of it.
pub(crate) fn retry(Path(id): Path<String>) -> Result<Response, Error> {
    let delivery = endpoints::redeliver(&id).map_err(|error| match error {
        EndpointError::NotFound => Error::NotFound("delivery"),
        error => refused(error),
    })?;
    Ok(named(200, "delivery", &shown_delivery(delivery)))
}

/// `POST webhooks/test`: a sample to one endpoint, or to all that are managed here. It says that it is one.
pub(crate) fn test(Maybe(asked): Maybe<Test>) -> Result<Response, Error> {
    let wanted = if let Some(id) = asked.endpoint_id {
        vec![id]
    } else {
        let page = Page::number(1, 200, Order::OldestFirst);
        let all = endpoints::list(page).map_err(refused)?.items.into_iter();
        let on = all.filter(|endpoint| endpoint.health != Health::Disabled);
        on.map(|endpoint| endpoint.id).collect()
    };
    let id = format!("evt_{}", ids::random());
    let sample = json!({
        "event": TEST, "event_id": id, "id": id, "created_at": micros(context::now()), "test": true,
        "data": { "message": "This is a test." },
    });
    let sample = json::to_string(&sample);
    let mut deliveries = Vec::new();
    for id in wanted {
        deliveries.push(shown_delivery(
            endpoints::test(&id, TEST, &sample).map_err(refused)?,
        ));
    }
    Ok(named(200, "deliveries", &deliveries))
}

/// The endpoint of a subscription's own address.
pub(crate) fn of_subscription(id: &str, url: &str) -> Result<String, Error> {
    let made = endpoints::create(NewEndpoint {
        webhook: WEBHOOK.to_owned(),
        url: url.to_owned(),
        kinds: Vec::new(),
        subject: Some(id.to_owned()),
        own_secret: false,
    });
    match made {
        Ok(made) => Ok(made.endpoint.id),
        Err(EndpointError::Invalid(invalid)) => Err(Error::invalid("webhook_url", invalid.reason)),
        Err(error) => Err(refused(error)),
    }
}

/// Takes it back. That it is gone already is fine.
pub(crate) fn forget(endpoint: &str) -> Result<(), Error> {
    match endpoints::delete(endpoint) {
        Ok(()) | Err(EndpointError::NotFound) => Ok(()),
        Err(error) => Err(refused(error)),
    }
}
