//! The rules for what a manifest says of payments: the hosted page, and what a gateway offers.

use mooring_core::money::Currency;
use mooring_manifest::{Checkout, Gateway, GatewayMethod, Manifest, SettingKind};

use super::{ManifestError, has_setting, require, unique};

/// The parameter of a page's path.
const REFERENCE: &str = "{reference}";

/// Largest body of a notification that a gateway can ask for, bytes.
const NOTIFICATION_BYTES_MAX: u32 = 1024 * 1024;

pub(super) fn check_checkout(manifest: &Manifest, checkout: &Checkout) -> Result<(), ManifestError> {
    let aliases = checkout
        .aliases
        .iter()
        .map(|alias| ("checkout.aliases", &alias.path));
    for (place, path) in std::iter::once(("checkout.path", &checkout.path)).chain(aliases) {
        let folder = path.strip_suffix(REFERENCE);
        require(
            folder.is_some_and(|folder| {
                folder.starts_with('/') && folder.ends_with('/') && !folder.contains(['{', '}'])
            }),
            place,
            "must start with / and end with the segment {reference}, its only parameter",
        )?;
    }
    require(
        has_setting(manifest, &checkout.name_setting, SettingKind::Text),
        "checkout.name_setting",
        "must name a setting of kind text",
    )?;
    let color = checkout.color_setting.as_deref();
    require(
        color.is_none_or(|name| has_setting(manifest, name, SettingKind::Text)),
        "checkout.color_setting",
        "must name a setting of kind text",
    )?;
    let logo = checkout.logo_setting.as_deref();
    require(
        logo.is_none_or(|name| has_setting(manifest, name, SettingKind::Url)),
        "checkout.logo_setting",
        "must name a setting of kind url",
    )
}

pub(super) fn check_gateway(manifest: &Manifest, gateway: &Gateway) -> Result<(), ManifestError> {
    require(
        has_setting(manifest, &gateway.enabled_setting, SettingKind::Boolean),
        "gateway.enabled_setting",
        "must name a setting of kind boolean",
    )?;
    require(
        (1..=NOTIFICATION_BYTES_MAX).contains(&gateway.notification_bytes_max),
        "gateway.notification_bytes_max",
        "must be 1 to 1048576",
    )?;
    require(
        !gateway.methods.is_empty(),
        "gateway.methods",
        "must have at least one",
    )?;
    unique(
        "gateway.methods",
        gateway.methods.iter().map(|method| method.name.as_str()),
    )?;
    gateway.methods.iter().try_for_each(check_method)?;
    // It is asked for nothing that these could serve.
    let parts = [
        ("routes", manifest.routes.is_empty()),
        ("credentials", manifest.credentials.is_empty()),
        ("scopes", manifest.scopes.is_empty()),
        ("collections", manifest.collections.is_empty()),
        ("webhooks", manifest.webhooks.is_empty()),
        ("checkout", manifest.checkout.is_none()),
    ];
    parts
        .into_iter()
        .try_for_each(|(place, is_absent)| require(is_absent, place, "a gateway has none"))
}

fn check_method(method: &GatewayMethod) -> Result<(), ManifestError> {
    let place = format!("gateway.methods.{}", method.name);
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':');
    require(
        method.name.len() <= 60 && method.name.chars().all(legal),
        &place,
        "must be named with at most 60 of a-z, A-Z, 0-9, _, - and :",
    )?;
    require(!method.label.is_empty(), &place, "needs a label")?;
    require(
        method.currencies.iter().all(|code| Currency::parse(code).is_ok()),
        &place,
        "must name known currencies",
    )
}
