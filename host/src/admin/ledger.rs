//! The journals of tenants: postings, accounts, statements, and whether all of it holds.

pub(super) mod transfer;

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::ids::PostingId;
use mooring_core::ledger::{self, AccountBalance, LedgerError, VerifyReport};
use mooring_core::money::{Amount, Currency};
use mooring_core::page::Page;
use mooring_core::tenants::{self, TenantRef};
use mooring_core::work::HostWork;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Listing, Paging, Path, Query};
use super::problem::{Code, Problem};
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Money, Time};

/// A posting: immutable, balanced in every currency.
#[derive(Serialize, ToSchema)]
pub(super) struct Posting {
    id: String,
    /// Place in the tenant's journal: 1, 2, 3 … without a gap.
    sequence: Option<u64>,
    /// Unique in the tenant for ever.
    idempotency_key: String,
    description: String,
    entries: Vec<Entry>,
    /// A JSON object, the provider's own.
    #[schema(value_type = Object)]
    metadata: serde_json::Value,
    created_at: Time,
}

/// One line of a posting.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub(super) struct Entry {
    account: String,
    direction: Direction,
    amount: Money,
}

/// Which side of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Direction {
    /// Lowers the balance.
    Debit,
    /// Raises the balance.
    Credit,
}

impl From<ledger::Direction> for Direction {
    fn from(direction: ledger::Direction) -> Direction {
        match direction {
            ledger::Direction::Debit => Direction::Debit,
            ledger::Direction::Credit => Direction::Credit,
        }
    }
}

impl From<ledger::Posting> for Posting {
    fn from(posting: ledger::Posting) -> Posting {
        let entry = |entry: ledger::Entry| Entry {
            account: entry.account,
            direction: entry.direction.into(),
            amount: entry.amount.into(),
        };
        Posting {
            id: posting.id.to_string(),
            sequence: posting.sequence,
            idempotency_key: posting.idempotency_key,
            description: posting.description,
            entries: posting.entries.into_iter().map(entry).collect(),
            metadata: posting.metadata.value(),
            created_at: posting.created_at.into(),
        }
    }
}

/// The balance of an account in one currency.
#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    /// The account.
    name: String,
    /// Credits minus debits; may be negative.
    balance: Money,
    /// Lines of its statement.
    lines: u64,
}

/// Accounts in order of their names.
#[derive(Serialize, ToSchema)]
pub(super) struct Accounts {
    items: Vec<Account>,
    /// Given as `after`, it asks for what follows; null at the end.
    next: Option<String>,
}

/// One line of an account's statement.
#[derive(Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub(super) struct Line {
    /// Id of the posting.
    posting: String,
    /// Its place in the journal.
    sequence: u64,
    created_at: Time,
    description: String,
    direction: Direction,
    amount: Money,
    /// Credits minus debits after this line, in minor units; may be negative.
    balance_after: i64,
}

impl From<ledger::StatementLine> for Line {
    fn from(line: ledger::StatementLine) -> Line {
        Line {
            posting: line.posting.to_string(),
            sequence: line.sequence,
            created_at: line.created_at.into(),
            description: line.description,
            direction: line.direction.into(),
            amount: line.amount.into(),
            balance_after: line.balance_after,
        }
    }
}

/// What checking a journal against itself found.
#[derive(Serialize, ToSchema)]
pub(super) struct Verification {
    tenant: String,
    /// Whether everything fits.
    intact: bool,
    /// Postings in the journal.
    postings: u64,
    /// Accounts, counted once for each currency.
    accounts: u64,
    /// Sum over all accounts of each currency, in minor units; must be zero.
    #[schema(value_type = BTreeMap<String, String>)]
    sums: BTreeMap<String, String>,
    /// Hash of the newest posting. Kept elsewhere, it proves later that nothing before it was changed.
    head: String,
    /// How many faults there are.
    faults: u64,
    /// The first hundred of them: where, and what.
    details: Vec<String>,
}

impl Verification {
    fn new(tenant: TenantRef, report: VerifyReport) -> Verification {
        Verification {
            tenant: tenant.name.to_string(),
            intact: report.is_clean(),
            postings: report.postings,
            accounts: report.accounts,
            sums: report
                .currencies
                .into_iter()
                .map(|(code, sum)| (code, sum.to_string()))
                .collect(),
            head: report.head_hash,
            faults: report.problem_count,
            details: report
                .problems
                .into_iter()
                .map(|fault| format!("{}: {}", fault.place, fault.what))
                .collect(),
        }
    }
}

/// Postings of a tenant
#[utoipa::path(
    get, path = "/tenants/{tenant}/ledger/postings", tag = "ledger", operation_id = "posting-list",
    params(("tenant" = String, Path), Paging),
    responses((status = 200, description = "A part of them", body = Listed<Posting>))
)]
pub(super) async fn postings(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    listing: Listing,
) -> Result<Answer<Listed<Posting>>, Problem> {
    let page = listing.page();
    let found = admin
        .read_tenant(tenant, move |work| Ok(ledger::journal(work, page)?))
        .await?;
    Ok(Answer(found.into()))
}

