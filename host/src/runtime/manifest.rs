//! The rules that a manifest must keep, checked once at load so that everything after can trust it.

mod demo;
mod documents;
mod money;
mod surface;
mod webhooks;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ManifestRule;
use super::inspect::World;
use mooring_core::ids::PluginName;
use mooring_core::settings;
use mooring_manifest::{Collection, Guard, Manifest, Route, Setting, SettingKind, Target, TargetAuth};
use serde_json::Value;

/// Which rule a manifest breaks, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {rule}")]
pub struct ManifestError {
    /// Such as `routes.user-create.path`.
    pub place: String,
    /// For the plugin's author.
    pub rule: String,
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Reads and checks.
pub(crate) fn parse(text: &str, world: World, rule: ManifestRule) -> Result<Arc<Manifest>, ManifestError> {
    let manifest: Manifest = serde_json::from_str(text).map_err(|error| {
        broken(
            "describe",
            format!("is not a manifest that this host knows: {error}"),
        )
    })?;
    check(&manifest, world)?;
    let manifest = Arc::new(manifest);
    rule(&manifest).map_err(|reason| broken("routes", reason))?;
    Ok(manifest)
}

fn check(manifest: &Manifest, world: World) -> Result<(), ManifestError> {
    require(
        PluginName::parse(&manifest.name).is_ok(),
        "name",
        "must be 1 to 40 characters of a-z, 0-9 and -",
    )?;
    require(!manifest.version.is_empty(), "version", "must not be empty")?;
    match (world, &manifest.gateway) {
        (World::Provider, None) => require(!manifest.routes.is_empty(), "routes", "must have at least one")?,
        (World::Gateway, Some(gateway)) => money::check_gateway(manifest, gateway)?,
        (World::Provider, Some(_)) => return Err(broken("gateway", "a provider has none".to_owned())),
        (World::Gateway, None) => return Err(broken("gateway", "must say what it offers".to_owned())),
    }
    unique("routes", manifest.routes.iter().map(|route| route.name.as_str()))?;
    unique(
        "settings",
        manifest.settings.iter().map(|setting| setting.name.as_str()),
    )?;
    unique(
        "collections",
        manifest
            .collections
            .iter()
            .map(|collection| collection.name.as_str()),
    )?;
    unique(
        "targets",
        manifest.targets.iter().map(|target| target.name.as_str()),
    )?;
    unique("scopes", manifest.scopes.iter().map(|scope| scope.name.as_str()))?;
    let is_lower =
        |name: &String| *name == name.to_ascii_lowercase() && http::HeaderName::try_from(name).is_ok();
    require(
        manifest.request_headers.iter().all(is_lower),
        "request_headers",
        "must be header names in lower case",
    )?;
    documents::check_errors(manifest)?;
    manifest
        .routes
        .iter()
        .try_for_each(|route| check_route(manifest, route))?;
    surface::check_surface(manifest)?;
    manifest.settings.iter().try_for_each(check_setting)?;
    manifest.collections.iter().try_for_each(check_collection)?;
    manifest
        .targets
        .iter()
        .try_for_each(|target| check_target(manifest, target))?;
    unique(
        "webhooks",
        manifest.webhooks.iter().map(|webhook| webhook.name.as_str()),
    )?;
    manifest
        .webhooks
        .iter()
        .try_for_each(|webhook| webhooks::check_webhook(manifest, webhook))?;
    if let Some(checkout) = &manifest.checkout {
        money::check_checkout(manifest, checkout)?;
    }
    match &manifest.demo {
        Some(demo) => demo::check_demo(manifest, demo),
        None => Ok(()),
    }
}

fn check_route(manifest: &Manifest, route: &Route) -> Result<(), ManifestError> {
    let place = |field: &str| format!("routes.{}.{field}", route.name);
    require(
        METHODS.contains(&route.method.as_str()),
        &place("method"),
        "must be GET, POST, PUT, PATCH or DELETE",
    )?;
    require(route.path.starts_with('/'), &place("path"), "must start with /")?;
    documents::check_documents(route)?;
    match &route.guard {
        Guard::Public => {}
        Guard::Key => require(
            !manifest.credentials.is_empty(),
            &place("guard"),
            "needs credentials in the manifest",
        )?,
        Guard::Scopes { any } => {
            require(
                !manifest.credentials.is_empty(),
                &place("guard"),
                "needs credentials in the manifest",
            )?;
            require(!any.is_empty(), &place("guard"), "must name at least one scope")?;
            let declared = |name: &String| manifest.scopes.iter().any(|scope| scope.name == *name);
            require(
                any.iter().all(declared),
                &place("guard"),
                "must name declared scopes",
            )?;
        }
    }
    Ok(())
}

fn check_setting(setting: &Setting) -> Result<(), ManifestError> {
    let place = format!("settings.{}", setting.name);
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    require(
        !setting.name.is_empty() && setting.name.chars().all(legal),
        &place,
        "must be named with a-z, 0-9 and _",
    )?;
    let secret_with_default = setting.kind == SettingKind::Secret && setting.default.is_some();
    require(!secret_with_default, &place, "a secret has no default")?;
    let secret_with_schema = setting.kind == SettingKind::Secret && setting.schema.is_some();
    require(!secret_with_schema, &place, "a secret has no schema")?;
    check_schema(&place, "schema", setting.schema.as_ref())?;
    match setting
        .default
        .as_ref()
        .map(|default| settings::check_value(setting, default))
    {
        None | Some(Ok(())) => Ok(()),
        Some(Err(invalid)) => Err(broken(&place, format!("its default {}", invalid.reason))),
    }
}

fn check_schema(place: &str, name: &str, schema: Option<&Value>) -> Result<(), ManifestError> {
    match schema.map(jsonschema::draft202012::new) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(broken(place, format!("`{name}` is no JSON Schema: {error}"))),
    }
}

