//! Endpoints that a plugin makes. Nothing is sent: an event that is emitted waits for each of them that wants it.

use mooring_manifest::Manifest;

use super::{Memory, State, paged, text};
use crate::endpoints::{
    Delivery, DeliveryState, Endpoint, EndpointChanges, EndpointError, Health, Made, NewEndpoint,
};
use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField};
use crate::webhooks::Event;

const ENDPOINTS_MAX: u64 = 200;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    endpoint: Endpoint,
    secret: Option<String>,
}

impl From<Denial> for EndpointError {
    fn from(denial: Denial) -> EndpointError {
        EndpointError::Denied(denial)
    }
}

fn check_url(url: &str) -> Result<(), EndpointError> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let fits = rest.is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        !host.is_empty() && !host.contains('@') && !rest.contains(['#', ' '])
    });
    if fits && url.len() <= 2000 {
        return Ok(());
    }
    let reason = "must be an absolute http or https URL without user-info or fragment";
    Err(EndpointError::Invalid(InvalidField::new("url", reason)))
}

fn check_kinds(kinds: &[String]) -> Result<(), EndpointError> {
    let mut kinds = kinds.iter();
    let checked = kinds.try_for_each(|kind| text("kinds", kind, 1..=100));
    checked.map_err(EndpointError::Invalid)
}

fn wants(endpoint: &Endpoint, event: &Event) -> bool {
    let fits = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => event.kind.starts_with(beginning),
        None => *pattern == event.kind,
    };
    let kinds = endpoint.kinds.is_empty() || endpoint.kinds.iter().any(fits);
    kinds
        && endpoint
            .subject
            .as_ref()
            .is_none_or(|subject| *subject == event.subject)
}

impl State {
    /// What an event that was emitted for delivery does.
    pub(super) fn await_deliveries(&mut self, event: &Event) {
        let wanting: Vec<String> = self
            .endpoints
            .iter()
            .filter(|stored| wants(&stored.endpoint, event))
            .map(|stored| stored.endpoint.id.clone())
            .collect();
        for endpoint in wanting {
            self.delivery(endpoint, event, false);
        }
    }

    fn delivery(&mut self, endpoint: String, event: &Event, test: bool) -> Delivery {
        let delivery = Delivery {
            id: self.id("dlv"),
            endpoint,
            event: event.id.clone(),
            kind: event.kind.clone(),
            state: DeliveryState::Waiting,
            test,
            attempts: 0,
            status: None,
            error: None,
            next_at: Some(self.now),
            created_at: self.now,
            ended_at: None,
        };
        self.deliveries.push(delivery.clone());
        delivery
    }

    fn endpoint_place(&self, id: &str) -> Result<usize, EndpointError> {
        let mut endpoints = self.endpoints.iter();
        let place = endpoints.position(|stored| stored.endpoint.id == id);
        place.ok_or(EndpointError::NotFound)
    }

    pub(super) fn endpoint_create(
        &mut self,
        manifest: &Manifest,
        new: NewEndpoint,
    ) -> Result<Made, EndpointError> {
        if !manifest
            .webhooks
            .iter()
            .any(|webhook| webhook.name == new.webhook)
        {
            return Err(EndpointError::UnknownWebhook(new.webhook));
        }
        check_url(&new.url)?;
        check_kinds(&new.kinds)?;
        if self.endpoints.len() as u64 >= ENDPOINTS_MAX {
            return Err(EndpointError::TooMany(ENDPOINTS_MAX));
        }
        let id = self.id("ep");
        let endpoint = Endpoint {
            id,
            url: new.url,
            kinds: new.kinds,
            subject: new.subject,
            health: Health::Healthy,
            failures: 0,
            failing_since: None,
            waiting: 0,
            delivered: 0,
            dead: 0,
            created_at: self.now,
            updated_at: self.now,
        };
        let secret = new.own_secret.then(|| self.id("whsec"));
        self.endpoints.push(Stored {
            endpoint: endpoint.clone(),
            secret: secret.clone(),
        });
        Ok(Made { endpoint, secret })
    }

    pub(super) fn endpoint_list(&self, page: Page) -> Result<List<Endpoint>, EndpointError> {
        let endpoints = self.endpoints.iter().map(|stored| &stored.endpoint);
        let all: Vec<&Endpoint> = endpoints.filter(|endpoint| endpoint.subject.is_none()).collect();
        let mut list = paged(&all, page).map_err(EndpointError::Invalid)?;
        for endpoint in &mut list.items {
            self.count(endpoint);
        }
        Ok(list)
    }

