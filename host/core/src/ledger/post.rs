//! Posting: the rules, in their order of precedence, and what is written.

use std::collections::BTreeMap;

use mooring_store::{KeySpace, StoreError};

use super::chain;
use super::rows::{AccountRow, ChainEnd, Keys, LineRow, PostingRow};
use super::{ENTRIES_MAX, ENTRIES_MIN, Entry, LedgerError, NewEntry, NewPosting, Posted, read};
use crate::check::{self, InvalidField, chars};
use crate::ids::PostingId;
use crate::layout;
use crate::money::{Amount, Currency};
use crate::work::Work;

/// A posting that moves an account by no more than this, while its balance is no further than [`CALM_BALANCE`] from zero,
/// cannot overflow it: more than a hundred thousand such postings would have to commit between our look and our commit.
const CALM_DELTA: i128 = 1 << 44;

/// See [`CALM_DELTA`]. Half the way to the edge.
const CALM_BALANCE: i128 = 1 << 62;

/// What the keys of postings of payments begin with.
pub(crate) const PAYMENT_KEYS: &str = "payment:";

/// What the keys of the operator's postings begin with.
pub const OPERATOR_KEYS: &str = "operator:";

/// Posts for a plugin, which cannot take a key that a posting of the host may come to need. Otherwise as [`post`].
pub fn post_for_plugin(work: &mut Work, new: NewPosting) -> Result<Posted, LedgerError> {
    let mut taken = [PAYMENT_KEYS, OPERATOR_KEYS].into_iter();
    if let Some(taken) = taken.find(|taken| new.idempotency_key.starts_with(taken)) {
        let reason = format!("must not begin with {taken}");
        return Err(InvalidField::new("idempotency-key", reason).into());
    }
    post(work, new)
}

/// Posts. Safe to repeat: the same key with the same content answers with the first posting.
pub fn post(work: &mut Work, new: NewPosting) -> Result<Posted, LedgerError> {
    let keys = Keys {
        tenant: work.tenant().id,
    };
    if !(ENTRIES_MIN..=ENTRIES_MAX).contains(&new.entries.len()) {
        return Err(LedgerError::EntryCount(
            u32::try_from(new.entries.len()).unwrap_or(u32::MAX),
        ));
    }
    check::text("idempotency-key", &new.idempotency_key, chars(1, 200))?;
    check::length("description", &new.description, chars(0, 500))?;
    let entries = new
        .entries
        .into_iter()
        .map(check_entry)
        .collect::<Result<Vec<_>, _>>()?;
    let metadata = check::object_or_empty("metadata", &new.metadata)?;
    check_balanced(&entries)?;
    let fingerprint = hex::encode(chain::fingerprint(&new.description, &entries, &metadata));
    if let Some(first) = read::by_key(work, keys, &new.idempotency_key)? {
        if first.fingerprint != fingerprint {
            return Err(LedgerError::KeyReused(first.id));
        }
        return Ok(Posted {
            posting: first.into_posting(),
            repeated: true,
        });
    }
    let movements = Movement::of(&entries);
    check_guards(work, keys, &movements)?;
    check_ranges(work, keys, &movements)?;

    let now = work.now();
    let row = PostingRow {
        id: PostingId::draw(&mut work.rng, now),
        idempotency_key: new.idempotency_key,
        description: new.description,
        entries,
        metadata,
        created_at: now,
        fingerprint,
        settled: None,
    };
    write(work, keys, &row, &movements)?;
    Ok(Posted {
        posting: row.into_posting(),
        repeated: false,
    })
}

/// Refuses, from now on, whatever would bring the account's balance below zero, in any currency. Safe to repeat.
pub fn guard(work: &mut Work, account: &str) -> Result<(), LedgerError> {
    check_account(account)?;
    let key = Keys {
        tenant: work.tenant().id,
    }
    .guard(account);
    if work.transaction.get(&key)?.is_none() {
        let now = work.now();
        layout::put_json(&mut work.transaction, key, &now)?;
    }
    Ok(())
}

/// What a posting does to one account in one currency.
#[derive(Debug)]
struct Movement {
    account: String,
    currency: Currency,
    /// All its entries together.
    net: i128,
    /// Lowest and highest point on the way there, entry by entry.
    low: i128,
    high: i128,
}

impl Movement {
    /// In order of account and currency.
    fn of(entries: &[Entry]) -> Vec<Movement> {
        let mut movements: BTreeMap<(&str, Currency), Movement> = BTreeMap::new();
        for entry in entries {
            let currency = entry.amount.currency;
            let movement = movements
                .entry((&entry.account, currency))
                .or_insert_with(|| Movement {
                    account: entry.account.clone(),
                    currency,
                    net: 0,
                    low: 0,
                    high: 0,
                });
            movement.net += i128::from(entry.delta());
            movement.low = movement.low.min(movement.net);
            movement.high = movement.high.max(movement.net);
        }
        movements.into_values().collect()
    }

    fn fits(&self, balance: i64) -> bool {
        let balance = i128::from(balance);
        let range = i128::from(i64::MIN)..=i128::from(i64::MAX);
        range.contains(&self.net)
            && range.contains(&(balance + self.low))
            && range.contains(&(balance + self.high))
    }
}

