//! The plugins that answer: list, load, remove, look into, measure.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Component, Path, Query};
use super::operations::{AddPlugin, Grants, Inspection, LoadError, PluginStatus, RouteStatus};
use super::problem::{Body as ProblemBody, Code, Problem};
use super::state::Admin;
use super::wire::Listed;

/// A plugin that answers now.
#[derive(Serialize, ToSchema)]
pub(super) struct Plugin {
    name: String,
    version: String,
    /// SHA-256 of the component.
    digest: String,
    /// Path prefix on every host name.
    prefix: Option<String>,
    /// Host name that is all the plugin's.
    host: Option<String>,
    /// What it may import.
    grants: Vec<String>,
    /// What it does import.
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
        Plugin {
            name: plugin.name,
            version: plugin.version,
            digest: plugin.digest,
            prefix: plugin.prefix,
            host: plugin.host,
            grants: plugin.grants,
            imports: plugin.imports,
            routes: routes
                .map(|route| Route {
                    name: route.name,
                    method: route.method,
                    path: route.path,
                })
                .collect(),
        }
    }
}

/// What a component is and asks for.
#[derive(Serialize, ToSchema)]
#[schema(as = Inspection)]
pub(super) struct Inspected {
    name: String,
    version: String,
    summary: String,
    digest: String,
    /// Bytes.
    size: u64,
    /// Of the SDK that built it, where it says so.
    sdk_version: Option<String>,
    /// Interfaces of `mooring:plugin` that it imports: what it must be granted.
    imports: Vec<String>,
    /// Imports that this host does not have; with any, it cannot be loaded.
    refused_imports: Vec<String>,
    /// The manifest as the component gives it.
    manifest: serde_json::Value,
}

/// What one route has cost since the host started.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteUsage)]
pub(super) struct Usage {
    route: String,
    /// Requests that reached the plugin.
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

impl From<RouteStatus> for Usage {
    fn from(route: RouteStatus) -> Usage {
        Usage {
            route: route.name,
            calls: route.calls,
            failures: route.failures,
            fuel: route.usage.fuel,
            host_calls: route.usage.host_calls,
            bytes_written: route.usage.bytes_written,
            reruns: route.usage.reruns.into(),
        }
    }
}

/// How to mount a component.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AddQuery {
    /// Load this bundled plugin, and send no body.
    bundled: Option<String>,
    /// Instead of the manifest's name.
    name: Option<String>,
    /// Path prefix, such as `/paymenter`; absent means `/NAME`, unless `host` is given.
    prefix: Option<String>,
    /// Host name that is all the plugin's.
    host: Option<String>,
    /// What it may import, separated by commas, or `*` for all.
    #[param(example = "users,ledger")]
    #[serde(default)]
    grant: String,
}

/// Plugins that answer now
#[utoipa::path(get, path = "/plugins", tag = "plugins", responses((status = 200, body = Listed<Plugin>)))]
pub(super) async fn list(admin: State<Admin>) -> Json<Listed<Plugin>> {
    let plugins = admin.operations.plugins();
    let total = plugins.len() as u64;
    Json(Listed::new(plugins, total))
}

/// Load a plugin, or replace it
///
/// The body is the component. A plugin of the same name is replaced without losing a request.
#[utoipa::path(
    post, path = "/plugins", tag = "plugins", params(AddQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component; empty with `bundled`"),
    responses(
        (status = 201, body = Plugin),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "`not-granted`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "`conflict`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`plugin-refused`"),
    )
)]
pub(super) async fn add(
    admin: State<Admin>,
    Query(query): Query<AddQuery>,
    Component(body): Component,
) -> Result<(StatusCode, Json<Plugin>), Problem> {
    let source = query.bundled.clone();
    let bytes = component(&admin, query.bundled, body.into()).await?;
    let plugin = AddPlugin {
        bytes,
        name: query.name,
        prefix: query.prefix,
        host: query.host,
        grants: parse_grants(&query.grant),
    };
    match admin.operations.add(plugin).await {
        Ok(status) => Ok((StatusCode::CREATED, Json(status.into()))),
        Err(error) => Err(refusal(error, source.as_deref())),
    }
}

/// A plugin
#[utoipa::path(
    get, path = "/plugins/{plugin}", tag = "plugins", params(("plugin" = String, Path)),
    responses((status = 200, body = Plugin))
)]
pub(super) async fn view(admin: State<Admin>, Path(name): Path<String>) -> Result<Json<Plugin>, Problem> {
    find(&admin, &name).map(|plugin| Json(plugin.into()))
}

