//! `mooring ledger`

use serde_json::{Value, json};

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
    /// Check every journal from its first posting: chain, balances, sums
    Verify {
        /// Only this one
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Post an amount from one account of a tenant to another, such as a reseller's first credits
    Post {
        #[arg(long)]
        tenant: String,
        /// The account whose balance falls
        #[arg(long)]
        debit: String,
        /// The account whose balance rises
        #[arg(long)]
        credit: String,
        /// Exact, such as 498.50
        #[arg(long)]
        amount: String,
        #[arg(long)]
        currency: String,
        /// Unique; the same posting again is no second one
        #[arg(long)]
        key: String,
        /// Shown in statements
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Show the postings of a tenant
    List {
        #[arg(long)]
        tenant: String,
        #[command(flatten)]
        page: Page,
    },
}

const VERIFICATION: [Column; 5] = [
    ("TENANT", "/tenant"),
    ("INTACT", "/intact"),
    ("POSTINGS", "/postings"),
    ("HEAD", "/head"),
    ("FAULTS", "/details"),
];

const POSTING: [Column; 5] = [
    ("SEQUENCE", "/sequence"),
    ("ID", "/id"),
    ("CREATED", "/created_at"),
    ("KEY", "/idempotency_key"),
    ("DESCRIPTION", "/description"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        match self.command {
            Command::Verify { tenant } => {
                let query: Vec<_> = tenant.into_iter().map(|tenant| ("tenant", tenant)).collect();
                let answer = client.get(&["ledger", "verification"], &query).await?;
                client.output.list(&answer, &VERIFICATION);
                let items = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
                if items.iter().any(|item| item["intact"] != Value::Bool(true)) {
                    return Err(Failure::refused(
                        "a journal is not intact; stop the host and compare the data folder with your last backup",
                    ));
                }
            }
            Command::Post {
                tenant,
                debit,
                credit,
                amount,
                currency,
                key,
                description,
            } => {
                let body = json!({
                    "key": key, "debit": debit, "credit": credit,
                    "amount": amount, "currency": currency, "description": description,
                });
                let answer = client
                    .post(&["tenants", &tenant, "ledger", "postings"], &body)
                    .await?;
                let id = answer["id"].as_str().unwrap_or_default();
                client.output.done(
                    &answer,
                    &format!("{amount} {currency} went from {debit} to {credit}: {id}"),
                );
            }
            Command::List { tenant, page } => {
                let answer = client
                    .get(&["tenants", &tenant, "ledger", "postings"], &page.query())
                    .await?;
                client.output.list(&answer, &POSTING);
            }
        }
        Ok(())
    }
}
