//! `cargo xtask demo`

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::build::Workspace;
use crate::step::{cargo, execute, root};

#[derive(Args)]
pub(crate) struct Options {
    /// Where the host keeps its data.
    #[arg(long, default_value = "mooring-data")]
    data: PathBuf,
    /// Passed on to `mooring serve`, such as `-- --listen 127.0.0.1:9000`.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::read()?;
    eprintln!("building plugins and host; the first time takes some minutes");
    workspace.build_plugins("debug")?;
    execute(cargo().args(["build", "--locked", "-p", "mooring"]))?;
    let mut host = Command::new(workspace.target.join("debug").join("mooring"));
    host.args(["serve", "--demo", "--data"])
        .arg(root().join(&options.data))
        .args(&options.rest);
    become_host(&mut host)
}

/// On Unix the host takes this process's place, so that signals and the exit status are its own.
#[cfg(unix)]
fn become_host(host: &mut Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(host.current_dir(root()).exec().into())
}

#[cfg(not(unix))]
fn become_host(host: &mut Command) -> anyhow::Result<()> {
    execute(host)
}
