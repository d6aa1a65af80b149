//! Documents of a plugin's collections that its manifest lets the operator change: a store's packages, a biller's plans.
//!
//! Every document is held to the collection's JSON Schema. An import is one transaction: all of it, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json as Answer;
use axum::extract::State;
use http::StatusCode;
use mooring_core::StoreError;
use mooring_core::page::{Order, Page};
use mooring_core::records::{self, RecordError};
use mooring_core::work::Work;
use mooring_manifest::Collection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::audit;
use super::extract::{Json, Listing, Paging, Path};
use super::problem::{Code, Problem};
use super::settings::find_plugin;
use super::state::Admin;
use super::wire::{Listed, Time};

/// Documents of one import, and bytes of its JSON: with indexes and counts, so many fit into a transaction.
const IMPORT_MAX: usize = 10_000;
const IMPORT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A document.
#[derive(Serialize, ToSchema)]
pub(super) struct Record {
    id: String,
    /// As the collection's schema says.
    #[schema(value_type = Object)]
    data: Value,
    created_at: Time,
    updated_at: Time,
}

impl From<records::Record> for Record {
    fn from(record: records::Record) -> Record {
        Record {
            id: record.id,
            data: serde_json::from_str(record.data.as_str()).unwrap_or(Value::Null),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
        }
    }
}

/// Documents by collection and id.
#[derive(Deserialize, ToSchema)]
#[serde(rename = "RecordImport", deny_unknown_fields)]
pub(super) struct Import {
    /// Each is made, or replaced if it is there.
    #[schema(value_type = Object)]
    collections: BTreeMap<String, BTreeMap<String, Map<String, Value>>>,
    /// Whether documents of these collections that are not named here are removed.
    #[serde(default)]
    prune: bool,
}

/// What an import has done.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename = "RecordImported")]
pub(super) struct Imported {
    created: u64,
    /// Written, whether or not anything was different.
    replaced: u64,
    removed: u64,
}

/// Which collection of which plugin, for which tenant.
type Place = (String, String, String);

/// Documents of a collection, oldest first
#[utoipa::path(
    get, path = "/tenants/{tenant}/plugins/{plugin}/records/{collection}", tag = "records", operation_id = "record-list",
    params(("tenant" = String, Path), ("plugin" = String, Path), ("collection" = String, Path), Paging),
    responses((status = 200, description = "A part of them", body = Listed<Record>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    Path((tenant, plugin, collection)): Path<Place>,
    listing: Listing,
) -> Result<Answer<Listed<Record>>, Problem> {
    let page = listing.page();
    let (name, manifest) = find_plugin(&admin, &plugin)?;
    operated(&manifest.collections, &collection)?;
    let found = admin.read_plugin(tenant, name, move |work| {
        let found = records::list(work, &manifest.collections, &collection, None, page)?;
        Ok(found.map(Record::from).into())
    });
    Ok(Answer(found.await?))
}

/// A document
#[utoipa::path(
    get, path = "/tenants/{tenant}/plugins/{plugin}/records/{collection}/{id}", tag = "records",
    operation_id = "record-view",
    params(("tenant" = String, Path), ("plugin" = String, Path), ("collection" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "Found", body = Record))
)]
pub(super) async fn view(
    admin: State<Admin>,
    Path((tenant, plugin, collection, id)): Path<(String, String, String, String)>,
) -> Result<Answer<Record>, Problem> {
    let (name, manifest) = find_plugin(&admin, &plugin)?;
    operated(&manifest.collections, &collection)?;
    let found = admin.read_plugin(tenant, name, move |work| {
        Ok(records::get(work, &manifest.collections, &collection, &id)?.into())
    });
    Ok(Answer(found.await?))
}

