//! `cargo xtask demo`, `test` and `bench`: set-up and order of steps only.
//!
//! What is checked lives in tests. This program makes sure that they have what they need (the compile target of plugins,
//! the plugins themselves, the host's executable, a few packages), runs them, and says what took how long.

mod axe;
mod bench;
mod build;
mod demo;
mod localstripe;
mod node;
mod openapi;
mod packages;
mod python;
mod receivers;
mod step;
mod test;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Everything one does with a checkout of Mooring")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the host and its plugins, and serve them with a tenant, a key and the addresses to try.
    Demo(demo::Options),
    /// Build the plugins only, where the host looks for them.
    Plugins {
        /// For the host of the release profile.
        #[arg(long)]
        release: bool,
    },
    /// Set up whatever the tests need, and pass all of them.
    Test(test::Options),
    /// Build for release and print the numbers of BENCHMARKS.md.
    Bench(bench::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Plugins { release } => {
            build::Workspace::read()?.build_plugins(if release { "release" } else { "debug" })
        }
        Task::Test(options) => test::run(&options),
        Task::Bench(options) => bench::run(&options),
    }
}
