//! What all desks of a host share.

use std::sync::Arc;

use mooring_core::seal::MasterKeys;
use mooring_store::Store;

use super::directory::Directory;
use crate::config::PluginLimits;
use crate::outbound::Guard;

/// See the module.
pub(crate) struct Office {
    pub(crate) store: Store,
    pub(crate) limits: Arc<PluginLimits>,
    /// Where plugins answer.
    pub(crate) directory: Directory,
    /// Tells addresses that may be called from others.
    pub(crate) guard: Guard,
    /// Opens secrets for the host's own use, such as checking a signature; a plugin never sees one.
    pub(crate) secrets: Arc<MasterKeys>,
}
