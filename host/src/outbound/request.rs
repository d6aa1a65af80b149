//! What may be sent. An [`OutboundRequest`] that exists has been checked.

use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

/// Headers of a request, and the bytes of their names and values together.
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// A whole URL.
const URL_BYTES_MAX: usize = 8 * 1024;

/// Headers that are the host's: they name the receiver, carry credentials, or say where the message ends.
const HOSTS_OWN: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// A request to the world.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why a request may not be sent. The reasons hold no secret and no value of a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RefusedRequest(pub String);

/// A header that the host adds, and whose value nobody else sees.
#[derive(Clone, Debug)]
pub struct Credential {
    pub(super) name: HeaderName,
    /// Marked sensitive, so that its `Debug` hides it.
    pub(super) value: HeaderValue,
}

impl OutboundRequest {
    /// A request to a whole URL.
    pub fn to(
        method: &str,
        url: &Url,
        headers: &[(String, String)],
        body: Bytes,
    ) -> Result<OutboundRequest, RefusedRequest> {
        check_url(url)?;
        Ok(OutboundRequest {
            method: check_method(method)?,
            url: url.clone(),
            headers: check_headers(headers)?,
            body,
        })
    }

    /// A request to a path (and query) below a base URL, which it cannot leave.
    pub fn below(
        method: &str,
        base: &Url,
        path: &str,
        headers: &[(String, String)],
        body: Bytes,
    ) -> Result<OutboundRequest, RefusedRequest> {
        OutboundRequest::to(method, &join(base, path)?, headers, body)
    }
}

impl Credential {
    /// `Authorization: Bearer` and the secret.
    pub fn bearer(secret: &str) -> Result<Credential, RefusedRequest> {
        Credential::new(AUTHORIZATION, &format!("Bearer {secret}"))
    }

    /// The secret alone in a header.
    pub fn header(name: &str, secret: &str) -> Result<Credential, RefusedRequest> {
        let name = name
            .parse()
            .map_err(|_| refuse("the credential's header has no legal name"))?;
        Credential::new(name, secret)
    }

    fn new(name: HeaderName, value: &str) -> Result<Credential, RefusedRequest> {
        let mut value =
            HeaderValue::from_str(value).map_err(|_| refuse("the credential cannot be sent in a header"))?;
        value.set_sensitive(true);
        Ok(Credential { name, value })
    }
}

/// Whether only the host sets this header (lower case).
pub(crate) fn is_hosts_own(header: &str) -> bool {
    HOSTS_OWN.contains(&header)
}

/// Whether a URL is one to call: `http` or `https`, without user-info or fragment. Says nothing about its address.
pub fn check_url(url: &Url) -> Result<(), RefusedRequest> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("the URL is not http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("the URL has user-info"));
    }
    if url.fragment().is_some() {
        return Err(refuse("the URL has a fragment"));
    }
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(refuse("the URL is too long"));
    }
    Ok(())
}

fn check_method(method: &str) -> Result<Method, RefusedRequest> {
    match method {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(refuse("the method is not GET, POST, PUT, PATCH or DELETE")),
    }
}

/// Appends a path to a base. What a server or a library might read as a way up or out is refused rather than resolved.
fn join(base: &Url, path: &str) -> Result<Url, RefusedRequest> {
    check_url(base)?;
    if base.query().is_some() {
        return Err(refuse("the base URL has a query"));
    }
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(refuse("the path does not start with a single `/`"));
    }
    if path.contains(['\\', '#']) || path.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(refuse(
            "the path has a backslash, `#`, space or control character",
        ));
    }
    let (segments, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    // Decoded once and again: somebody on the way may do the same.
    let dots = |segment: &str| matches!(segment, "." | "..");
    let climbs = |segment: &str| {
        let once = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        let twice = percent_encoding::percent_decode_str(&once).decode_utf8_lossy();
        [&*once, &*twice]
            .iter()
            .any(|text| text.split(['/', '\\']).any(dots))
    };
    if segments.split('/').any(climbs) {
        return Err(refuse("the path has a `.` or `..` segment"));
    }
    let mut url = base.clone();
    url.set_path(&format!("{}{segments}", base.path().trim_end_matches('/')));
    url.set_query(query);
    Ok(url)
}

