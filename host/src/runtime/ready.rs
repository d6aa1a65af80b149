//! Which gateways a payer can choose among.

use mooring_core::StoreError;
use mooring_core::draws::Draws;
use mooring_core::ids::PluginName;
use mooring_core::payments::{self, CaptureMode, Payment};
use mooring_core::settings::{self, SettingError};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;
use mooring_core::work::Work;
use mooring_manifest::{Gateway, GatewayMethod, Manifest};

use super::Runtime;

/// A gateway that a payment can be paid through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyGateway {
    /// The plugin's name.
    pub name: PluginName,
    /// Whether it moves no real money.
    pub test_mode: bool,
    /// Those of its methods that fit the payment; at least one.
    pub methods: Vec<GatewayMethod>,
}

impl Runtime {
    /// The gateways that a payment of the tenant can be paid through now, by name: loaded, enabled by the tenant's operator,
    /// with the settings of all their targets, and with a method that takes the payment's currency and is allowed by it.
    /// Some reads in memory, so it may be called from async code.
    pub fn ready_gateways(
        &self,
        tenant: &TenantRef,
        payment: &Payment,
    ) -> Result<Vec<ReadyGateway>, StoreError> {
        let mut ready = Vec::new();
        for installed in self.installed().iter() {
            let manifest = &installed.plugin.facts.manifest;
            let Some(gateway) = &manifest.gateway else {
                continue;
            };
            let methods = fitting(installed.name(), gateway, payment);
            if methods.is_empty() || !self.is_enabled(tenant, installed.name(), manifest, gateway)? {
                continue;
            }
            ready.push(ReadyGateway {
                name: installed.name().clone(),
                test_mode: gateway.test_mode,
                methods,
            });
        }
        Ok(ready)
    }

    fn is_enabled(
        &self,
        tenant: &TenantRef,
        name: &PluginName,
        manifest: &Manifest,
        gateway: &Gateway,
    ) -> Result<bool, StoreError> {
        // Nothing is drawn when settings are read.
        let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
        let mut work = Work::read(&self.shared.store, &draws, tenant, name);
        let enabled = settings::get(&mut work, &manifest.settings, &gateway.enabled_setting);
        if readable(enabled)?.flatten().as_deref() != Some("true") {
            return Ok(false);
        }
        for target in &manifest.targets {
            for name in std::iter::once(target.url_setting.as_str()).chain(target.auth.settings()) {
                let set = settings::is_set(&mut work, &manifest.settings, name);
                if readable(set)? != Some(true) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Undeclared settings were refused at load, so only the store can fail.
fn readable<T>(read: Result<T, SettingError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(SettingError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(%error, "a setting of a gateway cannot be read");
            Ok(None)
        }
    }
}

/// The methods that take this payment.
fn fitting(name: &PluginName, gateway: &Gateway, payment: &Payment) -> Vec<GatewayMethod> {
    if payment.capture == CaptureMode::Manual && !gateway.captures {
        return Vec::new();
    }
    let currency = payment.due.currency.code();
    let takes = |method: &&GatewayMethod| {
        let kind = if method.crypto {
            !payment.fiat_only
        } else {
            !payment.crypto_only
        };
        kind && (method.currencies.is_empty() || method.currencies.iter().any(|code| code == currency))
    };
    let offered: Vec<_> = gateway
        .methods
        .iter()
        .filter(takes)
        .map(|method| (name.clone(), method.name.clone()))
        .collect();
    let allowed = payments::choices_left(payment, &offered);
    let is_allowed = |method: &&GatewayMethod| allowed.iter().any(|(_, name)| *name == method.name);
    gateway.methods.iter().filter(is_allowed).cloned().collect()
}
