//! What the edge asks: where plugins answer, who calls, and what the answer is.

use std::sync::Arc;

use mooring_core::draws::Draws;
use mooring_core::ids::TenantName;
use mooring_core::keys::{self, Principal};
use mooring_core::settings;
use mooring_core::tenants::{self, TenantError, TenantRef};
use mooring_core::time::Timestamp;
use mooring_core::work::HostWork;
use mooring_core::{Store, StoreError};

use super::Live;
use crate::exchange::{Cause, CredentialFailure, Exchange, Notification, NotifyError, Reply};
use crate::http::{Caller, Gate, Mount, MountTable};
use crate::runtime::Plugin;

/// The setting by which an operator replaces a surface's rate limits.
const RATE_LIMIT_SETTING: &str = "rate_limit_per_minute";

impl Gate for Live {
    type Plugin = Arc<Plugin>;
    type Till = Live;

    fn till(&self) -> &Live {
        self
    }

    fn mounts(&self) -> Arc<MountTable<Arc<Plugin>>> {
        self.mounts.load_full()
    }

    async fn verify(&self, mount: &Mount<Arc<Plugin>>, presented: &str) -> Result<Caller, Cause> {
        // Two or three reads in memory take some microseconds: less than handing them to another thread.
        let verified = verify(&self.store, &mount.plugin, presented).map_err(|error| {
            tracing::error!(%error, "a key could not be looked up");
            Cause::HostFailed
        })??;
        // Where requests are signed, the key alone is no secret, and not used before its signature is checked.
        if !keys::Surface::of(mount.surface.manifest()).signed {
            self.key_uses.note(verified.principal.key());
        }
        Ok(verified)
    }

    fn check_signature(&self, principal: &Principal, message: &[u8], code: &[u8]) -> Result<(), Cause> {
        // A read in memory, and less computing than handing it to another thread would cost.
        let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
        let mut work = HostWork::read(&self.store, &draws);
        match keys::is_signed_by(&mut work, &self.secrets, principal.key(), message, code) {
            Ok(true) => {
                self.key_uses.note(principal.key());
                Ok(())
            }
            Ok(false) => Err(Cause::Unauthenticated(CredentialFailure::BadSignature)),
            Err(error) => {
                tracing::error!(%error, key = %principal.key(), "a signing secret could not be opened");
                Err(Cause::HostFailed)
            }
        }
    }

    async fn call(&self, mount: &Mount<Arc<Plugin>>, exchange: Exchange) -> Reply {
        self.runtime.call(&mount.plugin, exchange).await
    }

    async fn notify(
        &self,
        mount: &Mount<Arc<Plugin>>,
        tenant: &str,
        notification: Notification,
    ) -> Result<(), NotifyError> {
        // One read in memory.
        let tenant = find_tenant(&self.store, tenant)?;
        self.runtime.notify(&mount.plugin, &tenant, notification).await
    }

    fn ready(&self) -> Result<(), String> {
        match self.store.health().stopped {
            None => Ok(()),
            // The reason is for the log and the operator.
            Some(_) => Err("the store takes no writes".to_owned()),
        }
    }
}

fn find_tenant(store: &Store, name: &str) -> Result<TenantRef, NotifyError> {
    let name = TenantName::parse(name).map_err(|_| NotifyError::UnknownTenant)?;
    // Nothing is drawn when a tenant is looked up.
    let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
    match tenants::find(&mut HostWork::read(store, &draws), &name) {
        Ok(tenant) => Ok(tenant.to_ref()),
        Err(TenantError::NotFound) => Err(NotifyError::UnknownTenant),
        Err(error) => {
            tracing::error!(%error, "a tenant could not be looked up");
            Err(NotifyError::Retry("The host failed.".to_owned()))
        }
    }
}

fn verify(store: &Store, plugin: &Plugin, presented: &str) -> Result<Result<Caller, Cause>, StoreError> {
    let facts = plugin.facts();
    // Nothing is drawn when a key is looked up, so any seed will do.
    let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
    let mut work = HostWork::read(store, &draws);
    let principal = match keys::verify(&mut work, &facts.name, presented)? {
        Ok(principal) => principal,
        Err(failure) => return Ok(Err(Cause::Unauthenticated(failure))),
    };
    let rate_limit_per_minute = rate_limit(work, plugin, &principal)?;
    Ok(Ok(Caller {
        principal,
        rate_limit_per_minute,
    }))
}

/// The operator's limit for this tenant, if the surface has such a setting.
fn rate_limit(work: HostWork, plugin: &Plugin, principal: &Principal) -> Result<Option<u32>, StoreError> {
    let facts = plugin.facts();
    let declared = &facts.manifest.settings;
    if !declared.iter().any(|setting| setting.name == RATE_LIMIT_SETTING) {
        return Ok(None);
    }
    let mut work = work.within(principal.tenant().clone(), facts.name.clone());
    match settings::get(&mut work, declared, RATE_LIMIT_SETTING) {
        // Below zero means the same as zero; above what fits means no limit that anybody could reach.
        Ok(value) => Ok(value
            .and_then(|value| value.parse::<i64>().ok())
            .map(|limit| limit.clamp(0, u32::MAX.into()) as u32)),
        Err(settings::SettingError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(%error, plugin = %facts.name, "the setting {RATE_LIMIT_SETTING} cannot be read");
            Ok(None)
        }
    }
}
