//! Where events go that a plugin's callers ask for, beside the endpoints of its manifest.
//!
//! Schedule, time-out and headers are those of a [webhook](crate::Info::webhook) of the manifest. A secret of an endpoint's own
//! is drawn by the host and shown once, by [`create`] and [`rotate`]: the plugin hands it to its caller and keeps it nowhere.

use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField, Problem};

/// An endpoint to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewEndpoint {
    /// A webhook of the manifest.
    pub webhook: String,
    /// Absolute, `http` or `https`.
    pub url: String,
    /// Kinds of events, `invoice.paid` or, for all that begin so, `invoice.*`; empty for all.
    pub kinds: Vec<String>,
    /// Only events about this.
    pub subject: Option<String>,
    /// Whether it gets a secret of its own; otherwise it signs with the one of the webhook's setting.
    pub own_secret: bool,
}

/// What is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointChanges {
    /// New address.
    pub url: Option<String>,
    /// New kinds.
    pub kinds: Option<Vec<String>>,
    /// Switched on or off.
    pub enabled: Option<bool>,
}

/// How an endpoint is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Healthy,
    /// Its last attempts failed: one delivery at a time, until one succeeds.
    Degraded,
    /// It does not answer: its deliveries are held, and one of them is tried now and then.
    Suspended,
    /// Switched off: its deliveries are held until it is enabled.
    Disabled,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `ep_` and 22 characters.
    pub id: String,
    /// Its address.
    pub url: String,
    /// Kinds of events that go there; empty for all.
    pub kinds: Vec<String>,
    /// Only events about this.
    pub subject: Option<String>,
    /// How it is doing.
    pub health: Health,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// When the first of them failed, milliseconds since the epoch.
    pub failing_since: Option<u64>,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries made, as far as they are kept.
    pub delivered: u64,
    /// Deliveries given up.
    pub dead: u64,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Milliseconds since the epoch.
    pub updated_at: u64,
}

/// An endpoint that was just made.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// It.
    pub endpoint: Endpoint,
    /// Its own secret. It cannot be asked for again.
    pub secret: Option<String>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// For its time, or for an answer.
    Waiting,
    /// The endpoint has answered 2xx.
    Delivered,
    /// Given up.
    Dead,
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `dlv_` and 22 characters.
    pub id: String,
    /// Where it goes.
    pub endpoint: String,
    /// What goes there: the host's id of the event.
    pub event: String,
    /// The event's kind.
    pub kind: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// A sample that was asked for.
    pub test: bool,
    /// Attempts made.
    pub attempts: u32,
    /// The status of the newest answer.
    pub status: Option<u16>,
    /// Why the newest attempt failed.
    pub error: Option<String>,
    /// Milliseconds since the epoch.
    pub next_at: Option<u64>,
    /// Milliseconds since the epoch.
    pub created_at: u64,
    /// Milliseconds since the epoch.
    pub ended_at: Option<u64>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// No such endpoint or delivery.
    NotFound,
    /// There are as many as there may be, which is given.
    TooMany(u64),
    /// The endpoint is switched off.
    Disabled,
    /// The delivery is being made at this moment.
    OnItsWay,
    /// The manifest declares no such webhook.
    UnknownWebhook(String),
    /// It signs with a secret that is not its own.
    NoSecret,
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Makes an endpoint. Not safe to repeat.
pub fn create(endpoint: NewEndpoint) -> Result<Made, EndpointError> {
    host!(endpoint_create(endpoint))
}

/// Those that events about anything go to.
pub fn list(page: Page) -> Result<List<Endpoint>, EndpointError> {
    host!(endpoint_list(page))
}

/// The endpoint with this id.
pub fn get(id: &str) -> Result<Endpoint, EndpointError> {
    host!(endpoint_get(id))
}

/// Changes an endpoint. Another address, or enabling it, is another chance: what was held is due. Safe to repeat.
pub fn update(id: &str, changes: EndpointChanges) -> Result<Endpoint, EndpointError> {
    host!(endpoint_update(id, changes))
}

/// Takes an endpoint back. Safe to repeat: the second call answers [`EndpointError::NotFound`].
pub fn delete(id: &str) -> Result<(), EndpointError> {
    host!(endpoint_delete(id))
}

/// Gives an endpoint a new secret of its own; the old one signs beside it for a day. Not safe to repeat.
pub fn rotate(id: &str) -> Result<String, EndpointError> {
    host!(endpoint_rotate(id))
}

/// Deliveries to all endpoints of this plugin, those of the manifest included and one after the other, or to one of them.
pub fn deliveries(
    endpoint: Option<&str>,
    state: Option<DeliveryState>,
    page: Page,
) -> Result<List<Delivery>, EndpointError> {
    host!(endpoint_deliveries(endpoint, state, page))
}

/// Sends the same event again, with all its tries.
pub fn redeliver(delivery: &str) -> Result<Delivery, EndpointError> {
    host!(endpoint_redeliver(delivery))
}

/// Sends a sample of JSON, once.
pub fn test(endpoint: &str, kind: &str, data: &str) -> Result<Delivery, EndpointError> {
    host!(endpoint_test(endpoint, kind, data))
}

impl From<EndpointError> for Problem {
    fn from(error: EndpointError) -> Problem {
        match error {
            EndpointError::NotFound => Problem::NotFound,
            EndpointError::TooMany(most) => Problem::Conflict(format!("there are {most} endpoints already")),
            EndpointError::Disabled => Problem::Conflict("the endpoint is switched off".to_owned()),
            EndpointError::OnItsWay => {
                Problem::Conflict("the delivery is being made at this moment".to_owned())
            }
            EndpointError::UnknownWebhook(name) => {
                Problem::Internal(format!("webhook `{name}` is not declared"))
            }
            EndpointError::NoSecret => Problem::Conflict("the endpoint has no secret of its own".to_owned()),
            EndpointError::Invalid(invalid) => Problem::Invalid(invalid),
            EndpointError::Denied(denial) => Problem::Denied(denial),
            EndpointError::Internal(why) => Problem::Internal(why),
        }
    }
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made")
            .field("endpoint", &self.endpoint)
            .field("secret", &self.secret.is_some())
            .finish()
    }
}
