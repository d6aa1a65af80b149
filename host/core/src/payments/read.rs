//! Finding payments, attempts and refunds.

use mooring_store::{KeyRange, KeyReader, KeySpace, Selection, StoreError};

use super::rows::{self, GATEWAY_REF, PAYMENT, PLUGIN, TENANT};
use super::{Attempt, Payment, PaymentError, Refund, Status};
use crate::check;
use crate::ids::{AttemptId, PaymentId, PluginName, RefundId, TenantId, UserId};
use crate::layout;
use crate::page::{Listing, PAGE_LIMIT_MAX, Page};
use crate::tenants::{self, TenantError, TenantRef};
use crate::work::{HostWork, Work};

/// Attempts or refunds of one payment that are given. Attempts are fewer by their own limit; a payment that is sent back in
/// more parts than this is not looked at by people.
const OF_PAYMENT_MAX: usize = 10_000;

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
    rows::own_payment(work, id)
}

/// The plugin's payment with this reference.
pub fn find(work: &mut Work, reference: &str) -> Result<Payment, PaymentError> {
    let plugin = work.plugin().clone();
    match rows::link(work, &plugin, reference)? {
        Some(link) if link.tenant.id == work.tenant().id => get(work, &link.payment),
        _ => Err(PaymentError::NotFound),
    }
}

/// Payments of the plugin.
pub fn list(work: &mut Work, filter: &Filter, page: Page) -> Result<Listing<Payment>, PaymentError> {
    let value = rows::listed_value(Some(work.plugin()), filter.user, filter.status);
    let selection = Selection::Listed {
        index: PLUGIN,
        value: &value,
    };
    let tenant = work.tenant().id;
    page_of(work, tenant, selection, page)
}

/// All attempts of the plugin's payment, oldest first.
pub fn attempts(work: &mut Work, id: &PaymentId) -> Result<Vec<Attempt>, PaymentError> {
    get(work, id)?;
    let tenant = work.tenant().id;
    attempts_any(work, tenant, id)
}

/// All refunds of the plugin's payment, oldest first; those of a surplus are not the merchant's and are left out.
pub fn refunds(work: &mut Work, id: &PaymentId) -> Result<Vec<Refund>, PaymentError> {
    get(work, id)?;
    let tenant = work.tenant().id;
    let mut refunds = refunds_any(work, tenant, id)?;
    refunds.retain(|refund| !refund.surplus);
    Ok(refunds)
}

/// The tenant's payment with this id, whichever plugin made it.
pub fn get_any(work: &mut HostWork, tenant: TenantId, id: &PaymentId) -> Result<Payment, PaymentError> {
    rows::payment(work, tenant, id)
}

/// All payments of a tenant. For the operator.
pub fn list_any(
    work: &mut HostWork,
    tenant: TenantId,
    filter: &Filter,
    page: Page,
) -> Result<Listing<Payment>, PaymentError> {
    let value = rows::listed_value(None, filter.user, filter.status);
    let selection = if *filter == Filter::default() {
        Selection::All
    } else {
        Selection::Listed {
            index: TENANT,
            value: &value,
        }
    };
    page_of(work, tenant, selection, page)
}

/// All attempts of the tenant's payment, oldest first.
pub fn attempts_any(
    work: &mut HostWork,
    tenant: TenantId,
    id: &PaymentId,
) -> Result<Vec<Attempt>, PaymentError> {
    let found = rows::attempts(tenant).page(
        &mut work.transaction,
        of_payment(id),
        0,
        OF_PAYMENT_MAX,
        mooring_store::Order::Ascending,
    )?;
    Ok(found.items)
}

/// All refunds of the tenant's payment, those of a surplus included, oldest first.
pub fn refunds_any(
    work: &mut HostWork,
    tenant: TenantId,
    id: &PaymentId,
) -> Result<Vec<Refund>, PaymentError> {
    let found = rows::refunds(tenant).page(
        &mut work.transaction,
        of_payment(id),
        0,
        OF_PAYMENT_MAX,
        mooring_store::Order::Ascending,
    )?;
    Ok(found.items)
}

/// The tenant's attempt with this id.
pub fn attempt(work: &mut HostWork, tenant: TenantId, id: &AttemptId) -> Result<Attempt, PaymentError> {
    rows::attempt(work, tenant, id)
}

/// The tenant's newest attempt at this gateway with the gateway's own id.
pub fn attempt_by_gateway_ref(
    work: &mut HostWork,
    tenant: TenantId,
    gateway: &PluginName,
    gateway_ref: &str,
) -> Result<Attempt, PaymentError> {
    let value = rows::gateway_ref_value(gateway, gateway_ref);
    let newest = mooring_store::Order::Descending;
    let found = rows::attempts(tenant).page(&mut work.transaction, by_gateway_ref(&value), 0, 1, newest)?;
    found.items.into_iter().next().ok_or(PaymentError::NotFound)
}

