//! Values as programs write them.

use serde_json::Value;

use super::plan::{Call, Part};

/// What differs between languages whose literals are otherwise alike.
pub(super) struct Style {
    pub(super) null: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    /// Around an object.
    pub(super) object: (&'static str, &'static str),
    /// Between a name and its value.
    pub(super) pair: &'static str,
    /// An object without fields.
    pub(super) empty: &'static str,
    pub(super) text: fn(&str) -> String,
    /// The value of a name saved before.
    pub(super) saved: fn(&str) -> String,
    /// The number of the run between two texts.
    pub(super) unique: fn(&str, &str) -> String,
    pub(super) variable: fn(&str) -> String,
    /// Between two texts that are put together.
    pub(super) joint: &'static str,
}

impl Style {
    /// The query of a call, if it has one, as an object.
    pub(super) fn query(&self, call: &Call<'_>) -> Option<String> {
        let fields = call
            .query
            .iter()
            .map(|(name, part)| (name.as_str(), self.part(part)));
        (!call.query.is_empty()).then(|| self.object(fields.collect()))
    }

    /// A path: what is always so, and segments that are filled in, put together.
    pub(super) fn path(&self, parts: &[Part]) -> String {
        let (mut terms, mut plain) = (Vec::new(), String::new());
        for part in parts {
            plain.push('/');
            match part {
                Part::Json(segment) => plain.push_str(segment.as_str().unwrap_or_default()),
                part => {
                    terms.push((self.text)(&std::mem::take(&mut plain)));
                    terms.push(format!("segment({})", self.part(part)));
                }
            }
        }
        if !plain.is_empty() {
            terms.push((self.text)(&plain));
        }
        terms.join(self.joint)
    }

    pub(super) fn part(&self, part: &Part) -> String {
        match part {
            Part::Json(value) => self.value(value),
            Part::Object(fields) => {
                let fields = fields.iter().map(|(name, part)| (name.as_str(), self.part(part)));
                self.object(fields.collect())
            }
            Part::Saved { name, .. } => (self.saved)(name),
            Part::Unique { before, after } => (self.unique)(before, after),
            Part::Variable(name) => (self.variable)(name),
        }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Null => self.null.to_owned(),
            Value::Bool(true) => self.yes.to_owned(),
            Value::Bool(false) => self.no.to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => (self.text)(text),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.value(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), self.value(value)));
                self.object(fields.collect())
            }
        }
    }

    pub(super) fn object(&self, fields: Vec<(&str, String)>) -> String {
        if fields.is_empty() {
            return self.empty.to_owned();
        }
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(name, value)| format!("{}{}{value}", (self.text)(name), self.pair))
            .collect();
        format!("{}{}{}", self.object.0, fields.join(", "), self.object.1)
    }
}

/// As JSON has it, and JavaScript and Python.
pub(super) fn json_text(text: &str) -> String {
    Value::from(text).to_string()
}

/// A piece of a JSON text in which some values are filled in later.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Saved(String),
    Run,
    Variable(String),
}

/// A value as JSON, with the places that are filled in.
pub(super) fn pieces(part: &Part) -> Vec<Piece> {
    let mut pieces = Vec::new();
    write(part, &mut pieces);
    pieces
}

fn write(part: &Part, pieces: &mut Vec<Piece>) {
    let text = |text: &str| Piece::Text(text.to_owned());
    match part {
        Part::Json(value) => pieces.push(Piece::Text(value.to_string())),
        Part::Object(fields) => {
            pieces.push(text("{"));
            for (index, (name, part)) in fields.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                pieces.push(Piece::Text(format!("{comma}{}:", json_text(name))));
                write(part, pieces);
            }
            pieces.push(text("}"));
        }
        Part::Saved { name, text: false } => pieces.push(Piece::Saved(name.clone())),
        Part::Saved { name, text: true } => {
            pieces.extend([text("\""), Piece::Saved(name.clone()), text("\"")]);
        }
        Part::Unique { before, after } => {
            let (before, after) = (json_text(before), json_text(after));
            pieces.push(text(before.trim_end_matches('"')));
            pieces.push(Piece::Run);
            pieces.push(text(&after[1..]));
        }
        Part::Variable(name) => pieces.extend([text("\""), Piece::Variable(name.clone()), text("\"")]),
    }
}
