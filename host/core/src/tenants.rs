//! Tenants: businesses whose data is kept apart.

use mooring_store::{Document, Documents, IndexEntries, KeyBuilder, Selection, StoreError};
use serde::{Deserialize, Serialize};

use crate::check::{self, InvalidField, chars};
use crate::ids::{TenantId, TenantName};
use crate::layout;
use crate::page::{Listing, Page};
use crate::time::Timestamp;
use crate::work::HostWork;

/// A tenant, by both its ids. What a unit of work carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRef {
    /// In keys of rows.
    pub id: TenantId,
    /// In front of people.
    pub name: TenantName,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// 1, 2, 3 …
    pub id: TenantId,
    /// Unique; never changes.
    pub name: TenantName,
    /// What people read; 0 to 200 characters.
    pub title: String,
    /// While set, no key of the tenant is valid. Its data stays.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Tenant {
    /// Its ids.
    pub fn to_ref(&self) -> TenantRef {
        TenantRef {
            id: self.id,
            name: self.name.clone(),
        }
    }
}

/// Fields left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantChanges {
    /// See [`Tenant::title`].
    pub title: Option<String>,
    /// See [`Tenant::disabled`].
    pub disabled: Option<bool>,
}

/// Why a tenant was not made, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// Another tenant has this name.
    #[error("the name is taken by tenant {0}")]
    NameTaken(TenantId),
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NotFound,
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Makes a tenant.
pub fn create(work: &mut HostWork, name: TenantName, title: &str) -> Result<Tenant, TenantError> {
    check::text("title", title, chars(0, 200))?;
    if let Some(other) = by_name(work, &name)? {
        return Err(TenantError::NameTaken(other.id));
    }
    let now = work.now();
    let id = TenantId(tenants().count(&mut work.transaction, Selection::All)? + 1);
    let title = title.to_owned();
    let tenant = Tenant {
        id,
        name,
        title,
        disabled: false,
        created_at: now,
        updated_at: now,
    };
    tenants()
        .insert(&mut work.transaction, &tenant)
        .map_err(layout::checked_before)?;
    Ok(tenant)
}

/// The tenant with this id.
pub fn get(work: &mut HostWork, id: TenantId) -> Result<Tenant, TenantError> {
    tenants()
        .get(&mut work.transaction, &id_bytes(id))?
        .ok_or(TenantError::NotFound)
}

/// The tenant with this name.
pub fn find(work: &mut HostWork, name: &TenantName) -> Result<Tenant, TenantError> {
    by_name(work, name)?.ok_or(TenantError::NotFound)
}

/// Changes a tenant. Repeating it is safe.
pub fn update(work: &mut HostWork, id: TenantId, changes: TenantChanges) -> Result<Tenant, TenantError> {
    let before = get(work, id)?;
    let mut tenant = before.clone();
    if let Some(title) = changes.title {
        check::text("title", &title, chars(0, 200))?;
        tenant.title = title;
    }
    if let Some(disabled) = changes.disabled {
        tenant.disabled = disabled;
    }
    if tenant != before {
        tenant.updated_at = work.now();
        tenants()
            .replace(&mut work.transaction, &tenant)
            .map_err(layout::checked_before)?;
    }
    Ok(tenant)
}

/// All tenants.
pub fn list(work: &mut HostWork, page: Page) -> Result<Listing<Tenant>, TenantError> {
    check::page(page)?;
    let found = tenants().page(
        &mut work.transaction,
        Selection::All,
        page.offset,
        page.limit as usize,
        page.order.into(),
    )?;
    Ok(Listing {
        items: found.items,
        total: found.total,
    })
}

fn by_name(work: &mut HostWork, name: &TenantName) -> Result<Option<Tenant>, StoreError> {
    tenants().find_unique(&mut work.transaction, "name", name.as_str().as_bytes())
}

fn tenants() -> Documents<Tenant> {
    Documents::new(layout::TENANTS, Vec::new())
}

fn id_bytes(id: TenantId) -> Vec<u8> {
    KeyBuilder::nested().number(id.0).build()
}

impl Document for Tenant {
    fn id(&self) -> Vec<u8> {
        id_bytes(self.id)
    }

    fn ordinal(&self) -> u64 {
        self.id.0
    }

    fn indexes(&self) -> IndexEntries {
        let name = self.name.as_str().as_bytes().to_vec();
        IndexEntries {
            unique: vec![(String::from("name"), name)],
            listed: Vec::new(),
        }
    }
}
