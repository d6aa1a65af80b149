//! The invariants of ARCHITECTURE.md that no compiler checks: who may name what, and what must not lie around.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the repository, read.
struct Source {
    /// From the root, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }

    /// Lines outside comments and tests, with their numbers; good enough for naming rules.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let all_test = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        let end = if all_test {
            0
        } else {
            self.text
                .find("#[cfg(test)]\nmod tests {")
                .unwrap_or(self.text.len())
        };
        let text = &self.text[..end];
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn is_in(&self, folders: &[&str]) -> bool {
        folders
            .iter()
            .any(|folder| self.path == *folder || self.path.starts_with(&format!("{folder}/")))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package lies in a folder of the workspace")
}

/// Every text file that git knows, or would.
fn sources() -> Vec<Source> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let read = |path: &str| {
        Some(Source {
            path: path.to_owned(),
            text: std::fs::read_to_string(root().join(path)).ok()?,
        })
    };
    listed
        .split('\0')
        .filter(|path| !path.is_empty())
        .filter_map(read)
        .collect()
}

/// Panics with every place at once.
fn none(places: Vec<String>, rule: &str) {
    assert!(places.is_empty(), "{rule}\n  {}", places.join("\n  "));
}

/// Places where Rust code outside `allowed` has one of these words.
fn named(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.is_rust() && !source.is_in(allowed))
    {
        for (number, line) in source.code() {
            let found = words.iter().find(|word| has_word(line, word));
            if let Some(word) = found {
                places.push(format!("{}:{number} names {word}", source.path));
            }
        }
    }
    places
}

fn has_word(line: &str, word: &str) -> bool {
    let part = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || character == '_')
    };
    line.match_indices(word).any(|(start, _)| {
        !part(line[..start].chars().next_back()) && !part(line[start + word.len()..].chars().next())
    })
}

const THIS: &str = "tests/tests/tidy.rs";

#[test]
fn only_the_store_names_its_engine() {
    none(
        named(&["sled"], &["host/store", THIS]),
        "sled stands behind the boundary of host/store",
    );
}

#[test]
fn only_the_runtime_names_wasmtime() {
    let allowed = [
        "host/src/runtime",
        "host/src/runtime.rs",
        "host/src/bindings",
        "host/src/bindings.rs",
        THIS,
    ];
    none(
        named(&["wasmtime", "wasmtime_wasi"], &allowed),
        "the edge and the operator's side know plugins, not wasmtime",
    );
}

#[test]
fn primitives_know_neither_http_nor_vendors() {
    let words = [
        "http",
        "hyper",
        "axum",
        "reqwest",
        "paymenter",
        "virtfusion",
        "tebex",
        "renovax",
        "payx",
        "vpsctrl",
    ];
    let mut places = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.is_rust() && source.is_in(&["host/core/src", "host/store/src"]))
    {
        for (number, line) in source.code() {
            let lower = line.to_lowercase();
            // The schemes that an address may have are not HTTP.
            let lower = lower
                .replace("http://", "")
                .replace("https://", "")
                .replace("\"http\"", "")
                .replace("http or https", "");
            if let Some(word) = words.iter().find(|word| has_word(&lower, word)) {
                places.push(format!("{}:{number} names {word}", source.path));
            }
        }
    }
    none(
        places,
        "host/core and host/store serve every provider and every protocol",
    );
}

#[test]
fn the_host_knows_no_vendor() {
    let words = ["virtfusion", "tebex", "renovax", "payx", "vpsctrl", "vfc_live_"];
    let mut places = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.is_rust() && source.is_in(&["host/src"]))
    {
        for (number, line) in source.code() {
            if let Some(word) = words.iter().find(|word| line.to_lowercase().contains(*word)) {
                places.push(format!("{}:{number} names {word}", source.path));
            }
        }
    }
    none(places, "what a vendor wants belongs to its plugin");
}

