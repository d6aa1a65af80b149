//! What a gateway sends: checked and read by its plugin, and applied to attempts and refunds.

use std::sync::Arc;

use mooring_core::tenants::TenantRef;

use super::Runtime;
use super::plugin::Plugin;

/// What arrived at a gateway's address for notifications.
#[derive(Clone, Debug)]
pub struct Notification {
    /// As received.
    pub body: bytes::Bytes,
    /// All of them, names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// Without the `?`.
    pub query: String,
}

/// Why a notification was not taken. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Not signed by the gateway, or too old.
    #[error("the notification is not trusted: {0}")]
    Untrusted(String),
    /// Not something that this gateway sends.
    #[error("the notification is malformed: {0}")]
    Malformed(String),
    /// It cannot be checked or applied now.
    #[error("the notification cannot be taken now: {0}")]
    Retry(String),
}

impl Runtime {
    /// Has a gateway read a notification for this tenant, and applies what is new. News of what this tenant does not know are
    /// ignored, so that the sender stops. Taking the same one again changes nothing.
    pub async fn notify(
        &self,
        gateway: &Arc<Plugin>,
        tenant: &TenantRef,
        notification: Notification,
    ) -> Result<(), NotifyError> {
        let _ = (gateway, tenant, notification);
        Err(NotifyError::Retry("this host runs no gateways yet".to_owned()))
    }
}
