//! What the real host refuses at load, as far as a plugin can get it wrong.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use mooring_manifest::{Guard, Manifest, SettingKind, Webhook, WebhookValue};

const TIMEOUT_MS: RangeInclusive<u32> = 1_000..=30_000;
const RETRIES_MAX: usize = 30;

pub(super) fn check(manifest: &Manifest) {
    check_routes(manifest);
    for target in &manifest.targets {
        let what = format!("target `{}`", target.name);
        for name in std::iter::once(target.url_setting.as_str()).chain(target.auth.settings()) {
            check_setting(manifest, &what, name, None);
        }
    }
    let mut names = BTreeSet::new();
    for webhook in &manifest.webhooks {
        assert!(
            names.insert(&webhook.name),
            "two webhooks are called `{}`",
            webhook.name
        );
        check_webhook(manifest, webhook);
    }
    check_checkout(manifest);
    check_gateway(manifest);
    check_demo(manifest);
}

fn check_routes(manifest: &Manifest) {
    let mut names = BTreeSet::new();
    for route in &manifest.routes {
        assert!(
            names.insert(&route.name),
            "two routes are called `{}`",
            route.name
        );
        if let Guard::Scopes { any } = &route.guard {
            for scope in any {
                check_scope(manifest, &format!("route `{}`", route.name), scope);
            }
        }
        assert!(
            route.path.starts_with('/'),
            "the path of `{}` does not start with `/`",
            route.name
        );
    }
}

fn check_scope(manifest: &Manifest, what: &str, scope: &str) {
    let declared = manifest.scopes.iter().any(|declared| declared.name == scope);
    assert!(
        declared,
        "{what} asks for the scope `{scope}`, which is not declared"
    );
}

/// That the setting is declared, and of this kind.
fn check_setting(manifest: &Manifest, what: &str, name: &str, kind: Option<SettingKind>) {
    let mut settings = manifest.settings.iter();
    let Some(declared) = settings.find(|setting| setting.name == name) else {
        panic!("{what} uses the setting `{name}`, which is not declared");
    };
    if let Some(kind) = kind {
        assert_eq!(
            declared.kind, kind,
            "{what} uses the setting `{name}`, which is of another kind"
        );
    }
}

fn check_webhook(manifest: &Manifest, webhook: &Webhook) {
    let what = format!("webhook `{}`", webhook.name);
    check_setting(manifest, &what, &webhook.url_setting, Some(SettingKind::Url));
    if let Some(secret) = &webhook.secret_setting {
        check_setting(manifest, &what, secret, Some(SettingKind::Secret));
    }
    assert!(
        TIMEOUT_MS.contains(&webhook.timeout_ms),
        "{what}: the time-out is 1,000 to 30,000 ms"
    );
    assert!(
        webhook.retry_seconds.len() <= RETRIES_MAX,
        "{what} has more than {RETRIES_MAX} pauses"
    );
    for header in &webhook.headers {
        if let WebhookValue::Signature { message, .. } = &header.value {
            assert!(
                webhook.secret_setting.is_some(),
                "{what} signs, but names no secret setting"
            );
            assert!(
                message.contains("{body}"),
                "{what}: a signature covers `{{body}}`"
            );
        }
    }
}

fn check_checkout(manifest: &Manifest) {
    let Some(checkout) = &manifest.checkout else {
        return;
    };
    assert!(
        checkout.path.starts_with('/') && checkout.path.ends_with("/{reference}"),
        "the checkout's path must end with `/{{reference}}`"
    );
    let what = "the checkout";
    check_setting(manifest, what, &checkout.name_setting, Some(SettingKind::Text));
    if let Some(color) = &checkout.color_setting {
        check_setting(manifest, what, color, Some(SettingKind::Text));
    }
    if let Some(logo) = &checkout.logo_setting {
        check_setting(manifest, what, logo, Some(SettingKind::Url));
    }
}

fn check_gateway(manifest: &Manifest) {
    let Some(gateway) = &manifest.gateway else {
        return;
    };
    check_setting(
        manifest,
        "the gateway",
        &gateway.enabled_setting,
        Some(SettingKind::Boolean),
    );
    assert!(manifest.routes.is_empty(), "a gateway has no routes");
    assert!(!gateway.methods.is_empty(), "a gateway has at least one method");
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-:".contains(letter);
    let mut names = BTreeSet::new();
    for method in &gateway.methods {
        let name = &method.name;
        assert!(names.insert(name), "two methods are called `{name}`");
        assert!(
            (1..=60).contains(&name.len()) && name.chars().all(allowed),
            "`{name}` is no name of a method"
        );
    }
}

fn check_demo(manifest: &Manifest) {
    let Some(demo) = &manifest.demo else {
        return;
    };
    for key in &demo.keys {
        for scope in &key.scopes {
            check_scope(manifest, &format!("the demo's key `{}`", key.field), scope);
        }
    }
    for setting in &demo.settings {
        check_setting(manifest, "the demo", &setting.setting, None);
    }
    for record in &demo.records {
        let mut collections = manifest.collections.iter();
        assert!(
            collections.any(|declared| declared.name == record.collection && declared.operated.is_some()),
            "the demo has a document of `{}`, which is no operated collection",
            record.collection
        );
    }
}
