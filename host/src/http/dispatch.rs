//! A request's way from its head to its answer.
//!
//! The order is: route, key, rate limit, scope, size of the body, body. Each step is cheaper than what it protects, with
//! one exception: the key is looked up before the rate limit, since otherwise whoever shares an address with a valid key
//! could use up its limit. The lookup is one read under a hash of the key; requests whose key is no good then count
//! against their address alone. A scope that is missing is told only to callers within their limit, and nobody's body is
//! read before it is known that somebody wants it. Where requests are signed, the signature covers the body and so is checked
//! after it, and the scope after that; where a route takes its key from the body, the body comes first, within the limit of the
//! address.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::{Method, Request};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use mooring_core::idempotency::Claim;
use mooring_core::keys::Principal;
use mooring_manifest::{Guard, Route};

use super::access_log::Line;
use super::checkout::Asked;
use super::path_keys::TAKEN;
use super::rate::Rates;
use super::request_id::RequestIds;
use super::respond::{self, Answer, Envelope};
use super::signed::Signed;
use super::socket::Activity;
use super::{Caller, Gate, Mount, address, body, claim, connection, credentials};
use crate::bindings::NOTIFICATIONS;
use crate::config::EdgeLimits;
use crate::exchange::{Cause, CredentialFailure, Exchange, Outcome, Usage};

/// What all connections share.
pub(super) struct Edge<G> {
    pub(super) limits: EdgeLimits,
    pub(super) protocol: auto::Builder<TokioExecutor>,
    pub(super) gate: Arc<G>,
    pub(super) rates: Rates,
    request_ids: RequestIds,
}

/// A request that may reach its route.
struct Admitted {
    route: u32,
    params: Vec<String>,
    principal: Option<Principal>,
    claim: Option<Claim>,
    body: Bytes,
}

/// Who calls, as far as the head of a request can say.
struct Identity {
    caller: Option<Caller>,
    /// What is to be checked once the body is there.
    signed: Option<Signed>,
}

/// A request that may not.
struct Refusal {
    cause: Cause,
    route: Option<u32>,
}

impl<G: Gate> Edge<G> {
    pub(super) fn new(limits: EdgeLimits, gate: Arc<G>) -> Edge<G> {
        let protocol = connection::protocol(&limits);
        Edge {
            limits,
            protocol,
            gate,
            rates: Rates::new(),
            request_ids: RequestIds::new(),
        }
    }

    pub(super) fn sweep(&self) {
        self.rates.sweep();
    }

    /// Answers one request.
    pub(super) async fn serve(
        &self,
        peer: IpAddr,
        request: Request<Incoming>,
        activity: &Activity,
    ) -> Answer {
        let _running = activity.begin();
        let started = Instant::now();
        let mounts = self.gate.mounts();
        let (parts, mut body) = request.into_parts();
        let request_id = self.request_ids.id(&parts.headers);
        let mut line = Line {
            started,
            method: &parts.method,
            uri: &parts.uri,
            address: address::client(peer, &parts.headers, &self.limits.trusted_proxies),
            request_id: &request_id,
            mount: None,
            below: None,
            route: None,
            principal: None,
            usage: Usage::default(),
            answer: None,
        };
        let envelope = Envelope {
            request_id: &request_id,
            head: parts.method == Method::HEAD,
        };
        let mut taken_in = body.is_end_stream();
        let mut answer = match (parts.uri.path(), mounts.find(host(&parts), parts.uri.path())) {
            (path @ ("/healthz" | "/readyz"), _) => self.own(path, &parts.method, envelope),
            (_, None) => respond::not_mounted(envelope),
            (_, Some((mount, below))) if mount.surface.manifest().gateway.is_some() => {
                line.mount = Some((&mount.name, &mount.surface.credentials));
                line.route = Some(NOTIFICATIONS);
                let (answer, took_body) = self
                    .take_notification(mount, below, &parts, &mut body, line.address, envelope)
                    .await;
                taken_in |= took_body;
                answer
            }
            (_, Some((mount, below))) => {
                line.below = Some(below);
                line.mount = Some((&mount.name, &mount.surface.credentials));
                if let Some((checkout, spot)) = mount.surface.checkout(below) {
                    line.route = Some("checkout");
                    let asked = Asked {
                        checkout,
                        spot,
                        parts: &parts,
                        address: line.address,
                    };
                    let (reply, took_body) = self.check_out(mount, asked, &mut body).await;
                    taken_in |= took_body;
                    respond::reply(reply, None, envelope)
                } else if let Some(reply) = self.document(mount, below, &parts, line.address) {
                    line.route = Some("docs");
                    respond::reply(reply, None, envelope)
                } else {
                    let admitted = self.admit(mount, below, &parts, &mut body, &mut line).await;
                    taken_in |= admitted.is_ok();
                    let duty = admitted.as_ref().err();
                    let duty =
                        duty.and_then(|refusal| respond::duty(&refusal.cause, &mount.surface.credentials));
                    let exchange = exchange(mount, below, &parts, &request_id, admitted);
                    let reply = self.gate.call(mount, exchange).await;
                    line.usage = reply.usage;
                    respond::reply(reply, duty, envelope)
                }
            }
        };
        if line
            .mount
            .is_some_and(|(_, credentials)| credentials.path_keys.any())
        {
            respond::keep_address(&mut answer);
        }
        if !taken_in {
            activity.leave_unread();
        }
        line.answer = Some((answer.status(), respond::bytes(&answer)));
        answer
    }

