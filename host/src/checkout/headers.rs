//! What every answer of the page forbids.

use std::time::Duration;

use http::header::{
    CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY, REFRESH,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use url::Url;

use super::language::Language;
use crate::exchange::{Reply, Usage};

const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Of pages and their files. `nosniff` and, unless it is said otherwise, `no-store` come from the edge.
pub(super) fn common() -> Vec<(HeaderName, HeaderValue)> {
    vec![(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))]
}

/// A page.
pub(super) struct Sheet {
    pub(super) status: StatusCode,
    pub(super) language: Language,
    pub(super) html: String,
    /// Where an image may come from beside the page's own address.
    pub(super) logo: Option<Url>,
    /// Where the browser goes by itself, and when.
    pub(super) refresh: Option<(Duration, String)>,
    /// What the status asks for.
    pub(super) extra: Option<(HeaderName, HeaderValue)>,
}

pub(super) fn page(sheet: Sheet) -> Reply {
    let mut headers = common();
    headers.extend([
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_LANGUAGE, HeaderValue::from_static(sheet.language.tag())),
        (CONTENT_SECURITY_POLICY, policy(sheet.logo.as_ref())),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (
            CROSS_ORIGIN_OPENER_POLICY,
            HeaderValue::from_static("same-origin"),
        ),
        (X_ROBOTS_TAG, HeaderValue::from_static("noindex, nofollow")),
    ]);
    headers.extend(sheet.extra);
    if let Some((after, to)) = sheet.refresh
        && let Ok(value) = HeaderValue::try_from(format!("{}; url={to}", after.as_secs()))
    {
        headers.push((REFRESH, value));
    }
    Reply {
        status: sheet.status.as_u16(),
        headers,
        body: sheet.html.into(),
        usage: Usage::default(),
    }
}

/// Go there instead: relative to the page, or away from it.
pub(super) fn see_other(to: &str) -> Reply {
    let mut headers = common();
    // Both are made of URLs, which are ASCII without controls.
    headers.extend(HeaderValue::try_from(to).ok().map(|to| (LOCATION, to)));
    Reply {
        status: StatusCode::SEE_OTHER.as_u16(),
        headers,
        body: bytes::Bytes::new(),
        usage: Usage::default(),
    }
}

fn policy(logo: Option<&Url>) -> HeaderValue {
    // Scheme, host and port: nothing in it can end the directive.
    let logo = logo.map_or(String::new(), |url| {
        format!(" {}", url.origin().ascii_serialization())
    });
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'{logo}; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("an origin is ASCII without controls")
}

/// An address that a payer may be sent to.
pub(super) fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_logos_own_origin_is_let_in() {
        let logo = web_url("https://cdn.example:8443/a;%20script-src%20*/logo.png?x='").unwrap();
        let policy = policy(Some(&logo));
        assert!(
            policy
                .to_str()
                .unwrap()
                .contains("img-src 'self' https://cdn.example:8443; form-action")
        );
    }

    #[test]
    fn payers_are_sent_to_web_addresses_only() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/relative",
            "mailto:a@b.example",
            "https://",
            "",
        ] {
            assert_eq!(web_url(text), None, "{text}");
        }
        assert!(web_url("http://shop.example/thanks?a=1#b").is_some());
    }
}
