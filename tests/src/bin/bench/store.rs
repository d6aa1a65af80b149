//! A webstore with a long past: how soon a page of its payments is there, near the top and at the very end.

use mooring_tests::HostOptions;
use reqwest::Method;
use serde_json::json;

use crate::Options;
use crate::load::{Load, Request};
use crate::report::Report;
use crate::seed;

/// What a store of some years has sold.
const PAYMENTS: u64 = 150_000;

/// Of a page, as the provider has it.
const PAGE: u64 = 25;

pub(crate) async fn run(options: &Options, report: &mut Report) {
    let mut host = HostOptions::new().environment("RUST_LOG", "warn").start();
    let secret = host.demo_field("tebex", "secret");
    host.admin()
        .set(&host.demo_tenant(), "tebex", "rate_limit_per_minute", "0")
        .await;
    let api = host.public();
    let headers = [
        ("x-tebex-secret", secret.as_str()),
        ("content-type", "application/json"),
    ];
    let packages = api
        .send(Method::GET, "/tebex/packages", &headers, String::new())
        .await;
    let packages = packages.expect(200);
    let package = packages[0]["id"].as_u64().expect("the demo sells something");
    let order = json!({ "note": "bench", "packages": [{ "id": package, "options": {} }], "price": 5, "ign": "Notch" });
    let sold = api
        .send(Method::POST, "/tebex/payments", &headers, order.to_string())
        .await;
    assert_eq!(sold.status, 204, "{}", sold.text());

    seed::copies(&mut host, "tebex", "payments", PAYMENTS, |number, id, data| {
        *id = format!("tbx-bench-{number}");
        data["number"] = number.into();
    });

    // The host was started again, on another port.
    let api = host.public();
    let last = PAYMENTS.div_ceil(PAGE);
    let page = |number: u64| {
        Request::get(&format!("/tebex/payments?paged=1&page={number}"), None)
            .header("x-tebex-secret", &secret)
    };
    let shown = api
        .send(
            Method::GET,
            &format!("/tebex/payments?paged=1&page={last}"),
            &headers,
            String::new(),
        )
        .await
        .expect(200);
    assert_eq!(shown["total"], PAYMENTS, "{shown}");
    assert_eq!(shown["current_page"], last);
    assert_eq!(shown["data"].as_array().map(Vec::len), Some(PAGE as usize));

    // Alternating, so that what disturbs the machine disturbs both.
    let load = Load::new(host.address(), 1, options.round);
    let (mut firsts, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        firsts.push(load.run(page(1)).await.median());
        ends.push(load.run(page(last)).await.median());
    }
    firsts.sort();
    ends.sort();
    let (median_first, median_end) = (firsts[1], ends[1]);
    report.note(
        &format!("Tebex payments, first page of {PAYMENTS}"),
        median_first.as_secs_f64() * 1000.0,
        "ms",
    );
    report.at_most(
        "last page of the payments against the first",
        median_end.as_secs_f64() / median_first.as_secs_f64(),
        1.5,
        "x",
    );
}
