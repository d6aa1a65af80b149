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
//! # fn ping() -> Result<Response, Problem> { Ok(Response::text(200, "pong")) }
//! use mooring_sdk::testing::TestHost;
//!
//! let mut host = TestHost::<Hello>::new();
//! assert_eq!(host.get("/ping").send().text(), "pong");
//! assert_eq!(host.get("/nowhere").send().status, 404);
//! ```

mod memory;
mod request;
mod router;

use std::marker::PhantomData;

use mooring_manifest::{Access, Manifest};
use serde_json::Value;

pub use request::{Reply, TestRequest};

use crate::backend::{Outcome, describe, handle, with_backend};
use crate::http::{Principal, Request, Response};
use crate::jobs::{Job, JobFailure};
use crate::ledger::Posting;
use crate::outbound::{Answer, Call, OutboundError};
use crate::plugin::Plugin;
use crate::problem::{Cause, CredentialFailure};
use crate::services::Service;
use crate::users::User;
use crate::webhooks::Event;
use memory::{Memory, Scripted};

/// A host with one plugin and one tenant, `test`.
pub struct TestHost<P> {
    manifest: Manifest,
    memory: Memory,
    plugin: PhantomData<P>,
}

/// One try of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// Its kind.
    pub kind: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// What the plugin answered.
    pub result: Result<(), JobFailure>,
}

