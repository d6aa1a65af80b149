//! `mooring event`

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
    /// Show the events of a tenant
    List {
        #[arg(long)]
        tenant: String,
        /// Only of this kind, such as `invoice.paid`
        #[arg(long)]
        kind: Option<String>,
        #[command(flatten)]
        page: Page,
    },
}

const EVENT: [Column; 6] = [
    ("ID", "/id"),
    ("CREATED", "/created_at"),
    ("PLUGIN", "/plugin"),
    ("KIND", "/kind"),
    ("SUBJECT", "/subject"),
    ("DATA", "/data"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        let Command::List { tenant, kind, page } = self.command;
        let query = page.query_with([("kind", kind)]);
        client.output.list(
            &client.get(&["tenants", &tenant, "events"], &query).await?,
            &EVENT,
        );
        Ok(())
    }
}
