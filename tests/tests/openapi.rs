//! The documents of all surfaces: valid, complete, and true of what is answered.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mooring_tests::surfaces::Surface;
use mooring_tests::{TestHost, skipped};
use reqwest::Method;

/// Requests of each kind that schemathesis makes up for an operation.
const EXAMPLES: &str = "12";
/// The same requests in every run.
const SEED: &str = "20240229";

/// Where `cargo xtask test` puts the tools.
fn tool(name: &str) -> Option<PathBuf> {
    let target = mooring_tests::host::profile_folder();
    let tool = target
        .parent()
        .expect("cargo's folder")
        .join("openapi/bin")
        .join(name);
    if !tool.is_file() {
        skipped("schemathesis is not installed");
        return None;
    }
    Some(tool)
}

fn python(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("python/openapi")
        .join(name)
}

fn keep(host: &TestHost, surface: &Surface) -> PathBuf {
    let file = host.data().join(format!("{}.json", surface.name));
    std::fs::write(&file, surface.document.to_string()).expect("a file");
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_is_valid_and_leaves_nothing_out() {
    let Some(interpreter) = tool("python") else { return };
    let host = TestHost::start();
    for surface in Surface::all(&host).await {
        let name = &surface.name;
        let validated = Command::new(&interpreter)
            .arg(python("validate.py"))
            .arg(keep(&host, &surface))
            .output()
            .expect("python starts");
        assert!(
            validated.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&validated.stderr)
        );
        let document = &surface.document;
        assert!(
            document["components"]["schemas"]["Error"].is_object(),
            "{name} describes no errors"
        );
        for (method, path, operation) in surface.operations() {
            let place = format!("{name}: {method} {path}");
            assert_ne!(operation["summary"], "", "{place}");
            assert!(operation["tags"][0].is_string(), "{place} has no group");
            let responses = operation["responses"].as_object().expect("responses");
            let successes = responses
                .iter()
                .filter(|(status, _)| status.starts_with(['2', '3']));
            for (status, success) in successes {
                let bodiless = matches!(status.as_str(), "204" | "304") || status.starts_with('3');
                let described = success["content"]
                    .as_object()
                    .is_some_and(|content| content.values().all(|media| media["schema"].is_object()));
                assert!(bodiless || described, "{place}: {status} has no schema");
            }
            assert!(responses.keys().any(|status| status.starts_with('5')), "{place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_public_cached_and_nobody_elses() {
    let host = TestHost::start();
    let public = host.public();
    for surface in Surface::all(&host).await {
        let api = surface.api();
        for path in ["/openapi.json", "/docs", "/kit.zip", "/kit/README.md"] {
            let answer = api.get(path).await;
            assert_eq!(answer.status, 200, "{}{path}", surface.name);
            let tag = answer.headers["etag"].to_str().expect("a tag").to_owned();
            let again = api
                .send(Method::GET, path, &[("if-none-match", tag.as_str())], "")
                .await;
            assert_eq!(
                (again.status, again.body.len()),
                (304, 0),
                "{}{path}",
                surface.name
            );
            let head = api.send(Method::HEAD, path, &[], "").await;
            assert_eq!((head.status, head.body.len()), (200, 0), "{}{path}", surface.name);
        }
        // What is none of them is the plugin's to answer.
        for path in ["/docs/assets/none.js", "/kit/none", "/docs/x"] {
            let answer = api.get(path).await;
            assert!(answer.status >= 400, "{}{path}", surface.name);
            assert!(answer.headers.get("etag").is_none(), "{}{path}", surface.name);
        }
    }
    for path in ["/stripe/openapi.json", "/stripe/docs", "/sandbox/openapi.json"] {
        assert_eq!(
            public.get(path).await.status,
            404,
            "{path}: a gateway has no surface"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_outside_its_document() {
    let Some(schemathesis) = tool("schemathesis") else {
        return;
    };
    let host = TestHost::start();
    let tenant = host.demo_tenant();
    for surface in Surface::all(&host).await {
        // Otherwise most of the answers would be that there were too many.
        let settings = host.mooring_ok(&["settings", "get", "--tenant", &tenant, "--plugin", &surface.name]);
        if settings.contains("rate_limit_per_minute") {
            let admin = host.admin();
            admin
                .set(&tenant, &surface.name, "rate_limit_per_minute", "0")
                .await;
        }
        let document = keep(&host, &surface);
        let run = Command::new(&schemathesis)
            .arg("run")
            .arg(&document)
            .args(["--url", surface.base_url()])
            .args(["--checks", CHECKS])
            .args(["--phases", "examples,coverage,fuzzing,stateful"])
            .args(["--max-examples", EXAMPLES, "--seed", SEED])
            .args([
                "--suppress-health-check",
                "all",
                "--warnings",
                "off",
                "--request-timeout",
                "20",
            ])
            .args(["--no-color"])
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("PYTHONPATH", python("."))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("DOCUMENT", &document)
            .env("CREDENTIALS", surface.credentials().to_string())
            .current_dir(host.data())
            .stdin(Stdio::null())
            .output()
            .expect("schemathesis starts");
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(
            run.status.success(),
            "{}:\n{said}\n{}",
            surface.name,
            String::from_utf8_lossy(&run.stderr)
        );
        let (succeeded, all) = (succeeded(&host, &surface), surface.operations().count());
        assert!(
            succeeded.len() * 3 >= all,
            "{}: only {} of {all} routes were ever answered with a success: {succeeded:?}\n{said}",
            surface.name,
            succeeded.len(),
        );
    }
    host.no_job_is_dead().await;
}

/// Routes that have been answered with a success, as the access log says: whoever is refused everywhere has tried nothing.
fn succeeded(host: &TestHost, surface: &Surface) -> BTreeSet<String> {
    let output = host.output();
    let lines = output
        .lines()
        .filter(|line| line.contains(&format!("mount=\"{}\"", surface.name)) && line.contains(" status=2"));
    let routes = lines.filter_map(|line| line.split_once("route=\"")?.1.split_once('"'));
    routes.map(|(route, _)| route.to_owned()).collect()
}

/// What is checked of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
