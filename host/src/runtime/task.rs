//! What the host does in jobs of its own: taking attempts and refunds to their gateways, ending payments whose time is over,
//! and telling plugins again.
//!
//! Each is one run of a job as `attempt` makes them: it may be repeated at any time, and writes nothing but the work that
//! it gives back. What a gateway says is applied in that work, so it is true exactly when the job is done.

use std::sync::Arc;

use mooring_core::ids::{AttemptId, RefundId};
use mooring_core::jobs::{self, Failure, Job, JobError};
use mooring_core::money::Amount;
use mooring_core::payments::{
    self, Announcement, AnnouncementJob, Attempt, AttemptJob, AttemptState, PaymentError, PaymentJob,
    Progress, RefundJob, RefundProgress, RefundState,
};
use mooring_core::work::Work;
use serde::de::DeserializeOwned;

use super::Shared;
use super::attempt::{Attempting, Ran, retry_soon, settle};
use super::call::blame;
use super::gateway::{RefundOrder, Refusal};
use super::instance::Ask;
use super::plugin::Plugin;
use super::program::Fault;
use crate::bindings::Answered;
use crate::config::JobLimits;
use crate::exchange::Usage;

/// What a job is about.
#[derive(Debug)]
pub(super) enum Task {
    /// A plugin's own: `run-job`.
    Plugin,
    /// A gateway is asked about an attempt.
    Attempt(Asked),
    /// A gateway is asked to send money back.
    Refund(RefundId),
    /// A payment ends, because its time is over.
    Expire(PaymentJob),
    /// A plugin is told again.
    Announce(Box<Announcement>),
    /// A kind or payload that this release does not know.
    Unreadable(String),
}

/// What a gateway is asked about which attempt.
#[derive(Debug)]
pub(super) struct Asked {
    attempt: AttemptId,
    question: Question,
}

#[derive(Clone, Copy, Debug)]
enum Question {
    Start,
    LookUp,
    Abandon,
    Capture(Option<Amount>),
}

/// What is not known because its gateway fails.
pub(super) enum Stuck {
    Attempt(AttemptId),
    Refund(RefundId),
}

impl Task {
    pub(super) fn of(job: &Job) -> Task {
        if !job.kind.starts_with(payments::JOB_PREFIX) {
            return Task::Plugin;
        }
        let asks = |question: fn(&AttemptJob) -> Question| {
            read(job, |about: AttemptJob| {
                let question = question(&about);
                Task::Attempt(Asked {
                    attempt: about.attempt,
                    question,
                })
            })
        };
        match job.kind.as_str() {
            payments::JOB_START => asks(|_| Question::Start),
            payments::JOB_LOOK_UP => asks(|_| Question::LookUp),
            payments::JOB_ABANDON => asks(|_| Question::Abandon),
            payments::JOB_CAPTURE => asks(|about| Question::Capture(about.amount)),
            payments::JOB_REFUND => read(job, |about: RefundJob| Task::Refund(about.refund)),
            payments::JOB_EXPIRE => read(job, Task::Expire),
            payments::JOB_ANNOUNCE => read(job, |about: AnnouncementJob| {
                Task::Announce(Box::new(about.announcement))
            }),
            kind => Task::Unreadable(format!("this host knows no job {kind}")),
        }
    }

    /// The attempt that a gateway is asked about.
    pub(super) fn about_attempt(&self) -> Option<&AttemptId> {
        match self {
            Task::Attempt(asked) => Some(&asked.attempt),
            _ => None,
        }
    }

    /// The attempt that a gateway may charge because it is asked this: at some, an approved order is money once it is looked up.
    pub(super) fn may_charge(&self) -> Option<&AttemptId> {
        match self {
            Task::Attempt(Asked {
                attempt,
                question: Question::LookUp,
            }) => Some(attempt),
            _ => None,
        }
    }

    /// Whether a job of this kind is done although its plugin is not loaded, or stopped.
    pub(super) fn needs_no_plugin(kind: &str) -> bool {
        kind == payments::JOB_EXPIRE
    }

    /// What is not known after this failure, which no other try will follow.
    pub(super) fn stuck(
        &self,
        job: &Job,
        failure: &Failure,
        faulted: bool,
        limits: &JobLimits,
    ) -> Option<Stuck> {
        let is_last = matches!(failure, Failure::Fatal { .. })
            || job.attempt >= job.attempts_max
            || faulted && job.attempt >= limits.gateway_tries_max;
        match self {
            Task::Attempt(asked) if is_last => Some(Stuck::Attempt(asked.attempt.clone())),
            Task::Refund(refund) if is_last => Some(Stuck::Refund(refund.clone())),
            _ => None,
        }
    }
}

fn read<T: DeserializeOwned>(job: &Job, task: impl FnOnce(T) -> Task) -> Task {
    match serde_json::from_str(job.payload.as_str()) {
        Ok(payload) => task(payload),
        Err(error) => Task::Unreadable(format!("its payload cannot be read: {error}")),
    }
}

