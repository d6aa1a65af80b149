//! What happened, recorded for good, and on its way to whoever subscribed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField, Problem};

/// An event to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The provider's own name for it, `invoice.paid`; 1 to 100 characters.
    pub kind: String,
    /// What it is about: a service, user or invoice id; 0 to 200 characters.
    pub subject: String,
    /// JSON, at most 64 KiB.
    pub data: String,
    /// 1 to 200 characters, unique in the tenant and plugin for ever, where given.
    pub dedupe_key: Option<String>,
    /// False: keep the event, but send it to nobody.
    pub deliver: bool,
}

impl NewEvent {
    /// An event to record and to deliver.
    pub fn new<T: Serialize + ?Sized>(kind: &str, subject: impl Into<String>, data: &T) -> NewEvent {
        NewEvent {
            kind: kind.to_owned(),
            subject: subject.into(),
            data: crate::json::to_string(data),
            dedupe_key: None,
            deliver: true,
        }
    }

    /// Only once for this key, for ever.
    #[must_use]
    pub fn once(mut self, dedupe_key: impl Into<String>) -> NewEvent {
        self.dedupe_key = Some(dedupe_key.into());
        self
    }

    /// Recorded, but sent to nobody.
    #[must_use]
    pub fn silent(mut self) -> NewEvent {
        self.deliver = false;
        self
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `ev_` and 22 characters.
    pub id: String,
    /// The provider's own name for it.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// JSON.
    pub data: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
}

impl Event {
    /// The data as a value of the plugin's own type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, EventError> {
        serde_json::from_str(&self.data)
            .map_err(|error| EventError::Internal(format!("data of the event {}: {error}", self.id)))
    }
}

/// The answer of [`emit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The event, new or old.
    pub event: Event,
    /// True when the dedupe key had been used: nothing was written, and it is the first event.
    pub repeated: bool,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventError {
    /// No such event.
    NotFound,
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Records an event and, unless it is silent, queues its delivery, in the request's own transaction. Safe to repeat
/// with a dedupe key.
pub fn emit(event: NewEvent) -> Result<Emitted, EventError> {
    host!(event_emit(event))
}

/// The event with this id.
pub fn get(id: &str) -> Result<Event, EventError> {
    host!(event_get(id))
}

/// The event with this dedupe key.
pub fn find(dedupe_key: &str) -> Result<Event, EventError> {
    host!(event_find(dedupe_key))
}

/// All events of this plugin, or those of one kind.
pub fn list(kind: Option<&str>, page: Page) -> Result<List<Event>, EventError> {
    host!(event_list(kind, page))
}

impl From<EventError> for Problem {
    fn from(error: EventError) -> Problem {
        match error {
            EventError::NotFound => Problem::NotFound,
            EventError::Invalid(invalid) => Problem::Invalid(invalid),
            EventError::Denied(denial) => Problem::Denied(denial),
            EventError::Internal(why) => Problem::Internal(why),
        }
    }
}
