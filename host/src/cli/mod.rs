//! The `mooring` command.
//!
//! `serve` is the host itself; every other command talks to a running host's admin interface, so all it can do can be
//! done over HTTP as well. One file per thing operated. `--json` prints what the interface answered; without it, people
//! get tables.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 not understood.

mod audit;
mod client;
mod clock;
mod event;
mod job;
mod key;
mod ledger;
mod output;
mod page;
mod payment;
mod place;
mod plugin;
mod records;
mod serve;
mod service;
mod settings;
mod tenant;
mod user;
mod webhook;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::runtime::compile;
use client::Failure;

/// An integration host for billing: provider API surfaces as sandboxed WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "mooring", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host
    Serve(serve::Args),
    /// Look into, load, list and remove plugins
    Plugin(plugin::Args),
    /// Businesses whose data is kept apart
    Tenant(tenant::Args),
    /// API keys of front-ends
    Key(key::Args),
    /// What a plugin is told for one tenant
    Settings(settings::Args),
    /// Accounts of a tenant
    User(user::Args),
    /// What users are provisioned with
    Service(service::Args),
    /// What payers are asked for, and have paid
    Payment(payment::Args),
    /// The journal of a tenant
    Ledger(ledger::Args),
    /// What plugins have reported
    Event(event::Args),
    /// Events on their way to receivers
    Webhook(webhook::Args),
    /// Background work
    Job(job::Args),
    /// Documents of a plugin that the operator keeps: a store's packages, a biller's plans
    Records(records::Args),
    /// What time it is for the host
    Clock(clock::Args),
    /// Who changed what
    Audit(audit::Args),
    /// Compile a component. The host starts this for itself, in a process with limits of its own.
    #[command(hide = true)]
    Compile {
        /// Passed through.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::parse().command {
        Command::Serve(args) => report(args.run()),
        Command::Compile { args } => compile(args),
        Command::Plugin(args) => remote(args.run()),
        Command::Tenant(args) => remote(args.run()),
        Command::Key(args) => remote(args.run()),
        Command::Settings(args) => remote(args.run()),
        Command::User(args) => remote(args.run()),
        Command::Service(args) => remote(args.run()),
        Command::Payment(args) => remote(args.run()),
        Command::Ledger(args) => remote(args.run()),
        Command::Event(args) => remote(args.run()),
        Command::Webhook(args) => remote(args.run()),
        Command::Job(args) => remote(args.run()),
        Command::Audit(args) => remote(args.run()),
        Command::Records(args) => remote(args.run()),
        Command::Clock(args) => remote(args.run()),
    }
}

/// A command that asks a host and is done: one thread is enough.
fn remote(command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => report(runtime.block_on(command)),
        Err(error) => report(Err(Failure::refused(format!("cannot start: {error}")))),
    }
}

fn report(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn compile(args: Vec<OsString>) -> ExitCode {
    ExitCode::from(compile::worker_main(&args) as u8)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_of_the_manual_parse() {
        for line in [
            "serve",
            "serve --config a.toml --data d --listen 127.0.0.1:0 --admin 127.0.0.1:0 --demo --allow-private 10.0.0.0/8 --allow-private 127.0.0.0/8",
            "plugin inspect a.wasm",
            "plugin list --json",
            "plugin add paymenter --prefix /p --grant users,ledger",
            "plugin add ./p.wasm --host pay.example --grant-all --name p2",
            "plugin remove paymenter",
            "plugin usage paymenter",
            "tenant create shop",
            "tenant list --admin http://127.0.0.1:1 --token t",
            "key create --tenant demo --plugin paymenter --label l --scope user:read user:write --expires-in 90d --user a@b.c",
            "key list --tenant demo",
            "key revoke key_1",
            "key rotate key_1 --overlap 24h",
            "settings get --tenant demo --plugin renovax",
            "settings set --tenant demo --plugin renovax webhook_url=http://127.0.0.1:9000/hook token=@file other=-",
            "settings set --tenant demo --plugin renovax -",
            "ledger verify",
            "ledger verify --tenant demo",
            "job list --tenant demo --state dead --limit 5 --offset 5",
            "job retry job_1",
            "webhook list --tenant demo",
            "webhook deliveries --tenant demo --state dead --event ev_1",
            "webhook deliveries --endpoint ep_1",
            "webhook show dlv_1",
            "webhook redeliver dlv_1",
            "webhook redeliver ep_1 --from 2026-11-21T09:00:00Z --to 2026-11-22T09:00:00Z",
            "webhook test ep_1 --kind invoice.paid --body {}",
            "webhook rotate ep_1 --overlap 7d",
            "webhook enable ep_1",
            "webhook disable ep_1",
            "event list --tenant demo --kind invoice.paid",
            "user create --tenant demo --email a@b.c --role owner",
            "user list --tenant demo",
            "service list --tenant demo --status active",
            "payment list --tenant demo --user 1 --status pending",
            "payment show pay_1 --json",
            "payment simulate pay_1 --outcome partial --amount 9.50",
            "audit list",
            "compile --socket 3",
        ] {
            let words = std::iter::once("mooring").chain(line.split(' '));
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn options_may_follow_the_values_of_settings() {
        let line = "mooring settings set --tenant t --plugin p a=1 - --token s3cret-token --json";
        let cli = Cli::try_parse_from(line.split(' ')).expect("it parses");
        let parsed = format!("{cli:?}");
        assert!(
            parsed.contains("json: true") && !parsed.contains("\"--json\""),
            "{parsed}"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "serve --listen nowhere",
            "plugin add a.wasm --grant users --grant-all",
            "key create --tenant demo --plugin paymenter --label l",
            "key create --tenant demo --plugin paymenter --label l --scope a --expires-in soon",
            "settings set --tenant demo --plugin renovax",
            "job list --limit 0 --tenant demo",
        ] {
            let words = std::iter::once("mooring").chain(line.split_whitespace());
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
