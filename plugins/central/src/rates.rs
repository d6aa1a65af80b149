//! Which prices subscriptions have, and in which currencies money moves: one document for each, made at its first use.
//!
//! A subscription that counts names its price in an index, so how many there are of each is known without looking at any of
//! them, and no counter is written that everybody would wait for.

use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, RecordError};
use serde::{Deserialize, Serialize};

use crate::calendar::Interval;
use crate::error::Error;

pub(crate) const RATES: &str = "rates";
pub(crate) const CURRENCIES: &str = "currencies";

/// A price and how often it is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) currency: String,
    /// Minor units.
    pub(crate) price: i64,
    pub(crate) interval: Interval,
    pub(crate) count: u32,
}

#[derive(Serialize, Deserialize)]
struct Nothing {}

impl Rate {
    /// In the index of subscriptions, and the id of its document.
    pub(crate) fn key(&self) -> String {
        let Rate {
            currency,
            price,
            interval,
            count,
        } = self;
        format!("{currency} {price} {count} {}", interval.as_str())
    }

    /// Of `number` subscriptions in a month, minor units, rounded half up: a year has 12 months, 365 days or 52 weeks.
    pub(crate) fn monthly(&self, number: u64) -> i128 {
        let (times, per) = match self.interval {
            Interval::Day => (365, 12),
            Interval::Week => (52, 12),
            Interval::Month => (1, 1),
            Interval::Year => (1, 12),
        };
        let per = per * i128::from(self.count.max(1));
        (2 * i128::from(self.price) * i128::from(number) * times + per) / (2 * per)
    }

    /// Makes its document where there is none.
    pub(crate) fn keep(&self) -> Result<(), Error> {
        ensure(RATES, &self.key(), self)
    }
}

/// Makes a currency known.
pub(crate) fn keep_currency(currency: &str) -> Result<(), Error> {
    ensure(CURRENCIES, currency, &Nothing {})
}

/// Looked at first: who only reads waits for nobody.
fn ensure<T: Serialize>(collection: &str, id: &str, document: &T) -> Result<(), Error> {
    match records::get(collection, id) {
        Ok(_) => Ok(()),
        Err(RecordError::NotFound) => {
            records::create(collection, id, document)?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Rate>, Error> {
    let documents = mooring_sdk::all(|page: Page| records::list(RATES, None, page))?;
    let rates = documents.iter().map(records::Document::read);
    Ok(rates.collect::<Result<_, _>>()?)
}

/// Those that money has moved in.
pub(crate) fn currencies() -> Result<Vec<String>, Error> {
    let documents = mooring_sdk::all(|page: Page| records::list(CURRENCIES, None, page))?;
    Ok(documents.into_iter().map(|document| document.id).collect())
}
