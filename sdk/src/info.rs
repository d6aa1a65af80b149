//! What a plugin says about itself, apart from its routes.

use mooring_manifest as manifest;
use mooring_manifest::{
    Credential, Index, Manifest, RateLimit, Scope, Setting, SettingKind, Target, TargetAuth,
};

/// Name, credentials, scopes, settings, collections and targets of a plugin.
#[derive(Clone, Debug)]
pub struct Info(Manifest);

impl Info {
    /// `name` is also the default mount prefix: `a-z`, `0-9` and `-`, 1 to 40 characters. `version` is semantic;
    /// `env!("CARGO_PKG_VERSION")` is a good one.
    pub fn new(name: &str, version: &str, summary: &str) -> Info {
        Info(Manifest {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            ..Manifest::default()
        })
    }

    /// What documents call the surface, instead of its name.
    #[must_use]
    pub fn title(mut self, title: &str) -> Info {
        title.clone_into(&mut self.0.title);
        self
    }

    /// Keys arrive as `Authorization: Bearer KEY`. Kinds of credentials are tried in the order given.
    #[must_use]
    pub fn bearer(mut self) -> Info {
        self.0.credentials.push(Credential::Bearer);
        self
    }

    /// Keys arrive alone in this header; lower case.
    #[must_use]
    pub fn key_header(mut self, name: &str) -> Info {
        self.0.credentials.push(Credential::Header {
            name: name.to_owned(),
        });
        self
    }

    /// Keys arrive as a segment of the path: the route's parameter of this name. Handlers see `-` in its place.
    #[must_use]
    pub fn key_parameter(mut self, parameter: &str) -> Info {
        self.0.credentials.push(Credential::Path {
            parameter: parameter.to_owned(),
        });
        self
    }

    /// Keys arrive in one header, and a signature of timestamp and body with them: HMAC-SHA256 of `{timestamp}.{body}`
    /// with the key's secret, in hexadecimal or base64. The host checks it; requests further from its clock than the
    /// tolerance are refused. Names of headers in lower case.
    #[must_use]
    pub fn signed_requests(
        mut self,
        key_header: &str,
        timestamp_header: &str,
        signature_header: &str,
        tolerance_seconds: u32,
    ) -> Info {
        self.0.credentials.push(Credential::Signed {
            key_header: key_header.to_owned(),
            timestamp_header: timestamp_header.to_owned(),
            signature_header: signature_header.to_owned(),
            tolerance_seconds,
        });
        self
    }

    /// On this route, keys may arrive in the JSON body, at this JSON Pointer. The handler sees `-` in its place.
    #[must_use]
    pub fn key_in_body(mut self, route: &str, pointer: &str) -> Info {
        self.0.credentials.push(Credential::Body {
            route: route.to_owned(),
            pointer: pointer.to_owned(),
        });
        self
    }

    /// How often one key, or one address without a key, may call the surface as a whole. The limits of routes hold beside it.
    #[must_use]
    pub fn requests_per(mut self, requests: u32, seconds: u32) -> Info {
        self.0.rate_limit = Some(RateLimit { requests, seconds });
        self
    }

    /// Paths may have a slash at their end, and several where one belongs.
    #[must_use]
    pub fn lenient_paths(mut self) -> Info {
        self.0.lenient_paths = true;
        self
    }

    /// What keys of this surface start with.
    #[must_use]
    pub fn key_prefix(mut self, prefix: &str) -> Info {
        prefix.clone_into(&mut self.0.key_prefix);
        self
    }

    /// A permission that keys can carry.
    #[must_use]
    pub fn scope(mut self, name: &str, summary: &str) -> Info {
        self.0.scopes.push(Scope {
            name: name.to_owned(),
            summary: summary.to_owned(),
        });
        self
    }

    /// A request header that handlers read, lower case; others are not handed over.
    #[must_use]
    pub fn request_header(mut self, name: &str) -> Info {
        self.0.request_headers.push(name.to_owned());
        self
    }

    /// JSON Schema of every error's body; only made when the plugin describes itself.
    #[must_use]
    pub fn errors(mut self, schema: fn() -> serde_json::Value) -> Info {
        self.0.error_schema = Some(schema());
        self
    }

    /// A text that the operator can set.
    #[must_use]
    pub fn text(self, name: &str, default: Option<&str>, summary: &str) -> Info {
        self.setting(name, SettingKind::Text, default, summary)
    }

    /// A whole number that the operator can set.
    #[must_use]
    pub fn integer(self, name: &str, default: Option<i64>, summary: &str) -> Info {
        let default = default.map(|default| default.to_string());
        self.setting(name, SettingKind::Integer, default.as_deref(), summary)
    }

    /// An exact decimal that the operator can set.
    #[must_use]
    pub fn decimal(self, name: &str, default: Option<&str>, summary: &str) -> Info {
        self.setting(name, SettingKind::Decimal, default, summary)
    }

    /// A switch that the operator can set.
    #[must_use]
    pub fn boolean(self, name: &str, default: bool, summary: &str) -> Info {
        self.setting(
            name,
            SettingKind::Boolean,
            Some(if default { "true" } else { "false" }),
            summary,
        )
    }

    /// An absolute URL that the operator can set.
    #[must_use]
    pub fn url(self, name: &str, summary: &str) -> Info {
        self.setting(name, SettingKind::Url, None, summary)
    }

