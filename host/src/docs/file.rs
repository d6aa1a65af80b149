//! One file of the documentation, and how it is sent.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use crate::exchange::{Reply, Usage};
use crate::weight::weight;

/// Ready to be sent, as often as somebody asks.
#[derive(Clone, Debug)]
pub(super) struct File {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    tag: HeaderValue,
    gzip: bool,
}

impl File {
    /// To be asked for again each time, which costs nothing while it is the same.
    pub(super) fn new(kind: &'static str, body: impl Into<Bytes>) -> File {
        let body = body.into();
        File {
            status: StatusCode::OK,
            headers: vec![
                (CONTENT_TYPE, HeaderValue::from_static(kind)),
                (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            ],
            tag: HeaderValue::try_from(format!("\"{}\"", fingerprint(&body))).expect("hexadecimal"),
            body,
            gzip: false,
        }
    }

    /// Compressed already, and never another under the same name.
    pub(super) fn asset(kind: &'static str, gzip: bool, body: &'static [u8]) -> File {
        let mut file = File::new(kind, body);
        file.headers[1].1 = HeaderValue::from_static("public, max-age=31536000, immutable");
        if gzip {
            file.headers
                .push((CONTENT_ENCODING, HeaderValue::from_static("gzip")));
            file.headers
                .push((VARY, HeaderValue::from_static("accept-encoding")));
            file.gzip = true;
        }
        file
    }

    /// A page that may load what its policy names.
    pub(super) fn page(html: String, policy: &str) -> File {
        let mut file = File::new("text/html; charset=utf-8", html);
        file.headers.extend([
            (
                CONTENT_SECURITY_POLICY,
                HeaderValue::try_from(policy).expect("a policy is ASCII without controls"),
            ),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ]);
        file
    }

    /// It lies elsewhere.
    pub(super) fn moved(to: &'static str) -> File {
        let mut file = File::new("text/plain; charset=utf-8", "");
        file.status = StatusCode::PERMANENT_REDIRECT;
        file.headers.push((LOCATION, HeaderValue::from_static(to)));
        file
    }

    /// Browsers save it under this name instead of showing it.
    pub(super) fn download(mut self, name: &str) -> File {
        let value = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
        self.headers
            .extend(value.ok().map(|value| (CONTENT_DISPOSITION, value)));
        self
    }

    pub(super) fn answer(&self, asked: &HeaderMap) -> Reply {
        let mut headers = self.headers.clone();
        headers.push((ETAG, self.tag.clone()));
        let (status, body) = if self.known_to(asked) {
            (StatusCode::NOT_MODIFIED, Bytes::new())
        } else if self.gzip && refuses_gzip(asked) {
            return plain(StatusCode::NOT_ACCEPTABLE, "This file is sent with gzip only.\n");
        } else {
            (self.status, self.body.clone())
        };
        Reply {
            status: status.as_u16(),
            headers,
            body,
            usage: Usage::default(),
        }
    }

    /// Whether the asker has it (RFC 9110, 13.1.2).
    fn known_to(&self, asked: &HeaderMap) -> bool {
        let tags = asked.get_all(IF_NONE_MATCH).iter();
        let mut tags = tags
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','));
        tags.any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.tag.as_bytes()
        })
    }
}

/// Whether somebody says which encodings will do, and gzip is not among them.
fn refuses_gzip(asked: &HeaderMap) -> bool {
    let Some(accepted) = asked.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    // What is named goes before what stands for all others (RFC 9110, 12.5.3).
    let weight_of = |wanted: &str| {
        accepted.split(',').find_map(|coding| {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| weight(parameters))
        })
    };
    weight_of("gzip").or_else(|| weight_of("*")).unwrap_or(0) == 0
}

fn plain(status: StatusCode, text: &'static str) -> Reply {
    Reply {
        status: status.as_u16(),
        headers: vec![(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        )],
        body: Bytes::from_static(text.as_bytes()),
        usage: Usage::default(),
    }
}

/// Sixteen hexadecimal digits that change with the content.
pub(super) fn fingerprint(content: &[u8]) -> String {
    hex::encode(&Sha256::digest(content)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn whoever_has_a_file_is_not_sent_it_again() {
        let file = File::new("text/plain", "four");
        let first = file.answer(&HeaderMap::new());
        let tag = first.headers.iter().find(|(name, _)| *name == ETAG);
        let tag = tag.unwrap().1.to_str().unwrap();
        assert_eq!((first.status, &first.body[..]), (200, &b"four"[..]));
        for known in [
            tag.to_owned(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".to_owned(),
        ] {
            let again = file.answer(&asked(IF_NONE_MATCH, &known));
            assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
        }
        assert_eq!(file.answer(&asked(IF_NONE_MATCH, "\"x\"")).status, 200);
        assert_ne!(File::new("text/plain", "five").tag, file.tag);
    }

    #[test]
    fn a_compressed_file_is_sent_to_whoever_can_read_it() {
        let file = File::asset("text/css", true, b"x");
        for (accepted, status) in [
            ("gzip, deflate, br", 200),
            ("*", 200),
            ("gzip;q=0.5", 200),
            ("br", 406),
            ("identity", 406),
            ("gzip;q=0, br", 406),
            ("gzip;q=0.0", 406),
        ] {
            assert_eq!(
                file.answer(&asked(ACCEPT_ENCODING, accepted)).status,
                status,
                "{accepted}"
            );
        }
        assert_eq!(file.answer(&HeaderMap::new()).status, 200);
    }
}
