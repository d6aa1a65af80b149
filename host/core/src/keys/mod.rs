//! API keys: minted once, kept as a hash, verified on every request.
//!
//! A key is the plugin's prefix and 43 random base62 characters (256 bits). Being random, it needs no slow hash: SHA-256
//! finds the row directly, and a stolen database gives no key away. A key is good for the surface of one plugin only.
//!
//! Rotation makes a successor with the same rights and lets both work until the overlap ends.

mod verify;

use mooring_store::{Document, Documents, IndexEntries, Selection, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::verify::{CredentialFailure, Principal, last_used, touch, verify};
use crate::check::{self, InvalidField, chars};
use crate::ids::{self, KeyId, PluginName, TenantId, UserId};
use crate::layout;
use crate::page::{Listing, Page};
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::users;
use crate::work::{HostWork, Work};

/// Random characters of a key: 43 of base62 are 256 bits.
const SECRET_CHARS: usize = 43;

/// Longest prefix, in bytes.
const PREFIX_BYTES_MAX: usize = 40;

/// Most scopes of one key.
const SCOPES_MAX: usize = 100;

const HASH: &str = "hash";
const TENANT: &str = "tenant";
const TENANT_PLUGIN: &str = "tenant-plugin";

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// `key_` and 22 characters; not secret.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: TenantRef,
    /// The one plugin on whose surface it works.
    pub plugin: PluginName,
    /// For people; 1 to 100 characters.
    pub label: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The user it acts for.
    pub user: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is no longer valid.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// What has taken its place; it works beside it until `expires_at`.
    pub rotated_to: Option<KeyId>,
    /// How the key begins, so that people recognise it: the prefix and four characters.
    pub hint: String,
    /// The plugin's prefix, for its successors.
    prefix: String,
    /// SHA-256 of the key, hex.
    hash: String,
    ordinal: u64,
}

/// What a key is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// 1 to 100 characters.
    pub label: String,
    /// At least one, each declared in the manifest.
    pub scopes: Vec<String>,
    /// The user the key acts for.
    pub user: Option<UserId>,
    /// From when on it is no longer valid; in the future.
    pub expires_at: Option<Timestamp>,
}

/// What the manifest says about keys.
#[derive(Clone, Copy, Debug)]
pub struct Surface<'m> {
    /// What keys start with.
    pub prefix: &'m str,
    /// Every scope that a key can carry.
    pub scopes: &'m [mooring_manifest::Scope],
}

impl<'m> Surface<'m> {
    /// As the manifest says.
    pub fn of(manifest: &'m mooring_manifest::Manifest) -> Surface<'m> {
        Surface {
            prefix: &manifest.key_prefix,
            scopes: &manifest.scopes,
        }
    }
}

/// Who mints: somebody who may hand on only what they hold themselves, or the operator.
#[derive(Clone, Copy, Debug)]
pub enum Minter<'p> {
    /// The principal of a plugin's request.
    Principal(&'p Principal),
    /// The operator, through the admin interface.
    Operator,
}

/// A new key. The only moment at which the secret exists outside its owner's hands.
#[derive(Clone, PartialEq, Eq)]
pub struct Minted {
    /// What is kept.
    pub key: Key,
    /// The key itself. It cannot be asked for again.
    pub secret: String,
}

impl std::fmt::Debug for Minted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Minted")
            .field("key", &self.key.id)
            .finish_non_exhaustive()
    }
}

/// Why a key was not made, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The tenant has no such user.
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    /// The manifest declares no such scope.
    #[error("the plugin declares no scope {0}")]
    UndeclaredScope(String),
    /// The principal does not carry this scope itself, so it cannot hand it on.
    #[error("the scope {0} is not held by who hands it on")]
    ScopeNotHeld(String),
    /// There is no such key.
    #[error("there is no such key")]
    NotFound,
    /// The key is revoked, expired or already rotated, so nothing can take its place.
    #[error("the key is no longer in use")]
    NotInUse,
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Makes a key for the surface of the work's plugin. Not safe to repeat: every call makes one.
pub fn mint(
    work: &mut Work,
    surface: Surface<'_>,
    minter: Minter<'_>,
    new: NewKey,
) -> Result<Minted, KeyError> {
    check::text("label", &new.label, chars(1, 100))?;
    check_prefix(surface.prefix)?;
    let scopes = check_scopes(surface, minter, new.scopes)?;
    if new.expires_at.is_some_and(|at| at <= work.now()) {
        return Err(InvalidField::new("expires-at", "must be in the future").into());
    }
    if let Some(user) = new.user
        && !users::exists(work, user)?
    {
        return Err(KeyError::UnknownUser(user));
    }
    let (tenant, plugin) = (work.tenant().clone(), work.plugin().clone());
    let rights = Rights {
        tenant,
        plugin,
        label: new.label,
        scopes,
        user: new.user,
    };
    insert(work, surface.prefix, rights, new.expires_at)
}

/// The key with this public id.
pub fn get(work: &mut HostWork, id: &KeyId) -> Result<Key, KeyError> {
    keys()
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(KeyError::NotFound)
}

