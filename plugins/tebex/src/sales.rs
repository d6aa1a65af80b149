//! Sales: reductions for everybody, for a time. The operator writes them; there is no route that does.

use mooring_sdk::context;
use mooring_sdk::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Value, json};

use crate::error::Error;
use crate::price::Exact;
use crate::pricing::{Discount, Reach};
use crate::{content, time};

pub(crate) const COLLECTION: &str = "sales";

/// A sale as the operator writes it.
#[derive(Clone, Deserialize)]
pub(crate) struct Sale {
    pub(crate) name: String,
    effective: Effective,
    discount: SaleDiscount,
    /// Absent: since ever.
    #[serde(default)]
    start: Option<Moment>,
    /// Absent: for ever.
    #[serde(default)]
    expire: Option<Moment>,
    #[serde(default)]
    order: u64,
}

#[derive(Clone, Deserialize)]
struct Effective {
    #[serde(rename = "type")]
    kind: EffectiveKind,
    #[serde(default)]
    packages: Vec<u64>,
    #[serde(default)]
    categories: Vec<u64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EffectiveKind {
    All,
    Package,
    Category,
}

#[derive(Clone, Deserialize)]
struct SaleDiscount {
    #[serde(rename = "type")]
    kind: DiscountKind,
    #[serde(default)]
    percentage: Exact,
    #[serde(default)]
    value: Exact,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DiscountKind {
    Percentage,
    Amount,
}

/// Seconds since 1970, or `YYYY-MM-DD HH:MM:SS`, or a day.
#[derive(Clone)]
enum Moment {
    Seconds(u64),
    Text(String),
}

// By hand: numbers that keep their digits cannot be read by an untagged enum.
impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Moment::Text(text)),
            value => value
                .as_u64()
                .map(Moment::Seconds)
                .ok_or_else(|| D::Error::custom("must be a time")),
        }
    }
}

impl Moment {
    fn seconds(&self) -> Result<u64, Error> {
        match self {
            Moment::Seconds(seconds) => Ok(*seconds),
            Moment::Text(text) => time::moment(text)
                .map(|millis| millis / 1000)
                .ok_or_else(|| Error::misconfigured("sale", format!("`{text}` is no time"))),
        }
    }
}

/// The end of sales that have none: the last second of a 32-bit clock, which some clients have.
const NEVER: u64 = i32::MAX as u64;

impl Sale {
    pub(crate) fn reach(&self) -> Reach<'_> {
        match self.effective.kind {
            EffectiveKind::All => Reach::All,
            EffectiveKind::Package => Reach::Packages(&self.effective.packages),
            EffectiveKind::Category => Reach::Categories(&self.effective.categories),
        }
    }

    pub(crate) fn discount(&self, currency: &str) -> Result<Discount, Error> {
        let bad = || Error::misconfigured(format!("sale `{}`", self.name), "its percentage is not 0 to 100");
        match self.discount.kind {
            DiscountKind::Percentage => self
                .discount
                .percentage
                .parts_per_million()
                .map(Discount::Part)
                .ok_or_else(bad),
            DiscountKind::Amount => {
                let value = self.discount.value.content(currency, "sale's value")?;
                Ok(Discount::Sum(value.minor))
            }
        }
    }

    fn start(&self) -> Result<u64, Error> {
        self.start.as_ref().map_or(Ok(0), Moment::seconds)
    }

    fn expire(&self) -> Result<u64, Error> {
        self.expire.as_ref().map_or(Ok(NEVER), Moment::seconds)
    }

    fn is_on(&self, now: u64) -> Result<bool, Error> {
        let seconds = now / 1000;
        let ends = self.expire.is_some() && self.expire()? <= seconds;
        Ok(self.start()? <= seconds && !ends)
    }
}

/// Those that are on, with their ids.
fn with_ids() -> Result<Vec<(u64, Sale)>, Error> {
    let now = context::now();
    let mut on = Vec::new();
    for (id, sale) in content::all::<Sale>(COLLECTION)? {
        if sale.is_on(now)? {
            on.push((id, sale));
        }
    }
    Ok(on)
}

/// Those that are on.
pub(crate) fn active() -> Result<Vec<Sale>, Error> {
    Ok(with_ids()?.into_iter().map(|(_, sale)| sale).collect())
}

/// `GET /sales`: those that are on.
pub(crate) fn list() -> Result<Json<Value>, Error> {
    let data = with_ids()?.into_iter().map(|(id, sale)| shown(id, &sale));
    let data: Vec<Value> = data.collect::<Result<_, _>>()?;
    Ok(Json(json!({ "data": data })))
}

fn shown(id: u64, sale: &Sale) -> Result<Value, Error> {
    let effective = match sale.effective.kind {
        EffectiveKind::All => "all",
        EffectiveKind::Package => "package",
        EffectiveKind::Category => "category",
    };
    let discount = match sale.discount.kind {
        DiscountKind::Percentage => "percentage",
        DiscountKind::Amount => "amount",
    };
    Ok(json!({
        "id": id,
        "name": sale.name,
        "effective": { "type": effective, "packages": sale.effective.packages, "categories": sale.effective.categories },
        "discount": {
            "type": discount,
            "percentage": sale.discount.percentage.number(),
            "value": sale.discount.value.number(),
        },
        "start": sale.start()?,
        "expire": sale.expire()?,
        "order": sale.order,
    }))
}
