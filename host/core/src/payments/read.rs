//! Finding payments, attempts and refunds.

use mooring_store::StoreError;

use super::{Attempt, Payment, PaymentError, Refund, Status};
use crate::ids::{AttemptId, PaymentId, PluginName, RefundId, TenantId, UserId};
use crate::page::{Listing, Page};
use crate::tenants::TenantRef;
use crate::work::{HostWork, Work};

/// Which payments; what is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this user.
    pub user: Option<UserId>,
    /// In this status.
    pub status: Option<Status>,
}

/// The plugin's payment with this id.
pub fn get(work: &mut Work, id: &PaymentId) -> Result<Payment, PaymentError> {
    todo!("{work:?} {id}")
}

/// The plugin's payment with this reference.
pub fn find(work: &mut Work, reference: &str) -> Result<Payment, PaymentError> {
    todo!("{work:?} {reference}")
}

/// Payments of the plugin.
pub fn list(work: &mut Work, filter: &Filter, page: Page) -> Result<Listing<Payment>, PaymentError> {
    todo!("{work:?} {filter:?} {page:?}")
}

/// All attempts of the plugin's payment, oldest first.
pub fn attempts(work: &mut Work, id: &PaymentId) -> Result<Vec<Attempt>, PaymentError> {
    todo!("{work:?} {id}")
}

/// All refunds of the plugin's payment, oldest first; those of a surplus are not the merchant's and are left out.
pub fn refunds(work: &mut Work, id: &PaymentId) -> Result<Vec<Refund>, PaymentError> {
    todo!("{work:?} {id}")
}

/// The tenant's payment with this id, whichever plugin made it.
pub fn get_any(work: &mut HostWork, tenant: TenantId, id: &PaymentId) -> Result<Payment, PaymentError> {
    todo!("{work:?} {tenant} {id}")
}

/// All payments of a tenant. For the operator.
pub fn list_any(
    work: &mut HostWork,
    tenant: TenantId,
    filter: &Filter,
    page: Page,
) -> Result<Listing<Payment>, PaymentError> {
    todo!("{work:?} {tenant} {filter:?} {page:?}")
}

/// The tenant's attempt with this id.
pub fn attempt(work: &mut HostWork, tenant: TenantId, id: &AttemptId) -> Result<Attempt, PaymentError> {
    todo!("{work:?} {tenant} {id}")
}

/// The tenant's newest attempt at this gateway with the gateway's own id.
pub fn attempt_by_gateway_ref(
    work: &mut HostWork,
    tenant: TenantId,
    gateway: &PluginName,
    gateway_ref: &str,
) -> Result<Attempt, PaymentError> {
    todo!("{work:?} {tenant} {gateway} {gateway_ref}")
}

/// The tenant's refund with this id, those of a surplus included.
pub fn refund_any(work: &mut HostWork, tenant: TenantId, id: &RefundId) -> Result<Refund, PaymentError> {
    todo!("{work:?} {tenant} {id}")
}

/// The tenant's newest refund at this gateway with the gateway's own id.
pub fn refund_by_gateway_ref(
    work: &mut HostWork,
    tenant: TenantId,
    gateway: &PluginName,
    gateway_ref: &str,
) -> Result<Refund, PaymentError> {
    todo!("{work:?} {tenant} {gateway} {gateway_ref}")
}

/// Whose payment a link leads to: the payer presents no credential but the link.
pub fn resolve(
    work: &mut HostWork,
    plugin: &PluginName,
    reference: &str,
) -> Result<Option<(TenantRef, PaymentId)>, StoreError> {
    todo!("{work:?} {plugin} {reference}")
}
