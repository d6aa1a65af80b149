//! Python packages that tests need, each set in a folder of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::step::{execute, output};

/// Installs what `wanted` tells pip into a virtual environment, unless the statement `probe` runs there already.
pub(crate) fn install(
    folder: &Path,
    wanted: impl IntoIterator<Item = impl AsRef<OsStr>>,
    probe: &str,
) -> anyhow::Result<()> {
    let python = folder.join("bin/python");
    if output(Command::new(&python).args(["-c", probe])).is_some() {
        return Ok(());
    }
    execute(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    execute(pip.args(wanted))
}
