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
        /// Only those in this state; with --tenant or --endpoint
        #[arg(long, value_parser = ["waiting", "delivered", "dead"])]
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
    /// Send again: one delivery, or the dead ones of an endpoint but for samples
    Redeliver {
        /// `dlv_…`, or `ep_…` for what it has given up
        id: String,
        /// Only those made at this time or later, such as 2026-11-21T09:00:00Z
        #[arg(long, value_name = "TIME", value_parser = time)]
        from: Option<String>,
        /// Only those made before this time
        #[arg(long, value_name = "TIME", value_parser = time)]
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
        /// How long the old secret signs beside the new one, at most 7d; in `webhook-signature` alone: a provider's own header
        /// has one signature, of the new secret from now on
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

/// What ids of events begin with.
const EVENT: &str = "ev_";

/// A receiver of a provider's own header has to change at once, and should not learn it from deliveries that fail.
const ROTATED: &str = "The old secret, while it signs, does so in `webhook-signature` alone. A provider's own signature header is \
     made with the new secret from now on: give it at once to a receiver that checks that header.";

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
                client.output.note(ROTATED);
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

/// A time as the interface takes it.
fn time(text: &str) -> Result<String, String> {
    match humantime::parse_rfc3339(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(String::from(
            "it must be a time in UTC, such as 2026-11-21T09:00:00Z",
        )),
    }
}

/// Whether nothing can have been made from one time until before the other.
fn is_empty(from: Option<&str>, to: Option<&str>) -> bool {
    let parsed = |text: Option<&str>| humantime::parse_rfc3339(text?).ok();
    matches!((parsed(from), parsed(to)), (Some(from), Some(to)) if from >= to)
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
    if id.starts_with(EVENT) {
        return Err(Failure::usage(format!(
            "{id} is an event; see its deliveries, and send one of them again: \
             mooring webhook deliveries --tenant TENANT --event {id}"
        )));
    }
    if is_empty(from.as_deref(), to.as_deref()) {
        return Err(Failure::usage("--from must be earlier than --to"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_in_utc() {
        assert!(time("2026-11-21T09:00:00Z").is_ok());
        for text in ["yesterday", "2026-11-21", "2026-11-21T09:00:00+01:00", ""] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_begins_before_it_ends() {
        let (early, late) = ("2026-11-21T09:00:00Z", "2026-11-21T09:00:01Z");
        assert!(!is_empty(Some(early), Some(late)));
        assert!(!is_empty(Some(late), None) && !is_empty(None, Some(early)));
        assert!(is_empty(Some(late), Some(early)) && is_empty(Some(early), Some(early)));
    }
}
