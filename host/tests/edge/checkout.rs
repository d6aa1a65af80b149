//! The hosted page over the wire.

use http::StatusCode;
use mooring_core::payments::{AttemptState, Status};

use crate::support::{Served, Wire, limits, start};
use crate::till::{ATTEMPT, FakeTill, REFERENCE};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

async fn see(served: &Served, query: &str) -> Wire {
    served.get(&format!("/fake/pay/{REFERENCE}{query}"), "").await
}

async fn post(served: &Served, query: &str, body: &str) -> Wire {
    served
        .ask(&format!(
            "POST /fake/pay/{REFERENCE}{query} HTTP/1.1\r\nHost: any\r\n{FORM}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await
}

fn asked(served: &Served) -> Vec<String> {
    std::mem::take(&mut *served.gate.till.asked.lock())
}

#[tokio::test]
async fn a_page_is_escaped_forbidding_and_never_kept() {
    let served = start(limits()).await;
    let page = see(&served, "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("€1,234.50") && page.body.contains("Two &lt;hats&gt;"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Ada's &quot;Hats&quot; &amp; Sons"));
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    let policy = page.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    for inline in ["style=", "<style", "onclick", "javascript:", "<script>"] {
        assert!(!page.body.contains(inline), "{inline}");
    }
    assert!(page.body.len() < 8 * 1024, "{}", page.body.len());
    served.stop().await;
}

#[tokio::test]
async fn its_files_are_kept_for_ever_under_a_name_of_their_content() {
    let served = start(limits()).await;
    let page = see(&served, "").await;
    let names: Vec<&str> = page
        .body
        .split("assets/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in names {
        let file = served.get(&format!("/fake/pay/assets/{name}"), "").await;
        assert_eq!(file.status, StatusCode::OK, "{name}");
        assert!(file.header("cache-control").unwrap().contains("immutable"));
    }
    let missing = served.get("/fake/pay/assets/checkout.css", "").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    served.stop().await;
}

#[tokio::test]
async fn paying_leads_back_to_the_page_and_from_there_to_the_gateway() {
    let served = start(limits()).await;
    let posted = post(&served, "?lang=es", "do=pay&after=0&way=stripe%2Fcard").await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER);
    assert_eq!(posted.header("location"), Some("?go=1&lang=es"));
    assert_eq!(asked(&served), ["begin stripe/card from 127.0.0.1"]);
    let leaving = see(&served, "?go=1&lang=es").await;
    assert_eq!(leaving.status, StatusCode::OK);
    assert_eq!(
        leaving.header("refresh"),
        Some("0; url=https://gateway.example/session;1")
    );
    // By the link, or when the page looks again by itself, the payer stays.
    let staying = see(&served, "").await;
    assert_eq!(staying.header("refresh"), Some("10; url=?on=1"));
    assert!(staying.body.contains("https://gateway.example/session;1"));
    served.stop().await;
}

