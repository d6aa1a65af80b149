//! Which plugins are installed, where they answer and what they were granted.
//!
//! Only the facts: loading, proving and swapping a plugin is the runtime's business. The bytes of a component lie in a
//! file named after their digest.

use mooring_store::{Document, Documents, IndexEntries, Selection, StoreError};
use serde::{Deserialize, Serialize};

use crate::check::{self, InvalidField, chars};
use crate::ids::PluginName;
use crate::layout;
use crate::page::{Listing, Page};
use crate::time::Timestamp;
use crate::work::HostWork;

const MOUNT: &str = "mount";

/// Earlier releases that are remembered, for going back.
const RELEASES_MAX: usize = 20;

/// An installed plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugin {
    /// From its manifest; unique.
    pub name: PluginName,
    /// What runs.
    pub release: Release,
    /// What ran before, newest first; at most 20.
    pub earlier: Vec<Release>,
    /// Interfaces that the operator has granted, sorted.
    pub grants: Vec<String>,
    /// Where it answers; unique.
    pub mount: Mount,
    /// While unset, it is loaded by nobody.
    pub enabled: bool,
    /// When it was first installed.
    pub added_at: Timestamp,
    /// When anything was last changed.
    pub updated_at: Timestamp,
    ordinal: u64,
}

/// One state of a plugin's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// From its manifest.
    pub version: String,
    /// SHA-256 of the component, 64 hex digits in lower case.
    pub digest: String,
    /// When it was put to work.
    pub added_at: Timestamp,
}

/// Where a plugin answers: on one host name or all, below one prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Host name, lower case, without port; absent for any.
    pub host: Option<String>,
    /// Such as `/paymenter`; empty for the root. No slash at its end.
    pub prefix: String,
}

impl Mount {
    /// Below `/<name>`, on any host.
    pub fn default_for(name: &PluginName) -> Mount {
        Mount {
            host: None,
            prefix: format!("/{name}"),
        }
    }
}

/// What a plugin is installed or upgraded with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRelease {
    /// From the manifest.
    pub name: PluginName,
    /// From the manifest; 1 to 100 characters.
    pub version: String,
    /// SHA-256 of the component, 64 hex digits in lower case.
    pub digest: String,
    /// Interfaces that the operator grants.
    pub grants: Vec<String>,
    /// Where it answers; absent keeps the mount it has, or takes the default one.
    pub mount: Option<Mount>,
}

/// Fields left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginChanges {
    /// See [`Plugin::grants`].
    pub grants: Option<Vec<String>>,
    /// See [`Plugin::mount`].
    pub mount: Option<Mount>,
    /// See [`Plugin::enabled`].
    pub enabled: Option<bool>,
}

/// Why a plugin was not installed, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// Another plugin answers there.
    #[error("the plugin {0} answers there")]
    MountTaken(PluginName),
    /// No such plugin is installed.
    #[error("no such plugin is installed")]
    NotFound,
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Installs a plugin, or puts another release of it to work (an upgrade and a roll-back are the same). Repeating it is
/// safe. An installed plugin stays enabled or disabled as it was.
pub fn install(work: &mut HostWork, new: NewRelease) -> Result<Plugin, PluginError> {
    check::text("version", &new.version, chars(1, 100))?;
    check_digest(&new.digest)?;
    let before = by_name(work, &new.name)?;
    let now = work.now();
    let release = Release {
        version: new.version,
        digest: new.digest,
        added_at: now,
    };
    let mut plugin = match &before {
        Some(plugin) => plugin.clone(),
        None => Plugin {
            mount: Mount::default_for(&new.name),
            name: new.name,
            release: release.clone(),
            earlier: Vec::new(),
            grants: Vec::new(),
            enabled: true,
            added_at: now,
            updated_at: now,
            ordinal: work.next_ordinal(&[layout::PLUGINS])?,
        },
    };
    if plugin.release.digest != release.digest {
        let replaced = std::mem::replace(&mut plugin.release, release);
        plugin.earlier.insert(0, replaced);
        plugin.earlier.truncate(RELEASES_MAX);
    }
    plugin.grants = sorted(new.grants);
    if let Some(mount) = new.mount {
        plugin.mount = mount;
    }
    save(work, before.as_ref(), plugin)
}

