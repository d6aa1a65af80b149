//! API keys of front-ends.

use std::sync::Arc;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use http::StatusCode;
use mooring_core::ids::{KeyId, PluginName};
use mooring_core::keys::{self, KeyError, Minted, Minter, NewKey, Surface};
use mooring_core::users;
use mooring_manifest::Manifest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::audit;
use super::extract::{Json, Listing, Paging, Path};
use super::plugins;
use super::problem::{Code, Problem};
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Time};

/// Longest time that a key can be asked to live, or to overlap with its successor: ten years.
const SECONDS_MAX: u64 = 10 * 366 * 24 * 60 * 60;

/// What is kept of a key. Never the key itself.
#[derive(Serialize, ToSchema)]
pub(super) struct Key {
    id: String,
    tenant: String,
    /// The one plugin whose routes it opens.
    plugin: String,
    /// What it is for.
    label: String,
    scopes: Vec<String>,
    /// The user it acts for.
    user: Option<u64>,
    /// How the key begins, so that people recognise it.
    hint: String,
    created_at: Time,
    /// From when on it is refused.
    expires_at: Option<Time>,
    revoked_at: Option<Time>,
    /// The key that has taken its place.
    rotated_to: Option<String>,
    /// To within a minute.
    last_used_at: Option<Time>,
}

impl Key {
    fn new(key: keys::Key, last_used: Option<Time>) -> Key {
        Key {
            id: key.id.to_string(),
            tenant: key.tenant.name.to_string(),
            plugin: key.plugin.to_string(),
            label: key.label,
            scopes: key.scopes,
            user: key.user.map(|user| user.0),
            hint: key.hint,
            created_at: key.created_at.into(),
            expires_at: key.expires_at.map(Time::from),
            revoked_at: key.revoked_at.map(Time::from),
            rotated_to: key.rotated_to.map(|id| id.to_string()),
            last_used_at: last_used,
        }
    }
}

/// A key that was made just now.
#[derive(Serialize, ToSchema)]
pub(super) struct NewSecret {
    key: Key,
    /// The key itself. It is not stored and cannot be asked for again.
    secret: String,
    /// What requests with it are signed with, where the surface asks for that. It cannot be asked for again either.
    signing_secret: Option<String>,
}

impl From<Minted> for NewSecret {
    fn from(minted: Minted) -> NewSecret {
        NewSecret {
            key: Key::new(minted.key, None),
            secret: minted.secret,
            signing_secret: minted.signing_secret,
        }
    }
}

/// What a key is made from.
#[derive(Deserialize, ToSchema)]
#[serde(rename = "NewKey", deny_unknown_fields)]
pub(super) struct New {
    /// The plugin whose routes it opens.
    plugin: String,
    /// What it is for.
    label: String,
    /// What it may do, as the plugin's manifest declares.
    scopes: Vec<String>,
    /// E-mail address of the user it acts for.
    user: Option<String>,
    /// Absent: it does not expire.
    expires_in_seconds: Option<u64>,
}

/// Which keys to give.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Those of this plugin.
    plugin: Option<String>,
}

/// How a key is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// How long the old key is still taken.
    #[serde(default)]
    overlap_seconds: u64,
}

/// Keys of a tenant
#[utoipa::path(
    get, path = "/tenants/{tenant}/keys", tag = "keys", operation_id = "key-list",
    params(("tenant" = String, Path), Paging, Filter),
    responses((status = 200, description = "A part of them", body = Listed<Key>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    listing: Listing<Filter>,
) -> Result<Answer<Listed<Key>>, Problem> {
    let page = listing.page();
    let plugin = listing.filter.plugin.as_deref().map(plugin_name).transpose()?;
    let found = admin.read(move |work| {
        let tenant = find_tenant(work, &tenant)?;
        let filter = keys::KeyFilter {
            tenant: Some(tenant.id),
            plugin: plugin.clone(),
        };
        let found = keys::list(work, &filter, page)?;
        let mut items = Vec::with_capacity(found.items.len());
        for key in found.items {
            let last_used = keys::last_used(work, &key.id)?;
            items.push(Key::new(key, last_used.map(Time::from)));
        }
        Ok(Listed {
            items,
            total: found.total,
        })
    });
    Ok(Answer(found.await?))
}

/// Make a key
#[utoipa::path(
    post, path = "/tenants/{tenant}/keys", tag = "keys", operation_id = "key-create",
    params(("tenant" = String, Path)), request_body = New,
    responses((status = 201, description = "The only answer that shows the key", body = NewSecret))
)]
pub(super) async fn create(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    Json(new): Json<New>,
) -> Result<(StatusCode, Answer<NewSecret>), Problem> {
    let plugin = plugin_name(&new.plugin)?;
    let manifest = manifest(&admin, &new.plugin)?;
    let lifetime = new
        .expires_in_seconds
        .map(|seconds| span("expires_in_seconds", seconds))
        .transpose()?;
    let master = Arc::clone(&admin.master_keys);
    let minted = admin.write_tenant(tenant, Some(plugin), move |work| {
        let user = match &new.user {
            Some(email) => Some(users::find_by_email(work, email)?.id),
            None => None,
        };
        let wish = NewKey {
            label: new.label.clone(),
            scopes: new.scopes.clone(),
            user,
            expires_at: lifetime.map(|lifetime| work.now().after(lifetime)),
        };
        let minted = keys::mint(work, Surface::of(&manifest), Minter::Operator(&master), wish)
            .map_err(|error| explain(error, &manifest))?;
        let tenant = work.tenant().clone();
        audit::note(
            work,
            "key.create",
            Some(&tenant),
            minted.key.id.as_str(),
            json!({ "plugin": minted.key.plugin.as_str(), "scopes": minted.key.scopes }),
        )?;
        Ok(minted)
    });
    Ok((StatusCode::CREATED, Answer(minted.await?.into())))
}

