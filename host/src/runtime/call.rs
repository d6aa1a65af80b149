//! One request, from a free thread to a durable commit.
//!
//! A run happens on a call thread. When its transaction loses against another one, the run's writes are thrown away and the
//! handler is run again, on the same thread, with the same clock and randomness. What a run answers is given to the caller
//! only when everything it wrote, and everything it read, is durable.
//!
//! An answer may wait for a job (`resume-after`): then what the run wrote is committed, nobody holds a thread or a
//! transaction while the job is waited for, and the handler is run once more, for the answer that is sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mooring_core::draws::Draws;
use mooring_core::idempotency::{self, Kept};
use mooring_core::ids::JobId;
use mooring_core::time::Timestamp;
use mooring_core::work::{Committed, Work};
use mooring_manifest::Access;
use mooring_store::{CommitError, Sequence, StoreError};
use tokio::sync::oneshot;
use tracing::Level;

use super::Shared;
use super::events::{PutOff, Untold};
use super::plugin::{FailureAnswers, Plugin, Role, check_answer};
use super::program::{Answer, Fault, Run};
use super::recall;
use crate::bindings::{Caller, Desk};
use crate::exchange::{Cause, Exchange, Outcome, Reply, Usage};

/// How long a caller is told to wait when the plugin is only busy.
const BUSY_RETRY_SECONDS: u32 = 1;

/// What a call came to, before it is known to be durable.
pub(super) struct Finished {
    pub(super) reply: Result<Reply, Cause>,
    pub(super) usage: Usage,
    /// The reply rests on everything up to here.
    pub(super) rests_on: Option<Sequence>,
    /// What the commit left for the background.
    pub(super) committed: Option<Committed>,
    /// The reply is not the answer yet: the handler is run again after this job.
    pub(super) resume_after: Option<JobId>,
}

/// What a run of the handler wants.
struct Wanted {
    reply: Reply,
    resume_after: Option<JobId>,
}

impl Shared {
    /// Answers one request. Always gives a reply, in the plugin's own words even where the plugin failed.
    pub(crate) async fn call(self: &Arc<Shared>, plugin: &Arc<Plugin>, exchange: Exchange) -> Reply {
        let Role::Provider { failure_answers, .. } = &plugin.role else {
            // The edge brings a gateway nothing but notifications.
            return FailureAnswers::of_nobody();
        };
        let route = match exchange.outcome {
            Outcome::Route(route) => Some(route),
            Outcome::Rejected { route, .. } => route,
        };
        let exchange = Arc::new(exchange);
        let request_id = &exchange.request_id;
        let mut finished = self.finish(plugin, Arc::clone(&exchange)).await;
        if let (Ok(_), Some(job)) = (&finished.reply, finished.resume_after.take()) {
            self.job_end(&job).await;
            let again = Exchange {
                resumed: Some(job),
                ..Exchange::clone(&exchange)
            };
            let first = finished.usage;
            finished = self.finish(plugin, Arc::new(again)).await;
            finished.usage.add(&first);
        }
        if let Err(Cause::IdempotencyKeyReused) = finished.reply {
            // The caller's mistake, and so for the plugin to word.
            finished = self.finish(plugin, Arc::new(reused(&exchange, route))).await;
        }
        let failed = finished.reply.is_err();
        let mut reply = finished.reply.unwrap_or_else(|cause| {
            tracing::debug!(%request_id, plugin = %plugin.facts.name, ?cause, "answered for the plugin");
            failure_answers.answer(&cause)
        });
        plugin.count(route, &finished.usage, failed);
        reply.usage = finished.usage;
        reply
    }

    async fn finish(self: &Arc<Shared>, plugin: &Arc<Plugin>, exchange: Arc<Exchange>) -> Finished {
        if let Some(pause) = plugin.breaker.refuses(Instant::now()) {
            return Finished::failed(Cause::Unavailable(whole_seconds(pause)));
        }
        let (send, receive) = oneshot::channel();
        let task = {
            let (shared, plugin) = (Arc::clone(self), Arc::clone(plugin));
            // A client that is gone does not undo its request, so nobody may be there to receive.
            Box::new(move || drop(send.send(shared.run(&plugin, &exchange))))
        };
        if self.pool.submit(&plugin.lane, task).is_err() {
            return Finished::failed(Cause::Unavailable(BUSY_RETRY_SECONDS));
        }
        let Ok(mut finished) = receive.await else {
            // The task panicked; the panic hook has said where.
            return Finished::failed(Cause::HostFailed);
        };
        if let Some(sequence) = finished.rests_on
            && let Err(error) = self.store.durable(sequence).await
        {
            tracing::error!(%error, "a commit did not become durable");
            finished.reply = Err(Cause::HostFailed);
            return finished;
        }
        if let Some(committed) = &finished.committed {
            self.announce(committed);
        }
        finished
    }

