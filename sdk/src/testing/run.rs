//! One transaction: what a call writes, and what the plugin writes when it is told of the payments that changed.

use std::fmt::Debug;

use mooring_manifest::Manifest;

use super::TestHost;
use super::memory::{Memory, job_principal};
use crate::backend::{Outcome, handle, with_backend};
use crate::http::{Request, Response};
use crate::payments::PaymentEvent;
use crate::plugin::Plugin;
use crate::problem::Cause;

/// More events than this, from telling a plugin of events, are a loop.
const EVENTS_MAX: usize = 100;

impl<P: Plugin> TestHost<P> {
    /// Answers a request. If the answer waits for a job, the job runs, and then the request again.
    pub(super) fn handle(&mut self, outcome: Outcome, request: Request, writes: bool) -> Response {
        let response = self.handle_once(&outcome, &request, writes);
        let Some(job) = response.resume_after.clone().filter(|_| response.status < 400) else {
            return response;
        };
        assert!(
            self.memory.state.has_job(&job),
            "the answer waits for `{job}`, which is no job"
        );
        if let Some(job) = self.memory.state.claim_this(&job) {
            self.run_claimed(job, |_| {});
        }
        let resumed = Request {
            resumed: Some(job),
            ..request
        };
        let response = self.handle_once(&outcome, &resumed, writes);
        assert_eq!(
            response.resume_after, None,
            "a request that was resumed must answer"
        );
        response
    }

    fn handle_once(&mut self, outcome: &Outcome, request: &Request, writes: bool) -> Response {
        let response = self.twice(
            |host| {
                host.memory.enter(request.principal.clone(), writes, false);
                host.with(|| handle::<P>(copy(outcome), request.clone()))
            },
            |response| response.status < 400,
        );
        self.memory.state.settle();
        response
    }

    /// Runs `work` twice from the same state, as the real host does after a lost conflict.
    ///
    /// # Panics
    /// When it does not do the same.
    pub(super) fn twice<T: PartialEq + Debug>(
        &mut self,
        work: impl Fn(&mut TestHost<P>) -> T,
        keeps: impl Fn(&T) -> bool,
    ) -> T {
        let before = self.memory.state.clone();
        let first = self.once(&work, &keeps);
        let after = std::mem::replace(&mut self.memory.state, before);
        let second = self.once(&work, &keeps);
        assert_eq!(
            first, second,
            "a handler that runs again from the same state must answer the same"
        );
        assert!(
            after == self.memory.state,
            "a handler that runs again from the same state must write the same"
        );
        second
    }

    /// Runs `work`; where its result `keeps` what it wrote, the plugin is told of it in the same step. A plugin that fails to
    /// take it is told again, in a job; what it wrote meanwhile is thrown away, and what it failed to take is not.
    pub(super) fn once<T>(
        &mut self,
        work: impl FnOnce(&mut TestHost<P>) -> T,
        keeps: impl FnOnce(&T) -> bool,
    ) -> T {
        let before = self.memory.state.clone();
        let result = work(self);
        if !keeps(&result) {
            self.memory.state = before;
            return result;
        }
        let done = self.memory.state.clone();
        if let Err(why) = self.tell_all() {
            self.memory.log.push(format!("warn: on-event: {why}"));
            self.memory.state = done;
            while let Some(event) = self.memory.state.announced.pop_front() {
                self.memory.state.announce_again(event);
            }
        }
        result
    }

    fn tell_all(&mut self) -> Result<(), String> {
        let mut told = 0;
        while let Some(event) = self.memory.state.announced.pop_front() {
            told += 1;
            assert!(told <= EVENTS_MAX, "events announce each other without end");
            self.tell(event)?;
        }
        Ok(())
    }

    /// Tells the plugin.
    pub(super) fn tell(&mut self, event: PaymentEvent) -> Result<(), String> {
        self.memory.enter(Some(job_principal()), true, false);
        self.with(|| P::on_event(event))
            .map_err(|problem| problem.to_string())
    }

    /// Runs `work` against the primitives.
    pub(super) fn with<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let memory = std::mem::replace(&mut self.memory, Memory::new(Manifest::default()));
        let (result, memory) = with_backend(memory, work);
        self.memory = memory;
        result
    }

    /// Acts on the primitives as the operator would: through no plugin, with every right.
    pub fn act<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.once(
            |host| {
                host.memory.enter(Some(job_principal()), true, false);
                host.with(work)
            },
            |_| true,
        )
    }

    /// How the plugin words a refusal of the host's.
    pub fn refusal(&mut self, cause: Cause) -> Response {
        self.handle(Outcome::Rejected(cause), Request::default(), false)
    }
}

fn copy(outcome: &Outcome) -> Outcome {
    match outcome {
        Outcome::Route(index) => Outcome::Route(*index),
        Outcome::Rejected(cause) => Outcome::Rejected(cause.clone()),
    }
}
