//! `mooring payment`

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
    /// Show the payments of a tenant
    List {
        #[arg(long)]
        tenant: String,
        /// Only of this user, by number
        #[arg(long)]
        user: Option<u64>,
        /// `pending`, `processing`, `authorized`, `succeeded`, `failed`, `expired` or `cancelled`
        #[arg(long)]
        status: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Show a payment, its attempts and its refunds
    Show {
        /// `pay_…`, or what its provider calls it
        id: String,
    },
    /// Have a payment paid, declined or expired without money; needs a gateway in test mode
    Simulate {
        /// `pay_…`, or what its provider calls it
        id: String,
        /// `paid`, `declined`, `partial`, `overpaid` or `expired`
        #[arg(long)]
        outcome: String,
        /// How much arrives, such as `9.50`; for `partial` and `overpaid`
        #[arg(long)]
        amount: Option<String>,
    },
    /// Send back a surplus again that its gateway failed to send; look there first whether it has left after all
    SendAgain {
        /// `pay_…`, or what its provider calls it
        id: String,
        /// The refund that failed, `rfd_…`
        refund: String,
    },
}

const PAYMENT: [Column; 9] = [
    ("ID", "/id"),
    ("PLUGIN", "/plugin"),
    ("REFERENCE", "/reference"),
    ("STATUS", "/status"),
    ("DUE", "/due/decimal"),
    ("RECEIVED", "/received/decimal"),
    ("CURRENCY", "/due/currency"),
    ("USER", "/user"),
    ("CREATED", "/created_at"),
];

const DETAILS: [Column; 17] = [
    ("id", "/id"),
    ("tenant", "/tenant"),
    ("plugin", "/plugin"),
    ("reference", "/reference"),
    ("status", "/status"),
    ("settlement", "/settlement"),
    ("currency", "/due/currency"),
    ("amount", "/amount/decimal"),
    ("due", "/due/decimal"),
    ("received", "/received/decimal"),
    ("fee", "/fee/decimal"),
    ("refunded", "/refunded/decimal"),
    ("failure", "/failure/code"),
    ("because", "/failure/message"),
    ("expires", "/expires_at"),
    ("paid", "/paid_at"),
    ("created", "/created_at"),
];

const ATTEMPT: [Column; 8] = [
    ("ATTEMPT", "/id"),
    ("GATEWAY", "/gateway"),
    ("METHOD", "/method"),
    ("STATE", "/state"),
    ("RECEIVED", "/received/decimal"),
    ("THEIR ID", "/gateway_ref"),
    ("FAILURE", "/failure/code"),
    ("CREATED", "/created_at"),
];

const REFUND: [Column; 7] = [
    ("REFUND", "/id"),
    ("AMOUNT", "/amount/decimal"),
    ("STATE", "/state"),
    ("SURPLUS", "/surplus"),
    ("THEIR ID", "/gateway_ref"),
    ("FAILURE", "/failure/code"),
    ("CREATED", "/created_at"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        match self.command {
            Command::List {
                tenant,
                user,
                status,
                page,
            } => {
                let query =
                    page.query_with([("user", user.map(|user| user.to_string())), ("status", status)]);
                let answer = client.get(&["tenants", &tenant, "payments"], &query).await?;
                client.output.list(&answer, &PAYMENT);
            }
            Command::Show { id } => {
                let answer = client.get(&["payments", &id], &[]).await?;
                client.output.item(&answer, &DETAILS);
                client.output.part(&answer, "attempts", &ATTEMPT);
                client.output.part(&answer, "refunds", &REFUND);
            }
            Command::Simulate { id, outcome, amount } => {
                let mut body = json!({ "outcome": outcome });
                if let Some(amount) = amount {
                    body["amount"] = amount.into();
                }
                let answer = client.post(&["payments", &id, "simulate"], &body).await?;
                let status = answer["status"].as_str().unwrap_or_default();
                client.output.done(&answer, &format!("{id} is {status} now"));
            }
            Command::SendAgain { id, refund } => {
                let path = ["payments", &id, "refunds", &refund, "send-again"];
                let answer = client.post(&path, &json!({})).await?;
                let new = answer["id"].as_str().unwrap_or_default();
                client
                    .output
                    .done(&answer, &format!("{refund} is sent again as {new}"));
            }
        }
        Ok(())
    }
}