/// The keys of a tenant, or those for one plugin's surface; all keys of the host if no tenant is given.
pub fn list(
    work: &mut HostWork,
    tenant: Option<TenantId>,
    plugin: Option<&PluginName>,
    page: Page,
) -> Result<Listing<Key>, KeyError> {
    check::page(page)?;
    let value;
    let selection = match (tenant, plugin) {
        (None, _) => Selection::All,
        (Some(tenant), None) => {
            value = tenant.to_string().into_bytes();
            Selection::Listed {
                index: TENANT,
                value: &value,
            }
        }
        (Some(tenant), Some(plugin)) => {
            value = tenant_plugin_value(tenant, plugin);
            Selection::Listed {
                index: TENANT_PLUGIN,
                value: &value,
            }
        }
    };
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = keys().page(&mut work.transaction, selection, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

/// Takes a key back, at once and for good. Repeating it is safe.
pub fn revoke(work: &mut HostWork, id: &KeyId) -> Result<Key, KeyError> {
    let mut key = get(work, id)?;
    if key.revoked_at.is_none() {
        key.revoked_at = Some(work.now());
        replace(work, &key)?;
    }
    Ok(key)
}

/// Makes a successor with the same rights and lets the old key work for `overlap` more, unless it ends sooner. The
/// successor ends when the old key was to end. Not safe to repeat: a second call is refused, and the first secret is gone.
pub fn rotate(work: &mut HostWork, id: &KeyId, overlap: std::time::Duration) -> Result<Minted, KeyError> {
    let now = work.now();
    let mut old = get(work, id)?;
    let expired = old.expires_at.is_some_and(|at| at <= now);
    if expired || old.revoked_at.is_some() || old.rotated_to.is_some() {
        return Err(KeyError::NotInUse);
    }
    let rights = Rights {
        tenant: old.tenant.clone(),
        plugin: old.plugin.clone(),
        label: old.label.clone(),
        scopes: old.scopes.clone(),
        user: old.user,
    };
    let minted = insert(work, &old.prefix, rights, old.expires_at)?;
    let overlap_end = now.after(overlap);
    old.expires_at = Some(old.expires_at.map_or(overlap_end, |at| at.min(overlap_end)));
    old.rotated_to = Some(minted.key.id.clone());
    replace(work, &old)?;
    Ok(minted)
}

/// What a key and its successor share.
struct Rights {
    tenant: TenantRef,
    plugin: PluginName,
    label: String,
    scopes: Vec<String>,
    user: Option<UserId>,
}

fn insert(
    work: &mut HostWork,
    prefix: &str,
    rights: Rights,
    expires_at: Option<Timestamp>,
) -> Result<Minted, KeyError> {
    let id = KeyId::draw(&mut work.rng);
    let secret = format!("{prefix}{}", ids::draw_base62(&mut work.rng, SECRET_CHARS));
    let key = Key {
        id,
        tenant: rights.tenant,
        plugin: rights.plugin,
        label: rights.label,
        scopes: rights.scopes,
        user: rights.user,
        created_at: work.now(),
        expires_at,
        revoked_at: None,
        rotated_to: None,
        hint: secret[..prefix.len() + 4].to_owned(),
        prefix: prefix.to_owned(),
        hash: hash(&secret),
        ordinal: work.next_ordinal(&[layout::KEYS])?,
    };
    keys()
        .insert(&mut work.transaction, &key)
        .map_err(layout::checked_before)?;
    Ok(Minted { key, secret })
}

fn replace(work: &mut HostWork, key: &Key) -> Result<(), StoreError> {
    keys()
        .replace(&mut work.transaction, key)
        .map_err(layout::checked_before)
}

fn check_prefix(prefix: &str) -> Result<(), InvalidField> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if prefix.len() <= PREFIX_BYTES_MAX && prefix.bytes().all(legal) {
        return Ok(());
    }
    let reason = format!("must be at most {PREFIX_BYTES_MAX} of a-z, A-Z, 0-9, _ and -");
    Err(InvalidField::new("key-prefix", reason))
}

fn check_scopes(
    surface: Surface<'_>,
    minter: Minter<'_>,
    mut scopes: Vec<String>,
) -> Result<Vec<String>, KeyError> {
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() || scopes.len() > SCOPES_MAX {
        return Err(InvalidField::new("scopes", format!("must be 1 to {SCOPES_MAX}")).into());
    }
    for scope in &scopes {
        if !surface.scopes.iter().any(|declared| declared.name == *scope) {
            return Err(KeyError::UndeclaredScope(scope.clone()));
        }
        if let Minter::Principal(principal) = minter
            && !principal.has_scope(scope)
        {
            return Err(KeyError::ScopeNotHeld(scope.clone()));
        }
    }
    Ok(scopes)
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

fn keys() -> Documents<Key> {
    Documents::new(layout::KEYS, Vec::new())
}

fn tenant_plugin_value(tenant: TenantId, plugin: &PluginName) -> Vec<u8> {
    format!("{tenant} {plugin}").into_bytes()
}

impl Document for Key {
    fn id(&self) -> Vec<u8> {
        self.id.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        let tenant = self.tenant.id;
        IndexEntries {
            unique: vec![(HASH.to_owned(), self.hash.as_bytes().to_vec())],
            listed: vec![
                (TENANT.to_owned(), tenant.to_string().into_bytes()),
                (
                    TENANT_PLUGIN.to_owned(),
                    tenant_plugin_value(tenant, &self.plugin),
                ),
            ],
        }
    }
}
