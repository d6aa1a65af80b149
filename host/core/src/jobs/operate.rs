//! The operator's side: looking at jobs, and giving dead ones another chance.

use std::time::Duration;

use mooring_store::{KeySpace, Selection};

use super::rows::{STATE, TENANT, TENANT_STATE, dedupe_row, find, holder, jobs, save, tenant_state_value};
use super::run::{timed_rows, up_to};
use super::{Job, JobError, JobState};
use crate::check;
use crate::ids::{JobId, TenantId};
use crate::layout;
use crate::page::{Listing, Page};
use crate::work::HostWork;

/// How long jobs that are done or cancelled can still be looked at. Dead ones stay until they are retried.
pub const DONE_KEPT: Duration = Duration::from_hours(7 * 24);

/// Which jobs to list; what is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Those of one tenant.
    pub tenant: Option<TenantId>,
    /// Those in one state.
    pub state: Option<JobState>,
}

/// The job with this id.
pub fn get(work: &mut HostWork, id: &JobId) -> Result<Job, JobError> {
    find(work, id)
}

/// All jobs, or those that fit the filter.
pub fn list(work: &mut HostWork, filter: JobFilter, page: Page) -> Result<Listing<Job>, JobError> {
    check::page(page)?;
    let (index, value) = match (filter.tenant, filter.state) {
        (None, None) => ("", Vec::new()),
        (Some(tenant), None) => (TENANT, tenant.to_string().into_bytes()),
        (None, Some(state)) => (STATE, state.as_str().as_bytes().to_vec()),
        (Some(tenant), Some(state)) => (TENANT_STATE, tenant_state_value(tenant, state)),
    };
    let selection = if index.is_empty() {
        Selection::All
    } else {
        Selection::Listed { index, value: &value }
    };
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = jobs().page(&mut work.transaction, selection, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

/// Lets a dead job wait again, due at once, with all its tries.
pub fn retry(work: &mut HostWork, id: &JobId) -> Result<Job, JobError> {
    let before = find(work, id)?;
    if before.state != JobState::Dead {
        return Err(JobError::TooLate(before.state));
    }
    if let Some(dedupe_key) = &before.dedupe_key {
        let row = dedupe_row(before.tenant.id, &before.plugin, dedupe_key);
        if let Some(other) = holder(work, &row)? {
            return Err(JobError::DedupeKeyTaken(other));
        }
    }
    let mut job = before.clone();
    job.state = JobState::Waiting;
    job.attempt = 0;
    job.run_at = work.now();
    job.ended_at = None;
    save(work, Some(&before), &job)?;
    Ok(job)
}

/// Removes jobs that ended longer than [`DONE_KEPT`] ago, at most `limit`. Gives how many there were; as many as `limit`
/// means that there may be more.
pub fn purge(work: &mut HostWork, limit: usize) -> Result<usize, JobError> {
    let ended = timed_rows(
        work,
        up_to(layout::JOBS_ENDED, work.now().before(DONE_KEPT)),
        limit,
    )?;
    for row in &ended {
        let job = find(work, &row.id)?;
        for (key, _) in job.side_rows() {
            work.transaction.delete(key)?;
        }
        jobs().remove(&mut work.transaction, job.id.as_str().as_bytes())?;
    }
    Ok(ended.len())
}
