//! The host behind both listeners: store, runtime and mounts, as the edge and the operator's side see them.

mod gate;
mod key_uses;
mod operations;
mod simulate;
mod till;

use std::sync::Arc;

use arc_swap::ArcSwap;
use mooring_core::clock;
use mooring_core::draws::Draws;
use mooring_core::seal::{KeyError, MasterKeys};
use mooring_core::time::{self, Timestamp};
use mooring_core::work::{HostWork, RunError};
use mooring_store::Store;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::key_uses::KeyUses;
use crate::chain::chain;
use crate::config::Config;
use crate::data::DataDir;
use crate::docs::{self, Docs};
use crate::http::{self, Mount, MountTable, Surface};
use crate::outbound::Client;
use crate::runtime::{Installed, Plugin, Runtime};
use crate::serve::{Backend, Opened, ServeError, until};
use crate::webhooks::Deliverer;

/// See the module.
pub struct Live {
    store: Store,
    runtime: Runtime,
    secrets: Arc<MasterKeys>,
    /// Made anew from the runtime's list whenever that changes.
    mounts: ArcSwap<MountTable<Arc<Plugin>>>,
    key_uses: KeyUses,
    /// Ends the background work.
    stop: watch::Sender<bool>,
    background: Mutex<Vec<JoinHandle<()>>>,
}

impl Live {
    /// Opens the store, starts the runtime with the plugins that are installed, and the background work.
    pub async fn open(opened: Opened<'_>) -> Result<Arc<Live>, ServeError> {
        let Opened {
            config,
            data,
            master_key,
            public_url,
        } = opened;
        let folder = data.path().join("store");
        let mut options = mooring_store::Options::default();
        options.cache_bytes = config.store.cache_bytes_max;
        let store = tokio::task::spawn_blocking(move || Store::open(&folder, options))
            .await
            .expect("opening does not panic and is not cancelled")
            .map_err(|error| ServeError::Runtime(chain(&error)))?;
        set_clock(&store, config.movable_clock)?;
        let secrets = Arc::new(MasterKeys::new(master_key, []));
        tie(&store, &secrets, data)?;
        let outbound = Client::new(config.outbound.clone(), &config.allow_private).map_err(refuse)?;
        let worker = std::env::current_exe().map_err(refuse)?;
        let runtime = Runtime::start(
            store.clone(),
            config,
            Arc::clone(&secrets),
            outbound.clone(),
            public_url,
            worker,
            |manifest| {
                Surface::new(Arc::clone(manifest))
                    .map(drop)
                    .map_err(|error| error.to_string())
            },
        )
        .map_err(refuse)?;
        runtime.load_installed().await.map_err(refuse)?;
        let (stop, stopped) = watch::channel(false);
        let live = Arc::new(Live {
            key_uses: KeyUses::new(store.clone()),
            store,
            secrets,
            mounts: ArcSwap::default(),
            stop,
            background: Mutex::default(),
            runtime,
        });
        live.remount();
        let jobs = live.runtime.spawn_jobs(until(stopped.clone()));
        let key_uses = live.key_uses.spawn(until(stopped.clone()));
        let plugins = live.runtime.clone();
        let deliveries = Deliverer::new(
            live.store.clone(),
            Arc::clone(&live.secrets),
            Arc::new(move |name| Some(Arc::clone(&plugins.plugin(name)?.plugin.facts().manifest))),
            outbound,
            live.runtime.deliveries().clone(),
            config.webhooks.clone(),
        );
        let deliveries = deliveries.spawn(until(stopped));
        live.background.lock().extend([jobs, key_uses, deliveries]);
        Ok(live)
    }

    /// The plugins behind the mounts.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Opens secrets for host-side use.
    pub fn secrets(&self) -> &Arc<MasterKeys> {
        &self.secrets
    }

