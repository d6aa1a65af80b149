//! The documentation page in a browser: shown without anything from elsewhere, on a desktop and a phone, and requests tried out.

use std::path::Path;

use mooring_tests::browser::{self, Browser, Script};
use mooring_tests::surfaces::Surface;
use mooring_tests::{TestHost, eventually};
use serde_json::Value;

async fn shown(browser: &Browser, surface: &Surface) {
    browser.open(&format!("{}/docs", surface.base_url())).await;
    eventually("the document is shown", async || {
        let operations = browser
            .evaluate("return document.querySelectorAll('.opblock').length")
            .await;
        (operations.as_u64() == Some(surface.operations().count() as u64)).then_some(())
    })
    .await;
}

/// Addresses of everything that the page has asked for.
async fn asked(browser: &Browser) -> Vec<String> {
    let entries = browser
        .evaluate("return performance.getEntriesByType('resource').map(entry => entry.name)")
        .await;
    let entries = entries.as_array().into_iter().flatten();
    entries
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

/// One browser for all of it: three at once are slower than one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn pages_show_every_route_ask_nobody_else_and_try_requests_out() {
    if !browser::available() {
        return;
    }
    let host = TestHost::start();
    let browser = Browser::start(Script::On).await;
    every_page_is_shown(&host, &browser).await;
    browser.resize(1280, 900).await;
    a_request_is_tried_out(&host, &browser).await;
    a_signed_request_is_tried_out(&host, &browser).await;
}

async fn every_page_is_shown(host: &TestHost, browser: &Browser) {
    let here = format!("http://{}/", host.address());
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs");
    for surface in Surface::all(host).await {
        for (size, width) in [("desktop", 1280), ("phone", 390)] {
            browser.resize(width, 900).await;
            shown(browser, &surface).await;
            let asked = asked(browser).await;
            assert!(asked.len() >= 4, "{asked:?}");
            assert!(
                asked
                    .iter()
                    .all(|url| url.starts_with(&here) || url.starts_with("data:")),
                "{asked:?}"
            );
            let wide = browser
                .evaluate("return document.documentElement.scrollWidth")
                .await;
            assert!(
                wide.as_u64() <= Some(width.into()),
                "{} is {wide} wide on a {size}",
                surface.name
            );
            browser
                .picture(&pictures.join(format!("{}-{size}.png", surface.name)))
                .await;
        }
        let complaints = browser.complaints().await;
        assert!(complaints.is_empty(), "{}: {complaints:?}", surface.name);
        let links = browser
            .evaluate("return [...document.querySelectorAll('nav a')].map(link => link.href)")
            .await;
        for link in links.as_array().expect("links").iter().filter_map(Value::as_str) {
            assert_eq!(mooring_tests::Api::new(link).get("").await.status, 200, "{link}");
        }
    }
}

async fn a_request_is_tried_out(host: &TestHost, browser: &Browser) {
    let surfaces = Surface::all(host).await;
    let surface = surfaces
        .iter()
        .find(|surface| surface.name == "paymenter")
        .expect("it is bundled");
    shown(browser, surface).await;
    let me = "#operations-Account-me";
    browser.click(&format!("{me} .opblock-summary-control")).await;
    let tried = async |expected: &str| {
        eventually("the request can be sent", async || {
            let there = format!("return document.querySelector('{me} .execute') !== null");
            browser.evaluate(&there).await.as_bool()?.then_some(())
        })
        .await;
        browser.click(&format!("{me} .execute")).await;
        eventually(&format!("it is answered {expected}"), async || {
            let status = browser
                .text(&format!("{me} .live-responses-table tbody .response-col_status"))
                .await?;
            status.starts_with(expected).then_some(())
        })
        .await;
        browser
            .text(&format!("{me} .live-responses-table"))
            .await
            .expect("an answer")
    };
    assert!(tried("401").await.contains("invalid API key"));

    browser.click(".auth-wrapper .authorize").await;
    let key = surface.field("key").expect("a key");
    browser.fill(".auth-container input", key).await;
    browser.click(".auth-container .authorize").await;
    browser.click(".auth-container .btn-done").await;
    assert!(tried("200").await.contains("credits_usd"));
    let kept = browser
        .evaluate("return JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])")
        .await;
    assert!(!kept.to_string().contains(key), "{kept}");
}

async fn a_signed_request_is_tried_out(host: &TestHost, browser: &Browser) {
    let surfaces = Surface::all(host).await;
    let signed: Vec<_> = surfaces
        .iter()
        .filter_map(|surface| Some((surface, surface.field("api_key")?, surface.field("secret_key")?)))
        .collect();
    assert!(!signed.is_empty(), "Central is bundled, and signs");
    for (surface, key, secret) in signed {
        shown(browser, surface).await;
        browser.fill("#sign-key", key).await;
        browser.fill("#sign-secret", secret).await;
        // The plainest request of all: it has no parameter, and so no body.
        let plain = surface.operations().find(|(method, path, operation)| {
            *method == "get"
                && !path.contains('{')
                && operation["x-core"] == true
                && operation["security"][0].is_object()
        });
        let (_, _, operation) = plain.expect("a request without parameters");
        let (tag, name) = (&operation["tags"][0], &operation["operationId"]);
        let id = format!(
            "operations-{}-{}",
            tag.as_str().expect("a tag").replace(' ', "_"),
            name.as_str().expect("a name")
        );
        browser
            .click(&format!("[id='{id}'] .opblock-summary-control"))
            .await;
        eventually("the request can be sent", async || {
            let there = format!("return document.querySelector(\"[id='{id}'] .execute\") !== null");
            browser.evaluate(&there).await.as_bool()?.then_some(())
        })
        .await;
        browser.click(&format!("[id='{id}'] .execute")).await;
        eventually("the signed request succeeds", async || {
            let status = browser
                .text(&format!(
                    "[id='{id}'] .live-responses-table tbody .response-col_status"
                ))
                .await?;
            status.starts_with("200").then_some(())
        })
        .await;
    }
}
