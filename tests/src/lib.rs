//! What the tests of the whole host stand on.
//!
//! Every test starts the real executable in a folder of its own, on ports that the system picks, and talks to it over
//! real sockets; [`virtfusion::VirtFusion`] stands in for the panel that the host drives. Nothing leaves loopback,
//! nothing sleeps for a fixed time: whoever waits, waits for a condition, with a deadline ([`eventually`]).
//!
//! The wire format of the provider is written out in the tests themselves; where an answer comes from (the operator's
//! interface, the command line) is known to [`api`] and [`host`] only.

pub mod api;
pub mod browser;
pub mod central;
pub mod fake;
pub mod host;
pub mod hosted_page;
pub mod localstripe;
pub mod paymenter;
pub mod paypal;
pub mod php;
pub mod renovax;
pub mod sink;
pub mod stripe;
pub mod surfaces;
pub mod virtfusion;

use std::time::{Duration, Instant};

pub use api::{Admin, Answer, Api, Counts};
pub use host::{HostOptions, TestHost};

/// Long enough for a busy machine, short enough to fail before a person loses patience.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer; panics with `what` when there is none in time.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "still not so after {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a test that needs `program` can run. Where it cannot, the test says so loudly and passes; with `CI=true`
/// it fails, so that nothing is skipped there.
pub fn available(program: &str) -> bool {
    let found = std::process::Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        skipped(&format!("there is no `{program}`"));
    }
    found
}

/// Says that a test did not run; with `CI=true`, panics.
pub fn skipped(why: &str) {
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "nothing is skipped here, but {why}"
    );
    eprintln!("\nSKIPPED: {why}; `cargo xtask test` installs it where it can\n");
}
