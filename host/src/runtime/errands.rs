//! Making a call to the world for a job or notification: from the name of a target to a guarded request with its credential.

use std::sync::Arc;

use mooring_core::draws::Draws;
use mooring_core::settings::{self, SettingError};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;
use mooring_core::work::Work;
use mooring_manifest::TargetAuth;

use super::Shared;
use super::plugin::Plugin;
use super::tokens::{Grant, Holder};
use crate::bindings::{Errand, NoReturn, Returned};
use crate::outbound::{Credential, OutboundError, OutboundRequest, OutboundResponse};

/// Where a target is, and what it wants to see.
struct Reached {
    base: reqwest::Url,
    auth: Auth,
}

enum Auth {
    /// This, or nothing.
    Fixed(Option<Credential>),
    /// A token that is fetched.
    Token(Box<Grant>),
}

impl Shared {
    pub(super) async fn errand(
        self: &Arc<Shared>,
        plugin: &Plugin,
        tenant: &TenantRef,
        errand: &Errand,
    ) -> Result<Returned, NoReturn> {
        let Reached { base, auth } = self.reach(plugin, tenant, &errand.target)?;
        let body = errand.body.clone().into();
        let request = OutboundRequest::below(&errand.method, &base, &errand.path, &errand.headers, body)
            .map_err(|refused| NoReturn::Refused(refused.to_string()))?;
        let response = match auth {
            Auth::Fixed(credential) => self.outbound.send(request, credential).await?,
            Auth::Token(grant) => {
                let holder = Holder {
                    tenant: tenant.id,
                    plugin: plugin.facts.name.clone(),
                    target: errand.target.clone(),
                };
                self.send_with_token(request, &holder, &grant).await?
            }
        };
        Ok(Returned {
            status: response.status,
            headers: response.headers,
            body: response.body.to_vec(),
        })
    }

    /// A token that is refused has ended early: one fresh one is tried, for a call that was refused has changed nothing.
    async fn send_with_token(
        &self,
        request: OutboundRequest,
        holder: &Holder,
        grant: &Grant,
    ) -> Result<OutboundResponse, NoReturn> {
        let token = self.tokens.token(&self.outbound, holder, grant, None).await?;
        let response = self
            .outbound
            .send(request.clone(), Some(token.credential.clone()))
            .await?;
        if response.status != 401 {
            return Ok(response);
        }
        let fresh = self
            .tokens
            .token(&self.outbound, holder, grant, Some(&token))
            .await?;
        Ok(self.outbound.send(request, Some(fresh.credential)).await?)
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
        let base: reqwest::Url = settings::get(&mut work, declared, &target.url_setting)?
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
            TargetAuth::OAuth2 {
                token_path,
                client_id_setting,
                secret_setting,
            } => {
                let grant = Grant {
                    base: base.clone(),
                    token_path: token_path.clone(),
                    client_secret: secret(secret_setting)?,
                    client_id: settings::get(&mut work, declared, client_id_setting)?
                        .ok_or_else(|| missing(client_id_setting))?,
                };
                let auth = Auth::Token(Box::new(grant));
                return Ok(Reached { base, auth });
            }
        };
        let credential = credential
            .transpose()
            .map_err(|refused| NoReturn::Refused(refused.to_string()))?;
        let auth = Auth::Fixed(credential);
        Ok(Reached { base, auth })
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
