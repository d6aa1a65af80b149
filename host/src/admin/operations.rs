//! What the operator's API needs of the running host beside the store.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mooring_manifest::Manifest;

use crate::exchange::Usage;

/// Plugins, as the operator handles them.
pub trait Operations: Send + Sync + 'static {
    /// Those that answer now, by name.
    fn plugins(&self) -> Vec<PluginStatus>;

    /// What a plugin that answers now says about itself.
    fn manifest(&self, plugin: &str) -> Option<Arc<Manifest>>;

    /// Checks, compiles and starts a component, then lets it answer; one of the same name is replaced without losing a
    /// request. Nothing changes when it is refused.
    fn add(&self, plugin: AddPlugin) -> Answer<'_, PluginStatus>;

    /// Stops a plugin once its requests in flight are done. Its data stays.
    fn remove<'a>(&'a self, plugin: &'a str) -> Answer<'a, ()>;

    /// Says what a component is and asks for, without letting it answer anything.
    fn inspect(&self, bytes: Vec<u8>) -> Answer<'_, Inspection>;
}

/// What an operation will answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, LoadError>> + Send + 'a>>;

/// A component to load.
#[derive(Clone, Debug)]
pub struct AddPlugin {
    /// The component.
    pub bytes: Vec<u8>,
    /// Instead of the manifest's.
    pub name: Option<String>,
    /// Path prefix; absent means `/NAME`, unless `host` is given.
    pub prefix: Option<String>,
    /// Host name that is all the plugin's.
    pub host: Option<String>,
    /// What it may import.
    pub grants: Grants,
}

/// What a plugin may import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grants {
    /// Interfaces of `mooring:plugin` by name: `users`, `ledger`.
    Only(Vec<String>),
    /// Everything this host has.
    All,
}

/// A plugin that answers now.
#[derive(Clone, Debug)]
pub struct PluginStatus {
    /// Unique in this host.
    pub name: String,
    /// The manifest's.
    pub version: String,
    /// SHA-256 of the component, hexadecimal.
    pub digest: String,
    /// Where it answers on every host name.
    pub prefix: Option<String>,
    /// The host name that is all its own.
    pub host: Option<String>,
    /// What it may import.
    pub grants: Vec<String>,
    /// What it does import.
    pub imports: Vec<String>,
    /// In the manifest's order.
    pub routes: Vec<RouteStatus>,
}

/// One route and what it has cost since the host started.
#[derive(Clone, Debug)]
pub struct RouteStatus {
    /// The manifest's.
    pub name: String,
    /// Upper case.
    pub method: String,
    /// Below the mount.
    pub path: String,
    /// Requests that reached the plugin.
    pub calls: u64,
    /// Those that the plugin failed: traps, deadlines, limits.
    pub failures: u64,
    /// Sums over all calls.
    pub usage: Usage,
}

/// What a component is, read before anything of it ran for a request.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// What it says about itself.
    pub manifest: Manifest,
    /// Interfaces of `mooring:plugin` that it imports.
    pub imports: Vec<String>,
    /// SHA-256, hexadecimal.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Of the SDK that built it, where it says so.
    pub sdk_version: Option<String>,
    /// Imports that this host does not have.
    pub refused_imports: Vec<String>,
}

/// Why a plugin was not loaded or removed. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No plugin of this name answers.
    #[error("no plugin is called `{0}`")]
    NotFound(String),
    /// The bytes are not a component of the `provider` world, or too many.
    #[error("{0}")]
    NotAPlugin(String),
    /// It imports what was not granted.
    #[error("not granted: {}", imports.join(", "))]
    NotGranted {
        /// The plugin.
        name: String,
        /// What is missing.
        imports: Vec<String>,
    },
    /// It imports what this host does not have.
    #[error("unknown imports: {}", .0.join(", "))]
    UnknownImports(Vec<String>),
    /// The manifest breaks a rule.
    #[error("{0}")]
    Manifest(String),
    /// Another plugin answers there.
    #[error("{place} belongs to `{plugin}`")]
    MountTaken {
        /// Prefix or host name.
        place: String,
        /// Whose it is.
        plugin: String,
    },
    /// A prefix, host name or grant that cannot be.
    #[error("{reason}")]
    InvalidMount {
        /// `name`, `prefix`, `host` or `grant`.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Too many loads at once.
    #[error("another plugin is being loaded")]
    Busy,
    /// The host failed.
    #[error("loading failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}
