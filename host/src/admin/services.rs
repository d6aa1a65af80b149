//! What users are provisioned with.

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::ids::{ServiceId, UserId};
use mooring_core::services::{self, ServiceFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Listing, Paging, Path};
use super::problem::Problem;
use super::state::Admin;
use super::wire::{Listed, Time};

/// A service.
#[derive(Serialize, ToSchema)]
pub(super) struct Service {
    id: String,
    /// Whose it is.
    user: u64,
    status: Status,
    /// While it is suspended.
    suspended_by: Option<Suspender>,
    /// What was sold, in the provider's own words.
    product: String,
    /// A name for people, such as a host name.
    label: String,
    /// The id at whatever runs the service.
    external_ref: Option<String>,
    /// A JSON object, the provider's own.
    #[schema(value_type = Object)]
    metadata: serde_json::Value,
    created_at: Time,
    updated_at: Time,
    terminated_at: Option<Time>,
}

/// Where a service stands.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename = "ServiceStatus", rename_all = "kebab-case")]
pub(super) enum Status {
    Pending,
    Active,
    Suspended,
    Terminated,
}

/// Who suspended a service.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Suspender {
    /// The tenant's owner or staff.
    Operator,
    /// Whose service it is.
    User,
    /// An automatic rule.
    System,
}

impl From<services::Service> for Service {
    fn from(service: services::Service) -> Service {
        Service {
            id: service.id.to_string(),
            user: service.user.0,
            status: service.status.into(),
            suspended_by: service.suspended_by.map(Suspender::from),
            product: service.product,
            label: service.label,
            external_ref: service.external_ref,
            metadata: service.metadata.value(),
            created_at: service.created_at.into(),
            updated_at: service.updated_at.into(),
            terminated_at: service.terminated_at.map(Time::from),
        }
    }
}

impl From<services::Status> for Status {
    fn from(status: services::Status) -> Status {
        match status {
            services::Status::Pending => Status::Pending,
            services::Status::Active => Status::Active,
            services::Status::Suspended => Status::Suspended,
            services::Status::Terminated => Status::Terminated,
        }
    }
}

impl From<Status> for services::Status {
    fn from(status: Status) -> services::Status {
        match status {
            Status::Pending => services::Status::Pending,
            Status::Active => services::Status::Active,
            Status::Suspended => services::Status::Suspended,
            Status::Terminated => services::Status::Terminated,
        }
    }
}

impl From<services::Suspender> for Suspender {
    fn from(suspender: services::Suspender) -> Suspender {
        match suspender {
            services::Suspender::Operator => Suspender::Operator,
            services::Suspender::User => Suspender::User,
            services::Suspender::System => Suspender::System,
        }
    }
}

/// What has happened to a service.
#[derive(Serialize, ToSchema)]
pub(super) struct Transition {
    at: Time,
    from: Status,
    to: Status,
    /// Who suspended it, or lifted the suspension.
    by: Option<Suspender>,
}

impl From<services::Transition> for Transition {
    fn from(transition: services::Transition) -> Transition {
        Transition {
            at: transition.at.into(),
            from: transition.from.into(),
            to: transition.to.into(),
            by: transition.by.map(Suspender::from),
        }
    }
}

/// Which services to give.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Those of this user.
    user: Option<u64>,
    /// Those in this status.
    #[param(inline)]
    status: Option<Status>,
}

/// Services of a tenant
#[utoipa::path(
    get, path = "/tenants/{tenant}/services", tag = "services", operation_id = "service-list",
    params(("tenant" = String, Path), Paging, Filter),
    responses((status = 200, description = "A part of them", body = Listed<Service>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    listing: Listing<Filter>,
) -> Result<Answer<Listed<Service>>, Problem> {
    let page = listing.page();
    let filter = ServiceFilter {
        user: listing.filter.user.map(UserId),
        status: listing.filter.status.map(Into::into),
    };
    let found = admin
        .read_tenant(tenant, move |work| Ok(services::list(work, filter, page)?))
        .await?;
    Ok(Answer(found.into()))
}

/// A service
#[utoipa::path(
    get, path = "/tenants/{tenant}/services/{service}", tag = "services", operation_id = "service-view",
    params(("tenant" = String, Path), ("service" = String, Path)),
    responses((status = 200, description = "Found", body = Service))
)]
pub(super) async fn view(
    admin: State<Admin>,
    Path((tenant, service)): Path<(String, String)>,
) -> Result<Answer<Service>, Problem> {
    let id = parse(&service)?;
    let found = admin
        .read_tenant(tenant, move |work| Ok(services::get(work, &id)?))
        .await?;
    Ok(Answer(found.into()))
}

/// What has happened to a service, oldest first
#[utoipa::path(
    get, path = "/tenants/{tenant}/services/{service}/history", tag = "services", operation_id = "service-history",
    params(("tenant" = String, Path), ("service" = String, Path)),
    responses((status = 200, description = "All of it", body = Listed<Transition>))
)]
pub(super) async fn history(
    admin: State<Admin>,
    Path((tenant, service)): Path<(String, String)>,
) -> Result<Answer<Listed<Transition>>, Problem> {
    let id = parse(&service)?;
    let found = admin
        .read_tenant(tenant, move |work| Ok(services::history(work, &id)?))
        .await?;
    let total = found.len() as u64;
    Ok(Answer(Listed::new(found, total)))
}

fn parse(id: &str) -> Result<ServiceId, Problem> {
    ServiceId::parse(id).map_err(|_| services::ServiceError::NotFound.into())
}