    /// On a call thread: runs the handler until its transaction commits, a bounded number of times.
    fn run(&self, plugin: &Plugin, exchange: &Exchange) -> Finished {
        let Some(program) = plugin.program() else {
            return Finished::failed(Cause::NoRoute);
        };
        let Ok(draws) = Draws::new(Timestamp::now()) else {
            tracing::error!("the operating system has no randomness to give");
            return Finished::failed(Cause::HostFailed);
        };
        let caller = caller(plugin, exchange);
        let mut put_off = PutOff::default();
        let mut usage = Usage::default();
        for _ in 0..self.limits.runs_max {
            let mut desk = Desk::new(&self.office, &plugin.facts, &draws, caller.clone());
            match recall::recall(&mut desk, exchange) {
                Ok(None) => {}
                Ok(Some(mut recalled)) => {
                    recalled.usage.add(&usage);
                    return recalled;
                }
                Err(error) => {
                    tracing::error!(%error, request_id = exchange.request_id, "a kept reply could not be read");
                    return Finished {
                        usage,
                        ..Finished::failed(Cause::HostFailed)
                    };
                }
            }
            let Run {
                mut desk,
                fuel,
                result,
            } = program.handle(desk, exchange);
            usage.fuel += fuel;
            usage.host_calls += desk.spent.host_calls;
            report(plugin, &exchange.request_id, &desk.log);
            let checked =
                result.and_then(|answer| self.check(answer, exchange, &caller).map_err(Fault::BadAnswer));
            let wanted = match checked {
                Ok(wanted) => wanted,
                Err(fault) => {
                    let cause = blame(plugin, &exchange.request_id, &fault);
                    return Finished {
                        usage,
                        ..Finished::failed(cause)
                    };
                }
            };
            plugin.breaker.succeeded();
            let Some(mut work) = desk.take_work() else {
                return wanted.finished(usage, None, None);
            };
            if wanted.reply.status >= 400 {
                return wanted.finished(usage, Some(work.snapshot()), None);
            }
            if let Some(claim) = &exchange.claim
                && let Err(error) =
                    idempotency::keep(&mut work, &self.office.secrets, claim, &wanted.to_keep())
            {
                tracing::error!(%error, request_id = exchange.request_id, "a reply could not be kept");
                return Finished {
                    usage,
                    ..Finished::failed(Cause::HostFailed)
                };
            }
            match self.tell_and_commit(work, &mut put_off, &mut usage, &exchange.request_id) {
                Ok(Some(committed)) => {
                    return wanted.finished(usage, Some(committed.sequence), Some(committed));
                }
                Ok(None) => usage.reruns += 1,
                Err(cause) => {
                    return Finished {
                        usage,
                        ..Finished::failed(cause)
                    };
                }
            }
        }
        tracing::warn!(
            request_id = %exchange.request_id, plugin = %plugin.facts.name, runs = self.limits.runs_max,
            "a request lost every conflict (plugin.runs_max)"
        );
        Finished {
            usage,
            ..Finished::failed(Cause::Unavailable(BUSY_RETRY_SECONDS))
        }
    }
}

impl Shared {
    /// Nothing if the handler has to run again.
    fn tell_and_commit(
        &self,
        work: Work,
        put_off: &mut PutOff,
        usage: &mut Usage,
        request_id: &str,
    ) -> Result<Option<Committed>, Cause> {
        let failed = |error: &StoreError| {
            tracing::error!(%error, request_id, "a commit failed");
            Cause::HostFailed
        };
        let work = match self.tell(work, put_off) {
            Ok(work) => work,
            Err(Untold::Again) => return Ok(None),
            Err(Untold::Store(error)) => return Err(failed(&error)),
        };
        let bytes_written = work.written_bytes() as u64;
        match work.commit() {
            Ok(committed) => {
                usage.bytes_written += bytes_written;
                Ok(Some(committed))
            }
            Err(CommitError::Conflict { key }) => {
                tracing::debug!(request_id, key = %mooring_store::keys::readable(&key), "lost a conflict");
                Ok(None)
            }
            Err(CommitError::Store(error)) => Err(failed(&error)),
        }
    }

