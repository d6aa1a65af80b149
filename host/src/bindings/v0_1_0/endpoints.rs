//! `endpoints`

use mooring_core::check::InvalidField;
use mooring_core::ids::{DeliveryId, EndpointId};
use mooring_core::webhooks as core;
use mooring_core::webhooks::{Source, WebhookError};
use mooring_core::work::Work;

use super::wit::mooring::plugin::endpoints::{
    Delivery, DeliveryPage, DeliveryState, Endpoint, EndpointChanges, EndpointError, EndpointPage, Health,
    Host, Made, NewEndpoint,
};
use super::{common_errors, types};
use crate::bindings::Desk;
use crate::outbound::Guard;

impl Host for Desk {
    fn create(&mut self, endpoint: NewEndpoint) -> Result<Made, EndpointError> {
        let (manifest, office) = (self.facts.manifest.clone(), self.office.clone());
        check_address(&office.guard, &endpoint.url)?;
        let work = self.write()?;
        let new = core::NewEndpoint {
            webhook: endpoint.webhook,
            url: endpoint.url,
            kinds: endpoint.kinds,
            subject: endpoint.subject,
            own_secret: endpoint.own_secret,
        };
        let (endpoint, secret) = core::make(work, &manifest, &office.secrets, new)?;
        Ok(Made {
            endpoint: shape(work, endpoint)?,
            secret,
            extensions: Vec::new(),
        })
    }

    fn list(&mut self, page: types::Page) -> Result<EndpointPage, EndpointError> {
        let work = self.read()?;
        let listing = core::own(work, page.into())?;
        let items = listing.items.into_iter().map(|endpoint| shape(work, endpoint));
        Ok(EndpointPage {
            items: items.collect::<Result<_, _>>()?,
            total: listing.total,
        })
    }

    fn get(&mut self, id: String) -> Result<Endpoint, EndpointError> {
        let work = self.read()?;
        let endpoint = core::made(work, &parse(&id)?)?;
        shape(work, endpoint)
    }

    fn update(&mut self, id: String, changes: EndpointChanges) -> Result<Endpoint, EndpointError> {
        if let Some(url) = &changes.url {
            check_address(&self.office.guard, url)?;
        }
        let work = self.write()?;
        let changes = core::EndpointChanges {
            url: changes.url,
            kinds: changes.kinds,
            enabled: changes.enabled,
        };
        let endpoint = core::change(work, &parse(&id)?, changes)?;
        shape(work, endpoint)
    }

    fn delete(&mut self, id: String) -> Result<(), EndpointError> {
        Ok(core::remove(self.write()?, &parse(&id)?)?)
    }

    fn rotate(&mut self, id: String) -> Result<String, EndpointError> {
        let office = self.office.clone();
        Ok(core::renew_secret(self.write()?, &parse(&id)?, &office.secrets)?)
    }

    fn deliveries(
        &mut self,
        endpoint: Option<String>,
        state: Option<DeliveryState>,
        page: types::Page,
    ) -> Result<DeliveryPage, EndpointError> {
        let endpoint = endpoint.as_deref().map(parse).transpose()?;
        let state = state.map(core::DeliveryState::from);
        let listing = core::deliveries_of(self.read()?, endpoint.as_ref(), state, page.into())?;
        Ok(DeliveryPage {
            items: listing.items.into_iter().map(Delivery::from).collect(),
            total: listing.total,
        })
    }

    fn redeliver(&mut self, delivery: String) -> Result<Delivery, EndpointError> {
        // What is no id is nobody's id.
        let id = DeliveryId::parse(&delivery).map_err(|_| EndpointError::NotFound)?;
        Ok(core::redeliver_own(self.write()?, &id)?.into())
    }

    fn test(&mut self, endpoint: String, kind: String, data: String) -> Result<Delivery, EndpointError> {
        self.check_record("data", &data)?;
        Ok(core::test(self.write()?, &parse(&endpoint)?, &kind, Some(&data))?.into())
    }
}

