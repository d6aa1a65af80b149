//! The integration kits: every sample runs as it is downloaded, and does what the document says.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use mooring_tests::surfaces::Surface;
use mooring_tests::{TestHost, available, skipped};
use serde_json::Value;

/// Programs, and what runs them.
const SAMPLES: [(&str, &str); 4] = [
    ("sample.sh", "bash"),
    ("sample.mjs", "node"),
    ("sample.php", "php"),
    ("sample.py", "python3"),
];

fn run(surface: &Surface, program: &str, file: &Path) -> Output {
    Command::new(program)
        .arg(file)
        .env_remove("BASE_URL")
        .envs(surface.variables())
        .stdin(Stdio::null())
        .output()
        .expect("it was there a moment ago")
}

/// Names of the core requests.
fn core(surface: &Surface) -> Vec<String> {
    let core = surface
        .operations()
        .filter(|(_, _, operation)| operation["x-core"] == true);
    let mut names: Vec<String> = core
        .map(|(_, _, operation)| operation["operationId"].as_str().expect("a name").to_owned())
        .collect();
    names.sort_unstable();
    names
}

/// Names of the requests that a sample has made, and how each was answered.
fn made(printed: &str) -> Vec<(String, String)> {
    let heads = printed
        .split("\n\n")
        .filter_map(|part| part.trim_start().lines().next()?.split_once(": "));
    let mut made: Vec<_> = heads
        .map(|(name, status)| (name.to_owned(), status.to_owned()))
        .collect();
    made.sort_unstable();
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_makes_the_core_requests() {
    let programs = SAMPLES.iter().map(|(_, program)| *program).chain(["curl"]);
    if !programs.into_iter().all(available) {
        return;
    }
    // It signs for the one with curl, and calls its option for the version another way.
    if Command::new("openssl").arg("version").output().is_err() {
        skipped("there is no `openssl`");
        return;
    }
    let host = TestHost::start();
    for surface in Surface::all(&host).await {
        let core = core(&surface);
        assert!(
            core.len() >= 5,
            "{} has {} core requests",
            surface.name,
            core.len()
        );
        for (sample, program) in SAMPLES {
            let file = host.data().join(format!("{}-{sample}", surface.name));
            let text = surface.api().get(&format!("/kit/{sample}")).await;
            std::fs::write(&file, &text.body).expect("a file");
            let output = run(&surface, program, &file);
            let printed = String::from_utf8_lossy(&output.stdout);
            let complaints = String::from_utf8_lossy(&output.stderr);
            let place = format!("{} {sample}:\n{printed}\n{complaints}", surface.name);
            let made = made(&printed);
            let names: Vec<_> = made.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(names, core, "{place}");
            assert!(made.iter().all(|(_, status)| status.starts_with('2')), "{place}");
            assert!(output.status.success() && complaints.is_empty(), "{place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_without_its_key_says_so_and_a_wrong_one_is_a_failure() {
    if !available("python3") {
        return;
    }
    let host = TestHost::start();
    let surfaces = Surface::all(&host).await;
    let surface = surfaces
        .iter()
        .find(|surface| surface.name == "renovax")
        .expect("it is bundled");
    let file = host.data().join("sample.py");
    std::fs::write(&file, surface.api().get("/kit/sample.py").await.body).expect("a file");
    let run = |token: &str| {
        Command::new("python3")
            .arg(&file)
            .env("MERCHANT_TOKEN", token)
            .env_remove("USER_TOKEN")
            .output()
            .expect("python starts")
    };
    let without = run("");
    assert!(without.status.success(), "{without:?}");
    assert!(String::from_utf8_lossy(&without.stdout).contains("merchant-me: skipped"));
    let wrong = run("rnx_live_wrong");
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(String::from_utf8_lossy(&wrong.stdout).contains("merchant-me: 401"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_collection_has_the_core_requests() {
    let host = TestHost::start();
    for surface in Surface::all(&host).await {
        let collection: Value = surface.api().get("/kit/postman_collection.json").await.json();
        let schema = collection["info"]["schema"].as_str().expect("a schema");
        assert!(schema.contains("/v2.1.0/"), "{schema}");
        let mut names = Vec::new();
        for item in collection["item"].as_array().expect("items") {
            let inner = item["item"]
                .as_array()
                .map_or(std::slice::from_ref(item), Vec::as_slice);
            names.extend(
                inner
                    .iter()
                    .map(|item| item["name"].as_str().expect("a name").to_owned()),
            );
        }
        names.sort_unstable();
        assert_eq!(names, core(&surface), "{}", surface.name);
    }
}
