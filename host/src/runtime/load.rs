//! From a file's bytes to a plugin that has proved that it starts.
//!
//! In this order: size, imports against grants (before anything is compiled), compile under limits, link, `describe` of a copy with
//! nothing granted, the manifest's own rules, and a rehearsal of the answers that the plugin gives to the host's failures.
//! Whatever goes wrong, the operator is told what and by which command to mend it, and nothing has changed.

use std::path::Path;
use std::sync::Arc;

use mooring_core::draws::Draws;
use mooring_core::ids::PluginName;
use mooring_core::time::Timestamp;
use wasmtime::Engine;

use super::Shared;
use super::compile::CompileError;
use super::inspect::{CAPABILITIES, Component, Grants, InspectError, World};
use super::instance::{GatewayProgram, ProviderProgram};
use super::manifest::{self, ManifestError};
use super::plugin::{FailureAnswers, Plugin, Role, check_answer};
use super::program::{Fault, Program, Run};
use crate::bindings::{Caller, Desk, Facts};
use crate::exchange::{Cause, Exchange, Outcome, Reply};

/// Why a component is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// `plugin.component_bytes_max`
    #[error("the component has {size} bytes, and the limit is {limit} (plugin.component_bytes_max)")]
    TooLarge {
        /// Bytes it has.
        size: u64,
        /// Bytes it may have.
        limit: u64,
    },
    /// Not a component.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It imports what this host does not have at all.
    #[error(
        "the component imports {}, which this host does not offer to a {}; it offers mooring:plugin 0.1.0 ({}) and an \
         empty-handed WASI 0.2 without files and sockets", .imports.join(", "), .world.name(), CAPABILITIES.join(", ")
    )]
    UnknownImports {
        /// What it implements.
        world: World,
        /// Full names.
        imports: Vec<String>,
    },
    /// It imports what the operator has not granted.
    #[error(
        "the component imports {}, which is not granted; add `--grant {}` to grant all that it asks for, or --grant-all",
        .missing.join(", "), .asked.join(",")
    )]
    NotGranted {
        /// Capabilities.
        missing: Vec<String>,
        /// All that it asks for.
        asked: Vec<String>,
    },
    /// It does not become machine code.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It compiled but does not fit the contract.
    #[error("the component does not implement the world `{}` of mooring:plugin 0.1.0: {reason}", .world.name())]
    Link {
        /// What it seems to implement.
        world: World,
        /// In wasmtime's words.
        reason: String,
    },
    /// It fails before it serves anything.
    #[error("the plugin fails in {export}: {fault}")]
    Fails {
        /// `describe` or `handle`.
        export: &'static str,
        /// How.
        fault: Fault,
    },
    /// Its manifest breaks a rule.
    #[error("the plugin's manifest is refused: {0}")]
    Manifest(#[from] ManifestError),
}

/// Checks what can be checked without compiling.
pub(crate) fn admit(bytes: &[u8], grants: &Grants, bytes_max: u64) -> Result<Component, LoadError> {
    let size = bytes.len() as u64;
    if size > bytes_max {
        return Err(LoadError::TooLarge {
            size,
            limit: bytes_max,
        });
    }
    let component = Component::inspect(bytes)?;
    let unknown = component.unknown_imports();
    if !unknown.is_empty() {
        return Err(LoadError::UnknownImports {
            world: component.world,
            imports: unknown.into_iter().map(str::to_owned).collect(),
        });
    }
    let missing = component.missing_grants(grants);
    if !missing.is_empty() {
        let names = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        return Err(LoadError::NotGranted {
            missing: names(missing),
            asked: names(component.capabilities()),
        });
    }
    Ok(component)
}

impl Shared {
    /// Loads an admitted component from its file. `name` goes before the manifest's own.
    pub(crate) async fn load(
        self: &Arc<Shared>,
        component: &Component,
        source: &Path,
        name: Option<&PluginName>,
    ) -> Result<Plugin, LoadError> {
        // What describes itself is a copy, in a slot that no request is given while the pool has fresh ones: a manifest touches
        // far more memory than a request, and the pool would wipe those pages again after every request.
        let copy = self.linked(component, source).await?;
        let (shared, digest, name) = (Arc::clone(self), component.digest.clone(), name.cloned());
        let facts = blocking(move || shared.facts(copy, digest, name)).await?;
        let linked = self.linked(component, source).await?;
        let shared = Arc::clone(self);
        blocking(move || shared.rehearse_all(linked, facts)).await
    }

    async fn linked(&self, component: &Component, source: &Path) -> Result<Linked, LoadError> {
        let compiled = self.cache.load(&self.engine, &component.digest, source).await?;
        Linked::new(&self.engine, component.world, &compiled).map_err(|error| LoadError::Link {
            world: component.world,
            reason: format!("{error:#}"),
        })
    }

