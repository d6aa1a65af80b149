//! How payments, attempts, refunds and links lie in the store.

use mooring_store::{Document, Documents, IndexEntries, Key, KeyBuilder, StoreError};
use serde::{Deserialize, Serialize};

use super::{Attempt, Payment, PaymentError, Refund, Status};
use crate::ids::{AttemptId, PaymentId, PluginName, RefundId, TenantId, UserId};
use crate::layout;
use crate::tenants::TenantRef;
use crate::work::{HostWork, Work};

/// Of the plugin's payments: all, and by what a filter names.
pub(super) const PLUGIN: &str = "plugin";
/// Of the tenant's payments: by what a filter names.
pub(super) const TENANT: &str = "tenant";
/// Attempts and refunds of a payment.
pub(super) const PAYMENT: &str = "payment";
/// Attempts and refunds by the gateway's own id.
pub(super) const GATEWAY_REF: &str = "gateway-ref";
/// Refunds by idempotency key.
pub(super) const KEY: &str = "key";

/// Where a link leads.
#[derive(Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) tenant: TenantRef,
    pub(super) payment: PaymentId,
}

pub(super) fn payments(tenant: TenantId) -> Documents<Payment> {
    Documents::new(layout::PAYMENTS, layout::tenant_scope(tenant))
}

pub(super) fn attempts(tenant: TenantId) -> Documents<Attempt> {
    Documents::new(layout::PAYMENT_ATTEMPTS, layout::tenant_scope(tenant))
}

pub(super) fn refunds(tenant: TenantId) -> Documents<Refund> {
    Documents::new(layout::PAYMENT_REFUNDS, layout::tenant_scope(tenant))
}

/// The next place in the order of a tenant's payments, attempts or refunds.
pub(super) fn next_ordinal(work: &Work, tag: u8) -> Result<u64, StoreError> {
    work.next_ordinal(&layout::tenant_key(tag, work.tenant().id).build())
}

/// A payment of the tenant, whichever plugin made it.
pub(super) fn payment(
    work: &mut HostWork,
    tenant: TenantId,
    id: &PaymentId,
) -> Result<Payment, PaymentError> {
    payments(tenant)
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(PaymentError::NotFound)
}

/// A payment of the work's plugin.
pub(super) fn own_payment(work: &mut Work, id: &PaymentId) -> Result<Payment, PaymentError> {
    let tenant = work.tenant().id;
    let payment = payment(work, tenant, id)?;
    if payment.plugin == *work.plugin() {
        Ok(payment)
    } else {
        Err(PaymentError::NotFound)
    }
}

pub(super) fn attempt(
    work: &mut HostWork,
    tenant: TenantId,
    id: &AttemptId,
) -> Result<Attempt, PaymentError> {
    attempts(tenant)
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(PaymentError::NotFound)
}

pub(super) fn refund(work: &mut HostWork, tenant: TenantId, id: &RefundId) -> Result<Refund, PaymentError> {
    refunds(tenant)
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(PaymentError::NotFound)
}

/// Writes a payment if it was changed, with the time of the change.
pub(super) fn save_payment(
    work: &mut Work,
    before: &Payment,
    payment: &mut Payment,
) -> Result<(), StoreError> {
    if payment == before {
        return Ok(());
    }
    payment.updated_at = work.now();
    payments(work.tenant().id)
        .replace(&mut work.transaction, payment)
        .map_err(layout::checked_before)
}

/// Writes an attempt if it was changed.
pub(super) fn save_attempt(work: &mut Work, before: &Attempt, attempt: &Attempt) -> Result<(), StoreError> {
    if attempt == before {
        return Ok(());
    }
    attempts(work.tenant().id)
        .replace(&mut work.transaction, attempt)
        .map_err(layout::checked_before)
}

/// Writes a refund if it was changed.
pub(super) fn save_refund(work: &mut Work, before: &Refund, refund: &Refund) -> Result<(), StoreError> {
    if refund == before {
        return Ok(());
    }
    refunds(work.tenant().id)
        .replace(&mut work.transaction, refund)
        .map_err(layout::checked_before)
}

/// The row of a link. Behind its tag, so that the links of a plugin are neighbours.
pub(super) fn link_key(plugin: &PluginName, reference: &str) -> Key {
    KeyBuilder::new(layout::PAYMENT_LINKS)
        .string(plugin.as_str())
        .string(reference)
        .build()
}

pub(super) fn link(
    work: &mut HostWork,
    plugin: &PluginName,
    reference: &str,
) -> Result<Option<Link>, StoreError> {
    layout::get_json(&mut work.transaction, &link_key(plugin, reference))
}

/// The value of a list of payments: those of a plugin, or of any, that fit.
pub(super) fn listed_value(
    plugin: Option<&PluginName>,
    user: Option<UserId>,
    status: Option<Status>,
) -> Vec<u8> {
    let mut key = KeyBuilder::nested();
    if let Some(plugin) = plugin {
        key = key.string(plugin.as_str());
    }
    // Neither is ever empty, so that an absent one cannot be mistaken.
    key = key.string(user.map(|user| user.to_string()).unwrap_or_default());
    key.string(status.map(Status::as_str).unwrap_or_default()).build()
}

pub(super) fn gateway_ref_value(gateway: &PluginName, gateway_ref: &str) -> Vec<u8> {
    KeyBuilder::nested()
        .string(gateway.as_str())
        .string(gateway_ref)
        .build()
}

pub(super) fn refund_key_value(payment: &PaymentId, key: &str) -> Vec<u8> {
    KeyBuilder::nested().string(payment.as_str()).string(key).build()
}

impl Document for Payment {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        let (plugin, status) = (Some(&self.plugin), Some(self.status));
        let mut listed = Vec::with_capacity(7);
        for user in [None, self.user] {
            for status in [None, status] {
                listed.push((PLUGIN.to_owned(), listed_value(plugin, user, status)));
                // All of a tenant's are the collection itself.
                if (user, status) != (None, None) {
                    listed.push((TENANT.to_owned(), listed_value(None, user, status)));
                }
            }
            if self.user.is_none() {
                break;
            }
        }
        IndexEntries {
            unique: Vec::new(),
            listed,
        }
    }
}

impl Document for Attempt {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        let mut listed = vec![(PAYMENT.to_owned(), self.payment.as_str().as_bytes().to_vec())];
        if let Some(gateway_ref) = &self.gateway_ref {
            let value = gateway_ref_value(&self.gateway, gateway_ref);
            listed.push((GATEWAY_REF.to_owned(), value));
        }
        IndexEntries {
            unique: Vec::new(),
            listed,
        }
    }
}

impl Document for Refund {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        let mut listed = vec![(PAYMENT.to_owned(), self.payment.as_str().as_bytes().to_vec())];
        if let Some(gateway_ref) = &self.gateway_ref {
            let value = gateway_ref_value(&self.gateway, gateway_ref);
            listed.push((GATEWAY_REF.to_owned(), value));
        }
        let key = self.idempotency_key.iter();
        IndexEntries {
            unique: key
                .map(|key| (KEY.to_owned(), refund_key_value(&self.payment, key)))
                .collect(),
            listed,
        }
    }
}
