//! Work of the host itself that plugins are told of: a payer on the hosted page, an operator who simulates a payment.

use std::sync::Arc;

use mooring_core::draws::Draws;
use mooring_core::ids::PluginName;
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;
use mooring_core::work::{Committed, Work};
use mooring_store::{CommitError, StoreError};
use tokio::sync::oneshot;

use super::events::{PutOff, Untold};
use super::{Runtime, Shared};

/// Why host work left nothing behind.
#[derive(Debug, thiserror::Error)]
pub enum TransactError<E> {
    /// The work itself refused.
    #[error("the work was refused")]
    Refused(#[source] E),
    /// Too much waits for the plugin already (`plugin.queue_per_plugin_max`), or others won every time
    /// (`plugin.runs_max`). Trying again later helps.
    #[error("the host is too busy")]
    Busy,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// Something that must not fail did; the log says what.
    #[error("the host failed")]
    Failed,
}

impl Runtime {
    /// Does a piece of work inside a tenant on behalf of a plugin, from beginning to end: runs it on a call thread, tells the
    /// plugins that made the payments it changed, commits all of that at once, runs it again if it lost against others, and
    /// returns when it is on the disk. An error of `act` leaves nothing behind.
    ///
    /// `act` may run several times, with the same clock and randomness, so it must do nothing but its work.
    pub async fn transact<T, E>(
        &self,
        tenant: &TenantRef,
        plugin: &PluginName,
        act: impl FnMut(&mut Work) -> Result<T, E> + Send + 'static,
    ) -> Result<T, TransactError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.shared.transact(tenant, plugin, act).await
    }
}

impl Shared {
    /// See [`Runtime::transact`].
    pub(super) async fn transact<T, E>(
        self: &Arc<Shared>,
        tenant: &TenantRef,
        plugin: &PluginName,
        mut act: impl FnMut(&mut Work) -> Result<T, E> + Send + 'static,
    ) -> Result<T, TransactError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let lane = match self.installed.find(plugin) {
            Some(loaded) => loaded.lane.clone(),
            None => self.host_lane.clone(),
        };
        let (send, receive) = oneshot::channel();
        let task = {
            let (shared, tenant, plugin) = (Arc::clone(self), tenant.clone(), plugin.clone());
            Box::new(move || drop(send.send(shared.run_host_work(&tenant, &plugin, &mut act))))
        };
        if self.pool.submit(&lane, task).is_err() {
            return Err(TransactError::Busy);
        }
        // The task panicked; the panic hook has said where.
        let (result, committed) = receive.await.map_err(|_| TransactError::Failed)??;
        self.store.durable(committed.sequence).await?;
        self.announce(&committed);
        Ok(result)
    }

    /// On a call thread.
    fn run_host_work<T, E>(
        &self,
        tenant: &TenantRef,
        plugin: &PluginName,
        act: &mut dyn FnMut(&mut Work) -> Result<T, E>,
    ) -> Result<(T, Committed), TransactError<E>> {
        let mut put_off = PutOff::default();
        let draws = Draws::new(Timestamp::now()).map_err(|error| {
            tracing::error!(%error, "the operating system has no randomness to give");
            TransactError::Failed
        })?;
        for _ in 0..self.limits.runs_max {
            let mut work = Work::write(&self.store, &draws, tenant, plugin);
            let result = match act(&mut work) {
                Ok(result) => result,
                // A refusal may rest on a state that is gone; then it is worth nothing.
                Err(_) if !work.is_current() => continue,
                Err(refusal) => return Err(TransactError::Refused(refusal)),
            };
            let work = match self.tell(work, &mut put_off) {
                Ok(work) => work,
                Err(Untold::Again) => continue,
                Err(Untold::Store(error)) => return Err(error.into()),
            };
            match work.commit() {
                Ok(committed) => return Ok((result, committed)),
                Err(CommitError::Conflict { .. }) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(TransactError::Busy)
    }
}
