//! The plugins that answer: list, load, remove, look into, measure.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mooring_manifest::Manifest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ACTOR;
use super::extract::{Component, Path, Query};
use super::operations::{AddPlugin, Grants, Inspection, LoadError, PluginStatus, RouteUsage};
use super::problem::{Code, Problem};
use super::state::Admin;
use super::wire::Listed;

/// A plugin that answers now.
#[derive(Serialize, ToSchema)]
pub(super) struct Plugin {
    name: String,
    version: String,
    /// The world of the contract that it implements: `provider` serves an API, `gateway` moves the money of payments.
    world: &'static str,
    /// SHA-256 of the component.
    digest: String,
    /// Where it answers.
    prefix: String,
    /// The one host name that it answers under; null means every one.
    host: Option<String>,
    /// What it may import; `*` for everything.
    grants: Vec<String>,
    /// What it does import, of what can be granted.
    imports: Vec<String>,
    routes: Vec<Route>,
}

/// A route of a plugin.
#[derive(Serialize, ToSchema)]
pub(super) struct Route {
    name: String,
    method: String,
    /// Below the mount.
    path: String,
}

impl From<PluginStatus> for Plugin {
    fn from(plugin: PluginStatus) -> Plugin {
        let routes = plugin.routes.into_iter();
        let route = |route: super::operations::RouteStatus| Route {
            name: route.name,
            method: route.method,
            path: route.path,
        };
        Plugin {
            name: plugin.name,
            version: plugin.version,
            world: plugin.world,
            digest: plugin.digest,
            prefix: plugin.prefix,
            host: plugin.host,
            grants: plugin.grants,
            imports: plugin.imports,
            routes: routes.map(route).collect(),
        }
    }
}

/// What a component is and asks for.
#[derive(Serialize, ToSchema)]
#[schema(as = Inspection)]
pub(super) struct Inspected {
    /// SHA-256 of the component.
    digest: String,
    /// Bytes.
    size: u64,
    /// Of the SDK that built it, where it says so.
    sdk_version: Option<String>,
    /// The world of the contract that it implements: `provider` or `gateway`.
    world: &'static str,
    /// What it must be granted.
    imports: Vec<String>,
    /// Imports that this host does not have; with any, it cannot be loaded.
    refused_imports: Vec<String>,
    /// As the component gives it; null where it cannot run here.
    #[schema(value_type = Option<Object>)]
    manifest: Option<Manifest>,
}

impl From<Inspection> for Inspected {
    fn from(inspection: Inspection) -> Inspected {
        let Inspection {
            manifest,
            world,
            imports,
            refused_imports,
            digest,
            size,
            sdk_version,
        } = inspection;
        Inspected {
            digest,
            size,
            sdk_version,
            world,
            imports,
            refused_imports,
            manifest,
        }
    }
}

/// What one route has cost since the plugin was loaded.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteUsage)]
pub(super) struct Usage {
    /// `-` for jobs and for requests without a route.
    route: String,
    /// Calls that reached the plugin.
    calls: u64,
    /// Those that the plugin failed: traps, deadlines, limits.
    failures: u64,
    /// Units, roughly instructions.
    fuel: u64,
    /// Calls of imported functions.
    host_calls: u64,
    /// Bytes written to the store.
    bytes_written: u64,
    /// Runs thrown away because another transaction won.
    reruns: u64,
}

impl From<RouteUsage> for Usage {
    fn from(sums: RouteUsage) -> Usage {
        let RouteUsage {
            route,
            calls,
            failures,
            fuel,
            host_calls,
            bytes_written,
            reruns,
        } = sums;
        Usage {
            route,
            calls,
            failures,
            fuel,
            host_calls,
            bytes_written,
            reruns,
        }
    }
}

/// How to mount a component.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AddQuery {
    /// Load this bundled plugin, and send no body.
    bundled: Option<String>,
    /// Instead of the manifest's name.
    name: Option<String>,
    /// Path prefix, such as `/paymenter`; absent means `/NAME`, or with `host` everything.
    prefix: Option<String>,
    /// The one host name that it answers under; absent means every one.
    host: Option<String>,
    /// What it may import, separated by commas, or `*` for all.
    #[param(example = "users,ledger")]
    #[serde(default)]
    grant: String,
}

/// Plugins that answer now
#[utoipa::path(
    get, path = "/plugins", tag = "plugins", operation_id = "plugin-list",
    responses((status = 200, description = "By name", body = Listed<Plugin>))
)]
pub(super) async fn list(admin: State<Admin>) -> Json<Listed<Plugin>> {
    let plugins = admin.operations.plugins();
    let total = plugins.len() as u64;
    Json(Listed::new(plugins, total))
}

/// Load a plugin, or replace it
///
/// The body is the component. A plugin of the same name is replaced without losing a request.
#[utoipa::path(
    post, path = "/plugins", tag = "plugins", operation_id = "plugin-add", params(AddQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "Empty with `bundled`"),
    responses((status = 201, description = "It answers", body = Plugin))
)]
pub(super) async fn add(
    admin: State<Admin>,
    Query(query): Query<AddQuery>,
    Component(body): Component,
) -> Result<(StatusCode, Json<Plugin>), Problem> {
    let plugin = AddPlugin {
        bytes: component(&admin, query.bundled, body.into()).await?,
        name: query.name,
        prefix: query.prefix,
        host: query.host,
        grants: parse_grants(&query.grant),
        actor: ACTOR,
    };
    let status = admin.operations.add(plugin).await.map_err(refusal)?;
    Ok((StatusCode::CREATED, Json(status.into())))
}

