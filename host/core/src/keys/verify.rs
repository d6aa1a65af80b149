//! From the text in a header to who is asking.

use std::sync::Arc;

use mooring_store::{KeyBuilder, StoreError};

use super::mint::{PREFIX_BYTES_MAX, SECRET_CHARS};
use super::{HASH, Key, hash, keys};
use crate::ids::{KeyId, PluginName, UserId};
use crate::layout;
use crate::tenants::{self, TenantError, TenantRef};
use crate::time::Timestamp;
use crate::work::HostWork;

/// Who a request acts for. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    tenant: TenantRef,
    key: KeyId,
    scopes: Vec<String>,
    user: Option<UserId>,
}

impl Principal {
    /// A principal; whoever makes one has verified it.
    pub fn new(tenant: TenantRef, key: KeyId, scopes: Vec<String>, user: Option<UserId>) -> Principal {
        Principal {
            inner: Arc::new(Inner {
                tenant,
                key,
                scopes,
                user,
            }),
        }
    }

    /// Its tenant.
    pub fn tenant(&self) -> &TenantRef {
        &self.inner.tenant
    }

    /// Public id of its key.
    pub fn key(&self) -> &KeyId {
        &self.inner.key
    }

    /// What its key may do.
    pub fn scopes(&self) -> &[String] {
        &self.inner.scopes
    }

    /// The user its key acts for.
    pub fn user(&self) -> Option<UserId> {
        self.inner.user
    }

    /// Whether its key carries this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.inner.scopes.iter().any(|held| held == scope)
    }
}

/// What was wrong with a key. Mirrors `exchange.credential-failure` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialFailure {
    /// None was sent.
    Missing,
    /// Nothing that could be a key.
    Malformed,
    /// Nobody's, or a key of another surface.
    Unknown,
    /// Past its time.
    Expired,
    /// Taken back, or of a tenant that is switched off.
    Revoked,
    /// The request's timestamp is too far from now.
    Stale,
    /// The request is not signed with the key's secret.
    BadSignature,
}

/// Who presents this key on this plugin's surface. The outer error is the store's.
///
/// A wrong key costs one look-up by its hash, which tells nobody how much of it was right.
pub fn verify(
    work: &mut HostWork,
    plugin: &PluginName,
    presented: &str,
) -> Result<Result<Principal, CredentialFailure>, StoreError> {
    if presented.is_empty() {
        return Ok(Err(CredentialFailure::Missing));
    }
    if !could_be_a_key(presented) {
        return Ok(Err(CredentialFailure::Malformed));
    }
    let found = keys().find_unique(&mut work.transaction, HASH, hash(presented).as_bytes())?;
    let Some(key) = found.filter(|key| key.plugin == *plugin) else {
        return Ok(Err(CredentialFailure::Unknown));
    };
    if key.revoked_at.is_some() || is_switched_off(work, &key)? {
        return Ok(Err(CredentialFailure::Revoked));
    }
    if key.expires_at.is_some_and(|at| at <= work.now()) {
        return Ok(Err(CredentialFailure::Expired));
    }
    Ok(Ok(Principal::new(key.tenant, key.id, key.scopes, key.user)))
}

/// Notes when keys were last used. For the background: a request does not wait for it.
pub fn touch(work: &mut HostWork, uses: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
    for (key, at) in uses {
        layout::put_json(&mut work.transaction, use_key(key), at)?;
    }
    Ok(())
}

/// When a key was last used, as far as has been noted.
pub fn last_used(work: &mut HostWork, key: &KeyId) -> Result<Option<Timestamp>, StoreError> {
    layout::get_json(&mut work.transaction, &use_key(key))
}

fn could_be_a_key(presented: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (SECRET_CHARS..=SECRET_CHARS + PREFIX_BYTES_MAX).contains(&presented.len())
        && presented.bytes().all(legal)
}

fn is_switched_off(work: &mut HostWork, key: &Key) -> Result<bool, StoreError> {
    match tenants::get(work, key.tenant.id) {
        Ok(tenant) => Ok(tenant.disabled),
        Err(TenantError::Store(error)) => Err(error),
        Err(_) => Ok(true),
    }
}

/// Beside the key's own row, so that noting a use never conflicts with changing the key.
fn use_key(key: &KeyId) -> Vec<u8> {
    KeyBuilder::new(layout::KEY_USES).string(key.as_str()).build()
}
