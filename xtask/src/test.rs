//! `cargo xtask test`

use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::axe;
use crate::build::Workspace;
use crate::localstripe;
use crate::openapi;
use crate::packages;
use crate::receivers;
use crate::step::{Steps, cargo, execute, exists};

#[derive(Args)]
pub(crate) struct Options {
    /// Only what runs the host: no formatting, lints, documentation and licences.
    #[arg(long)]
    quick: bool,
    /// Passed on to `cargo test`, such as `-- -p mooring-tests --test kill`.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Chosen so that whatever fails often fails early.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    let result = all(options, &mut steps);
    steps.report();
    result
}

fn all(options: &Options, steps: &mut Steps) -> anyhow::Result<()> {
    let workspace = Workspace::read()?;
    if !options.quick {
        steps.run("format", || execute(cargo().args(["fmt", "--all", "--check"])))?;
    }
    steps.run("packages", packages::ensure)?;
    steps.run("localstripe", || {
        localstripe::ensure(&workspace.target);
        Ok(())
    })?;
    steps.run("receivers", || {
        receivers::ensure(&workspace.target);
        Ok(())
    })?;
    steps.run("axe", || {
        axe::ensure(&workspace.target);
        Ok(())
    })?;
    steps.run("openapi", || {
        openapi::ensure(&workspace.target);
        Ok(())
    })?;
    // Hosts under test hand compiled plugins to each other; every run starts without.
    let _ = std::fs::remove_dir_all(workspace.target.join("debug").join("compiled-for-tests"));
    steps.run("plugins", || workspace.build_components("debug"))?;
    // The tests start the executable, so it is built as they are: with the whole workspace's features.
    steps.run("host", || {
        execute(cargo().args(["build", "--locked", "--workspace", "--bins"]))
    })?;
    if !options.quick {
        steps.run("clippy", || {
            let mut clippy = cargo();
            clippy.args([
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]);
            execute(&mut clippy)
        })?;
        steps.run("documentation", || {
            let mut doc = cargo();
            doc.args([
                "doc",
                "--locked",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ]);
            execute(doc.env("RUSTDOCFLAGS", "-D warnings"))
        })?;
        steps.run("licences and bans", || deny(&workspace))?;
    }
    steps.run("tests", || {
        let mut test = cargo();
        test.args(["test", "--locked"]);
        if options.rest.is_empty() {
            test.arg("--workspace");
        }
        test.args(&options.rest);
        execute(&mut test)
    })
}

/// Not the advisories: their database changes by the hour and is fetched from the network, so `cargo deny check
/// advisories` belongs before a release and must not fail a change that did nothing.
fn deny(workspace: &Workspace) -> anyhow::Result<()> {
    const WHAT: [&str; 4] = ["check", "bans", "licenses", "sources"];
    if exists("cargo-deny") {
        return execute(Command::new("cargo-deny").args(WHAT));
    }
    // Unoptimised: it is built in a third of the time and runs for a second.
    let tools = workspace.target.join("tools");
    let program = tools.join("bin").join("cargo-deny");
    if !program.is_file() {
        let mut install = cargo();
        install.args([
            "install",
            "--quiet",
            "--locked",
            "--debug",
            "--no-default-features",
            "cargo-deny",
            "--root",
        ]);
        let installed = execute(install.arg(&tools).env("CARGO_TARGET_DIR", tools.join("build")));
        if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            installed.context("cargo-deny cannot be installed")?;
        } else if let Err(error) = installed {
            eprintln!(
                "SKIPPED: licences and bans are not checked, as cargo-deny cannot be installed: {error:#}"
            );
            return Ok(());
        }
    }
    execute(Command::new(program).args(WHAT))
}
