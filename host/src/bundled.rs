//! Plugins that come with the host: `NAME.wasm` in one folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;

/// The folder of bundled plugins.
#[derive(Clone, Debug)]
pub struct Bundled {
    folder: PathBuf,
}

impl Bundled {
    /// The configured folder, or `plugins` beside the executable.
    pub fn of(config: &Config) -> Bundled {
        let beside = || {
            let executable = std::env::current_exe().unwrap_or_default();
            executable.parent().unwrap_or(Path::new(".")).join("plugins")
        };
        Bundled {
            folder: config.bundled_plugins.clone().unwrap_or_else(beside),
        }
    }

    /// Where they are looked for.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Their names, in order. A folder that is not there has none.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry?.file_name();
            names.extend(
                file.to_str()
                    .and_then(|file| file.strip_suffix(".wasm"))
                    .map(str::to_owned),
            );
        }
        names.sort();
        Ok(names)
    }

    /// The component of this name, or `None`. Names never lead out of the folder.
    pub fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        if !self.names()?.iter().any(|known| known == name) {
            return Ok(None);
        }
        std::fs::read(self.folder.join(format!("{name}.wasm"))).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("plugins")).expect("a folder");
        std::fs::write(folder.path().join("plugins/b.wasm"), b"b").expect("a file");
        std::fs::write(folder.path().join("plugins/a.wasm"), b"a").expect("a file");
        std::fs::write(folder.path().join("plugins/README.md"), b"").expect("a file");
        std::fs::write(folder.path().join("out.wasm"), b"out").expect("a file");
        let config = Config {
            bundled_plugins: Some(folder.path().join("plugins")),
            ..Config::default()
        };
        let bundled = Bundled::of(&config);
        assert_eq!(bundled.names().expect("names"), ["a", "b"]);
        assert_eq!(bundled.read("b").expect("read"), Some(b"b".to_vec()));
        assert_eq!(bundled.read("../out").expect("read"), None);
    }

    #[test]
    fn a_missing_folder_is_empty() {
        let config = Config {
            bundled_plugins: Some("/nowhere/at/all".into()),
            ..Config::default()
        };
        assert!(Bundled::of(&config).names().expect("names").is_empty());
    }
}
