//! Customer and operator accounts of a tenant.

use axum::Json as Answer;
use axum::extract::State;
use http::StatusCode;
use mooring_core::ids::UserId;
use mooring_core::users::{self, NewUser};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::audit;
use super::extract::{Json, Listing, Paging, Path};
use super::problem::Problem;
use super::state::Admin;
use super::wire::{Listed, Time};

/// A user.
#[derive(Serialize, ToSchema)]
pub(super) struct User {
    /// 1, 2, 3 … within the tenant.
    id: u64,
    email: String,
    name: String,
    /// Free text of the provider.
    role: String,
    /// The provider's own id.
    external_ref: Option<String>,
    /// A JSON object, the provider's own.
    #[schema(value_type = Object)]
    metadata: serde_json::Value,
    has_password: bool,
    created_at: Time,
    updated_at: Time,
}

impl From<users::User> for User {
    fn from(user: users::User) -> User {
        User {
            has_password: user.has_password(),
            id: user.id.0,
            email: user.email,
            name: user.name,
            role: user.role,
            external_ref: user.external_ref,
            metadata: user.metadata.value(),
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
        }
    }
}

/// What a user is made from.
#[derive(Deserialize, ToSchema)]
#[serde(rename = "NewUser", deny_unknown_fields)]
pub(super) struct New {
    email: String,
    #[serde(default)]
    name: String,
    /// `customer` unless given.
    role: Option<String>,
    /// 8 to 200 characters.
    password: Option<String>,
    external_ref: Option<String>,
}

/// Users of a tenant
#[utoipa::path(
    get, path = "/tenants/{tenant}/users", tag = "users", operation_id = "user-list",
    params(("tenant" = String, Path), Paging),
    responses((status = 200, description = "A part of them", body = Listed<User>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    listing: Listing,
) -> Result<Answer<Listed<User>>, Problem> {
    let page = listing.page();
    let found = admin
        .read_tenant(tenant, move |work| Ok(users::list(work, page)?))
        .await?;
    Ok(Answer(found.into()))
}

/// Make a user
#[utoipa::path(
    post, path = "/tenants/{tenant}/users", tag = "users", operation_id = "user-create",
    params(("tenant" = String, Path)), request_body = New,
    responses((status = 201, description = "Made", body = User))
)]
pub(super) async fn create(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    Json(new): Json<New>,
) -> Result<(StatusCode, Answer<User>), Problem> {
    let made = admin.write_tenant(tenant, None, move |work| {
        let user = NewUser {
            email: new.email.clone(),
            name: new.name.clone(),
            role: new.role.clone(),
            password: new.password.clone(),
            external_ref: new.external_ref.clone(),
            metadata: String::new(),
        };
        let user = users::create(work, user)?;
        let tenant = work.tenant().clone();
        audit::note(
            work,
            "user.create",
            Some(&tenant),
            &user.id.to_string(),
            json!({ "role": user.role }),
        )?;
        Ok(user)
    });
    Ok((StatusCode::CREATED, Answer(made.await?.into())))
}

/// A user
#[utoipa::path(
    get, path = "/tenants/{tenant}/users/{user}", tag = "users", operation_id = "user-view",
    params(("tenant" = String, Path), ("user" = u64, Path)),
    responses((status = 200, description = "Found", body = User))
)]
pub(super) async fn view(
    admin: State<Admin>,
    Path((tenant, user)): Path<(String, u64)>,
) -> Result<Answer<User>, Problem> {
    let found = admin
        .read_tenant(tenant, move |work| Ok(users::get(work, UserId(user))?))
        .await?;
    Ok(Answer(found.into()))
}
