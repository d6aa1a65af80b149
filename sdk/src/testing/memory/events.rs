//! Events.

use super::{DOCUMENT_BYTES_MAX, State, paged, text};
use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField};
use crate::webhooks::{Emitted, Event, EventError, NewEvent};

#[derive(Clone, Debug, PartialEq)]
pub(in crate::testing) struct Stored {
    pub(in crate::testing) event: Event,
    pub(super) dedupe_key: Option<String>,
}

impl From<Denial> for EventError {
    fn from(denial: Denial) -> EventError {
        EventError::Denied(denial)
    }
}

impl State {
    pub(super) fn event_emit(&mut self, new: NewEvent) -> Result<Emitted, EventError> {
        text("kind", &new.kind, 1..=100).map_err(EventError::Invalid)?;
        text("subject", &new.subject, 0..=200).map_err(EventError::Invalid)?;
        if new.data.len() > DOCUMENT_BYTES_MAX
            || serde_json::from_str::<serde_json::Value>(&new.data).is_err()
        {
            return Err(EventError::Invalid(InvalidField::new(
                "data",
                "is not JSON of at most 64 KiB",
            )));
        }
        if let Some(key) = &new.dedupe_key {
            text("dedupe-key", key, 1..=200).map_err(EventError::Invalid)?;
            if let Ok(event) = self.event(|stored| stored.dedupe_key.as_ref() == Some(key)) {
                return Ok(Emitted {
                    event,
                    repeated: true,
                });
            }
        }
        let event = Event {
            id: self.id("ev"),
            kind: new.kind,
            subject: new.subject,
            data: new.data,
            created_at: self.now,
        };
        self.events.push(Stored {
            event: event.clone(),
            dedupe_key: new.dedupe_key,
        });
        if new.deliver {
            self.await_deliveries(&event);
        }
        Ok(Emitted {
            event,
            repeated: false,
        })
    }

    pub(super) fn event(&self, matches: impl Fn(&Stored) -> bool) -> Result<Event, EventError> {
        let found = self.events.iter().find(|stored| matches(stored));
        found
            .map(|stored| stored.event.clone())
            .ok_or(EventError::NotFound)
    }

    pub(super) fn event_list(&self, kind: Option<&str>, page: Page) -> Result<List<Event>, EventError> {
        let matching: Vec<&Event> = self
            .events
            .iter()
            .map(|stored| &stored.event)
            .filter(|event| kind.is_none_or(|kind| event.kind == kind))
            .collect();
        paged(&matching, page).map_err(EventError::Invalid)
    }
}