fn check_collection(collection: &Collection) -> Result<(), ManifestError> {
    let place = format!("collections.{}", collection.name);
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    require(
        !collection.name.is_empty() && collection.name.chars().all(legal),
        &place,
        "must be named with a-z, 0-9 and -",
    )?;
    unique(
        &format!("{place}.indexes"),
        collection.indexes.iter().map(|index| index.name.as_str()),
    )?;
    let is_pointer = |pointer: &str| pointer.starts_with('/');
    require(
        collection.indexes.iter().all(|index| is_pointer(&index.pointer)),
        &place,
        "an index's pointer must start with /",
    )?;
    check_schema(&place, "operated", collection.operated.as_ref())
}

fn check_target(manifest: &Manifest, target: &Target) -> Result<(), ManifestError> {
    let place = format!("targets.{}", target.name);
    let has = |name: &str, kind: SettingKind| has_setting(manifest, name, kind);
    require(
        has(&target.url_setting, SettingKind::Url),
        &place,
        "url_setting must name a setting of kind url",
    )?;
    match &target.auth {
        TargetAuth::None => Ok(()),
        TargetAuth::Bearer { secret_setting } | TargetAuth::Header { secret_setting, .. } => require(
            has(secret_setting, SettingKind::Secret),
            &place,
            "secret_setting must name a setting of kind secret",
        ),
        TargetAuth::OAuth2 {
            token_path,
            client_id_setting,
            secret_setting,
        } => {
            require(
                token_path.starts_with('/'),
                &place,
                "token_path must start with /",
            )?;
            require(
                has(client_id_setting, SettingKind::Text),
                &place,
                "client_id_setting must name a setting of kind text",
            )?;
            require(
                has(secret_setting, SettingKind::Secret),
                &place,
                "secret_setting must name a setting of kind secret",
            )
        }
    }
}

fn has_setting(manifest: &Manifest, name: &str, kind: SettingKind) -> bool {
    manifest
        .settings
        .iter()
        .any(|setting| setting.name == name && setting.kind == kind)
}

fn unique<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for name in names {
        require(!name.is_empty(), place, "a name must not be empty")?;
        require(seen.insert(name), place, &format!("{name:?} is there twice"))?;
    }
    Ok(())
}

fn require(holds: bool, place: &str, rule: &str) -> Result<(), ManifestError> {
    if holds {
        Ok(())
    } else {
        Err(broken(place, rule.to_owned()))
    }
}

fn broken(place: &str, rule: String) -> ManifestError {
    ManifestError {
        place: place.to_owned(),
        rule,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(super) fn manifest() -> Value {
        json!({
            "name": "acme", "version": "1.0.0", "summary": "A test",
            "credentials": [{"kind": "bearer"}],
            "scopes": [{"name": "read", "summary": ""}],
            "settings": [
                {"name": "url", "kind": "url", "summary": ""},
                {"name": "token", "kind": "secret", "summary": ""}
            ],
            "targets": [{"name": "panel", "url_setting": "url", "auth": {"kind": "bearer", "secret_setting": "token"}}],
            "routes": [{
                "name": "show", "method": "GET", "path": "/things/{id}", "access": "read",
                "guard": {"kind": "scopes", "any": ["read"]}, "success_status": 200, "response_schema": null
            }]
        })
    }

    fn place_refused(pointer: &str, value: Value) -> String {
        let mut manifest = manifest();
        *manifest.pointer_mut(pointer).expect("a place in the manifest") = value;
        parse(&manifest.to_string(), World::Provider, |_| Ok(()))
            .expect_err("the change breaks a rule")
            .place
    }

    #[test]
    fn takes_a_manifest_that_keeps_the_rules() {
        parse(&manifest().to_string(), World::Provider, |_| Ok(())).unwrap();
    }

    #[test]
    fn names_the_place_that_breaks_a_rule() {
        assert_eq!(place_refused("/name", json!("Not A Name")), "name");
        assert_eq!(place_refused("/routes", json!([])), "routes");
        assert_eq!(
            place_refused("/routes/0/method", json!("get")),
            "routes.show.method"
        );
        assert_eq!(
            place_refused("/routes/0/path", json!("things")),
            "routes.show.path"
        );
        assert_eq!(
            place_refused("/routes/0/guard/any", json!(["write"])),
            "routes.show.guard"
        );
        assert_eq!(
            place_refused("/routes/0/success_status", json!(404)),
            "routes.show.success_status"
        );
        assert_eq!(
            place_refused("/routes/0/response_schema", json!({"items": {"$ref": "#/x"}})),
            "routes.show.response_schema"
        );
        assert_eq!(place_refused("/credentials", json!([])), "routes.show.guard");
        assert_eq!(place_refused("/settings/0/kind", json!("text")), "targets.panel");
        assert_eq!(place_refused("/settings/1/kind", json!("text")), "targets.panel");
        assert_eq!(place_refused("/settings/0/name", json!("Url")), "settings.Url");
    }

    #[test]
    fn refuses_fields_it_does_not_know() {
        let mut manifest = manifest();
        manifest["shiny"] = json!(true);
        let error = parse(&manifest.to_string(), World::Provider, |_| Ok(())).unwrap_err();
        assert!(error.rule.contains("shiny"), "{error}");
    }
}
