//! Users: customer and operator accounts of a tenant.

use mooring_store::{Document, Documents, IndexEntries, KeyBuilder, KeySpace, Selection, StoreError};
use serde::{Deserialize, Serialize};

use crate::check::{self, InvalidField, chars};
use crate::ids::{TenantId, UserId};
use crate::json::Json;
use crate::layout;
use crate::page::{Listing, Page};
use crate::passwords::{self, PasswordHash};
use crate::time::Timestamp;
use crate::work::Work;

const EMAIL: &str = "email";
const EXTERNAL_REF: &str = "external-ref";

/// The role of a user for whom none is given.
pub const ROLE_DEFAULT: &str = "customer";

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// 1, 2, 3 … within the tenant; never used again.
    pub id: UserId,
    /// As given, trimmed. Unique in the tenant, case-insensitively.
    pub email: String,
    /// Of the person; may be empty.
    pub name: String,
    /// Free text of the provider.
    pub role: String,
    /// The provider's own id, unique in the tenant where given.
    pub external_ref: Option<String>,
    /// JSON object.
    pub metadata: Json,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    password: Option<PasswordHash>,
}

impl User {
    /// Whether the user can log in with a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }
}

/// What a user is made from.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewUser {
    /// 3 to 254 characters, one `@`.
    pub email: String,
    /// 0 to 200 characters.
    pub name: String,
    /// 1 to 100 characters; [`ROLE_DEFAULT`] unless given.
    pub role: Option<String>,
    /// 8 to 200 characters; kept as an argon2id hash only.
    pub password: Option<String>,
    /// 1 to 200 characters.
    pub external_ref: Option<String>,
    /// JSON object, at most 64 KiB; empty means `{}`.
    pub metadata: String,
}

/// Fields left out stay as they are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// As in [`NewUser`].
    pub email: Option<String>,
    /// As in [`NewUser`].
    pub name: Option<String>,
    /// As in [`NewUser`].
    pub role: Option<String>,
    /// As in [`NewUser`].
    pub password: Option<String>,
    /// As in [`NewUser`].
    pub external_ref: Option<String>,
    /// As in [`NewUser`].
    pub metadata: Option<String>,
}

/// Why a user was not made, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// Another user, whose id is given, has this e-mail.
    #[error("the e-mail address is taken by user {0}")]
    EmailTaken(UserId),
    /// Another user, whose id is given, has this external reference.
    #[error("the external reference is taken by user {0}")]
    ExternalRefTaken(UserId),
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The tenant has no such user.
    #[error("there is no such user")]
    NotFound,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Makes a user. Repeating it is safe: the second call is refused with the first one's id.
pub fn create(work: &mut Work, new: NewUser) -> Result<User, UserError> {
    let email = check::email("email", &new.email)?;
    let role = new.role.unwrap_or_else(|| ROLE_DEFAULT.to_owned());
    check_name(&new.name)?;
    check_role(&role)?;
    if let Some(password) = &new.password {
        check_password(password)?;
    }
    if let Some(external_ref) = &new.external_ref {
        check_external_ref(external_ref)?;
    }
    let metadata = check::object_or_empty("metadata", &new.metadata)?;
    refuse_taken(work, None, Some(&email), new.external_ref.as_deref())?;
    let password = new.password.map(|password| hash(work, &email, &password));
    // Last, because whoever reads the sequence conflicts with everybody who makes a user until the commit: hashing takes
    // a hundred times longer than the rest.
    let id = next_id(work)?;
    let now = work.now();
    let user = User {
        id,
        email,
        name: new.name,
        role,
        external_ref: new.external_ref,
        metadata,
        created_at: now,
        updated_at: now,
        password,
    };
    users(work)
        .insert(&mut work.transaction, &user)
        .map_err(layout::checked_before)?;
    Ok(user)
}

/// The user with this id.
pub fn get(work: &mut Work, id: UserId) -> Result<User, UserError> {
    find_by_id(work, id)?.ok_or(UserError::NotFound)
}

/// The user with this e-mail address, case-insensitively and trimmed.
pub fn find_by_email(work: &mut Work, email: &str) -> Result<User, UserError> {
    find_unique(work, EMAIL, &check::email_key(email))?.ok_or(UserError::NotFound)
}

/// The user with this external reference.
pub fn find_by_external_ref(work: &mut Work, external_ref: &str) -> Result<User, UserError> {
    find_unique(work, EXTERNAL_REF, external_ref)?.ok_or(UserError::NotFound)
}

