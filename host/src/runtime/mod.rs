//! The life of plugins: loading, calling, jobs, removal.
//!
//! Guarantees: a request or a job runs in an instance that nobody used before; what it wrote is committed whole or not at
//! all; a plugin that fails costs the others nothing but their share of the call threads. Not responsible for who a caller
//! is (the edge verifies that) nor for any rule of the primitives (`mooring-core` has those).
//!
//! Reading order: `load` (bytes to plugin), `call` (request to reply), `jobs` and `attempt`, then the parts: `engine`,
//! [`compile`], `instance`, `wasi`, `pool`, `breaker`.

mod alarm;
mod attempt;
mod breaker;
mod call;
pub mod compile;
mod cut_off;
mod engine;
mod errands;
mod events;
pub(crate) mod gateway;
pub mod inspect;
mod instance;
mod job_ends;
mod jobs;
mod load;
mod manifest;
mod notify;
mod output;
mod plugin;
mod pool;
mod program;
mod ready;
mod recall;
mod registry;
mod submit;
mod task;
mod tokens;
mod transact;
mod turns;
mod usage;
mod wasi;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use mooring_core::ids::JobId;
use mooring_core::seal::MasterKeys;
use mooring_core::work::Committed;
use mooring_manifest::Manifest;
use mooring_store::Store;
use parking_lot::Mutex;
use wasmtime::Engine;

pub use self::engine::Pooling;
pub use self::load::LoadError;
pub use self::plugin::Plugin;
pub use self::program::{Answer, Fault, JobCall, JobEnd, Program, Run};
pub use self::ready::ReadyGateway;
pub use self::registry::{AddError, AddPlugin, Installed, RemoveError};
pub use self::submit::SubmitError;
pub use self::transact::TransactError;
pub use self::usage::RouteTotals;
use crate::bindings::{Directory, Office};
use crate::config::Config;
use crate::exchange::{Exchange, Reply};
use crate::outbound::{Client, Guard};
use crate::webhooks::Bell;

/// What every call shares.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) limits: Arc<crate::config::PluginLimits>,
    /// What runs are given of the host.
    office: Arc<Office>,
    pub(crate) job_limits: crate::config::JobLimits,
    pub(crate) calls_per_job_max: usize,
    engine: Engine,
    pooling: Pooling,
    cache: compile::CompileCache,
    pool: pool::Pool,
    /// For host work on behalf of a plugin that is not loaded.
    host_lane: pool::Lane,
    outbound: Client,
    tokens: tokens::Tokens,
    /// Where the bytes of installed plugins lie, by digest.
    plugin_folder: PathBuf,
    installed: registry::Registry,
    /// What else must hold of a manifest; see [`Runtime::start`].
    manifest_rule: ManifestRule,
    /// Wakes the job runner.
    alarm: alarm::Alarm,
    /// Jobs that are being claimed: until that is committed they are listed as due.
    claiming: Mutex<HashSet<JobId>>,
    /// Wakes answers that wait for a job.
    job_ends: job_ends::JobEnds,
    /// Who may ask a gateway about an attempt.
    turns: turns::Turns,
    /// Wakes the deliverer of webhooks.
    deliveries: Bell,
}

/// A rule that whoever serves plugins has for their manifests. The text is for the plugin's author.
pub type ManifestRule = fn(&Arc<Manifest>) -> Result<(), String>;

/// The plugins of a host. Cloning gives another handle on the same.
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

/// Why the runtime does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder cannot be made, or a thread cannot be started.
    #[error("the plugin runtime cannot use its folders or threads")]
    Io(#[from] std::io::Error),
    /// wasmtime does not run on this machine with these limits.
    #[error("wasmtime does not start with the limits under [plugin]: {0}")]
    Engine(String),
}

impl Runtime {
    /// Starts the call threads and the epoch. Loads nothing yet: see [`Runtime::load_installed`].
    ///
    /// `public_url` is scheme, host and port under which the world reaches the plugins, without a slash at its end.
    /// `worker` is the executable that has the hidden subcommand [`compile::WORKER_COMMAND`]. `manifest_rule` refuses, at
    /// load, what could not be served later. Must be called inside a tokio runtime.
    pub fn start(
        store: Store,
        config: &Config,
        secrets: Arc<MasterKeys>,
        outbound: Client,
        public_url: String,
        worker: PathBuf,
        manifest_rule: ManifestRule,
    ) -> Result<Runtime, StartError> {
        let limits = Arc::new(config.plugin.clone());
        let (engine, pooling) =
            engine::build(&limits).map_err(|error| StartError::Engine(format!("{error:#}")))?;
        let plugin_folder = config.data.join("plugins");
        std::fs::create_dir_all(&plugin_folder)?;
        // WASI's blocking writes look for a tokio runtime on their thread.
        let tokio = tokio::runtime::Handle::current();
        let pool = pool::Pool::start(&limits, move |run| {
            let _entered = tokio.enter();
            run();
        })?;
        engine::start_epoch_ticker(&engine, pool.ticker())?;
        let office = Office {
            store: store.clone(),
            limits: Arc::clone(&limits),
            directory: Directory::new(public_url),
            guard: Guard::new(&config.allow_private),
            secrets,
        };
        Ok(Runtime {
            shared: Arc::new(Shared {
                store,
                job_limits: config.jobs.clone(),
                calls_per_job_max: config.outbound.calls_per_job_max,
                cache: compile::CompileCache::open(config.data.join("cache"), worker, &limits)?,
                limits,
                engine,
                pooling,
                pool,
                host_lane: pool::Lane::default(),
                outbound,
                tokens: tokens::Tokens::default(),
                office: Arc::new(office),
                plugin_folder,
                installed: registry::Registry::default(),
                manifest_rule,
                alarm: alarm::Alarm::default(),
                claiming: Mutex::default(),
                job_ends: job_ends::JobEnds::default(),
                turns: turns::Turns::default(),
                deliveries: Bell::default(),
            }),
        })
    }

    /// Answers one request of this plugin. Never fails: the plugin's failures are answered in its own words.
    pub async fn call(&self, plugin: &Arc<Plugin>, exchange: Exchange) -> Reply {
        self.shared.call(plugin, exchange).await
    }

    /// Whether instances come from the pool.
    pub fn pooling(&self) -> Pooling {
        self.shared.pooling
    }

    /// Has due jobs run at once, after a commit that the runtime did not make itself.
    pub fn announce(&self, committed: &Committed) {
        self.shared.announce(committed);
    }

    /// Scheme, host and port under which the world reaches this host; no slash at its end.
    pub fn public_url(&self) -> &str {
        self.shared.office.directory.public_url()
    }

    /// Links to where plugins answer, and what gateways can do.
    pub fn directory(&self) -> &Directory {
        &self.shared.office.directory
    }

    /// Rung after every commit that leaves something to deliver.
    pub fn deliveries(&self) -> &Bell {
        &self.shared.deliveries
    }

    /// Looks again at what is due.
    pub fn clock_moved(&self) {
        self.shared.alarm.ring();
        self.shared.deliveries.ring_for_all();
    }

    /// The store that everything is kept in.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }
}

impl Shared {
    /// Wakes whoever works off what a commit left behind.
    fn announce(&self, committed: &Committed) {
        self.wake_jobs(committed);
        self.deliveries.ring(committed);
    }

    /// Has jobs run that a commit scheduled, durable or not.
    fn wake_jobs(&self, committed: &Committed) {
        if let Some(at) = committed.next_job_at {
            self.alarm.ring_for(at);
        }
    }
}