/// Remove a plugin
///
/// Requests in flight are finished. What the plugin has stored stays, and is there again when it is loaded again.
#[utoipa::path(
    delete, path = "/plugins/{plugin}", tag = "plugins", params(("plugin" = String, Path)),
    responses((status = 204))
)]
pub(super) async fn remove(admin: State<Admin>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    admin
        .operations
        .remove(&name)
        .await
        .map_err(|error| refusal(error, None))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The manifest of a plugin
#[utoipa::path(
    get, path = "/plugins/{plugin}/manifest", tag = "plugins", params(("plugin" = String, Path)),
    responses((status = 200, body = serde_json::Value, description = "As the component gives it"))
)]
pub(super) async fn manifest(
    admin: State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<serde_json::Value>, Problem> {
    let manifest = admin.operations.manifest(&name).ok_or_else(|| unknown(&name))?;
    Ok(Json(
        serde_json::to_value(&*manifest).expect("a manifest is JSON"),
    ))
}

/// What the routes of a plugin have cost since the host started
#[utoipa::path(
    get, path = "/plugins/{plugin}/usage", tag = "plugins", params(("plugin" = String, Path)),
    responses((status = 200, body = Listed<Usage>))
)]
pub(super) async fn usage(
    admin: State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<Listed<Usage>>, Problem> {
    let routes = find(&admin, &name)?.routes;
    let total = routes.len() as u64;
    Ok(Json(Listed::new(routes, total)))
}

/// Which component to look into.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct InspectQuery {
    /// Look into this bundled plugin, and send no body.
    bundled: Option<String>,
}

/// Look into a component without loading it
#[utoipa::path(
    post, path = "/inspections", tag = "plugins", params(InspectQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component; empty with `bundled`"),
    responses((status = 200, body = Inspected))
)]
pub(super) async fn inspect(
    admin: State<Admin>,
    Query(query): Query<InspectQuery>,
    Component(body): Component,
) -> Result<Json<Inspected>, Problem> {
    let bytes = component(&admin, query.bundled, body.into()).await?;
    let inspection = admin
        .operations
        .inspect(bytes)
        .await
        .map_err(|error| refusal(error, None))?;
    let Inspection {
        manifest,
        imports,
        digest,
        size,
        sdk_version,
        refused_imports,
    } = inspection;
    Ok(Json(Inspected {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        summary: manifest.summary.clone(),
        digest,
        size,
        sdk_version,
        imports,
        refused_imports,
        manifest: serde_json::to_value(manifest).expect("a manifest is JSON"),
    }))
}

async fn component(admin: &Admin, bundled: Option<String>, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
    match (bundled, body.is_empty()) {
        (None, false) => Ok(body),
        (None, true) => Err(Problem::new(
            Code::Malformed,
            "Send the component as the body, or name a `bundled` one.",
        )),
        (Some(_), false) => Err(Problem::new(
            Code::Malformed,
            "Send a body or `bundled`, not both.",
        )),
        (Some(name), true) => read_bundled(admin, name).await,
    }
}

async fn read_bundled(admin: &Admin, name: String) -> Result<Vec<u8>, Problem> {
    let bundled = admin.bundled.clone();
    let read = move || Ok::<_, std::io::Error>((bundled.read(&name)?, bundled.names()?, name));
    let (bytes, names, name) = admin
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

pub(super) fn find(admin: &Admin, name: &str) -> Result<PluginStatus, Problem> {
    let mut plugins = admin.operations.plugins().into_iter();
    plugins
        .find(|plugin| plugin.name == name)
        .ok_or_else(|| unknown(name))
}

pub(super) fn unknown(name: &str) -> Problem {
    Problem::not_found("plugin", name, "mooring plugin list")
}

/// `source` is what the command line would call the component.
fn refusal(error: LoadError, source: Option<&str>) -> Problem {
    match error {
        LoadError::NotFound(name) => unknown(&name),
        LoadError::NotAPlugin(reason) => Problem::new(
            Code::PluginRefused,
            format!("This is not a component of the world `mooring:plugin/provider`: {reason}."),
        ),
        LoadError::NotGranted { name, imports } => {
            let list = imports
                .iter()
                .map(|import| format!("`{import}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let source = source.unwrap_or("FILE");
            let detail = format!(
                "`{name}` imports {list}, which it was not granted. If it may have them: \
                 mooring plugin add {source} --grant {} (or --grant-all).",
                imports.join(",")
            );
            Problem::new(Code::NotGranted, detail)
        }
        LoadError::UnknownImports(imports) => Problem::new(
            Code::PluginRefused,
            format!(
                "It imports {}, which this host does not have. Build it against the WIT of this host, or upgrade the host. \
                 See all it asks for: mooring plugin inspect FILE.",
                imports.join(", ")
            ),
        ),
        LoadError::Manifest(reason) => Problem::new(
            Code::PluginRefused,
            format!("Its manifest breaks a rule: {reason}."),
        ),
        LoadError::MountTaken { place, plugin } => Problem::new(
            Code::Conflict,
            format!(
                "`{plugin}` answers at {place}. Choose another --prefix or --host, or first: mooring plugin remove {plugin}."
            ),
        ),
        LoadError::InvalidMount { field, reason } => Problem::invalid(field, reason),
        LoadError::Busy => Problem::new(
            Code::Busy,
            "Another plugin is being loaded. Try again when it is done.",
        ),
        LoadError::Internal(error) => Problem::internal(&*error),
    }
}