/// Changes a user. Repeating it is safe.
pub fn update(work: &mut Work, id: UserId, changes: UserChanges) -> Result<User, UserError> {
    let before = get(work, id)?;
    let mut user = before.clone();
    if let Some(email) = &changes.email {
        user.email = check::email("email", email)?;
    }
    if let Some(name) = changes.name {
        check_name(&name)?;
        user.name = name;
    }
    if let Some(role) = changes.role {
        check_role(&role)?;
        user.role = role;
    }
    if let Some(external_ref) = changes.external_ref {
        check_external_ref(&external_ref)?;
        user.external_ref = Some(external_ref);
    }
    if let Some(metadata) = &changes.metadata {
        user.metadata = check::object_or_empty("metadata", metadata)?;
    }
    if let Some(password) = &changes.password {
        check_password(password)?;
    }
    refuse_taken(work, Some(id), Some(&user.email), user.external_ref.as_deref())?;
    if let Some(password) = &changes.password {
        user.password = Some(hash(work, &user.email, password));
    }
    if user != before {
        user.updated_at = work.now();
        users(work)
            .replace(&mut work.transaction, &user)
            .map_err(layout::checked_before)?;
    }
    Ok(user)
}

/// Whether this is the user's password; false for a user without one. Takes the same time for a wrong password, for none
/// and for nobody.
pub fn verify_password(work: &mut Work, id: UserId, password: &str) -> Result<bool, UserError> {
    let user = find_by_id(work, id)?;
    let hash = user.as_ref().and_then(|user| user.password.as_ref());
    // Nobody's password is always wrong, also for somebody who happens to type it.
    let fits = work
        .draws()
        .verify_password(hash.unwrap_or(&passwords::NOBODY), password);
    if user.is_none() {
        Err(UserError::NotFound)
    } else {
        Ok(fits && hash.is_some())
    }
}

/// The tenant's users.
pub fn list(work: &mut Work, page: Page) -> Result<Listing<User>, UserError> {
    check::page(page)?;
    let found = users(work).page(
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

/// Whether the tenant has this user. For what refers to one.
pub(crate) fn exists(work: &mut Work, id: UserId) -> Result<bool, StoreError> {
    Ok(find_by_id(work, id)?.is_some())
}

fn check_name(name: &str) -> Result<(), InvalidField> {
    check::text("name", name, chars(0, 200))
}

fn check_role(role: &str) -> Result<(), InvalidField> {
    check::text("role", role, chars(1, 100))
}

/// Anything may stand in a password; people paste what they like.
fn check_password(password: &str) -> Result<(), InvalidField> {
    check::length("password", password, chars(8, 200))
}

fn check_external_ref(external_ref: &str) -> Result<(), InvalidField> {
    check::text("external-ref", external_ref, chars(1, 200))
}

/// Refuses values that another user than `own` has.
fn refuse_taken(
    work: &mut Work,
    own: Option<UserId>,
    email: Option<&str>,
    external_ref: Option<&str>,
) -> Result<(), UserError> {
    if let Some(email) = email
        && let Some(other) = find_unique(work, EMAIL, &check::email_key(email))?
        && Some(other.id) != own
    {
        return Err(UserError::EmailTaken(other.id));
    }
    if let Some(external_ref) = external_ref
        && let Some(other) = find_unique(work, EXTERNAL_REF, external_ref)?
        && Some(other.id) != own
    {
        return Err(UserError::ExternalRefTaken(other.id));
    }
    Ok(())
}

fn hash(work: &Work, email: &str, password: &str) -> PasswordHash {
    work.draws().hash_password(email, password)
}

fn next_id(work: &mut Work) -> Result<UserId, StoreError> {
    let key = layout::tenant_key(layout::USER_COUNTS, work.tenant().id).build();
    let made = work.transaction.counter(&key)?;
    work.transaction.add(key, 1)?;
    Ok(UserId(made as u64 + 1))
}

fn find_by_id(work: &mut Work, id: UserId) -> Result<Option<User>, StoreError> {
    users(work).get(&mut work.transaction, &id_bytes(id))
}

fn find_unique(work: &mut Work, index: &str, value: &str) -> Result<Option<User>, StoreError> {
    users(work).find_unique(&mut work.transaction, index, value.as_bytes())
}

fn users(work: &Work) -> Documents<User> {
    users_of(work.tenant().id)
}

fn users_of(tenant: TenantId) -> Documents<User> {
    Documents::new(layout::USERS, layout::tenant_scope(tenant))
}

fn id_bytes(id: UserId) -> Vec<u8> {
    KeyBuilder::nested().number(id.0).build()
}

impl Document for User {
    fn id(&self) -> Vec<u8> {
        id_bytes(self.id)
    }

    fn ordinal(&self) -> u64 {
        self.id.0
    }

    fn indexes(&self) -> IndexEntries {
        let email = (EMAIL.to_owned(), check::email_key(&self.email).into_bytes());
        let external_ref = self
            .external_ref
            .as_ref()
            .map(|text| (EXTERNAL_REF.to_owned(), text.as_bytes().to_vec()));
        IndexEntries {
            unique: std::iter::once(email).chain(external_ref).collect(),
            listed: Vec::new(),
        }
    }
}
