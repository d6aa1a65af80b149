//! Figures of a range of days, from the ledger: what its accounts say is what these say.

use jiff::civil::Date;
use mooring_sdk::ledger;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BY_STATUS, COLLECTION, Status};
use crate::accounts::{self, RECEIVABLE};
use crate::calendar::date;
use crate::error::Error;
use crate::input::amount;
use crate::policy;
use crate::rates;

/// Looks into the ledger for one answer, two for each day and currency; a run may make 10,000 calls.
const LOOKS_MAX: usize = 8000;

/// Days, both included.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) from: String,
    pub(crate) to: String,
    days: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Dates {
    #[serde(default)]
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) to: String,
}

/// What was earned in a range.
#[derive(Serialize)]
pub(crate) struct Earned {
    pub(crate) currency: String,
    /// By invoices of subscriptions, refunds and what was taken back less.
    pub(crate) subscriptions: String,
    /// By payments without an invoice, refunds less.
    pub(crate) payments: String,
    pub(crate) total: String,
}

/// The range that is asked for; the month until today unless given.
pub(crate) fn range(dates: &Dates) -> Result<Range, Error> {
    let today = policy::calendar()?.day(mooring_sdk::context::now());
    let to = if dates.to.is_empty() { &today } else { &dates.to };
    let month = format!("{}-01", to.get(..7).unwrap_or(to));
    let from = if dates.from.is_empty() {
        &month
    } else {
        &dates.from
    };
    let read = |field: &str, text: &str| {
        date(text).ok_or_else(|| Error::invalid(field, "must be a date: 2027-01-15"))
    };
    let (last, mut day) = (read("to", to)?, read("from", from)?);
    if day > last {
        return Err(Error::invalid("from", "must not be after `to`"));
    }
    let mut days = Vec::new();
    while day <= last {
        if days.len() >= LOOKS_MAX {
            return Err(too_long());
        }
        days.push(day.to_string());
        day = match Date::tomorrow(day) {
            Ok(next) => next,
            Err(_) => break,
        };
    }
    Ok(Range {
        from: from.clone(),
        to: to.clone(),
        days,
    })
}

fn too_long() -> Error {
    Error::invalid("from", "the range has too many days")
}

/// The balances of the accounts of these days.
pub(crate) fn revenue_between(range: &Range) -> Result<Vec<Earned>, Error> {
    let currencies = rates::currencies()?;
    if range.days.len().saturating_mul(2 * currencies.len()) > LOOKS_MAX {
        return Err(too_long());
    }
    let mut earned = Vec::with_capacity(currencies.len());
    for currency in currencies {
        let (mut subscriptions, mut payments) = (0_i64, 0_i64);
        for day in &range.days {
            subscriptions += ledger::balance(&accounts::revenue(day), &currency)?.minor;
            payments += ledger::balance(&accounts::sales(day), &currency)?.minor;
        }
        earned.push(Earned {
            subscriptions: amount(subscriptions, &currency)?.to_string(),
            payments: amount(payments, &currency)?.to_string(),
            total: amount(subscriptions + payments, &currency)?.to_string(),
            currency,
        });
    }
    Ok(earned)
}

/// `GET subscription-invoices/stats/overview`.
pub(crate) fn overview(Query(dates): Query<Dates>) -> Result<Response, Error> {
    let range = range(&dates)?;
    let mut counts = serde_json::Map::new();
    let mut total = 0;
    for status in Status::KEPT {
        let filter = IndexValue::new(BY_STATUS, status.as_str());
        let count = records::list(COLLECTION, Some(filter), Page::oldest(1))?.total;
        total += count;
        counts.insert(status.as_str().to_owned(), count.into());
    }
    let mut outstanding = Vec::new();
    for currency in rates::currencies()? {
        // What is owed to the merchant is below zero there.
        let owed = -ledger::balance(RECEIVABLE, &currency)?.minor;
        outstanding.push(json!({
            "amount": amount(owed, &currency)?.to_string(),
            "currency": currency,
        }));
    }
    let stats = json!({
        "from": range.from,
        "to": range.to,
        "total": total,
        "by_status": counts,
        "outstanding": outstanding,
        "revenue": revenue_between(&range)?,
    });
    Ok(crate::input::named(200, "stats", &stats))
}
