//! Runs the provider's own extension, as its document prints it, in `tests/php`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A Paymenter with one order, whose row survives between calls.
pub struct Paymenter {
    host: String,
    key: String,
    order: PathBuf,
}

impl Paymenter {
    /// `order` is a file that need not exist yet.
    pub fn new(host: &str, key: &str, order: &Path) -> Paymenter {
        Paymenter {
            host: host.to_owned(),
            key: key.to_owned(),
            order: order.to_owned(),
        }
    }

    /// Does one thing; the extension's exception is the error.
    pub fn act(&self, action: &str, input: &Value) -> Result<Value, String> {
        let output = Command::new("php")
            .arg(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("php")
                    .join("drive.php"),
            )
            .args([&self.host, &self.key])
            .arg(&self.order)
            .args([action, &input.to_string()])
            .output()
            .expect("php runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        let answer: Value = serde_json::from_str(printed.trim()).unwrap_or_else(|_| {
            panic!(
                "php said {printed:?} and {}",
                String::from_utf8_lossy(&output.stderr)
            )
        });
        if output.status.success() {
            return Ok(answer);
        }
        Err(answer["message"].as_str().unwrap_or_default().to_owned())
    }
}

/// Whether PHP and Laravel's packages are there; see [`crate::available`].
pub fn available() -> bool {
    const PROBE: &str = "require 'Illuminate/Http/autoload.php'; require 'Illuminate/Events/autoload.php'; \
                         require 'GuzzleHttp/autoload.php'; exit(extension_loaded('curl') ? 0 : 1);";
    let found = Command::new("php")
        .args(["-r", PROBE])
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        crate::skipped("there is no PHP with curl and Laravel's HTTP client");
    }
    found
}
