//! README's table of every provider and route, made from what the plugins say of themselves.

use std::fmt::Write;
use std::path::Path;

use mooring_tests::TestHost;
use mooring_tests::surfaces::Surface;
use serde_json::Value;

const BEGIN: &str = "<!-- routes: made by a test -->\n";
const END: &str = "<!-- /routes -->\n";

/// Set to anything, this makes the test write the table instead of comparing it.
const UPDATE: &str = "MOORING_UPDATE_README";

/// Where a route comes from, for people.
fn state(operation: &Value) -> &'static str {
    match operation["x-origin"].as_str() {
        Some("documented") => "documented by the provider",
        Some("observed") => "called by the provider's clients",
        Some("proposed") => "ours",
        other => panic!("no origin: {other:?}"),
    }
}

fn count(surface: &Surface, origin: &str) -> usize {
    let of_origin = surface
        .operations()
        .filter(|(_, _, operation)| operation["x-origin"] == origin);
    of_origin.count()
}

fn table(surfaces: &[Surface]) -> String {
    let mut text = String::from("| provider | routes | documented | observed | ours | core requests |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for surface in surfaces {
        let core = surface
            .operations()
            .filter(|(_, _, operation)| operation["x-core"] == true)
            .count();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {core} |",
            surface.name,
            surface.operations().count(),
            count(surface, "documented"),
            count(surface, "observed"),
            count(surface, "proposed"),
        );
    }
    for surface in surfaces {
        let title = surface.document["info"]["title"].as_str().expect("a title");
        let _ = writeln!(text, "\n<details><summary>{}: {title}</summary>\n", surface.name);
        text.push_str("| route | | state |\n| --- | --- | --- |\n");
        for (method, path, operation) in surface.operations() {
            let summary = operation["summary"]
                .as_str()
                .expect("a summary")
                .replace('|', "\\|");
            let method = method.to_ascii_uppercase();
            let _ = writeln!(text, "| `{method} {path}` | {summary} | {} |", state(operation));
        }
        text.push_str("\n</details>\n");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn readme_lists_every_route_as_it_is() {
    let host = TestHost::start();
    let made = table(&Surface::all(&host).await);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(&file).expect("README.md");
    let (before, rest) = readme
        .split_once(BEGIN)
        .expect("README has a place for the table");
    let (table, after) = rest.split_once(END).expect("the table ends");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{made}{END}{after}"))
            .expect("README.md can be written");
        return;
    }
    assert!(
        table == made,
        "README's table of routes is stale: run {UPDATE}=1 cargo test -p mooring-tests --test routes"
    );
}
