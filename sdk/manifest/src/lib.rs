//! What a plugin says about itself: the JSON that `describe` returns.
//!
//! The SDK writes it, the host reads it; this is its one definition. The host routes, authenticates, limits, documents
//! and measures from the manifest alone, so what a plugin makes public can be read without reading its code. Unknown
//! fields are refused: a plugin that asks for something this host does not know fails at load, by name.

use serde::{Deserialize, Serialize};

/// The whole description of one plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `a-z`, `0-9` and `-`, 1 to 40 characters; also the default mount prefix.
    pub name: String,
    /// Semantic version of the plugin.
    pub version: String,
    /// One line for people.
    pub summary: String,
    /// How callers prove who they are, tried in this order. Routes refer to the whole list.
    #[serde(default)]
    pub credentials: Vec<Credential>,
    /// What keys of this surface start with, such as `vfc_live_`.
    #[serde(default)]
    pub key_prefix: String,
    /// Every scope that a key of this surface can carry.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// In order of their index, which is what a matched request carries.
    pub routes: Vec<Route>,
    /// Request headers that the plugin reads, in lower case; it is given no others.
    #[serde(default)]
    pub request_headers: Vec<String>,
    /// What the operator can set per tenant.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// The plugin's own documents.
    #[serde(default)]
    pub collections: Vec<Collection>,
    /// Where jobs may call out to.
    #[serde(default)]
    pub targets: Vec<Target>,
}

/// Where a request carries its API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Credential {
    /// `Authorization: Bearer KEY` (RFC 6750).
    Bearer,
    /// The key alone in the header of this name (lower case).
    Header {
        /// Such as `x-api-key`.
        name: String,
    },
}

/// A permission of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Such as `user:read`.
    pub name: String,
    /// For people.
    pub summary: String,
}

/// Whether a route may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Sees one consistent state, never conflicts, cannot write.
    Read,
    /// A serialisable transaction.
    Write,
}

/// Who may call a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Guard {
    /// Anybody. The request has no principal and can neither read nor write.
    Public,
    /// Any valid key.
    Key,
    /// A valid key that carries at least one of these scopes.
    Scopes {
        /// Each declared in [`Manifest::scopes`].
        any: Vec<String>,
    },
}

/// One method on one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The operation's name in documents and metrics, unique in the plugin: `user-create`.
    pub name: String,
    /// Upper case.
    pub method: String,
    /// Below the mount: `/api/v1/services/{id}`. A parameter is one whole segment.
    pub path: String,
    /// What the route may do.
    pub access: Access,
    /// Who may call it.
    pub guard: Guard,
    /// Requests per minute for each key and address; absent or 0 for no limit. The operator's setting
    /// `rate_limit_per_minute` goes first.
    #[serde(default)]
    pub rate_limit_per_minute: Option<u32>,
    /// Larger bodies are refused before the plugin sees them. The host's own limit holds too.
    #[serde(default)]
    pub body_bytes_max: Option<u64>,
    /// One line for people.
    #[serde(default)]
    pub summary: String,
    /// JSON Schema of the request body.
    #[serde(default)]
    pub request_schema: Option<serde_json::Value>,
    /// JSON Schema of the body of a success.
    #[serde(default)]
    pub response_schema: Option<serde_json::Value>,
}

/// One thing the operator can set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// `a-z`, `0-9` and `_`.
    pub name: String,
    /// What values it takes.
    pub kind: SettingKind,
    /// Used where the operator has set nothing. Secrets have none.
    #[serde(default)]
    pub default: Option<String>,
    /// For people.
    pub summary: String,
}

/// What values a setting takes; the host checks them when they are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingKind {
    /// Any text up to 4,000 characters.
    Text,
    /// A 64-bit signed integer.
    Integer,
    /// A decimal number, exact.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// An absolute `http` or `https` URL without user-info or fragment.
    Url,
    /// Text that is encrypted at rest, never shown again and never given to the plugin.
    Secret,
}

/// A collection of the plugin's JSON documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// `a-z`, `0-9` and `-`.
    pub name: String,
    /// Fields that documents can be found by.
    #[serde(default)]
    pub indexes: Vec<Index>,
}

/// A declared index. A document whose field is absent, null, an array or an object is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Unique in its collection.
    pub name: String,
    /// JSON Pointer (RFC 6901) to the field: `/customer/email`.
    pub pointer: String,
    /// Whether two documents may share a value.
    pub unique: bool,
}

/// A host that jobs may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What `outbound.send` names.
    pub name: String,
    /// The `url` setting that says where it is; the request's path is appended to it.
    pub url_setting: String,
    /// What the host adds to every request.
    pub auth: TargetAuth,
}

/// How the host authenticates a call to a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TargetAuth {
    /// Nothing.
    None,
    /// `Authorization: Bearer` and the value of this secret setting.
    Bearer {
        /// Name of a secret setting.
        secret_setting: String,
    },
    /// This header with the value of this secret setting.
    Header {
        /// Name of the header, lower case.
        name: String,
        /// Name of a secret setting.
        secret_setting: String,
    },
}
