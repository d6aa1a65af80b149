//! Businesses whose data is kept apart.

use axum::Json as Answer;
use axum::extract::State;
use http::StatusCode;
use mooring_core::ids::TenantName;
use mooring_core::tenants::{self, TenantChanges};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::audit;
use super::extract::{Json, Listing, Paging, Path};
use super::problem::Problem;
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Time};

/// A tenant.
#[derive(Serialize, ToSchema)]
pub(super) struct Tenant {
    /// 1 to 40 of `a-z`, `0-9` and `-`; never changes.
    name: String,
    /// What people read.
    title: String,
    /// While false, no key of the tenant is taken.
    enabled: bool,
    created_at: Time,
    updated_at: Time,
}

impl From<tenants::Tenant> for Tenant {
    fn from(tenant: tenants::Tenant) -> Tenant {
        Tenant {
            name: tenant.name.to_string(),
            title: tenant.title,
            enabled: !tenant.disabled,
            created_at: tenant.created_at.into(),
            updated_at: tenant.updated_at.into(),
        }
    }
}

/// What a tenant is made from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTenant {
    /// 1 to 40 of `a-z`, `0-9` and `-`.
    name: String,
    /// At most 200 characters.
    #[serde(default)]
    title: String,
}

/// Fields left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename = "TenantChanges", deny_unknown_fields)]
pub(super) struct Changes {
    title: Option<String>,
    enabled: Option<bool>,
}

/// Tenants
#[utoipa::path(
    get, path = "/tenants", tag = "tenants", operation_id = "tenant-list", params(Paging),
    responses((status = 200, description = "A part of them", body = Listed<Tenant>))
)]
pub(super) async fn list(admin: State<Admin>, listing: Listing) -> Result<Answer<Listed<Tenant>>, Problem> {
    let page = listing.page();
    let found = admin.read(move |work| Ok(tenants::list(work, page)?)).await?;
    Ok(Answer(found.into()))
}

/// Make a tenant
#[utoipa::path(
    post, path = "/tenants", tag = "tenants", operation_id = "tenant-create", request_body = NewTenant,
    responses((status = 201, description = "Made", body = Tenant))
)]
pub(super) async fn create(
    admin: State<Admin>,
    Json(new): Json<NewTenant>,
) -> Result<(StatusCode, Answer<Tenant>), Problem> {
    let name = TenantName::parse(&new.name).map_err(|error| Problem::invalid("name", error))?;
    let made = admin.write(move |work| {
        let tenant = tenants::create(work, name.clone(), &new.title)?;
        audit::note(
            work,
            "tenant.create",
            Some(&tenant.to_ref()),
            name.as_str(),
            json!({}),
        )?;
        Ok(tenant)
    });
    Ok((StatusCode::CREATED, Answer(made.await?.into())))
}

/// A tenant
#[utoipa::path(
    get, path = "/tenants/{tenant}", tag = "tenants", operation_id = "tenant-view",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "Found", body = Tenant))
)]
pub(super) async fn view(admin: State<Admin>, Path(name): Path<String>) -> Result<Answer<Tenant>, Problem> {
    let found = admin.read(move |work| {
        let id = find_tenant(work, &name)?.id;
        Ok(tenants::get(work, id)?)
    });
    Ok(Answer(found.await?.into()))
}

/// Change a tenant, or switch it off and on
#[utoipa::path(
    patch, path = "/tenants/{tenant}", tag = "tenants", operation_id = "tenant-update",
    params(("tenant" = String, Path)), request_body = Changes,
    responses((status = 200, description = "As it is now", body = Tenant))
)]
pub(super) async fn update(
    admin: State<Admin>,
    Path(name): Path<String>,
    Json(changes): Json<Changes>,
) -> Result<Answer<Tenant>, Problem> {
    let changed = admin.write(move |work| {
        let tenant = find_tenant(work, &name)?;
        let disabled = changes.enabled.map(|enabled| !enabled);
        let tenant = tenants::update(
            work,
            tenant.id,
            TenantChanges {
                title: changes.title.clone(),
                disabled,
            },
        )?;
        let mut details = serde_json::Map::new();
        details.extend(
            changes
                .title
                .as_ref()
                .map(|title| ("title".to_owned(), json!(title))),
        );
        details.extend(
            changes
                .enabled
                .map(|enabled| ("enabled".to_owned(), json!(enabled))),
        );
        audit::note(
            work,
            "tenant.update",
            Some(&tenant.to_ref()),
            &name,
            details.into(),
        )?;
        Ok(tenant)
    });
    Ok(Answer(changed.await?.into()))
}
