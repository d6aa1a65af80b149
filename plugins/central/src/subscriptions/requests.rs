//! Looking at subscriptions, and what is kept with them beside.

use mooring_sdk::extract::Text;
use mooring_sdk::json;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue};
use serde::Deserialize;
use serde_json::Value;

use super::end::answer;
use super::{BY_PLAN, BY_STATUS, BY_USER, COLLECTION, Held, Scheduled, Status};
use crate::error::Error;
use crate::input::{self, Metadata, given};
use crate::listing::{Listed, Part};
use crate::policy::Policy;
use crate::{customers, events, search, views};

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    plan_id: String,
    #[serde(default)]
    customer_email: String,
}

/// `PUT subscriptions/{id}`.
#[derive(Deserialize)]
pub(crate) struct Update {
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "given")]
    customer_name: Option<Text<0, 200>>,
    #[serde(default, deserialize_with = "given")]
    customer_email: Option<Text<3, 254>>,
    #[serde(default, deserialize_with = "given")]
    customer_phone: Option<Text<0, 40>>,
}

/// `GET subscriptions`, newest first.
pub(crate) fn list(Query(listing): Query<Listing>) -> Result<Response, Error> {
    let part = Part::of(&listing.page, &listing.per_page)?;
    let mut filters = Vec::new();
    if !search::of_customer(&mut filters, BY_USER, &listing.customer_email)? {
        return views::list(part, &[], 0);
    }
    if !listing.status.is_empty() {
        input::one_of("status", &listing.status, &Status::ALL.map(Status::as_str))?;
        filters.push((BY_STATUS, "/status", listing.status));
    }
    if !listing.plan_id.is_empty() {
        filters.push((BY_PLAN, "/plan/id", listing.plan_id));
    }
    let found = search::documents(COLLECTION, &filters, None, part)?;
    views::list(part, &found.items, found.total)
}

/// `GET subscriptions/{id}`. Clients look under several names; it is written once for all of them.
pub(crate) fn view(Path(id): Path<String>) -> Result<Response, Error> {
    let held = Held::find(&id)?;
    let shown = views::subscription(&held)?;
    let metadata = json::to_string(&shown.provider_metadata);
    let shown = json::to_string(&shown);
    let body = [
        r#"{"success":true,"provider_metadata":"#,
        &metadata,
        r#","data":"#,
        &shown,
        r#","subscription":"#,
        &shown,
        "}",
    ];
    Ok(Response::bytes(
        200,
        "application/json",
        body.concat().into_bytes(),
    ))
}

/// `PUT subscriptions/{id}`: what is given. Repeating it is safe.
pub(crate) fn update(Path(id): Path<String>, Json(changes): Json<Update>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(&id)?;
    let email = changes.customer_email.map(Text::into_string);
    let name = changes.customer_name.map(Text::into_string);
    let phone = changes.customer_phone.map(Text::into_string);
    if email.is_some() || name.is_some() || phone.is_some() {
        customers::correct(held.it.user, email, name, phone)?;
    }
    if let Some(metadata) = changes.metadata {
        held.it.metadata = metadata.0;
    }
    events::tell(&policy, &mut held, events::News::Updated, None)?;
    answer(&held.save(&policy, &mut Scheduled::default())?)
}

#[derive(Deserialize)]
pub(crate) struct Paging {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
}

/// `GET subscriptions/{id}/events`, newest first.
pub(crate) fn events(
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<Value>>, Error> {
    let held = Held::find(&id)?;
    let part = Part::of(&paging.page, &paging.per_page)?;
    events::of_subscription(&held, part).map(Json)
}

/// How many subscriptions are in a status.
pub(crate) fn count(index: &str, value: &str) -> Result<u64, Error> {
    let filter = IndexValue::new(index, value);
    Ok(records::list(COLLECTION, Some(filter), Page::oldest(1))?.total)
}
