//! A host from start to end: folder, store, runtime, and the two listeners.
//!
//! Opened in this order and closed in the opposite one, so that nothing is asked of what is not there: data folder,
//! secrets, addresses, store, runtime, edge, admin. The listeners' addresses are bound before the store is opened: a
//! port in use must not cost a recovery.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mooring_core::Store;
use mooring_core::seal::{KeyError, MasterKeys};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::operations::Operations;
use crate::admin::{self, Admin};
use crate::config::Config;
use crate::data::{Addresses, DataDir, DataError};
use crate::demo::{Demo, DemoError};

/// Why a host does not start, or did not stop cleanly. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Another program listens there, or the address is not this machine's.
    #[error("cannot listen on {address}; choose another address with {option}, or stop what listens there")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// `--listen` or `--admin`.
        option: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The operating system gives no signals.
    #[error("cannot wait for signals")]
    Signal(#[source] std::io::Error),
    /// `--demo` could not be set up.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The clock of the host that left this data was moved.
    #[error(
        "the clock of this data folder was moved {} ahead, for trying things out; start it with --movable-clock",
        humantime::format_duration(*ahead)
    )]
    ClockMoved {
        /// How far.
        ahead: Duration,
    },
    /// The data folder's master key is not the one that its store was used with.
    #[error("{}: {error}; put back master.key from your backup", path.display())]
    WrongKey {
        /// The file.
        path: std::path::PathBuf,
        /// Whose it is not.
        error: KeyError,
    },
    /// The runtime did not start or stop.
    #[error("{0}")]
    Runtime(String),
}

/// What stands behind both listeners.
pub trait Backend: Operations {
    /// Answers front-ends until `stop` says so, then finishes what is in flight.
    fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        config: &Config,
        stop: watch::Receiver<bool>,
    ) -> Result<JoinHandle<()>, ServeError>;

    /// Where everything is kept.
    fn store(&self) -> &Store;

    /// Ends jobs, writes what is still in memory, closes the store.
    fn close(&self) -> impl Future<Output = Result<(), ServeError>> + Send;
}

/// A running host.
pub struct Host<B> {
    addresses: Addresses,
    demo: Option<Demo>,
    stop: watch::Sender<bool>,
    edge: JoinHandle<()>,
    admin: JoinHandle<()>,
    backend: Arc<B>,
    /// Last, so that the folder is let go of when all else is done.
    data: DataDir,
}

/// What a backend is opened with.
pub struct Opened<'a> {
    /// Checked.
    pub config: &'a Config,
    /// Claimed.
    pub data: &'a DataDir,
    /// For secrets at rest.
    pub master_key: [u8; 32],
    /// Scheme, host and port under which the world reaches the front-ends' side; no slash at its end.
    pub public_url: String,
}

impl<B: Backend> Host<B> {
    /// Starts a host and returns once it answers on both addresses. `open` starts what stands behind them.
    pub async fn start_with(
        config: Config,
        demo: bool,
        open: impl AsyncFnOnce(Opened<'_>) -> Result<Arc<B>, ServeError>,
    ) -> Result<Host<B>, ServeError> {
        let data = DataDir::open(&config.data)?;
        if demo {
            Demo::check(&data)?;
        }
        let master_key = data.master_key()?;
        let token = data.admin_token()?;
        let public = bind(config.listen, "--listen").await?;
        let private = bind(config.admin, "--admin").await?;
        let addresses = Addresses::new(
            local(&public, config.listen),
            config.tls.is_some(),
            local(&private, config.admin),
        );
        let public_url = config
            .public_url
            .clone()
            .unwrap_or_else(|| addresses.listen.clone());
        let backend = open(Opened {
            config: &config,
            data: &data,
            master_key,
            public_url,
        })
        .await?;
        let secrets = Arc::new(MasterKeys::new(master_key, []));
        let demo = if demo {
            Some(
                Demo::prepare(
                    &data,
                    &config,
                    backend.store(),
                    &secrets,
                    &*backend,
                    &addresses,
                    &token,
                )
                .await?,
            )
        } else {
            None
        };
        let (stop, stopped) = watch::channel(false);
        let edge = Arc::clone(&backend).serve(public, &config, stopped.clone())?;
        let router = admin::router(Admin::new(
            backend.clone(),
            backend.store().clone(),
            secrets,
            &token,
            &config,
        ));
        let admin = tokio::spawn(admin::serve(private, router, config.edge.clone(), until(stopped)));
        data.publish(&addresses)?;
        Ok(Host {
            addresses,
            demo,
            stop,
            edge,
            admin,
            backend,
            data,
        })
    }

    /// Where it answers.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// What `--demo` has set up.
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.as_ref()
    }

    /// Stops accepting, finishes what is in flight, then closes everything.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.stop.send_replace(true);
        for listener in [self.edge, self.admin] {
            if let Err(error) = listener.await {
                tracing::error!(%error, "a listener ended badly");
            }
        }
        self.data.unpublish();
        self.backend.close().await
    }
}

/// Resolves once the host is stopped, or gone.
pub async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn bind(address: SocketAddr, option: &'static str) -> Result<TcpListener, ServeError> {
    let refused = |source| ServeError::Listen {
        address,
        option,
        source,
    };
    TcpListener::bind(address).await.map_err(refused)
}

fn local(listener: &TcpListener, configured: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(configured)
}
