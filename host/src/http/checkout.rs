//! The way to a mount's hosted page.
//!
//! It goes before the mount's routes, asks for no credential, and has limits of its own: nobody who pays once meets them, and
//! nobody can try out links or cards with it.

use std::net::IpAddr;

use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use hyper::body::Incoming;
use mooring_manifest::Checkout;

use super::dispatch::Edge;
use super::{Gate, Mount, body};
use crate::checkout::{self, Refusal, Visit, Wish};
use crate::exchange::{Cause, Reply};

/// What a path below a mount is to its hosted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot<'p> {
    /// The page of the payment with this reference.
    Payment(&'p str),
    /// One of its files.
    Asset(&'p str),
}

/// What stands in front of the reference: `/pay/` of `/pay/{reference}`.
pub(super) fn folder(checkout: &Checkout) -> Result<String, &'static str> {
    let folder = checkout
        .path
        .strip_suffix("{reference}")
        .filter(|folder| folder.ends_with('/') && folder.len() > 1 && !folder.contains(['{', '}', '%']));
    let folder = folder.filter(|folder| folder.starts_with('/') && !folder.contains("//"));
    folder
        .map(str::to_owned)
        .ok_or("the path of the hosted page is plain segments and `{reference}`, such as `/pay/{reference}`")
}

/// Where below its folder a path lies; nothing if it is a route's.
pub(super) fn spot<'p>(folder: &str, path: &'p str) -> Option<Spot<'p>> {
    let rest = path.strip_prefix(folder)?;
    match rest.strip_prefix("assets/") {
        Some(name) if !name.contains('/') => Some(Spot::Asset(name)),
        None if !rest.is_empty() && !rest.contains('/') => Some(Spot::Payment(rest)),
        _ => None,
    }
}

/// A request for the page.
pub(super) struct Asked<'r> {
    pub(super) checkout: &'r Checkout,
    pub(super) spot: Spot<'r>,
    pub(super) parts: &'r Parts,
    pub(super) address: IpAddr,
}

impl<G: Gate> Edge<G> {
    /// Answers what a mount's page is asked. Also says whether the body was taken in.
    pub(super) async fn check_out(
        &self,
        mount: &Mount<G::Plugin>,
        asked: Asked<'_>,
        body: &mut Incoming,
    ) -> (Reply, bool) {
        let Asked {
            checkout,
            spot,
            parts,
            address,
        } = asked;
        let query = parts.uri.query().unwrap_or_default();
        let accept_language = text(&parts.headers, &ACCEPT_LANGUAGE);
        let refuse = |refusal| checkout::refuse(refusal, query, accept_language, &checkout.provider);
        let reference = match spot {
            Spot::Payment(reference) => reference,
            Spot::Asset(name) => {
                let file = match parts.method {
                    Method::GET | Method::HEAD => checkout::asset(name).ok_or(Refusal::NotFound),
                    _ => Err(Refusal::WrongMethod),
                };
                return (file.unwrap_or_else(refuse), false);
            }
        };
        let wish = match self.wish(&mount.name, parts, address, body).await {
            Ok(wish) => wish,
            Err(refusal) => return (refuse(refusal), false),
        };
        let visit = Visit {
            reference,
            query,
            accept_language,
            address,
            provider: &checkout.provider,
            wait: self.limits.checkout.wait_ms,
            wish,
        };
        (
            checkout::answer(self.gate.till(), &mount.plugin, visit).await,
            true,
        )
    }

    async fn wish(
        &self,
        mount: &str,
        parts: &Parts,
        address: IpAddr,
        body: &mut Incoming,
    ) -> Result<Wish, Refusal> {
        let limits = &self.limits.checkout;
        let acts = match parts.method {
            Method::GET | Method::HEAD => false,
            Method::POST => true,
            _ => return Err(Refusal::WrongMethod),
        };
        // Buckets of their own: a payer who looks often can still pay.
        let (deed, per_minute) = if acts {
            ("pay", limits.forms_per_minute)
        } else {
            ("see", limits.views_per_minute)
        };
        self.rates
            .take(Some(per_minute), &format!("{deed}:{mount}"), None, address)
            .map_err(Refusal::TooMany)?;
        if !acts {
            return Ok(Wish::See);
        }
        let kind = text(&parts.headers, &CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Refusal::Malformed);
        }
        match body::read(body, limits.form_bytes_max, self.limits.body_timeout_ms).await {
            Ok(body) => Ok(Wish::Act(body)),
            Err(Cause::BodyTooLarge(_)) => Err(Refusal::TooLarge),
            Err(Cause::BodyTimeout) => Err(Refusal::TooSlow),
            Err(_) => Err(Refusal::Malformed),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(path: &str) -> Checkout {
        Checkout {
            path: path.to_owned(),
            name_setting: "name".to_owned(),
            color_setting: None,
            logo_setting: None,
            provider: "Acme".to_owned(),
        }
    }

    #[test]
    fn the_page_owns_its_links_and_files_and_nothing_else() {
        let folder = folder(&checkout("/pay/{reference}")).unwrap();
        let spot = |path| spot(&folder, path);
        assert_eq!(spot("/pay/abc"), Some(Spot::Payment("abc")));
        assert_eq!(spot("/pay/assets"), Some(Spot::Payment("assets")));
        assert_eq!(spot("/pay/assets/a.css"), Some(Spot::Asset("a.css")));
        for path in [
            "/pay",
            "/pay/",
            "/pay/a/b",
            "/pay/assets/a/b",
            "/payments/abc",
            "/",
        ] {
            assert_eq!(spot(path), None, "{path}");
        }
    }

    #[test]
    fn a_page_without_a_folder_of_its_own_cannot_be_served() {
        for path in [
            "/{reference}",
            "{reference}",
            "/pay",
            "/pay/x{reference}",
            "/{a}/{reference}",
            "/pay//{reference}",
        ] {
            assert!(folder(&checkout(path)).is_err(), "{path}");
        }
        assert_eq!(folder(&checkout("/a/b/{reference}")).unwrap(), "/a/b/");
    }
}
