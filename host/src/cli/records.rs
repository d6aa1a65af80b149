//! `mooring records`

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::client::{Failure, Remote};
use super::output::Column;
use super::page::Page;
use super::place::Place;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the documents of a collection
    List {
        #[command(flatten)]
        place: Place,
        collection: String,
        #[command(flatten)]
        page: Page,
    },
    /// Show one document
    Show {
        #[command(flatten)]
        place: Place,
        collection: String,
        id: String,
    },
    /// Make and replace documents from a file, all of them or none
    ///
    /// The file is JSON or TOML. Its top level names collections; each is a list of objects with an `id`, or a table of
    /// objects by id. Documents that are not in the file stay as they are, unless --prune is given.
    Import {
        #[command(flatten)]
        place: Place,
        /// NAME.json or NAME.toml
        file: PathBuf,
        /// Remove documents of the file's collections that the file does not have
        #[arg(long)]
        prune: bool,
    },
    /// Remove a document
    Delete {
        #[command(flatten)]
        place: Place,
        collection: String,
        id: String,
    },
}

const RECORD: [Column; 3] = [("ID", "/id"), ("UPDATED", "/updated_at"), ("DATA", "/data")];

const IMPORTED: [Column; 3] = [
    ("created", "/created"),
    ("replaced", "/replaced"),
    ("removed", "/removed"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::List {
                place,
                collection,
                page,
            } => {
                let client = self.remote.connect()?;
                let path = [&place.path("records")[..], &[&collection]].concat();
                let query = page.query_with([]);
                client.output.list(&client.get(&path, &query).await?, &RECORD);
            }
            Command::Show {
                place,
                collection,
                id,
            } => {
                let client = self.remote.connect()?;
                let path = [&place.path("records")[..], &[&collection, &id]].concat();
                let record = client.get(&path, &[]).await?;
                client.output.item(
                    &record,
                    &[
                        ("id", "/id"),
                        ("created", "/created_at"),
                        ("updated", "/updated_at"),
                        ("data", "/data"),
                    ],
                );
            }
            Command::Import { place, file, prune } => {
                let collections = read(&file)?;
                let client = self.remote.connect()?;
                let wish = json!({ "collections": collections, "prune": prune });
                let answer = client.post(&place.path("records"), &wish).await?;
                client.output.item(&answer, &IMPORTED);
            }
            Command::Delete {
                place,
                collection,
                id,
            } => {
                let client = self.remote.connect()?;
                let path = [&place.path("records")[..], &[&collection, &id]].concat();
                let answer = client.delete(&path).await?;
                client.output.done(&answer, &format!("{id} is removed"));
            }
        }
        Ok(())
    }
}

/// Collections of documents by id.
fn read(file: &Path) -> Result<Map<String, Value>, Failure> {
    let refuse = |reason: String| Failure::usage(format!("{}: {reason}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
    let is_toml = file.extension().is_some_and(|extension| extension == "toml");
    let read: Value = if is_toml {
        from_toml(toml::from_str(&text).map_err(|error| refuse(error.to_string()))?)
    } else {
        serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?
    };
    let Value::Object(collections) = read else {
        return Err(refuse(
            "its top level must be an object of collections".to_owned(),
        ));
    };
    let documents = collections.into_iter().map(|(name, documents)| {
        let documents = by_id(documents).map_err(|reason| refuse(format!("`{name}` {reason}")))?;
        Ok((name, Value::Object(documents)))
    });
    documents.collect()
}

/// TOML as JSON; its dates become texts.
fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => {
            let fields = table.into_iter().map(|(name, value)| (name, from_toml(value)));
            Value::Object(fields.collect())
        }
    }
}

/// A list of objects with an `id` as a table; a table stays as it is.
fn by_id(documents: Value) -> Result<Map<String, Value>, String> {
    let list = match documents {
        Value::Object(table) => return Ok(table),
        Value::Array(list) => list,
        _ => return Err("must be a list of objects with an `id`, or a table of objects by id".to_owned()),
    };
    let mut table = Map::new();
    for (index, document) in list.into_iter().enumerate() {
        let id = match document.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => return Err(format!("has no `id`, a text or a number, in item {}", index + 1)),
        };
        if table.insert(id.clone(), document).is_some() {
            return Err(format!("has the id {id} twice"));
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_becomes_a_table_by_id() {
        let list = json!([{ "id": 7, "name": "VIP" }, { "id": "gold", "name": "Gold" }]);
        let table = by_id(list).expect("each has an id");
        assert_eq!(table["7"]["name"], "VIP");
        assert_eq!(table["gold"]["name"], "Gold");
        let table = json!({ "7": { "name": "VIP" } });
        assert_eq!(Value::Object(by_id(table.clone()).expect("a table")), table);
    }

    #[test]
    fn dates_of_toml_are_texts() {
        let text = "[[sales]]\nid = 1\nends = 2027-01-31T10:00:00Z\nrate = 0.5\n";
        let read = from_toml(toml::from_str(text).expect("TOML"));
        let sale = json!({ "id": 1, "ends": "2027-01-31T10:00:00Z", "rate": 0.5 });
        assert_eq!(read, json!({ "sales": [sale] }));
    }

    #[test]
    fn what_has_no_ids_is_refused() {
        for (documents, reason) in [
            (json!([{ "name": "VIP" }]), "no `id`"),
            (json!([{ "id": [] }]), "no `id`"),
            (json!([{ "id": 1 }, { "id": "1" }]), "twice"),
            (json!("VIP"), "a list"),
        ] {
            let refused = by_id(documents.clone()).expect_err("not documents");
            assert!(refused.contains(reason), "{documents}: {refused}");
        }
    }
}
