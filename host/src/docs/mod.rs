//! Documentation of a surface: an OpenAPI document, a page on which its requests can be tried out, and a kit to begin with.
//!
//! # Actors
//! The edge asks for whatever below a mount is neither the hosted page nor a path of the plugin's own. Everything here is made from
//! the plugin's manifest and from its own words for what the host refuses, which it was asked for when it was loaded; no plugin
//! is run, nothing is read from the store, and no credential is needed or known.
//!
//! # Guarantees
//! * All of it is made once for each version of a plugin, when somebody first asks.
//! * The page loads nothing from elsewhere, runs no script but the host's own files, and may call this host alone. What is typed
//!   into it for signing stays in its memory.
//! * What is ours and not the provider's is marked, wherever it is shown.

mod assets;
mod file;
mod flow;
mod kit;
mod openapi;
mod page;
mod samples;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use mooring_manifest::Manifest;
use serde_json::json;

use self::file::File;
use crate::exchange::{Cause, Reply, Usage};

/// What documentation is made from.
#[derive(Debug)]
pub struct Source {
    /// What the plugin says of itself.
    pub manifest: Arc<Manifest>,
    /// What the plugin says where the host refuses, or fails.
    pub refusals: Arc<Vec<(Cause, Reply)>>,
    /// Where its paths begin, without a slash at the end.
    pub base_url: String,
}

/// The documentation of one mount.
#[derive(Debug)]
pub struct Docs {
    source: Source,
    /// By path below the mount.
    files: OnceLock<BTreeMap<String, File>>,
}

impl Docs {
    /// Nothing is made yet.
    pub fn new(source: Source) -> Docs {
        Docs {
            source,
            files: OnceLock::new(),
        }
    }

    /// What it is made from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Whether a path below the mount may be one of its own; a cheap question that spares all others the next one.
    pub fn concerns(path: &str) -> bool {
        ["/openapi.json", "/docs", "/kit"]
            .iter()
            .any(|folder| path.starts_with(folder))
    }

    /// What lies at a path below the mount, for a `GET` with these headers.
    pub fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Reply> {
        let files = self.files.get_or_init(|| make(&self.source));
        Some(files.get(path)?.answer(headers))
    }
}

fn make(source: &Source) -> BTreeMap<String, File> {
    let document = openapi::document(source);
    let kit = kit::kit(source);
    let mut files = BTreeMap::from([
        (
            "/openapi.json".to_owned(),
            File::new("application/json", pretty(&document)),
        ),
        ("/docs".to_owned(), page::page(source, &kit)),
        ("/docs/".to_owned(), File::moved("../docs")),
        (
            "/kit.zip".to_owned(),
            File::new("application/zip", kit.archive()).download(&kit.archive_name()),
        ),
    ]);
    for (name, file) in assets::all() {
        files.insert(format!("/docs/assets/{name}"), file.clone());
    }
    for entry in &kit.entries {
        let file = File::new(entry.kind, entry.text.clone()).download(&entry.name);
        files.insert(format!("/kit/{}", entry.name), file);
    }
    files
}

fn pretty(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a value is JSON");
    text.push('\n');
    text
}

/// Somebody asks too often.
pub(crate) fn too_many(seconds: u32) -> Reply {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": "These documents are asked for too often (edge.docs_per_minute).",
    });
    Reply {
        status: status.as_u16(),
        headers: vec![
            (CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
            (RETRY_AFTER, HeaderValue::from(seconds)),
        ],
        body: body.to_string().into(),
        usage: Usage::default(),
    }
}
