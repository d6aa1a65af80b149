//! `mooring webhook`

use serde_json::{Value, json};

use super::client::{Client, Failure, Remote};
use super::output::Column;
use super::page::Page;

/// What ids of deliveries begin with; those of endpoints do not.
const DELIVERY: &str = "dlv_";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show endpoints and how they are doing
    List {
        /// Only of this tenant
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Show deliveries
    Deliveries {
        /// Only of this tenant
        #[arg(long)]
        tenant: Option<String>,
        /// Only to this endpoint
        #[arg(long)]
        endpoint: Option<String>,
        /// Only those `waiting`, `delivered` or `dead`; with --tenant or --endpoint
        #[arg(long)]
        state: Option<String>,
        /// Only those of this event; with --tenant
        #[arg(long)]
        event: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Show an endpoint, or a delivery with its attempts
    Show {
        /// `ep_…` or `dlv_…`
        id: String,
    },
    /// Send again: one delivery, or the dead ones of an endpoint
    Redeliver {
        /// `dlv_…`, or `ep_…` for what it has given up
        id: String,
        /// Only those made at this time or later, such as 2026-11-21T09:00:00Z
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Only those made before this time
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
    },
    /// Send a sample event to an endpoint, once
    Test {
        /// `ep_…`
        id: String,
        /// The kind of event, such as `invoice.paid`
        #[arg(long)]
        kind: String,
        /// What it says, as JSON; without it, that it is a test
        #[arg(long, value_name = "JSON")]
        body: Option<String>,
    },
    /// Give an endpoint a new secret; it is shown this once
    Rotate {
        /// `ep_…`
        id: String,
        /// How long the old secret signs beside the new one, at most 7d
        #[arg(long, default_value = "24h", value_parser = humantime::parse_duration)]
        overlap: std::time::Duration,
    },
    /// Switch an endpoint on, or end its suspension: what was held is due
    Enable {
        /// `ep_…`
        id: String,
    },
    /// Switch an endpoint off: its deliveries are held
    Disable {
        /// `ep_…`
        id: String,
    },
}

const ENDPOINT: [Column; 9] = [
    ("ID", "/id"),
    ("TENANT", "/tenant"),
    ("PLUGIN", "/plugin"),
    ("WEBHOOK", "/webhook"),
    ("HEALTH", "/health"),
    ("FAILURES", "/failures"),
    ("WAITING", "/waiting"),
    ("DELIVERED", "/delivered"),
    ("DEAD", "/dead"),
];

const ENDPOINT_DETAILS: [Column; 15] = [
    ("ID", "/id"),
    ("TENANT", "/tenant"),
    ("PLUGIN", "/plugin"),
    ("WEBHOOK", "/webhook"),
    ("KINDS", "/kinds"),
    ("ORDERED", "/ordered"),
    ("HEALTH", "/health"),
    ("FAILURES", "/failures"),
    ("FAILING SINCE", "/failing_since"),
    ("NEXT TRY", "/probe_at"),
    ("DISABLED BY", "/disabled_by"),
    ("WAITING", "/waiting"),
    ("DELIVERED", "/delivered"),
    ("DEAD", "/dead"),
    ("CREATED", "/created_at"),
];

const DELIVERIES: [Column; 8] = [
    ("ID", "/id"),
    ("CREATED", "/created_at"),
    ("ENDPOINT", "/endpoint"),
    ("KIND", "/kind"),
    ("STATE", "/state"),
    ("ATTEMPTS", "/attempts_made"),
    ("NEXT", "/next_at"),
    ("ERROR", "/last_error"),
];

const DELIVERY_DETAILS: [Column; 9] = [
    ("ID", "/id"),
    ("TENANT", "/tenant"),
    ("ENDPOINT", "/endpoint"),
    ("EVENT", "/event"),
    ("KIND", "/kind"),
    ("STATE", "/state"),
    ("NEXT", "/next_at"),
    ("CREATED", "/created_at"),
    ("ENDED", "/ended_at"),
];

const ATTEMPT: [Column; 6] = [
    ("ATTEMPT", "/number"),
    ("STARTED", "/started_at"),
    ("MS", "/duration_ms"),
    ("STATUS", "/status"),
    ("ERROR", "/error"),
    ("ANSWER", "/excerpt"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        match self.command {
            Command::List { tenant, page } => {
                let query = page.query_with([("tenant", tenant)]);
                let answer = client.get(&["webhooks", "endpoints"], &query).await?;
                client.output.list(&answer, &ENDPOINT);
            }
            Command::Deliveries {
                tenant,
                endpoint,
                state,
                event,
                page,
            } => {
                let query = page.query_with([
                    ("tenant", tenant),
                    ("endpoint", endpoint),
                    ("state", state),
                    ("event", event),
                ]);
                let answer = client.get(&["webhooks", "deliveries"], &query).await?;
                client.output.list(&answer, &DELIVERIES);
            }
            Command::Show { id } => show(&client, &id).await?,
            Command::Redeliver { id, from, to } => redeliver(&client, &id, from, to).await?,
            Command::Test { id, kind, body } => {
                let data: Option<Value> = body
                    .map(|body| serde_json::from_str(&body))
                    .transpose()
                    .map_err(|error| Failure::usage(format!("--body is not JSON: {error}")))?;
                let sample = json!({ "kind": kind, "data": data });
                let answer = client
                    .post(&["webhooks", "endpoints", &id, "test"], &sample)
                    .await?;
                let delivery = answer["id"].as_str().unwrap_or_default();
                let sentence = format!("on its way; see how it goes: mooring webhook show {delivery}");
                client.output.done(&answer, &sentence);
            }
            Command::Rotate { id, overlap } => {
                let rotation = json!({ "overlap_seconds": overlap.as_secs() });
                let answer = client
                    .post(&["webhooks", "endpoints", &id, "rotate"], &rotation)
                    .await?;
                let fields = [("SECRET", "/secret"), ("OLD ONE UNTIL", "/previous_until")];
                client.output.item(&answer, &fields);
            }
            Command::Enable { id } => {
                let answer = client
                    .post(&["webhooks", "endpoints", &id, "enable"], &json!({}))
                    .await?;
                client.output.done(&answer, &format!("{id} is enabled"));
            }
            Command::Disable { id } => {
                let answer = client
                    .post(&["webhooks", "endpoints", &id, "disable"], &json!({}))
                    .await?;
                client.output.done(&answer, &format!("{id} is disabled"));
            }
        }
        Ok(())
    }
}

async fn show(client: &Client, id: &str) -> Result<(), Failure> {
    if !id.starts_with(DELIVERY) {
        let endpoint = client.get(&["webhooks", "endpoints", id], &[]).await?;
        client.output.item(&endpoint, &ENDPOINT_DETAILS);
        return Ok(());
    }
    let delivery = client.get(&["webhooks", "deliveries", id], &[]).await?;
    client.output.item(&delivery, &DELIVERY_DETAILS);
    client.output.part(&delivery, "attempts", &ATTEMPT);
    Ok(())
}

async fn redeliver(
    client: &Client,
    id: &str,
    from: Option<String>,
    to: Option<String>,
) -> Result<(), Failure> {
    if id.starts_with(DELIVERY) {
        if from.is_some() || to.is_some() {
            return Err(Failure::usage("--from and --to go with an endpoint, `ep_…`"));
        }
        let answer = client
            .post(&["webhooks", "deliveries", id, "redeliver"], &json!({}))
            .await?;
        client.output.done(&answer, &format!("{id} is due now"));
        return Ok(());
    }
    let range = json!({ "from": from, "to": to });
    let mut redelivered = 0;
    loop {
        let answer = client
            .post(&["webhooks", "endpoints", id, "redeliver"], &range)
            .await?;
        redelivered += answer["redelivered"].as_u64().unwrap_or_default();
        if answer["more"] != true {
            break;
        }
    }
    let sum = json!({ "redelivered": redelivered });
    client
        .output
        .done(&sum, &format!("{redelivered} deliveries are due now"));
    Ok(())
}
