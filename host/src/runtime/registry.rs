//! Which plugins are installed, and where they answer.
//!
//! The list lives in the store; this is its loaded image. A change is prepared whole, written to the store with its audit
//! line, and then swapped in at once: requests in flight keep the version that they began with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use mooring_core::audit::{self, AuditError, NewEntry};
use mooring_core::ids::PluginName;
use mooring_core::json::Json;
use mooring_core::page::{PAGE_LIMIT_MAX, Page};
use mooring_core::plugins::{self, Mount, NewRelease, PluginError};
use mooring_core::work::{HostWork, RunError};
use mooring_manifest::Manifest;

use super::Runtime;
use super::inspect::{self, Component, Grants};
use super::load::{self, LoadError};
use super::plugin::Plugin;
use crate::bindings::Listed;

/// A plugin and where it answers.
#[derive(Clone)]
pub struct Installed {
    /// As it is kept in the store.
    pub row: plugins::Plugin,
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
    /// Otherwise where it answers already, or below `/` and its name.
    pub mount: Option<Mount>,
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
    /// The place where it should answer is taken, or is none.
    #[error(transparent)]
    Place(PluginError),
    /// The data folder or the store.
    #[error("the plugin could not be kept: {0}")]
    Keep(String),
    /// What was kept of it is not there any more, or is something else.
    #[error("{0}")]
    Lost(String),
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

impl Registry {
    /// The plugin of this name, as it is loaded now.
    pub(crate) fn find(&self, name: &PluginName) -> Option<Arc<Plugin>> {
        let list = self.list.load();
        list.iter()
            .find(|installed| installed.name() == name)
            .map(|installed| Arc::clone(&installed.plugin))
    }
}

impl Runtime {
    /// Every plugin, by name.
    pub fn installed(&self) -> Arc<Vec<Installed>> {
        self.shared.installed.list.load_full()
    }

    /// The plugin of this name.
    pub fn plugin(&self, name: &PluginName) -> Option<Installed> {
        self.installed()
            .iter()
            .find(|installed| installed.name() == name)
            .cloned()
    }

    /// Loads what the store says is installed. A plugin that does not load is left out, loudly: the others must serve.
    pub async fn load_installed(&self) -> Result<(), AddError> {
        let _changing = self.shared.installed.changes.lock().await;
        let all = Page::first(PAGE_LIMIT_MAX);
        let (rows, _) = self
            .shared
            .host_write(move |work| plugins::list(work, all))
            .await
            .map_err(|error| keep(&error))?;
        let mut list = Vec::with_capacity(rows.items.len());
        for row in rows.items.into_iter().filter(|row| row.enabled) {
            let name = row.name.clone();
            match self.load_row(row).await {
                Ok(installed) => list.push(installed),
                Err(error) => {
                    tracing::error!(plugin = %name, %error, "an installed plugin does not load; it is not served");
                }
            }
        }
        self.swap(list, None);
        Ok(())
    }

    /// Installs a plugin, or replaces the one of the same name, while requests flow.
    pub async fn add(&self, wish: AddPlugin) -> Result<Installed, AddError> {
        let _changing = self.shared.installed.changes.lock().await;
        let component = load::admit(&wish.bytes, &wish.grants, self.shared.limits.component_bytes_max)?;
        let is_kept = self.source(&component.digest).exists();
        let source = self
            .keep_bytes(&component.digest, &wish.bytes)
            .map_err(|error| keep(&error))?;
        let digest = component.digest.clone();
        let added = self.add_kept(wish, component, &source).await;
        if added.is_err() && !is_kept {
            // Nobody will ask for it, and what is left behind only takes room.
            let _ = std::fs::remove_file(self.source(&digest));
        }
        added
    }

    async fn add_kept(
        &self,
        wish: AddPlugin,
        component: Component,
        source: &Path,
    ) -> Result<Installed, AddError> {
        let plugin = self.shared.load(&component, source, wish.name.as_ref()).await?;
        let release = NewRelease {
            name: plugin.facts.name.clone(),
            version: plugin.facts.manifest.version.clone(),
            digest: component.digest.clone(),
            // What it asks for now, even where everything is granted: a later release that asks for more must ask again.
            grants: component.capabilities().into_iter().map(str::to_owned).collect(),
            mount: wish.mount,
        };
        let actor = wish.actor;
        let (row, _) = self
            .shared
            .host_write(move |work| {
                let row = plugins::install(work, release.clone())?;
                note(work, &actor, "plugin.add", &row.name, &row.release.digest)?;
                Ok::<_, PluginError>(row)
            })
            .await
            .map_err(|error| match error {
                RunError::Refused(refusal) => AddError::Place(refusal),
                other => keep(&other),
            })?;
        let others = self
            .installed()
            .iter()
            .filter(|other| *other.name() != row.name)
            .cloned()
            .collect();
        let installed = Installed {
            row,
            component,
            plugin: Arc::new(plugin),
        };
        self.swap(others, Some(installed.clone()));
        Ok(installed)
    }

