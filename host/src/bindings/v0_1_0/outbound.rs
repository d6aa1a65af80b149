//! `outbound`

use mooring_core::settings;
use mooring_manifest::Target;

use super::wit::mooring::plugin::outbound::{Host, OutboundError, Request, Response};
use super::{internal, types};
use crate::bindings::{Denial, Desk, Errand, NoReturn, Returned};

/// Ends a run at a call to the world that has no answer yet. Travels as the reason of the guest's trap.
#[derive(Debug, thiserror::Error)]
#[error("the run waits for an answer from outside")]
pub(crate) struct Suspended;

impl Host for Desk {
    fn is_configured(&mut self, target: String) -> Result<bool, OutboundError> {
        let target = self.target(&target)?;
        let manifest = self.facts.manifest.clone();
        let work = self.read()?;
        for name in settings_of(&target) {
            if !settings::is_set(work, &manifest.settings, name).map_err(from_settings)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, OutboundError>> {
        if let Err(error) = self.target(&request.target).and_then(|_| Ok(self.spend_call()?)) {
            return Ok(Err(error));
        }
        let Some(errands) = &mut self.errands else {
            return Ok(Err(OutboundError::NotInAJob));
        };
        match errands.answer(request.into()) {
            Some(answer) => Ok(answer.map(Response::from).map_err(OutboundError::from)),
            None => Err(Suspended.into()),
        }
    }
}

impl Desk {
    fn target(&self, name: &str) -> Result<Target, OutboundError> {
        let target = self
            .facts
            .manifest
            .targets
            .iter()
            .find(|target| target.name == name);
        target
            .cloned()
            .ok_or_else(|| OutboundError::UnknownTarget(name.to_owned()))
    }
}

/// The settings that must have a value before the target can be called.
fn settings_of(target: &Target) -> impl Iterator<Item = &str> {
    std::iter::once(target.url_setting.as_str()).chain(target.auth.settings())
}

impl From<Request> for Errand {
    fn from(request: Request) -> Errand {
        Errand {
            target: request.target,
            method: request.method,
            path: request.path,
            headers: request.headers,
            body: request.body,
        }
    }
}

impl From<Returned> for Response {
    fn from(returned: Returned) -> Response {
        Response {
            status: returned.status,
            headers: returned.headers,
            body: returned.body,
            extensions: Vec::new(),
        }
    }
}

impl From<NoReturn> for OutboundError {
    fn from(reason: NoReturn) -> OutboundError {
        match reason {
            NoReturn::NotConfigured(setting) => OutboundError::NotConfigured(setting),
            NoReturn::Refused(reason) => OutboundError::Refused(reason),
            NoReturn::Unreachable(reason) => OutboundError::Unreachable(reason),
            NoReturn::TimedOut => OutboundError::TimedOut,
            NoReturn::TooLarge => OutboundError::TooLarge,
            NoReturn::Internal(reason) => OutboundError::Internal(reason),
        }
    }
}

impl From<Denial> for OutboundError {
    fn from(denial: Denial) -> OutboundError {
        OutboundError::Denied(types::Denial::from(denial))
    }
}

fn from_settings(error: settings::SettingError) -> OutboundError {
    OutboundError::Internal(match error {
        settings::SettingError::Store(error) => internal(&error),
        other => other.to_string(),
    })
}
