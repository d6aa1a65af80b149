//! What a gateway sends: checked and read by its plugin, and applied to attempts and refunds.
//!
//! The sender waits, so the calls to the world that the plugin needs for its check are made within the request: a run that
//! asks for one is stopped, the call is made while nothing is held, and the run is made again, as in a job; but their
//! answers are kept in memory only. What the last run says is applied in one transaction.

use std::sync::Arc;
use std::time::Instant;

use mooring_core::draws::Draws;
use mooring_core::ids::{AttemptId, RefundId};
use mooring_core::payments::{self, PaymentError};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;
use mooring_core::work::{Committed, Work};
use mooring_store::CommitError;
use tokio::sync::oneshot;

use super::attempt::{Ran, settle};
use super::events::{PutOff, Untold};
use super::gateway::{News, NewsOf, Subject};
use super::plugin::Plugin;
use super::task::{apply_refund, believe};
use super::{Runtime, Shared};
use crate::bindings::{Answered, Caller, Desk, Errand, Errands};
use crate::exchange::{Notification, NotifyError, Usage};

/// What one run came to.
enum Noted {
    /// Taken, and committed.
    Committed(Committed),
    /// Not taken.
    Refused(NotifyError),
    /// It needs this call, and has used this many of the answers.
    Needs(Box<Errand>, usize),
}

/// A notification on its way.
struct Incoming {
    tenant: TenantRef,
    notification: Notification,
    draws: Arc<Draws>,
}

impl Runtime {
    /// Has a gateway read a notification for this tenant, applies what is new, and tells the plugins whose payments it is
    /// about. Returns once that is on the disk. News of what this tenant does not know, or another gateway has, is ignored,
    /// so that the sender stops. Taking the same notification again changes nothing.
    pub async fn notify(
        &self,
        gateway: &Arc<Plugin>,
        tenant: &TenantRef,
        notification: Notification,
    ) -> Result<(), NotifyError> {
        let shared = &self.shared;
        let until = Instant::now() + shared.limits.notification_timeout_ms;
        if gateway.breaker.refuses(Instant::now()).is_some() {
            return Err(retry("the gateway is stopped for a while"));
        }
        let draws = Draws::new(Timestamp::now()).map_err(|_| retry("there is no randomness"))?;
        let incoming = Arc::new(Incoming {
            tenant: tenant.clone(),
            notification,
            draws,
        });
        let mut answered: Vec<Answered> = Vec::new();
        loop {
            let noted = shared.note_on_pool(gateway, &incoming, Arc::new(answered.clone()));
            match noted.await? {
                Noted::Committed(committed) => {
                    let durable = shared.store.durable(committed.sequence).await;
                    durable.map_err(|_| retry("the store failed"))?;
                    shared.announce(&committed);
                    return Ok(());
                }
                Noted::Refused(error) => return Err(error),
                Noted::Needs(errand, used) => {
                    answered.truncate(used);
                    if answered.len() >= shared.calls_per_job_max {
                        return Err(retry("it needs more calls than outbound.calls_per_job_max"));
                    }
                    let call = shared.errand(gateway, tenant, &errand);
                    let answer = tokio::time::timeout_at(until.into(), call)
                        .await
                        .map_err(|_| retry("its check takes too long (plugin.notification_timeout_ms)"))?;
                    let errand = *errand;
                    answered.push(Answered { errand, answer });
                }
            }
        }
    }
}

impl Shared {
    async fn note_on_pool(
        self: &Arc<Shared>,
        gateway: &Arc<Plugin>,
        incoming: &Arc<Incoming>,
        answered: Arc<Vec<Answered>>,
    ) -> Result<Noted, NotifyError> {
        let (send, receive) = oneshot::channel();
        let task = {
            let (shared, gateway, incoming) = (Arc::clone(self), Arc::clone(gateway), Arc::clone(incoming));
            Box::new(move || drop(send.send(shared.note(&gateway, &incoming, &answered))))
        };
        if self.pool.submit(&gateway.lane, task).is_err() {
            return Err(retry("the gateway's queue is full (plugin.queue_per_plugin_max)"));
        }
        // The task panicked; the panic hook has said where.
        receive.await.map_err(|_| retry("the host failed"))
    }

