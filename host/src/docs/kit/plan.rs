//! The core requests of a surface, in the order in which they are made, before any language has been chosen.

use std::collections::BTreeMap;

use mooring_manifest::{Guard, Manifest, Route};
use serde_json::Value;

use super::auth::Auth;
use crate::docs::Source;
use crate::docs::flow::{Origin, UNIQUE, is_required, origin, properties};
use crate::docs::openapi::title;
use crate::docs::samples::sample;

/// Everything that a sample is written from.
pub(super) struct Plan<'s> {
    pub(super) title: &'s str,
    pub(super) summary: &'s str,
    pub(super) base_url: &'s str,
    pub(super) auth: Auth,
    /// Taken from the environment, apart from the base URL.
    pub(super) variables: Vec<Variable>,
    pub(super) calls: Vec<Call<'s>>,
}

/// What whoever runs a sample has to know.
pub(super) struct Variable {
    /// As `demo.json` has it, in upper case: `MERCHANT_TOKEN`.
    pub(super) name: String,
    /// Empty for keys: what needs one is skipped without it.
    pub(super) default: String,
}

/// One request.
pub(super) struct Call<'s> {
    pub(super) name: &'s str,
    pub(super) summary: &'s str,
    pub(super) group: &'s str,
    pub(super) method: &'s str,
    /// Segments, each behind a slash.
    pub(super) path: Vec<Part>,
    pub(super) query: Vec<(String, Part)>,
    pub(super) body: Option<Part>,
    /// The variable with its key; absent on a public route.
    pub(super) key: Option<String>,
    /// What later requests take from the answer.
    pub(super) saves: Vec<Save>,
}

/// A value of an answer that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Save {
    pub(super) name: String,
    pub(super) pointer: String,
}

/// A value that is sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Json(Value),
    Object(Vec<(String, Part)>),
    /// Saved from an earlier answer. `text`: whether it may be sent as a string.
    Saved {
        name: String,
        text: bool,
    },
    /// With the number of the run between the two.
    Unique {
        before: String,
        after: String,
    },
    Variable(String),
}

impl<'s> Plan<'s> {
    pub(super) fn new(source: &'s Source) -> Plan<'s> {
        let manifest = &*source.manifest;
        let auth = Auth::new(manifest);
        let mut planner = Planner {
            manifest,
            keys: keys(manifest),
            key_parameter: auth.parameter().map(str::to_owned),
            variables: BTreeMap::new(),
            saves: BTreeMap::new(),
        };
        let mut calls: Vec<_> = manifest
            .routes
            .iter()
            .filter(|route| route.core)
            .map(|route| planner.call(route))
            .collect();
        in_order(&mut calls, &planner.saves);
        for call in &mut calls {
            call.saves = planner.saves.remove(call.name).unwrap_or_default();
        }
        let keys = planner.keys.iter().map(|(name, _)| (name.clone(), String::new()));
        let keys = keys.filter(|(name, _)| calls.iter().any(|call| call.key.as_ref() == Some(name)));
        let secret = auth.secret().map(|name| (name.to_owned(), String::new()));
        let variables = keys.chain(secret).chain(planner.variables);
        Plan {
            title: title(manifest),
            summary: &manifest.summary,
            base_url: &source.base_url,
            variables: variables
                .map(|(name, default)| Variable { name, default })
                .collect(),
            auth,
            calls,
        }
    }
}

/// Puts what is looked into before whatever takes something from it; otherwise as in the manifest.
fn in_order(calls: &mut [Call<'_>], saves: &BTreeMap<String, Vec<Save>>) {
    for place in 0..calls.len() {
        let waits = |call: &Call<'_>| {
            let needed = |other: &Call<'_>| {
                let saved = saves.get(other.name).into_iter().flatten();
                other.name != call.name && saved.into_iter().any(|save| call.takes(&save.name))
            };
            calls[place..].iter().any(needed)
        };
        // Where all wait for each other, the first one goes.
        let next = calls[place..].iter().position(|call| !waits(call)).unwrap_or(0);
        calls[place..=place + next].rotate_right(1);
    }
}

impl Call<'_> {
    fn takes(&self, saved: &str) -> bool {
        let query = self.query.iter().map(|(_, part)| part);
        let mut parts = self.path.iter().chain(query).chain(&self.body);
        parts.any(|part| part.takes(saved))
    }
}

impl Part {
    fn takes(&self, saved: &str) -> bool {
        match self {
            Part::Saved { name, .. } => name == saved,
            Part::Object(fields) => fields.iter().any(|(_, part)| part.takes(saved)),
            Part::Json(_) | Part::Unique { .. } | Part::Variable(_) => false,
        }
    }
}

