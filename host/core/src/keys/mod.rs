//! API keys: minted once, kept as a hash, verified on every request.
//!
//! A key is the plugin's prefix and 43 random base62 characters (256 bits). Being random, it needs no slow hash: SHA-256
//! finds the row directly, and a stolen database gives no key away. A key is good for the surface of one plugin only.
//!
//! Rotation makes a successor with the same rights and lets both work until the overlap ends.

mod mint;
mod signing;
mod verify;

use mooring_store::{Document, Documents, IndexEntries, Selection, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::mint::{Minted, Minter, NewKey, Surface, mint, rotate};
pub use self::signing::is_signed_by;
pub use self::verify::{CredentialFailure, Principal, last_used, touch, verify};
use crate::check::{self, InvalidField};
use crate::ids::{KeyId, PluginName, TenantId, UserId};
use crate::layout;
use crate::page::{Listing, Page};
use crate::seal::{SealError, Sealed};
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::work::HostWork;

const HASH: &str = "hash";
const TENANT: &str = "tenant";
const PLUGIN: &str = "plugin";
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
    /// What its requests are signed with, where its surface asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signing: Option<Sealed>,
    ordinal: u64,
}

/// Which keys to list; what is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Those of one tenant.
    pub tenant: Option<TenantId>,
    /// Those for one plugin's surface.
    pub plugin: Option<PluginName>,
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
    /// Only the operator can make keys of a surface whose requests are signed: what a plugin mints has no secret to sign with.
    #[error("keys of this surface are made by the operator")]
    OperatorOnly,
    /// The secret that requests are signed with was not sealed or opened.
    #[error("the signing secret was not sealed or opened")]
    Seal(#[from] SealError),
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The key with this public id.
pub fn get(work: &mut HostWork, id: &KeyId) -> Result<Key, KeyError> {
    keys()
        .get(&mut work.transaction, id.as_str().as_bytes())?
        .ok_or(KeyError::NotFound)
}

/// All keys, or those that fit the filter.
pub fn list(work: &mut HostWork, filter: &KeyFilter, page: Page) -> Result<Listing<Key>, KeyError> {
    check::page(page)?;
    let (index, value) = match (filter.tenant, &filter.plugin) {
        (None, None) => ("", Vec::new()),
        (Some(tenant), None) => (TENANT, tenant.to_string().into_bytes()),
        (None, Some(plugin)) => (PLUGIN, plugin.as_str().as_bytes().to_vec()),
        (Some(tenant), Some(plugin)) => (TENANT_PLUGIN, tenant_plugin_value(tenant, plugin)),
    };
    let selection = if index.is_empty() {
        Selection::All
    } else {
        Selection::Listed { index, value: &value }
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

fn replace(work: &mut HostWork, key: &Key) -> Result<(), StoreError> {
    keys()
        .replace(&mut work.transaction, key)
        .map_err(layout::checked_before)
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
                (PLUGIN.to_owned(), self.plugin.as_str().as_bytes().to_vec()),
                (
                    TENANT_PLUGIN.to_owned(),
                    tenant_plugin_value(tenant, &self.plugin),
                ),
            ],
        }
    }
}

#[cfg(test)]
mod tests;
