//! What tests stand on: a store in memory, two tenants, and a clock that is moved by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mooring_store::{CommitError, Store};

use crate::draws::Draws;
use crate::ids::{PluginName, TenantName};
use crate::tenants::{self, TenantRef};
use crate::time::Timestamp;
use crate::users::NewUser;
use crate::work::{Committed, HostWork, RunError, Work};

/// A host with the tenants `acme` and `globex`, where the plugin `alpha` acts unless told otherwise.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) acme: TenantRef,
    pub(crate) globex: TenantRef,
    now: AtomicU64,
    requests: AtomicU64,
}

impl World {
    pub(crate) fn new() -> World {
        let store = Store::in_memory();
        let now = Timestamp(1_000_000);
        let make = |name: &str| {
            let name = TenantName::parse(name).unwrap();
            let made = HostWork::run(&store, now, |host| tenants::create(host, name.clone(), ""));
            made.unwrap().0.to_ref()
        };
        let (acme, globex) = (make("acme"), make("globex"));
        World {
            store,
            acme,
            globex,
            now: AtomicU64::new(now.0),
            requests: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::Relaxed))
    }

    pub(crate) fn pass(&self, duration: Duration) {
        self.now.fetch_add(duration.as_millis() as u64, Ordering::Relaxed);
    }

    /// Draws of a new request: its own seed, the world's time.
    pub(crate) fn draws(&self) -> Arc<Draws> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.requests.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Draws::with_seed(self.now(), seed)
    }

    /// Work of acme and alpha.
    pub(crate) fn work(&self) -> Work {
        self.work_of(&self.acme, "alpha")
    }

    pub(crate) fn work_of(&self, tenant: &TenantRef, plugin: &str) -> Work {
        Work::write(&self.store, &self.draws(), tenant, &plugin_name(plugin))
    }

    pub(crate) fn host(&self) -> HostWork {
        HostWork::write(&self.store, &self.draws())
    }

    /// Does and commits something in acme and alpha; nobody else may be at work.
    pub(crate) fn run<T>(&self, act: impl FnOnce(&mut Work) -> T) -> T {
        let mut work = self.work();
        let result = act(&mut work);
        self.settle(work.commit());
        result
    }

    /// Does and commits something in acme and alpha, again where it loses against others.
    pub(crate) fn run_among_others<T, E>(
        &self,
        act: impl FnMut(&mut Work) -> Result<T, E>,
    ) -> Result<T, RunError<E>> {
        let alpha = plugin_name("alpha");
        Work::run(&self.store, self.now(), &self.acme, &alpha, act).map(|(result, _)| result)
    }

    /// Does and commits something as the host; nobody else may be at work.
    pub(crate) fn host_run<T>(&self, act: impl FnOnce(&mut HostWork) -> T) -> T {
        let mut host = self.host();
        let result = act(&mut host);
        self.settle(host.commit());
        result
    }

    fn settle(&self, committed: Result<Committed, CommitError>) {
        self.store.wait_durable(committed.unwrap().sequence).unwrap();
    }
}

pub(crate) fn plugin_name(name: &str) -> PluginName {
    PluginName::parse(name).unwrap()
}

pub(crate) fn new_user(email: &str) -> NewUser {
    NewUser {
        email: email.to_owned(),
        ..NewUser::default()
    }
}
