//! The state machine of a service, by itself: no store, no clock.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Service, ServiceError};

/// Where a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Sold, not yet running.
    Pending,
    /// Running.
    Active,
    /// Switched off; can come back.
    Suspended,
    /// Gone for good.
    Terminated,
}

/// Who suspended a service; only the same party, or the operator, may lift it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suspender {
    /// The tenant's owner or staff, also through a billing panel.
    Operator,
    /// The user the service belongs to.
    User,
    /// Dunning, abuse handling and other automatic rules.
    System,
}

impl Status {
    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Active => "active",
            Status::Suspended => "suspended",
            Status::Terminated => "terminated",
        }
    }
}

impl Suspender {
    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Suspender::Operator => "operator",
            Suspender::User => "user",
            Suspender::System => "system",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Suspender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can be asked of a service.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Activate,
    Suspend(Suspender),
    Unsuspend(Suspender),
    Terminate,
}

impl Action {
    pub(super) fn by(self) -> Option<Suspender> {
        match self {
            Action::Suspend(by) | Action::Unsuspend(by) => Some(by),
            Action::Activate | Action::Terminate => None,
        }
    }
}

/// The part of a service that the machine is about. The options are set exactly while suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) status: Status,
    pub(super) suspended_by: Option<Suspender>,
    pub(super) resumes_as: Option<Status>,
}

impl Service {
    pub(super) fn state(&self) -> State {
        State {
            status: self.status,
            suspended_by: self.suspended_by,
            resumes_as: self.resumes_as,
        }
    }
}

impl State {
    const fn running(status: Status) -> State {
        State {
            status,
            suspended_by: None,
            resumes_as: None,
        }
    }

    /// The state behind a step; the same one where the step changes nothing.
    pub(super) fn after(self, action: Action) -> Result<State, ServiceError> {
        let suspended_by = self.suspended_by;
        match (self.status, action) {
            (Status::Terminated, Action::Activate | Action::Suspend(_)) => {
                Err(ServiceError::WrongStatus(self.status))
            }
            (Status::Suspended, Action::Suspend(Suspender::Operator))
                if suspended_by == Some(Suspender::User) =>
            {
                Ok(State {
                    suspended_by: Some(Suspender::Operator),
                    ..self
                })
            }

            (Status::Terminated, Action::Terminate | Action::Unsuspend(_))
            | (Status::Suspended, Action::Suspend(_))
            | (Status::Active, Action::Activate)
            | (Status::Pending | Status::Active, Action::Unsuspend(_)) => Ok(self),

            (Status::Pending, Action::Activate) => Ok(State::running(Status::Active)),
            (Status::Suspended, Action::Activate) => Ok(State {
                resumes_as: Some(Status::Active),
                ..self
            }),

            (Status::Pending | Status::Active, Action::Suspend(by)) => Ok(State {
                status: Status::Suspended,
                suspended_by: Some(by),
                resumes_as: Some(self.status),
            }),

            (Status::Suspended, Action::Unsuspend(by)) => match suspended_by {
                Some(other) if other != by && by != Suspender::Operator => {
                    Err(ServiceError::NotYoursToLift(other))
                }
                _ => Ok(State::running(self.resumes_as.unwrap_or(Status::Active))),
            },

            (Status::Pending | Status::Active | Status::Suspended, Action::Terminate) => {
                Ok(State::running(Status::Terminated))
            }
        }
    }
}