fn check_entry(new: NewEntry) -> Result<Entry, InvalidField> {
    check_account(&new.account)?;
    let currency = Currency::parse_with_exponent(&new.currency, new.exponent)
        .map_err(|error| InvalidField::new("amount", error.to_string()))?;
    if new.minor < 0 {
        return Err(InvalidField::new(
            "amount",
            "must not be negative; turn the direction instead",
        ));
    }
    Ok(Entry {
        account: new.account,
        direction: new.direction,
        amount: Amount::new(new.minor, currency),
    })
}

/// Refuses what is no name of an account.
pub fn check_account(account: &str) -> Result<(), InvalidField> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
    if (1..=200).contains(&account.len()) && account.bytes().all(legal) {
        return Ok(());
    }
    Err(InvalidField::new(
        "account",
        "must be 1 to 200 of a-z, A-Z, 0-9, _, -, ., : and /",
    ))
}

fn check_balanced(entries: &[Entry]) -> Result<(), LedgerError> {
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for entry in entries {
        *sums.entry(entry.amount.currency).or_default() += i128::from(entry.delta());
    }
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some((currency, _)) => Err(LedgerError::Unbalanced(currency.code().to_owned())),
        None => Ok(()),
    }
}

/// The one place where posting depends on a balance. Looking for the guard is a read too, so that setting one conflicts
/// with postings that did not see it.
fn check_guards(work: &mut Work, keys: Keys, movements: &[Movement]) -> Result<(), LedgerError> {
    for movement in movements {
        let guarded = work.transaction.get(&keys.guard(&movement.account))?.is_some();
        if guarded && movement.net < 0 {
            let balance = read::balance_in(work, keys, &movement.account, movement.currency)?;
            if i128::from(balance) + movement.net < 0 {
                return Err(LedgerError::Insufficient(movement.account.clone()));
            }
        }
    }
    Ok(())
}

fn check_ranges(work: &mut Work, keys: Keys, movements: &[Movement]) -> Result<(), LedgerError> {
    // A look at the newest state that this work does not depend on. It decides only whether a real look is needed.
    let mut glance = work.store().write();
    for movement in movements {
        let key = keys.account(&movement.account, movement.currency.code());
        let account: AccountRow = layout::get_json(&mut glance, &key)?.unwrap_or_default();
        let balance = i128::from(account.balance);
        let calm = balance.abs() <= CALM_BALANCE && movement.low.abs().max(movement.high) <= CALM_DELTA;
        if !calm
            && !movement.fits(read::balance_in(
                work,
                keys,
                &movement.account,
                movement.currency,
            )?)
        {
            return Err(LedgerError::Overflow(movement.account.clone()));
        }
    }
    Ok(())
}

fn write(work: &mut Work, keys: Keys, row: &PostingRow, movements: &[Movement]) -> Result<(), LedgerError> {
    let work = &mut **work;
    let space = &mut work.transaction;
    layout::put_json(space, keys.posting(&row.id), row)?;
    layout::put_json(space, keys.idempotency(&row.idempotency_key), &row.id)?;
    for Movement {
        account,
        currency,
        net,
        ..
    } in movements
    {
        let net = i64::try_from(*net).ok();
        net.and_then(|net| work.unsettled.add(keys.tenant, account, *currency, net))
            .ok_or_else(|| LedgerError::Overflow(account.clone()))?;
    }
    let settlement = Settlement {
        keys,
        content: chain::content(row),
        row: row.clone(),
    };
    space.at_commit(Box::new(move |space| settlement.settle(space)))?;
    Ok(())
}

/// What can be said of a posting only when it is known what was committed before it.
struct Settlement {
    keys: Keys,
    content: [u8; 32],
    row: PostingRow,
}

impl Settlement {
    /// Runs while all other commits wait.
    fn settle(self, space: &mut dyn KeySpace) -> Result<(), StoreError> {
        let Settlement {
            keys,
            content,
            mut row,
        } = self;
        let head: ChainEnd = layout::get_json(space, &keys.head())?.unwrap_or_default();
        let sequence = head.sequence + 1;
        let head = ChainEnd {
            sequence,
            hash: chain::link(&head.hash, sequence, &content),
        };
        layout::put_json(space, keys.head(), &head)?;
        keys.journal()
            .put(space, sequence, row.id.as_str().as_bytes().to_vec())?;
        row.settled = Some(head);
        layout::put_json(space, keys.posting(&row.id), &row)?;
        for (index, entry) in (0..).zip(&row.entries) {
            let (account, currency) = (entry.account.as_str(), entry.amount.currency.code());
            let account_key = keys.account(account, currency);
            let AccountRow { lines, balance } = layout::get_json(space, &account_key)?.unwrap_or_default();
            let overflow = || StoreError::CounterOverflow {
                key: account_key.clone(),
            };
            let balance = balance.checked_add(entry.delta()).ok_or_else(overflow)?;
            let line = LineRow {
                sequence,
                entry: index,
                balance_after: balance,
            };
            keys.lines(account, currency)
                .put(space, lines + 1, line.encode())?;
            layout::put_json(
                space,
                account_key,
                &AccountRow {
                    lines: lines + 1,
                    balance,
                },
            )?;
        }
        Ok(())
    }
}