/// Variables with keys, and what each may do; as `demo.json` names them.
fn keys(manifest: &Manifest) -> Vec<(String, Vec<String>)> {
    let demo = manifest.demo.as_ref().map_or(&[][..], |demo| &demo.keys);
    if demo.is_empty() {
        let all = manifest.scopes.iter().map(|scope| scope.name.clone());
        return vec![("KEY".to_owned(), all.collect())];
    }
    let keys = demo.iter().map(|key| (variable(&key.field), key.scopes.clone()));
    keys.collect()
}

/// Where a value comes from, if its request is one of those that are made: others save nothing.
fn saved<'m>(manifest: &'m Manifest, schema: &'m Value) -> Option<Origin<'m>> {
    let is_made = |origin: &Origin<'_>| {
        let mut routes = manifest.routes.iter();
        routes.any(|route| route.core && route.name == origin.route)
    };
    origin(manifest, schema).filter(is_made)
}

struct Planner<'m> {
    manifest: &'m Manifest,
    keys: Vec<(String, Vec<String>)>,
    key_parameter: Option<String>,
    variables: BTreeMap<String, String>,
    /// By the route whose answer is looked into.
    saves: BTreeMap<String, Vec<Save>>,
}

impl<'m> Planner<'m> {
    fn call(&mut self, route: &'m Route) -> Call<'m> {
        let key = match &route.guard {
            Guard::Public => None,
            Guard::Key => self.keys.first(),
            Guard::Scopes { any } => {
                let carries = |scopes: &[String]| scopes.iter().any(|scope| any.contains(scope));
                self.keys
                    .iter()
                    .find(|(_, scopes)| carries(scopes))
                    .or(self.keys.first())
            }
        };
        let key = key.map(|(name, _)| name.clone());
        let path = route.path.split('/').skip(1).map(|segment| {
            let name = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
            match name {
                None => Part::Json(segment.into()),
                Some(name) if self.key_parameter.as_deref() == Some(name) => {
                    Part::Variable(key.clone().unwrap_or_default())
                }
                Some(name) => self.parameter(route, name),
            }
        });
        let path = path.collect();
        let query = route.query_schema.as_ref();
        let query = properties(query)
            .filter(|(name, schema)| {
                saved(self.manifest, schema).is_some() || query.is_some_and(|query| is_required(query, name))
            })
            .map(|(name, schema)| (name.clone(), self.part(schema, sample(schema))))
            .collect();
        let body = route
            .request_schema
            .as_ref()
            .map(|schema| self.part(schema, sample(schema)));
        Call {
            name: &route.name,
            summary: &route.summary,
            group: &route.group,
            method: &route.method,
            path,
            query,
            body,
            key,
            saves: Vec::new(),
        }
    }

    /// From an earlier answer, or a variable.
    fn parameter(&mut self, route: &Route, name: &str) -> Part {
        let schema = properties(route.path_schema.as_ref()).find(|(known, _)| *known == name);
        let schema = schema.map_or(Value::Null, |(_, schema)| schema.clone());
        if let part @ Part::Saved { .. } = self.part(&schema, Value::Null) {
            return part;
        }
        let default = match sample(&schema) {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let name = variable(name);
        // Routes share a parameter; not each of them says what it can be.
        let known = self.variables.entry(name.clone()).or_default();
        if known.is_empty() {
            *known = default;
        }
        Part::Variable(name)
    }

    fn part(&mut self, schema: &Value, example: Value) -> Part {
        if let Some(origin) = saved(self.manifest, schema) {
            let field = origin.pointer.rsplit('/').next().unwrap_or_default();
            let name = format!("{}_{field}", origin.route.replace('-', "_")).to_ascii_lowercase();
            let save = Save {
                name: name.clone(),
                pointer: origin.pointer.to_owned(),
            };
            let saves = self.saves.entry(origin.route.to_owned()).or_default();
            if !saves.contains(&save) {
                saves.push(save);
            }
            let text = !matches!(schema["type"].as_str(), Some("integer" | "number"));
            return Part::Saved { name, text };
        }
        // The first of several shapes, of which the example is one.
        if let Some(first) = schema
            .get("anyOf")
            .or(schema.get("oneOf"))
            .and_then(|shapes| shapes.get(0))
        {
            return self.part(first, example);
        }
        match example {
            Value::String(text) if schema.get(UNIQUE).is_some() => {
                let at = text.find('@').unwrap_or(text.len());
                let (before, after) = text.split_at(at);
                Part::Unique {
                    before: format!("{before}-"),
                    after: after.to_owned(),
                }
            }
            Value::Object(fields) if schema.get("properties").is_some() => {
                let fields = fields.into_iter().map(|(name, value)| {
                    let part = self.part(&schema["properties"][&name], value);
                    (name, part)
                });
                Part::Object(fields.collect())
            }
            other => Part::Json(other),
        }
    }
}

/// As environment variables are written.
pub(super) fn variable(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}
