//! The audit log: who did what to what, and when. Written in the transaction of what it reports, never changed.

use mooring_store::{Document, Documents, IndexEntries, KeyBuilder, Selection, StoreError};
use serde::{Deserialize, Serialize};

use crate::check::{self, InvalidField, chars};
use crate::ids::TenantId;
use crate::json::Json;
use crate::layout;
use crate::page::{Listing, Page};
use crate::time::Timestamp;
use crate::work::HostWork;

const TENANT: &str = "tenant";

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place; lines rise in it, with gaps.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who: an operator, `system`, or a key's id.
    pub who: String,
    /// What was done: `key.revoke`, `plugin.install`.
    pub action: String,
    /// To what: an id or a name.
    pub subject: String,
    /// In whose data; absent for what concerns the whole host.
    pub tenant: Option<TenantId>,
    /// JSON object; never a secret.
    pub details: Json,
}

/// What is to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// 1 to 200 characters.
    pub who: String,
    /// 1 to 100 characters.
    pub action: String,
    /// 0 to 500 characters.
    pub subject: String,
    /// In whose data.
    pub tenant: Option<TenantId>,
    /// JSON object.
    pub details: Json,
}

/// Why nothing was written or listed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Writes a line. It is there if, and only if, the work commits.
pub fn append(work: &mut HostWork, new: NewEntry) -> Result<Entry, AuditError> {
    check::text("who", &new.who, chars(1, 200))?;
    check::text("action", &new.action, chars(1, 100))?;
    check::text("subject", &new.subject, chars(0, 500))?;
    check::object("details", new.details.as_str())?;
    let entry = Entry {
        number: work.next_ordinal(&[layout::AUDIT])?,
        at: work.now(),
        who: new.who,
        action: new.action,
        subject: new.subject,
        tenant: new.tenant,
        details: new.details,
    };
    entries()
        .insert(&mut work.transaction, &entry)
        .map_err(layout::checked_before)?;
    Ok(entry)
}

/// All lines, or those about one tenant's data.
pub fn list(work: &mut HostWork, tenant: Option<TenantId>, page: Page) -> Result<Listing<Entry>, AuditError> {
    check::page(page)?;
    let value = tenant.map(|tenant| tenant.to_string().into_bytes());
    let selection = match &value {
        Some(value) => Selection::Listed { index: TENANT, value },
        None => Selection::All,
    };
    let (limit, order) = (page.limit as usize, page.order.into());
    let found = entries().page(&mut work.transaction, selection, page.offset, limit, order)?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

fn entries() -> Documents<Entry> {
    Documents::new(layout::AUDIT, Vec::new())
}

impl Document for Entry {
    fn id(&self) -> Vec<u8> {
        KeyBuilder::nested().number(self.number).build()
    }

    fn ordinal(&self) -> u64 {
        self.number
    }

    fn indexes(&self) -> IndexEntries {
        let tenant = self.tenant.iter();
        IndexEntries {
            unique: Vec::new(),
            listed: tenant
                .map(|tenant| (TENANT.to_owned(), tenant.to_string().into_bytes()))
                .collect(),
        }
    }
}
