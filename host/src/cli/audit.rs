//! `mooring audit`

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
    /// Show who changed what
    List(Page),
}

const AUDIT: [Column; 6] = [
    ("AT", "/at"),
    ("WHO", "/who"),
    ("TENANT", "/tenant"),
    ("ACTION", "/action"),
    ("SUBJECT", "/subject"),
    ("DETAILS", "/details"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        let Command::List(page) = self.command;
        client
            .output
            .list(&client.get(&["audit"], &page.query()).await?, &AUDIT);
        Ok(())
    }
}
