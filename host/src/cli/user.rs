//! `mooring user`

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
    /// Make a user, such as the owner whom keys act for
    Create {
        #[arg(long)]
        tenant: String,
        #[arg(long)]
        email: String,
        #[arg(long, default_value = "")]
        name: String,
        /// Free text of the provider
        #[arg(long, default_value = "customer")]
        role: String,
    },
    /// Show the users of a tenant
    List {
        #[arg(long)]
        tenant: String,
        #[command(flatten)]
        page: Page,
    },
}

const USER: [Column; 6] = [
    ("ID", "/id"),
    ("EMAIL", "/email"),
    ("NAME", "/name"),
    ("ROLE", "/role"),
    ("EXTERNAL", "/external_ref"),
    ("CREATED", "/created_at"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        match self.command {
            Command::Create {
                tenant,
                email,
                name,
                role,
            } => {
                let body = json!({ "email": email, "name": name, "role": role });
                let answer = client.post(&["tenants", &tenant, "users"], &body).await?;
                client
                    .output
                    .done(&answer, &format!("{email} is user {} of {tenant}", answer["id"]));
            }
            Command::List { tenant, page } => {
                client.output.list(
                    &client.get(&["tenants", &tenant, "users"], &page.query()).await?,
                    &USER,
                );
            }
        }
        Ok(())
    }
}