impl Question {
    /// Whether an attempt in this state still has to be asked about.
    fn stands(self, attempt: &Attempt) -> bool {
        match self {
            Question::Start => attempt.state == AttemptState::Starting,
            Question::LookUp | Question::Abandon => !attempt.state.is_final(),
            Question::Capture(_) => attempt.state == AttemptState::Authorized,
        }
    }

    fn ask(self, attempt: &Attempt) -> Option<Ask> {
        Some(match self {
            Question::Start => Ask::Start,
            Question::LookUp => Ask::LookUp,
            Question::Abandon => Ask::Abandon,
            Question::Capture(amount) => Ask::Capture(amount.or(attempt.credited)?),
        })
    }

    /// What it means that the gateway does not do what it is asked. Only an attempt that never began is over by that: who
    /// cannot look, or cannot take something back, says nothing of what was charged, and who does not capture still holds
    /// what was authorized.
    fn refused(
        self,
        work: &mut Work,
        attempt: &AttemptId,
        refusal: Refusal,
    ) -> Result<Attempt, PaymentError> {
        match (self, refusal) {
            (Question::Start, Refusal::Refused(failure)) => {
                payments::apply(work, attempt, Progress::declined(failure))
            }
            (Question::Capture(_), Refusal::Refused(failure)) => {
                payments::refuse_capture(work, attempt, failure)
            }
            (Question::LookUp | Question::Abandon, Refusal::Refused(failure)) => {
                tracing::warn!(%attempt, code = failure.code, "a gateway refuses to say what has become of an attempt");
                payments::apply(work, attempt, Progress::new(AttemptState::Unknown))
            }
            (_, Refusal::Unknown(reason)) => {
                tracing::warn!(%attempt, %reason, "a gateway does not know what has become of an attempt");
                payments::apply(work, attempt, Progress::new(AttemptState::Unknown))
            }
        }
    }
}

impl Shared {
    /// Asks a gateway about an attempt, and applies what it says. What does not stand any more is not asked.
    pub(super) fn ask_about_attempt(
        &self,
        attempting: &Attempting,
        asked: &Asked,
        answered: &Arc<Vec<Answered>>,
        usage: &mut Usage,
    ) -> Result<Work, Ran> {
        let plugin = attempting.loaded()?;
        let mut desk = self.desk(attempting, plugin, answered);
        let mut work = desk.begin_work();
        let id = attempting.claimed.job.id.as_str();
        let order = self
            .order(&mut work, &asked.attempt)
            .map_err(|error| not_asked(id, &error))?;
        let Some(ask) = asked
            .question
            .ask(&order.attempt)
            .filter(|_| asked.question.stands(&order.attempt))
        else {
            return Ok(work);
        };
        let gateway = plugin.gateway().ok_or_else(no_gateway)?;
        let run = gateway.ask(desk.within(work, 0), &order, &ask);
        let (mut desk, said) = settle(plugin, id, run, usage)?;
        let mut work = desk.begin_work();
        let applied = match said {
            Ok(progress) => payments::apply(&mut work, &asked.attempt, progress),
            Err(refusal) => asked.question.refused(&mut work, &asked.attempt, refusal),
        };
        believe(plugin, id, applied.map(drop))?;
        Ok(work)
    }

    /// As [`Shared::ask_about_attempt`], for a refund.
    pub(super) fn ask_for_refund(
        &self,
        attempting: &Attempting,
        refund: &RefundId,
        answered: &Arc<Vec<Answered>>,
        usage: &mut Usage,
    ) -> Result<Work, Ran> {
        let plugin = attempting.loaded()?;
        let job = &attempting.claimed.job;
        let mut desk = self.desk(attempting, plugin, answered);
        let mut work = desk.begin_work();
        let order = self
            .refund_order(&mut work, refund, job)
            .map_err(|error| not_asked(job.id.as_str(), &error))?;
        if order.refund.state != RefundState::Pending {
            return Ok(work);
        }
        let gateway = plugin.gateway().ok_or_else(no_gateway)?;
        let run = gateway.refund(desk.within(work, 0), &order);
        let (mut desk, said) = settle(plugin, job.id.as_str(), run, usage)?;
        let mut work = desk.begin_work();
        let progress = said.unwrap_or_else(RefundProgress::from);
        let applied = apply_refund(&mut work, refund, progress);
        believe(plugin, job.id.as_str(), applied)?;
        Ok(work)
    }

    fn refund_order(
        &self,
        work: &mut Work,
        refund: &RefundId,
        job: &Job,
    ) -> Result<RefundOrder, PaymentError> {
        let tenant = work.tenant().id;
        let refund = payments::refund_any(work, tenant, refund)?;
        // A refund that the gateway has not done yet goes on in another job.
        let earlier = u32::from(job.created_at > refund.created_at);
        Ok(RefundOrder {
            order: self.order(work, &refund.attempt)?,
            attempt: job.attempt + earlier,
            refund,
        })
    }

