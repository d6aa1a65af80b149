//! The integration kit: the core requests of a surface as a Postman collection and as programs that run as they are.
//!
//! `plan` says which requests, in which order and with which values; one file for each language writes them down. The parts of the
//! programs that are the same for every surface are in `templates`.

mod auth;
mod curl;
mod literal;
mod node;
mod php;
mod plan;
mod postman;
mod python;
mod readme;

#[cfg(test)]
mod tests;

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use self::plan::Plan;
use super::Source;

/// One file of the kit.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) text: String,
    /// Whether it is a program.
    runs: bool,
}

/// All files, and what they are called together.
#[derive(Debug)]
pub(super) struct Kit {
    name: String,
    pub(super) entries: Vec<Entry>,
}

pub(super) fn kit(source: &Source) -> Kit {
    let plan = Plan::new(source);
    let manifest = &source.manifest;
    let entry = |name: &str, kind, runs, text| Entry {
        name: name.to_owned(),
        kind,
        text,
        runs,
    };
    let entries = vec![
        entry(
            "README.md",
            "text/markdown; charset=utf-8",
            false,
            readme::text(&plan),
        ),
        entry(
            "postman_collection.json",
            "application/json",
            false,
            postman::text(&plan),
        ),
        entry(
            "sample.sh",
            "text/x-shellscript; charset=utf-8",
            true,
            curl::text(&plan),
        ),
        entry(
            "sample.mjs",
            "text/javascript; charset=utf-8",
            true,
            node::text(&plan),
        ),
        entry("sample.php", "text/plain; charset=utf-8", true, php::text(&plan)),
        entry(
            "sample.py",
            "text/x-python; charset=utf-8",
            true,
            python::text(&plan),
        ),
    ];
    Kit {
        name: format!("{}-kit-{}", manifest.name, manifest.version),
        entries,
    }
}

impl Kit {
    pub(super) fn archive_name(&self) -> String {
        format!("{}.zip", self.name)
    }

    /// The same bytes for the same kit, whenever it is made.
    pub(super) fn archive(&self) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for entry in &self.entries {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .last_modified_time(DateTime::default())
                .unix_permissions(if entry.runs { 0o755 } else { 0o644 });
            archive
                .start_file(format!("{}/{}", self.name, entry.name), options)
                .and_then(|()| Ok(archive.write_all(entry.text.as_bytes())?))
                .expect("an archive in memory can be written to");
        }
        let archive = archive.finish().expect("an archive in memory can be written to");
        archive.into_inner()
    }
}

/// Fills a template in: `%NAME%`, each in one pass, so that nothing in a value is taken for another one.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = values.iter().find(|(name, _)| {
            rest[1..]
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('%'))
        });
        if let Some((name, value)) = known {
            text.push_str(value);
            rest = &rest[name.len() + 2..];
        } else {
            text.push('%');
            rest = &rest[1..];
        }
    }
    text.push_str(rest);
    text
}

/// The first lines of every program, in its way of commenting.
fn about(plan: &Plan<'_>) -> (String, String) {
    let about = format!(
        "The core requests of {}, one after the other.",
        one_line(plan.title)
    );
    let names: Vec<_> = plan
        .variables
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    let usage = match names.as_slice() {
        [] => "Runs as it is.".to_owned(),
        names => format!("Reads {} and BASE_URL from the environment.", names.join(", ")),
    };
    (about, usage)
}

/// A summary as a comment.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
