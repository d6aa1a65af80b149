//! `mooring job`

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
    /// Show background work
    List {
        /// Only of this tenant
        #[arg(long)]
        tenant: Option<String>,
        /// Only those in this state: `dead` ones have used up their tries
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Run a dead job again, now, with all its tries
    Retry {
        /// `job_…`, as listed
        id: String,
    },
}

const JOB: [Column; 9] = [
    ("ID", "/id"),
    ("TENANT", "/tenant"),
    ("PLUGIN", "/plugin"),
    ("KIND", "/kind"),
    ("STATE", "/state"),
    ("TRIES", "/attempt"),
    ("OF", "/attempts_max"),
    ("NEXT", "/run_at"),
    ("ERROR", "/last_error"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        match self.command {
            Command::List { tenant, state, page } => {
                let query = page.query_with([("tenant", tenant), ("state", state)]);
                client.output.list(&client.get(&["jobs"], &query).await?, &JOB);
            }
            Command::Retry { id } => {
                let answer = client.post(&["jobs", &id, "retry"], &json!({})).await?;
                client.output.done(&answer, &format!("{id} is due now"));
            }
        }
        Ok(())
    }
}