    /// Whether a request may reach its route, in the order that the module explains.
    async fn admit<'r>(
        &self,
        mount: &'r Mount<G::Plugin>,
        path: &str,
        parts: &Parts,
        body: &mut Incoming,
        line: &mut Line<'r>,
    ) -> Result<Admitted, Refusal> {
        let surface = &mount.surface;
        let found = match one_host(parts).and_then(|()| surface.route(&parts.method, path)) {
            Ok(found) => found,
            Err(cause) => {
                let (limit, address) = (surface.rate_limit_unrouted, line.address);
                let taken = self
                    .rates
                    .take_of_surface(surface.manifest().rate_limit, &mount.name, None, address)
                    .and_then(|()| self.rates.take(limit, &mount.name, None, address));
                let cause = taken.map_or_else(Cause::RateLimited, |()| cause);
                return Err(Refusal { cause, route: None });
            }
        };
        let rule = surface.rule(found.index);
        line.route = Some(&rule.name);
        let refuse = |cause| Refusal {
            cause,
            route: Some(found.index),
        };

        let mut identity = self.identify(mount, rule, parts, found.key.as_deref()).await;
        let in_body = surface.credentials.key_in_body(&rule.name);
        let mut taken = None;
        if let (Err(Cause::Unauthenticated(CredentialFailure::Missing)), Some(pointer)) = (&identity, in_body)
        {
            self.ration(mount, rule, None, line.address).map_err(refuse)?;
            let mut whole = self.read(rule, body).await.map_err(refuse)?;
            identity = match surface.credentials.take_from(&mut whole, pointer) {
                Ok(key) => self.look_up(mount, &key, None).await,
                Err(failure) => Err(Cause::Unauthenticated(failure)),
            };
            taken = Some(whole);
        }
        let caller = identity
            .as_ref()
            .ok()
            .and_then(|identity| identity.caller.as_ref());
        // Who has yet to prove that the key is theirs is not written down as its owner, and not told what it may do.
        let proved = identity.as_ref().is_ok_and(|identity| identity.signed.is_none());
        if proved {
            line.principal = caller.map(|caller| caller.principal.clone());
        }
        // Whoever is still nobody has paid already, for having the body read.
        if taken.is_none() || caller.is_some() {
            self.ration(mount, rule, caller, line.address).map_err(refuse)?;
        }
        let Identity { caller, signed } = identity.map_err(refuse)?;
        let principal = caller.map(|caller| caller.principal);
        if proved {
            authorise(rule, principal.as_ref()).map_err(refuse)?;
        }
        let mut body = match taken {
            Some(body) => body,
            None => self.read(rule, body).await.map_err(refuse)?,
        };
        if let (Some(signed), Some(principal)) = (&signed, &principal) {
            self.gate
                .check_signature(principal, &signed.message(&body), &signed.code)
                .map_err(refuse)?;
            line.principal = Some(principal.clone());
            authorise(rule, Some(principal)).map_err(refuse)?;
        }
        if let Some(pointer) = in_body {
            // Also where the key was presented elsewhere, or the route is public. What was signed had it still.
            credentials::blank(&mut body, pointer);
        }
        let claim = claim::of(rule, parts, &body, principal.as_ref()).map_err(refuse)?;
        Ok(Admitted {
            route: found.index,
            params: found.params,
            principal,
            claim,
            body,
        })
    }

    /// Takes a token of each limit that holds for the caller; the operator's own goes before those of the manifest.
    fn ration(
        &self,
        mount: &Mount<G::Plugin>,
        rule: &Route,
        caller: Option<&Caller>,
        address: IpAddr,
    ) -> Result<(), Cause> {
        let principal = caller.map(|caller| &caller.principal);
        let asked = caller.and_then(|caller| caller.rate_limit_per_minute);
        let name = &mount.name;
        let surface = mount.surface.manifest().rate_limit.filter(|_| asked.is_none());
        self.rates
            .take_of_surface(surface, name, principal, address)
            .and_then(|()| {
                let per_minute = asked.or(rule.rate_limit_per_minute);
                self.rates.take(per_minute, name, principal, address)
            })
            .map_err(Cause::RateLimited)
    }

    async fn read(&self, rule: &Route, body: &mut Incoming) -> Result<Bytes, Cause> {
        let bytes_max = rule
            .body_bytes_max
            .unwrap_or(u64::MAX)
            .min(self.limits.body_bytes_max);
        body::read(body, bytes_max, self.limits.body_timeout_ms).await
    }

    /// Who calls; nobody on a public route, whatever they present.
    async fn identify(
        &self,
        mount: &Mount<G::Plugin>,
        rule: &Route,
        parts: &Parts,
        in_path: Option<&str>,
    ) -> Result<Identity, Cause> {
        if rule.guard == Guard::Public {
            return Ok(Identity {
                caller: None,
                signed: None,
            });
        }
        let presented = mount
            .surface
            .credentials
            .presented(&parts.headers, in_path, SystemTime::now())
            .map_err(Cause::Unauthenticated)?;
        self.look_up(mount, presented.key, presented.signed).await
    }

    async fn look_up(
        &self,
        mount: &Mount<G::Plugin>,
        key: &str,
        signed: Option<Signed>,
    ) -> Result<Identity, Cause> {
        let caller = self.gate.verify(mount, key).await?;
        Ok(Identity {
            caller: Some(caller),
            signed,
        })
    }

    fn own(&self, path: &str, method: &Method, envelope: Envelope<'_>) -> Answer {
        match (method, path) {
            (&Method::GET | &Method::HEAD, "/healthz") => respond::healthy(envelope),
            (&Method::GET | &Method::HEAD, _) => respond::readiness(self.gate.ready(), envelope),
            _ => respond::read_only(envelope),
        }
    }
}

