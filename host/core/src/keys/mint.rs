//! Making keys: new ones, and successors of old ones.

use std::time::Duration;

use mooring_manifest::Credential;

use super::{Key, KeyError, Principal, get, hash, keys, replace, signing};
use crate::audit::{self, AuditError, NewEntry};
use crate::check::{self, InvalidField, chars};
use crate::ids::{self, KeyId, PluginName, UserId};
use crate::json::Json;
use crate::layout;
use crate::seal::MasterKeys;
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::users;
use crate::work::{HostWork, Work};

/// Random characters of a key: 43 of base62 are 256 bits.
pub(super) const SECRET_CHARS: usize = 43;

/// Longest prefix, in bytes.
pub(super) const PREFIX_BYTES_MAX: usize = 40;

/// Most scopes of one key.
const SCOPES_MAX: usize = 100;

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
    /// Whether requests are signed.
    pub signed: bool,
}

impl<'m> Surface<'m> {
    /// As the manifest says.
    pub fn of(manifest: &'m mooring_manifest::Manifest) -> Surface<'m> {
        Surface {
            prefix: &manifest.key_prefix,
            scopes: &manifest.scopes,
            signed: manifest
                .credentials
                .iter()
                .any(|credential| matches!(credential, Credential::Signed { .. })),
        }
    }
}

/// Who mints: somebody who may hand on only what they hold themselves, or the operator.
#[derive(Clone, Copy)]
pub enum Minter<'p> {
    /// The principal of a plugin's request.
    Principal(&'p Principal),
    /// The operator, through the admin interface; what seals the secrets that requests are signed with.
    Operator(&'p MasterKeys),
}

/// A new key. The only moment at which the secret exists outside its owner's hands.
#[derive(Clone, PartialEq, Eq)]
pub struct Minted {
    /// What is kept.
    pub key: Key,
    /// The key itself. It cannot be asked for again.
    pub secret: String,
    /// What requests with it are signed with, where the surface asks for that. It cannot be asked for again either.
    pub signing_secret: Option<String>,
}

impl std::fmt::Debug for Minted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Minted")
            .field("key", &self.key.id)
            .finish_non_exhaustive()
    }
}

/// Makes a key for the surface of the work's plugin. Not safe to repeat: every call makes one.
///
/// What a principal mints goes into the audit log here, because nobody else sees it; what the operator does is written
/// down by the admin interface, which knows who that is.
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
    let master = match minter {
        Minter::Operator(master) => surface.signed.then_some(master),
        Minter::Principal(_) if surface.signed => return Err(KeyError::OperatorOnly),
        Minter::Principal(_) => None,
    };
    let minted = insert(work, surface.prefix, rights, new.expires_at, master)?;
    if let Minter::Principal(principal) = minter {
        note_minted(work, principal, &minted.key)?;
    }
    Ok(minted)
}

/// Makes a successor with the same rights, and with a signing secret of its own where the old one has one, and lets the old key
/// work for `overlap` more, unless it ends sooner. The successor ends when the old key was to end. Not safe to repeat: a second
/// call is refused, and the first secret is gone.
pub fn rotate(
    work: &mut HostWork,
    master: &MasterKeys,
    id: &KeyId,
    overlap: Duration,
) -> Result<Minted, KeyError> {
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
    let master = old.signing.as_ref().map(|_| master);
    let minted = insert(work, &old.prefix, rights, old.expires_at, master)?;
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

/// With a signing secret where there is something to seal it with.
fn insert(
    work: &mut HostWork,
    prefix: &str,
    rights: Rights,
    expires_at: Option<Timestamp>,
    master: Option<&MasterKeys>,
) -> Result<Minted, KeyError> {
    let now = work.now();
    let id = KeyId::draw(&mut work.rng, now);
    let secret = format!("{prefix}{}", ids::draw_base62(&mut work.rng, SECRET_CHARS));
    let signing = master.map(|master| signing::draw(&mut work.rng, master, &id));
    let (signing_secret, signing) = signing.transpose()?.unzip();
    let key = Key {
        id,
        tenant: rights.tenant,
        plugin: rights.plugin,
        label: rights.label,
        scopes: rights.scopes,
        user: rights.user,
        created_at: now,
        expires_at,
        revoked_at: None,
        rotated_to: None,
        hint: secret[..prefix.len() + 4].to_owned(),
        prefix: prefix.to_owned(),
        hash: hash(&secret),
        signing,
        ordinal: work.next_ordinal(&[layout::KEYS])?,
    };
    keys()
        .insert(&mut work.transaction, &key)
        .map_err(layout::checked_before)?;
    Ok(Minted {
        key,
        secret,
        signing_secret,
    })
}

fn note_minted(work: &mut HostWork, principal: &Principal, key: &Key) -> Result<(), KeyError> {
    let entry = NewEntry {
        who: principal.key().to_string(),
        action: String::from("key.mint"),
        subject: key.id.to_string(),
        tenant: Some(key.tenant.id),
        details: Json::from(
            serde_json::json!({ "plugin": key.plugin, "scopes": key.scopes, "user": key.user }),
        ),
    };
    match audit::append(work, entry) {
        Ok(_) => Ok(()),
        Err(AuditError::Invalid(invalid)) => Err(invalid.into()),
        Err(AuditError::Store(error)) => Err(error.into()),
    }
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