/// A plugin
#[utoipa::path(
    get, path = "/plugins/{plugin}", tag = "plugins", operation_id = "plugin-view",
    params(("plugin" = String, Path)),
    responses((status = 200, description = "It answers", body = Plugin))
)]
pub(super) async fn view(admin: State<Admin>, Path(name): Path<String>) -> Result<Json<Plugin>, Problem> {
    find(&admin, &name).map(|plugin| Json(plugin.into()))
}

/// Remove a plugin
///
/// Requests in flight are finished. What the plugin has stored stays, and is there again when it is loaded again.
#[utoipa::path(
    delete, path = "/plugins/{plugin}", tag = "plugins", operation_id = "plugin-remove",
    params(("plugin" = String, Path)),
    responses((status = 204, description = "It does not answer any more"))
)]
pub(super) async fn remove(admin: State<Admin>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    admin.operations.remove(&name, ACTOR).await.map_err(refusal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The manifest of a plugin
#[utoipa::path(
    get, path = "/plugins/{plugin}/manifest", tag = "plugins", operation_id = "plugin-manifest",
    params(("plugin" = String, Path)),
    responses((status = 200, description = "As the component gives it", body = Object))
)]
pub(super) async fn manifest(
    admin: State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<Manifest>, Problem> {
    let manifest = admin.operations.manifest(&name).ok_or_else(|| unknown(&name))?;
    Ok(Json(Manifest::clone(&manifest)))
}

/// What the routes of a plugin have cost since it was loaded
#[utoipa::path(
    get, path = "/plugins/{plugin}/usage", tag = "plugins", operation_id = "plugin-usage",
    params(("plugin" = String, Path)),
    responses((status = 200, description = "By route", body = Listed<Usage>))
)]
pub(super) async fn usage(
    admin: State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<Listed<Usage>>, Problem> {
    let usage = find(&admin, &name)?.usage;
    let total = usage.len() as u64;
    Ok(Json(Listed::new(usage, total)))
}

/// Which component to look into.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct InspectQuery {
    /// Look into this bundled plugin, and send no body.
    bundled: Option<String>,
}

/// Look into a component without loading it
#[utoipa::path(
    post, path = "/inspections", tag = "plugins", operation_id = "plugin-inspect", params(InspectQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "Empty with `bundled`"),
    responses((status = 200, description = "What it is and asks for", body = Inspected))
)]
pub(super) async fn inspect(
    admin: State<Admin>,
    Query(query): Query<InspectQuery>,
    Component(body): Component,
) -> Result<Json<Inspected>, Problem> {
    let bytes = component(&admin, query.bundled, body.into()).await?;
    let inspection = admin.operations.inspect(bytes).await.map_err(refusal)?;
    Ok(Json(inspection.into()))
}

/// The component that a request brings, or names.
async fn component(admin: &Admin, bundled: Option<String>, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let malformed = |detail| Err(Problem::new(Code::Malformed, detail));
    match (bundled, body.is_empty()) {
        (None, false) => Ok(body),
        (None, true) => malformed("Send the component as the body, or name a `bundled` one."),
        (Some(_), false) => malformed("Send a body or `bundled`, not both."),
        (Some(name), true) => read_bundled(admin, name).await,
    }
}

async fn read_bundled(admin: &Admin, name: String) -> Result<Vec<u8>, Problem> {
    let bundled = admin.bundled.clone();
    let wanted = name.clone();
    let read = move || Ok::<_, std::io::Error>((bundled.read(&wanted)?, bundled.names()?));
    let (bytes, names) = admin
        .blocking(read)
        .await?
        .map_err(|error| Problem::internal(&error))?;
    bytes.ok_or_else(|| {
        let known = if names.is_empty() {
            "none".into()
        } else {
            names.join(", ")
        };
        let folder = admin.bundled.folder().display();
        Problem::new(
            Code::NotFound,
            format!("No plugin `{name}` is bundled in {folder}. There are: {known}."),
        )
    })
}

fn parse_grants(list: &str) -> Grants {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    if names.iter().any(|name| name == "*") {
        Grants::All
    } else {
        Grants::Only(names)
    }
}

fn find(admin: &Admin, name: &str) -> Result<PluginStatus, Problem> {
    let mut plugins = admin.operations.plugins().into_iter();
    plugins
        .find(|plugin| plugin.name == name)
        .ok_or_else(|| unknown(name))
}

pub(super) fn unknown(name: &str) -> Problem {
    Problem::not_found("plugin", name, "mooring plugin list")
}

fn refusal(error: LoadError) -> Problem {
    match error {
        LoadError::NotFound(name) => unknown(&name),
        LoadError::Refused(reason) => Problem::new(Code::PluginRefused, reason),
        LoadError::NotGranted(reason) => Problem::new(Code::NotGranted, reason),
        LoadError::MountTaken(reason) => Problem::new(Code::Conflict, reason),
        LoadError::Invalid { field, reason } => Problem::invalid(field, reason),
        LoadError::Internal(error) => Problem::internal(&*error),
    }
}
