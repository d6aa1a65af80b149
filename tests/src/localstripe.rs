//! Another program that stands in for Stripe, which knows nothing of this project: what it understands of a request, it
//! understands by Stripe's own documents. A process of its own, as its licence is another one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running localstripe.
pub struct LocalStripe {
    child: Child,
    url: String,
}

impl LocalStripe {
    /// Starts it, with a clock that stands at `now_seconds`. Nothing where it is not installed; see [`crate::skipped`].
    pub fn start(now_seconds: u64) -> Option<LocalStripe> {
        let python = python();
        if !python.is_file() {
            crate::skipped("localstripe is not installed");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/serve_localstripe.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(now_seconds.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped"))
            .read_line(&mut port)
            .expect("it prints its port");
        let port: u16 = port.trim().parse().expect("a port");
        Some(LocalStripe {
            child,
            url: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        // Both fail only when the child has already gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `cargo xtask test` installs it.
fn python() -> PathBuf {
    let profile = crate::host::profile_folder();
    let target = profile
        .parent()
        .expect("a profile's folder lies in the target folder");
    target.join("localstripe/bin/python")
}
