//! Packages of npm, for tests that need what only it has.

use std::path::Path;
use std::process::Command;

use crate::step::execute;

/// Copies these files of `source`, `package.json` among them, into `folder`, and installs what they ask for there. Does nothing
/// where the package `probe` is installed already.
pub(crate) fn install(source: &Path, files: &[&str], folder: &Path, probe: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for name in files {
        std::fs::copy(source.join(name), folder.join(name))?;
    }
    if folder
        .join("node_modules")
        .join(probe)
        .join("package.json")
        .is_file()
    {
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