/// Refuses an address that no delivery may go to, as far as the URL alone tells: a name is looked up when it is called.
fn check_address(guard: &Guard, url: &str) -> Result<(), InvalidField> {
    // What is no URL is refused with the other rules for values.
    match url.parse().map(|url| guard.check_host(&url)) {
        Ok(Err(refused)) => Err(InvalidField::new(
            "url",
            format!("{refused}, and webhooks go to public addresses only"),
        )),
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

fn parse(id: &str) -> Result<EndpointId, EndpointError> {
    EndpointId::parse(id).map_err(|_| EndpointError::NotFound)
}

fn shape(work: &mut Work, endpoint: core::Endpoint) -> Result<Endpoint, EndpointError> {
    let counts = core::counts(work, &endpoint.id)?;
    let (url, subject) = match endpoint.source {
        Source::Plugin(made) => (made.url, made.subject),
        // The addresses of these are the operator's settings.
        Source::Manifest(_) => (String::new(), None),
    };
    Ok(Endpoint {
        id: endpoint.id.to_string(),
        url,
        kinds: endpoint.kinds,
        subject,
        health: match endpoint.health {
            core::Health::Healthy => Health::Healthy,
            core::Health::Degraded => Health::Degraded,
            core::Health::Suspended => Health::Suspended,
            core::Health::Disabled => Health::Disabled,
        },
        failures: endpoint.failures,
        failing_since: endpoint.failing_since.map(mooring_core::time::Timestamp::millis),
        waiting: counts.waiting,
        delivered: counts.delivered,
        dead: counts.dead,
        created_at: endpoint.created_at.millis(),
        updated_at: endpoint.updated_at.millis(),
        extensions: Vec::new(),
    })
}

impl From<core::Delivery> for Delivery {
    fn from(delivery: core::Delivery) -> Delivery {
        let newest = delivery.attempts.last();
        Delivery {
            status: newest.and_then(|attempt| attempt.status),
            error: newest.and_then(|attempt| attempt.error.clone()),
            id: delivery.id.to_string(),
            endpoint: delivery.endpoint.to_string(),
            event: delivery.event.to_string(),
            kind: delivery.kind,
            state: match delivery.state {
                core::DeliveryState::Waiting => DeliveryState::Waiting,
                core::DeliveryState::Delivered => DeliveryState::Delivered,
                core::DeliveryState::Dead => DeliveryState::Dead,
            },
            test: delivery.test,
            attempts: delivery.attempts_made,
            next_at: delivery.next_at.map(mooring_core::time::Timestamp::millis),
            created_at: delivery.created_at.millis(),
            ended_at: delivery.ended_at.map(mooring_core::time::Timestamp::millis),
            extensions: Vec::new(),
        }
    }
}

impl From<DeliveryState> for core::DeliveryState {
    fn from(state: DeliveryState) -> core::DeliveryState {
        match state {
            DeliveryState::Waiting => core::DeliveryState::Waiting,
            DeliveryState::Delivered => core::DeliveryState::Delivered,
            DeliveryState::Dead => core::DeliveryState::Dead,
        }
    }
}

common_errors!(EndpointError);

impl From<WebhookError> for EndpointError {
    fn from(error: WebhookError) -> EndpointError {
        match error {
            WebhookError::NoEndpoint | WebhookError::NoDelivery => EndpointError::NotFound,
            WebhookError::TooMany(most) => EndpointError::TooMany(most),
            WebhookError::Disabled => EndpointError::Disabled,
            WebhookError::OnItsWay => EndpointError::OnItsWay,
            WebhookError::Undeclared(webhook) => EndpointError::UnknownWebhook(webhook),
            WebhookError::NoSecret(_) => EndpointError::NoSecret,
            WebhookError::Invalid(invalid) => invalid.into(),
            WebhookError::Store(error) => error.into(),
            error @ (WebhookError::Setting(_) | WebhookError::Event(_)) => {
                tracing::error!(error = crate::chain::chain(&error), "a primitive failed");
                EndpointError::Internal("the endpoint's settings cannot be used".to_owned())
            }
        }
    }
}
