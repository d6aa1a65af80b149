//! What the operator asks: the plugins.

use std::collections::BTreeSet;
use std::sync::Arc;

use mooring_core::ids::PluginName;
use mooring_core::payments::Payment;
use mooring_core::plugins::{Mount, PluginError};
use mooring_core::work::Committed;
use mooring_manifest::Manifest;

use super::Live;
use crate::admin::operations::{
    AddPlugin, Answer, Grants, Inspection, LoadError, Operations, PluginStatus, RouteStatus, RouteUsage,
    Simulation, SimulationError,
};
use crate::runtime::inspect::{self, CAPABILITIES};
use crate::runtime::{self, AddError, Installed, RemoveError};

impl Operations for Live {
    fn plugins(&self) -> Vec<PluginStatus> {
        self.runtime.installed().iter().map(status).collect()
    }

    fn manifest(&self, plugin: &str) -> Option<Arc<Manifest>> {
        let name = PluginName::parse(plugin).ok()?;
        Some(Arc::clone(&self.runtime.plugin(&name)?.plugin.facts().manifest))
    }

    fn add(&self, plugin: AddPlugin) -> Answer<'_, PluginStatus> {
        Box::pin(async move {
            let wish = wish(plugin)?;
            let installed = self.runtime.add(wish).await?;
            self.remount();
            Ok(status(&installed))
        })
    }

    fn remove<'a>(&'a self, plugin: &'a str, actor: &'static str) -> Answer<'a, ()> {
        Box::pin(async move {
            let name = PluginName::parse(plugin).map_err(|_| LoadError::NotFound(plugin.to_owned()))?;
            self.runtime.remove(&name, actor).await?;
            self.remount();
            Ok(())
        })
    }

    fn announce(&self, committed: &Committed) {
        self.runtime.announce(committed);
    }

    fn clock_moved(&self) {
        self.runtime.clock_moved();
    }

    fn inspect(&self, bytes: Vec<u8>) -> Answer<'_, Inspection> {
        Box::pin(async move {
            let (component, manifest) = self.runtime.inspect(bytes).await?;
            Ok(Inspection {
                manifest: manifest.map(Arc::unwrap_or_clone),
                world: component.world.name(),
                imports: component.capabilities().into_iter().map(str::to_owned).collect(),
                refused_imports: component
                    .unknown_imports()
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
                digest: component.digest,
                size: component.size,
                sdk_version: component.sdk_version,
            })
        })
    }

    fn simulate(&self, simulation: Simulation) -> Answer<'_, Payment, SimulationError> {
        Box::pin(self.run_simulation(simulation))
    }
}

fn wish(plugin: AddPlugin) -> Result<runtime::AddPlugin, LoadError> {
    let invalid = |field, reason: String| LoadError::Invalid { field, reason };
    let name = plugin
        .name
        .map(|name| PluginName::parse(&name))
        .transpose()
        .map_err(|error| invalid("name", error.to_string()))?;
    let grants = match plugin.grants {
        Grants::All => inspect::Grants::All,
        Grants::Only(names) => {
            if let Some(unknown) = names.iter().find(|name| !CAPABILITIES.contains(&name.as_str())) {
                let known = CAPABILITIES.join(", ");
                return Err(invalid(
                    "grant",
                    format!("{unknown:?} is no capability; there are {known}"),
                ));
            }
            inspect::Grants::Only(BTreeSet::from_iter(names))
        }
    };
    let mount = match (plugin.prefix, plugin.host) {
        (None, None) => None,
        (Some(prefix), host) => Some(Mount {
            host,
            prefix: prefix.trim_end_matches('/').to_owned(),
        }),
        // A host name that is all the plugin's.
        (None, host) => Some(Mount {
            host,
            prefix: String::new(),
        }),
    };
    Ok(runtime::AddPlugin {
        bytes: plugin.bytes,
        name,
        mount,
        grants,
        actor: plugin.actor.to_owned(),
    })
}

fn status(installed: &Installed) -> PluginStatus {
    let facts = installed.plugin.facts();
    let routes = facts.manifest.routes.iter().map(|route| RouteStatus {
        name: route.name.clone(),
        method: route.method.clone(),
        path: route.path.clone(),
    });
    let usage = installed
        .plugin
        .usage()
        .into_iter()
        .map(|(route, totals)| RouteUsage {
            route,
            calls: totals.requests,
            failures: totals.failures,
            fuel: totals.fuel,
            host_calls: totals.host_calls,
            bytes_written: totals.bytes_written,
            reruns: totals.reruns,
        });
    PluginStatus {
        name: installed.name().to_string(),
        version: facts.manifest.version.clone(),
        world: installed.plugin.world().name(),
        digest: facts.digest.clone(),
        prefix: installed.row.mount.prefix.clone(),
        host: installed.row.mount.host.clone(),
        grants: installed.row.grants.clone(),
        imports: installed
            .component
            .capabilities()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        routes: routes.collect(),
        usage: usage.collect(),
    }
}

impl From<AddError> for LoadError {
    fn from(error: AddError) -> LoadError {
        match error {
            AddError::Load(error @ runtime::LoadError::NotGranted { .. }) => {
                LoadError::NotGranted(error.to_string())
            }
            AddError::Load(error) => LoadError::Refused(error.to_string()),
            AddError::Place(error @ PluginError::MountTaken(_)) => {
                LoadError::MountTaken(format!("{error}; choose another --prefix or --host"))
            }
            AddError::Place(PluginError::Invalid(invalid)) => {
                let field = if invalid.field == "host" { "host" } else { "prefix" };
                LoadError::Invalid {
                    field,
                    reason: invalid.reason,
                }
            }
            error => LoadError::Internal(Box::new(error)),
        }
    }
}

impl From<RemoveError> for LoadError {
    fn from(error: RemoveError) -> LoadError {
        match error {
            RemoveError::NotFound(name) => LoadError::NotFound(name.to_string()),
            error @ RemoveError::Keep(_) => LoadError::Internal(Box::new(error)),
        }
    }
}