    /// Holds an answer to the rules of HTTP, and to those of answers that wait.
    fn check(&self, answer: Answer, exchange: &Exchange, caller: &Caller) -> Result<Wanted, String> {
        let resume_after = answer.resume_after.clone();
        let reply = check_answer(answer, &self.limits)?;
        let kept_max = self.limits.kept_reply_bytes_max;
        if exchange.claim.is_some() && reply.status < 400 && reply.body.len() > kept_max {
            return Err(format!(
                "a body of {} bytes is over what can be kept for an Idempotency-Key, {kept_max} (plugin.kept_reply_bytes_max)",
                reply.body.len()
            ));
        }
        let Some(job) = resume_after.filter(|_| reply.status < 400) else {
            return Ok(Wanted {
                reply,
                resume_after: None,
            });
        };
        if exchange.resumed.is_some() {
            return Err("resume-after may be answered once in a request".to_owned());
        }
        if !matches!(caller, Caller::Principal(_, Access::Write)) {
            return Err("resume-after needs a route that writes, and so can schedule a job".to_owned());
        }
        let job = JobId::parse(&job).map_err(|_| "resume-after is not the id of a job".to_owned())?;
        Ok(Wanted {
            reply,
            resume_after: Some(job),
        })
    }
}

impl Wanted {
    fn to_keep(&self) -> Kept {
        match &self.resume_after {
            Some(job) => Kept::Waits(job.clone()),
            None => recall::to_keep(&self.reply),
        }
    }

    fn finished(self, usage: Usage, rests_on: Option<Sequence>, committed: Option<Committed>) -> Finished {
        Finished {
            reply: Ok(self.reply),
            usage,
            rests_on,
            committed,
            resume_after: self.resume_after,
        }
    }
}

impl Finished {
    fn failed(cause: Cause) -> Finished {
        Finished {
            reply: Err(cause),
            usage: Usage::default(),
            rests_on: None,
            committed: None,
            resume_after: None,
        }
    }
}

/// The request as one that the host refuses.
fn reused(exchange: &Exchange, route: Option<u32>) -> Exchange {
    Exchange {
        outcome: Outcome::Rejected {
            cause: Cause::IdempotencyKeyReused,
            route,
        },
        params: Vec::new(),
        body: Bytes::new(),
        principal: None,
        claim: None,
        ..Exchange::clone(exchange)
    }
}

fn caller(plugin: &Plugin, exchange: &Exchange) -> Caller {
    match (&exchange.outcome, &exchange.principal) {
        (Outcome::Route(route), Some(principal)) => {
            let access = plugin.facts.manifest.routes[*route as usize].access;
            Caller::Principal(principal.clone(), access)
        }
        _ => Caller::Nobody,
    }
}

/// Puts what the guest said into the log.
pub(super) fn report(plugin: &Plugin, request_id: &str, lines: &[(Level, String)]) {
    // A level is part of what a place in the program declares, so there is one place for each.
    macro_rules! say {
        ($level:ident, $line:ident) => {
            tracing::$level!(target: "mooring::plugin", plugin = %plugin.facts.name, request_id, "{}", $line)
        };
    }
    for (level, line) in lines {
        match *level {
            Level::ERROR => say!(error, line),
            Level::WARN => say!(warn, line),
            Level::INFO => say!(info, line),
            _ => say!(debug, line),
        }
    }
}

/// Counts a fault against whoever caused it.
pub(super) fn blame(plugin: &Plugin, request_id: &str, fault: &Fault) -> Cause {
    let cause = match fault {
        Fault::Deadline | Fault::Fuel => Cause::Deadline,
        Fault::Trap(_) | Fault::BadAnswer(_) | Fault::Suspended => Cause::PluginFailed,
        Fault::NoInstance(_) => Cause::HostFailed,
    };
    let name = &plugin.facts.name;
    if cause == Cause::HostFailed {
        tracing::error!(plugin = %name, request_id, ?fault, "no instance of the plugin could be made");
        return cause;
    }
    tracing::warn!(plugin = %name, request_id, %fault, "the plugin failed");
    if let Some(pause) = plugin.breaker.failed(Instant::now()) {
        tracing::error!(
            plugin = %name, ?pause,
            "the plugin failed too often in a row and is stopped for a while (plugin.breaker_failures)"
        );
    }
    cause
}

/// Rounded up, so that a caller who waits that long is not refused again.
fn whole_seconds(pause: Duration) -> u32 {
    (pause.as_millis().div_ceil(1000) as u32).max(1)
}
