//! The rules for what a demo sets up.

use mooring_core::ledger;
use mooring_core::money::{Amount, Currency};
use mooring_core::settings;
use mooring_manifest::{Demo, DemoKey, DemoPosting, DemoRecord, DemoSetting, Manifest, SettingKind};

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
    let secrets = demo.keys.iter().filter_map(|key| key.secret_field.as_deref());
    let settings = demo
        .settings
        .iter()
        .filter_map(|setting| setting.field.as_deref());
    unique(
        "demo",
        std::iter::once(BASE_URL)
            .chain(keys)
            .chain(secrets)
            .chain(settings),
    )?;
    demo.keys.iter().try_for_each(|key| check_key(manifest, key))?;
    unique(
        "demo.settings",
        demo.settings.iter().map(|setting| setting.setting.as_str()),
    )?;
    demo.settings
        .iter()
        .try_for_each(|setting| check_setting(manifest, setting))?;
    unique(
        "demo.postings",
        demo.postings.iter().map(|posting| posting.credit.as_str()),
    )?;
    demo.postings
        .iter()
        .try_for_each(|posting| check_posting(demo, posting))?;
    demo.records
        .iter()
        .try_for_each(|record| check_record(manifest, record))
}

fn check_record(manifest: &Manifest, record: &DemoRecord) -> Result<(), ManifestError> {
    let place = format!("demo.records.{}.{}", record.collection, record.id);
    let schema = manifest
        .collections
        .iter()
        .find(|collection| collection.name == record.collection)
        .and_then(|collection| collection.operated.as_ref())
        .ok_or_else(|| {
            broken(
                &place,
                "must be of a collection that the operator can change".to_owned(),
            )
        })?;
    jsonschema::draft202012::validate(schema, &record.data)
        .map_err(|error| broken(&place, format!("does not fit its schema: {error}")))
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

fn check_posting(demo: &Demo, posting: &DemoPosting) -> Result<(), ManifestError> {
    let place = format!("demo.postings.{}", posting.credit);
    let refused = |reason: String| broken(&place, reason);
    let mut roles = demo.keys.iter().filter_map(|key| key.user_role.as_ref());
    match &posting.user_role {
        Some(role) => require(
            roles.any(|known| known == role),
            &place,
            "must name the role of a key's user",
        )?,
        None => require(
            ![&posting.debit, &posting.credit]
                .iter()
                .any(|account| account.contains(DemoPosting::USER)),
            &place,
            "needs the role of the user whom its accounts mention",
        )?,
    }
    for account in [&posting.debit, &posting.credit] {
        ledger::check_account(&account.replace(DemoPosting::USER, "1"))
            .map_err(|invalid| refused(invalid.reason))?;
    }
    let currency = Currency::parse(&posting.currency).map_err(|error| refused(error.to_string()))?;
    let amount = Amount::parse(&posting.amount, currency).map_err(|error| refused(error.to_string()))?;
    require(amount.minor > 0, &place, "must be of more than zero")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::parse;
    use super::super::tests::manifest;
    use crate::runtime::inspect::World;

    fn with_posting(field: &str, value: Value) -> Result<(), String> {
        let mut manifest = manifest();
        manifest["demo"] = json!({
            "keys": [{ "field": "token", "scopes": ["read"], "user_role": "reseller" }],
            "postings": [{
                "debit": "acme:issued", "credit": "acme:credits:{user}", "amount": "498.50", "currency": "USD",
                "user_role": "reseller",
            }],
        });
        manifest["demo"]["postings"][0][field] = value;
        match parse(&manifest.to_string(), World::Provider, |_| Ok(())) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.place),
        }
    }

    #[test]
    fn a_posting_that_can_be_made_is_taken() {
        assert_eq!(with_posting("amount", json!("0.01")), Ok(()));
    }

    #[test]
    fn a_posting_that_cannot_be_made_is_refused_by_its_account() {
        for (field, value) in [
            ("amount", json!("0")),
            ("amount", json!("-1")),
            ("amount", json!("0.001")),
            ("amount", json!("one")),
            ("currency", json!("dollar")),
            ("debit", json!("")),
            ("debit", json!("acme:{users}")),
            ("user_role", json!("admin")),
            ("user_role", Value::Null),
        ] {
            let place = with_posting(field, value.clone());
            let expected = "demo.postings.acme:credits:{user}".to_owned();
            assert_eq!(place, Err(expected), "{field} {value}");
        }
    }
}
