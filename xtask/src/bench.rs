//! `cargo xtask bench`

use std::process::Command;

use clap::Args;

use crate::build::Workspace;
use crate::step::{cargo, execute};

#[derive(Args)]
pub(crate) struct Options {
    /// Passed on to the benchmark, such as `-- --only load`.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let workspace = Workspace::read()?;
    workspace.build_plugins("release")?;
    execute(cargo().args([
        "build",
        "--locked",
        "--release",
        "-p",
        "mooring",
        "-p",
        "mooring-tests",
        "--bins",
    ]))?;
    execute(Command::new(workspace.target.join("release").join("bench")).args(&options.rest))
}
