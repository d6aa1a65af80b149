//! `mooring service`

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
    /// Show the services of a tenant
    List {
        #[arg(long)]
        tenant: String,
        /// Only of this user, by number
        #[arg(long)]
        user: Option<u64>,
        /// `pending`, `active`, `suspended` or `terminated`
        #[arg(long)]
        status: Option<String>,
        #[command(flatten)]
        page: Page,
    },
}

const SERVICE: [Column; 8] = [
    ("ID", "/id"),
    ("USER", "/user"),
    ("STATUS", "/status"),
    ("BY", "/suspended_by"),
    ("PRODUCT", "/product"),
    ("LABEL", "/label"),
    ("EXTERNAL", "/external_ref"),
    ("CREATED", "/created_at"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        let Command::List {
            tenant,
            user,
            status,
            page,
        } = self.command;
        let query = page.query_with([("user", user.map(|user| user.to_string())), ("status", status)]);
        client.output.list(
            &client.get(&["tenants", &tenant, "services"], &query).await?,
            &SERVICE,
        );
        Ok(())
    }
}