    fn count(&self, endpoint: &mut Endpoint) {
        let of = |state| {
            let deliveries = self.deliveries.iter();
            let of =
                deliveries.filter(|delivery| delivery.endpoint == endpoint.id && delivery.state == state);
            of.count() as u64
        };
        let counted = (
            of(DeliveryState::Waiting),
            of(DeliveryState::Delivered),
            of(DeliveryState::Dead),
        );
        (endpoint.waiting, endpoint.delivered, endpoint.dead) = counted;
    }

    pub(super) fn endpoint_get(&self, id: &str) -> Result<Endpoint, EndpointError> {
        let mut endpoint = self.endpoints[self.endpoint_place(id)?].endpoint.clone();
        self.count(&mut endpoint);
        Ok(endpoint)
    }

    pub(super) fn endpoint_update(
        &mut self,
        id: &str,
        changes: EndpointChanges,
    ) -> Result<Endpoint, EndpointError> {
        let place = self.endpoint_place(id)?;
        if let Some(url) = &changes.url {
            check_url(url)?;
        }
        check_kinds(changes.kinds.as_deref().unwrap_or_default())?;
        let now = self.now;
        let endpoint = &mut self.endpoints[place].endpoint;
        endpoint.url = changes.url.unwrap_or_else(|| endpoint.url.clone());
        endpoint.kinds = changes.kinds.unwrap_or_else(|| endpoint.kinds.clone());
        match changes.enabled {
            Some(true) => endpoint.health = Health::Healthy,
            Some(false) => endpoint.health = Health::Disabled,
            None => {}
        }
        endpoint.updated_at = now;
        self.endpoint_get(id)
    }

    pub(super) fn endpoint_delete(&mut self, id: &str) -> Result<(), EndpointError> {
        let place = self.endpoint_place(id)?;
        self.endpoints.remove(place);
        Ok(())
    }

    pub(super) fn endpoint_rotate(&mut self, id: &str) -> Result<String, EndpointError> {
        let place = self.endpoint_place(id)?;
        if self.endpoints[place].secret.is_none() {
            return Err(EndpointError::NoSecret);
        }
        let secret = self.id("whsec");
        self.endpoints[place].secret = Some(secret.clone());
        Ok(secret)
    }

    pub(super) fn endpoint_deliveries(
        &self,
        endpoint: Option<&str>,
        state: Option<DeliveryState>,
        page: Page,
    ) -> Result<List<Delivery>, EndpointError> {
        if let Some(endpoint) = endpoint {
            self.endpoint_place(endpoint)?;
        }
        let fits = |delivery: &&Delivery| {
            endpoint.is_none_or(|endpoint| delivery.endpoint == endpoint)
                && state.is_none_or(|state| delivery.state == state)
        };
        let matching: Vec<&Delivery> = self.deliveries.iter().filter(fits).collect();
        paged(&matching, page).map_err(EndpointError::Invalid)
    }

    pub(super) fn endpoint_redeliver(&mut self, id: &str) -> Result<Delivery, EndpointError> {
        let mut deliveries = self.deliveries.iter();
        let place = deliveries.position(|delivery| delivery.id == id);
        let place = place.ok_or(EndpointError::NotFound)?;
        let endpoint = self.endpoint_get(&self.deliveries[place].endpoint)?;
        if endpoint.health == Health::Disabled {
            return Err(EndpointError::Disabled);
        }
        let now = self.now;
        let delivery = &mut self.deliveries[place];
        delivery.state = DeliveryState::Waiting;
        delivery.next_at = Some(now);
        Ok(delivery.clone())
    }

    pub(super) fn endpoint_test(
        &mut self,
        id: &str,
        kind: &str,
        data: &str,
    ) -> Result<Delivery, EndpointError> {
        let endpoint = self.endpoint_get(id)?;
        if endpoint.health == Health::Disabled {
            return Err(EndpointError::Disabled);
        }
        text("kind", kind, 1..=100).map_err(EndpointError::Invalid)?;
        let event = Event {
            id: self.id("ev"),
            kind: kind.to_owned(),
            subject: "test".to_owned(),
            data: data.to_owned(),
            created_at: self.now,
        };
        Ok(self.delivery(id.to_owned(), &event, true))
    }
}

impl Memory {
    /// What the receiver of a delivery has answered; see [`crate::testing::TestHost::answer_delivery`].
    pub(in crate::testing) fn answered(&mut self, id: &str, status: u16) {
        let now = self.state.now;
        let mut deliveries = self.state.deliveries.iter_mut();
        let delivery = deliveries
            .find(|delivery| delivery.id == id)
            .expect("a delivery of this id");
        delivery.attempts += 1;
        delivery.status = Some(status);
        let done = (200..300).contains(&status);
        delivery.state = if done {
            DeliveryState::Delivered
        } else {
            DeliveryState::Dead
        };
        delivery.error = (!done).then(|| format!("answered {status}"));
        (delivery.next_at, delivery.ended_at) = (None, Some(now));
    }
}
