//! A form that the payer has filled in, taken to its gateway in the payer's own request.
//!
//! What is in the form may be a card number. It is in memory while the gateway has it in hand, and nowhere else: whatever
//! the gateway logs or prints meanwhile is thrown away, for it might be the form's.

use std::sync::Arc;
use std::time::Instant;

use mooring_core::draws::Draws;
use mooring_core::ids::AttemptId;
use mooring_core::payments::{self, Action, Attempt, AttemptState, PaymentError, Progress};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;
use mooring_core::work::{Committed, HostWork, Work};
use mooring_store::{CommitError, StoreError};
use tokio::sync::oneshot;

use super::attempt::{Ran, settle};
use super::events::{PutOff, Untold};
use super::instance::Ask;
use super::plugin::Plugin;
use super::task::believe;
use super::{Runtime, Shared};
use crate::bindings::{Caller, Desk};
use crate::exchange::Usage;

/// Why a form was not taken. The attempt is as it was, and the payer can send the form again.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The tenant has no such attempt.
    #[error("there is no such attempt")]
    NotFound,
    /// The attempt is in this state, or it waits for something else than a form.
    #[error("the attempt waits for no form")]
    NotWaiting(AttemptState),
    /// The gateway is not loaded, stopped, too busy, or failed.
    #[error("the gateway cannot answer now")]
    Unavailable,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A form on its way. It has no `Debug`.
struct Submission {
    tenant: TenantRef,
    attempt: AttemptId,
    ask: Ask,
    draws: Arc<Draws>,
}

impl Runtime {
    /// Hands the values of a form to the attempt's gateway, applies what it says, tells the plugin that made the payment, and
    /// returns the attempt as it is then, on the disk. Sending the same form twice is safe: the second one finds no attempt
    /// that waits for it.
    pub async fn submit(
        &self,
        tenant: &TenantRef,
        attempt: &AttemptId,
        fields: Vec<(String, String)>,
    ) -> Result<Attempt, SubmitError> {
        let shared = &self.shared;
        let draws = Draws::new(Timestamp::now()).map_err(|_| SubmitError::Unavailable)?;
        // Some reads in memory.
        let gateway =
            payments::attempt(&mut HostWork::read(&shared.store, &draws), tenant.id, attempt)?.gateway;
        let plugin = shared.installed.find(&gateway).ok_or(SubmitError::Unavailable)?;
        if plugin.breaker.refuses(Instant::now()).is_some() {
            return Err(SubmitError::Unavailable);
        }
        let submission = Submission {
            tenant: tenant.clone(),
            attempt: attempt.clone(),
            ask: Ask::Submit(fields),
            draws,
        };
        let (send, receive) = oneshot::channel();
        let task = {
            let (shared, plugin) = (Arc::clone(shared), Arc::clone(&plugin));
            Box::new(move || drop(send.send(shared.run_submission(&plugin, &submission))))
        };
        if shared.pool.submit(&plugin.lane, task).is_err() {
            return Err(SubmitError::Unavailable);
        }
        // The task panicked; the panic hook has said where.
        let (attempt, committed) = receive.await.map_err(|_| SubmitError::Unavailable)??;
        shared.store.durable(committed.sequence).await?;
        shared.announce(&committed);
        Ok(attempt)
    }
}

impl Shared {
    /// On a call thread.
    fn run_submission(
        &self,
        plugin: &Plugin,
        submission: &Submission,
    ) -> Result<(Attempt, Committed), SubmitError> {
        let mut put_off = PutOff::default();
        let mut usage = Usage::default();
        for _ in 0..self.limits.runs_max {
            let (work, attempt) = self
                .try_submission(plugin, submission, &mut usage)
                .inspect_err(|_| plugin.count(None, &usage, true))?;
            let work = match self.tell(work, &mut put_off) {
                Ok(work) => work,
                Err(Untold::Again) => continue,
                Err(Untold::Store(error)) => return Err(error.into()),
            };
            match work.commit() {
                Ok(committed) => {
                    plugin.count(None, &usage, false);
                    return Ok((attempt, committed));
                }
                Err(CommitError::Conflict { .. }) => usage.reruns += 1,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(SubmitError::Unavailable)
    }

    fn try_submission(
        &self,
        plugin: &Plugin,
        submission: &Submission,
        usage: &mut Usage,
    ) -> Result<(Work, Attempt), SubmitError> {
        let Submission {
            tenant,
            attempt,
            ask,
            draws,
        } = submission;
        let mut desk = Desk::new(&self.office, &plugin.facts, draws, Caller::Host(tenant.clone()));
        let mut work = desk.begin_work();
        let order = self.order(&mut work, attempt)?;
        let wants_a_form = matches!(order.attempt.action, Some(Action::Form { .. }));
        if order.attempt.state != AttemptState::Waiting || !wants_a_form {
            return Err(SubmitError::NotWaiting(order.attempt.state));
        }
        let gateway = plugin.gateway().ok_or(SubmitError::Unavailable)?;
        let mut run = gateway.ask(desk.within(work, 0), &order, ask);
        run.desk.log.clear();
        let (mut desk, said) = settle(plugin, attempt.as_str(), run, usage).map_err(failed)?;
        let mut work = desk.begin_work();
        let applied = payments::apply(&mut work, attempt, said.unwrap_or_else(Progress::from));
        match applied {
            Ok(attempt) => {
                plugin.breaker.succeeded();
                Ok((work, attempt))
            }
            Err(error) => {
                let unbelieved = believe(plugin, attempt.as_str(), Err(error));
                Err(unbelieved.map_or_else(failed, |()| SubmitError::Unavailable))
            }
        }
    }
}

/// A gateway that fails at a form has charged nothing by it: it cannot call out.
fn failed(_: Ran) -> SubmitError {
    SubmitError::Unavailable
}

impl From<PaymentError> for SubmitError {
    fn from(error: PaymentError) -> SubmitError {
        match error {
            PaymentError::Store(error) => SubmitError::Store(error),
            _ => SubmitError::NotFound,
        }
    }
}
