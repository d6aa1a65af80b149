//! Webhooks: events on their way to the endpoints that want them, at least once.
//!
//! ```text
//! outbox ─dispatch─> waiting ──claim──> (leased) ──2xx──> delivered ──7 days──> (purged)
//!                      ^  ^                 │
//!                      │  └──fail, lease ended──┤
//!                      └──redeliver── dead <────┘ after the last attempt of its schedule
//! ```
//!
//! Actors: a plugin emits ([`crate::events`]); the host's deliverer dispatches (`dispatch`), claims and records (`run`);
//! the operator looks, redelivers, tests, rotates, switches off and on (`operate`, `secrets`); a plugin makes endpoints for its
//! callers (`made`). How an endpoint is doing
//! decides what may be claimed of it (`health`), and when a failed delivery is tried again is written in the plugin's
//! manifest (`schedule`).
//!
//! # Guarantees
//! * An event that was emitted for delivery is in the outbox, or has one delivery for every endpoint that wanted it when
//!   it was dispatched; no delivery is dropped: it waits, was delivered, or is dead and can be redelivered.
//! * Whoever delivers holds a [`Lease`]. Nothing can be said about a delivery without its lease, and a lease that ended is
//!   worth nothing, so two deliverers can never both count an attempt of the same turn.
//! * What waits is indexed by endpoint, so finding what is due for one costs the same however much waits for the others,
//!   and nothing here reads more rows than it was asked for.
//!
//! # What it is not
//! It makes no call and signs nothing. The address and the secret of an endpoint that comes from a manifest are the
//! plugin's settings, read when a delivery is made: a change holds for everything that has not been delivered yet.

mod dispatch;
mod health;
mod made;
mod operate;
mod rows;
mod run;
mod schedule;
mod secrets;

use mooring_store::StoreError;
use serde::{Deserialize, Serialize};

pub use self::dispatch::{Dispatched, dispatch, sync};
pub use self::health::{
    DEGRADED_AFTER, DISABLED_AFTER, PROBE_PAUSE_MAX, PROBE_PAUSE_MIN, SUSPENDED_AFTER,
    SUSPENDED_AFTER_LASTING,
};
pub use self::made::{
    EndpointChanges, MADE_MAX, NewEndpoint, SUBJECTS_MAX, change, deliveries_of, made, make, own,
    redeliver_own, remove, renew_secret,
};
pub use self::operate::{
    Counts, DELIVERED_KEPT, DeliveryFilter, counts, disable, enable, get_delivery, get_endpoint,
    list_deliveries, list_endpoints, purge, redeliver, redeliver_range, test,
};
pub use self::run::{Claimed, Claims, Finished, Lease, Outcome, claim, outlook, record, take_back};
pub use self::secrets::{OVERLAP_DEFAULT, OVERLAP_MAX, Rotated, Secrets, rotate, secrets};
use crate::check::InvalidField;
use crate::events::EventError;
use crate::ids::{DeliveryId, EndpointId, EventId, PluginName};
use crate::seal::Sealed;
use crate::settings::SettingError;
use crate::tenants::TenantRef;
use crate::time::Timestamp;

/// Attempts that are remembered with a delivery; older ones are forgotten. More than one schedule can have.
pub const ATTEMPTS_KEPT: usize = 40;

/// What is kept of an answer, in bytes.
pub const EXCERPT_BYTES_MAX: usize = 1024;

/// Where events go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `ep_` and 22 characters.
    pub id: EndpointId,
    /// Whose it is.
    pub tenant: TenantRef,
    /// Whose events go there.
    pub plugin: PluginName,
    /// What it was made from.
    pub source: Source,
    /// Kinds of events that go there; see [`mooring_manifest::Webhook::kinds`].
    pub kinds: Vec<String>,
    /// Whether each event waits until the one before it was delivered or given up.
    pub ordered: bool,
    /// How it is doing.
    pub health: Health,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// When the first of them failed.
    pub failing_since: Option<Timestamp>,
    /// When a suspended endpoint is tried again.
    pub probe_at: Option<Timestamp>,
    /// Set while [`Health::Disabled`].
    pub disabled: Option<Disabled>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its row was last changed.
    pub updated_at: Timestamp,
    /// How often in a row a suspended endpoint was tried in vain.
    probes: u32,
    /// Secrets that still sign beside the newest one, newest first.
    previous_secrets: Vec<PreviousSecret>,
    /// Tells one address from another without being it: an address may hold a secret.
    address: Option<String>,
    ordinal: u64,
}

