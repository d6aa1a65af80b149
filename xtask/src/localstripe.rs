//! The program that stands in for Stripe in a test of the gateway's requests.

use std::path::Path;
use std::process::Command;

use crate::step::{execute, output};

/// The release that the test was written against; its dependencies may move.
const PACKAGE: &str = "localstripe==1.15.10";

/// Installs it into a folder of its own under cargo's, where the test looks for it. Where that fails, the test says that it
/// was skipped; with `CI=true` it fails.
pub(crate) fn ensure(target: &Path) {
    let folder = target.join("localstripe");
    let python = folder.join("bin/python");
    let installed = || output(Command::new(&python).args(["-c", "import localstripe.server"])).is_some();
    if installed() {
        return;
    }
    let done = execute(Command::new("python3").args(["-m", "venv"]).arg(&folder)).and_then(|()| {
        let mut pip = Command::new(&python);
        execute(pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PACKAGE,
        ]))
    });
    if let Err(error) = done {
        eprintln!("NOT ALL TESTS WILL RUN: {PACKAGE} cannot be installed: {error:#}");
    }
}
