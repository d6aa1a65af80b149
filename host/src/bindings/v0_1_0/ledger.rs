//! `ledger`

use mooring_core::ids::PostingId;
use mooring_core::ledger as core;

use super::wit::mooring::plugin::ledger::{
    Direction, Entry, Host, LedgerError, NewPosting, Posted, Posting, StatementLine, StatementPage,
};
use super::{common_errors, types};
use crate::bindings::Desk;

impl Host for Desk {
    fn post(&mut self, posting: NewPosting) -> Result<Posted, LedgerError> {
        self.check_record("metadata", &posting.metadata)?;
        let posted = core::post_for_plugin(self.write()?, posting.into())?;
        Ok(Posted {
            posting: posted.posting.into(),
            repeated: posted.repeated,
        })
    }

    fn get(&mut self, id: String) -> Result<Posting, LedgerError> {
        // What is no id is nobody's id.
        let id = PostingId::parse(&id).map_err(|_| LedgerError::NotFound)?;
        Ok(core::get(self.read()?, &id)?.into())
    }

    fn find(&mut self, idempotency_key: String) -> Result<Posting, LedgerError> {
        Ok(core::find(self.read()?, &idempotency_key)?.into())
    }

    fn guard(&mut self, account: String) -> Result<(), LedgerError> {
        Ok(core::guard(self.write()?, &account)?)
    }

    fn balance(&mut self, account: String, currency: String) -> Result<types::Amount, LedgerError> {
        Ok(core::balance(self.read()?, &account, &currency)?.into())
    }

    fn statement(
        &mut self,
        account: String,
        currency: String,
        page: types::Page,
    ) -> Result<StatementPage, LedgerError> {
        let listing = core::statement(self.read()?, &account, &currency, page.into())?;
        Ok(StatementPage {
            items: listing.items.into_iter().map(StatementLine::from).collect(),
            total: listing.total,
        })
    }
}

impl From<NewPosting> for core::NewPosting {
    fn from(posting: NewPosting) -> core::NewPosting {
        core::NewPosting {
            idempotency_key: posting.idempotency_key,
            description: posting.description,
            entries: posting.entries.into_iter().map(core::NewEntry::from).collect(),
            metadata: posting.metadata,
        }
    }
}

impl From<Entry> for core::NewEntry {
    fn from(entry: Entry) -> core::NewEntry {
        core::NewEntry {
            account: entry.account,
            direction: match entry.direction {
                Direction::Debit => core::Direction::Debit,
                Direction::Credit => core::Direction::Credit,
            },
            minor: entry.amount.minor,
            currency: entry.amount.currency,
            exponent: entry.amount.exponent,
        }
    }
}

impl From<core::Posting> for Posting {
    fn from(posting: core::Posting) -> Posting {
        Posting {
            id: posting.id.to_string(),
            idempotency_key: posting.idempotency_key,
            description: posting.description,
            entries: posting.entries.into_iter().map(Entry::from).collect(),
            metadata: posting.metadata.as_str().to_owned(),
            created_at: posting.created_at.millis(),
            sequence: posting.sequence,
            extensions: Vec::new(),
        }
    }
}

impl From<core::Entry> for Entry {
    fn from(entry: core::Entry) -> Entry {
        Entry {
            account: entry.account,
            direction: entry.direction.into(),
            amount: entry.amount.into(),
        }
    }
}

impl From<core::StatementLine> for StatementLine {
    fn from(line: core::StatementLine) -> StatementLine {
        StatementLine {
            posting: line.posting.to_string(),
            sequence: line.sequence,
            created_at: line.created_at.millis(),
            description: line.description,
            direction: line.direction.into(),
            amount: line.amount.into(),
            balance_after: line.balance_after,
        }
    }
}

impl From<core::Direction> for Direction {
    fn from(direction: core::Direction) -> Direction {
        match direction {
            core::Direction::Debit => Direction::Debit,
            core::Direction::Credit => Direction::Credit,
        }
    }
}

common_errors!(LedgerError);

impl From<core::LedgerError> for LedgerError {
    fn from(error: core::LedgerError) -> LedgerError {
        match error {
            core::LedgerError::EntryCount(count) => LedgerError::EntryCount(count),
            core::LedgerError::Invalid(invalid) => invalid.into(),
            core::LedgerError::Unbalanced(currency) => LedgerError::Unbalanced(currency),
            core::LedgerError::KeyReused(id) => LedgerError::KeyReused(id.to_string()),
            core::LedgerError::Insufficient(account) => LedgerError::Insufficient(account),
            core::LedgerError::Overflow(account) => LedgerError::Overflow(account),
            core::LedgerError::NotFound => LedgerError::NotFound,
            core::LedgerError::Store(error) => error.into(),
        }
    }
}
