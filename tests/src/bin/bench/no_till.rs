//! What is measured natively has no hosted pages.

use mooring::checkout::{Bill, Choice, Filled, Link, Till, TillError};
use mooring_core::ids::{AttemptId, JobId};

/// Links lead nowhere.
pub(crate) struct NoTill;

impl Till<()> for NoTill {
    fn bill(&self, (): &(), _: &str) -> Result<Option<Bill>, TillError> {
        Ok(None)
    }

    async fn begin(&self, _: &Link, _: Choice) -> Result<(), TillError> {
        Err(TillError::Unavailable)
    }

    async fn submit(&self, _: &Link, _: &AttemptId, _: Filled) -> Result<(), TillError> {
        Err(TillError::Unavailable)
    }

    async fn look_up(&self, _: &Link, _: &AttemptId) -> Result<Option<JobId>, TillError> {
        Err(TillError::Unavailable)
    }

    async fn abandon(&self, _: &Link, _: &AttemptId) -> Result<(), TillError> {
        Err(TillError::Unavailable)
    }

    async fn cancel(&self, _: &Link) -> Result<(), TillError> {
        Err(TillError::Unavailable)
    }

    fn has_ended(&self, _: &JobId) -> Result<bool, TillError> {
        Err(TillError::Unavailable)
    }
}