/// Make or replace a document
#[utoipa::path(
    put, path = "/tenants/{tenant}/plugins/{plugin}/records/{collection}/{id}", tag = "records",
    operation_id = "record-put",
    params(("tenant" = String, Path), ("plugin" = String, Path), ("collection" = String, Path), ("id" = String, Path)),
    request_body(content = Object, description = "As the collection's schema says"),
    responses((status = 200, description = "As it is now", body = Record))
)]
pub(super) async fn put(
    admin: State<Admin>,
    Path((tenant, plugin, collection, id)): Path<(String, String, String, String)>,
    Json(data): Json<Map<String, Value>>,
) -> Result<Answer<Record>, Problem> {
    let (name, manifest) = find_plugin(&admin, &plugin)?;
    let data = Value::Object(data);
    Checker::new(operated(&manifest.collections, &collection)?)?.check(&id, &data)?;
    let data = data.to_string();
    let put = admin.write_tenant(tenant, Some(name), move |work| {
        let record = records::put(work, &manifest.collections, &collection, &id, &data)?;
        note(work, "record.put", &json!({ "collection": collection, "id": id }))?;
        Ok(record.into())
    });
    Ok(Answer(put.await?))
}

/// Remove a document
#[utoipa::path(
    delete, path = "/tenants/{tenant}/plugins/{plugin}/records/{collection}/{id}", tag = "records",
    operation_id = "record-delete",
    params(("tenant" = String, Path), ("plugin" = String, Path), ("collection" = String, Path), ("id" = String, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(super) async fn delete(
    admin: State<Admin>,
    Path((tenant, plugin, collection, id)): Path<(String, String, String, String)>,
) -> Result<StatusCode, Problem> {
    let (name, manifest) = find_plugin(&admin, &plugin)?;
    operated(&manifest.collections, &collection)?;
    let removed = admin.write_tenant(tenant, Some(name), move |work| {
        records::delete(work, &manifest.collections, &collection, &id)?;
        note(
            work,
            "record.delete",
            &json!({ "collection": collection, "id": id }),
        )
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make and replace many documents, all of them or none
#[utoipa::path(
    post, path = "/tenants/{tenant}/plugins/{plugin}/records", tag = "records", operation_id = "record-import",
    params(("tenant" = String, Path), ("plugin" = String, Path)), request_body = Import,
    responses((status = 200, description = "How many", body = Imported))
)]
pub(super) async fn import(
    admin: State<Admin>,
    Path((tenant, plugin)): Path<(String, String)>,
    Json(import): Json<Import, IMPORT_BYTES_MAX>,
) -> Result<Answer<Imported>, Problem> {
    let (name, manifest) = find_plugin(&admin, &plugin)?;
    let mut wanted: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for (collection, documents) in import.collections {
        let checker = Checker::new(operated(&manifest.collections, &collection)?)?;
        let mut texts = Vec::with_capacity(documents.len());
        for (id, data) in documents {
            let data = Value::Object(data);
            checker.check(&id, &data)?;
            texts.push((id, data.to_string()));
        }
        wanted.push((collection, texts));
    }
    let count: usize = wanted.iter().map(|(_, documents)| documents.len()).sum();
    if count > IMPORT_MAX {
        return Err(Problem::invalid(
            "collections",
            format!("has {count} documents; import at most {IMPORT_MAX} at a time"),
        ));
    }
    let imported = admin.write_tenant(tenant, Some(name), move |work| {
        let mut imported = Imported::default();
        for (collection, documents) in &wanted {
            if import.prune {
                imported.removed += prune(work, &manifest.collections, collection, documents)?;
            }
            for (id, data) in documents {
                match records::create(work, &manifest.collections, collection, id, data) {
                    Ok(_) => imported.created += 1,
                    Err(RecordError::Exists) => {
                        records::put(work, &manifest.collections, collection, id, data)?;
                        imported.replaced += 1;
                    }
                    Err(error) => return Err(Problem::of_document(collection, id, error)),
                }
            }
        }
        let names: Vec<&String> = wanted.iter().map(|(collection, _)| collection).collect();
        let Imported {
            created,
            replaced,
            removed,
        } = imported;
        note(
            work,
            "record.import",
            &json!({ "collections": names, "created": created, "replaced": replaced, "removed": removed }),
        )?;
        Ok(imported)
    });
    Ok(Answer(imported.await?))
}

/// Removes the documents of a collection that are not among those wanted.
fn prune(
    work: &mut Work,
    declared: &[Collection],
    collection: &str,
    wanted: &[(String, String)],
) -> Result<u64, Problem> {
    let wanted: BTreeSet<&str> = wanted.iter().map(|(id, _)| id.as_str()).collect();
    let mut page = Page {
        offset: 0,
        limit: 500,
        order: Order::OldestFirst,
    };
    let mut surplus = Vec::new();
    loop {
        let listing = records::list(work, declared, collection, None, page)?;
        page.offset += listing.items.len() as u64;
        let ids = listing.items.into_iter().map(|record| record.id);
        surplus.extend(ids.filter(|id| !wanted.contains(id.as_str())));
        if page.offset >= listing.total {
            break;
        }
    }
    for id in &surplus {
        records::delete(work, declared, collection, id)?;
    }
    Ok(surplus.len() as u64)
}

/// Holds documents to a collection's schema.
struct Checker<'c> {
    collection: &'c Collection,
    schema: jsonschema::Validator,
}

impl<'c> Checker<'c> {
    fn new((collection, schema): (&'c Collection, &Value)) -> Result<Checker<'c>, Problem> {
        let schema = jsonschema::draft202012::new(schema).map_err(|error| {
            Problem::new(
                Code::Invalid,
                format!(
                    "The plugin's schema of `{}` cannot be used: {error}",
                    collection.name
                ),
            )
        })?;
        Ok(Checker { collection, schema })
    }

    fn check(&self, id: &str, data: &Value) -> Result<(), Problem> {
        let Some(error) = self.schema.iter_errors(data).next() else {
            return Ok(());
        };
        let place = format!("{}.{id}{}", self.collection.name, error.instance_path());
        Err(Problem::invalid(&place, error))
    }
}

/// The collection and its schema, if the operator may change it.
fn operated<'c>(declared: &'c [Collection], name: &str) -> Result<(&'c Collection, &'c Value), Problem> {
    let mut operated = declared
        .iter()
        .filter_map(|collection| Some((collection, collection.operated.as_ref()?)));
    operated
        .find(|(collection, _)| collection.name == name)
        .ok_or_else(|| {
            let names = declared.iter().filter(|collection| collection.operated.is_some());
            let names: Vec<&str> = names.map(|collection| collection.name.as_str()).collect();
            let there_are = if names.is_empty() {
                "The plugin lets the operator change none.".to_owned()
            } else {
                format!("The operator can change {}.", names.join(", "))
            };
            Problem::new(
                Code::NotFound,
                format!("`{name}` is no collection that can be changed here. {there_are}"),
            )
        })
}

fn note(work: &mut Work, action: &'static str, details: &Value) -> Result<(), Problem> {
    let (tenant, subject) = (work.tenant().clone(), work.plugin().to_string());
    audit::note(work, action, Some(&tenant), &subject, details.clone())
}

impl Problem {
    fn of_document(collection: &str, id: &str, error: RecordError) -> Problem {
        match error {
            RecordError::Store(error) => Problem::of_store(&error),
            error => Problem::invalid(&format!("{collection}.{id}"), error),
        }
    }

    /// What is too large was too much to ask for; all else is the host's fault.
    fn of_store(error: &StoreError) -> Problem {
        match error {
            StoreError::ValueTooLarge { .. } | StoreError::TransactionTooLarge { .. } => {
                Problem::invalid("collections", format!("is too much at once: {error}"))
            }
            error => Problem::internal(error),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Problem {
        match error {
            RecordError::NotFound => Problem::new(Code::NotFound, "There is no such document."),
            RecordError::Exists | RecordError::Taken { .. } => {
                Problem::new(Code::Conflict, error.to_string())
            }
            RecordError::Invalid(error) => error.into(),
            RecordError::Store(error) => Problem::of_store(&error),
            RecordError::UnknownCollection(_) | RecordError::UnknownIndex(_) => Problem::internal(&error),
        }
    }
}