    pub(super) fn expire_payment(&self, attempting: &Attempting, about: &PaymentJob) -> Result<Work, Ran> {
        let job = &attempting.claimed.job;
        let mut work = Work::write(&self.store, &attempting.draws, &job.tenant, &job.plugin);
        match payments::come_due(&mut work, about) {
            Ok(_) => Ok(work),
            Err(error) => Err(not_asked(job.id.as_str(), &error)),
        }
    }

    pub(super) fn announce_again(
        &self,
        attempting: &Attempting,
        announcement: &Announcement,
    ) -> Result<Work, Ran> {
        let job = &attempting.claimed.job;
        let work = Work::write(&self.store, &attempting.draws, &job.tenant, &job.plugin);
        let (mut desk, told) = self.on_event(work, attempting.loaded()?, announcement, 0);
        match told {
            Ok(()) => Ok(desk.begin_work()),
            Err(reason) => Err(Ran::Failed(Failure::Retry { after: None, reason })),
        }
    }

    /// Parks a job, and says of what it was about that the outcome is not known: then the core asks on.
    pub(super) fn park(&self, attempting: &Attempting, stuck: &Stuck, reason: &str) -> Result<Work, Ran> {
        let job = &attempting.claimed.job;
        let id = job.id.as_str();
        let mut work = Work::write(&self.store, &attempting.draws, &job.tenant, &job.plugin);
        let applied = match stuck {
            Stuck::Attempt(attempt) => {
                payments::apply(&mut work, attempt, Progress::new(AttemptState::Unknown)).map(drop)
            }
            Stuck::Refund(refund) => payments::apply_refund(&mut work, refund, still_pending()).map(drop),
        };
        applied.map_err(|error| not_asked(id, &error))?;
        let fatal = Failure::Fatal {
            reason: reason.to_owned(),
        };
        match jobs::fail(&mut work, &attempting.claimed.lease, fatal, self.backoff()) {
            Ok(_) => Ok(work),
            Err(JobError::LeaseLost) => Err(Ran::LeaseLost),
            Err(JobError::Store(error)) => Err(Ran::store_failed(&id, &error)),
            Err(error) => Err(Ran::Failed(retry_soon(&error.to_string()))),
        }
    }
}

impl From<Refusal> for Progress {
    fn from(refusal: Refusal) -> Progress {
        match refusal {
            Refusal::Refused(failure) => Progress::declined(failure),
            Refusal::Unknown(reason) => {
                tracing::warn!(%reason, "a gateway does not know what has become of an attempt");
                Progress::new(AttemptState::Unknown)
            }
        }
    }
}

impl From<Refusal> for RefundProgress {
    fn from(refusal: Refusal) -> RefundProgress {
        match refusal {
            Refusal::Refused(failure) => RefundProgress {
                state: RefundState::Failed,
                gateway_ref: None,
                failure: Some(failure),
            },
            Refusal::Unknown(reason) => {
                tracing::warn!(%reason, "a gateway does not know what has become of a refund");
                still_pending()
            }
        }
    }
}

/// Asked for, and no more is known.
fn still_pending() -> RefundProgress {
    RefundProgress {
        state: RefundState::Pending,
        gateway_ref: None,
        failure: None,
    }
}

/// Applies what a gateway says of a refund. Money that it does not send back although nobody asked for it is for the operator to see to:
/// no plugin is told of it.
pub(super) fn apply_refund(
    work: &mut Work,
    refund: &RefundId,
    progress: RefundProgress,
) -> Result<(), PaymentError> {
    let refund = payments::apply_refund(work, refund, progress)?;
    if refund.is_stuck() {
        let reason = refund.failure.as_ref().map_or("", |failure| &failure.message);
        tracing::error!(
            payment = %refund.payment, refund = %refund.id, gateway = %refund.gateway, amount = %refund.amount, reason,
            "money that nobody asked for was not sent back; it lies in suspense (mooring payment send-again)"
        );
    }
    Ok(())
}

/// Holds a gateway to the rules of money: what breaks one is a fault like a trap, and nothing of it is believed.
pub(super) fn believe(plugin: &Plugin, id: &str, applied: Result<(), PaymentError>) -> Result<(), Ran> {
    match applied {
        Ok(()) => {
            plugin.breaker.succeeded();
            Ok(())
        }
        Err(PaymentError::Store(error)) => Err(Ran::store_failed(&id, &error)),
        Err(error) => {
            let fault = Fault::BadAnswer(error.to_string());
            blame(plugin, id, &fault);
            Err(Ran::Faulted(fault.to_string()))
        }
    }
}

/// What a job is about is not there, or cannot be read.
fn not_asked(job: &str, error: &PaymentError) -> Ran {
    match error {
        PaymentError::Store(error) => Ran::store_failed(&job, error),
        error => Ran::Failed(Failure::Fatal {
            reason: error.to_string(),
        }),
    }
}

fn no_gateway() -> Ran {
    Ran::Failed(retry_soon("its plugin is not a gateway now"))
}
