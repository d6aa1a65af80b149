//! Who changed what.

use std::collections::HashMap;

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::audit::{self, NewEntry};
use mooring_core::ids::TenantId;
use mooring_core::tenants::{self, TenantRef};
use mooring_core::work::HostWork;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::ACTOR;
use super::extract::{Listing, Paging};
use super::problem::Problem;
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Time};

/// One line of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct Entry {
    /// Its place; lines rise in it, with gaps.
    number: u64,
    at: Time,
    /// An operator, `system`, or a key's id.
    who: String,
    /// What was done, such as `key.revoke`.
    action: String,
    /// To what: an id or a name.
    subject: String,
    /// In whose data; null for what concerns the whole host.
    tenant: Option<String>,
    /// Never a secret.
    #[schema(value_type = Object)]
    details: Value,
}

/// Which lines to give.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Those about the data of this tenant.
    tenant: Option<String>,
}

/// The audit log
#[utoipa::path(
    get, path = "/audit", tag = "audit", operation_id = "audit-list", params(Paging, Filter),
    responses((status = 200, description = "A part of it", body = Listed<Entry>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    listing: Listing<Filter>,
) -> Result<Answer<Listed<Entry>>, Problem> {
    let page = listing.page();
    let tenant = listing.filter.tenant;
    let found = admin.read(move |work| {
        let tenant = tenant.map(|tenant| find_tenant(work, &tenant)).transpose()?;
        let found = audit::list(work, tenant.map(|tenant| tenant.id), page)?;
        let mut names = HashMap::new();
        let mut items = Vec::with_capacity(found.items.len());
        for entry in found.items {
            let tenant = entry
                .tenant
                .map(|tenant| name_of(work, &mut names, tenant))
                .transpose()?;
            items.push(Entry {
                number: entry.number,
                at: entry.at.into(),
                who: entry.who,
                action: entry.action,
                subject: entry.subject,
                tenant,
                details: entry.details.value(),
            });
        }
        Ok(Listed {
            items,
            total: found.total,
        })
    });
    Ok(Answer(found.await?))
}

fn name_of(
    work: &mut HostWork,
    names: &mut HashMap<TenantId, String>,
    tenant: TenantId,
) -> Result<String, Problem> {
    if let Some(name) = names.get(&tenant) {
        return Ok(name.clone());
    }
    let name = tenants::get(work, tenant)?.name.to_string();
    names.insert(tenant, name.clone());
    Ok(name)
}

/// Writes the line of a change, in the change's own transaction.
pub(super) fn note(
    work: &mut HostWork,
    action: &str,
    tenant: Option<&TenantRef>,
    subject: &str,
    details: Value,
) -> Result<(), Problem> {
    let entry = NewEntry {
        who: ACTOR.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        tenant: tenant.map(|tenant| tenant.id),
        details: details.into(),
    };
    audit::append(work, entry)?;
    Ok(())
}
