//! `webhooks`

use mooring_core::events as core;
use mooring_core::ids::EventId;

use super::wit::mooring::plugin::webhooks::{Emitted, Event, EventError, EventPage, Host, NewEvent};
use super::{common_errors, types};
use crate::bindings::Desk;

impl Host for Desk {
    fn emit(&mut self, event: NewEvent) -> Result<Emitted, EventError> {
        self.check_record("data", &event.data)?;
        let emitted = core::emit(self.write()?, event.into())?;
        Ok(Emitted {
            event: emitted.event.into(),
            repeated: emitted.repeated,
        })
    }

    fn get(&mut self, id: String) -> Result<Event, EventError> {
        // What is no id is nobody's id.
        let id = EventId::parse(&id).map_err(|_| EventError::NotFound)?;
        Ok(core::get(self.read()?, &id)?.into())
    }

    fn find(&mut self, dedupe_key: String) -> Result<Event, EventError> {
        Ok(core::find(self.read()?, &dedupe_key)?.into())
    }

    fn list(&mut self, kind: Option<String>, page: types::Page) -> Result<EventPage, EventError> {
        let listing = core::list(self.read()?, kind.as_deref(), page.into())?;
        Ok(EventPage {
            items: listing.items.into_iter().map(Event::from).collect(),
            total: listing.total,
        })
    }
}

impl From<core::Event> for Event {
    fn from(event: core::Event) -> Event {
        Event {
            id: event.id.to_string(),
            kind: event.kind,
            subject: event.subject,
            data: event.data.as_str().to_owned(),
            created_at: event.created_at.millis(),
            extensions: Vec::new(),
        }
    }
}

impl From<NewEvent> for core::NewEvent {
    fn from(event: NewEvent) -> core::NewEvent {
        core::NewEvent {
            kind: event.kind,
            subject: event.subject,
            data: event.data,
            dedupe_key: event.dedupe_key,
            deliver: event.deliver,
        }
    }
}

common_errors!(EventError);

impl From<core::EventError> for EventError {
    fn from(error: core::EventError) -> EventError {
        match error {
            core::EventError::NotFound => EventError::NotFound,
            core::EventError::Invalid(invalid) => invalid.into(),
            core::EventError::Store(error) => error.into(),
        }
    }
}
