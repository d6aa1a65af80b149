//! The one way from a handler to the store.
//!
//! Store calls block, so all of them run here, off the threads that drive connections. Writing work may run several times
//! before it commits; it is on the disk when the handler goes on.

use std::sync::Arc;

use mooring_core::draws::Draws;
use mooring_core::ids::{PluginName, TenantName};
use mooring_core::tenants::{self, TenantRef};
use mooring_core::time::Timestamp;
use mooring_core::work::{Committed, HostWork, RunError, Work};

use super::problem::{Code, Problem};
use super::state::Admin;

/// The plugin in whose name the operator reads and writes what belongs to no plugin, such as users.
const NO_PLUGIN: &str = "admin";

impl Admin {
    /// Whatever blocks.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        tokio::task::spawn_blocking(call)
            .await
            .map_err(|error| Problem::internal(&error))
    }

    /// Reads across tenants.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut HostWork) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.store.clone();
        self.blocking(move || work(&mut HostWork::read(&store, &draws()?)))
            .await?
    }

    /// Reads inside one tenant, for no plugin.
    pub(super) async fn read_tenant<T: Send + 'static>(
        &self,
        tenant: String,
        work: impl FnOnce(&mut Work) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.read_plugin(tenant, no_plugin(), work).await
    }

    /// Reads what one plugin has in one tenant.
    pub(super) async fn read_plugin<T: Send + 'static>(
        &self,
        tenant: String,
        plugin: PluginName,
        work: impl FnOnce(&mut Work) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.store.clone();
        self.blocking(move || {
            let mut host = HostWork::read(&store, &draws()?);
            let tenant = find_tenant(&mut host, &tenant)?;
            work(&mut host.within(tenant, plugin))
        })
        .await?
    }

    /// Changes something across tenants.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut HostWork) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.store.clone();
        let done = self
            .blocking(move || HostWork::run(&store, Timestamp::now(), work))
            .await?;
        self.finish(done)
    }

    /// Changes something inside one tenant, for a plugin or for none.
    pub(super) async fn write_tenant<T: Send + 'static>(
        &self,
        tenant: String,
        plugin: Option<PluginName>,
        work: impl FnMut(&mut Work) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.store.clone();
        let plugin = plugin.unwrap_or_else(no_plugin);
        let done = self.blocking(move || {
            let tenant = find_tenant(&mut HostWork::read(&store, &draws()?), &tenant)?;
            Ok::<_, Problem>(Work::run(&store, Timestamp::now(), &tenant, &plugin, work))
        });
        self.finish(done.await??)
    }

    fn finish<T>(&self, done: Result<(T, Committed), RunError<Problem>>) -> Result<T, Problem> {
        match done {
            Ok((result, committed)) => {
                self.operations.announce(&committed);
                Ok(result)
            }
            Err(RunError::Refused(problem)) => Err(problem),
            Err(RunError::Contended) => Err(Problem::new(
                Code::Busy,
                "Others were changing the same thing. Nothing was changed; send the request again.",
            )),
            Err(RunError::Store(error)) => Err(Problem::internal(&error)),
            Err(RunError::Random(error)) => Err(Problem::internal(&error)),
        }
    }
}

/// The tenant of a path.
pub(super) fn find_tenant(work: &mut HostWork, name: &str) -> Result<TenantRef, Problem> {
    let unknown = || Problem::not_found("tenant", name, "mooring tenant list");
    let parsed = TenantName::parse(name).map_err(|_| unknown())?;
    match tenants::find(work, &parsed) {
        Ok(tenant) => Ok(tenant.to_ref()),
        Err(tenants::TenantError::NotFound) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}

fn draws() -> Result<Arc<Draws>, Problem> {
    Draws::new(Timestamp::now()).map_err(|error| Problem::internal(&error))
}

fn no_plugin() -> PluginName {
    PluginName::parse(NO_PLUGIN).expect("a legal name")
}
