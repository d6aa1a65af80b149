//! `mooring serve`

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;

use super::client::Failure;
use super::output::print;
use crate::chain::chain;
use crate::config::{Config, Overrides};
use crate::live::Live;
use crate::serve::{Host, ServeError};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// TOML; every option of the host, with its default, is described in `config.rs`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What the host keeps [default: mooring-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where front-ends call; port 0 picks one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where the operator calls; port 0 picks one [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// In an empty data folder: load all bundled plugins and make a tenant with keys for them
    #[arg(long)]
    demo: bool,
    /// Let outbound calls reach these private addresses; for development
    #[arg(long, value_name = "CIDR")]
    allow_private: Vec<IpNet>,
    /// Let the operator move the host's clock forward; for trying out what takes months
    #[arg(long)]
    movable_clock: bool,
    /// Print JSON: one object when ready, and the log as lines of JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> Result<(), Failure> {
        log_to_stderr(self.json);
        let overrides = Overrides {
            data: self.data,
            listen: self.listen,
            admin: self.admin,
            allow_private: self.allow_private,
            movable_clock: self.movable_clock,
        };
        // A configuration that cannot work is a mistake in the command, not a failure of the host.
        let config =
            Config::load(self.config.as_deref(), overrides).map_err(|error| Failure::usage(chain(&error)))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::refused(format!("cannot start: {error}")))?;
        runtime
            .block_on(serve(config, self.demo, self.json))
            .map_err(|error| Failure::refused(chain(&error)))
    }
}

async fn serve(config: Config, demo: bool, json: bool) -> Result<(), ServeError> {
    // Before anything is opened, so that a signal at any time from here on ends in a clean stop.
    let stop = stop_signal()?;
    let host = Host::start_with(config, demo, Live::open).await?;
    announce(&host, json);
    stop.await;
    tracing::info!("stopping: what is in flight is finished first");
    host.stop().await
}

/// Says where the host answers; the last line is what scripts wait for.
fn announce(host: &Host<Live>, json: bool) {
    let addresses = host.addresses();
    if json {
        let ready =
            serde_json::json!({ "listen": addresses.listen, "admin": addresses.admin, "demo": host.demo() });
        return print(&format!("{ready}\n"));
    }
    if let Some(demo) = host.demo() {
        print(&demo.to_string());
    }
    print(&format!("mooring ready on {}\n", addresses.listen));
}

/// Resolves at the first SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, ServeError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signal)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Standard output is for what was asked; the log goes beside it. `RUST_LOG` chooses its level.
fn log_to_stderr(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // Another subscriber may be there already when the host is started from a test.
    let _ = if json {
        log.json().try_init()
    } else {
        log.try_init()
    };
}
