//! `mooring plugin`

use std::path::Path;

use super::client::{Client, Failure, Remote};
use super::output::Column;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what a component is and what it asks for, without loading it
    Inspect {
        /// A `.wasm` file, or the name of a bundled plugin
        #[arg(value_name = "FILE|NAME")]
        component: String,
    },
    /// Show the plugins that answer now
    List,
    /// Load a component, or replace the plugin of its name without losing a request
    Add {
        /// A `.wasm` file, or the name of a bundled plugin
        #[arg(value_name = "FILE|NAME")]
        component: String,
        /// Instead of the name in its manifest
        #[arg(long)]
        name: Option<String>,
        /// Path prefix where it answers; without it, `/NAME`, or everything under --host
        #[arg(long, value_name = "/PATH")]
        prefix: Option<String>,
        /// The one host name that it answers under
        #[arg(long)]
        host: Option<String>,
        /// Interfaces that it may import: users,ledger
        #[arg(
            long,
            value_name = "INTERFACE",
            value_delimiter = ',',
            conflicts_with = "grant_all"
        )]
        grant: Vec<String>,
        /// Let it import all that this host has
        #[arg(long)]
        grant_all: bool,
    },
    /// Stop a plugin; what it has stored stays
    Remove {
        /// As listed
        name: String,
    },
    /// Show what each route of a plugin has cost since it was loaded
    Usage {
        /// As listed
        name: String,
    },
}

const PLUGIN: [Column; 8] = [
    ("NAME", "/name"),
    ("VERSION", "/version"),
    ("WORLD", "/world"),
    ("PREFIX", "/prefix"),
    ("HOST", "/host"),
    ("GRANTED", "/grants"),
    ("IMPORTS", "/imports"),
    ("DIGEST", "/digest"),
];

const INSPECTION: [Column; 9] = [
    ("name", "/manifest/name"),
    ("version", "/manifest/version"),
    ("summary", "/manifest/summary"),
    ("world", "/world"),
    ("digest", "/digest"),
    ("bytes", "/size"),
    ("sdk", "/sdk_version"),
    ("imports", "/imports"),
    ("refused", "/refused_imports"),
];

const USAGE: [Column; 7] = [
    ("ROUTE", "/route"),
    ("CALLS", "/calls"),
    ("FAILED", "/failures"),
    ("FUEL", "/fuel"),
    ("HOST-CALLS", "/host_calls"),
    ("WRITTEN", "/bytes_written"),
    ("RERUNS", "/reruns"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        match self.command {
            Command::Inspect { component } => {
                let (query, bytes) = source(&component)?;
                let answer = client.upload(&["inspections"], &query, bytes).await?;
                client.output.item(&answer, &INSPECTION);
            }
            Command::List => client.output.list(&client.get(&["plugins"], &[]).await?, &PLUGIN),
            Command::Add {
                component,
                name,
                prefix,
                host,
                grant,
                grant_all,
            } => {
                let (mut query, bytes) = source(&component)?;
                let given = [("name", name), ("prefix", prefix), ("host", host)];
                query.extend(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
                query.push((
                    "grant",
                    if grant_all {
                        "*".to_owned()
                    } else {
                        grant.join(",")
                    },
                ));
                add(&client, &query, bytes).await?;
            }
            Command::Remove { name } => {
                let answer = client.delete(&["plugins", &name]).await?;
                client
                    .output
                    .done(&answer, &format!("{name} is removed; its data stays"));
            }
            Command::Usage { name } => {
                client
                    .output
                    .list(&client.get(&["plugins", &name, "usage"], &[]).await?, &USAGE);
            }
        }
        Ok(())
    }
}

async fn add(client: &Client, query: &[(&str, String)], bytes: Vec<u8>) -> Result<(), Failure> {
    let answer = client.upload(&["plugins"], query, bytes).await?;
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    let sentence = format!(
        "{} {} answers at {}{}",
        text("name"),
        text("version"),
        text("host"),
        text("prefix")
    );
    client.output.done(&answer, &sentence);
    Ok(())
}

/// A query, by name.
type Parameters = Vec<(&'static str, String)>;

/// The query and body that bring a component: a file's content, or a bundled plugin's name.
fn source(component: &str) -> Result<(Parameters, Vec<u8>), Failure> {
    let path = Path::new(component);
    let names_a_file = component.contains(['/', '\\', '.']) || path.exists();
    if !names_a_file {
        return Ok((vec![("bundled", component.to_owned())], Vec::new()));
    }
    match std::fs::read(path) {
        Ok(bytes) if bytes.is_empty() => Err(Failure::refused(format!("{component} is empty"))),
        Ok(bytes) => Ok((Vec::new(), bytes)),
        Err(error) => Err(Failure::refused(format!("cannot read {component}: {error}"))),
    }
}
