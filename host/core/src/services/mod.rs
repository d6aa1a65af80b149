//! Services: what a user is provisioned with, `pending -> active <-> suspended -> terminated`.
//!
//! Which steps there are is in `steps`; this file stores them and keeps the history.

mod steps;

use mooring_store::{
    Document, Documents, IndexEntries, KeyBuilder, KeyRange, KeySpace, Selection, StoreError,
};
use serde::{Deserialize, Serialize};

use self::steps::Action;
pub use self::steps::{Status, Suspender};
use crate::check::{self, InvalidField, chars};
use crate::ids::{ServiceId, UserId};
use crate::json::Json;
use crate::layout;
use crate::page::{Listing, Page};
use crate::time::Timestamp;
use crate::users;
use crate::work::Work;

const EXTERNAL_REF: &str = "external-ref";
const USER: &str = "user";
const STATUS: &str = "status";
const USER_STATUS: &str = "user-status";

/// Lines of a history that are given; a service that changed hands more often than this is in a loop.
const HISTORY_MAX: usize = 10_000;

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// `svc_` and 22 characters.
    pub id: ServiceId,
    /// Whose it is.
    pub user: UserId,
    /// Where it stands.
    pub status: Status,
    /// Set while suspended.
    pub suspended_by: Option<Suspender>,
    /// What was sold, in the provider's own words or ids; 0 to 200 characters.
    pub product: String,
    /// A name for people, such as a host name; 0 to 253 characters.
    pub label: String,
    /// The id at whatever runs the service; unique in the tenant where given.
    pub external_ref: Option<String>,
    /// JSON object.
    pub metadata: Json,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Set once terminated; the service stays for billing history.
    pub terminated_at: Option<Timestamp>,
    /// What it becomes when the suspension is lifted. Set while suspended.
    resumes_as: Option<Status>,
    /// Lines of its history.
    transitions: u64,
    ordinal: u64,
}

/// What a service is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewService {
    /// Whose it is.
    pub user: UserId,
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
    /// As in [`NewService`].
    pub product: Option<String>,
    /// As in [`NewService`].
    pub label: Option<String>,
    /// As in [`NewService`].
    pub external_ref: Option<String>,
    /// As in [`NewService`].
    pub metadata: Option<String>,
}

/// Which services to list; what is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    /// Those of one user.
    pub user: Option<UserId>,
    /// Those in one status.
    pub status: Option<Status>,
}

/// One line of a service's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// What it was.
    pub from: Status,
    /// What it became.
    pub to: Status,
    /// Who suspended it, or lifted the suspension.
    pub by: Option<Suspender>,
}

/// Why a service was not made, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The tenant has no such service.
    #[error("there is no such service")]
    NotFound,
    /// The tenant has no such user.
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    /// Another service, whose id is given, has this external reference.
    #[error("the external reference is taken by service {0}")]
    ExternalRefTaken(ServiceId),
    /// The state machine has no such step; the status it is in is given.
    #[error("the service is {0}")]
    WrongStatus(Status),
    /// Suspended by somebody whom this party may not overrule.
    #[error("the service was suspended by {0}")]
    NotYoursToLift(Suspender),
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Makes a service; it starts as pending. Not safe to repeat: every call makes one.
pub fn create(work: &mut Work, new: NewService) -> Result<Service, ServiceError> {
    check_product(&new.product)?;
    check_label(&new.label)?;
    if let Some(external_ref) = &new.external_ref {
        check_external_ref(external_ref)?;
    }
    let metadata = check::object_or_empty("metadata", &new.metadata)?;
    if !users::exists(work, new.user)? {
        return Err(ServiceError::UnknownUser(new.user));
    }
    refuse_taken(work, None, new.external_ref.as_deref())?;
    let now = work.now();
    let id = ServiceId::draw(&mut work.rng, now);
    let ordinal = work.next_ordinal(&layout::tenant_key(layout::SERVICES, work.tenant().id).build())?;
    let service = Service {
        id,
        user: new.user,
        status: Status::Pending,
        suspended_by: None,
        product: new.product,
        label: new.label,
        external_ref: new.external_ref,
        metadata,
        created_at: now,
        updated_at: now,
        terminated_at: None,
        resumes_as: None,
        transitions: 0,
        ordinal,
    };
    services(work)
        .insert(&mut work.transaction, &service)
        .map_err(layout::checked_before)?;
    Ok(service)
}

/// The service with this id.
pub fn get(work: &mut Work, id: &ServiceId) -> Result<Service, ServiceError> {
    services(work)
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(ServiceError::NotFound)
}

/// The service with this external reference.
pub fn find_by_external_ref(work: &mut Work, external_ref: &str) -> Result<Service, ServiceError> {
    find_unique(work, external_ref)?.ok_or(ServiceError::NotFound)
}