/// A job that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its kind.
    pub kind: String,
    /// JSON.
    pub payload: Value,
    /// Milliseconds since the Unix epoch.
    pub run_at: u64,
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
        router::check(&manifest);
        TestHost {
            memory: Memory::new(manifest.clone()),
            manifest,
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

    /// How the plugin words a refusal of the host's.
    pub fn refusal(&mut self, cause: Cause) -> Response {
        self.handle(Outcome::Rejected(cause), Request::default(), false)
    }

    /// The next outbound call must be this one, and gets this answer.
    pub fn answer(&mut self, method: &str, path: &str, status: u16, body: Value) {
        self.script(method, path, Ok((status, body)));
    }

    /// The next outbound call must be this one, and gets no answer.
    pub fn fail(&mut self, method: &str, path: &str, error: OutboundError) {
        self.script(method, path, Err(error));
    }

    fn script(&mut self, method: &str, path: &str, outcome: Result<(u16, Value), OutboundError>) {
        let outcome = outcome.map(|(status, body)| Answer {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: if body.is_null() {
                Vec::new()
            } else {
                body.to_string().into_bytes()
            },
        });
        self.memory.script.push_back(Scripted {
            method: method.to_owned(),
            path: path.to_owned(),
            outcome,
        });
    }

    /// The outbound calls made so far.
    pub fn calls(&self) -> &[Call] {
        &self.memory.calls
    }

    /// Runs the jobs that are due, one after the other, those that they schedule included.
    ///
    /// # Panics
    /// When scripted answers are left over.
    pub fn run_jobs(&mut self) -> Vec<JobRun> {
        let mut runs = Vec::new();
        while let Some(run) = self.run_job() {
            runs.push(run);
            assert!(runs.len() < 1000, "jobs schedule each other without end");
        }
        assert!(
            self.memory.script.is_empty(),
            "never called: {:?}",
            self.memory.script
        );
        runs
    }

    /// Runs the next job that is due.
    pub fn run_job(&mut self) -> Option<JobRun> {
        self.run_job_meanwhile(|_| {})
    }

    /// Runs the next job that is due, and lets something else happen while it runs: the job loses the conflict and is
    /// run again, and its outbound calls get the answers of the first run.
    pub fn run_job_meanwhile(&mut self, meanwhile: impl FnOnce(&mut TestHost<P>)) -> Option<JobRun> {
        let job = self.memory.state.claim()?;
        let before = self.memory.state.clone();
        self.memory.record();
        let first = self.run_job_once(&job);
        self.memory.state = before;
        let recording = self.memory.stop();
        let fingerprint = self.fingerprint();
        meanwhile(self);
        let disturbed = fingerprint != self.fingerprint();
        let before = self.memory.state.clone();
        self.memory.play(recording);
        let result = self.run_job_once(&job);
        self.memory.stop();
        assert!(
            disturbed || first == result,
            "a job that runs again from the same state must answer the same"
        );
        if result.is_err() {
            self.memory.state = before;
        }
        self.memory.state.finish(&job, &result);
        Some(JobRun {
            kind: job.kind,
            attempt: job.attempt,
            result,
        })
    }

    fn run_job_once(&mut self, job: &Job) -> Result<(), JobFailure> {
        self.memory.enter(Some(memory::job_principal()), true, true);
        self.with(|| P::run_job(job.clone()))
    }

    /// Jobs that wait, in the order they were scheduled.
    pub fn waiting(&self) -> Vec<Waiting> {
        self.memory.state.waiting()
    }

    /// Kinds of the jobs that were given up.
    pub fn dead(&self) -> Vec<String> {
        self.memory.state.dead()
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

    /// Acts on the primitives as the operator would: through no plugin, with every right.
    pub fn act<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.memory.enter(Some(memory::job_principal()), true, false);
        self.with(work)
    }

    fn send(&mut self, request: Request, key: Option<&str>) -> Response {
        let (outcome, mut request, writes) = self.route(request, key);
        if matches!(outcome, Outcome::Rejected(_)) {
            request.principal = None;
        }
        self.handle(outcome, request, writes)
    }

    /// What the edge of the real host does.
    fn route(&mut self, mut request: Request, key: Option<&str>) -> (Outcome, Request, bool) {
        let (index, route, params) = match router::find(&self.manifest, &request.method, &request.path) {
            router::Found::Route(index, route, params) => (index, route.clone(), params),
            router::Found::Methods(methods) => {
                return (
                    Outcome::Rejected(Cause::MethodNotAllowed(methods)),
                    request,
                    false,
                );
            }
            router::Found::Nothing => return (Outcome::Rejected(Cause::NoRoute), request, false),
        };
        request.params = params;
        if route
            .body_bytes_max
            .is_some_and(|max| request.body.len() as u64 > max)
        {
            let cause = Cause::BodyTooLarge(route.body_bytes_max.unwrap_or_default());
            return (Outcome::Rejected(cause), request, false);
        }
        let writes = route.access == Access::Write;
        match self.authenticate(&route.guard, key) {
            Ok(principal) => {
                request.principal = principal;
                (Outcome::Route(index), request, writes)
            }
            Err(cause) => (Outcome::Rejected(cause), request, writes),
        }
    }

    fn authenticate(
        &self,
        guard: &mooring_manifest::Guard,
        key: Option<&str>,
    ) -> Result<Option<Principal>, Cause> {
        use mooring_manifest::Guard;
        let scopes = match guard {
            Guard::Public => return Ok(None),
            Guard::Key => None,
            Guard::Scopes { any } => Some(any),
        };
        let refused = Cause::Unauthenticated;
        let key = key.ok_or(refused(CredentialFailure::Missing))?;
        if !key.starts_with(&self.manifest.key_prefix) {
            return Err(refused(CredentialFailure::Malformed));
        }
        let principal = self
            .memory
            .state
            .principal(key)
            .ok_or(refused(CredentialFailure::Unknown))?;
        match scopes {
            Some(any) if !any.iter().any(|scope| principal.scopes.contains(scope)) => {
                Err(Cause::MissingScope(any.join(" ")))
            }
            _ => Ok(Some(principal)),
        }
    }

    fn handle(&mut self, outcome: Outcome, request: Request, writes: bool) -> Response {
        let again = match &outcome {
            Outcome::Route(index) => Outcome::Route(*index),
            Outcome::Rejected(cause) => Outcome::Rejected(cause.clone()),
        };
        let before = self.memory.state.clone();
        self.memory.enter(request.principal.clone(), writes, false);
        let copy = request.clone();
        let first = self.with(|| handle::<P>(again, copy));

        self.memory.state = before.clone();
        self.memory.enter(request.principal.clone(), writes, false);
        let response = self.with(|| handle::<P>(outcome, request));
        assert_eq!(
            first, response,
            "a handler that runs again from the same state must answer the same"
        );
        if response.status >= 400 {
            self.memory.state = before;
        } else {
            self.memory.state.settle();
        }
        response
    }

    fn with<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let memory = std::mem::replace(&mut self.memory, Memory::new(Manifest::default()));
        let (result, memory) = with_backend(memory, work);
        self.memory = memory;
        result
    }
}
