//! Credits: what resellers sell. Each user has an account of the ledger; one credit is one dollar there, exact to cents.
//!
//! A sale is one posting: the gross amount goes from the seller to the recipient, and the fee from the recipient to the house.
//! So the seller's history has one row, and the recipient's two, that end at the net amount.

use std::fmt::Display;

use mooring_sdk::ledger::{self, Direction, Entry, LedgerError, NewPosting, Posting, StatementLine};
use mooring_sdk::prelude::*;
use mooring_sdk::{context, json};
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::convert::{self, Part};
use crate::error::Error;
use crate::fx;
use crate::merchant::{self, UserToken};
use crate::model::{self, Listing, Recipient, Sale, Sold, Transfer};
use crate::reseller;

/// What the ledger counts credits in.
pub(crate) const CURRENCY: &str = "USD";
/// Where fees go.
const FEES: &str = "renovax:credit-fees";

pub(crate) const FEE_PERCENT_RESELLER: &str = "credit_fee_percent_reseller";
pub(crate) const FEE_PERCENT_DISTRIBUTOR: &str = "credit_fee_percent_distributor";
pub(crate) const FEE_PERCENT_ADMIN: &str = "credit_fee_percent_admin";

/// Of a posting that is a sale.
#[derive(Serialize, Deserialize)]
struct Parties {
    seller: u64,
    recipient: u64,
}

/// The account that holds a user's credits.
pub(crate) fn account(user: impl Display) -> String {
    format!("renovax:credits:{user}")
}

/// A user's credits; below zero only where an operator has taken more than there was.
pub(crate) fn balance(user: u64) -> Result<Amount, Error> {
    Ok(ledger::balance(&account(user), CURRENCY)?)
}

/// What is kept of a role's sales, per cent.
pub(crate) fn fee_percent(role: &str) -> Result<Number, Error> {
    let percent = merchant::number(fee_setting(role))?.to_string();
    Ok(Number::from_string_unchecked(percent))
}

fn fee_setting(role: &str) -> &'static str {
    match role {
        "distributor" => FEE_PERCENT_DISTRIBUTOR,
        "admin" => FEE_PERCENT_ADMIN,
        _ => FEE_PERCENT_RESELLER,
    }
}

/// `POST reseller/credits/sell`. Not safe to repeat: every call is a sale.
pub(crate) fn sell(token: UserToken, Body(body): Body) -> Result<Json<Sold>, Error> {
    let seller = reseller::authorize(&token)?;
    merchant::active()?;
    let sale: Sale = json::from_slice(&body)?;
    let gross = convert::amount(&sale.amount, "amount", CURRENCY)?;
    let recipient = reseller::recipient(&sale.recipient)?;
    if recipient.id == seller.id {
        return Err(Error::invalid("recipient", "must be somebody else"));
    }
    let before = balance(seller.id)?;
    if before.minor < 0 {
        return Err(Error::NegativeCredits);
    }
    let fee = fee(&gross, &seller.role)?;
    // The host refuses what would bring the account below zero from now on, whoever posts.
    ledger::guard(&account(seller.id))?;
    let note = sale.note.unwrap_or_default().into_string();
    let parties = Parties {
        seller: seller.id,
        recipient: recipient.id,
    };
    match ledger::post(posting(&parties, &gross, &fee, note)) {
        Ok(_) => {}
        Err(LedgerError::Insufficient(_)) => return Err(Error::InsufficientCredits(before)),
        Err(error) => return Err(error.into()),
    }
    let net = of(gross.minor - fee.minor)?;
    Ok(Json(Sold {
        gross: convert::number(&gross),
        fee: convert::number(&fee),
        net: convert::number(&net),
        balance_after: convert::number(&balance(seller.id)?),
        recipient: Recipient {
            id: recipient.id,
            username: reseller::username(&recipient)?,
            credits: convert::number(&balance(recipient.id)?),
        },
    }))
}

fn of(minor: i64) -> Result<Amount, Error> {
    Amount::from_minor(minor, CURRENCY)
        .map_err(|error| Problem::Internal(format!("{CURRENCY}: {error}")).into())
}

/// Rounded half up.
fn fee(gross: &Amount, role: &str) -> Result<Amount, Error> {
    let parts = merchant::parts_per_million(fee_setting(role))?;
    let minor = fx::half_up(i128::from(gross.minor) * i128::from(parts), 1_000_000);
    of(minor as i64)
}

fn posting(parties: &Parties, gross: &Amount, fee: &Amount, note: String) -> NewPosting {
    let (seller, recipient) = (account(parties.seller), account(parties.recipient));
    let mut entries = vec![
        Entry::debit(seller, gross.clone()),
        Entry::credit(&recipient, gross.clone()),
    ];
    if fee.minor > 0 {
        entries.push(Entry::debit(&recipient, fee.clone()));
        entries.push(Entry::credit(FEES, fee.clone()));
    }
    NewPosting {
        idempotency_key: format!("renovax:sale:{}", hex::encode(context::random(16))),
        description: note,
        entries,
        metadata: json::to_string(parties),
    }
}

/// `GET reseller/credits/history`: every change of the reseller's credits, newest first.
pub(crate) fn history(
    token: UserToken,
    Query(listing): Query<Listing>,
) -> Result<Json<model::Page<Transfer>>, Error> {
    let user = reseller::authorize(&token)?;
    let part = Part::of(&listing)?;
    let lines = ledger::statement(&account(user.id), CURRENCY, part.page())?;
    let data = lines
        .items
        .iter()
        .map(|line| transfer(line, user.id))
        .collect::<Result<_, _>>()?;
    let meta = part.meta(lines.total);
    Ok(Json(model::Page { data, meta }))
}

fn transfer(line: &StatementLine, user: u64) -> Result<Transfer, Error> {
    let posting = ledger::get(&line.posting)?;
    let (place, reason) = reason(line, &posting, user);
    let minor = match line.direction {
        Direction::Credit => line.amount.minor,
        Direction::Debit => -line.amount.minor,
    };
    Ok(Transfer {
        // Unique in the journal, of which one posting gives up to three rows.
        id: line.sequence * 3 + place,
        reason,
        delta: convert::number(&of(minor)?),
        balance_after: convert::number(&of(line.balance_after)?),
        note: Some(line.description.clone()).filter(|note| !note.is_empty()),
        created_at: convert::time(line.created_at),
    })
}

/// Which of a posting's rows it is. What an operator posts is a transfer like any other.
fn reason(line: &StatementLine, posting: &Posting, user: u64) -> (u64, &'static str) {
    let parties: Option<Parties> = serde_json::from_str(&posting.metadata).ok();
    let bought = parties.is_some_and(|parties| parties.recipient == user);
    match line.direction {
        Direction::Debit if bought => (2, "transfer_fee"),
        Direction::Debit => (0, "transfer_out"),
        Direction::Credit => (1, "transfer_in"),
    }
}
