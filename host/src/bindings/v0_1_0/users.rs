//! `users`

use mooring_core::ids::UserId;
use mooring_core::users as core;

use super::wit::mooring::plugin::users::{Host, NewUser, User, UserChanges, UserError, UserPage};
use super::{common_errors, types};
use crate::bindings::Desk;

impl Host for Desk {
    fn create(&mut self, user: NewUser) -> Result<User, UserError> {
        self.check_record("metadata", &user.metadata)?;
        Ok(core::create(self.write()?, user.into())?.into())
    }

    fn get(&mut self, id: u64) -> Result<User, UserError> {
        Ok(core::get(self.read()?, UserId(id))?.into())
    }

    fn find_by_email(&mut self, email: String) -> Result<User, UserError> {
        Ok(core::find_by_email(self.read()?, &email)?.into())
    }

    fn find_by_external_ref(&mut self, external_ref: String) -> Result<User, UserError> {
        Ok(core::find_by_external_ref(self.read()?, &external_ref)?.into())
    }

    fn update(&mut self, id: u64, changes: UserChanges) -> Result<User, UserError> {
        self.check_record("metadata", changes.metadata.as_deref().unwrap_or_default())?;
        Ok(core::update(self.write()?, UserId(id), changes.into())?.into())
    }

    fn verify_password(&mut self, id: u64, password: String) -> Result<bool, UserError> {
        Ok(core::verify_password(self.read()?, UserId(id), &password)?)
    }

    fn list(&mut self, page: types::Page) -> Result<UserPage, UserError> {
        let listing = core::list(self.read()?, page.into())?;
        Ok(UserPage {
            items: listing.items.into_iter().map(User::from).collect(),
            total: listing.total,
        })
    }
}

impl From<core::User> for User {
    fn from(user: core::User) -> User {
        User {
            id: user.id.0,
            has_password: user.has_password(),
            email: user.email,
            name: user.name,
            role: user.role,
            external_ref: user.external_ref,
            metadata: user.metadata.as_str().to_owned(),
            created_at: user.created_at.millis(),
            updated_at: user.updated_at.millis(),
            extensions: Vec::new(),
        }
    }
}

impl From<NewUser> for core::NewUser {
    fn from(user: NewUser) -> core::NewUser {
        core::NewUser {
            email: user.email,
            name: user.name,
            role: user.role,
            password: user.password,
            external_ref: user.external_ref,
            metadata: user.metadata,
        }
    }
}

impl From<UserChanges> for core::UserChanges {
    fn from(changes: UserChanges) -> core::UserChanges {
        core::UserChanges {
            email: changes.email,
            name: changes.name,
            role: changes.role,
            password: changes.password,
            external_ref: changes.external_ref,
            metadata: changes.metadata,
        }
    }
}

common_errors!(UserError);

impl From<core::UserError> for UserError {
    fn from(error: core::UserError) -> UserError {
        match error {
            core::UserError::EmailTaken(id) => UserError::EmailTaken(id.0),
            core::UserError::ExternalRefTaken(id) => UserError::ExternalRefTaken(id.0),
            core::UserError::Invalid(invalid) => invalid.into(),
            core::UserError::NotFound => UserError::NotFound,
            core::UserError::Store(error) => error.into(),
        }
    }
}
