//! `mooring tenant`

use serde_json::json;

use super::client::{Failure, Remote};
use super::output::Column;
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
    /// Make a tenant
    Create {
        /// `a-z`, `0-9` and `-`
        name: String,
    },
    /// Show the tenants
    List(Page),
    /// Refuse all keys of a tenant, until it is enabled again
    Disable {
        /// As listed
        name: String,
    },
    /// Take back `disable`
    Enable {
        /// As listed
        name: String,
    },
}

const TENANT: [Column; 3] = [
    ("NAME", "/name"),
    ("ENABLED", "/enabled"),
    ("CREATED", "/created_at"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        match self.command {
            Command::Create { name } => {
                let answer = client.post(&["tenants"], &json!({ "name": name })).await?;
                client.output.done(&answer, &format!("tenant {name} is made"));
            }
            Command::List(page) => client
                .output
                .list(&client.get(&["tenants"], &page.query()).await?, &TENANT),
            Command::Disable { name } => {
                let answer = client
                    .patch(&["tenants", &name], &json!({ "enabled": false }))
                    .await?;
                client
                    .output
                    .done(&answer, &format!("keys of tenant {name} are refused from now on"));
            }
            Command::Enable { name } => {
                let answer = client
                    .patch(&["tenants", &name], &json!({ "enabled": true }))
                    .await?;
                client
                    .output
                    .done(&answer, &format!("keys of tenant {name} are taken again"));
            }
        }
        Ok(())
    }
}