fn check_headers(headers: &[(String, String)]) -> Result<HeaderMap, RefusedRequest> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
        return Err(refuse("the headers are too many or too large"));
    }
    let mut checked = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(refuse("a header has no legal name"));
        };
        if HOSTS_OWN.contains(&header.as_str()) {
            return Err(RefusedRequest(format!(
                "the header `{header}` belongs to the host"
            )));
        }
        let Ok(value) = HeaderValue::from_str(value) else {
            return Err(RefusedRequest(format!(
                "the header `{header}` has no legal value"
            )));
        };
        checked.append(header, value);
    }
    Ok(checked)
}

fn refuse(reason: &str) -> RefusedRequest {
    RefusedRequest(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, path: &str) -> Result<String, RefusedRequest> {
        join(&base.parse().unwrap(), path).map(Into::into)
    }

    #[test]
    fn a_path_is_appended_to_the_base() {
        for (base, path, url) in [
            ("https://a.example", "/x", "https://a.example/x"),
            (
                "https://a.example/api/",
                "/x/y?z=1&z=%2e%2e/",
                "https://a.example/api/x/y?z=1&z=%2e%2e/",
            ),
            ("https://a.example:8443/api", "/", "https://a.example:8443/api/"),
            ("https://a.example/api", "/x//y", "https://a.example/api/x//y"),
            (
                "https://a.example/api",
                "/ä/..x/x..",
                "https://a.example/api/%C3%A4/..x/x..",
            ),
            (
                "https://a.example/api",
                "/@evil.example:80/",
                "https://a.example/api/@evil.example:80/",
            ),
        ] {
            assert_eq!(joined(base, path).as_deref(), Ok(url));
        }
    }

    #[test]
    fn a_path_cannot_leave_the_base() {
        for path in [
            "",
            "x",
            "?x",
            "//evil.example",
            "//evil.example/x",
            "/\\evil.example",
            "\\x",
            "/..",
            "/../x",
            "/x/../y",
            "/./x",
            "/%2e%2e/x",
            "/.%2E/x",
            "/%2e/x",
            "/%252e%252e/x",
            "/..%2fx",
            "/x%2f..%2fy",
            "/..%5cx",
            "/x#y",
            "/x y",
            "/x\r\nHost: evil",
            "/x\ty",
            "/x\u{0}",
            "/x\u{a0}y",
            "@evil.example",
            "https://evil.example/",
        ] {
            assert!(joined("https://a.example/api", path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn only_plain_urls_are_called() {
        for url in [
            "ftp://a.example",
            "file:///etc/passwd",
            "https://u@a.example",
            "https://u:p@a.example",
            "https://:p@a.example",
            "https://a.example/#x",
            "data:text/plain,x",
            "ws://a.example",
        ] {
            assert!(check_url(&url.parse().unwrap()).is_err(), "{url}");
        }
        assert!(check_url(&format!("https://a.example/{}", "x".repeat(9000)).parse().unwrap()).is_err());
        assert!(joined("https://a.example/?q=1", "/x").is_err());
    }

    #[test]
    fn headers_that_are_the_hosts_are_refused_in_any_case() {
        let check = |name: &str, value: &str| check_headers(&[(name.to_owned(), value.to_owned())]);
        for own in HOSTS_OWN {
            assert!(check(own, "x").is_err(), "{own}");
        }
        assert!(check("HoSt", "x").is_err());
        for (name, value) in [
            ("", "x"),
            (":authority", "x"),
            ("a b", "x"),
            ("x", "a\r\nHost: b"),
            ("x", "\u{0}"),
        ] {
            assert!(check(name, value).is_err(), "{name:?}: {value:?}");
        }
        assert_eq!(check("X-Thing", "a").unwrap()["x-thing"], "a");
        let many = vec![("x".to_owned(), "y".to_owned()); HEADERS_MAX + 1];
        assert!(check_headers(&many).is_err());
    }

    #[test]
    fn a_credential_shows_its_value_to_nobody() {
        let credential = Credential::bearer("s3cret").unwrap();
        assert!(!format!("{credential:?}").contains("s3cret"));
        for broken in [
            Credential::bearer("s3\ncret"),
            Credential::header("x y", "s3cret"),
        ] {
            assert!(!broken.unwrap_err().to_string().contains("cret"));
        }
    }
}
