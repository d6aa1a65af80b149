//! Looking things up in the ledger.

use mooring_store::{KeyRange, KeyReader, KeySpace, StoreError};

use super::post::check_account;
use super::rows::{ACCOUNT, AccountRow, ChainEnd, Keys, LineRow, PostingRow};
use super::{LedgerError, Posting, StatementLine};
use crate::check;
use crate::ids::PostingId;
use crate::layout;
use crate::money::{Amount, Currency};
use crate::page::{Listing, Order, Page};
use crate::work::{HostWork, Work};

/// The balance of an account in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// Its name.
    pub account: String,
    /// Credits minus debits.
    pub balance: Amount,
    /// Lines of its statement.
    pub lines: u64,
}

/// The posting with this id.
pub fn get(work: &mut Work, id: &PostingId) -> Result<Posting, LedgerError> {
    let keys = keys(work);
    let row = posting(work, keys, id)?.ok_or(LedgerError::NotFound)?;
    Ok(row.into_posting())
}

/// The posting with this idempotency key.
pub fn find(work: &mut Work, idempotency_key: &str) -> Result<Posting, LedgerError> {
    let keys = keys(work);
    let row = by_key(work, keys, idempotency_key)?.ok_or(LedgerError::NotFound)?;
    Ok(row.into_posting())
}

/// Credits minus debits, postings of this work included; zero for an account never used. May be negative.
pub fn balance(work: &mut Work, account: &str, currency: &str) -> Result<Amount, LedgerError> {
    check_account(account)?;
    let currency = check::currency("currency", currency)?;
    let keys = keys(work);
    let minor = balance_in(work, keys, account, currency)?;
    Ok(Amount::new(minor, currency))
}

/// Lines of committed postings of an account in one currency; those of this work are not among them yet.
pub fn statement(
    work: &mut Work,
    account: &str,
    currency: &str,
    page: Page,
) -> Result<Listing<StatementLine>, LedgerError> {
    check_account(account)?;
    check::page(page)?;
    let currency = check::currency("currency", currency)?;
    let keys = keys(work);
    let account_key = keys.account(account, currency.code());
    let head: AccountRow = layout::get_json(&mut work.transaction, &account_key)?.unwrap_or_default();
    let lines = keys.lines(account, currency.code());
    let mut items = Vec::new();
    for number in places(head.lines, page) {
        let line = lines.get(&mut work.transaction, number)?;
        let line = line
            .and_then(|line| LineRow::decode(&line))
            .ok_or_else(|| missing(account_key.clone(), "line that its end counts"))?;
        let posting = placed(work, keys, line.sequence)?;
        let Some(entry) = posting.entries.get(usize::from(line.entry)) else {
            return Err(missing(keys.posting(&posting.id), "entry that a line names").into());
        };
        let (direction, amount) = (entry.direction, entry.amount);
        items.push(StatementLine {
            posting: posting.id,
            sequence: line.sequence,
            created_at: posting.created_at,
            description: posting.description,
            direction,
            amount,
            balance_after: line.balance_after,
        });
    }
    Ok(Listing {
        items,
        total: head.lines,
    })
}

/// The tenant's committed postings, in the journal's order. For the operator.
pub fn journal(work: &mut Work, page: Page) -> Result<Listing<Posting>, LedgerError> {
    check::page(page)?;
    let keys = keys(work);
    let head: ChainEnd = layout::get_json(&mut work.transaction, &keys.head())?.unwrap_or_default();
    let mut items = Vec::new();
    for place in places(head.sequence, page) {
        items.push(placed(work, keys, place)?.into_posting());
    }
    Ok(Listing {
        items,
        total: head.sequence,
    })
}

