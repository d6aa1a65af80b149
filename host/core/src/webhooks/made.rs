//! Endpoints that a plugin makes for its callers, beside those of its manifest.
//!
//! One belongs to a plugin and a tenant, has an address and kinds of its own, and takes schedule, time-out and headers from a
//! webhook of the manifest. It signs with a secret of its own, which is shown when it is made and when it is renewed, or with
//! the operator's. Everything here is for the plugin's own endpoints: those of another, or of the manifest, are not there.

use mooring_manifest::{Manifest, Webhook};
use mooring_store::Selection;

use super::dispatch::{all_of, new_endpoint};
use super::rows::{
    PLUGIN, PLUGIN_SUBJECTS, SUBJECT, endpoints, find_endpoint, plugin_value, save_endpoint, subject_value,
};
use super::secrets::{OVERLAP_DEFAULT, place_of_own};
use super::{
    Delivery, DeliveryFilter, DeliveryState, DisabledBy, Endpoint, Health, Made, Source, WebhookError,
    list_deliveries, redeliver,
};
use crate::check::{self, InvalidField, chars};
use crate::ids::{DeliveryId, EndpointId, PluginName, TenantId};
use crate::page::{Listing, Page};
use crate::seal::MasterKeys;
use crate::settings::{SettingError, is_plain_url};
use crate::work::Work;
use rand::Rng;

/// Endpoints of one plugin in one tenant that events about anything go to, and those for one subject: each event is
/// compared with all of them.
pub const MADE_MAX: u64 = 200;

/// Endpoints of one plugin in one tenant that have a subject. An event finds those of its own by an index, so there may be
/// one for every subscription of a shop.
pub const SUBJECTS_MAX: u64 = 100_000;

const KINDS_MAX: usize = 50;
const SECRET_BYTES: usize = 32;

/// What an endpoint is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEndpoint {
    /// The webhook of the manifest whose schedule, time-out and headers it has.
    pub webhook: String,
    /// Its address.
    pub url: String,
    /// Kinds of events that go there; see [`mooring_manifest::Webhook::kinds`].
    pub kinds: Vec<String>,
    /// Only events about this.
    pub subject: Option<String>,
    /// Whether it gets a secret of its own; otherwise it signs with that of the webhook's setting.
    pub own_secret: bool,
}

/// What changes; the rest stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointChanges {
    /// Its address.
    pub url: Option<String>,
    /// Kinds of events that go there.
    pub kinds: Option<Vec<String>>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
}

/// Makes an endpoint, and its secret where it has one of its own. Not safe to repeat.
pub fn make(
    work: &mut Work,
    manifest: &Manifest,
    keys: &MasterKeys,
    new: NewEndpoint,
) -> Result<(Endpoint, Option<String>), WebhookError> {
    let webhook = declared(manifest, &new.webhook)?;
    check_address(&new.url)?;
    check_kinds(&new.kinds)?;
    if let Some(subject) = &new.subject {
        check::text("subject", subject, chars(1, 200))?;
    }
    let (tenant, plugin) = (work.tenant().clone(), work.plugin().clone());
    let of_plugin = plugin_value(tenant.id, &plugin);
    if let Some(subject) = &new.subject {
        let of_subject = subject_value(tenant.id, &plugin, subject);
        check_count(work, SUBJECT, &of_subject, MADE_MAX)?;
        check_count(work, PLUGIN_SUBJECTS, &of_plugin, SUBJECTS_MAX)?;
    } else {
        check_count(work, PLUGIN, &of_plugin, MADE_MAX)?;
    }
    let source = Source::Plugin(Made {
        webhook: new.webhook,
        url: new.url,
        subject: new.subject,
        removed: false,
        secret: None,
    });
    let mut endpoint = new_endpoint(work, &tenant, &plugin, source, webhook.ordered)?;
    endpoint.kinds = new.kinds;
    let secret = if new.own_secret {
        Some(draw_secret(work, &mut endpoint, keys)?)
    } else {
        None
    };
    save_endpoint(work, None, &mut endpoint)?;
    work.deliveries_changed = true;
    Ok((endpoint, secret))
}

