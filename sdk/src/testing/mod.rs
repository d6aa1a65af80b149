//! A host in memory, for `cargo test`: no Wasm, no sockets, no files.
//!
//! [`TestHost`] routes by the plugin's manifest, checks keys and scopes, runs handlers and jobs against primitives that
//! follow the contract's rules, and throws away what a failed request wrote. Every call is run twice from the same state,
//! as the real host does after a lost conflict, and must answer the same.
//!
//! ```
//! # use mooring_sdk::prelude::*;
//! # struct Hello;
//! # impl Plugin for Hello {
//! #     type Error = Problem;
//! #     const ROUTES: &'static [Route<Problem>] = &[Route::get("ping", "/ping", handler!(ping)).public()];
//! #     fn info() -> Info { Info::new("hello", "0.1.0", "") }
//! #     fn problem(problem: &Problem) -> Response { Response::empty(problem.status()) }
//! # }
//! # fn ping() -> Response { Response::text(200, "pong") }
//! use mooring_sdk::testing::TestHost;
//!
//! let mut host = TestHost::<Hello>::new();
//! assert_eq!(host.get("/ping").send().text(), "pong");
//! assert_eq!(host.get("/nowhere").send().status, 404);
//! ```

mod edge;
mod gateway;
mod jobs;
mod manifest;
mod memory;
mod payments;
mod request;
mod run;

use std::collections::VecDeque;
use std::marker::PhantomData;

use mooring_manifest::Manifest;
use serde_json::Value;

pub use gateway::TestGateway;
pub use jobs::{JobRun, Waiting};
pub use payments::{AttemptDone, RefundOutcome};
pub use request::{Reply, TestRequest};

use crate::backend::describe;
use crate::ledger::Posting;
use crate::outbound::{Answer, Call, OutboundError};
use crate::plugin::Plugin;
use crate::services::Service;
use crate::users::User;
use crate::webhooks::Event;
use memory::Memory;

/// A host with one plugin and one tenant, `test`.
pub struct TestHost<P> {
    manifest: Manifest,
    memory: Memory,
    /// What becomes of the next refunds; those without one succeed.
    refunds: VecDeque<RefundOutcome>,
    plugin: PhantomData<P>,
}

impl<P: Plugin> Default for TestHost<P> {
    fn default() -> TestHost<P> {
        TestHost::new()
    }
}

impl<P: Plugin> TestHost<P> {
    /// An empty tenant.
    pub fn new() -> TestHost<P> {
        let manifest: Manifest =
            serde_json::from_str(&describe::<P>()).expect("the manifest is written by the SDK itself");
        manifest::check(&manifest);
        TestHost {
            memory: Memory::new(manifest.clone()),
            manifest,
            refunds: VecDeque::new(),
            plugin: PhantomData,
        }
    }

    /// What the plugin says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The operator sets a setting, a secret too.
    pub fn set(&mut self, name: &str, value: &str) {
        assert!(
            self.manifest.settings.iter().any(|setting| setting.name == name),
            "no setting `{name}`"
        );
        self.memory.settings.insert(name.to_owned(), value.to_owned());
    }

    /// The operator replaces a secret; what it was before stays valid beside it.
    pub fn rotate(&mut self, name: &str, value: &str) {
        let before = self.memory.settings.get(name).cloned();
        self.set(name, value);
        self.memory
            .predecessors
            .extend(before.map(|before| (name.to_owned(), before)));
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        self.memory.state.now
    }

    /// Moves the clock.
    pub fn advance(&mut self, millis: u64) {
        self.memory.state.now += millis;
    }

    /// A key with these scopes, for nobody in particular.
    pub fn key(&mut self, scopes: &[&str]) -> String {
        self.memory
            .state
            .add_key(&self.manifest.key_prefix, scopes, None)
            .secret
    }

    /// A key with these scopes that acts for a user.
    pub fn key_of(&mut self, user: u64, scopes: &[&str]) -> String {
        self.memory
            .state
            .add_key(&self.manifest.key_prefix, scopes, Some(user))
            .secret
    }

    /// The public id of a key, as handlers see it in [`Principal::key`](crate::http::Principal::key).
    pub fn key_id(&self, secret: &str) -> String {
        let principal = self.memory.state.principal(secret);
        principal.expect("a key of this host").key
    }

    /// A request to be; without a key.
    pub fn request(&mut self, method: &str, path: &str) -> TestRequest<'_, P> {
        TestRequest::new(self, method, path)
    }

    /// A `GET` request to be.
    pub fn get(&mut self, path: &str) -> TestRequest<'_, P> {
        self.request("GET", path)
    }

    /// A `POST` request to be.
    pub fn post(&mut self, path: &str) -> TestRequest<'_, P> {
        self.request("POST", path)
    }

    /// The next outbound call must be this one, and gets this answer.
    pub fn answer(&mut self, method: &str, path: &str, status: u16, body: Value) {
        self.memory.expect(method, path, Ok(json(status, &body)));
    }

    /// The next outbound call must be this one, and gets no answer.
    pub fn fail(&mut self, method: &str, path: &str, error: OutboundError) {
        self.memory.expect(method, path, Err(error));
    }

    /// The outbound calls made so far.
    pub fn calls(&self) -> &[Call] {
        &self.memory.calls
    }

    /// All users.
    pub fn users(&self) -> Vec<User> {
        self.memory
            .state
            .users
            .iter()
            .map(|stored| stored.user.clone())
            .collect()
    }

    /// All services.
    pub fn services(&self) -> &[Service] {
        &self.memory.state.services
    }

    /// All events.
    pub fn events(&self) -> Vec<Event> {
        self.memory
            .state
            .events
            .iter()
            .map(|stored| stored.event.clone())
            .collect()
    }

    /// What waits for endpoints that the plugin has made, or was delivered to them.
    pub fn deliveries(&self) -> &[crate::endpoints::Delivery] {
        &self.memory.state.deliveries
    }

    /// The receiver of a delivery answers with this status; anything but 2xx ends it, as after the last attempt.
    pub fn answer_delivery(&mut self, id: &str, status: u16) {
        self.memory.answered(id, status);
    }

    /// All postings.
    pub fn postings(&self) -> &[Posting] {
        &self.memory.state.postings
    }

    /// Lines of the log, with their levels in front: `error: ...`.
    pub fn log(&self) -> &[String] {
        &self.memory.log
    }

    /// What would be different if nothing had happened: for tests that a failure leaves nothing behind.
    pub fn fingerprint(&self) -> String {
        self.memory.state.fingerprint()
    }
}

/// An answer of JSON; `null` for one without a body.
fn json(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        },
    }
}
