//! One line for every request, without its secrets.
//!
//! Never in it: headers, bodies, values of the query, and path segments that are or might be keys.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Instant;

use http::{Method, StatusCode, Uri};
use mooring_core::keys::Principal;

use super::credentials::Credentials;
use crate::exchange::Usage;

/// Path segments and query names of this length might be secrets; ids are shorter.
const OPAQUE_CHARS: usize = 40;
/// What is shown instead of a secret.
const HIDDEN: &str = "***";
/// What is shown of a path and query.
const SHOWN_CHARS: usize = 512;

/// A line in the making. Written when it is dropped, so that a request whose client left has one too.
pub(super) struct Line<'r> {
    pub(super) started: Instant,
    pub(super) method: &'r Method,
    pub(super) uri: &'r Uri,
    pub(super) address: IpAddr,
    pub(super) request_id: &'r str,
    /// The mount's name, and what keys look like there.
    pub(super) mount: Option<(&'r str, &'r Credentials)>,
    /// The path below the mount, where keys may be.
    pub(super) below: Option<&'r str>,
    pub(super) route: Option<&'r str>,
    pub(super) principal: Option<Principal>,
    pub(super) usage: Usage,
    /// Status and bytes; nothing if the client left before there was an answer.
    pub(super) answer: Option<(StatusCode, u64)>,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let (status, bytes) = self.answer.unzip();
        let key_prefix = self.mount.map_or("", |(_, credentials)| credentials.key_prefix());
        let path = self.path();
        tracing::info!(
            target: "mooring::access",
            method = self.method.as_str(),
            path = display(Redacted { path: &path, query: self.uri.query(), key_prefix }),
            status = status.map(|status| status.as_u16()),
            duration_us = self.started.elapsed().as_micros() as u64,
            bytes,
            mount = self.mount.map(|(name, _)| name),
            route = self.route,
            tenant = self.principal.as_ref().map(|principal| display(&principal.tenant().name)),
            key = self.principal.as_ref().map(|principal| display(principal.key())),
            address = display(self.address),
            fuel = self.usage.fuel,
            host_calls = self.usage.host_calls,
            bytes_written = self.usage.bytes_written,
            reruns = self.usage.reruns,
            request_id = self.request_id,
            "{}", if self.answer.is_some() { "answered" } else { "the client left" }
        );
    }
}

impl Line<'_> {
    /// The path without the keys whose place in it is known.
    fn path(&self) -> Cow<'_, str> {
        let path = self.uri.path();
        let (Some((_, credentials)), Some(below)) = (self.mount, self.below) else {
            return Cow::Borrowed(path);
        };
        match (
            path.strip_suffix(below),
            credentials.path_keys.without(below, HIDDEN),
        ) {
            (Some(prefix), Cow::Owned(below)) => Cow::Owned(format!("{prefix}{below}")),
            _ => Cow::Borrowed(path),
        }
    }
}

/// A path and query fit for a log.
struct Redacted<'r> {
    path: &'r str,
    query: Option<&'r str>,
    key_prefix: &'r str,
}

impl Redacted<'_> {
    fn secret(&self, text: &str) -> bool {
        if text.len() >= OPAQUE_CHARS {
            return true;
        }
        let keyed = |text: &str| !self.key_prefix.is_empty() && text.contains(self.key_prefix);
        keyed(text)
            || (text.contains('%') && keyed(&percent_encoding::percent_decode_str(text).decode_utf8_lossy()))
    }
}

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = 0;
        let mut show = |f: &mut fmt::Formatter<'_>, text: &str| {
            shown += text.len();
            if shown <= SHOWN_CHARS {
                f.write_str(text).map(|()| true)
            } else {
                f.write_str("…").map(|()| false)
            }
        };
        for (index, segment) in self.path.split('/').enumerate() {
            let slash = if index == 0 { "" } else { "/" };
            let text = if self.secret(segment) { HIDDEN } else { segment };
            if !(show(f, slash)? && show(f, text)?) {
                return Ok(());
            }
        }
        let Some(query) = self.query else {
            return Ok(());
        };
        for (index, pair) in query.split('&').enumerate() {
            let mark = if index == 0 { "?" } else { "&" };
            // Without a value, what looks like a name may be one.
            let text = match pair.split_once('=') {
                Some((name, _)) if !self.secret(name) => name,
                _ => "",
            };
            if !(show(f, mark)? && show(f, text)? && show(f, if text.is_empty() { HIDDEN } else { "=***" })?)
            {
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(uri: &str) -> String {
        let uri: Uri = uri.parse().unwrap();
        Redacted {
            path: uri.path(),
            query: uri.query(),
            key_prefix: "vfc_live_",
        }
        .to_string()
    }

    #[test]
    fn a_plain_path_stays_as_it_is() {
        let id = "/p/api/v1/services/svc_0123456789abcdefghijkl/";
        assert_eq!(redacted(id), id);
        assert_eq!(
            redacted("/u/0190a0b0-c0d0-7000-8000-00000000000f"),
            "/u/0190a0b0-c0d0-7000-8000-00000000000f"
        );
    }

    #[test]
    fn keys_and_long_tokens_in_a_path_are_hidden() {
        assert_eq!(redacted("/hook/vfc_live_s3cret/x"), "/hook/***/x");
        assert_eq!(redacted("/hook/vfc%5Flive%5fs3cret/x"), "/hook/***/x");
        assert_eq!(redacted(&format!("/hook/{}", "a".repeat(40))), "/hook/***");
    }

    #[test]
    fn values_of_a_query_are_hidden() {
        assert_eq!(redacted("/a?page=2&token=s3cret"), "/a?page=***&token=***");
        assert_eq!(redacted("/a?s3cret&=s3cret&vfc_live_x=1"), "/a?***&***&***");
    }

    #[test]
    fn a_line_stays_short() {
        assert!(redacted(&format!("/{}", "ab/".repeat(4000))).chars().count() <= SHOWN_CHARS + 1);
    }
}