/// A key
#[utoipa::path(
    get, path = "/keys/{key}", tag = "keys", operation_id = "key-view", params(("key" = String, Path)),
    responses((status = 200, description = "Found", body = Key))
)]
pub(super) async fn view(admin: State<Admin>, Path(id): Path<String>) -> Result<Answer<Key>, Problem> {
    let id = parse(&id)?;
    let found = admin.read(move |work| {
        let last_used = keys::last_used(work, &id)?;
        Ok(Key::new(keys::get(work, &id)?, last_used.map(Time::from)))
    });
    Ok(Answer(found.await?))
}

/// Take a key back, at once and for good
#[utoipa::path(
    delete, path = "/keys/{key}", tag = "keys", operation_id = "key-revoke", params(("key" = String, Path)),
    responses((status = 200, description = "It is refused from now on", body = Key))
)]
pub(super) async fn revoke(admin: State<Admin>, Path(id): Path<String>) -> Result<Answer<Key>, Problem> {
    let id = parse(&id)?;
    let revoked = admin.write(move |work| {
        let key = keys::revoke(work, &id)?;
        audit::note(work, "key.revoke", Some(&key.tenant), id.as_str(), json!({}))?;
        let last_used = keys::last_used(work, &id)?;
        Ok(Key::new(key, last_used.map(Time::from)))
    });
    Ok(Answer(revoked.await?))
}

/// Make a key's successor, with the same rights
#[utoipa::path(
    post, path = "/keys/{key}/rotate", tag = "keys", operation_id = "key-rotate", params(("key" = String, Path)),
    request_body = Rotation,
    responses((status = 201, description = "The only answer that shows the new key", body = NewSecret))
)]
pub(super) async fn rotate(
    admin: State<Admin>,
    Path(id): Path<String>,
    Json(rotation): Json<Rotation>,
) -> Result<(StatusCode, Answer<NewSecret>), Problem> {
    let id = parse(&id)?;
    let overlap = span("overlap_seconds", rotation.overlap_seconds)?;
    let master = Arc::clone(&admin.master_keys);
    let minted = admin.write(move |work| {
        let minted = keys::rotate(work, &master, &id, overlap)?;
        audit::note(
            work,
            "key.rotate",
            Some(&minted.key.tenant),
            id.as_str(),
            json!({ "to": minted.key.id.as_str(), "overlap_seconds": overlap.as_secs() }),
        )?;
        Ok(minted)
    });
    Ok((StatusCode::CREATED, Answer(minted.await?.into())))
}

fn parse(id: &str) -> Result<KeyId, Problem> {
    KeyId::parse(id).map_err(|_| KeyError::NotFound.into())
}

fn plugin_name(name: &str) -> Result<PluginName, Problem> {
    PluginName::parse(name).map_err(|_| plugins::unknown(name))
}

fn manifest(admin: &Admin, plugin: &str) -> Result<Arc<Manifest>, Problem> {
    admin
        .operations
        .manifest(plugin)
        .ok_or_else(|| plugins::unknown(plugin))
}

fn span(field: &str, seconds: u64) -> Result<Duration, Problem> {
    if seconds <= SECONDS_MAX {
        return Ok(Duration::from_secs(seconds));
    }
    Err(Problem::invalid(
        field,
        format!("at most {SECONDS_MAX}, which is ten years."),
    ))
}

/// A scope that is not declared is most often misspelt, so the answer lists those that are.
fn explain(error: KeyError, manifest: &Manifest) -> Problem {
    match error {
        KeyError::UndeclaredScope(scope) => {
            let declared: Vec<&str> = manifest.scopes.iter().map(|scope| scope.name.as_str()).collect();
            let reason = format!(
                "{} has no scope `{scope}`. It has: {}.",
                manifest.name,
                declared.join(", ")
            );
            Problem::invalid("scopes", reason)
        }
        error => error.into(),
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Problem {
        match error {
            KeyError::UnknownUser(user) => Problem::new(Code::NotFound, format!("There is no user {user}.")),
            KeyError::UndeclaredScope(scope) | KeyError::ScopeNotHeld(scope) => {
                Problem::invalid("scopes", format!("`{scope}` cannot be given."))
            }
            KeyError::NotFound => Problem::new(
                Code::NotFound,
                "There is no such key. See those there are: mooring key list --tenant TENANT",
            ),
            KeyError::NotInUse => Problem::new(
                Code::WrongState,
                "The key is expired, revoked or rotated already. Make a new one: mooring key create",
            ),
            KeyError::Invalid(error) => error.into(),
            KeyError::Store(error) => Problem::internal(&error),
            error @ (KeyError::OperatorOnly | KeyError::Seal(_)) => Problem::internal(&error),
        }
    }
}
