//! The way to a mount's documentation.
//!
//! A path of the plugin's own goes first: what documents a surface never changes it. No credential is asked for, and nobody's
//! limit for requests of the surface is touched.

use std::net::IpAddr;

use http::Method;
use http::request::Parts;

use super::dispatch::Edge;
use super::{Gate, Mount};
use crate::docs::{self, Docs};
use crate::exchange::{Cause, Reply};

impl<G: Gate> Edge<G> {
    /// Answers with what lies at a path below a mount, if that is a part of its documentation.
    pub(super) fn document(
        &self,
        mount: &Mount<G::Plugin>,
        path: &str,
        parts: &Parts,
        address: IpAddr,
    ) -> Option<Reply> {
        if !Docs::concerns(path) || !matches!(parts.method, Method::GET | Method::HEAD) {
            return None;
        }
        let is_free = matches!(mount.surface.route(&Method::GET, path), Err(Cause::NoRoute));
        let docs = mount.docs.as_ref().filter(|_| is_free)?;
        let answer = docs.answer(path, &parts.headers)?;
        let limit = self.rates.take(
            Some(self.limits.docs_per_minute),
            &format!("docs:{}", mount.name),
            None,
            address,
        );
        Some(limit.map_or_else(docs::too_many, |()| answer))
    }
}
