//! Schemas that several places share.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::docs::flow::{FROM, UNIQUE};

/// Collects whatever has a title, and puts references in its place.
#[derive(Debug, Default)]
pub(super) struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// A schema as the document has it: what has a title is a reference, and keywords that are for samples only are gone.
    pub(super) fn take(&mut self, schema: &Value) -> Value {
        let Value::Object(schema) = schema else {
            return schema.clone();
        };
        let mut taken = Map::new();
        for (keyword, value) in schema {
            let value = match (keyword.as_str(), value) {
                (FROM | UNIQUE, _) => continue,
                ("properties" | "patternProperties" | "dependentSchemas", Value::Object(schemas)) => {
                    let schemas = schemas
                        .iter()
                        .map(|(name, schema)| (name.clone(), self.take(schema)));
                    Value::Object(schemas.collect())
                }
                ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                    schemas.iter().map(|schema| self.take(schema)).collect()
                }
                (
                    "items"
                    | "additionalProperties"
                    | "unevaluatedProperties"
                    | "contains"
                    | "propertyNames"
                    | "not"
                    | "if"
                    | "then"
                    | "else",
                    schema,
                ) => self.take(schema),
                (_, value) => value.clone(),
            };
            taken.insert(keyword.clone(), value);
        }
        self.share(taken.into())
    }

    /// Two that differ under one title stay where they are.
    fn share(&mut self, schema: Value) -> Value {
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let title = schema.get("title").and_then(Value::as_str);
        let Some(title) = title.filter(|title| !title.is_empty() && title.chars().all(legal)) else {
            return schema;
        };
        let title = title.to_owned();
        let reference = json!({ "$ref": format!("#/components/schemas/{title}") });
        match self.0.get(&title) {
            None => {
                self.0.insert(title, schema);
                reference
            }
            Some(known) if *known == schema => reference,
            Some(_) => schema,
        }
    }

    /// What references lead to.
    pub(super) fn shared(&self) -> Value {
        json!(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_title_is_there_once() {
        let mut schemas = Schemas::default();
        let item = json!({"title": "Item", "type": "object", "properties": {"title": {"type": "string", "x-unique": true}}});
        let list = json!({"type": "array", "items": item, "examples": [[{"title": "Item"}]]});
        assert_eq!(
            schemas.take(&list),
            json!({"type": "array", "items": {"$ref": "#/components/schemas/Item"}, "examples": [[{"title": "Item"}]]})
        );
        assert_eq!(schemas.take(&item), json!({"$ref": "#/components/schemas/Item"}));
        let other = json!({"title": "Item", "type": "string"});
        assert_eq!(schemas.take(&other), other, "it is another one");
        assert_eq!(
            schemas.shared(),
            json!({"Item": {"title": "Item", "type": "object", "properties": {"title": {"type": "string"}}}})
        );
    }
}