#[test]
fn nothing_is_left_to_do() {
    // Written so that this file does not find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("HA", "CK")];
    let calls = [
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("db", "g!("),
    ];
    let phrases = [concat!("Under", " construction"), concat!("Stu", "b.")];
    let mut places = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| !source.path.ends_with("Cargo.lock"))
    {
        for (index, line) in source.text.lines().enumerate() {
            let word = words.iter().find(|word| has_word(line, word));
            let found = word.or_else(|| calls.iter().chain(&phrases).find(|text| line.contains(**text)));
            if let Some(found) = found {
                places.push(format!("{}:{} has {found}", source.path, index + 1));
            }
        }
    }
    none(
        places,
        "work that is left belongs to the tracker, not into the code",
    );
}

#[test]
fn no_file_is_more_than_one_idea() {
    const LINES_MAX: usize = 700;
    let long = |source: &&Source| source.is_rust() && source.text.lines().count() > LINES_MAX;
    let sources = sources();
    let places = sources
        .iter()
        .filter(long)
        .map(|source| format!("{}: {}", source.path, source.text.lines().count()));
    none(
        places.collect(),
        "a file of more than 700 lines wants to be a folder",
    );
}

#[test]
fn text_is_tidy() {
    let mut places = Vec::new();
    for source in sources() {
        if source.text.contains('\r') {
            places.push(format!("{} has carriage returns", source.path));
        }
        if !source.text.is_empty() && !source.text.ends_with('\n') {
            places.push(format!("{} does not end with a line break", source.path));
        }
        for (index, line) in source.text.lines().enumerate() {
            if line.ends_with([' ', '\t']) {
                places.push(format!("{}:{} ends with a blank", source.path, index + 1));
            }
        }
    }
    none(places, "blanks at line ends hide in reviews");
}

#[test]
fn the_root_holds_what_the_map_says() {
    const MAP: &[&str] = &[
        ".cargo",
        ".ci",
        ".gitignore",
        "ARCHITECTURE.md",
        "BENCHMARKS.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "clippy.toml",
        "deny.toml",
        "docs",
        "examples",
        "host",
        "plugins",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "sdk",
        "tests",
        "wit",
        "xtask",
    ];
    let mut found: Vec<String> = sources()
        .iter()
        .map(|source| source.path.split('/').next().unwrap_or_default().to_owned())
        .collect();
    found.sort();
    found.dedup();
    let unknown = found.iter().filter(|name| !MAP.contains(&name.as_str())).cloned();
    none(
        unknown.collect(),
        "a new name at the root belongs into ARCHITECTURE.md and into this list",
    );
}

#[test]
fn every_plugin_has_the_same_files() {
    let mut places = Vec::new();
    let folders = std::fs::read_dir(root().join("plugins")).expect("plugins");
    for folder in folders
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
    {
        // The sandbox is nobody's surface: there is no vendor's JSON to model, to convert and to word errors in.
        let vendor = !folder.ends_with("gateway-sandbox");
        let always = ["Cargo.toml", "README.md", "src/lib.rs"];
        // A large surface keeps the JSON beside what it is of, and its table of routes in a file of its own.
        let is_large = folder.join("src/routes.rs").is_file();
        let names: &[&str] = match (vendor, is_large) {
            (true, false) => &["src/model.rs", "src/convert.rs", "src/error.rs"],
            (true, true) => &["src/schema.rs", "src/info.rs", "src/error.rs"],
            (false, _) => &[],
        };
        for name in always.iter().chain(names) {
            if !folder.join(name).is_file() {
                places.push(format!("{} has no {name}", folder.display()));
            }
        }
    }
    none(places, "after one plugin, the rest read themselves");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut places = Vec::new();
    for source in sources().iter().filter(|source| source.has_extension("md")) {
        let folder: PathBuf = root()
            .join(&source.path)
            .parent()
            .expect("a file has a folder")
            .to_owned();
        for link in source
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or_default();
            let foreign = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !foreign && !folder.join(target).exists() {
                places.push(format!("{} links to {link}", source.path));
            }
        }
    }
    none(places, "a dead link is worse than none");
}
