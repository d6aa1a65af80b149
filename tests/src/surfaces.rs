//! Every provider of a demo host: where it answers, what it says of itself, and keys for it.

use serde_json::{Map, Value, json};

use crate::{Api, TestHost};

/// One provider of the demo.
#[derive(Clone, Debug)]
pub struct Surface {
    /// The plugin's name.
    pub name: String,
    /// What `demo.json` has for it.
    pub demo: Map<String, Value>,
    /// Its OpenAPI document.
    pub document: Value,
}

impl Surface {
    /// All of them, in the order of their names.
    pub async fn all(host: &TestHost) -> Vec<Surface> {
        let Value::Object(demo) = host.demo_file() else {
            panic!("demo.json is no object");
        };
        let mut surfaces = Vec::new();
        for (name, demo) in demo {
            let Value::Object(demo) = demo else { continue };
            if !demo.contains_key("base_url") {
                continue;
            }
            let answer = host.public().get(&format!("/{name}/openapi.json")).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            surfaces.push(Surface {
                name,
                demo,
                document: answer.json(),
            });
        }
        surfaces
    }

    /// Where its paths begin.
    pub fn base_url(&self) -> &str {
        self.document["servers"][0]["url"].as_str().expect("a server")
    }

    /// All operations with their methods and paths.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.document["paths"].as_object().expect("paths");
        paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods");
            methods
                .iter()
                .map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
    }

    /// A text of `demo.json`.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.demo.get(name)?.as_str()
    }

    /// Keys by scope, `*` where one key is good for all, what requests are signed with, and numbers that every path has.
    pub fn credentials(&self) -> Value {
        let scoped = [("merchant", "merchant_token"), ("user", "user_token")];
        let mut keys: Map<String, Value> = scoped
            .into_iter()
            .filter_map(|(scope, field)| Some((scope.to_owned(), self.field(field)?.into())))
            .collect();
        let names = ["api_key", "secret", "secret_key", "key"];
        if let Some(key) = names.iter().find_map(|name| self.field(name)) {
            keys.insert("*".to_owned(), key.into());
        }
        let secret = self.field("api_key").and(self.field("secret_key"));
        let path = self.demo.iter().filter(|(_, value)| value.is_number());
        let path: Map<_, _> = path.map(|(name, value)| (name.clone(), value.clone())).collect();
        json!({ "keys": keys, "secret": secret, "path": path })
    }

    /// The variables that samples of the kit read: what `demo.json` has, in upper case. Not the address, which there may lie
    /// deeper than the mount.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let fields = self.demo.iter().filter(|(name, _)| *name != "base_url");
        fields.map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.to_ascii_uppercase(), value)
        })
    }

    /// What lies below its mount.
    pub fn api(&self) -> Api {
        Api::new(self.base_url())
    }
}