/// The plugin's endpoint with this id.
pub fn made(work: &mut Work, id: &EndpointId) -> Result<Endpoint, WebhookError> {
    let endpoint = find_endpoint(work, id)?;
    let own = endpoint.tenant == *work.tenant() && endpoint.plugin == *work.plugin();
    if own && endpoint.is_made() {
        Ok(endpoint)
    } else {
        Err(WebhookError::NoEndpoint)
    }
}

/// The plugin's endpoints that events about anything go to, in the order they were made.
pub fn own(work: &mut Work, page: Page) -> Result<Listing<Endpoint>, WebhookError> {
    check::page(page)?;
    let (tenant, plugin) = (work.tenant().id, work.plugin().clone());
    let mut all = all_of(work, tenant, &plugin)?;
    all.retain(|endpoint| matches!(&endpoint.source, Source::Plugin(made) if made.subject.is_none()));
    if page.order == crate::page::Order::NewestFirst {
        all.reverse();
    }
    let total = all.len() as u64;
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(offset).take(page.limit as usize);
    Ok(Listing {
        items: items.collect(),
        total,
    })
}

/// Changes an endpoint. Another address, and switching it on, are another chance: what was held is due. Repeating it is safe.
pub fn change(work: &mut Work, id: &EndpointId, changes: EndpointChanges) -> Result<Endpoint, WebhookError> {
    let before = made(work, id)?;
    let mut endpoint = before.clone();
    let disabled_by = before.disabled.map(|disabled| disabled.by);
    let by_operator = disabled_by == Some(DisabledBy::Operator);
    let is_off_on_purpose = by_operator || disabled_by == Some(DisabledBy::Plugin);
    if let Some(url) = changes.url {
        check_address(&url)?;
        if let Source::Plugin(made) = &mut endpoint.source
            && made.url != url
        {
            made.url = url;
            if !is_off_on_purpose {
                endpoint.recover();
            }
        }
    }
    if let Some(kinds) = changes.kinds {
        check_kinds(&kinds)?;
        endpoint.kinds = kinds;
    }
    match changes.enabled {
        // What the operator has switched off stays off.
        Some(true) if endpoint.health != Health::Healthy && !by_operator => endpoint.recover(),
        Some(false) if endpoint.health != Health::Disabled => {
            endpoint.disable(DisabledBy::Plugin, work.now());
        }
        _ => {}
    }
    save_endpoint(work, Some(&before), &mut endpoint)?;
    work.deliveries_changed = true;
    Ok(endpoint)
}

/// Takes an endpoint back: nothing goes there any more. Repeating it finds nothing.
pub fn remove(work: &mut Work, id: &EndpointId) -> Result<(), WebhookError> {
    let before = made(work, id)?;
    let mut endpoint = before.clone();
    if let Source::Plugin(made) = &mut endpoint.source {
        made.removed = true;
    }
    endpoint.disable(DisabledBy::Plugin, work.now());
    save_endpoint(work, Some(&before), &mut endpoint)?;
    work.deliveries_changed = true;
    Ok(())
}

/// Gives an endpoint a new secret; the one it replaces signs beside it for a day. Not safe to repeat.
pub fn renew_secret(work: &mut Work, id: &EndpointId, keys: &MasterKeys) -> Result<String, WebhookError> {
    let before = made(work, id)?;
    let mut endpoint = before.clone();
    let Source::Plugin(Made {
        secret: Some(sealed), ..
    }) = &before.source
    else {
        return Err(WebhookError::NoSecret(before.source.webhook().to_owned()));
    };
    let place = place_of_own(&endpoint);
    let replaced = keys.open(&place.each_ref().map(String::as_str), sealed);
    let replaced = replaced.map_err(SettingError::from)?;
    let now = work.now();
    endpoint.keep_secret(&replaced, now, now.after(OVERLAP_DEFAULT), keys)?;
    let secret = draw_secret(work, &mut endpoint, keys)?;
    save_endpoint(work, Some(&before), &mut endpoint)?;
    work.deliveries_changed = true;
    Ok(secret)
}

