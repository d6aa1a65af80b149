//! `mooring clock`

use std::time::Duration;

use serde_json::json;

use super::client::{Failure, Remote};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what time it is for the host, and whether all that is due has been done
    Show,
    /// Move the clock forward, on a host that was started with --movable-clock
    Advance {
        /// Such as 90s, 12h or 30days
        #[arg(long, value_parser = whole_seconds, conflicts_with = "to", required_unless_present = "to")]
        by: Option<Duration>,
        /// To this moment: 2027-01-31T00:00:00Z
        #[arg(long)]
        to: Option<String>,
    },
}

const CLOCK: [(&str, &str); 4] = [
    ("now", "/now"),
    ("seconds ahead", "/ahead_seconds"),
    ("movable", "/movable"),
    ("settled", "/settled"),
];

fn whole_seconds(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.as_secs() == 0 || duration.subsec_nanos() > 0 {
        return Err("must be whole seconds, at least one".to_owned());
    }
    Ok(duration)
}

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let client = self.remote.connect()?;
        let answer = match self.command {
            Command::Show => client.get(&["clock"], &[]).await?,
            Command::Advance { by, to } => {
                let wish = match by {
                    Some(by) => json!({ "seconds": by.as_secs() }),
                    None => json!({ "to": to }),
                };
                client.post(&["clock", "advance"], &wish).await?
            }
        };
        client.output.item(&answer, &CLOCK);
        Ok(())
    }
}
