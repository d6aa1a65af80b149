//! Emits events as it is told, for tests and benchmarks of their delivery; the README says how.

use mooring_manifest::Webhook;
use mooring_sdk::prelude::*;
use mooring_sdk::webhooks::{self, NewEvent};
use serde::{Deserialize, Serialize};

struct Announcer;

impl Plugin for Announcer {
    type Error = Problem;

    const ROUTES: &'static [Route<Problem>] =
        &[Route::post("announce", "/announcements", handler!(announce)).summary("Emits events.")];

    fn info() -> Info {
        Info::new(
            "announcer",
            env!("CARGO_PKG_VERSION"),
            "Emits events as it is told.",
        )
        .bearer()
        .key_prefix("announcer_")
        .scope("announce", "Emit.")
        .url("hook", "Where events go.")
        .url("other_hook", "Where they go too.")
        .secret("hook_secret", "What they are signed with.")
        .webhook(webhook("main", "hook"))
        .webhook(webhook("other", "other_hook"))
    }

    fn problem(problem: &Problem) -> Response {
        Response::text(problem.status(), problem.to_string())
    }
}

mooring_sdk::register!(Announcer);

fn webhook(name: &str, url_setting: &str) -> Webhook {
    Webhook {
        name: name.to_owned(),
        url_setting: url_setting.to_owned(),
        secret_setting: Some("hook_secret".to_owned()),
        kinds: Vec::new(),
        timeout_ms: 10_000,
        retry_seconds: vec![1; 30],
        ordered: false,
        headers: Vec::new(),
    }
}

#[derive(Deserialize)]
struct Announce {
    number: u64,
    count: u64,
}

#[derive(Serialize)]
struct Announcement {
    number: u64,
}

fn announce(Json(announce): Json<Announce>) -> Result<Response, Problem> {
    for number in announce.number..announce.number + announce.count {
        let event = NewEvent::new("announced", number.to_string(), &Announcement { number });
        webhooks::emit(event.once(number.to_string()))?;
    }
    Ok(Response::text(200, "announced"))
}