    /// On a call thread.
    fn note(&self, plugin: &Plugin, incoming: &Incoming, answered: &Arc<Vec<Answered>>) -> Noted {
        let mut put_off = PutOff::default();
        let mut usage = Usage::default();
        for _ in 0..self.limits.runs_max {
            let work = match self.read_news(plugin, incoming, answered, &mut usage) {
                Ok(work) => work,
                Err(noted) => {
                    plugin.count(None, &usage, false);
                    return noted;
                }
            };
            let work = match self.tell(work, &mut put_off) {
                Ok(work) => work,
                Err(Untold::Again) => continue,
                Err(Untold::Store(_)) => return Noted::Refused(retry("the store failed")),
            };
            match work.commit() {
                Ok(committed) => {
                    plugin.count(None, &usage, false);
                    return Noted::Committed(committed);
                }
                Err(CommitError::Conflict { .. }) => usage.reruns += 1,
                Err(CommitError::Store(error)) => {
                    tracing::error!(%error, "a notification's commit failed");
                    return Noted::Refused(retry("the store failed"));
                }
            }
        }
        Noted::Refused(retry("it lost every conflict (plugin.runs_max)"))
    }

    /// One run: what the gateway reads in the notification, applied.
    fn read_news(
        &self,
        plugin: &Plugin,
        incoming: &Incoming,
        answered: &Arc<Vec<Answered>>,
        usage: &mut Usage,
    ) -> Result<Work, Noted> {
        let gateway = plugin
            .gateway()
            .ok_or_else(|| Noted::Refused(retry("the plugin is no gateway")))?;
        let caller = Caller::Host(incoming.tenant.clone());
        let mut desk = Desk::new(&self.office, &plugin.facts, &incoming.draws, caller);
        desk.errands = Some(Errands::new(answered));
        let run = gateway.notify(desk, &incoming.notification);
        let (mut desk, said) = settle(plugin, "notification", run, usage).map_err(failed)?;
        let news = said.map_err(|error| {
            plugin.breaker.succeeded();
            Noted::Refused(error)
        })?;
        let mut work = desk.begin_work();
        for item in news {
            let applied = apply(&mut work, plugin, item);
            believe(plugin, "notification", applied).map_err(failed)?;
        }
        plugin.breaker.succeeded();
        Ok(work)
    }
}

/// Applies one item to what it is about, if that is the gateway's.
fn apply(work: &mut Work, plugin: &Plugin, news: News) -> Result<(), PaymentError> {
    let subject = news.subject.clone();
    let applied = match news.of {
        NewsOf::Attempt(progress) => attempt_of(work, plugin, news.subject)
            .and_then(|attempt| payments::apply(work, &attempt, progress))
            .map(drop),
        NewsOf::Refund(progress) => {
            refund_of(work, plugin, news.subject).and_then(|refund| apply_refund(work, &refund, progress))
        }
    };
    match applied {
        Err(PaymentError::NotFound) => {
            let (gateway, tenant) = (&plugin.facts.name, &work.tenant().name);
            tracing::info!(%gateway, %tenant, ?subject, "a notification is about nothing that is known here");
            Ok(())
        }
        other => other,
    }
}

fn attempt_of(work: &mut Work, plugin: &Plugin, subject: Subject) -> Result<AttemptId, PaymentError> {
    let (tenant, gateway) = (work.tenant().id, &plugin.facts.name);
    let attempt = match subject {
        Subject::Attempt(id) => {
            let id = AttemptId::parse(&id).map_err(|_| PaymentError::NotFound)?;
            payments::attempt(work, tenant, &id)?
        }
        Subject::GatewayRef(id) => payments::attempt_by_gateway_ref(work, tenant, gateway, &id)?,
        Subject::Refund(_) | Subject::RefundGatewayRef(_) => return Err(PaymentError::NotFound),
    };
    if attempt.gateway == *gateway {
        Ok(attempt.id)
    } else {
        Err(PaymentError::NotFound)
    }
}

fn refund_of(work: &mut Work, plugin: &Plugin, subject: Subject) -> Result<RefundId, PaymentError> {
    let (tenant, gateway) = (work.tenant().id, &plugin.facts.name);
    let refund = match subject {
        Subject::Refund(id) => {
            let id = RefundId::parse(&id).map_err(|_| PaymentError::NotFound)?;
            payments::refund_any(work, tenant, &id)?
        }
        Subject::RefundGatewayRef(id) => payments::refund_by_gateway_ref(work, tenant, gateway, &id)?,
        Subject::Attempt(_) | Subject::GatewayRef(_) => return Err(PaymentError::NotFound),
    };
    if refund.gateway == *gateway {
        Ok(refund.id)
    } else {
        Err(PaymentError::NotFound)
    }
}

fn failed(ran: Ran) -> Noted {
    match ran {
        Ran::Needs(errand, used) => Noted::Needs(errand, used),
        _ => Noted::Refused(retry("the gateway failed")),
    }
}

fn retry(reason: &str) -> NotifyError {
    NotifyError::Retry(reason.to_owned())
}
