//! What a component says without being run or compiled: its world, its imports, its size, its digest, its SDK.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::Types;
use wasmparser::{Parser, Payload, ValidPayload, Validator};

/// The custom section in which the SDK leaves its version.
const SDK_SECTION: &str = "mooring-sdk";

/// The contract that this host speaks, as it stands in import names.
const CONTRACT: &str = "mooring:plugin/";
const CONTRACT_VERSIONS: &[&str] = &["0.1.0"];

/// Interfaces that every plugin may import, because they reach nothing: types, the request's own clock and randomness,
/// and the request's own log.
const ALWAYS_GRANTED: &[&str] = &["types", "exchange", "gateways", "context", "log"];

/// Interfaces that an operator can grant, in the order in which they are shown.
pub const CAPABILITIES: &[&str] = &[
    "settings",
    "users",
    "services",
    "ledger",
    "records",
    "jobs",
    "webhooks",
    "endpoints",
    "keys",
    "payments",
    "outbound",
    "signatures",
];

/// Those that a provider can be granted.
const PROVIDER_CAPABILITIES: &[&str] = &[
    "settings",
    "users",
    "services",
    "ledger",
    "records",
    "jobs",
    "webhooks",
    "endpoints",
    "keys",
    "payments",
    "outbound",
];

/// Those that a gateway can be granted: it says what has happened, the host writes it down.
const GATEWAY_CAPABILITIES: &[&str] = &["settings", "outbound", "signatures"];

/// The part of WASI 0.2 that is linked, deterministic and empty-handed. What a Rust or C guest drags in without asking.
const WASI: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
];

/// What a component implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// An API surface: `provider`.
    Provider,
    /// What moves the money of payments: `gateway`.
    Gateway,
}

/// A component, looked at from outside.
#[derive(Clone, Debug)]
pub struct Component {
    /// What it implements.
    pub world: World,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
    /// Every import, by its full name, sorted.
    pub imports: Vec<String>,
    /// Those that hold something that can be called. Types alone reach nothing, and every plugin imports the types of its
    /// own exports.
    callable: BTreeSet<String>,
    /// The version of the SDK that built it, where it left one.
    pub sdk_version: Option<String>,
}

/// How every WebAssembly file begins.
const MAGIC: &[u8] = b"\0asm";

/// Why bytes are not a component that this host could run.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Not WebAssembly, or damaged.
    #[error("the file is not a WebAssembly component: {0}")]
    NotWasm(String),
    /// A core module.
    #[error(
        "the file is a core WebAssembly module, not a component; build it with `cargo build --target wasm32-wasip2`"
    )]
    CoreModule,
    /// Neither a provider nor a gateway.
    #[error(
        "the component implements neither the world `provider` nor the world `gateway` of mooring:plugin 0.1.0: it exports \
         neither `handle` nor `notify`"
    )]
    NoWorld,
}

/// What a component would be allowed to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grants {
    /// Every capability that there is.
    All,
    /// These, by the names in [`CAPABILITIES`].
    Only(BTreeSet<String>),
}

/// What a component is known by: SHA-256 of its bytes, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl Component {
    /// Reads a component's head and sections. Runs and compiles nothing.
    pub fn inspect(bytes: &[u8]) -> Result<Component, InspectError> {
        if !bytes.starts_with(MAGIC) {
            return Err(InspectError::NotWasm(
                "it does not begin with 00 61 73 6d".to_owned(),
            ));
        }
        // Some of the parser's messages go over several lines.
        let not_wasm = |error: wasmparser::BinaryReaderError| {
            let message = error.to_string();
            InspectError::NotWasm(message.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        if Parser::is_core_wasm(bytes) {
            return Err(InspectError::CoreModule);
        }
        // Checks types and structure; the bodies of functions are for the compiler, which sees them only if the rest is right.
        let mut validator = Validator::new();
        let mut types = None;
        let mut names = Vec::new();
        let mut world = None;
        let mut sdk_version = None;
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(not_wasm)?;
            if let ValidPayload::End(of_this_depth) = validator.payload(&payload).map_err(not_wasm)? {
                // The outermost one ends last.
                types = Some(of_this_depth);
            }
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        names.push(import.map_err(not_wasm)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        world = world.or(World::exporting(export.map_err(not_wasm)?.name.name));
                    }
                }
                Payload::CustomSection(section) if section.name() == SDK_SECTION => {
                    sdk_version = Some(String::from_utf8_lossy(section.data()).into_owned());
                }
                _ => {}
            }
        }
        let types = types.ok_or_else(|| InspectError::NotWasm("it has no end".to_owned()))?;
        let (mut imports, mut callable) = (BTreeSet::new(), BTreeSet::new());
        for name in names {
            match import_kind(&types, &name) {
                ImportKind::BareType => continue,
                ImportKind::Callable => drop(callable.insert(name.clone())),
                ImportKind::TypesOnly => {}
            }
            imports.insert(name);
        }
        Ok(Component {
            world: world.ok_or(InspectError::NoWorld)?,
            digest: digest(bytes),
            size: bytes.len() as u64,
            imports: imports.into_iter().collect(),
            callable,
            sdk_version,
        })
    }

    /// The capabilities it asks for, in the order of [`CAPABILITIES`].
    pub fn capabilities(&self) -> Vec<&'static str> {
        let asked: BTreeSet<&str> = self
            .callable
            .iter()
            .filter_map(|name| contract_interface(name))
            .collect();
        CAPABILITIES
            .iter()
            .copied()
            .filter(|capability| asked.contains(capability))
            .collect()
    }

    /// Imports that no grant can satisfy: other packages, other versions of the contract, more of WASI, functions that its
    /// world does not have.
    pub fn unknown_imports(&self) -> Vec<&str> {
        self.imports
            .iter()
            .map(String::as_str)
            .filter(|name| !self.is_known(name))
            .collect()
    }

    fn is_known(&self, import: &str) -> bool {
        let Some(interface) = contract_interface(import) else {
            return is_wasi(import);
        };
        if ALWAYS_GRANTED.contains(&interface) {
            return true;
        }
        // Where nothing can be called, only types are needed.
        CAPABILITIES.contains(&interface)
            && (self.world.capabilities().contains(&interface) || !self.callable.contains(import))
    }

    /// Capabilities it asks for that `grants` does not hold.
    pub fn missing_grants(&self, grants: &Grants) -> Vec<&'static str> {
        self.capabilities()
            .into_iter()
            .filter(|capability| !grants.holds(capability))
            .collect()
    }
}

