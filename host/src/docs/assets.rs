//! Files of the page, embedded in the executable: Swagger UI as its archive has it, and our own script and styles around it.
//!
//! A name carries the hash of its content, so a browser may keep the file for ever and never asks again.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::file::{File, fingerprint};

/// Names of the files, below `docs/assets/`.
pub(super) struct Names {
    pub(super) viewer: String,
    pub(super) viewer_style: String,
    pub(super) license: String,
    pub(super) notice: String,
    pub(super) script: String,
    pub(super) style: String,
    pub(super) icon: String,
}

struct Assets {
    names: Names,
    files: BTreeMap<String, File>,
}

/// Compressed by the build script.
macro_rules! viewer {
    ($file:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $file))
    };
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut files = BTreeMap::new();
    let mut put = |stem: &str, extension: &str, kind, gzip, content: &'static [u8]| {
        let name = format!("{stem}-{}.{extension}", fingerprint(content));
        files.insert(name.clone(), File::asset(kind, gzip, content));
        name
    };
    let names = Names {
        viewer: put("viewer", "js", JAVASCRIPT, true, viewer!("swagger-ui.js.gz")),
        viewer_style: put("viewer", "css", CSS, true, viewer!("swagger-ui.css.gz")),
        license: put(
            "viewer-license",
            "txt",
            TEXT,
            true,
            viewer!("swagger-ui.license.gz"),
        ),
        notice: put(
            "viewer-notice",
            "txt",
            TEXT,
            true,
            viewer!("swagger-ui.notice.gz"),
        ),
        script: put("docs", "js", JAVASCRIPT, false, include_bytes!("assets/docs.js")),
        style: put("docs", "css", CSS, false, include_bytes!("assets/docs.css")),
        icon: put(
            "icon",
            "svg",
            "image/svg+xml",
            false,
            include_bytes!("../checkout/assets/icon.svg"),
        ),
    };
    Assets { names, files }
});

/// What the page links to.
pub(super) fn names() -> &'static Names {
    &ASSETS.names
}

/// All files by name.
pub(super) fn all() -> &'static BTreeMap<String, File> {
    &ASSETS.files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_viewer_is_small_in_the_executable() {
        let bytes = viewer!("swagger-ui.js.gz").len() + viewer!("swagger-ui.css.gz").len();
        assert!((100_000..600_000).contains(&bytes), "{bytes}");
        assert!(all().contains_key(&names().viewer));
    }
}