    /// Runs the plugin for the first time, with nothing granted.
    fn facts(
        &self,
        linked: Linked,
        digest: String,
        name: Option<PluginName>,
    ) -> Result<Arc<Facts>, LoadError> {
        let nobody = Facts {
            name: PluginName::parse("describe").expect("a legal name"),
            digest: digest.clone(),
            manifest: Arc::default(),
        };
        let text = linked
            .describe(self.nobodys_desk(&Arc::new(nobody)))
            .result
            .map_err(|fault| LoadError::Fails {
                export: "describe",
                fault,
            })?;
        let manifest = manifest::parse(&text, linked.world(), self.manifest_rule)?;
        let name = match name {
            Some(name) => name,
            None => PluginName::parse(&manifest.name).expect("the manifest's name was checked"),
        };
        Ok(Arc::new(Facts {
            name,
            digest,
            manifest,
        }))
    }

    /// Has a provider say its words for all that the host may have to say in its place. A gateway words no answers.
    fn rehearse_all(&self, linked: Linked, facts: Arc<Facts>) -> Result<Plugin, LoadError> {
        let role = match linked {
            Linked::Provider(program) => Role::Provider {
                failure_answers: Box::new(self.failure_answers(&program, &facts)?),
                refusals: Arc::new(self.refusals(&program, &facts)),
                program: Box::new(program),
            },
            Linked::Gateway(program) => Role::Gateway(program),
        };
        Ok(Plugin::new(facts, role, &self.limits))
    }

    /// The plugin's own words for the host's failures.
    pub(crate) fn failure_answers(
        &self,
        program: &dyn Program,
        facts: &Arc<Facts>,
    ) -> Result<FailureAnswers, LoadError> {
        FailureAnswers::render(|cause| {
            self.rehearse(program, facts, cause)
                .map_err(|fault| LoadError::Fails {
                    export: "handle",
                    fault,
                })
        })
    }

    /// The plugin's own words for whatever the host may refuse. They are for documents only, so a plugin that has none for a
    /// cause is loaded all the same.
    fn refusals(&self, program: &dyn Program, facts: &Arc<Facts>) -> Vec<(Cause, Reply)> {
        let asked = Cause::samples(&facts.manifest).into_iter().filter_map(|cause| {
            let reply = self.rehearse(program, facts, cause.clone()).ok()?;
            Some((cause, reply))
        });
        asked.collect()
    }

    fn rehearse(&self, program: &dyn Program, facts: &Arc<Facts>, cause: Cause) -> Result<Reply, Fault> {
        let exchange = rehearsal(cause);
        let run = program.handle(self.nobodys_desk(facts), &exchange);
        run.result
            .and_then(|answer| check_answer(answer, &self.limits).map_err(Fault::BadAnswer))
            .and_then(|reply: Reply| match reply.status {
                400.. => Ok(reply),
                status => Err(Fault::BadAnswer(format!(
                    "{status} is no status for {:?}",
                    exchange.outcome
                ))),
            })
    }

    fn nobodys_desk(&self, facts: &Arc<Facts>) -> Desk {
        Desk::new(&self.office, facts, &nobodys_draws(), Caller::Nobody)
    }
}

/// A component of either world, with its imports resolved.
enum Linked {
    Provider(ProviderProgram),
    Gateway(GatewayProgram),
}

impl Linked {
    fn new(
        engine: &Engine,
        world: World,
        compiled: &wasmtime::component::Component,
    ) -> wasmtime::Result<Linked> {
        Ok(match world {
            World::Provider => Linked::Provider(ProviderProgram::link(engine, compiled)?),
            World::Gateway => Linked::Gateway(GatewayProgram::link(engine, compiled)?),
        })
    }

    fn world(&self) -> World {
        match self {
            Linked::Provider(_) => World::Provider,
            Linked::Gateway(_) => World::Gateway,
        }
    }

    fn describe(&self, desk: Desk) -> Run<String> {
        match self {
            Linked::Provider(program) => program.describe(desk),
            Linked::Gateway(program) => program.describe(desk),
        }
    }
}

async fn blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(run)
        .await
        .expect("what is rehearsed does not panic and is not cancelled")
}

/// Nobody can tell a rehearsal from the first request of the epoch.
fn nobodys_draws() -> Arc<Draws> {
    Draws::with_seed(Timestamp(0), [0; 32])
}

fn rehearsal(cause: Cause) -> Exchange {
    Exchange {
        outcome: Outcome::Rejected { cause, route: None },
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        params: Vec::new(),
        headers: Vec::new(),
        body: bytes::Bytes::new(),
        principal: None,
        request_id: "rehearsal".to_owned(),
        claim: None,
        resumed: None,
    }
}
