//! Making a job's call to the world: from the name of a target to a guarded request with its credential.

use std::sync::Arc;

use mooring_core::draws::Draws;
use mooring_core::settings::{self, SettingError};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;
use mooring_core::work::Work;
use mooring_manifest::TargetAuth;

use super::Shared;
use super::plugin::Plugin;
use crate::bindings::{Errand, NoReturn, Returned};
use crate::outbound::{Credential, OutboundError, OutboundRequest};

/// Where a target is, and what it wants to see.
struct Reached {
    base: reqwest::Url,
    credential: Option<Credential>,
}

impl Shared {
    pub(super) async fn errand(
        self: &Arc<Shared>,
        plugin: &Plugin,
        tenant: &TenantRef,
        errand: &Errand,
    ) -> Result<Returned, NoReturn> {
        let reached = self.reach(plugin, tenant, &errand.target)?;
        let body = errand.body.clone().into();
        let request =
            OutboundRequest::below(&errand.method, &reached.base, &errand.path, &errand.headers, body)
                .map_err(|refused| NoReturn::Refused(refused.to_string()))?;
        let response = self.outbound.send(request, reached.credential).await?;
        Ok(Returned {
            status: response.status,
            headers: response.headers,
            body: response.body.to_vec(),
        })
    }

    fn reach(&self, plugin: &Plugin, tenant: &TenantRef, target: &str) -> Result<Reached, NoReturn> {
        let manifest = &plugin.facts.manifest;
        let declared = &manifest.settings;
        let target = manifest.targets.iter().find(|declared| declared.name == target);
        let target = target.expect("the binding takes calls to declared targets only");
        // Nothing is drawn when settings are read.
        let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
        let mut work = Work::read(&self.store, &draws, tenant, &plugin.facts.name);
        let missing = |name: &str| NoReturn::NotConfigured(name.to_owned());
        let base = settings::get(&mut work, declared, &target.url_setting)?
            .ok_or_else(|| missing(&target.url_setting))?
            .parse()
            .map_err(|_| NoReturn::Refused(format!("the setting {} is no URL", target.url_setting)))?;
        let mut secret = |name: &str| {
            settings::reveal_secret(&mut work, declared, &self.office.secrets, name)?
                .ok_or_else(|| missing(name))
        };
        let credential = match &target.auth {
            TargetAuth::None => None,
            TargetAuth::Bearer { secret_setting } => Some(Credential::bearer(&secret(secret_setting)?)),
            TargetAuth::Header { name, secret_setting } => {
                Some(Credential::header(name, &secret(secret_setting)?))
            }
            // Refused at load.
            TargetAuth::OAuth2 { .. } => return Err(NoReturn::Refused("no token can be fetched".to_owned())),
        };
        let credential = credential
            .transpose()
            .map_err(|refused| NoReturn::Refused(refused.to_string()))?;
        Ok(Reached { base, credential })
    }
}

impl From<SettingError> for NoReturn {
    fn from(error: SettingError) -> NoReturn {
        tracing::error!(%error, "a setting of an outbound target cannot be read");
        NoReturn::Internal("the settings of the target cannot be read".to_owned())
    }
}

impl From<OutboundError> for NoReturn {
    fn from(error: OutboundError) -> NoReturn {
        match error {
            OutboundError::Refused(reason) => NoReturn::Refused(reason),
            OutboundError::Unreachable(reason) => NoReturn::Unreachable(reason),
            OutboundError::TimedOut => NoReturn::TimedOut,
            OutboundError::TooLarge => NoReturn::TooLarge,
        }
    }
}
