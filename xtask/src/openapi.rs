//! What tests of the surfaces' documents need: a validator and schemathesis, both Python packages.

use std::path::Path;
use std::process::Command;

use crate::step::{execute, output, root};

/// Installs both into a folder of their own under cargo's, where the tests look for them. Where that fails, the tests say that
/// they were skipped; with `CI=true` they fail.
pub(crate) fn ensure(target: &Path) {
    let requirements = root().join("tests/python/openapi/requirements.txt");
    if let Err(error) = install(&requirements, &target.join("openapi")) {
        eprintln!("NOT ALL TESTS WILL RUN: the tools for OpenAPI cannot be installed: {error:#}");
    }
}

fn install(requirements: &Path, folder: &Path) -> anyhow::Result<()> {
    let python = folder.join("bin/python");
    let probe = "import openapi_spec_validator, schemathesis";
    if output(Command::new(&python).args(["-c", probe])).is_some() {
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