    /// Has the edge, and whoever delivers, see what the runtime has.
    pub(crate) fn remount(&self) {
        self.runtime.deliveries().ring_for_all();
        let old = self.mounts.load();
        let mounts = self.runtime.installed();
        let mounts = mounts.iter().map(|installed| {
            let base_url = self.runtime.directory().base_url(&installed.row.mount);
            mount(installed, base_url, &old)
        });
        let mounts = mounts.collect();
        let (table, errors) = MountTable::of_those_that_stand(mounts);
        for error in errors {
            tracing::error!(%error, "a plugin is not served where it is mounted; add it again with another place");
        }
        self.mounts.store(Arc::new(table));
    }
}

impl Backend for Live {
    fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        config: &Config,
        stop: watch::Receiver<bool>,
    ) -> Result<JoinHandle<()>, ServeError> {
        let tls = config
            .tls
            .as_ref()
            .map(http::acceptor)
            .transpose()
            .map_err(refuse)?;
        let limits = config.edge.clone();
        Ok(tokio::spawn(async move {
            if let http::Drained::Cut(connections) =
                http::serve(listener, tls, limits, self, until(stop)).await
            {
                tracing::warn!(
                    connections,
                    "connections were cut: edge.shutdown_timeout_ms was over"
                );
            }
        }))
    }

    fn store(&self) -> &Store {
        &self.store
    }

    async fn close(&self) -> Result<(), ServeError> {
        self.stop.send_replace(true);
        let background = std::mem::take(&mut *self.background.lock());
        for task in background {
            if let Err(error) = task.await {
                tracing::error!(%error, "background work ended badly");
            }
        }
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.close())
            .await
            .expect("closing does not panic and is not cancelled")
            .map_err(refuse)
    }
}

fn mount(installed: &Installed, base_url: String, old: &MountTable<Arc<Plugin>>) -> Mount<Arc<Plugin>> {
    let manifest = &installed.plugin.facts().manifest;
    let surface = Surface::new(Arc::clone(manifest)).expect("checked when the plugin was loaded");
    Mount {
        name: installed.name().to_string(),
        host: installed.row.mount.host.clone(),
        prefix: installed.row.mount.prefix.clone(),
        surface: Arc::new(surface),
        docs: documentation(&installed.plugin, base_url, old),
        plugin: Arc::clone(&installed.plugin),
    }
}

/// Before anything is sealed or opened: under another key nothing that was sealed opens again.
fn tie(store: &Store, secrets: &MasterKeys, data: &DataDir) -> Result<(), ServeError> {
    match HostWork::run(store, Timestamp::now(), |work| secrets.tie(work)) {
        Ok(_) => Ok(()),
        Err(RunError::Refused(error @ KeyError::Other { .. })) => Err(ServeError::WrongKey {
            path: data.path().join("master.key"),
            error,
        }),
        Err(error) => Err(ServeError::Runtime(chain(&error))),
    }
}

/// Goes by the time that the store was left with. What is kept rests on it, so a host that is not meant for that does not start.
fn set_clock(store: &Store, movable: bool) -> Result<(), ServeError> {
    let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
    let ahead = clock::ahead(&mut HostWork::read(store, &draws)).map_err(refuse)?;
    if !ahead.is_zero() && !movable {
        return Err(ServeError::ClockMoved { ahead });
    }
    time::set_ahead(ahead);
    Ok(())
}

/// What documents a provider: made anew for a new version or address, and otherwise what there was.
fn documentation(plugin: &Arc<Plugin>, base_url: String, old: &MountTable<Arc<Plugin>>) -> Option<Arc<Docs>> {
    let refusals = plugin.refusals()?;
    let same = old.iter().find(|mount| Arc::ptr_eq(&mount.plugin, plugin));
    let same = same.and_then(|mount| mount.docs.as_ref());
    if let Some(docs) = same.filter(|docs| docs.source().base_url == base_url) {
        return Some(Arc::clone(docs));
    }
    Some(Arc::new(Docs::new(docs::Source {
        manifest: Arc::clone(&plugin.facts().manifest),
        refusals: Arc::clone(refusals),
        base_url,
    })))
}

fn refuse(error: impl std::error::Error) -> ServeError {
    ServeError::Runtime(chain(&error))
}