/// A posting
#[utoipa::path(
    get, path = "/tenants/{tenant}/ledger/postings/{posting}", tag = "ledger", operation_id = "posting-view",
    params(("tenant" = String, Path), ("posting" = String, Path)),
    responses((status = 200, description = "Found", body = Posting))
)]
pub(super) async fn posting(
    admin: State<Admin>,
    Path((tenant, posting)): Path<(String, String)>,
) -> Result<Answer<Posting>, Problem> {
    let id = PostingId::parse(&posting).map_err(|_| Problem::from(LedgerError::NotFound))?;
    let found = admin
        .read_tenant(tenant, move |work| Ok(ledger::get(work, &id)?))
        .await?;
    Ok(Answer(found.into()))
}

/// Which accounts to give.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountsQuery {
    /// Where the last answer ended: its `next`.
    after: Option<String>,
    /// Accounts to give.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Accounts of a tenant, with their balances
#[utoipa::path(
    get, path = "/tenants/{tenant}/ledger/accounts", tag = "ledger", operation_id = "account-list",
    params(("tenant" = String, Path), AccountsQuery),
    responses((status = 200, description = "A part of them", body = Accounts))
)]
pub(super) async fn accounts(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    Query(query): Query<AccountsQuery>,
) -> Result<Answer<Accounts>, Problem> {
    let limit = Paging::check_limit(query.limit)? as usize;
    let behind = query.after.as_deref().map(parse_place).transpose()?;
    let mut found = admin
        .read_tenant(tenant, move |work| {
            Ok(ledger::accounts(work, behind.as_ref(), limit + 1)?)
        })
        .await?;
    // One more than asked for tells whether there are more.
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| format!("{} {}", last.account, last.balance.currency.code()));
    let account = |found: AccountBalance| Account {
        name: found.account,
        balance: found.balance.into(),
        lines: found.lines,
    };
    Ok(Answer(Accounts {
        items: found.into_iter().map(account).collect(),
        next,
    }))
}

/// Which account's statement to give.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct StatementFilter {
    account: String,
    #[param(example = "USD")]
    currency: String,
}

/// Statement of an account in one currency
#[utoipa::path(
    get, path = "/tenants/{tenant}/ledger/statement", tag = "ledger", operation_id = "statement-view",
    params(("tenant" = String, Path), Paging, StatementFilter),
    responses((status = 200, description = "A part of it", body = Listed<Line>))
)]
pub(super) async fn statement(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    listing: Listing<StatementFilter>,
) -> Result<Answer<Listed<Line>>, Problem> {
    let page = listing.page();
    let StatementFilter { account, currency } = listing.filter;
    let found = admin.read_tenant(tenant, move |work| {
        Ok(ledger::statement(work, &account, &currency, page)?)
    });
    Ok(Answer(found.await?.into()))
}

/// Which journals to check.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyQuery {
    /// That of this tenant; absent: all.
    tenant: Option<String>,
}

/// Check journals from their first posting: hashes, sums, balances
#[utoipa::path(
    get, path = "/ledger/verification", tag = "ledger", operation_id = "ledger-verify", params(VerifyQuery),
    responses((status = 200, description = "One line for each tenant", body = Listed<Verification>))
)]
pub(super) async fn verify(
    admin: State<Admin>,
    Query(query): Query<VerifyQuery>,
) -> Result<Answer<Listed<Verification>>, Problem> {
    let found = admin.read(move |work| {
        let tenants = match &query.tenant {
            Some(tenant) => vec![find_tenant(work, tenant)?],
            None => all_tenants(work)?,
        };
        let verified = tenants.into_iter().map(|tenant| {
            let report = ledger::verify(work, tenant.id)?;
            Ok(Verification::new(tenant, report))
        });
        verified.collect::<Result<Vec<_>, Problem>>()
    });
    let items = found.await?;
    let total = items.len() as u64;
    Ok(Answer(Listed { items, total }))
}

fn all_tenants(work: &mut HostWork) -> Result<Vec<TenantRef>, Problem> {
    const PART: u32 = 500;
    let mut all = Vec::new();
    loop {
        let page = Page {
            offset: all.len() as u64,
            ..Page::first(PART)
        };
        let part = tenants::list(work, page)?;
        all.extend(part.items.iter().map(tenants::Tenant::to_ref));
        if part.items.is_empty() || all.len() as u64 >= part.total {
            return Ok(all);
        }
    }
}

/// `ACCOUNT CURRENCY`; names of accounts have no space.
fn parse_place(after: &str) -> Result<AccountBalance, Problem> {
    let place = after.split_once(' ').and_then(|(account, code)| {
        let balance = Amount::new(0, Currency::parse(code).ok()?);
        Some(AccountBalance {
            account: account.to_owned(),
            balance,
            lines: 0,
        })
    });
    place.ok_or_else(|| Problem::invalid("after", "give the `next` of the last answer."))
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Problem {
        match error {
            LedgerError::NotFound => Problem::new(
                Code::NotFound,
                "The tenant has no such posting. See those it has: mooring ledger list --tenant TENANT",
            ),
            LedgerError::Invalid(error) => error.into(),
            LedgerError::Store(error) => Problem::internal(&error),
            // What the operator posts has two entries of one amount, so these are only here to be complete.
            LedgerError::EntryCount(_) | LedgerError::Unbalanced(_) => {
                Problem::new(Code::Invalid, error.to_string())
            }
            LedgerError::KeyReused(_) => Problem::new(Code::Conflict, error.to_string()),
            LedgerError::Insufficient(_) | LedgerError::Overflow(_) => {
                Problem::new(Code::WrongState, error.to_string())
            }
        }
    }
}
