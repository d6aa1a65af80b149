//! The program that stands in for Stripe in a test of the gateway's requests.

use std::path::Path;

use crate::python;

/// The release that the test was written against; its dependencies may move.
const PACKAGE: &str = "localstripe==1.15.10";

/// Installs it into a folder of its own under cargo's, where the test looks for it. Where that fails, the test says that it
/// was skipped; with `CI=true` it fails.
pub(crate) fn ensure(target: &Path) {
    let done = python::install(
        &target.join("localstripe"),
        [PACKAGE],
        "import localstripe.server",
    );
    if let Err(error) = done {
        eprintln!("NOT ALL TESTS WILL RUN: {PACKAGE} cannot be installed: {error:#}");
    }
}
