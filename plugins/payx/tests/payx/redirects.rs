use serde_json::json;

use crate::{host_with_client, newest, post};

#[test]
fn payers_are_sent_where_the_payment_or_the_reseller_says() {
    const UUID: &str = "<uuid>";
    for (own, configured, goes) in [
        (None, None, None),
        (
            None,
            Some("https://mysite.com/success/{UUID}"),
            Some("https://mysite.com/success/<uuid>"),
        ),
        (
            None,
            Some("https://mysite.com/{UUID}/x?id={UUID}"),
            Some("https://mysite.com/<uuid>/x?id=<uuid>"),
        ),
        (
            None,
            Some("https://mysite.com/success"),
            Some("https://mysite.com/success?ppuuid=<uuid>"),
        ),
        (
            None,
            Some("https://mysite.com/success?a=1"),
            Some("https://mysite.com/success?a=1&ppuuid=<uuid>"),
        ),
        (
            None,
            Some("https://mysite.com/success?"),
            Some("https://mysite.com/success?ppuuid=<uuid>"),
        ),
        (
            Some("https://mine.example/ok"),
            Some("https://mysite.com/success"),
            Some("https://mine.example/ok"),
        ),
        (
            Some("https://mine.example/ok/{UUID}"),
            None,
            Some("https://mine.example/ok/<uuid>"),
        ),
        (
            Some(""),
            Some("https://mysite.com/success"),
            Some("https://mysite.com/success?ppuuid=<uuid>"),
        ),
    ] {
        let (mut host, key) = host_with_client();
        if let Some(configured) = configured {
            host.set("callback_success", configured);
            host.set("callback_error", configured);
        }
        let order = json!({ "id_client": 1, "price": 1, "period": 1, "url_success": own, "url_error": own });
        let made = post(&mut host, &key, "payments/create", &order);
        let uuid = made["uuid_payment"].as_str().unwrap();
        let goes = goes.map(|url| url.replace(UUID, uuid));
        let asked = host.asked(&newest(&host));
        assert_eq!(asked.success_url, goes, "{own:?} {configured:?}");
        assert_eq!(asked.failure_url, goes, "{own:?} {configured:?}");
        assert_eq!(asked.cancel_url, None);
        assert_eq!(
            made["url_success"].as_str(),
            own.filter(|own| !own.is_empty()),
            "as given"
        );
    }
}

#[test]
fn success_and_failure_lead_to_different_places() {
    let (mut host, key) = host_with_client();
    host.set("callback_success", "https://mysite.com/yes/{UUID}");
    host.set("callback_error", "https://mysite.com/no");
    let order = json!({ "id_client": 1, "price": 1, "period": 1, "url_error": "https://mine.example/no" });
    let made = post(&mut host, &key, "payments/create", &order);
    let uuid = made["uuid_payment"].as_str().unwrap();
    let asked = host.asked(&newest(&host));
    assert_eq!(asked.success_url, Some(format!("https://mysite.com/yes/{uuid}")));
    assert_eq!(asked.failure_url.as_deref(), Some("https://mine.example/no"));
}
