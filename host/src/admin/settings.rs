//! What a plugin is told for one tenant. Secrets go in and never come out.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::ids::PluginName;
use mooring_core::settings::{self, SettingError, SettingView};
use mooring_core::webhooks;
use mooring_core::work::Work;
use mooring_manifest::{Manifest, SettingKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::problem::{Code, Problem};
use super::state::Admin;
use super::wire::{Listed, Time};
use super::{audit, plugins};

/// A setting that the plugin's manifest declares.
#[derive(Serialize, ToSchema)]
pub(super) struct Setting {
    name: String,
    kind: Kind,
    /// For people.
    summary: String,
    /// What is in force; null for a secret.
    value: Option<String>,
    /// In force where nothing is set.
    default: Option<String>,
    /// Whether the operator has set it.
    is_set: bool,
    set_at: Option<Time>,
}

/// What values a setting takes.
#[derive(Serialize, ToSchema)]
#[serde(rename = "SettingKind", rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Any text up to 4,000 characters.
    Text,
    /// A 64-bit signed integer.
    Integer,
    /// A decimal number, exact.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// An absolute `http` or `https` URL without user-info or fragment.
    Url,
    /// Encrypted at rest, never shown again.
    Secret,
}

impl From<SettingKind> for Kind {
    fn from(kind: SettingKind) -> Kind {
        match kind {
            SettingKind::Text => Kind::Text,
            SettingKind::Integer => Kind::Integer,
            SettingKind::Decimal => Kind::Decimal,
            SettingKind::Boolean => Kind::Boolean,
            SettingKind::Url => Kind::Url,
            SettingKind::Secret => Kind::Secret,
        }
    }
}

/// What to change. All of it happens, or nothing.
#[derive(Deserialize, ToSchema)]
#[serde(rename = "SettingChanges", deny_unknown_fields)]
pub(super) struct Changes {
    /// By name, as text whatever the kind; null goes back to the default.
    values: BTreeMap<String, Option<String>>,
}

/// Settings of a plugin for a tenant
#[utoipa::path(
    get, path = "/tenants/{tenant}/plugins/{plugin}/settings", tag = "settings", operation_id = "setting-list",
    params(("tenant" = String, Path), ("plugin" = String, Path)),
    responses((status = 200, description = "All that the manifest declares", body = Listed<Setting>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    Path((tenant, plugin)): Path<(String, String)>,
) -> Result<Answer<Listed<Setting>>, Problem> {
    let (name, manifest) = find_plugin(&admin, &plugin)?;
    let found = admin.read_plugin(tenant, name, move |work| list_all(work, &manifest));
    Ok(Answer(found.await?))
}

/// Set and unset
#[utoipa::path(
    patch, path = "/tenants/{tenant}/plugins/{plugin}/settings", tag = "settings", operation_id = "setting-update",
    params(("tenant" = String, Path), ("plugin" = String, Path)), request_body = Changes,
    responses((status = 200, description = "All of them, as they are now", body = Listed<Setting>))
)]
pub(super) async fn update(
    admin: State<Admin>,
    Path((tenant, plugin)): Path<(String, String)>,
    Json(changes): Json<Changes>,
) -> Result<Answer<Listed<Setting>>, Problem> {
    let (name, manifest) = find_plugin(&admin, &plugin)?;
    check_addresses(&admin, &manifest, &changes).await?;
    let keys = Arc::clone(&admin.master_keys);
    let changed = admin.write_tenant(tenant, Some(name), move |work| {
        for (name, value) in &changes.values {
            let change = match value {
                Some(value) => settings::set(work, &manifest.settings, &keys, name, value),
                None => settings::unset(work, &manifest.settings, name),
            };
            change.map_err(|error| explain(error, &manifest))?;
        }
        // Names only: a value may be a secret, or become one in the plugin's next version.
        let (set, unset): (Vec<_>, Vec<_>) = changes.values.iter().partition(|(_, value)| value.is_some());
        let names = |changes: Vec<(&String, _)>| {
            changes
                .into_iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        let (tenant, plugin) = (work.tenant().clone(), work.plugin().clone());
        let subject = plugin.to_string();
        // The endpoints that the settings ask for are there from now on, and what was held for them may be due.
        webhooks::sync(work, &tenant, &plugin, &manifest)?;
        audit::note(
            work,
            "settings.update",
            Some(&tenant),
            &subject,
            json!({ "set": names(set), "unset": names(unset) }),
        )?;
        list_all(work, &manifest)
    });
    Ok(Answer(changed.await?))
}

/// Refuses an address for webhooks that no delivery may go to: whoever sets it should learn it now.
async fn check_addresses(admin: &Admin, manifest: &Manifest, changes: &Changes) -> Result<(), Problem> {
    for webhook in &manifest.webhooks {
        let setting = &webhook.url_setting;
        // What is no URL is refused with the other rules for values.
        let Some(Some(value)) = changes.values.get(setting) else {
            continue;
        };
        let Ok(url) = value.parse() else { continue };
        if let Err(refused) = admin.guard.check_url(&url).await {
            let reason = format!(
                "{refused}, and webhooks go to public addresses only; for development, start the host with --allow-private"
            );
            return Err(Problem::invalid(setting, reason));
        }
    }
    Ok(())
}

fn list_all(work: &mut Work, manifest: &Manifest) -> Result<Listed<Setting>, Problem> {
    let views = settings::list(work, &manifest.settings)?;
    // In the manifest's order, as the views are.
    let defaults = manifest.settings.iter().map(|setting| setting.default.clone());
    let items: Vec<Setting> = views
        .into_iter()
        .zip(defaults)
        .map(|(view, default)| shape(view, default))
        .collect();
    let total = items.len() as u64;
    Ok(Listed { items, total })
}

fn shape(view: SettingView, default: Option<String>) -> Setting {
    Setting {
        name: view.name,
        kind: view.kind.into(),
        summary: view.summary,
        value: view.value,
        default,
        is_set: view.set_at.is_some(),
        set_at: view.set_at.map(Time::from),
    }
}

pub(super) fn find_plugin(admin: &Admin, plugin: &str) -> Result<(PluginName, Arc<Manifest>), Problem> {
    let name = PluginName::parse(plugin).map_err(|_| plugins::unknown(plugin))?;
    let manifest = admin
        .operations
        .manifest(plugin)
        .ok_or_else(|| plugins::unknown(plugin))?;
    Ok((name, manifest))
}

/// A setting that is not declared is most often misspelt, so the answer lists those that are.
fn explain(error: SettingError, manifest: &Manifest) -> Problem {
    match error {
        SettingError::Undeclared(setting) => {
            let declared: Vec<&str> = manifest
                .settings
                .iter()
                .map(|setting| setting.name.as_str())
                .collect();
            let known = if declared.is_empty() {
                "none".to_owned()
            } else {
                declared.join(", ")
            };
            let plugin = &manifest.name;
            Problem::new(
                Code::Invalid,
                format!("{plugin} has no setting `{setting}`. It has: {known}."),
            )
        }
        error => error.into(),
    }
}

impl From<SettingError> for Problem {
    fn from(error: SettingError) -> Problem {
        match error {
            SettingError::Undeclared(setting) => {
                Problem::new(Code::Invalid, format!("The plugin has no setting `{setting}`."))
            }
            SettingError::Secret(setting) => Problem::new(Code::Invalid, format!("`{setting}` is a secret.")),
            SettingError::Invalid(error) => error.into(),
            SettingError::Seal(error) => Problem::internal(&error),
            SettingError::Store(error) => Problem::internal(&error),
        }
    }
}