/// The tenant's services, or those that fit the filter.
pub fn list(work: &mut Work, filter: ServiceFilter, page: Page) -> Result<Listing<Service>, ServiceError> {
    check::page(page)?;
    let (index, value) = match (filter.user, filter.status) {
        (None, None) => ("", Vec::new()),
        (Some(user), None) => (USER, user_value(user)),
        (None, Some(status)) => (STATUS, status_value(status)),
        (Some(user), Some(status)) => (USER_STATUS, user_status_value(user, status)),
    };
    let selection = if index.is_empty() {
        Selection::All
    } else {
        Selection::Listed { index, value: &value }
    };
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = services(work).page(&mut work.transaction, selection, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

/// Changes what is said about a service. Repeating it is safe. Terminated services may still be updated.
pub fn update(work: &mut Work, id: &ServiceId, changes: ServiceChanges) -> Result<Service, ServiceError> {
    let before = get(work, id)?;
    let mut service = before.clone();
    if let Some(product) = changes.product {
        check_product(&product)?;
        service.product = product;
    }
    if let Some(label) = changes.label {
        check_label(&label)?;
        service.label = label;
    }
    if let Some(external_ref) = changes.external_ref {
        check_external_ref(&external_ref)?;
        service.external_ref = Some(external_ref);
    }
    if let Some(metadata) = &changes.metadata {
        service.metadata = check::object_or_empty("metadata", metadata)?;
    }
    refuse_taken(work, Some(id), service.external_ref.as_deref())?;
    save(work, &before, service)
}

/// `pending` to `active`; an active one stays so. A suspended one stays suspended and becomes active when lifted.
pub fn activate(work: &mut Work, id: &ServiceId) -> Result<Service, ServiceError> {
    step(work, id, Action::Activate)
}

/// `pending` or `active` to `suspended`. Already suspended: no change, except that the operator takes over a suspension
/// by the user.
pub fn suspend(work: &mut Work, id: &ServiceId, by: Suspender) -> Result<Service, ServiceError> {
    step(work, id, Action::Suspend(by))
}

/// Back to what it was before it was suspended; not suspended: no change.
pub fn unsuspend(work: &mut Work, id: &ServiceId, by: Suspender) -> Result<Service, ServiceError> {
    step(work, id, Action::Unsuspend(by))
}

/// From any status, for good. Already terminated: no change.
pub fn terminate(work: &mut Work, id: &ServiceId) -> Result<Service, ServiceError> {
    step(work, id, Action::Terminate)
}

/// What has happened to a service, oldest first.
pub fn history(work: &mut Work, id: &ServiceId) -> Result<Vec<Transition>, ServiceError> {
    get(work, id)?;
    let range = KeyRange::prefix(history_key(work, id).build());
    let rows = work
        .transaction
        .scan(range, mooring_store::Order::Ascending, HISTORY_MAX)?;
    rows.iter()
        .map(|(key, value)| Ok(layout::from_json(key, value)?))
        .collect()
}

fn step(work: &mut Work, id: &ServiceId, action: Action) -> Result<Service, ServiceError> {
    let before = get(work, id)?;
    let state = before.state().after(action)?;
    let mut service = before.clone();
    service.status = state.status;
    service.suspended_by = state.suspended_by;
    service.resumes_as = state.resumes_as;
    if before.terminated_at.is_none() && service.status == Status::Terminated {
        service.terminated_at = Some(work.now());
    }
    if (service.status, service.suspended_by) != (before.status, before.suspended_by) {
        let transition = Transition {
            at: work.now(),
            from: before.status,
            to: service.status,
            by: action.by(),
        };
        let key = history_key(work, id).number(service.transitions).build();
        layout::put_json(&mut work.transaction, key, &transition)?;
        service.transitions += 1;
    }
    save(work, &before, service)
}

fn save(work: &mut Work, before: &Service, mut service: Service) -> Result<Service, ServiceError> {
    if service != *before {
        service.updated_at = work.now();
        services(work)
            .replace(&mut work.transaction, &service)
            .map_err(layout::checked_before)?;
    }
    Ok(service)
}

fn check_product(product: &str) -> Result<(), InvalidField> {
    check::text("product", product, chars(0, 200))
}

fn check_label(label: &str) -> Result<(), InvalidField> {
    check::text("label", label, chars(0, 253))
}

fn check_external_ref(external_ref: &str) -> Result<(), InvalidField> {
    check::text("external-ref", external_ref, chars(1, 200))
}

fn refuse_taken(
    work: &mut Work,
    own: Option<&ServiceId>,
    external_ref: Option<&str>,
) -> Result<(), ServiceError> {
    if let Some(external_ref) = external_ref
        && let Some(other) = find_unique(work, external_ref)?
        && Some(&other.id) != own
    {
        return Err(ServiceError::ExternalRefTaken(other.id));
    }
    Ok(())
}

fn find_unique(work: &mut Work, external_ref: &str) -> Result<Option<Service>, StoreError> {
    services(work).find_unique(&mut work.transaction, EXTERNAL_REF, external_ref.as_bytes())
}

fn services(work: &Work) -> Documents<Service> {
    Documents::new(layout::SERVICES, layout::tenant_scope(work.tenant().id))
}

fn history_key(work: &Work, id: &ServiceId) -> KeyBuilder {
    layout::tenant_key(layout::SERVICE_HISTORY, work.tenant().id).string(id.as_str())
}

fn user_value(user: UserId) -> Vec<u8> {
    user.to_string().into_bytes()
}

fn status_value(status: Status) -> Vec<u8> {
    status.as_str().as_bytes().to_vec()
}

fn user_status_value(user: UserId, status: Status) -> Vec<u8> {
    format!("{user} {status}").into_bytes()
}

impl Document for Service {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        let external_ref = self.external_ref.iter();
        IndexEntries {
            unique: external_ref
                .map(|text| (EXTERNAL_REF.to_owned(), text.as_bytes().to_vec()))
                .collect(),
            listed: vec![
                (USER.to_owned(), user_value(self.user)),
                (STATUS.to_owned(), status_value(self.status)),
                (USER_STATUS.to_owned(), user_status_value(self.user, self.status)),
            ],
        }
    }
}

#[cfg(test)]
mod tests;
