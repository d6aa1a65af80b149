//! Which plugins are installed, and where they answer.
//!
//! The list lives in the store; this is its loaded image. A change is prepared whole, written to the store with its audit
//! line, and then swapped in at once: requests in flight keep the version that they began with.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mooring_core::draws::Draws;
use mooring_core::ids::PluginName;
use mooring_core::plugins::{self, InstalledPlugin};
use mooring_core::work::Work;

use super::Runtime;
use super::inspect::{Component, Grants};
use super::load::{self, LoadError};
use super::plugin::Plugin;

/// A plugin and where it answers.
#[derive(Clone)]
pub struct Installed {
    /// Path prefix, `/paymenter`; never ends in `/`.
    pub prefix: String,
    /// Host name, lower case, if it answers under one name only.
    pub host: Option<String>,
    /// What it may import.
    pub grants: Grants,
    /// Milliseconds since the epoch.
    pub added_at: u64,
    /// What it is made of.
    pub component: Component,
    /// The loaded version.
    pub plugin: Arc<Plugin>,
}

/// A wish to install a plugin, or a new version of one.
#[derive(Clone, Debug)]
pub struct AddPlugin {
    /// The component.
    pub bytes: Vec<u8>,
    /// Mounted under this name; otherwise the manifest's.
    pub name: Option<PluginName>,
    /// Otherwise `/` and the name.
    pub prefix: Option<String>,
    /// Answers under every host name if absent.
    pub host: Option<String>,
    /// What it may import.
    pub grants: Grants,
    /// Who wishes, for the audit log.
    pub actor: String,
}

/// Why a plugin is not installed. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The component is at fault.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Another plugin answers there.
    #[error("{prefix} is where the plugin {taken_by} answers; choose another --prefix or --host")]
    MountTaken {
        /// The place.
        prefix: String,
        /// Who has it.
        taken_by: PluginName,
    },
    /// Not a prefix.
    #[error("{0:?} is not a path prefix: it must start with / and have no empty, dotted or encoded segments")]
    BadPrefix(String),
    /// The data folder or the store.
    #[error("the plugin could not be kept: {0}")]
    Keep(String),
}

/// Why a plugin is not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// No such plugin.
    #[error("no plugin is installed under the name {0}; `mooring plugin list` shows those that are")]
    NotFound(PluginName),
    /// The store.
    #[error("the plugin could not be removed: {0}")]
    Keep(String),
}

/// Readers never wait; writers are serialised by `changes`.
#[derive(Default)]
pub(crate) struct Registry {
    list: ArcSwap<Vec<Installed>>,
    changes: tokio::sync::Mutex<()>,
}

impl Runtime {
    /// Every plugin, by name.
    pub fn installed(&self) -> Arc<Vec<Installed>> {
        self.shared.installed.list.load_full()
    }

    /// The plugin of this name.
    pub fn plugin(&self, name: &PluginName) -> Option<Installed> {
        self.installed().iter().find(|installed| installed.name() == name).cloned()
    }

    /// Loads what the store says is installed. A plugin that does not load is left out, loudly: the others must serve.
    pub async fn load_installed(&self) -> Result<(), AddError> {
        let _changing = self.shared.installed.changes.lock().await;
        let rows = self.with_work(|work| plugins::list(work).map_err(keep)).await?;
        let mut list = Vec::with_capacity(rows.len());
        for row in rows {
            let name = row.name.clone();
            match self.load_row(row).await {
                Ok(installed) => list.push(installed),
                Err(error) => {
                    tracing::error!(plugin = %name, %error, "an installed plugin does not load; it is not served");
                }
            }
        }
        self.shared.installed.list.store(Arc::new(list));
        Ok(())
    }

    /// Installs a plugin, or replaces the one of the same name, while requests flow.
    pub async fn add(&self, wish: AddPlugin) -> Result<Installed, AddError> {
        let _changing = self.shared.installed.changes.lock().await;
        let component = load::admit(&wish.bytes, &wish.grants, self.shared.limits.component_bytes_max)?;
        let source = self.keep_bytes(&component.digest, &wish.bytes).map_err(|error| keep(&error))?;
        let plugin = self.shared.load(&component, &source, wish.name.as_ref()).await?;
        let name = plugin.facts.name.clone();
        let prefix = wish.prefix.unwrap_or_else(|| format!("/{name}"));
        check_prefix(&prefix)?;
        let host = wish.host.map(|host| host.to_ascii_lowercase());
        let others: Vec<Installed> = self.installed().iter().filter(|other| *other.name() != name).cloned().collect();
        if let Some(other) = others.iter().find(|other| other.prefix == prefix && other.host == host) {
            return Err(AddError::MountTaken { prefix, taken_by: other.name().clone() });
        }
        let row = InstalledPlugin {
            name,
            version: plugin.facts.manifest.version.clone(),
            digest: component.digest.clone(),
            grants: wish.grants.to_names(),
            prefix,
            host,
            added_at: Draws::draw().now(),
        };
        let kept = row.clone();
        self.with_work(move |work| plugins::put(work, &kept, &wish.actor).map_err(keep)).await?;
        let installed = Installed::new(row, component, plugin);
        self.swap(others, Some(installed.clone()));
        Ok(installed)
    }

