//! What the operator's API needs of the running host beside the store.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mooring_core::ids::{PluginName, TenantName};
use mooring_core::money::Amount;
use mooring_core::payments::{Payment, PaymentError};
use mooring_core::tenants::TenantRef;
use mooring_core::work::Committed;
use mooring_manifest::Manifest;

/// Plugins, as the operator handles them.
pub trait Operations: Send + Sync + 'static {
    /// Those that answer now, by name.
    fn plugins(&self) -> Vec<PluginStatus>;

    /// What a plugin that answers now says about itself.
    fn manifest(&self, plugin: &str) -> Option<Arc<Manifest>>;

    /// Checks, compiles and starts a component, then lets it answer; one of the same name is replaced without losing a
    /// request. Nothing changes when it is refused.
    fn add(&self, plugin: AddPlugin) -> Answer<'_, PluginStatus>;

    /// Stops a plugin once its requests in flight are done. Its data stays. `actor` is for the audit log.
    fn remove<'a>(&'a self, plugin: &'a str, actor: &'static str) -> Answer<'a, ()>;

    /// Wakes whoever works off what a commit has left behind, such as a job that is due.
    fn announce(&self, committed: &Committed);

    /// Wakes whoever waits for a time, since it may have come.
    fn clock_moved(&self);

    /// Says what a component is and asks for, without letting it answer anything.
    fn inspect(&self, bytes: Vec<u8>) -> Answer<'_, Inspection>;

    /// Has something happen to a payment without money, as a gateway in test mode would, and tells the plugin that made it.
    /// Gives the payment as it is then. Nothing changes when it is refused.
    fn simulate(&self, simulation: Simulation) -> Answer<'_, Payment, SimulationError>;
}

/// What an operation will answer.
pub type Answer<'a, T, E = LoadError> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// What is to happen to a payment.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Whose.
    pub tenant: TenantRef,
    /// Which.
    pub payment: Payment,
    /// What.
    pub outcome: Outcome,
    /// Who wants it, for the audit log.
    pub actor: &'static str,
}

/// What can happen to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// So much arrives.
    Paid(Amount),
    /// The gateway says that nothing was charged.
    Declined,
    /// Its time is over.
    Expired,
}

/// Why nothing happened to a payment.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The payment's state does not allow it.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// There is nothing to simulate with.
    #[error(
        "No gateway in test mode takes this payment. Enable one: mooring settings set --tenant {0} --plugin sandbox enabled=true"
    )]
    NoTestGateway(TenantName),
    /// An attempt with real money is open.
    #[error("An attempt at {0} is open, which moves real money. Wait for its end, or cancel the payment.")]
    RealGateway(PluginName),
    /// Too much at once; trying again helps.
    #[error("the host is too busy")]
    Busy,
    /// The host failed.
    #[error("the simulation could not be kept")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A component to load.
#[derive(Clone, Debug)]
pub struct AddPlugin {
    /// The component.
    pub bytes: Vec<u8>,
    /// Instead of the manifest's.
    pub name: Option<String>,
    /// Path prefix; absent means `/NAME`, or with `host` everything under that name.
    pub prefix: Option<String>,
    /// The one host name that it answers under; absent means every one.
    pub host: Option<String>,
    /// What it may import.
    pub grants: Grants,
    /// Who adds it, for the audit log.
    pub actor: &'static str,
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
    /// The world that it implements: `provider` or `gateway`.
    pub world: &'static str,
    /// SHA-256 of the component, hexadecimal.
    pub digest: String,
    /// Where it answers.
    pub prefix: String,
    /// The one host name that it answers under; absent means every one.
    pub host: Option<String>,
    /// What it may import; `*` for everything.
    pub grants: Vec<String>,
    /// What it does import, of what can be granted.
    pub imports: Vec<String>,
    /// The manifest's, in its order.
    pub routes: Vec<RouteStatus>,
    /// What each route has cost since the plugin was loaded; `-` for what belongs to no route.
    pub usage: Vec<RouteUsage>,
}

/// One route.
#[derive(Clone, Debug)]
pub struct RouteStatus {
    /// The manifest's.
    pub name: String,
    /// Upper case.
    pub method: String,
    /// Below the mount.
    pub path: String,
}

/// Sums over all calls of one route.
#[derive(Clone, Debug, Default)]
pub struct RouteUsage {
    /// The route's name.
    pub route: String,
    /// Calls that reached the plugin.
    pub calls: u64,
    /// Those that the plugin failed: traps, deadlines, limits.
    pub failures: u64,
    /// Units of fuel, roughly instructions.
    pub fuel: u64,
    /// Calls of imported functions.
    pub host_calls: u64,
    /// Bytes written to the store.
    pub bytes_written: u64,
    /// Runs thrown away because another transaction won.
    pub reruns: u64,
}

/// What a component is.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// What it says about itself when asked with nothing granted; absent where it cannot run here.
    pub manifest: Option<Manifest>,
    /// The world that it implements: `provider` or `gateway`.
    pub world: &'static str,
    /// What it imports, of what can be granted.
    pub imports: Vec<String>,
    /// Imports that this host does not have, in full.
    pub refused_imports: Vec<String>,
    /// SHA-256, hexadecimal.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Of the SDK that built it, where it says so.
    pub sdk_version: Option<String>,
}

/// Why a plugin was not loaded, removed or looked into. Nothing has changed. Each text says what is wrong with this plugin
/// and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No plugin of this name answers.
    #[error("no plugin is called `{0}`")]
    NotFound(String),
    /// This host cannot run it: not a component, unknown imports, a bad manifest, a failure at its start.
    #[error("{0}")]
    Refused(String),
    /// It imports what was not granted.
    #[error("{0}")]
    NotGranted(String),
    /// Another plugin answers there.
    #[error("{0}")]
    MountTaken(String),
    /// A parameter that cannot be.
    #[error("{reason}")]
    Invalid {
        /// `name`, `prefix`, `host` or `grant`.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The host failed.
    #[error("the plugin could not be kept")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}
