//! What a plugin says about itself: the JSON that `describe` returns.
//!
//! The SDK writes it, the host reads it; this is its one definition. The host routes, authenticates, limits, documents
//! and measures from the manifest alone, so what a plugin makes public can be read without reading its code. Unknown
//! fields are refused: a plugin that asks for something this host does not know fails at load, by name.

mod documents;

use serde::{Deserialize, Serialize};

pub use self::documents::Origin;

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
    /// What documents call the surface: `RENOVAX Payments API`. Empty for its name.
    #[serde(default)]
    pub title: String,
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
    /// How often one key, or one address without a key, may call the surface as a whole; beside the limits of routes.
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
    /// Whether a path may have a slash at its end, and several where one belongs.
    #[serde(default)]
    pub lenient_paths: bool,
    /// JSON Schema of every error's body.
    #[serde(default)]
    pub error_schema: Option<serde_json::Value>,
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
    /// Where events go that the operator asks for in settings.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
    /// The hosted page on which payments of this plugin are paid; absent where it makes none.
    #[serde(default)]
    pub checkout: Option<Checkout>,
    /// What a plugin of the world `gateway` is; absent in a provider.
    #[serde(default)]
    pub gateway: Option<Gateway>,
    /// What `mooring serve --demo` sets up beside a key with every scope.
    #[serde(default)]
    pub demo: Option<Demo>,
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
    /// A segment of the path: the route's parameter of this name. The plugin is given `-` in its place, in the parameters and
    /// in the path, and logs show it redacted. Routes without the parameter present no key this way.
    Path {
        /// Such as `secret_key`.
        parameter: String,
    },
    /// The key in one header, and a signature made with the secret that belongs to it: HMAC-SHA256 of
    /// `{timestamp}.{body}`, where the timestamp is the text of another header, in seconds since the epoch, and the body
    /// the bytes as sent. Written in hexadecimal, any case, or in standard base64.
    Signed {
        /// Such as `x-api-key`; lower case, as the others.
        key_header: String,
        /// Such as `x-timestamp`.
        timestamp_header: String,
        /// Such as `x-signature`.
        signature_header: String,
        /// How far the timestamp may be from now, either way.
        tolerance_seconds: u32,
    },
    /// A field of the JSON body of one route, for requests that present no key elsewhere. The plugin is given `-` in its place.
    Body {
        /// Name of the route.
        route: String,
        /// JSON Pointer (RFC 6901): `/params/SecretKey`.
        pointer: String,
    },
}

/// So many requests in so long a time; a bucket that is full at first and fills evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// At least 1.
    pub requests: u32,
    /// At least 1.
    pub seconds: u32,
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
    /// JSON Schema of an object: the parameters of the query.
    #[serde(default)]
    pub query_schema: Option<serde_json::Value>,
    /// JSON Schema of an object: the parameters of the path. Those it leaves out are text.
    #[serde(default)]
    pub path_schema: Option<serde_json::Value>,
    /// Media types that the request's body may have; empty for JSON alone.
    #[serde(default)]
    pub request_types: Vec<String>,
    /// Media type of a success's body; absent for JSON.
    #[serde(default)]
    pub response_type: Option<String>,
    /// Status of a success.
    #[serde(default = "documents::ok")]
    pub success_status: u16,
    /// Further statuses of a success, with a body of the same schema.
    #[serde(default)]
    pub success_statuses_more: Vec<u16>,
    /// Statuses with which the plugin refuses here, beside those that the host itself can cause.
    #[serde(default)]
    pub error_statuses: Vec<u16>,
    /// What documents group it under: `Subscriptions`. Empty for none.
    #[serde(default)]
    pub group: String,
    /// Where it comes from.
    #[serde(default)]
    pub origin: Origin,
    /// Whether it is one of the few requests that whoever begins with this surface needs; the integration kit has these.
    #[serde(default)]
    pub core: bool,
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
    /// JSON Schema (draft 2020-12) of the value, beyond its kind: an integer or decimal as a number, a boolean as one, anything else
    /// as text. Not for secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<serde_json::Value>,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// `a-z`, `0-9` and `-`.
    pub name: String,
    /// Fields that documents can be found by.
    #[serde(default)]
    pub indexes: Vec<Index>,
    /// JSON Schema (draft 2020-12) of its documents, where the operator may import and change them; absent where they are
    /// the plugin's alone.
    #[serde(default)]
    pub operated: Option<serde_json::Value>,
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
    /// OAuth 2.0 client credentials (RFC 6749, 4.4): the host fetches a token at the path below the target's URL, keeps it in
    /// memory until shortly before it ends, and adds `Authorization: Bearer` with it. A 401 makes it fetch a new one, once.
    OAuth2 {
        /// Such as `/v1/oauth2/token`.
        token_path: String,
        /// Name of the text setting with the client id.
        client_id_setting: String,
        /// Name of the secret setting with the client secret.
        secret_setting: String,
    },
}