/// Deliveries of the plugin's events: to one of its endpoints, of the manifest or made, or to those that are there now, one
/// endpoint after the other.
pub fn deliveries_of(
    work: &mut Work,
    endpoint: Option<&EndpointId>,
    state: Option<DeliveryState>,
    page: Page,
) -> Result<Listing<Delivery>, WebhookError> {
    check::page(page)?;
    let (tenant, plugin) = (work.tenant().clone(), work.plugin().clone());
    let wanted = match endpoint {
        Some(id) => {
            let found = find_endpoint(work, id)?;
            if found.tenant != tenant || found.plugin != plugin {
                return Err(WebhookError::NoEndpoint);
            }
            vec![found]
        }
        None => every(work, tenant.id, &plugin)?,
    };
    let mut listing = Listing {
        items: Vec::new(),
        total: 0,
    };
    for endpoint in wanted {
        let filter = DeliveryFilter {
            endpoint: Some(endpoint.id),
            state,
            ..DeliveryFilter::default()
        };
        // Once the page is full the others are only counted.
        let left = page.limit.saturating_sub(listing.items.len() as u32);
        let part = Page {
            offset: page.offset.saturating_sub(listing.total),
            limit: left.max(1),
            ..page
        };
        let found = list_deliveries(work, &filter, part)?;
        listing.items.extend(found.items.into_iter().take(left as usize));
        listing.total += found.total;
    }
    Ok(listing)
}

/// The plugin's endpoints, those with a subject behind the others.
fn every(work: &mut Work, tenant: TenantId, plugin: &PluginName) -> Result<Vec<Endpoint>, WebhookError> {
    let mut every = all_of(work, tenant, plugin)?;
    let value = plugin_value(tenant, plugin);
    let selection = Selection::Listed {
        index: PLUGIN_SUBJECTS,
        value: &value,
    };
    let most = usize::try_from(SUBJECTS_MAX).expect("a small number");
    let order = mooring_store::Order::Ascending;
    let page = endpoints().page(&mut work.transaction, selection, 0, most, order)?;
    every.extend(page.items);
    Ok(every)
}

/// Sends one of the plugin's deliveries again; see [`redeliver`].
pub fn redeliver_own(work: &mut Work, id: &DeliveryId) -> Result<Delivery, WebhookError> {
    let delivery = super::get_delivery(work, id)?;
    if delivery.tenant != *work.tenant() || delivery.plugin != *work.plugin() {
        return Err(WebhookError::NoDelivery);
    }
    redeliver(work, id)
}

fn check_count(work: &mut Work, index: &str, value: &[u8], most: u64) -> Result<(), WebhookError> {
    let selection = Selection::Listed { index, value };
    if endpoints().count(&mut work.transaction, selection)? >= most {
        return Err(WebhookError::TooMany(most));
    }
    Ok(())
}

fn declared<'m>(manifest: &'m Manifest, name: &str) -> Result<&'m Webhook, WebhookError> {
    let mut webhooks = manifest.webhooks.iter();
    let found = webhooks.find(|webhook| webhook.name == name);
    found.ok_or_else(|| WebhookError::Undeclared(name.chars().take(100).collect()))
}

/// The same as of an address in a setting. Where it leads is judged when it is called.
fn check_address(url: &str) -> Result<(), InvalidField> {
    check::text("url", url, chars(1, 2000))?;
    if is_plain_url(url) {
        Ok(())
    } else {
        let reason = "must be an absolute http or https URL without user-info or fragment";
        Err(InvalidField::new("url", reason))
    }
}

fn check_kinds(kinds: &[String]) -> Result<(), InvalidField> {
    if kinds.len() > KINDS_MAX {
        let reason = format!("must have at most {KINDS_MAX} items");
        return Err(InvalidField::new("kinds", reason));
    }
    kinds
        .iter()
        .try_for_each(|kind| check::text("kinds", kind, chars(1, 100)))
}

/// `whsec_` and hexadecimal digits, from the work's own randomness: who runs again shows the same.
fn draw_secret(work: &mut Work, endpoint: &mut Endpoint, keys: &MasterKeys) -> Result<String, WebhookError> {
    let mut bytes = [0; SECRET_BYTES];
    work.rng.fill_bytes(&mut bytes);
    let secret = format!("whsec_{}", hex::encode(bytes));
    let place = place_of_own(endpoint);
    let sealed = keys.seal(&place.each_ref().map(String::as_str), &secret);
    let sealed = sealed.map_err(SettingError::from)?;
    if let Source::Plugin(made) = &mut endpoint.source {
        made.secret = Some(sealed);
    }
    Ok(secret)
}

#[cfg(test)]
mod tests;
