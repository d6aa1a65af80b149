//! What a demo makes for one plugin.

use std::sync::Arc;

use mooring_core::Store;
use mooring_core::audit;
use mooring_core::ids::{PluginName, TenantId, TenantName, UserId};
use mooring_core::json::Json;
use mooring_core::keys::{self, Minted, Minter, NewKey, Surface};
use mooring_core::ledger::{self, Direction, LedgerError, NewEntry, NewPosting};
use mooring_core::money::{Amount, Currency};
use mooring_core::records::{self, RecordError};
use mooring_core::seal::MasterKeys;
use mooring_core::settings;
use mooring_core::tenants::{self, TenantError, TenantRef};
use mooring_core::time::Timestamp;
use mooring_core::users::{self, NewUser, UserError};
use mooring_core::work::{HostWork, RunError, Work};
use mooring_manifest::{DemoKey, DemoPosting, DemoRecord, DemoSetting, Manifest, SettingKind};
use serde_json::Value;

use super::{Access, DemoError, Failure, OWNER, TENANT};
use crate::admin::operations::PluginStatus;

/// Bytes of a random setting.
const RANDOM_BYTES: usize = 32;

/// Makes what is missing of a plugin's keys and settings, and gives all that there is. What the operator has set since stays.
pub(super) async fn set_up(
    store: &Store,
    secrets: &Arc<MasterKeys>,
    plugin: &PluginStatus,
    manifest: &Arc<Manifest>,
    known: Access,
) -> Result<Access, DemoError> {
    let name = PluginName::parse(&plugin.name).map_err(|error| DemoError::Store(error.into()))?;
    let (store, secrets, manifest) = (store.clone(), Arc::clone(secrets), Arc::clone(manifest));
    let made = tokio::task::spawn_blocking(move || make(&store, &secrets, &name, &manifest, &known)).await;
    made.map_err(|error| DemoError::Store(error.into()))?
        .map_err(DemoError::Store)
}

fn make(
    store: &Store,
    secrets: &MasterKeys,
    plugin: &PluginName,
    manifest: &Manifest,
    known: &Access,
) -> Result<Access, Failure> {
    let (tenant, _) = HostWork::run(store, Timestamp::now(), ensure_tenant).map_err(cause)?;
    let made = Work::run(store, Timestamp::now(), &tenant, plugin, |work| {
        let mut access = known.clone();
        match &manifest.demo {
            None if manifest.scopes.is_empty() || access.key.is_some() => {}
            None => {
                let owner = ensure_user(work, OWNER, "Demo Owner", "owner")?;
                let all = manifest.scopes.iter().map(|scope| scope.name.clone()).collect();
                access.key = Some(mint(work, secrets, manifest, all, Some(owner))?.secret);
            }
            Some(demo) => {
                for key in &demo.keys {
                    if !access.fields.contains_key(&key.field) {
                        let minted = make_key(work, secrets, manifest, key)?;
                        access.fields.insert(key.field.clone(), minted.secret.into());
                        if let (Some(field), Some(secret)) = (&key.secret_field, minted.signing_secret) {
                            access.fields.insert(field.clone(), secret.into());
                        }
                    }
                }
                for setting in &demo.settings {
                    make_setting(work, secrets, manifest, setting, &mut access)?;
                }
                for posting in &demo.postings {
                    make_posting(work, plugin, posting)?;
                }
                // At the first start only: what the operator has removed since stays removed.
                if known.fields.is_empty() {
                    for record in &demo.records {
                        make_record(work, manifest, record)?;
                    }
                }
            }
        }
        if let Some(gateway) = manifest.gateway.as_ref().filter(|gateway| gateway.test_mode) {
            let enabled = DemoSetting {
                setting: gateway.enabled_setting.clone(),
                value: Some("true".to_owned()),
                field: None,
            };
            make_setting(work, secrets, manifest, &enabled, &mut access)?;
        }
        Ok(access)
    });
    let (access, _) = made.map_err(cause)?;
    Ok(access)
}

fn make_key(
    work: &mut Work,
    secrets: &MasterKeys,
    manifest: &Manifest,
    key: &DemoKey,
) -> Result<Minted, Failure> {
    let user = key.user_role.as_ref().map(|role| ensure_role(work, role));
    let user = user.transpose()?;
    mint(work, secrets, manifest, key.scopes.clone(), user)
}