/// The tenant's refund with this id, those of a surplus included.
pub fn refund_any(work: &mut HostWork, tenant: TenantId, id: &RefundId) -> Result<Refund, PaymentError> {
    rows::refund(work, tenant, id)
}

/// The tenant's newest refund at this gateway with the gateway's own id.
pub fn refund_by_gateway_ref(
    work: &mut HostWork,
    tenant: TenantId,
    gateway: &PluginName,
    gateway_ref: &str,
) -> Result<Refund, PaymentError> {
    let value = rows::gateway_ref_value(gateway, gateway_ref);
    let newest = mooring_store::Order::Descending;
    let found = rows::refunds(tenant).page(&mut work.transaction, by_gateway_ref(&value), 0, 1, newest)?;
    found.items.into_iter().next().ok_or(PaymentError::NotFound)
}

/// Whose payment a link leads to: the payer presents no credential but the link.
pub fn resolve(
    work: &mut HostWork,
    plugin: &PluginName,
    reference: &str,
) -> Result<Option<(TenantRef, PaymentId)>, StoreError> {
    let link = rows::link(work, plugin, reference)?;
    Ok(link.map(|link| (link.tenant, link.payment)))
}

/// The payment with this id or reference, whoever made it; of several with this reference, one. For the operator: it asks
/// every tenant and every plugin in turn.
pub fn find_anywhere(
    work: &mut HostWork,
    id_or_reference: &str,
) -> Result<Option<(TenantRef, Payment)>, PaymentError> {
    if let Ok(id) = PaymentId::parse(id_or_reference)
        && let Some(found) = find_in_tenants(work, &id)?
    {
        return Ok(Some(found));
    }
    for plugin in plugins_with_links(work)? {
        if let Some((tenant, id)) = resolve(work, &plugin, id_or_reference)? {
            let payment = get_any(work, tenant.id, &id)?;
            return Ok(Some((tenant, payment)));
        }
    }
    Ok(None)
}

fn find_in_tenants(
    work: &mut HostWork,
    id: &PaymentId,
) -> Result<Option<(TenantRef, Payment)>, PaymentError> {
    let mut page = Page::first(PAGE_LIMIT_MAX);
    loop {
        let found = match tenants::list(work, page) {
            Ok(found) => found,
            Err(TenantError::Store(error)) => return Err(error.into()),
            Err(other) => unreachable!("a page of the largest size is one: {other}"),
        };
        if found.items.is_empty() {
            return Ok(None);
        }
        page.offset += found.items.len() as u64;
        for tenant in found.items {
            match get_any(work, tenant.id, id) {
                Ok(payment) => return Ok(Some((tenant.to_ref(), payment))),
                Err(PaymentError::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
    }
}

/// The plugins that have ever made a payment: one step each, however many links they have.
fn plugins_with_links(work: &mut HostWork) -> Result<Vec<PluginName>, StoreError> {
    let mut plugins = Vec::new();
    let mut range = KeyRange::prefix([layout::PAYMENT_LINKS]);
    loop {
        let first = work
            .transaction
            .scan(range.clone(), mooring_store::Order::Ascending, 1)?;
        let Some((key, _)) = first.first() else {
            return Ok(plugins);
        };
        let mut reader = KeyReader::new(key);
        reader.byte();
        let plugin = reader.string().and_then(|name| String::from_utf8(name).ok());
        let plugin = plugin.and_then(|name| PluginName::parse(&name).ok());
        let plugin = plugin.ok_or_else(|| StoreError::Corrupt {
            key: key.clone(),
            reason: String::from("a link names no plugin"),
        })?;
        let theirs = mooring_store::KeyBuilder::new(layout::PAYMENT_LINKS)
            .string(plugin.as_str())
            .build();
        plugins.push(plugin);
        match KeyRange::prefix(theirs).end {
            Some(behind) => range.start = behind,
            None => return Ok(plugins),
        }
    }
}

fn page_of(
    work: &mut HostWork,
    tenant: TenantId,
    selection: Selection<'_>,
    page: Page,
) -> Result<Listing<Payment>, PaymentError> {
    check::page(page)?;
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = rows::payments(tenant).page(&mut work.transaction, selection, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

fn of_payment(id: &PaymentId) -> Selection<'_> {
    Selection::Listed {
        index: PAYMENT,
        value: id.as_str().as_bytes(),
    }
}

fn by_gateway_ref(value: &[u8]) -> Selection<'_> {
    Selection::Listed {
        index: GATEWAY_REF,
        value,
    }
}
