//! What the provider's own webhook receivers need: Express for the one in Node, Flask for the one in Python. PHP needs nothing.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::python;
use crate::step::{execute, root};

/// Installs both into folders of their own under cargo's, where the test looks for them. Where that fails, the test says that
/// it was skipped; with `CI=true` it fails.
pub(crate) fn ensure(target: &Path) {
    let sources = root().join("tests/verify");
    let (node, venv) = (target.join("verify/node"), target.join("verify/venv"));
    let requirements = sources.join("python/requirements.txt");
    let wanted = [OsStr::new("-r"), requirements.as_os_str()];
    let result = install_node(&sources.join("node"), &node)
        .and_then(|()| python::install(&venv, wanted, "import flask"));
    if let Err(error) = result {
        eprintln!("NOT ALL TESTS WILL RUN: the receivers of webhooks cannot be installed: {error:#}");
    }
}

fn install_node(source: &Path, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for name in ["package.json", "receiver.mjs"] {
        std::fs::copy(source.join(name), folder.join(name))?;
    }
    if folder.join("node_modules/express/package.json").is_file() {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--prefix",
    ]);
    execute(npm.arg(folder))
}