/// The plugin of this name.
pub fn get(work: &mut HostWork, name: &PluginName) -> Result<Plugin, PluginError> {
    by_name(work, name)?.ok_or(PluginError::NotFound)
}

/// Changes how an installed plugin is used. Repeating it is safe.
pub fn update(work: &mut HostWork, name: &PluginName, changes: PluginChanges) -> Result<Plugin, PluginError> {
    let before = get(work, name)?;
    let mut plugin = before.clone();
    if let Some(grants) = changes.grants {
        plugin.grants = sorted(grants);
    }
    if let Some(mount) = changes.mount {
        plugin.mount = mount;
    }
    if let Some(enabled) = changes.enabled {
        plugin.enabled = enabled;
    }
    save(work, Some(&before), plugin)
}

/// Forgets a plugin. What it has written for its tenants stays, and is there again when it is installed again. Safe to
/// repeat: the second call finds nothing.
pub fn remove(work: &mut HostWork, name: &PluginName) -> Result<(), PluginError> {
    let existed = plugins().remove(&mut work.transaction, name.as_str().as_bytes())?;
    if existed {
        Ok(())
    } else {
        Err(PluginError::NotFound)
    }
}

/// All installed plugins.
pub fn list(work: &mut HostWork, page: Page) -> Result<Listing<Plugin>, PluginError> {
    check::page(page)?;
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = plugins().page(&mut work.transaction, Selection::All, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

fn save(work: &mut HostWork, before: Option<&Plugin>, mut plugin: Plugin) -> Result<Plugin, PluginError> {
    if before == Some(&plugin) {
        return Ok(plugin);
    }
    check_mount(&plugin.mount)?;
    let value = mount_value(&plugin.mount);
    if let Some(other) = plugins().find_unique(&mut work.transaction, MOUNT, &value)?
        && other.name != plugin.name
    {
        return Err(PluginError::MountTaken(other.name));
    }
    plugin.updated_at = work.now();
    let saved = match before {
        Some(_) => plugins().replace(&mut work.transaction, &plugin),
        None => plugins().insert(&mut work.transaction, &plugin),
    };
    saved.map_err(layout::checked_before)?;
    Ok(plugin)
}

fn check_digest(digest: &str) -> Result<(), InvalidField> {
    let legal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digest.len() == 64 && digest.bytes().all(legal) {
        return Ok(());
    }
    Err(InvalidField::new("digest", "must be 64 hex digits in lower case"))
}

fn check_mount(mount: &Mount) -> Result<(), InvalidField> {
    let prefix = &mount.prefix;
    let segment = |text: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        !text.is_empty() && !matches!(text, "." | "..") && text.bytes().all(legal)
    };
    let root = prefix.is_empty();
    let below = prefix
        .strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(segment));
    if prefix.len() > 200 || !(root || below) {
        let reason = "must be empty, or like /name or /a/b of letters, digits, -, _, . and ~";
        return Err(InvalidField::new("prefix", reason));
    }
    let Some(host) = &mount.host else { return Ok(()) };
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let empty_label = host.split('.').any(str::is_empty);
    if empty_label || host.len() > 253 || !host.bytes().all(legal) {
        return Err(InvalidField::new(
            "host",
            "must be a host name in lower case, without a port",
        ));
    }
    Ok(())
}

fn sorted(mut grants: Vec<String>) -> Vec<String> {
    grants.sort();
    grants.dedup();
    grants
}

fn by_name(work: &mut HostWork, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
    plugins().get(&mut work.transaction, name.as_str().as_bytes())
}

fn plugins() -> Documents<Plugin> {
    Documents::new(layout::PLUGINS, Vec::new())
}

fn mount_value(mount: &Mount) -> Vec<u8> {
    format!("{} {}", mount.host.as_deref().unwrap_or("*"), mount.prefix).into_bytes()
}

impl Document for Plugin {
    fn id(&self) -> Vec<u8> {
        self.name.as_str().as_bytes().to_vec()
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn indexes(&self) -> IndexEntries {
        IndexEntries {
            unique: vec![(MOUNT.to_owned(), mount_value(&self.mount))],
            listed: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