impl TargetAuth {
    /// The settings that must have a value before the target can be called, beside its URL.
    pub fn settings(&self) -> Vec<&str> {
        match self {
            TargetAuth::None => Vec::new(),
            TargetAuth::Bearer { secret_setting } | TargetAuth::Header { secret_setting, .. } => {
                vec![secret_setting]
            }
            TargetAuth::OAuth2 {
                client_id_setting,
                secret_setting,
                ..
            } => vec![client_id_setting, secret_setting],
        }
    }
}

/// An endpoint that the operator names in a setting: events of this plugin are delivered to it, at least once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// `a-z`, `0-9` and `-`, unique in the plugin: `success`.
    pub name: String,
    /// The `url` setting with its address. While it is not set, nothing is delivered here.
    pub url_setting: String,
    /// The secret setting that its signatures are made with. While it is not set, there are none.
    #[serde(default)]
    pub secret_setting: Option<String>,
    /// Kinds of events that go here, `invoice.paid` or, for all that begin so, `invoice.*`; empty for all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Time for the whole of one attempt, milliseconds; 1,000 to 30,000.
    pub timeout_ms: u32,
    /// Pauses after each failed attempt, seconds; so there is one attempt more than there are pauses. At most 30.
    pub retry_seconds: Vec<u32>,
    /// Whether each event waits until the one before it was delivered or given up.
    #[serde(default)]
    pub ordered: bool,
    /// The provider's own headers, beside `webhook-id`, `webhook-timestamp` and `webhook-signature` of Standard Webhooks.
    #[serde(default)]
    pub headers: Vec<WebhookHeader>,
}

/// A header of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookHeader {
    /// As it is sent.
    pub name: String,
    /// What it says.
    pub value: WebhookValue,
}

/// What a header of a delivery says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum WebhookValue {
    /// Always this.
    Text {
        /// The value.
        text: String,
    },
    /// The event's id: `ev_…`, or, where a prefix is given, that and 32 hexadecimal digits made from it. The same on every
    /// attempt and redelivery.
    EventId {
        /// Such as `evt_`.
        #[serde(default)]
        prefix: Option<String>,
    },
    /// The event's kind.
    EventKind,
    /// Seconds since the epoch, of this attempt.
    Timestamp,
    /// HMAC-SHA256 under the endpoint's newest secret. Left out while there is no secret.
    Signature {
        /// In front of the code: `sha256=`.
        #[serde(default)]
        prefix: String,
        /// What is signed, with `{id}`, `{timestamp}` and `{body}`: `{timestamp}.{body}`.
        message: String,
        /// How the code is written.
        encoding: SignatureEncoding,
    },
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureEncoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// The hosted page of a plugin's payments. What is branded is named by settings, so that it can be changed at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkout {
    /// Below the mount, with the parameter `{reference}` as its last segment: `/pay/{reference}`.
    pub path: String,
    /// The text setting with the merchant's name.
    pub name_setting: String,
    /// The text setting with the colour of buttons, `#rrggbb`.
    #[serde(default)]
    pub color_setting: Option<String>,
    /// The `url` setting with an image, shown above the name.
    #[serde(default)]
    pub logo_setting: Option<String>,
    /// Shown quietly at the bottom: the provider's name.
    pub provider: String,
    /// Other addresses of the same pages.
    #[serde(default)]
    pub aliases: Vec<CheckoutAlias>,
}

