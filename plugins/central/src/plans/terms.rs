//! A plan as a subscription keeps it and answers show it.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::calendar::Interval;
use crate::error::Error;
use crate::input;
use crate::rates::Rate;

/// What a subscription has agreed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub(crate) struct Terms {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) rate: Rate,
}

/// The same as it is read: flattened fields would be read twice, and every request reads a subscription.
#[derive(Deserialize)]
struct Kept {
    id: String,
    name: String,
    currency: String,
    price: i64,
    interval: Interval,
    count: u32,
}

impl From<Kept> for Terms {
    fn from(kept: Kept) -> Terms {
        Terms {
            id: kept.id,
            name: kept.name,
            rate: Rate {
                currency: kept.currency,
                price: kept.price,
                interval: kept.interval,
                count: kept.count,
            },
        }
    }
}

/// `{"id","name","price","currency","billing_cycle"}`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    id: String,
    name: String,
    price: Number,
    currency: String,
    billing_cycle: String,
}

impl Terms {
    pub(crate) fn shown(&self) -> Result<Shown, Error> {
        let Rate {
            currency,
            price,
            interval,
            count,
        } = &self.rate;
        Ok(Shown {
            id: self.id.clone(),
            name: self.name.clone(),
            price: input::amount(*price, currency)?.to_json_number(),
            currency: currency.clone(),
            billing_cycle: interval.cycle(*count),
        })
    }
}
