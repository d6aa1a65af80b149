//! What is on the shelves: `GET /listing`, packages, and community goals.

use mooring_sdk::context;
use mooring_sdk::extract::given;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, RecordError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::content::{self, Category, Package};
use crate::error::Error;
use crate::input::{Flag, Input, Line};
use crate::price::{self, Exact};
use crate::pricing::{self, Priced};
use crate::sales::{self, Sale};
use crate::{fields, reading, store, time};

pub(crate) const GOALS: &str = "goals";

/// `GET /listing`. Packages that are not for sale are not on a shelf.
pub(crate) fn listing() -> Result<Json<Value>, Error> {
    let shelves = Shelves {
        categories: content::all(content::CATEGORIES)?,
        packages: content::all(content::PACKAGES)?,
        sales: sales::active()?,
        currency: store::currency()?,
        now: context::now(),
    };
    let mut categories = Vec::new();
    for (id, category) in shelves.inside(None) {
        let mut shown = shelves.category(id, category)?;
        shown["only_subcategories"] = category.only_subcategories.into();
        let mut subcategories = Vec::new();
        for (id, subcategory) in shelves.inside(Some(id)) {
            subcategories.push(shelves.category(id, subcategory)?);
        }
        shown["subcategories"] = subcategories.into();
        categories.push(shown);
    }
    Ok(Json(json!({ "categories": categories })))
}

struct Shelves {
    categories: Vec<(u64, Category)>,
    packages: Vec<(u64, Package)>,
    sales: Vec<Sale>,
    currency: String,
    now: u64,
}

impl Shelves {
    fn inside(&self, parent: Option<u64>) -> impl Iterator<Item = (u64, &Category)> {
        let categories = self
            .categories
            .iter()
            .filter(move |(_, category)| category.parent == parent);
        categories.map(|(id, category)| (*id, category))
    }

    fn category(&self, id: u64, category: &Category) -> Result<Value, Error> {
        let mut packages = Vec::new();
        for (package, inside) in &self.packages {
            if inside.category == id && !inside.disabled && !inside.is_over(self.now) {
                packages.push(self.package(*package, inside)?);
            }
        }
        Ok(json!({
            "id": id,
            "order": category.order,
            "name": category.name,
            "gui_item": category.gui_item,
            "packages": packages,
        }))
    }

    fn package(&self, id: u64, package: &Package) -> Result<Value, Error> {
        let list = package.price.content(&self.currency, "package's price")?;
        let line = Priced {
            package: id,
            category: package.category,
            list: list.minor,
        };
        let off = pricing::sale_off(&line, &self.sales, &self.currency)?;
        Ok(json!({
            "id": id,
            "order": package.order,
            "name": package.name,
            "price": price::written(&list),
            "image": or_false(package.image.as_deref()),
            "gui_item": package.gui_item,
            "sale": { "active": off > 0, "discount": price::written(&price::amount(off, &self.currency)?) },
        }))
    }
}

/// The provider writes `false` where nothing is set.
fn or_false(text: Option<&str>) -> Value {
    text.map_or(Value::Bool(false), Value::from)
}

/// `GET /packages`.
#[derive(Deserialize)]
pub(crate) struct Verbosity {
    #[serde(default, deserialize_with = "given")]
    verbose: Option<Flag>,
}

pub(crate) fn packages(Input(asked): Input<Verbosity>) -> Result<Json<Value>, Error> {
    let verbose = asked.verbose.is_some_and(|flag| flag.0);
    let about = About::read()?;
    let mut shown = Vec::new();
    for (id, package) in content::all::<Package>(content::PACKAGES)? {
        let mut row = about.package(id, &package)?;
        if verbose {
            row["description"] = package.description.into();
        }
        shown.push(row);
    }
    Ok(Json(Value::Array(shown)))
}

/// `GET /package/{id}`.
pub(crate) fn package(Path(id): Path<u64>) -> Result<Json<Value>, Error> {
    let package = content::package(id)?;
    About::read()?.package(id, &package).map(Json)
}

/// What the answers about packages need beside them.
struct About {
    categories: Vec<(u64, Category)>,
    servers: Vec<store::Server>,
    currency: String,
}

impl About {
    fn read() -> Result<About, Error> {
        Ok(About {
            categories: content::all(content::CATEGORIES)?,
            servers: store::servers()?,
            currency: store::currency()?,
        })
    }

