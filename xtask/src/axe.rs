//! What the tests of pages need: axe, which looks for what keeps people out.

use std::path::Path;

use crate::node;
use crate::step::root;

/// Installs it into a folder of its own under cargo's, where the tests look for it. Where that fails, they say that it was
/// skipped; with `CI=true` they fail.
pub(crate) fn ensure(target: &Path) {
    let source = root().join("tests/browser");
    if let Err(error) = node::install(&source, &["package.json"], &target.join("axe"), "axe-core") {
        eprintln!("NOT ALL TESTS WILL RUN: axe cannot be installed: {error:#}");
    }
}