/// Accounts and their committed balances in order of their names, behind the given one; ask again with the last of them
/// for more. For the operator.
pub fn accounts(
    work: &mut Work,
    behind: Option<&AccountBalance>,
    limit: usize,
) -> Result<Vec<AccountBalance>, LedgerError> {
    let keys = keys(work);
    let prefix = keys.of(ACCOUNT).build();
    let mut range = KeyRange::prefix(prefix.clone());
    if let Some(AccountBalance { account, balance, .. }) = behind {
        range = range.after(&keys.account(account, balance.currency.code()));
    }
    let rows = work.transaction.scan(range, Order::OldestFirst.into(), limit)?;
    let account = |(key, value): &(Vec<u8>, mooring_store::Value)| {
        let row: AccountRow = layout::from_json(key, value)?;
        let (account, currency) = account_of(&prefix, key)
            .and_then(|(account, code)| Some((account, Currency::parse(&code).ok()?)))
            .ok_or_else(|| missing(key.clone(), "name in the key of an account"))?;
        Ok(AccountBalance {
            account,
            balance: Amount::new(row.balance, currency),
            lines: row.lines,
        })
    };
    rows.iter().map(account).collect()
}

/// Account and currency code in a key behind `prefix`.
pub(super) fn account_of(prefix: &[u8], key: &[u8]) -> Option<(String, String)> {
    let mut reader = KeyReader::new(key.get(prefix.len()..)?);
    let account = String::from_utf8(reader.string()?).ok()?;
    let currency = String::from_utf8(reader.string()?).ok()?;
    Some((account, currency))
}

pub(super) fn posting(
    work: &mut HostWork,
    keys: Keys,
    id: &PostingId,
) -> Result<Option<PostingRow>, StoreError> {
    layout::get_json(&mut work.transaction, &keys.posting(id))
}

pub(super) fn by_key(
    work: &mut HostWork,
    keys: Keys,
    idempotency_key: &str,
) -> Result<Option<PostingRow>, StoreError> {
    let key = keys.idempotency(idempotency_key);
    let Some(id) = layout::get_json::<PostingId>(&mut work.transaction, &key)? else {
        return Ok(None);
    };
    let row = posting(work, keys, &id)?;
    row.map_or_else(
        || Err(missing(key, "posting that an idempotency key names")),
        |row| Ok(Some(row)),
    )
}

/// The balance that the next posting of this work finds.
pub(super) fn balance_in(
    work: &mut HostWork,
    keys: Keys,
    account: &str,
    currency: Currency,
) -> Result<i64, LedgerError> {
    let key = keys.account(account, currency.code());
    let settled: AccountRow = layout::get_json(&mut work.transaction, &key)?.unwrap_or_default();
    let own = work.unsettled.of(keys.tenant, account, currency);
    let balance = settled.balance.checked_add(own);
    balance.ok_or_else(|| LedgerError::Overflow(account.to_owned()))
}

/// The posting at a place that is known to be taken.
fn placed(work: &mut HostWork, keys: Keys, place: u64) -> Result<PostingRow, StoreError> {
    let id = keys.journal().get(&mut work.transaction, place)?;
    let id = id
        .as_deref()
        .and_then(posting_id)
        .ok_or_else(|| missing(keys.head(), "place in the journal that its head counts"))?;
    posting(work, keys, &id)?.ok_or_else(|| missing(keys.posting(&id), "posting that the journal names"))
}

/// What a place in the journal holds.
pub(super) fn posting_id(bytes: &[u8]) -> Option<PostingId> {
    PostingId::parse(std::str::from_utf8(bytes).ok()?).ok()
}

fn keys(work: &Work) -> Keys {
    Keys {
        tenant: work.tenant().id,
    }
}

/// The places, counted from 1 to `total`, that a page shows.
fn places(total: u64, page: Page) -> Vec<u64> {
    let behind = total.saturating_sub(page.offset);
    let limit = page.limit as usize;
    match page.order {
        Order::OldestFirst => (total - behind + 1..=total).take(limit).collect(),
        Order::NewestFirst => (1..=behind).rev().take(limit).collect(),
    }
}

fn missing(key: Vec<u8>, what: &str) -> StoreError {
    StoreError::Corrupt {
        key,
        reason: format!("there is no {what}"),
    }
}
