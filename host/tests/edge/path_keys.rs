//! Keys that are segments of paths: taken as keys, and seen by nobody else.

use serde_json::json;

use crate::log::keep;
use crate::support::{limits, start};

#[tokio::test]
async fn a_key_in_the_path_is_a_key_and_the_plugin_sees_none() {
    let served = start(limits()).await;
    for path in ["/keyed/v1/2/tk_good/items/7", "/keyed/v1/2/%74k_goo%64/items/7"] {
        let answer = served.get(path, "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let said = answer.json();
        assert_eq!(said["known"], true);
        assert_eq!(said["path"], "/v1/2/-/items/7");
        assert_eq!(said["params"], json!(["2", "-", "7"]));
    }
    let open = served.get("/keyed/open", "").await;
    assert_eq!(
        (open.status.as_u16(), open.json()["path"].as_str()),
        (200, Some("/open"))
    );
    let header = served
        .get("/keyed/v1/2/tk_no/items", "Authorization: Bearer tk_good\r\n")
        .await;
    assert_eq!(header.status, 401, "headers are no scheme of this surface");
}

#[tokio::test]
async fn a_refused_request_carries_no_key_either() {
    let long = format!("tk_{}", "s3cret".repeat(100));
    for (request, status) in [
        ("GET /keyed/v1/2/tk_s3cret/items", 401),
        ("GET /keyed/v1/2/s3cret/items", 401),
        ("GET /keyed/v1/2/%73%33cret%2Fs3cret/items", 401),
        (&format!("GET /keyed/v1/2/{long}/items"), 401),
        ("GET /keyed/v1/2/tk_s3cret/itemz", 404),
        ("GET /keyed/v1/2/tk_s3cret", 404),
        ("GET /keyed/v1/2//tk_s3cret/items", 404),
        ("GET /keyed//v1/2/tk_s3cret/items", 404),
        ("GET /keyed/v2/2/s3cret/items", 404),
        ("DELETE /keyed/v1/2/s3cret/items", 405),
        ("POST /keyed/v1/2/s3cret/items/new", 401),
        ("POST /keyed/v1/2/s3cret/items", 405),
        ("GET /keyed/v1/2/s3cret/items%zz", 400),
        ("GET /keyed/v1/2/s3cret%00/items", 400),
        ("POST /keyed/v1/2/tk_good/items/new", 403),
        ("BREW /keyed/v1/2/s3cret/items", 405),
    ] {
        let (kept, _guard) = keep();
        let served = start(limits()).await;
        let answer = served
            .ask(&format!("{request} HTTP/1.1\r\nHost: any\r\n\r\n"))
            .await;
        assert_eq!(answer.status, status, "{request}: {}", answer.body);
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{request}");
        for secret in ["s3cret", "tk_", "%73"] {
            assert!(!answer.body.contains(secret), "{request}: {}", answer.body);
            let own: String = kept
                .text()
                .lines()
                .filter(|line| line.contains("\"target\":\"mooring"))
                .collect();
            assert!(!own.contains(secret), "{request}: {own}");
        }
        let lines = kept.lines();
        assert_eq!(lines.len(), 1, "{request}");
        let shown = lines[0]["fields"]["path"].as_str().unwrap();
        assert!(
            shown.starts_with("/keyed/") && shown.contains("***"),
            "{request}: {shown}"
        );
    }
}

#[tokio::test]
async fn only_where_keys_are_in_paths_is_the_address_kept() {
    let (kept, _guard) = keep();
    let served = start(limits()).await;
    let answer = served
        .get(
            "/keyed/v1/2/tk_good/items/7?page=2",
            "Referer: https://a.example/tk_good\r\n",
        )
        .await;
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(
        kept.lines()[0]["fields"]["path"],
        "/keyed/v1/2/***/items/7?page=***"
    );
    assert_eq!(served.get("/fake/open", "").await.header("referrer-policy"), None);
    assert_eq!(kept.lines()[1]["fields"]["path"], "/fake/open");
}
