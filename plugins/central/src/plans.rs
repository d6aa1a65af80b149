//! Plans: what is sold, for how much and how often. A subscription keeps its own copy, so a change is for those to come.

mod terms;

use mooring_sdk::extract::{Text, WholeNumber};
use mooring_sdk::money::Decimal;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue, RecordError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use terms::{Shown, Terms};

use crate::calendar::{Interval, seconds};
use crate::error::Error;
use crate::ids;
use crate::input::{self, Metadata, given, named};
use crate::listing::Part;
use crate::rates::Rate;
use crate::subscriptions;
use crate::views;

pub(crate) const COLLECTION: &str = "plans";
/// Index.
pub(crate) const BY_STATUS: &str = "status";

/// The longest trial.
pub(crate) const TRIAL_DAYS_MAX: u32 = 1095;

/// A plan as it is kept; operators import these too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) price: Price,
    pub(crate) currency: String,
    pub(crate) interval: Interval,
    #[serde(default = "one")]
    pub(crate) interval_count: u32,
    #[serde(default)]
    pub(crate) trial_days: u32,
    #[serde(default)]
    pub(crate) features: Vec<String>,
    #[serde(default)]
    pub(crate) metadata: Map<String, Value>,
    #[serde(default)]
    pub(crate) status: PlanStatus,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PlanStatus {
    #[default]
    Active,
    Archived,
}

/// Digits, from a number or text.
#[derive(Clone, Debug)]
pub(crate) struct Price(Decimal);

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Price, D::Error> {
        Decimal::deserialize(deserializer).map(Price)
    }
}

impl Serialize for Price {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

#[derive(Serialize)]
struct Full {
    #[serde(flatten)]
    shown: Shown,
    description: String,
    interval: Interval,
    interval_count: u32,
    trial_days: u32,
    features: Vec<String>,
    metadata: Map<String, Value>,
    status: PlanStatus,
    created_at: String,
    updated_at: String,
}

/// `POST subscription-plans`.
#[derive(Deserialize)]
pub(crate) struct NewPlan {
    #[serde(default, deserialize_with = "given")]
    id: Option<PlanId>,
    name: Text<1, 200>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Text<0, 500>>,
    price: Decimal,
    currency: String,
    interval: Interval,
    #[serde(default, deserialize_with = "given")]
    interval_count: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    trial_days: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    features: Option<Vec<Text<1, 200>>>,
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Metadata>,
}

/// `PUT subscription-plans/{id}`. Currency and interval stay: they are what subscriptions to it share.
#[derive(Default, Deserialize)]
pub(crate) struct PlanChanges {
    #[serde(default, deserialize_with = "given")]
    name: Option<Text<1, 200>>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Text<0, 500>>,
    #[serde(default, deserialize_with = "given")]
    price: Option<Decimal>,
    #[serde(default, deserialize_with = "given")]
    trial_days: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    features: Option<Vec<Text<1, 200>>>,
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "given")]
    status: Option<PlanStatus>,
    #[serde(default, deserialize_with = "given")]
    currency: Option<String>,
    #[serde(default, deserialize_with = "given")]
    interval: Option<Interval>,
    #[serde(default, deserialize_with = "given")]
    interval_count: Option<WholeNumber>,
}

/// `plan_` and up to 59 of `a-z A-Z 0-9 _ -`.
pub(crate) struct PlanId(String);