impl World {
    /// The world that has this export and no other has.
    fn exporting(export: &str) -> Option<World> {
        match export {
            "handle" => Some(World::Provider),
            "notify" => Some(World::Gateway),
            _ => None,
        }
    }

    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            World::Provider => "provider",
            World::Gateway => "gateway",
        }
    }

    /// What it can be granted.
    fn capabilities(self) -> &'static [&'static str] {
        match self {
            World::Provider => PROVIDER_CAPABILITIES,
            World::Gateway => GATEWAY_CAPABILITIES,
        }
    }
}

impl Grants {
    /// Whether this capability is granted.
    pub fn holds(&self, capability: &str) -> bool {
        match self {
            Grants::All => true,
            Grants::Only(names) => names.contains(capability),
        }
    }
}

enum ImportKind {
    /// A name for a type, outside any interface.
    BareType,
    /// An interface of types.
    TypesOnly,
    /// Anything else.
    Callable,
}

fn import_kind(types: &Types, import: &str) -> ImportKind {
    let is_type = |entity: &ComponentEntityType| matches!(entity, ComponentEntityType::Type { .. });
    match types.component_item_for_import(import).map(|item| item.ty) {
        Some(ComponentEntityType::Type { .. }) => ImportKind::BareType,
        Some(ComponentEntityType::Instance(instance))
            if types[instance].exports.values().all(|export| is_type(&export.ty)) =>
        {
            ImportKind::TypesOnly
        }
        _ => ImportKind::Callable,
    }
}

fn is_wasi(import: &str) -> bool {
    import
        .split_once('@')
        .is_some_and(|(name, version)| WASI.contains(&name) && version.starts_with("0.2."))
}

/// `users` of `mooring:plugin/users@0.1.0`, if this host speaks that version.
fn contract_interface(import: &str) -> Option<&str> {
    let (interface, version) = import.strip_prefix(CONTRACT)?.split_once('@')?;
    CONTRACT_VERSIONS.contains(&version).then_some(interface)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(world: World, imports: &[&str]) -> Component {
        Component {
            world,
            digest: String::new(),
            size: 0,
            imports: imports.iter().map(|&name| name.to_owned()).collect(),
            callable: imports.iter().map(|&name| name.to_owned()).collect(),
            sdk_version: None,
        }
    }

    #[test]
    fn names_imports_that_nobody_can_grant() {
        let component = component(
            World::Provider,
            &[
                "mooring:plugin/users@0.1.0",
                "mooring:plugin/users@0.9.0",
                "wasi:cli/stderr@0.2.6",
                "wasi:sockets/tcp@0.2.6",
                "wasi:cli/stderr@0.3.0",
            ],
        );
        assert_eq!(
            component.unknown_imports(),
            [
                "mooring:plugin/users@0.9.0",
                "wasi:sockets/tcp@0.2.6",
                "wasi:cli/stderr@0.3.0"
            ]
        );
    }

    #[test]
    fn asks_for_what_it_imports_and_no_more() {
        let component = component(
            World::Provider,
            &[
                "mooring:plugin/types@0.1.0",
                "mooring:plugin/outbound@0.1.0",
                "mooring:plugin/users@0.1.0",
            ],
        );
        assert_eq!(component.capabilities(), ["users", "outbound"]);
        let grants = Grants::Only(BTreeSet::from(["users".to_owned()]));
        assert_eq!(component.missing_grants(&grants), ["outbound"]);
        assert!(component.missing_grants(&Grants::All).is_empty());
    }

    #[test]
    fn a_gateway_calls_less_and_may_use_the_types_of_payments() {
        let payments = "mooring:plugin/payments@0.1.0";
        let imports = [
            payments,
            "mooring:plugin/signatures@0.1.0",
            "mooring:plugin/users@0.1.0",
        ];
        let mut gateway = component(World::Gateway, &imports);
        assert_eq!(
            gateway.unknown_imports(),
            [payments, "mooring:plugin/users@0.1.0"]
        );
        gateway.callable.remove(payments);
        assert_eq!(gateway.unknown_imports(), ["mooring:plugin/users@0.1.0"]);
        let provider = component(World::Provider, &imports);
        assert_eq!(provider.unknown_imports(), ["mooring:plugin/signatures@0.1.0"]);
    }

    #[test]
    fn refuses_what_is_no_component() {
        assert!(matches!(
            Component::inspect(b"#!/bin/sh"),
            Err(InspectError::NotWasm(_))
        ));
        assert!(matches!(
            Component::inspect(b"\0asm\x01\0\0\0"),
            Err(InspectError::CoreModule)
        ));
    }
}
