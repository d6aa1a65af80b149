//! Coupons: codes that make a basket cheaper. Clients and the operator make them; how often one was redeemed is counted in
//! the payments that name it.

use mooring_sdk::Order;
use mooring_sdk::context;
use mooring_sdk::extract::{WholeNumber, given};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue, RecordError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;
use crate::input::{Flag, Ids, Input, Line, Text};
use crate::pager::{self, Paging};
use crate::payments::Redeemed;
use crate::players::Player;
use crate::price::Exact;
use crate::pricing::{Discount, Reach};
use crate::{content, payments, reservations, store, time};

pub(crate) const COLLECTION: &str = "coupons";
/// Index, unique: by code, as it is written.
pub(crate) const BY_CODE: &str = "code";

/// Coupons of a page.
const PER_PAGE: u32 = 25;

/// What coupons that never expire have for a date.
const NEVER: &str = "9999-12-31";

/// A coupon as it is kept, and as the operator writes it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Coupon {
    pub(crate) code: String,
    pub(crate) effective_on: EffectiveOn,
    #[serde(default)]
    pub(crate) packages: Vec<u64>,
    #[serde(default)]
    pub(crate) categories: Vec<u64>,
    pub(crate) discount_type: DiscountType,
    #[serde(default)]
    pub(crate) discount_amount: Exact,
    #[serde(default)]
    pub(crate) discount_percentage: Exact,
    #[serde(default)]
    pub(crate) discount_application_method: u64,
    #[serde(default = "yes")]
    pub(crate) redeem_unlimited: bool,
    /// How often it can be redeemed, unless that is unlimited.
    #[serde(default)]
    pub(crate) expire_limit: u64,
    #[serde(default = "yes")]
    pub(crate) expire_never: bool,
    /// `YYYY-MM-DD`; the coupon holds until that day begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expire_date: Option<String>,
    /// `YYYY-MM-DD`; absent: since it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start_date: Option<String>,
    #[serde(default)]
    pub(crate) basket_type: BasketType,
    /// How often one player can redeem it; 0 for any number.
    #[serde(default)]
    pub(crate) user_limit: u64,
    /// What the basket must cost, sales taken off.
    #[serde(default)]
    pub(crate) minimum: Exact,
    /// The only player who can redeem it; empty for all.
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) note: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EffectiveOn {
    Package,
    Category,
    Cart,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DiscountType {
    Percentage,
    Value,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BasketType {
    Single,
    Subscription,
    #[default]
    Both,
}

fn yes() -> bool {
    true
}

/// `POST /coupons`.
#[derive(Deserialize)]
pub(crate) struct NewCoupon {
    code: Line<60>,
    effective_on: EffectiveOn,
    #[serde(default)]
    packages: Ids,
    #[serde(default)]
    categories: Ids,
    discount_type: DiscountType,
    #[serde(default, deserialize_with = "given")]
    discount_amount: Option<Exact>,
    #[serde(default, deserialize_with = "given")]
    discount_percentage: Option<Exact>,
    #[serde(default, deserialize_with = "given")]
    discount_application_method: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    redeem_unlimited: Option<Flag>,
    #[serde(default, deserialize_with = "given")]
    expire_never: Option<Flag>,
    #[serde(default, deserialize_with = "given")]
    expire_limit: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    expire_date: Option<Line<40>>,
    #[serde(default, deserialize_with = "given")]
    start_date: Option<Line<40>>,
    #[serde(default, deserialize_with = "given")]
    basket_type: Option<BasketType>,
    #[serde(default, deserialize_with = "given")]
    user_limit: Option<WholeNumber>,
    /// What an official client calls `user_limit`.
    #[serde(default, deserialize_with = "given")]
    redeem_limit: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    minimum: Option<Exact>,
    #[serde(default, deserialize_with = "given")]
    username: Option<Line<100>>,
    #[serde(default, deserialize_with = "given")]
    note: Option<Text<500>>,
}

impl NewCoupon {
    fn checked(self) -> Result<Coupon, Error> {
        let currency = store::currency()?;
        // What counts as a limit or a day is given; saying nothing of it means there is none.
        let redeem_unlimited = self
            .redeem_unlimited
            .map_or(self.expire_limit.is_none(), |flag| flag.0);
        let expire_never = self
            .expire_never
            .map_or(self.expire_date.is_none(), |flag| flag.0);
        let user_limit = self.user_limit.or(self.redeem_limit);
        // One of the two is used; clients send the same number in both.
        let (amount, percentage) = match self.discount_type {
            DiscountType::Value => (self.discount_amount, None),
            DiscountType::Percentage => (None, self.discount_percentage),
        };
        let coupon = Coupon {
            code: self.code.0,
            effective_on: self.effective_on,
            packages: self.packages.0,
            categories: self.categories.0,
            discount_type: self.discount_type,
            discount_amount: money(amount, "discount_amount", &currency)?,
            discount_percentage: percentage.unwrap_or_default(),
            discount_application_method: self.discount_application_method.map_or(0, |method| method.0),
            redeem_unlimited,
            expire_limit: self.expire_limit.map_or(0, |limit| limit.0),
            expire_never,
            expire_date: day("expire_date", self.expire_date)?,
            start_date: day("start_date", self.start_date)?,
            basket_type: self.basket_type.unwrap_or_default(),
            user_limit: user_limit.map_or(0, |limit| limit.0),
            minimum: money(self.minimum, "minimum", &currency)?,
            username: self.username.map(|name| name.0).unwrap_or_default(),
            note: self.note.map(|note| note.0).unwrap_or_default(),
        };
        if coupon.discount_percentage.parts_per_million().is_none() {
            let reason = "must be 0 to 100, with at most 4 decimal places";
            return Err(Error::invalid("discount_percentage", reason));
        }
        if coupon.discount_application_method > 2 {
            return Err(Error::invalid("discount_application_method", "must be 0, 1 or 2"));
        }
        if !coupon.expire_never && coupon.expire_date.is_none() {
            return Err(Error::invalid(
                "expire_date",
                "is required unless expire_never is true",
            ));
        }
        if !coupon.redeem_unlimited && coupon.expire_limit == 0 {
            return Err(Error::invalid(
                "expire_limit",
                "is required unless redeem_unlimited is true",
            ));
        }
        coupon.makes_sense()?;
        Ok(coupon)
    }
}

/// The day of a date, which clients send with a time.
fn day(field: &str, date: Option<Line<40>>) -> Result<Option<String>, Error> {
    let day = date.map(|date| {
        let day = time::day_of(&date.0).map(str::to_owned);
        day.ok_or_else(|| Error::invalid(field, "must be a day, YYYY-MM-DD"))
    });
    day.transpose()
}

fn money(given: Option<Exact>, field: &'static str, currency: &str) -> Result<Exact, Error> {
    let Some(given) = given else {
        return Ok(Exact::default());
    };
    let amount = given.amount(currency).map_err(Error::money(field))?;
    if !content::is_payable(amount.minor, currency) {
        return Err(Error::invalid(field, "is too large"));
    }
    Ok(Exact::of(&amount))
}

/// These are needed, and there.
fn exist(field: &str, collection: &str, ids: &[u64]) -> Result<(), Error> {
    if ids.is_empty() {
        return Err(Error::invalid(field, "is required"));
    }
    for id in ids {
        match records::get(collection, &id.to_string()) {
            Ok(_) => {}
            Err(RecordError::NotFound) => return Err(Error::invalid(field, format!("there is no {id}"))),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

impl Coupon {
    /// Refuses what could take nothing off, or never.
    fn makes_sense(&self) -> Result<(), Error> {
        let zero = |exact: &Exact| exact.number().as_f64() == Some(0.0);
        let (field, nothing) = match self.discount_type {
            DiscountType::Percentage => ("discount_percentage", zero(&self.discount_percentage)),
            DiscountType::Value => ("discount_amount", zero(&self.discount_amount)),
        };
        if nothing {
            return Err(Error::invalid(field, "must be more than zero"));
        }
        match self.effective_on {
            EffectiveOn::Cart => {}
            EffectiveOn::Package => exist("packages", content::PACKAGES, &self.packages)?,
            EffectiveOn::Category => exist("categories", content::CATEGORIES, &self.categories)?,
        }
        let expires = self.expire_date.as_deref().filter(|_| !self.expire_never);
        let Some(expires) = expires.and_then(time::day) else {
            return Ok(());
        };
        if expires <= context::now() {
            return Err(Error::invalid("expire_date", "is past"));
        }
        if self
            .start_date
            .as_deref()
            .and_then(time::day)
            .is_some_and(|start| start >= expires)
        {
            return Err(Error::invalid("expire_date", "must be after start_date"));
        }
        Ok(())
    }

    pub(crate) fn reach(&self) -> Reach<'_> {
        match self.effective_on {
            EffectiveOn::Cart => Reach::All,
            EffectiveOn::Package => Reach::Packages(&self.packages),
            EffectiveOn::Category => Reach::Categories(&self.categories),
        }
    }

    pub(crate) fn discount(&self, currency: &str) -> Result<Discount, Error> {
        match self.discount_type {
            DiscountType::Percentage => self
                .discount_percentage
                .parts_per_million()
                .map(Discount::Part)
                .ok_or_else(|| {
                    Error::misconfigured(
                        format!("coupon `{}`", self.code),
                        "its percentage is not 0 to 100",
                    )
                }),
            DiscountType::Value => {
                let value = self.discount_amount.content(currency, "coupon's value")?;
                Ok(Discount::Sum(value.minor))
            }
        }
    }
}

/// `GET /coupons`: newest first.
pub(crate) fn list(Input(paging): Input<Paging>) -> Result<Json<Value>, Error> {
    let number = paging.page().unwrap_or(1);
    let page = Page::number(number, PER_PAGE, Order::NewestFirst);
    let found = records::list(COLLECTION, None, page)?;
    let data: Vec<Value> = found.items.iter().map(shown).collect::<Result<_, _>>()?;
    Ok(Json(
        json!({ "pagination": pager::coupons(number, PER_PAGE, found.total)?, "data": data }),
    ))
}

/// `GET /coupons/{id}`.
pub(crate) fn view(Path(id): Path<String>) -> Result<Json<Value>, Error> {
    Ok(Json(json!({ "data": shown(&find(&id)?)? })))
}

/// `POST /coupons`. A code is given away once.
pub(crate) fn create(Input(new): Input<NewCoupon>) -> Result<Json<Value>, Error> {
    let coupon = new.checked()?;
    if by_code(&coupon.code)?.is_some() {
        return Err(Error::invalid("code", "has already been taken"));
    }
    let (_, document) = content::create(COLLECTION, &coupon)?;
    Ok(Json(json!({ "data": shown(&document)? })))
}

/// `DELETE /coupons/{id}`.
pub(crate) fn delete(Path(id): Path<String>) -> Result<(), Error> {
    Ok(records::delete(COLLECTION, &find(&id)?.id)?)
}

/// `DELETE /coupons/{code}/code`.
pub(crate) fn delete_by_code(Path(code): Path<String>) -> Result<(), Error> {
    let document = by_code(&code)?.ok_or(Error::NoSuch("coupon"))?;
    Ok(records::delete(COLLECTION, &document.id)?)
}

fn find(id: &str) -> Result<Document, Error> {
    match records::get(COLLECTION, id) {
        Ok(document) => Ok(document),
        Err(RecordError::NotFound | RecordError::Invalid(_)) => Err(Error::NoSuch("coupon")),
        Err(error) => Err(error.into()),
    }
}

fn by_code(code: &str) -> Result<Option<Document>, Error> {
    let found = records::list(COLLECTION, Some(IndexValue::new(BY_CODE, code)), Page::oldest(1))?;
    Ok(found.items.into_iter().next())
}

/// The coupon with this code, if this player can redeem it now. `subscription`: whether the basket is one.
pub(crate) fn redeemable(code: &str, player: &Player, subscription: bool) -> Result<(String, Coupon), Error> {
    let document = by_code(code)?.ok_or_else(|| Error::invalid("coupon", "does not exist"))?;
    let coupon: Coupon = document.read()?;
    let now = context::now();
    let day = |date: &Option<String>| date.as_deref().and_then(time::day);
    let fits = match coupon.basket_type {
        BasketType::Both => true,
        BasketType::Single => !subscription,
        BasketType::Subscription => subscription,
    };
    let why = if day(&coupon.start_date).is_some_and(|start| now < start) {
        "is not valid yet"
    } else if !coupon.expire_never && day(&coupon.expire_date).is_none_or(|expires| now >= expires) {
        "has expired"
    } else if !coupon.username.is_empty() && !player.is_called(&coupon.username) {
        "is for somebody else"
    } else if !fits {
        "is not for this kind of basket"
    } else if !coupon.redeem_unlimited && used(&document.id)? >= coupon.expire_limit {
        "has been redeemed as often as it can be"
    } else if coupon.user_limit > 0 && used_by(&document.id, player.id)? >= coupon.user_limit {
        "has been redeemed by this player as often as it can be"
    } else {
        return Ok((document.id, coupon));
    };
    Err(Error::invalid("coupon", why))
}

/// The id of the coupon with this code, if there is one.
pub(crate) fn id_of(code: &str) -> Result<Option<String>, Error> {
    Ok(by_code(code)?.map(|document| document.id))
}

/// How often a coupon was redeemed, and is held by open checkouts.
fn used(coupon: &str) -> Result<u64, Error> {
    let held = reservations::count(reservations::BY_COUPON, coupon)?;
    Ok(payments::with_coupon(payments::BY_COUPON, coupon)? + held)
}

/// The same of one player.
fn used_by(coupon: &str, player: u64) -> Result<u64, Error> {
    let value = Redeemed::new(coupon, player).by_player;
    let held = reservations::count(reservations::BY_COUPON_AND_PLAYER, &value)?;
    Ok(payments::with_coupon(payments::BY_COUPON_AND_PLAYER, &value)? + held)
}

fn shown(document: &Document) -> Result<Value, Error> {
    let coupon: Coupon = document.read()?;
    let id = content::number(COLLECTION, document)?;
    let day = |date: Option<&str>| date.and_then(time::day);
    let start = day(coupon.start_date.as_deref()).unwrap_or(document.created_at);
    let never = coupon.expire_date.as_deref().filter(|_| !coupon.expire_never);
    let expires = day(never.or(Some(NEVER))).unwrap_or(start);
    let (on, kind) = (json!(coupon.effective_on), json!(coupon.discount_type));
    Ok(json!({
        "id": id,
        "code": coupon.code,
        "effective": { "type": on, "packages": coupon.packages, "categories": coupon.categories },
        "discount": {
            "type": kind,
            "percentage": coupon.discount_percentage.number(),
            "value": coupon.discount_amount.number(),
        },
        "expire": {
            // Texts, as the provider has them.
            "redeem_unlimited": coupon.redeem_unlimited.to_string(),
            "expire_never": coupon.expire_never.to_string(),
            "limit": coupon.expire_limit,
            "date": time::with_colon(expires),
        },
        "basket_type": coupon.basket_type,
        "start_date": time::with_colon(start),
        "user_limit": coupon.user_limit,
        "minimum": coupon.minimum.number(),
        "username": coupon.username,
        "note": coupon.note,
    }))
}