impl<'de> Deserialize<'de> for PlanId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<PlanId, D::Error> {
        let id = String::deserialize(deserializer)?;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let fits = id.strip_prefix("plan_").is_some_and(|rest| !rest.is_empty());
        if fits && id.len() <= 64 && id.bytes().all(legal) {
            Ok(PlanId(id))
        } else {
            Err(serde::de::Error::custom(
                "must be plan_ and up to 59 letters, digits, _ and -",
            ))
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
    #[serde(default)]
    status: String,
}

impl Plan {
    /// As a subscription keeps it. What an operator has imported is checked here, where it counts.
    pub(crate) fn terms(&self, id: &str) -> Result<Terms, Error> {
        let broken = |why: String| Error::from(Problem::Internal(format!("the plan {id}: {why}")));
        let price = self
            .price
            .0
            .not_negative(&self.currency)
            .map_err(|error| broken(error.to_string()))?;
        if !(1..=self.interval.count_max()).contains(&self.interval_count) {
            return Err(broken(format!("interval_count {}", self.interval_count)));
        }
        Ok(Terms {
            id: id.to_owned(),
            name: self.name.clone(),
            rate: Rate {
                currency: self.currency.clone(),
                price: price.minor,
                interval: self.interval,
                count: self.interval_count,
            },
        })
    }
}

/// A plan's name, which services are labelled with: one line.
pub(crate) fn name(field: &str, name: Text<1, 200>) -> Result<String, Error> {
    if name.chars().any(char::is_control) {
        return Err(Error::invalid(field, "must not have control characters"));
    }
    Ok(name.into_string())
}

pub(crate) fn interval_count(
    field: &str,
    interval: Interval,
    count: Option<WholeNumber>,
) -> Result<u32, Error> {
    let max = interval.count_max();
    let count = count.map_or(1, |count| count.0);
    u32::try_from(count)
        .ok()
        .filter(|count| (1..=max).contains(count))
        .ok_or_else(|| Error::invalid(field, format!("must be 1 to {max}")))
}

pub(crate) fn trial_days(field: &str, days: WholeNumber) -> Result<u32, Error> {
    u32::try_from(days.0)
        .ok()
        .filter(|days| *days <= TRIAL_DAYS_MAX)
        .ok_or_else(|| Error::invalid(field, format!("must be 0 to {TRIAL_DAYS_MAX}")))
}

fn features(features: Vec<Text<1, 200>>) -> Result<Vec<String>, Error> {
    if features.len() > 50 {
        return Err(Error::invalid("features", "has more than 50 items"));
    }
    Ok(features.into_iter().map(Text::into_string).collect())
}

fn find(id: &str) -> Result<(Plan, Document), Error> {
    match records::get(COLLECTION, id) {
        Ok(document) => Ok((document.read()?, document)),
        Err(RecordError::NotFound | RecordError::Invalid(_)) => Err(Error::NotFound("plan")),
        Err(error) => Err(error.into()),
    }
}

/// A plan that can be subscribed to.
pub(crate) fn on_sale(id: &str) -> Result<(Plan, Terms), Error> {
    let (plan, _) = find(id)?;
    if plan.status == PlanStatus::Archived {
        return Err(Error::conflict(
            "plan_archived",
            format!("The plan {id} is archived."),
        ));
    }
    let terms = plan.terms(id)?;
    Ok((plan, terms))
}

fn full(plan: Plan, document: &Document) -> Result<Full, Error> {
    Ok(Full {
        shown: plan.terms(&document.id)?.shown()?,
        description: plan.description,
        interval: plan.interval,
        interval_count: plan.interval_count,
        trial_days: plan.trial_days,
        features: plan.features,
        metadata: plan.metadata,
        status: plan.status,
        created_at: seconds(document.created_at),
        updated_at: seconds(document.updated_at),
    })
}

/// `GET subscription-plans`: those on sale, or `status=archived`, oldest first.
pub(crate) fn list(Query(listing): Query<Listing>) -> Result<Response, Error> {
    let part = Part::of(&listing.page, &listing.per_page)?;
    let status = match listing.status.as_str() {
        "" | "active" => "active",
        "archived" => "archived",
        _ => return Err(Error::invalid("status", "must be active or archived")),
    };
    let page = Page::number(part.number, part.size, mooring_sdk::Order::OldestFirst);
    let found = records::list(COLLECTION, Some(IndexValue::new(BY_STATUS, status)), page)?;
    let mut data = Vec::with_capacity(found.items.len());
    for document in &found.items {
        data.push(full(document.read()?, document)?);
    }
    Ok(Response::json(200, &part.answer(data, found.total)))
}

/// `GET subscription-plans/{id}`.
pub(crate) fn view(Path(id): Path<String>) -> Result<Response, Error> {
    let (plan, document) = find(&id)?;
    Ok(named(200, "plan", &full(plan, &document)?))
}

/// `POST subscription-plans`. With an id, repeating it is refused.
pub(crate) fn create(Json(new): Json<NewPlan>) -> Result<Response, Error> {
    let currency = input::currency(&new.currency)?;
    input::not_negative(&new.price, "price", &currency)?;
    let id = new
        .id
        .map_or_else(|| format!("plan_{}", ids::random()), |id| id.0);
    let plan = Plan {
        name: name("name", new.name)?,
        description: new.description.unwrap_or_default().into_string(),
        price: Price(new.price),
        currency,
        interval: new.interval,
        interval_count: interval_count("interval_count", new.interval, new.interval_count)?,
        trial_days: trial_days("trial_days", new.trial_days.unwrap_or(WholeNumber(0)))?,
        features: features(new.features.unwrap_or_default())?,
        metadata: new.metadata.unwrap_or_default().0,
        status: PlanStatus::Active,
    };
    match records::create(COLLECTION, &id, &plan) {
        Ok(document) => Ok(named(201, "plan", &full(plan, &document)?)),
        Err(RecordError::Exists) => Err(Error::invalid("id", "has been taken")),
        Err(error) => Err(error.into()),
    }
}

/// `PUT subscription-plans/{id}`: what is given, for subscriptions to come. Repeating it is safe.
pub(crate) fn update(Path(id): Path<String>, Json(changes): Json<PlanChanges>) -> Result<Response, Error> {
    let (mut plan, _) = find(&id)?;
    let (currency, interval) = (changes.currency.as_ref(), changes.interval.as_ref());
    let count = changes.interval_count.map(|count| count.0);
    for (field, stays) in [
        (
            "currency",
            currency.is_none_or(|given| given.eq_ignore_ascii_case(&plan.currency)),
        ),
        ("interval", interval.is_none_or(|given| *given == plan.interval)),
        (
            "interval_count",
            count.is_none_or(|given| given == u64::from(plan.interval_count)),
        ),
    ] {
        if !stays {
            return Err(Error::invalid(field, "cannot be changed: make another plan"));
        }
    }
    if let Some(given) = changes.name {
        plan.name = name("name", given)?;
    }
    if let Some(description) = changes.description {
        plan.description = description.into_string();
    }
    if let Some(price) = changes.price {
        input::not_negative(&price, "price", &plan.currency)?;
        plan.price = Price(price);
    }
    if let Some(days) = changes.trial_days {
        plan.trial_days = trial_days("trial_days", days)?;
    }
    if let Some(given) = changes.features {
        plan.features = features(given)?;
    }
    if let Some(metadata) = changes.metadata {
        plan.metadata = metadata.0;
    }
    if let Some(status) = changes.status {
        plan.status = status;
    }
    save(&id, plan)
}

/// `DELETE subscription-plans/{id}`: archives it; who has it keeps it. Repeating it changes nothing.
pub(crate) fn archive(Path(id): Path<String>) -> Result<Response, Error> {
    let (mut plan, _) = find(&id)?;
    plan.status = PlanStatus::Archived;
    save(&id, plan)
}

fn save(id: &str, plan: Plan) -> Result<Response, Error> {
    let document = records::put(COLLECTION, id, &plan)?;
    Ok(named(200, "plan", &full(plan, &document)?))
}

/// `GET subscription-plans/{id}/subscriptions`, newest first.
pub(crate) fn subscribers(Path(id): Path<String>, Query(listing): Query<Listing>) -> Result<Response, Error> {
    find(&id)?;
    let part = Part::of(&listing.page, &listing.per_page)?;
    let filter = IndexValue::new(subscriptions::BY_PLAN, id);
    let found = records::list(subscriptions::COLLECTION, Some(filter), part.newest())?;
    views::list(part, &found.items, found.total)
}