    /// Says what a component is and, where it can run here, what its manifest says. Installs nothing. One at a time, as changes
    /// are: a component that takes its time to say it must not take the instances that requests need.
    pub async fn inspect(&self, bytes: Vec<u8>) -> Result<(Component, Option<Arc<Manifest>>), AddError> {
        let _alone = self.shared.installed.changes.lock().await;
        let component = match load::admit(&bytes, &Grants::All, self.shared.limits.component_bytes_max) {
            Err(LoadError::UnknownImports { .. }) => {
                return Ok((Component::inspect(&bytes).map_err(LoadError::from)?, None));
            }
            admitted => admitted?,
        };
        let source =
            tempfile::NamedTempFile::new_in(&self.shared.plugin_folder).map_err(|error| keep(&error))?;
        std::fs::write(source.path(), &bytes).map_err(|error| keep(&error))?;
        let plugin = self.shared.load(&component, source.path(), None).await?;
        Ok((component, Some(Arc::clone(&plugin.facts.manifest))))
    }

    /// Takes a plugin away. Its tenants' data stays; requests in flight finish.
    pub async fn remove(&self, name: &PluginName, actor: &str) -> Result<(), RemoveError> {
        let _changing = self.shared.installed.changes.lock().await;
        let (gone, actor) = (name.clone(), actor.to_owned());
        let removed = self.shared.host_write(move |work| {
            plugins::remove(work, &gone)?;
            note(work, &actor, "plugin.remove", &gone, "")?;
            Ok::<_, PluginError>(())
        });
        removed.await.map_err(|error| match error {
            RunError::Refused(PluginError::NotFound) => RemoveError::NotFound(name.clone()),
            other => RemoveError::Keep(other.to_string()),
        })?;
        let others = self
            .installed()
            .iter()
            .filter(|other| other.name() != name)
            .cloned()
            .collect();
        self.swap(others, None);
        Ok(())
    }

    async fn load_row(&self, row: plugins::Plugin) -> Result<Installed, AddError> {
        let source = self.source(&row.release.digest);
        let bytes = tokio::fs::read(&source)
            .await
            .map_err(|error| AddError::Lost(format!("{} cannot be read: {error}", source.display())))?;
        if inspect::digest(&bytes) != row.release.digest {
            return Err(AddError::Lost(format!(
                "{} is not what was installed; add the plugin again",
                source.display()
            )));
        }
        let grants = Grants::Only(row.grants.iter().cloned().collect());
        let component = load::admit(&bytes, &grants, self.shared.limits.component_bytes_max)?;
        let plugin = self.shared.load(&component, &source, Some(&row.name)).await?;
        Ok(Installed {
            row,
            component,
            plugin: Arc::new(plugin),
        })
    }

    fn swap(&self, mut list: Vec<Installed>, new: Option<Installed>) {
        list.extend(new);
        list.sort_by(|a, b| a.name().cmp(b.name()));
        let listed = list.iter().map(|installed| {
            let listed = Listed {
                mount: installed.row.mount.clone(),
                manifest: Arc::clone(&installed.plugin.facts.manifest),
            };
            (installed.name().clone(), listed)
        });
        // First, so that whoever answers is listed.
        self.shared.office.directory.set(listed.collect());
        self.shared.installed.list.store(Arc::new(list));
    }

    fn source(&self, digest: &str) -> PathBuf {
        self.shared.plugin_folder.join(format!("{digest}.wasm"))
    }

    /// Named by content, so writing the same bytes again changes nothing.
    fn keep_bytes(&self, digest: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
        let source = self.source(digest);
        // Under another name, or once more: what is there was synced when it was written.
        if std::fs::read(&source).is_ok_and(|kept| kept == bytes) {
            return Ok(source);
        }
        let unfinished = source.with_extension("unfinished");
        std::fs::write(&unfinished, bytes)?;
        std::fs::File::open(&unfinished)?.sync_all()?;
        std::fs::rename(&unfinished, &source)?;
        // The store is about to say that it is there.
        std::fs::File::open(&self.shared.plugin_folder)?.sync_all()?;
        Ok(source)
    }
}

impl Installed {
    /// The name under which it is mounted.
    pub fn name(&self) -> &PluginName {
        &self.row.name
    }
}

/// A line of the audit log, in the transaction of what it tells of.
fn note(
    work: &mut HostWork,
    who: &str,
    action: &str,
    plugin: &PluginName,
    digest: &str,
) -> Result<(), PluginError> {
    let entry = NewEntry {
        who: who.to_owned(),
        action: action.to_owned(),
        subject: plugin.to_string(),
        tenant: None,
        details: Json::from(serde_json::json!({ "digest": digest })),
    };
    audit::append(work, entry).map(drop).map_err(|error| match error {
        AuditError::Invalid(invalid) => PluginError::Invalid(invalid),
        AuditError::Store(error) => PluginError::Store(error),
    })
}

fn keep(error: impl std::fmt::Display) -> AddError {
    AddError::Keep(error.to_string())
}