    /// Takes a plugin away. Its tenants' data stays; requests in flight finish.
    pub async fn remove(&self, name: &PluginName, actor: &str) -> Result<(), RemoveError> {
        let _changing = self.shared.installed.changes.lock().await;
        if self.plugin(name).is_none() {
            return Err(RemoveError::NotFound(name.clone()));
        }
        let (gone, actor) = (name.clone(), actor.to_owned());
        self.with_work(move |work| plugins::remove(work, &gone, &actor).map_err(|error| error.to_string()))
            .await
            .map_err(RemoveError::Keep)?;
        let others = self.installed().iter().filter(|other| other.name() != name).cloned().collect();
        self.swap(others, None);
        Ok(())
    }

    async fn load_row(&self, row: InstalledPlugin) -> Result<Installed, AddError> {
        let source = self.source(&row.digest);
        let bytes = tokio::fs::read(&source).await.map_err(|error| keep(&error))?;
        let grants = Grants::from_names(&row.grants);
        let component = load::admit(&bytes, &grants, self.shared.limits.component_bytes_max)?;
        let plugin = self.shared.load(&component, &source, Some(&row.name)).await?;
        Ok(Installed::new(row, component, plugin))
    }

    fn swap(&self, mut list: Vec<Installed>, new: Option<Installed>) {
        list.extend(new);
        list.sort_by(|a, b| a.name().cmp(b.name()));
        self.shared.installed.list.store(Arc::new(list));
    }

    fn source(&self, digest: &str) -> PathBuf {
        self.shared.plugin_folder.join(format!("{digest}.wasm"))
    }

    /// Named by content, so writing the same bytes again changes nothing.
    fn keep_bytes(&self, digest: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
        let source = self.source(digest);
        let unfinished = source.with_extension("unfinished");
        std::fs::write(&unfinished, bytes)?;
        std::fs::File::open(&unfinished)?.sync_all()?;
        std::fs::rename(&unfinished, &source)?;
        Ok(source)
    }

    /// One host-level transaction, off the async threads.
    async fn with_work<T: Send + 'static, E: Send + From<String> + 'static>(
        &self,
        body: impl Fn(&mut Work) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let store = self.shared.store.clone();
        tokio::task::spawn_blocking(move || Work::run_for_host(&store, body))
            .await
            .expect("a transaction does not panic and is not cancelled")
    }
}

impl Installed {
    fn new(row: InstalledPlugin, component: Component, plugin: Plugin) -> Installed {
        Installed {
            grants: Grants::from_names(&row.grants),
            prefix: row.prefix,
            host: row.host,
            added_at: row.added_at.millis(),
            component,
            plugin: Arc::new(plugin),
        }
    }

    /// The name under which it is mounted.
    pub fn name(&self) -> &PluginName {
        &self.plugin.facts.name
    }
}

impl Grants {
    /// As kept in the store: capability names, or `*`.
    fn to_names(&self) -> Vec<String> {
        match self {
            Grants::All => vec!["*".to_owned()],
            Grants::Only(names) => names.iter().cloned().collect(),
        }
    }

    fn from_names(names: &[String]) -> Grants {
        if names.iter().any(|name| name == "*") { Grants::All } else { Grants::Only(names.iter().cloned().collect()) }
    }
}

fn check_prefix(prefix: &str) -> Result<(), AddError> {
    let legal = |segment: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        !segment.is_empty() && segment != "." && segment != ".." && segment.chars().all(plain)
    };
    let is_prefix = prefix.strip_prefix('/').is_some_and(|rest| rest.split('/').all(legal));
    if is_prefix { Ok(()) } else { Err(AddError::BadPrefix(prefix.to_owned())) }
}

fn keep(error: impl std::fmt::Display) -> AddError {
    AddError::Keep(error.to_string())
}

impl From<String> for AddError {
    fn from(reason: String) -> AddError {
        AddError::Keep(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_plain_prefixes_only() {
        for good in ["/paymenter", "/a/b", "/v1.0"] {
            assert!(check_prefix(good).is_ok(), "{good}");
        }
        for bad in ["", "/", "paymenter", "/a/", "//a", "/a/../b", "/a b", "/a%20b", "/a?b"] {
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
    }
}