/// Where else a payment's page is found: under a reference that begins otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutAlias {
    /// As [`Checkout::path`]: `/hosted-subscription/{reference}`.
    pub path: String,
    /// How references begin in this path: `sub_`.
    pub from: String,
    /// How the payment's begins: `tr_`.
    pub to: String,
}

/// What a gateway offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// The boolean setting that must be true before a tenant's payments may use it. All its targets must be configured too.
    pub enabled_setting: String,
    /// What the payer chooses among; at least one.
    pub methods: Vec<GatewayMethod>,
    /// Whether it can send money back.
    pub refunds: bool,
    /// Whether it can authorize first and capture later.
    pub captures: bool,
    /// Whether it moves no real money: the page says so, and `mooring payment simulate` can drive it.
    #[serde(default)]
    pub test_mode: bool,
    /// Largest body of a notification, bytes; 1 to 1,048,576.
    pub notification_bytes_max: u32,
}

/// One way to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayMethod {
    /// `card`, `crypto:USDT:ethereum`: 1 to 60 of `a-z A-Z 0-9 _ - :`, unique in the gateway.
    pub name: String,
    /// For the payer, in English: `Card`. Product names are not translated; the page knows `Card` in its languages.
    pub label: String,
    /// Whether it takes coins instead of ordinary currency.
    #[serde(default)]
    pub crypto: bool,
    /// Currencies of payments that it takes; empty for all.
    #[serde(default)]
    pub currencies: Vec<String>,
}

/// What a demo sets up for a plugin, and what of it goes into `demo.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// Behind the mount in `base_url`: `/api`.
    #[serde(default)]
    pub base_path: String,
    /// Keys, instead of one with every scope.
    #[serde(default)]
    pub keys: Vec<DemoKey>,
    /// Settings.
    #[serde(default)]
    pub settings: Vec<DemoSetting>,
    /// Money that is there from the start.
    #[serde(default)]
    pub postings: Vec<DemoPosting>,
    /// Documents that are there from the start.
    #[serde(default)]
    pub records: Vec<DemoRecord>,
}

/// A document of a demo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoRecord {
    /// An [operated](Collection::operated) collection.
    pub collection: String,
    /// 1 to 200 characters.
    pub id: String,
    /// JSON object that fits the collection's schema.
    pub data: serde_json::Value,
}

/// A key of a demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoKey {
    /// Its name in `demo.json`: `merchant_token`.
    pub field: String,
    /// The name in `demo.json` of the secret that requests are signed with: `secret_key`. Where keys sign.
    #[serde(default)]
    pub secret_field: Option<String>,
    /// What it carries.
    pub scopes: Vec<String>,
    /// The role of a user that is made for it; absent for a key of nobody.
    #[serde(default)]
    pub user_role: Option<String>,
}

/// A setting of a demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoSetting {
    /// Which.
    pub setting: String,
    /// Its value; absent for 32 random bytes in hexadecimal.
    #[serde(default)]
    pub value: Option<String>,
    /// Its name in `demo.json`, if it is to be there; an integer setting is written as a number.
    #[serde(default)]
    pub field: Option<String>,
}

/// Money of a demo: one posting to the ledger, made once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPosting {
    /// The account whose balance falls: `renovax:issued`.
    pub debit: String,
    /// The account whose balance rises: `renovax:credits:{user}`.
    pub credit: String,
    /// Exact, more than zero: `498.50`.
    pub amount: String,
    /// Such as `USD`.
    pub currency: String,
    /// Whose id `{user}` stands for in both accounts: the user of the key with this role.
    #[serde(default)]
    pub user_role: Option<String>,
}

impl DemoPosting {
    /// What `{user}` stands for is put in here, in [`DemoPosting::debit`] and [`DemoPosting::credit`].
    pub const USER: &str = "{user}";
}
