//! Customer and operator accounts of a tenant.

use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField, Problem};

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// 1, 2, 3 ... in the order of creation within the tenant; never used again.
    pub id: u64,
    /// As given, trimmed. Unique in the tenant, case-insensitively.
    pub email: String,
    /// For people.
    pub name: String,
    /// `customer` unless given otherwise.
    pub role: String,
    /// The provider's own id, unique in the tenant where given.
    pub external_ref: Option<String>,
    /// JSON object.
    pub metadata: String,
    /// Whether [`verify_password`] can ever answer true.
    pub has_password: bool,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
    /// Milliseconds since the Unix epoch.
    pub updated_at: u64,
}

/// An account to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    /// 3 to 254 characters, one `@`.
    pub email: String,
    /// 0 to 200 characters.
    pub name: String,
    /// `customer` unless given.
    pub role: Option<String>,
    /// 8 to 200 characters; stored as a hash only.
    pub password: Option<String>,
    /// 1 to 200 characters.
    pub external_ref: Option<String>,
    /// JSON object, at most 64 KiB; empty means `{}`.
    pub metadata: String,
}

/// Fields left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// New e-mail.
    pub email: Option<String>,
    /// New name.
    pub name: Option<String>,
    /// New role.
    pub role: Option<String>,
    /// New password.
    pub password: Option<String>,
    /// New external reference.
    pub external_ref: Option<String>,
    /// New metadata, whole.
    pub metadata: Option<String>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserError {
    /// Another user, whose id is given, has this e-mail.
    EmailTaken(u64),
    /// Another user, whose id is given, has this external reference.
    ExternalRefTaken(u64),
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// No such user.
    NotFound,
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Makes a user. Repeating it is safe: the second call answers [`UserError::EmailTaken`] and changes nothing.
pub fn create(user: NewUser) -> Result<User, UserError> {
    host!(user_create(user))
}

/// The user with this id.
pub fn get(id: u64) -> Result<User, UserError> {
    host!(user_get(id))
}

/// The user with this e-mail; case-insensitive, trimmed.
pub fn find_by_email(email: &str) -> Result<User, UserError> {
    host!(user_find_by_email(email))
}

/// The user with this id of the provider's.
pub fn find_by_external_ref(external_ref: &str) -> Result<User, UserError> {
    host!(user_find_by_external_ref(external_ref))
}

/// Changes a user. Repeating it is safe.
pub fn update(id: u64, changes: UserChanges) -> Result<User, UserError> {
    host!(user_update(id, changes))
}

/// False for a wrong password and for a user without one. Takes the same time either way.
pub fn verify_password(id: u64, password: &str) -> Result<bool, UserError> {
    host!(user_verify_password(id, password))
}

/// All users.
pub fn list(page: Page) -> Result<List<User>, UserError> {
    host!(user_list(page))
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Problem {
        match error {
            UserError::EmailTaken(_) => Problem::Conflict("another user has this e-mail".to_owned()),
            UserError::ExternalRefTaken(_) => Problem::Conflict("another user has this reference".to_owned()),
            UserError::Invalid(invalid) => Problem::Invalid(invalid),
            UserError::NotFound => Problem::NotFound,
            UserError::Denied(denial) => Problem::Denied(denial),
            UserError::Internal(why) => Problem::Internal(why),
        }
    }
}
