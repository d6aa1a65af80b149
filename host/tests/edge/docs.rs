//! Documentation below a mount.

use std::sync::Arc;

use http::StatusCode;
use mooring::docs::{Docs, Source};
use mooring::http::{Mount, MountTable, Surface};
use serde_json::json;

use crate::support::{FakeGate, limits, start_with};

/// A surface that has a path `/docs` of its own.
fn gate() -> FakeGate {
    let manifest = json!({
        "name": "shop", "version": "1.0.0", "summary": "A shop.",
        "routes": [{"name": "own-docs", "method": "GET", "path": "/docs", "access": "read", "guard": {"kind": "public"}}],
    });
    let manifest = Arc::new(serde_json::from_value(manifest).unwrap());
    let mount = Mount {
        name: "shop".to_owned(),
        host: None,
        prefix: "/shop".to_owned(),
        surface: Arc::new(Surface::new(Arc::clone(&manifest)).unwrap()),
        docs: Some(Arc::new(Docs::new(Source {
            manifest,
            refusals: Arc::default(),
            base_url: "https://shop.example".to_owned(),
        }))),
        plugin: (),
    };
    FakeGate {
        mounts: Arc::new(MountTable::new(vec![mount]).unwrap()),
        ..FakeGate::new()
    }
}

#[tokio::test]
async fn a_path_of_the_plugins_own_goes_first() {
    let served = start_with(limits(), gate(), None).await;
    let own = served.get("/shop/docs", "").await;
    assert_eq!(own.outcome(), "Route(0)");
    let document = served.get("/shop/openapi.json", "").await;
    assert_eq!(document.status, StatusCode::OK);
    assert_eq!(document.json()["servers"][0]["url"], "https://shop.example");
    let posted = served
        .ask("POST /shop/openapi.json HTTP/1.1\r\nHost: any\r\n\r\n")
        .await;
    assert_ne!(posted.status, StatusCode::OK, "it is only read");
}

#[tokio::test]
async fn one_address_can_ask_so_often() {
    let limits = mooring::config::EdgeLimits {
        docs_per_minute: 2,
        ..limits()
    };
    let served = start_with(limits, gate(), None).await;
    for _ in 0..2 {
        assert_eq!(served.get("/shop/openapi.json", "").await.status, StatusCode::OK);
    }
    let refused = served.get("/shop/openapi.json", "").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        served.get("/shop/docs", "").await.status,
        StatusCode::OK,
        "the surface is not limited by it"
    );
}
