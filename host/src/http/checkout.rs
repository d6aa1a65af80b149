//! The way to a mount's hosted page.
//!
//! It goes before the mount's routes, asks for no credential, and has limits of its own: nobody who pays once meets them, and
//! nobody can try out links or cards with it.

use std::borrow::Cow;
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

/// Where payments have their page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// What stands in front of the reference: `/pay/` of `/pay/{reference}`.
    folder: String,
    /// How references begin there, and how the payment's does; both empty where there is no difference.
    from: String,
    to: String,
}

/// What a path below a mount is to its hosted page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot<'p> {
    /// The page of the payment with this reference.
    Payment(Cow<'p, str>),
    /// One of its files.
    Asset(&'p str),
}

/// All places of the pages.
pub(super) fn places(checkout: &Checkout) -> Result<Vec<Place>, &'static str> {
    let own = Place {
        folder: folder(&checkout.path)?,
        from: String::new(),
        to: String::new(),
    };
    let aliases = checkout.aliases.iter().map(|alias| {
        Ok(Place {
            folder: folder(&alias.path)?,
            from: alias.from.clone(),
            to: alias.to.clone(),
        })
    });
    std::iter::once(Ok(own)).chain(aliases).collect()
}

fn folder(path: &str) -> Result<String, &'static str> {
    let folder = path
        .strip_suffix("{reference}")
        .filter(|folder| folder.ends_with('/') && folder.len() > 1 && !folder.contains(['{', '}', '%']));
    let folder = folder.filter(|folder| folder.starts_with('/') && !folder.contains("//"));
    folder
        .map(str::to_owned)
        .ok_or("the path of the hosted page is plain segments and `{reference}`, such as `/pay/{reference}`")
}

/// What a path is to the pages; nothing if it is a route's.
pub(super) fn spot<'p>(places: &[Place], path: &'p str) -> Option<Spot<'p>> {
    places.iter().find_map(|place| place.spot(path))
}

impl Place {
    fn spot<'p>(&self, path: &'p str) -> Option<Spot<'p>> {
        let rest = path.strip_prefix(&self.folder)?;
        match rest.strip_prefix("assets/") {
            Some(name) if !name.contains('/') => Some(Spot::Asset(name)),
            None if !rest.is_empty() && !rest.contains('/') => Some(Spot::Payment(self.reference(rest))),
            _ => None,
        }
    }

    /// The payment's own reference works in every place, because that is what the page's own links have.
    fn reference<'p>(&self, given: &'p str) -> Cow<'p, str> {
        match given.strip_prefix(&self.from) {
            Some(rest) if self.from != self.to => Cow::Owned(format!("{}{rest}", self.to)),
            _ => Cow::Borrowed(given),
        }
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
            Spot::Payment(ref reference) => reference,
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
    use mooring_manifest::CheckoutAlias;

    use super::*;

    fn checkout(path: &str) -> Checkout {
        Checkout {
            path: path.to_owned(),
            name_setting: "name".to_owned(),
            color_setting: None,
            logo_setting: None,
            provider: "Acme".to_owned(),
            aliases: Vec::new(),
        }
    }

    #[test]
    fn the_page_owns_its_links_and_files_and_nothing_else() {
        let places = places(&checkout("/pay/{reference}")).unwrap();
        let spot = |path| spot(&places, path);
        assert_eq!(spot("/pay/abc"), Some(Spot::Payment("abc".into())));
        assert_eq!(spot("/pay/assets"), Some(Spot::Payment("assets".into())));
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
            assert!(places(&checkout(path)).is_err(), "{path}");
        }
        assert_eq!(folder("/a/b/{reference}").unwrap(), "/a/b/");
    }

    #[test]
    fn an_alias_leads_to_the_same_page() {
        let mut checkout = checkout("/pay/{reference}");
        checkout.aliases.push(CheckoutAlias {
            path: "/subscribe/{reference}".to_owned(),
            from: "sub_".to_owned(),
            to: "tr_".to_owned(),
        });
        let places = places(&checkout).unwrap();
        for path in ["/pay/tr_a", "/subscribe/sub_a", "/subscribe/tr_a"] {
            assert_eq!(spot(&places, path), Some(Spot::Payment("tr_a".into())), "{path}");
        }
        assert_eq!(
            spot(&places, "/subscribe/assets/a.css"),
            Some(Spot::Asset("a.css"))
        );
        assert_eq!(spot(&places, "/pay/sub_a"), Some(Spot::Payment("sub_a".into())));
    }
}