    /// Every key is there, for one client reads them all. What this store does not know is as if it were not used.
    fn package(&self, id: u64, package: &Package) -> Result<Value, Error> {
        let category = self.categories.iter().find(|(id, _)| *id == package.category);
        let category = category.map_or("", |(_, category)| category.name.as_str());
        let price = package.price.content(&self.currency, "package's price")?;
        Ok(json!({
            "id": id,
            "name": package.name,
            "image": or_false(package.image.as_deref()),
            "price": price.to_json_number(),
            "expiry_length": package.expiry_length,
            "expiry_period": package.expiry_period,
            "type": package.kind,
            "category": { "id": package.category, "name": category },
            "global_limit": package.global_limit,
            "global_limit_period": package.global_limit_period,
            "user_limit": package.user_limit,
            "user_limit_period": package.user_limit_period,
            "servers": fields::choices(package, &self.servers),
            "required_packages": package.required_packages,
            "require_any": package.require_any,
            "create_giftcard": false,
            "show_until": package.until().map_or(Value::Bool(false), |until| (until / 1000).into()),
            "gui_item": package.gui_item,
            "disabled": package.disabled,
            "disable_quantity": true,
            "custom_price": package.custom_price,
            "choose_server": package.choose_server,
            "limit_expires": package.limit_expires,
            "inherit_commands": false,
            "variable_giftcard": false,
        }))
    }
}

/// `PUT /package/{id}`.
#[derive(Deserialize)]
pub(crate) struct Changes {
    #[serde(default, deserialize_with = "given")]
    disabled: Option<Flag>,
    #[serde(default, deserialize_with = "given")]
    name: Option<Line<200>>,
    #[serde(default, deserialize_with = "given")]
    price: Option<Exact>,
}

pub(crate) fn update(Path(id): Path<u64>, Input(changes): Input<Changes>) -> Result<(), Error> {
    let mut package = content::package(id)?;
    if let Some(disabled) = changes.disabled {
        package.disabled = disabled.0;
    }
    if let Some(name) = changes.name {
        package.name = name.0;
    }
    if let Some(price) = changes.price {
        let currency = store::currency()?;
        let price = price.amount(&currency).map_err(Error::money("price"))?;
        if !content::is_payable(price.minor, &currency) {
            return Err(Error::invalid("price", "is too large"));
        }
        package.price = Exact::of(&price);
    }
    records::put(content::PACKAGES, &id.to_string(), &package)?;
    Ok(())
}

/// A goal as the operator writes it.
#[derive(Deserialize)]
struct Goal {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    image: String,
    target: Exact,
    #[serde(default)]
    current: Exact,
    #[serde(default)]
    repeatable: bool,
    #[serde(default)]
    last_achieved: Option<String>,
    #[serde(default)]
    times_achieved: u64,
    #[serde(default = "active")]
    status: String,
    #[serde(default)]
    sale: bool,
}

fn active() -> String {
    "active".to_owned()
}

/// `GET /community_goals`.
pub(crate) fn goals() -> Result<Json<Value>, Error> {
    let documents = reading::all(GOALS, None)?;
    let goals: Vec<Value> = documents.iter().map(goal_shown).collect::<Result<_, _>>()?;
    Ok(Json(Value::Array(goals)))
}

/// `GET /community_goals/{id}`.
pub(crate) fn goal(Path(id): Path<String>) -> Result<Json<Value>, Error> {
    match records::get(GOALS, &id) {
        Ok(document) => goal_shown(&document).map(Json),
        Err(RecordError::NotFound | RecordError::Invalid(_)) => Err(Error::NoSuch("community goal")),
        Err(error) => Err(error.into()),
    }
}

fn goal_shown(document: &Document) -> Result<Value, Error> {
    let goal: Goal = document.read()?;
    let currency = store::currency()?;
    let written = |exact: &Exact| -> Result<String, Error> {
        Ok(price::written(&exact.content(&currency, "community goal")?))
    };
    Ok(json!({
        "id": content::number(GOALS, document)?,
        "created_at": time::spaced(document.created_at),
        "updated_at": time::spaced(document.updated_at),
        "account": store::whole(store::ACCOUNT_ID, 1..=1_000_000_000)?,
        "name": goal.name,
        "description": goal.description,
        "image": goal.image,
        "target": written(&goal.target)?,
        "current": written(&goal.current)?,
        "repeatable": u8::from(goal.repeatable),
        "last_achieved": goal.last_achieved,
        "times_achieved": goal.times_achieved,
        "status": goal.status,
        "sale": u8::from(goal.sale),
    }))
}