/// Makes a document, if it is not there.
fn make_record(work: &mut Work, manifest: &Manifest, record: &DemoRecord) -> Result<(), Failure> {
    let data = record.data.to_string();
    match records::create(work, &manifest.collections, &record.collection, &record.id, &data) {
        Ok(_) | Err(RecordError::Exists) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Posts what has not been posted yet. A later version of the plugin may say another amount; the first one stays.
fn make_posting(work: &mut Work, plugin: &PluginName, demo: &DemoPosting) -> Result<(), Failure> {
    let user = demo.user_role.as_ref().map(|role| ensure_role(work, role));
    let user = user.transpose()?.map(|user| user.to_string()).unwrap_or_default();
    let [debit, credit] =
        [&demo.debit, &demo.credit].map(|account| account.replace(DemoPosting::USER, &user));
    let amount = Amount::parse(&demo.amount, Currency::parse(&demo.currency)?)?;
    let new = NewPosting {
        idempotency_key: format!("demo:{plugin}:{credit}"),
        description: "Demo".to_owned(),
        entries: vec![
            NewEntry::new(&debit, Direction::Debit, amount),
            NewEntry::new(&credit, Direction::Credit, amount),
        ],
        metadata: String::new(),
    };
    match ledger::post(work, new) {
        Ok(posted) if !posted.repeated => {
            let tenant = work.tenant().id;
            note(work, "ledger.post", Some(tenant), posted.posting.id.as_str())
        }
        Ok(_) | Err(LedgerError::KeyReused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sets what nobody has set, or what is to be in `demo.json` and is not there.
fn make_setting(
    work: &mut Work,
    secrets: &MasterKeys,
    manifest: &Manifest,
    demo: &DemoSetting,
    access: &mut Access,
) -> Result<(), Failure> {
    let view = settings::list(work, &manifest.settings)?
        .into_iter()
        .find(|view| view.name == demo.setting)
        .ok_or("the manifest was checked, and declares its demo's settings")?;
    let is_there = match &demo.field {
        Some(field) => access.fields.contains_key(field),
        None => view.set_at.is_some(),
    };
    if is_there {
        return Ok(());
    }
    let value = demo
        .value
        .clone()
        .unwrap_or_else(|| hex::encode(work.random(RANDOM_BYTES)));
    settings::set(work, &manifest.settings, secrets, &demo.setting, &value)?;
    let tenant = work.tenant().id;
    note(work, "settings.set", Some(tenant), &demo.setting)?;
    if let Some(field) = &demo.field {
        let shown = match view.kind {
            SettingKind::Integer => Value::from(value.parse::<i64>()?),
            _ => Value::from(value),
        };
        access.fields.insert(field.clone(), shown);
    }
    Ok(())
}

fn mint(
    work: &mut Work,
    secrets: &MasterKeys,
    manifest: &Manifest,
    scopes: Vec<String>,
    user: Option<UserId>,
) -> Result<Minted, Failure> {
    let wish = NewKey {
        label: TENANT.to_owned(),
        scopes,
        user,
        expires_at: None,
    };
    let minted = keys::mint(work, Surface::of(manifest), Minter::Operator(secrets), wish)?;
    let tenant = work.tenant().id;
    note(work, "key.create", Some(tenant), minted.key.id.as_str())?;
    Ok(minted)
}

fn ensure_tenant(work: &mut HostWork) -> Result<TenantRef, Failure> {
    let name = TenantName::parse(TENANT)?;
    match tenants::find(work, &name) {
        Ok(tenant) => Ok(tenant.to_ref()),
        Err(TenantError::NotFound) => {
            let tenant = tenants::create(work, name, "Demo")?;
            note(work, "tenant.create", Some(tenant.id), TENANT)?;
            Ok(tenant.to_ref())
        }
        Err(error) => Err(error.into()),
    }
}

/// The user whom a demo has for a role.
fn ensure_role(work: &mut Work, role: &str) -> Result<UserId, Failure> {
    let email = format!("{role}@demo.example");
    ensure_user(work, &email, &format!("Demo {role}"), role)
}

fn ensure_user(work: &mut Work, email: &str, name: &str, role: &str) -> Result<UserId, Failure> {
    match users::find_by_email(work, email) {
        Ok(user) => Ok(user.id),
        Err(UserError::NotFound) => {
            let user = NewUser {
                email: email.to_owned(),
                name: name.to_owned(),
                role: Some(role.to_owned()),
                ..NewUser::default()
            };
            let (user, tenant) = (users::create(work, user)?, work.tenant().id);
            note(work, "user.create", Some(tenant), &user.id.to_string())?;
            Ok(user.id)
        }
        Err(error) => Err(error.into()),
    }
}

fn note(work: &mut HostWork, action: &str, tenant: Option<TenantId>, subject: &str) -> Result<(), Failure> {
    let entry = audit::NewEntry {
        who: TENANT.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        tenant,
        details: Json::empty_object(),
    };
    audit::append(work, entry)?;
    Ok(())
}

fn cause(error: RunError<Failure>) -> Failure {
    match error {
        RunError::Refused(failure) => failure,
        RunError::Store(error) => error.into(),
        RunError::Random(error) => error.into(),
        RunError::Contended => "it was changed again and again meanwhile".into(),
    }
}
