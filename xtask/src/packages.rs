//! What tests need from the system besides Rust.

use std::process::Command;

use crate::step::{execute, exists, output};

/// Debian's names. The PHP end-to-end test runs the original extension on Laravel's own HTTP client; the hosted page is looked
/// at in Chromium, with a font that has Arabic letters; samples of the integration kit sign with OpenSSL.
const DEBIAN: &[&str] = &[
    "chromium",
    "chromium-driver",
    "curl",
    "fonts-dejavu-core",
    "openssl",
    "php-cli",
    "php-curl",
    "php-guzzlehttp-guzzle",
    "php-illuminate-events",
    "php-illuminate-http",
];

/// Installs what is missing where that needs nobody's permission: as root, on a system with apt. Elsewhere the tests
/// that need it say that they were skipped; with `CI=true` they fail instead.
pub(crate) fn ensure() -> anyhow::Result<()> {
    if complete() {
        return Ok(());
    }
    if is_root() && exists("apt-get") {
        let apt = || {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        execute(apt().args(["update", "--quiet"]))?;
        execute(
            apt()
                .args(["install", "--quiet", "--yes", "--no-install-recommends"])
                .args(DEBIAN),
        )?;
    }
    if !complete() {
        eprintln!(
            "NOT ALL TESTS WILL RUN: these packages are missing: {}",
            DEBIAN.join(" ")
        );
        eprintln!(
            "on Debian and Ubuntu: sudo apt-get install --no-install-recommends {}",
            DEBIAN.join(" ")
        );
    }
    Ok(())
}

fn complete() -> bool {
    const PROBE: &str = "require 'Illuminate/Http/autoload.php'; require 'Illuminate/Events/autoload.php'; \
                         require 'GuzzleHttp/autoload.php'; exit(extension_loaded('curl') ? 0 : 1);";
    exists("curl")
        && exists("chromium")
        && exists("chromedriver")
        && output(Command::new("openssl").arg("version")).is_some()
        && output(Command::new("php").args(["-r", PROBE])).is_some()
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}
