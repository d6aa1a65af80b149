//! What the provider's own webhook receivers need: Express for the one in Node, Flask for the one in Python. PHP needs nothing.

use std::ffi::OsStr;
use std::path::Path;

use crate::node;
use crate::python;
use crate::step::root;

/// Installs both into folders of their own under cargo's, where the test looks for them. Where that fails, the test says that
/// it was skipped; with `CI=true` it fails.
pub(crate) fn ensure(target: &Path) {
    let sources = root().join("tests/verify");
    let (folder, venv) = (target.join("verify/node"), target.join("verify/venv"));
    let requirements = sources.join("python/requirements.txt");
    let wanted = [OsStr::new("-r"), requirements.as_os_str()];
    let files = ["package.json", "receiver.mjs"];
    let result = node::install(&sources.join("node"), &files, &folder, "express")
        .and_then(|()| python::install(&venv, wanted, "import flask"));
    if let Err(error) = result {
        eprintln!("NOT ALL TESTS WILL RUN: the receivers of webhooks cannot be installed: {error:#}");
    }
}
