//! What the provider's own webhook receivers need: Express for the one in Node, Flask for the one in Python. PHP needs nothing.

use std::path::Path;
use std::process::Command;

use crate::step::{execute, output, root};

/// Installs both into folders of their own under cargo's, where the test looks for them. Where that fails, the test says that
/// it was skipped; with `CI=true` it fails.
pub(crate) fn ensure(target: &Path) {
    let sources = root().join("tests/verify");
    let (node, python) = (target.join("verify/node"), target.join("verify/venv"));
    let result = install_node(&sources.join("node"), &node)
        .and_then(|()| install_python(&sources.join("python/requirements.txt"), &python));
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

fn install_python(requirements: &Path, folder: &Path) -> anyhow::Result<()> {
    let python = folder.join("bin/python");
    if output(Command::new(&python).args(["-c", "import flask"])).is_some() {
        return Ok(());
    }
    execute(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
    ]);
    execute(pip.arg(requirements))
}
