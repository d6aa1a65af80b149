//! A job's row, and what lies beside it.

use mooring_store::{Document, Documents, IndexEntries, Key, KeyBuilder, KeySpace, StoreError};
use serde::{Deserialize, Serialize};

use super::{Job, JobError, JobState};
use crate::ids::{JobId, PluginName, TenantId};
use crate::layout;
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::work::HostWork;

pub(super) const STATE: &str = "state";
pub(super) const TENANT: &str = "tenant";
pub(super) const TENANT_STATE: &str = "tenant-state";

/// Whose a job is; what a row beside it says.
#[derive(Serialize, Deserialize)]
pub(super) struct Owner {
    pub(super) tenant: TenantRef,
    pub(super) plugin: PluginName,
}

/// Writes a job and what lies beside it. The only place that does.
pub(super) fn save(work: &mut HostWork, before: Option<&Job>, job: &Job) -> Result<(), JobError> {
    let after_rows = job.side_rows();
    for (key, _) in before.map(Job::side_rows).unwrap_or_default() {
        if !after_rows.iter().any(|(kept, _)| *kept == key) {
            work.transaction.delete(key)?;
        }
    }
    for (key, value) in after_rows {
        work.transaction.put(key, value)?;
    }
    let saved = match before {
        Some(_) => jobs().replace(&mut work.transaction, job),
        None => jobs().insert(&mut work.transaction, job),
    };
    saved.map_err(layout::checked_before)?;
    if job.state == JobState::Waiting {
        work.next_job_at = Some(work.next_job_at.map_or(job.run_at, |at| at.min(job.run_at)));
    }
    Ok(())
}

pub(super) fn find(work: &mut HostWork, id: &JobId) -> Result<Job, JobError> {
    jobs()
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(JobError::NotFound)
}

/// The job that holds a dedupe key.
pub(super) fn holder(work: &mut HostWork, dedupe_row: &[u8]) -> Result<Option<JobId>, StoreError> {
    let Some(value) = work.transaction.get(dedupe_row)? else {
        return Ok(None);
    };
    job_id(dedupe_row, &value).map(Some)
}

pub(super) fn job_id(key: &[u8], text: &[u8]) -> Result<JobId, StoreError> {
    let id = std::str::from_utf8(text)
        .ok()
        .and_then(|text| JobId::parse(text).ok());
    id.ok_or_else(|| StoreError::Corrupt {
        key: key.to_vec(),
        reason: String::from("not the id of a job"),
    })
}

pub(super) fn jobs() -> Documents<Job> {
    Documents::new(layout::JOBS, Vec::new())
}

pub(super) fn dedupe_row(tenant: TenantId, plugin: &PluginName, dedupe_key: &str) -> Key {
    layout::tenant_key(layout::JOB_DEDUPE, tenant)
        .string(plugin.as_str())
        .string(dedupe_key)
        .build()
}

pub(super) fn tenant_state_value(tenant: TenantId, state: JobState) -> Vec<u8> {
    format!("{tenant} {}", state.as_str()).into_bytes()
}

impl Document for Job {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        IndexEntries {
            unique: Vec::new(),
            listed: vec![
                (STATE.to_owned(), self.state.as_str().as_bytes().to_vec()),
                (TENANT.to_owned(), self.tenant.id.to_string().into_bytes()),
                (
                    TENANT_STATE.to_owned(),
                    tenant_state_value(self.tenant.id, self.state),
                ),
            ],
        }
    }
}

impl Job {
    /// The rows beside this one.
    pub(super) fn side_rows(&self) -> Vec<(Key, Vec<u8>)> {
        let owner = Owner {
            tenant: self.tenant.clone(),
            plugin: self.plugin.clone(),
        };
        let owner = serde_json::to_vec(&owner).expect("a plain struct has a JSON form");
        let timed = |tag, at: Timestamp| {
            KeyBuilder::new(tag)
                .number(at.millis())
                .string(self.id.as_str())
                .build()
        };
        let mut rows = Vec::new();
        match (self.state, self.lease_until, self.ended_at) {
            (JobState::Waiting, ..) => rows.push((timed(layout::JOBS_DUE, self.run_at), owner)),
            (JobState::Running, Some(until), _) => {
                rows.push((timed(layout::JOBS_LEASED, until), owner));
            }
            (JobState::Done | JobState::Cancelled, _, Some(at)) => {
                rows.push((timed(layout::JOBS_ENDED, at), owner));
            }
            _ => {}
        }
        if let Some(dedupe_key) = &self.dedupe_key
            && matches!(self.state, JobState::Waiting | JobState::Running)
        {
            let key = dedupe_row(self.tenant.id, &self.plugin, dedupe_key);
            rows.push((key, self.id.as_str().as_bytes().to_vec()));
        }
        rows
    }
}