/// Whether a caller may use a route.
fn authorise(rule: &Route, principal: Option<&Principal>) -> Result<(), Cause> {
    match &rule.guard {
        Guard::Public | Guard::Key => Ok(()),
        Guard::Scopes { any } => {
            let Some(principal) = principal else {
                return Err(Cause::Unauthenticated(CredentialFailure::Missing));
            };
            if any.iter().any(|scope| principal.has_scope(scope)) {
                return Ok(());
            }
            Err(Cause::MissingScope(any.first().cloned().unwrap_or_default()))
        }
    }
}

/// What the runtime is given. A refused request is anonymous and without a body, whatever was known of it.
fn exchange<P>(
    mount: &Mount<P>,
    path: &str,
    parts: &Parts,
    request_id: &str,
    admitted: Result<Admitted, Refusal>,
) -> Exchange {
    let surface = &mount.surface;
    let (outcome, params, principal, claim, body) = match admitted {
        Ok(Admitted {
            route,
            params,
            principal,
            claim,
            body,
        }) => (Outcome::Route(route), params, principal, claim, body),
        Err(Refusal { cause, route }) => {
            let outcome = Outcome::Rejected { cause, route };
            (outcome, Vec::new(), None, None, Bytes::new())
        }
    };
    // A HEAD request that a GET route answers is a GET request to the plugin.
    let method = match &outcome {
        Outcome::Route(index) => surface.rule(*index).method.clone(),
        Outcome::Rejected { .. } => parts.method.as_str().to_owned(),
    };
    Exchange {
        outcome,
        method,
        path: surface.credentials.path_keys.without(path, TAKEN).into_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        params,
        headers: surface.headers(&parts.headers),
        body,
        principal,
        request_id: request_id.to_owned(),
        claim,
        resumed: None,
    }
}

/// The host name a request is for, without port; empty if it names none.
fn host(parts: &Parts) -> &str {
    let name = parts.uri.host().or_else(|| {
        let value = parts.headers.get(HOST)?.to_str().ok()?;
        // A colon belongs to a port, except inside the brackets of an IPv6 address.
        let end = value
            .rfind(']')
            .map_or_else(|| value.find(':'), |bracket| Some(bracket + 1));
        Some(end.map_or(value, |end| &value[..end]))
    });
    name.map_or("", |name| name.strip_suffix('.').unwrap_or(name))
}

/// Two host names could mean two mounts to two readers (RFC 9112, 3.2).
fn one_host(parts: &Parts) -> Result<(), Cause> {
    if parts.headers.get_all(HOST).iter().nth(1).is_some() {
        return Err(Cause::Malformed(
            "the request names more than one host".to_owned(),
        ));
    }
    Ok(())
}
