//! `mooring key`

use serde_json::json;

use super::client::{Failure, Remote};
use super::output::{Column, Output};
use super::page::Page;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a key and print it, this once
    Create {
        #[arg(long)]
        tenant: String,
        /// The plugin whose routes it opens
        #[arg(long)]
        plugin: String,
        /// What it is for
        #[arg(long)]
        label: String,
        /// What it may do, as the plugin's manifest declares
        #[arg(long = "scope", value_name = "SCOPE", required = true, num_args = 1.., value_delimiter = ',')]
        scopes: Vec<String>,
        /// 90d, 12h; without it, it does not expire
        #[arg(long, value_name = "TIME")]
        expires_in: Option<humantime::Duration>,
        /// The user whom it acts for, by e-mail
        #[arg(long, value_name = "EMAIL")]
        user: Option<String>,
    },
    /// Show the keys of a tenant
    List {
        #[arg(long)]
        tenant: String,
        #[command(flatten)]
        page: Page,
    },
    /// Refuse a key from now on
    Revoke {
        /// `key_…`, as listed
        id: String,
    },
    /// Make a successor with the same rights and print it, this once
    Rotate {
        /// `key_…`, as listed
        id: String,
        /// How long the old key still works
        #[arg(long, value_name = "TIME", default_value = "0s")]
        overlap: humantime::Duration,
    },
}

const KEY: [Column; 8] = [
    ("ID", "/id"),
    ("PLUGIN", "/plugin"),
    ("LABEL", "/label"),
    ("SCOPES", "/scopes"),
    ("USER", "/user"),
    ("EXPIRES", "/expires_at"),
    ("LAST-USED", "/last_used_at"),
    ("REVOKED", "/revoked_at"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        match self.command {
            Command::Create {
                tenant,
                plugin,
                label,
                scopes,
                expires_in,
                user,
            } => {
                let body = json!({
                    "plugin": plugin,
                    "label": label,
                    "scopes": scopes,
                    "expires_in_seconds": expires_in.map(|time| time.as_secs()),
                    "user": user,
                });
                let answer = client.post(&["tenants", &tenant, "keys"], &body).await?;
                print_secret(&client.output, &answer);
            }
            Command::List { tenant, page } => {
                client.output.list(
                    &client.get(&["tenants", &tenant, "keys"], &page.query()).await?,
                    &KEY,
                );
            }
            Command::Revoke { id } => {
                let answer = client.delete(&["keys", &id]).await?;
                client
                    .output
                    .done(&answer, &format!("{id} is refused from now on"));
            }
            Command::Rotate { id, overlap } => {
                let body = json!({ "overlap_seconds": overlap.as_secs() });
                let answer = client.post(&["keys", &id, "rotate"], &body).await?;
                print_secret(&client.output, &answer);
            }
        }
        Ok(())
    }
}

fn print_secret(output: &Output, answer: &serde_json::Value) {
    output.item(
        answer,
        &[
            ("id", "/key/id"),
            ("key", "/secret"),
            ("signing secret", "/signing_secret"),
            ("expires", "/key/expires_at"),
        ],
    );
    eprintln!("Keep the key now: it is not stored and cannot be shown again.");
}
