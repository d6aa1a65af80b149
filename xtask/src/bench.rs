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
    workspace.build_components("release")?;
    execute(cargo().args([
        "build",
        "--locked",
        "--release",
        "-p",
        "mooring",
        "-p",
        "mooring-tests",
        "-p",
        "mooring-store",
        "--bins",
        "--examples",
    ]))?;
    let release = workspace.target.join("release");
    execute(Command::new(release.join("bench")).args(&options.rest))?;
    if options.rest.is_empty() {
        println!("\nthe store alone:");
        execute(&mut Command::new(release.join("examples").join("commit_rate")))?;
    }
    Ok(())
}