    /// An absolute URL that the operator can set, and what it is until then.
    #[must_use]
    pub fn url_or(self, name: &str, default: &str, summary: &str) -> Info {
        self.setting(name, SettingKind::Url, Some(default), summary)
    }

    /// A secret that the operator can set. The plugin never sees it; the host uses it, for a [target](Info::target).
    #[must_use]
    pub fn secret(self, name: &str, summary: &str) -> Info {
        self.setting(name, SettingKind::Secret, None, summary)
    }

    fn setting(mut self, name: &str, kind: SettingKind, default: Option<&str>, summary: &str) -> Info {
        self.0.settings.push(Setting {
            name: name.to_owned(),
            kind,
            default: default.map(str::to_owned),
            summary: summary.to_owned(),
            schema: None,
        });
        self
    }

    /// What the setting declared last takes, as JSON Schema (draft 2020-12) of the value: an integer or decimal as a number, anything
    /// else as text. The host refuses another value when the operator sets it, so that the plugin never meets one.
    ///
    /// # Panics
    /// If no setting has been declared.
    #[must_use]
    pub fn within(mut self, schema: serde_json::Value) -> Info {
        let setting = self
            .0
            .settings
            .last_mut()
            .expect("a setting is declared before its schema");
        setting.schema = Some(schema);
        self
    }

    /// A collection of the plugin's own documents.
    #[must_use]
    pub fn collection(mut self, collection: Collection) -> Info {
        self.0.collections.push(collection.0);
        self
    }

    /// A host that jobs may call, at the URL in `url_setting`, without credentials.
    #[must_use]
    pub fn target(self, name: &str, url_setting: &str) -> Info {
        self.target_with(name, url_setting, TargetAuth::None)
    }

    /// A host that jobs may call; the host adds `Authorization: Bearer` and the secret.
    #[must_use]
    pub fn target_bearer(self, name: &str, url_setting: &str, secret_setting: &str) -> Info {
        self.target_with(
            name,
            url_setting,
            TargetAuth::Bearer {
                secret_setting: secret_setting.to_owned(),
            },
        )
    }

    /// A host that jobs may call; the host adds this header with the secret.
    #[must_use]
    pub fn target_header(self, name: &str, url_setting: &str, header: &str, secret_setting: &str) -> Info {
        let auth = TargetAuth::Header {
            name: header.to_owned(),
            secret_setting: secret_setting.to_owned(),
        };
        self.target_with(name, url_setting, auth)
    }

    /// A host that jobs may call; the host fetches a token at `token_path` with OAuth 2.0 client credentials and adds it.
    #[must_use]
    pub fn target_oauth2(
        self,
        name: &str,
        url_setting: &str,
        token_path: &str,
        client_id_setting: &str,
        secret_setting: &str,
    ) -> Info {
        let auth = TargetAuth::OAuth2 {
            token_path: token_path.to_owned(),
            client_id_setting: client_id_setting.to_owned(),
            secret_setting: secret_setting.to_owned(),
        };
        self.target_with(name, url_setting, auth)
    }

    /// Where events go that the operator asks for in a setting.
    #[must_use]
    pub fn webhook(mut self, webhook: manifest::Webhook) -> Info {
        self.0.webhooks.push(webhook);
        self
    }

    /// The hosted page on which this plugin's payments are paid.
    #[must_use]
    pub fn checkout(mut self, checkout: manifest::Checkout) -> Info {
        self.0.checkout = Some(checkout);
        self
    }

    /// What this gateway offers. For gateways.
    #[must_use]
    pub fn gateway(mut self, gateway: manifest::Gateway) -> Info {
        self.0.gateway = Some(gateway);
        self
    }

    /// What `mooring serve --demo` sets up.
    #[must_use]
    pub fn demo(mut self, demo: manifest::Demo) -> Info {
        self.0.demo = Some(demo);
        self
    }

    fn target_with(mut self, name: &str, url_setting: &str, auth: TargetAuth) -> Info {
        self.0.targets.push(Target {
            name: name.to_owned(),
            url_setting: url_setting.to_owned(),
            auth,
        });
        self
    }

    pub(crate) fn into_manifest(self) -> Manifest {
        self.0
    }
}

/// A collection of JSON documents, and the fields they can be found by.
#[derive(Clone, Debug)]
pub struct Collection(manifest::Collection);

impl Collection {
    /// `a-z`, `0-9` and `-`.
    pub fn new(name: &str) -> Collection {
        Collection(manifest::Collection {
            name: name.to_owned(),
            indexes: Vec::new(),
            operated: None,
        })
    }

    /// The operator may import and change documents; they must fit this JSON Schema (draft 2020-12).
    #[must_use]
    pub fn operated(mut self, schema: fn() -> serde_json::Value) -> Collection {
        self.0.operated = Some(schema());
        self
    }

    /// Documents can be found by the field at `pointer` (JSON Pointer: `/customer/email`).
    #[must_use]
    pub fn index(self, name: &str, pointer: &str) -> Collection {
        self.with(name, pointer, false)
    }

    /// Like [`index`](Collection::index), and no two documents share a value.
    #[must_use]
    pub fn unique(self, name: &str, pointer: &str) -> Collection {
        self.with(name, pointer, true)
    }

    fn with(mut self, name: &str, pointer: &str, unique: bool) -> Collection {
        self.0.indexes.push(Index {
            name: name.to_owned(),
            pointer: pointer.to_owned(),
            unique,
        });
        self
    }
}
