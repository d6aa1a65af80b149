//! What a user is provisioned with: `pending -> active <-> suspended -> terminated`.

use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField, Problem};

/// Where a service is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Made, not yet usable.
    Pending,
    /// In use.
    Active,
    /// Switched off for now.
    Suspended,
    /// Over, for good.
    Terminated,
}

/// Who suspended a service; only the same party, or the operator, may lift it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspender {
    /// The tenant's owner or staff, also through a billing panel.
    Operator,
    /// The user the service belongs to.
    User,
    /// Dunning, abuse handling and other automatic rules.
    System,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `svc_` and 22 characters.
    pub id: String,
    /// Who has it.
    pub user: u64,
    /// Where it is in its life.
    pub status: Status,
    /// Set while suspended.
    pub suspended_by: Option<Suspender>,
    /// What was sold, in the provider's own words or ids.
    pub product: String,
    /// A name for people, such as a host name.
    pub label: String,
    /// The id at whatever runs the service; unique in the tenant where given.
    pub external_ref: Option<String>,
    /// JSON object.
    pub metadata: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
    /// Milliseconds since the Unix epoch.
    pub updated_at: u64,
    /// Set once terminated; the service stays for billing history.
    pub terminated_at: Option<u64>,
}

/// A service to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewService {
    /// Who gets it.
    pub user: u64,
    /// 0 to 200 characters.
    pub product: String,
    /// 0 to 253 characters.
    pub label: String,
    /// 1 to 200 characters.
    pub external_ref: Option<String>,
    /// JSON object, at most 64 KiB; empty means `{}`.
    pub metadata: String,
}

/// Fields left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceChanges {
    /// New product.
    pub product: Option<String>,
    /// New label.
    pub label: Option<String>,
    /// New external reference.
    pub external_ref: Option<String>,
    /// New metadata, whole.
    pub metadata: Option<String>,
}

/// Which services to list; with both given, both must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    /// Of this user.
    pub user: Option<u64>,
    /// In this status.
    pub status: Option<Status>,
}

/// One line of a service's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// Before.
    pub from: Status,
    /// After.
    pub to: Status,
    /// Who, for suspensions.
    pub by: Option<Suspender>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceError {
    /// No such service.
    NotFound,
    /// The user does not exist.
    UnknownUser(u64),
    /// Another service, whose id is given, has this external reference.
    ExternalRefTaken(String),
    /// The state machine has no such step; the status it is in is given.
    WrongStatus(Status),
    /// Suspended by somebody whom this party may not overrule.
    NotYoursToLift(Suspender),
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Makes a service, `pending`. Not safe to repeat: every call makes one.
pub fn create(service: NewService) -> Result<Service, ServiceError> {
    host!(service_create(service))
}

/// The service with this id.
pub fn get(id: &str) -> Result<Service, ServiceError> {
    host!(service_get(id))
}

/// The service with this id at whatever runs it.
pub fn find_by_external_ref(external_ref: &str) -> Result<Service, ServiceError> {
    host!(service_find_by_external_ref(external_ref))
}

/// Services by user and status; the total is exact.
pub fn list(filter: ServiceFilter, page: Page) -> Result<List<Service>, ServiceError> {
    host!(service_list(filter, page))
}

/// Changes a service, also a terminated one. Repeating it is safe.
pub fn update(id: &str, changes: ServiceChanges) -> Result<Service, ServiceError> {
    host!(service_update(id, changes))
}

/// `pending` to `active`; an active one stays so. A suspended one stays suspended and becomes active when lifted.
pub fn activate(id: &str) -> Result<Service, ServiceError> {
    host!(service_activate(id))
}

/// `pending` or `active` to `suspended`. Already suspended: no change, except that the operator takes over a
/// suspension by the user.
pub fn suspend(id: &str, by: Suspender) -> Result<Service, ServiceError> {
    host!(service_suspend(id, by))
}

/// Back to what it was before it was suspended; not suspended: no change.
pub fn unsuspend(id: &str, by: Suspender) -> Result<Service, ServiceError> {
    host!(service_unsuspend(id, by))
}

/// From any status, for good. Already terminated: no change.
pub fn terminate(id: &str) -> Result<Service, ServiceError> {
    host!(service_terminate(id))
}

/// What happened to it, oldest first.
pub fn history(id: &str) -> Result<Vec<Transition>, ServiceError> {
    host!(service_history(id))
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Problem {
        match error {
            ServiceError::NotFound => Problem::NotFound,
            ServiceError::UnknownUser(_) => Problem::invalid("user", "does not exist"),
            ServiceError::ExternalRefTaken(_) => {
                Problem::Conflict("another service has this reference".to_owned())
            }
            ServiceError::WrongStatus(status) => {
                Problem::Conflict(format!("the service is {}", status.as_str()))
            }
            ServiceError::NotYoursToLift(_) => Problem::Conflict("suspended by somebody else".to_owned()),
            ServiceError::Invalid(invalid) => Problem::Invalid(invalid),
            ServiceError::Denied(denial) => Problem::Denied(denial),
            ServiceError::Internal(why) => Problem::Internal(why),
        }
    }
}

impl Status {
    /// In lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Active => "active",
            Status::Suspended => "suspended",
            Status::Terminated => "terminated",
        }
    }
}