#[tokio::test]
async fn a_form_that_comes_twice_or_late_begins_nothing() {
    let served = start(limits()).await;
    let form = "do=pay&after=0&way=stripe%2Fcard";
    for _ in 0..2 {
        assert_eq!(post(&served, "", form).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(asked(&served).len(), 1);
    served.gate.till.decline();
    // Seen before the decline, so it is not meant as another try.
    assert_eq!(post(&served, "", form).await.status, StatusCode::SEE_OTHER);
    served.gate.till.bill.lock().status = Status::Succeeded;
    assert_eq!(
        post(&served, "", "do=pay&after=2&way=stripe%2Fcard").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(asked(&served), [""; 0]);
    served.stop().await;
}

#[tokio::test]
async fn after_a_decline_the_reason_is_told_and_another_gateway_offered() {
    let served = start(limits()).await;
    served.gate.till.decline();
    let page = see(&served, "?on=1").await;
    assert!(page.body.contains("5051 (Insufficient funds)"));
    assert!(
        page.body.contains("value=\"paypal/wallet\" checked"),
        "{}",
        page.body
    );
    served.gate.till.bill.lock().failure_url = Some("https://shop.example/failed?a=1".to_owned());
    let leaving = see(&served, "?go=1").await;
    assert_eq!(
        leaving.header("refresh"),
        Some("0; url=https://shop.example/failed?a=1")
    );
    // Whoever opens the link again may try again.
    assert_eq!(see(&served, "").await.header("refresh"), None);
    served.stop().await;
}

#[tokio::test]
async fn whoever_returns_from_the_gateway_is_looked_up_first() {
    let served = start(limits()).await;
    let till = &served.gate.till;
    till.set_attempt(AttemptState::Waiting, Some(FakeTill::redirect()));
    till.bill.lock().failure_url = Some("https://shop.example/failed".to_owned());
    *till.found.lock() = Some(AttemptState::Declined);
    let sent = see(&served, "?returned=1&session_id=1").await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (StatusCode::SEE_OTHER, Some("https://shop.example/failed"))
    );
    till.set_attempt(AttemptState::Waiting, Some(FakeTill::redirect()));
    *till.found.lock() = Some(AttemptState::Succeeded);
    let paid = see(&served, "?returned=1").await;
    assert_eq!(paid.header("refresh"), Some("5; url=https://shop.example/thanks"));
    assert!(paid.body.contains("Paid. Thank you!"));
    assert_eq!(asked(&served), ["look up", "look up"]);
    served.stop().await;
}

#[tokio::test]
async fn a_card_goes_to_the_gateway_and_never_into_an_answer() {
    let served = start(limits()).await;
    served
        .gate
        .till
        .set_attempt(AttemptState::Waiting, Some(FakeTill::form()));
    let wrong = format!(
        "do=submit&attempt={ATTEMPT}&field_number=4242424242424242&field_expiry=99%2F99&field_code=987"
    );
    let page = post(&served, "", &wrong).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("aria-invalid=\"true\"") && page.body.contains("field_expiry_mistake"));
    assert!(
        !page.body.contains("424242") && !page.body.contains("987"),
        "{}",
        page.body
    );
    assert_eq!(asked(&served), [""; 0]);
    let right = format!(
        "do=submit&attempt={ATTEMPT}&field_number=4242+4242+4242+4242&field_expiry=1%2F35&field_code=987"
    );
    assert_eq!(post(&served, "", &right).await.status, StatusCode::SEE_OTHER);
    let submitted = r#"submit [("number", "4242424242424242"), ("expiry", "01/35"), ("code", "987")]"#;
    assert_eq!(asked(&served), [submitted]);
    assert_eq!(post(&served, "", &right).await.status, StatusCode::SEE_OTHER);
    assert_eq!(asked(&served), [""; 0]);
    served.stop().await;
}

#[tokio::test]
async fn a_payer_can_check_switch_and_cancel() {
    let served = start(limits()).await;
    let till = &served.gate.till;
    till.set_attempt(AttemptState::Waiting, Some(FakeTill::redirect()));
    for deed in ["check", "switch"] {
        let form = format!("do={deed}&attempt={ATTEMPT}");
        assert_eq!(post(&served, "", &form).await.header("location"), Some("?on=1"));
    }
    assert_eq!(asked(&served), ["look up", "abandon"]);
    till.set_attempt(AttemptState::Waiting, Some(FakeTill::redirect()));
    // Of a page from before this attempt: nothing is cancelled.
    assert_eq!(post(&served, "", "do=cancel").await.status, StatusCode::SEE_OTHER);
    assert_eq!(asked(&served), [""; 0]);
    let form = format!("do=cancel&attempt={ATTEMPT}");
    assert_eq!(post(&served, "", &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(asked(&served), ["cancel"]);
    let cancelled = see(&served, "?on=1").await;
    assert_eq!(
        cancelled.header("refresh"),
        Some("0; url=https://shop.example/cart")
    );
    served.stop().await;
}

#[tokio::test]
async fn time_that_is_over_is_shown_whatever_is_stored() {
    let served = start(limits()).await;
    {
        let mut bill = served.gate.till.bill.lock();
        bill.expires_at = Some(bill.now);
    }
    let page = see(&served, "").await;
    assert!(page.body.contains("The time for this payment is over"));
    let posted = post(&served, "", "do=pay&after=0&way=stripe%2Fcard").await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER);
    assert_eq!(asked(&served), [""; 0]);
    served.stop().await;
}

#[tokio::test]
async fn every_refusal_is_a_page_in_the_payers_language() {
    let served = start(limits()).await;
    let spanish = "Accept-Language: es-MX, en;q=0.5\r\n";
    let nowhere = served.get("/fake/pay/no-such-reference-at-all", spanish).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.body.contains("Este pago no existe") && nowhere.body.contains("lang=\"es\""));
    let down = served.get("/fake/pay/unavailable-unavailable", spanish).await;
    assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE);
    let put = served
        .ask(&format!(
            "PUT /fake/pay/{REFERENCE} HTTP/1.1\r\nHost: any\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
    assert_eq!(
        (put.status, put.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD, POST"))
    );
    let large = post(&served, "", &format!("do=pay&x={}", "x".repeat(2000))).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    for body in ["", "do=nothing", "do=pay"] {
        assert_eq!(
            post(&served, "", body).await.status,
            StatusCode::BAD_REQUEST,
            "{body}"
        );
    }
    let json = served
        .ask(&format!(
            "POST /fake/pay/{REFERENCE} HTTP/1.1\r\nHost: any\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        ))
        .await;
    assert_eq!(json.status, StatusCode::BAD_REQUEST);
    for refused in [&nowhere, &down, &put, &large, &json] {
        assert_eq!(refused.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(refused.header("content-security-policy").is_some());
    }
    served.stop().await;
}

#[tokio::test]
async fn an_address_is_limited_in_forms_and_in_looks_by_themselves() {
    let served = start(limits()).await;
    let mut last = see(&served, "").await;
    for _ in 0..40 {
        last = see(&served, "").await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.header("retry-after").is_some() && last.body.contains("Too many tries"));
    assert_eq!(post(&served, "", "do=cancel").await.status, StatusCode::SEE_OTHER);
    served.stop().await;
}

#[tokio::test]
async fn arabic_runs_from_right_to_left() {
    let served = start(limits()).await;
    let page = see(&served, "?lang=ar").await;
    assert!(
        page.body.contains("<html lang=\"ar\" dir=\"rtl\">"),
        "{}",
        page.body
    );
    assert_eq!(page.header("content-language"), Some("ar"));
    served.gate.till.bill.lock().locale = Some("ru".to_owned());
    let page = served
        .get(&format!("/fake/pay/{REFERENCE}"), "Accept-Language: fr\r\n")
        .await;
    assert_eq!(page.header("content-language"), Some("ru"));
    served.stop().await;
}
