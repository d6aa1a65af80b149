//! What signatures are made with: the secret of the endpoint's setting, and for a while those that it replaced.

use std::fmt;
use std::time::Duration;

use mooring_manifest::Manifest;

use super::rows::{endpoint_of, find_endpoint, save_endpoint};
use super::{Endpoint, Made, PreviousSecret, Source, WebhookError};
use crate::check::InvalidField;
use crate::ids::EndpointId;
use crate::seal::MasterKeys;
use crate::settings;
use crate::time::Timestamp;
use crate::work::{HostWork, Work};

/// How long a secret that was replaced still signs, unless the operator says otherwise.
pub const OVERLAP_DEFAULT: Duration = Duration::from_hours(24);

/// The longest.
pub const OVERLAP_MAX: Duration = Duration::from_hours(7 * 24);

/// Replaced secrets that can sign at the same time; the oldest one goes first.
const PREVIOUS_MAX: usize = 4;

/// Secrets of an endpoint in the clear.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The one in the setting; absent where there is none.
    pub newest: Option<String>,
    /// Those that still sign beside it, newest first.
    pub previous: Vec<String>,
}

/// What rotating did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Until when the replaced secret signs too; absent where there was none, or no overlap was asked for.
    pub previous_until: Option<Timestamp>,
}

/// What to sign with now. For the deliverer only.
pub fn secrets(
    work: &mut HostWork,
    endpoint: &Endpoint,
    manifest: &Manifest,
    keys: &MasterKeys,
) -> Result<Secrets, WebhookError> {
    let webhook = endpoint.webhook(manifest).ok_or_else(|| endpoint.undeclared())?;
    let newest = match (&endpoint.source, &webhook.secret_setting) {
        (
            Source::Plugin(Made {
                secret: Some(secret), ..
            }),
            _,
        ) => {
            let place = place_of_own(endpoint);
            let opened = keys.open(&place.each_ref().map(String::as_str), secret);
            Some(opened.map_err(settings::SettingError::from)?)
        }
        (_, Some(setting)) => settings::secret_of(
            work,
            &endpoint.tenant,
            &endpoint.plugin,
            &manifest.settings,
            keys,
            setting,
        )?,
        (_, None) => return Ok(Secrets::default()),
    };
    let now = work.now();
    let signing = signing(work, endpoint)?;
    let place = place(&signing);
    let mut previous = Vec::new();
    for secret in signing
        .previous_secrets
        .iter()
        .filter(|secret| secret.until > now)
    {
        let opened = keys.open(&place.each_ref().map(String::as_str), &secret.sealed);
        previous.push(opened.map_err(settings::SettingError::from)?);
    }
    Ok(Secrets { newest, previous })
}

/// Puts a new secret in the place of the one there is, which goes on signing beside it for `overlap`. Not safe to repeat:
/// every call is a rotation.
pub fn rotate(
    work: &mut Work,
    id: &EndpointId,
    manifest: &Manifest,
    keys: &MasterKeys,
    new_secret: &str,
    overlap: Duration,
) -> Result<Rotated, WebhookError> {
    if overlap > OVERLAP_MAX {
        return Err(InvalidField::new("overlap", "must be at most 7 days").into());
    }
    let before = find_endpoint(work, id)?;
    if matches!(before.source, Source::Plugin(_)) {
        // It has one that only the plugin's caller knows, and renews.
        return Err(WebhookError::NoSecret(before.source.webhook().to_owned()));
    }
    let webhook = before.webhook(manifest).ok_or_else(|| before.undeclared())?;
    let Some(setting) = &webhook.secret_setting else {
        return Err(WebhookError::NoSecret(webhook.name.clone()));
    };
    let replaced = settings::reveal_secret(work, &manifest.settings, keys, setting)?;
    settings::set(work, &manifest.settings, keys, setting, new_secret)?;
    let now = work.now();
    let mut endpoint = before.clone();
    let until = now.after(overlap);
    let previous_until = (replaced.is_some() && !overlap.is_zero()).then_some(until);
    if let (Some(replaced), Some(until)) = (replaced, previous_until) {
        endpoint.keep_secret(&replaced, now, until, keys)?;
    }
    save_endpoint(work, Some(&before), &mut endpoint)?;
    work.deliveries_changed = true;
    Ok(Rotated { previous_until })
}

/// The endpoint whose secrets sign: one that a plugin made without a secret of its own signs with those of its webhook.
fn signing(work: &mut HostWork, endpoint: &Endpoint) -> Result<Endpoint, WebhookError> {
    let shared = match &endpoint.source {
        Source::Plugin(Made {
            secret: None,
            webhook,
            ..
        }) => endpoint_of(work, endpoint.tenant.id, &endpoint.plugin, webhook)?,
        _ => None,
    };
    Ok(shared.unwrap_or_else(|| endpoint.clone()))
}

impl Endpoint {
    fn undeclared(&self) -> WebhookError {
        WebhookError::Undeclared(self.source.webhook().to_owned())
    }

    /// Lets a secret that is replaced sign until then.
    pub(super) fn keep_secret(
        &mut self,
        replaced: &str,
        now: Timestamp,
        until: Timestamp,
        keys: &MasterKeys,
    ) -> Result<(), WebhookError> {
        self.previous_secrets.retain(|secret| secret.until > now);
        let place = place(self);
        let sealed = keys.seal(&place.each_ref().map(String::as_str), replaced);
        let sealed = sealed.map_err(settings::SettingError::from)?;
        self.previous_secrets.insert(0, PreviousSecret { sealed, until });
        self.previous_secrets.truncate(PREVIOUS_MAX);
        Ok(())
    }
}

/// What the envelope of the secret of an endpoint that a plugin asked for is bound to.
pub(super) fn place_of_own(endpoint: &Endpoint) -> [String; 4] {
    [
        endpoint.tenant.id.to_string(),
        endpoint.plugin.to_string(),
        String::from("webhook secret"),
        endpoint.id.to_string(),
    ]
}

/// What the envelope of a replaced secret is bound to.
fn place(endpoint: &Endpoint) -> [String; 4] {
    [
        endpoint.tenant.id.to_string(),
        endpoint.plugin.to_string(),
        String::from("replaced webhook secret"),
        endpoint.id.to_string(),
    ]
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("newest", &self.newest.is_some())
            .field("previous", &self.previous.len())
            .finish()
    }
}
