//! Users and keys.

use mooring_manifest::Manifest;

use super::{State, length, object, object_or_empty, text};
use crate::http::Principal;
use crate::keys::{KeyError, Minted, NewKey};
use crate::problem::{Denial, InvalidField};
use crate::users::{NewUser, User, UserChanges, UserError};

#[derive(Clone, Debug, PartialEq)]
pub(in crate::testing) struct Stored {
    pub(in crate::testing) user: User,
    password: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    secret: String,
    principal: Principal,
    expires_at: Option<u64>,
}

impl From<Denial> for UserError {
    fn from(denial: Denial) -> UserError {
        UserError::Denied(denial)
    }
}

impl From<Denial> for KeyError {
    fn from(denial: Denial) -> KeyError {
        KeyError::Denied(denial)
    }
}

fn email(given: &str) -> Result<String, UserError> {
    let given = given.trim();
    text("email", given, 3..=254).map_err(UserError::Invalid)?;
    match given.split_once('@') {
        Some((local, domain))
            if !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !given.contains(char::is_whitespace) =>
        {
            Ok(given.to_owned())
        }
        _ => Err(UserError::Invalid(InvalidField::new(
            "email",
            "is not an e-mail address",
        ))),
    }
}

fn check_password(password: Option<&str>) -> Result<(), UserError> {
    password
        .map_or(Ok(()), |password| length("password", password, 8..=200))
        .map_err(UserError::Invalid)
}

impl State {
    pub(super) fn user_create(&mut self, new: NewUser) -> Result<User, UserError> {
        let email = email(&new.email)?;
        text("name", &new.name, 0..=200).map_err(UserError::Invalid)?;
        check_password(new.password.as_deref())?;
        let metadata = object_or_empty("metadata", &new.metadata).map_err(UserError::Invalid)?;
        self.check_unique(0, &email, new.external_ref.as_deref())?;
        let user = User {
            id: self.users.len() as u64 + 1,
            email,
            name: new.name,
            role: new.role.unwrap_or_else(|| "customer".to_owned()),
            external_ref: new.external_ref,
            metadata,
            has_password: new.password.is_some(),
            created_at: self.now,
            updated_at: self.now,
        };
        self.users.push(Stored {
            user: user.clone(),
            password: new.password,
        });
        Ok(user)
    }

    fn check_unique(&self, except: u64, email: &str, external_ref: Option<&str>) -> Result<(), UserError> {
        let email = email.to_lowercase();
        for Stored { user, .. } in self.users.iter().filter(|stored| stored.user.id != except) {
            if user.email.to_lowercase() == email {
                return Err(UserError::EmailTaken(user.id));
            }
            if external_ref.is_some() && user.external_ref.as_deref() == external_ref {
                return Err(UserError::ExternalRefTaken(user.id));
            }
        }
        external_ref
            .map_or(Ok(()), |given| text("external-ref", given, 1..=200))
            .map_err(UserError::Invalid)
    }

    pub(super) fn user_get(&self, id: u64) -> Result<User, UserError> {
        let found = self.users.iter().find(|stored| stored.user.id == id);
        found.map(|stored| stored.user.clone()).ok_or(UserError::NotFound)
    }

    pub(super) fn user_find_by_email(&self, email: &str) -> Result<User, UserError> {
        let email = email.trim().to_lowercase();
        let found = self
            .users
            .iter()
            .find(|stored| stored.user.email.to_lowercase() == email);
        found.map(|stored| stored.user.clone()).ok_or(UserError::NotFound)
    }

    pub(super) fn user_find_by_external_ref(&self, external_ref: &str) -> Result<User, UserError> {
        let found = self
            .users
            .iter()
            .find(|stored| stored.user.external_ref.as_deref() == Some(external_ref));
        found.map(|stored| stored.user.clone()).ok_or(UserError::NotFound)
    }

    pub(super) fn user_update(&mut self, id: u64, changes: UserChanges) -> Result<User, UserError> {
        let mut user = self.user_get(id)?;
        if let Some(new) = changes.email {
            user.email = email(&new)?;
        }
        if let Some(name) = changes.name {
            text("name", &name, 0..=200).map_err(UserError::Invalid)?;
            user.name = name;
        }
        check_password(changes.password.as_deref())?;
        if let Some(metadata) = changes.metadata {
            user.metadata = object("metadata", &metadata).map_err(UserError::Invalid)?;
        }
        user.role = changes.role.unwrap_or(user.role);
        user.external_ref = changes.external_ref.or(user.external_ref);
        self.check_unique(id, &user.email, user.external_ref.as_deref())?;
        user.has_password |= changes.password.is_some();
        user.updated_at = self.now;
        let stored = self
            .users
            .iter_mut()
            .find(|stored| stored.user.id == id)
            .ok_or(UserError::NotFound)?;
        stored.password = changes.password.or(stored.password.take());
        stored.user = user.clone();
        Ok(user)
    }

    pub(super) fn user_verify_password(&self, id: u64, password: &str) -> Result<bool, UserError> {
        let stored = self
            .users
            .iter()
            .find(|stored| stored.user.id == id)
            .ok_or(UserError::NotFound)?;
        Ok(stored.password.as_deref() == Some(password))
    }

    pub(in crate::testing) fn add_key(&mut self, prefix: &str, scopes: &[&str], user: Option<u64>) -> Minted {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.insert_key(prefix, scopes, user, None)
    }

    fn insert_key(
        &mut self,
        prefix: &str,
        scopes: Vec<String>,
        user: Option<u64>,
        expires_at: Option<u64>,
    ) -> Minted {
        let id = self.id("key");
        let secret = format!("{prefix}{:0>43}", self.count);
        let principal = Principal {
            tenant: "test".to_owned(),
            key: id.clone(),
            scopes,
            user,
        };
        self.keys.push(Key {
            secret: secret.clone(),
            principal,
            expires_at,
        });
        Minted { id, secret }
    }

    pub(in crate::testing) fn principal(&self, secret: &str) -> Option<Principal> {
        let key = self.keys.iter().find(|key| key.secret == secret)?;
        let expired = key.expires_at.is_some_and(|expires_at| expires_at <= self.now);
        (!expired).then(|| key.principal.clone())
    }

    pub(super) fn key_mint(
        &mut self,
        manifest: &Manifest,
        held: &[String],
        key: NewKey,
    ) -> Result<Minted, KeyError> {
        text("label", &key.label, 1..=100).map_err(KeyError::Invalid)?;
        if key.scopes.is_empty() {
            return Err(KeyError::Invalid(InvalidField::new(
                "scopes",
                "must not be empty",
            )));
        }
        if key.expires_at.is_some_and(|expires_at| expires_at <= self.now) {
            return Err(KeyError::Invalid(InvalidField::new(
                "expires-at",
                "must be in the future",
            )));
        }
        for scope in &key.scopes {
            if !manifest.scopes.iter().any(|declared| &declared.name == scope) {
                return Err(KeyError::UndeclaredScope(scope.clone()));
            }
            if !held.contains(scope) {
                return Err(KeyError::ScopeNotHeld(scope.clone()));
            }
        }
        if let Some(user) = key.user
            && self.user_get(user).is_err()
        {
            return Err(KeyError::UnknownUser(user));
        }
        Ok(self.insert_key(&manifest.key_prefix, key.scopes, key.user, key.expires_at))
    }
}
