//! What every handler is given.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use mooring_core::Store;
use mooring_core::seal::MasterKeys;

use super::auth::Token;
use super::operations::Operations;
use crate::bundled::Bundled;
use crate::config::Config;
use crate::outbound::Guard;

/// The operator's API over a running host. Cheap to clone.
#[derive(Clone)]
pub struct Admin(Arc<Inner>);

/// Never changes while the host runs.
pub struct Inner {
    pub(super) operations: Arc<dyn Operations>,
    pub(super) store: Store,
    /// For secrets at rest.
    pub(super) master_keys: Arc<MasterKeys>,
    /// Tells addresses that may be called from others.
    pub(super) guard: Guard,
    pub(super) token: Token,
    pub(super) bundled: Bundled,
    pub(super) component_bytes_max: u64,
    pub(super) body_timeout: Duration,
    pub(super) movable_clock: bool,
}

impl Admin {
    /// `token` is what requests must carry.
    pub fn new(
        operations: Arc<dyn Operations>,
        store: Store,
        master_keys: Arc<MasterKeys>,
        token: &str,
        config: &Config,
    ) -> Admin {
        Admin(Arc::new(Inner {
            operations,
            store,
            master_keys,
            guard: Guard::new(&config.allow_private),
            token: Token::new(token),
            bundled: Bundled::of(config),
            component_bytes_max: config.plugin.component_bytes_max,
            body_timeout: config.edge.body_timeout_ms,
            movable_clock: config.movable_clock,
        }))
    }
}

impl Deref for Admin {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