/// What an endpoint was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A webhook of the plugin's manifest, by its name: address, secret, schedule and headers are read from there.
    Manifest(String),
    /// The plugin asked for it.
    Plugin(Made),
}

/// An endpoint that a plugin asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The webhook of the manifest whose schedule, time-out and headers it has.
    pub webhook: String,
    /// Its address.
    pub url: String,
    /// Only events about this go there; absent for all.
    pub subject: Option<String>,
    /// Whether the plugin has taken it back. Its row stays for the deliveries that were made to it.
    pub removed: bool,
    /// What its signatures are made with; absent for the secret of the webhook's setting.
    secret: Option<Sealed>,
}

impl Source {
    /// The webhook of the manifest that says how deliveries are made.
    pub fn webhook(&self) -> &str {
        match self {
            Source::Manifest(name) => name,
            Source::Plugin(made) => &made.webhook,
        }
    }
}

/// How an endpoint is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

impl Health {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Healthy => "healthy",
            Health::Degraded => "degraded",
            Health::Suspended => "suspended",
            Health::Disabled => "disabled",
        }
    }
}

/// Since when and why an endpoint is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Why.
    pub by: DisabledBy,
    /// Since when.
    pub at: Timestamp,
}

/// Who switched an endpoint off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisabledBy {
    /// The operator.
    Operator,
    /// The plugin that made it.
    Plugin,
    /// The receiver: it answered 410.
    Gone,
    /// The host, after [`DISABLED_AFTER`] without a success.
    Failing,
}

impl DisabledBy {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            DisabledBy::Operator => "operator",
            DisabledBy::Plugin => "plugin",
            DisabledBy::Gone => "gone",
            DisabledBy::Failing => "failing",
        }
    }
}

/// A secret that was replaced and still signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PreviousSecret {
    sealed: Sealed,
    until: Timestamp,
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// `dlv_` and 22 characters.
    pub id: DeliveryId,
    /// Whose it is.
    pub tenant: TenantRef,
    /// Who emitted the event.
    pub plugin: PluginName,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// What goes there.
    pub event: EventId,
    /// The event's kind.
    pub kind: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// A sample that the operator asked for: tried once.
    pub test: bool,
    /// Attempts of the schedule that it is in; begins anew when it is redelivered.
    pub tries: u32,
    /// Attempts ever made.
    pub attempts_made: u32,
    /// The latest of them, oldest first; at most [`ATTEMPTS_KEPT`].
    pub attempts: Vec<Attempt>,
    /// Not before this time; set while it waits. Its endpoint's health may hold it longer.
    pub next_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub ended_at: Option<Timestamp>,
    /// Its place among what waits for the endpoint: a time, or 0 where order matters more.
    queue: u64,
    ordinal: u64,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// For its time, for its endpoint, or for the answer to an attempt that is being made.
    Waiting,
    /// The endpoint has answered 2xx.
    Delivered,
    /// Given up after the last attempt of its schedule; the operator can redeliver it.
    Dead,
}

impl DeliveryState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
        }
    }
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the first that was ever made of this delivery.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
    /// The answer's status; absent where there was none.
    pub status: Option<u16>,
    /// Why it failed; absent for one that did not.
    pub error: Option<String>,
    /// How the answer's body begins, at most [`EXCERPT_BYTES_MAX`]; control characters are replaced.
    pub excerpt: String,
}

/// Why nothing was done to an endpoint or a delivery.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NoEndpoint,
    /// There is no such delivery.
    #[error("there is no such delivery")]
    NoDelivery,
    /// It was delivered or redelivered before, or is being delivered now.
    #[error("the delivery is on its way at this moment")]
    OnItsWay,
    /// The endpoint is switched off.
    #[error("the endpoint is disabled")]
    Disabled,
    /// The manifest of the plugin declares no such webhook (any more).
    #[error("the plugin declares no webhook {0}")]
    Undeclared(String),
    /// The plugin has made as many endpoints as it may.
    #[error("there are {0} endpoints already, which is the most")]
    TooMany(u64),
    /// The webhook has no secret setting.
    #[error("the webhook {0} has no secret")]
    NoSecret(String),
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// A setting cannot be read or written.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The event cannot be read or written.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests;
