//! The rules for what a demo sets up.

use mooring_core::settings;
use mooring_manifest::{Demo, DemoKey, DemoSetting, Manifest, SettingKind};

use super::{ManifestError, broken, require, unique};

/// What every plugin has in `demo.json`.
const BASE_URL: &str = "base_url";

pub(super) fn check_demo(manifest: &Manifest, demo: &Demo) -> Result<(), ManifestError> {
    let path = &demo.base_path;
    require(
        path.is_empty() || (path.starts_with('/') && !path.ends_with('/')),
        "demo.base_path",
        "must start with / and not end with it",
    )?;
    let keys = demo.keys.iter().map(|key| key.field.as_str());
    let settings = demo
        .settings
        .iter()
        .filter_map(|setting| setting.field.as_deref());
    unique("demo", std::iter::once(BASE_URL).chain(keys).chain(settings))?;
    demo.keys.iter().try_for_each(|key| check_key(manifest, key))?;
    unique(
        "demo.settings",
        demo.settings.iter().map(|setting| setting.setting.as_str()),
    )?;
    demo.settings
        .iter()
        .try_for_each(|setting| check_setting(manifest, setting))
}

fn check_key(manifest: &Manifest, key: &DemoKey) -> Result<(), ManifestError> {
    let declared = |name: &String| manifest.scopes.iter().any(|scope| scope.name == *name);
    require(
        key.scopes.iter().all(declared),
        &format!("demo.keys.{}", key.field),
        "must name declared scopes",
    )
}

fn check_setting(manifest: &Manifest, demo: &DemoSetting) -> Result<(), ManifestError> {
    let place = format!("demo.settings.{}", demo.setting);
    let declared = manifest
        .settings
        .iter()
        .find(|setting| setting.name == demo.setting)
        .ok_or_else(|| broken(&place, "must name a declared setting".to_owned()))?;
    match &demo.value {
        Some(value) => {
            settings::check_value(declared, value).map_err(|invalid| broken(&place, invalid.reason))
        }
        None => require(
            matches!(declared.kind, SettingKind::Text | SettingKind::Secret),
            &place,
            "needs a value: only a text or secret can be random",
        ),
    }
}
