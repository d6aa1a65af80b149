//! Resellers, and the users they make.

use mooring_sdk::json;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue, RecordError};
use mooring_sdk::users::{self, NewUser, User, UserError};
use serde::{Deserialize, Serialize};

use crate::convert::{self, Part};
use crate::credits;
use crate::error::Error;
use crate::merchant::{self, UserToken};
use crate::model::{self, Created, Listing, NewAccount};

/// What a user is beside what the host knows; by the user's id.
pub(crate) const COLLECTION: &str = "accounts";
/// Index: who made them.
pub(crate) const BY_CREATOR: &str = "creator";

/// Roles that may use this surface.
const ROLES: [&str; 3] = ["reseller", "distributor", "admin"];

#[derive(Serialize, Deserialize)]
struct Account {
    /// As it was given; the host's external reference is the same in lower case.
    username: String,
    creator: u64,
}

/// The reseller whom a token acts for.
pub(crate) fn authorize(token: &UserToken) -> Result<User, Error> {
    let user = users::get(token.user()?)?;
    if ROLES.contains(&user.role.as_str()) {
        Ok(user)
    } else {
        Err(Error::ForbiddenRole(
            "This endpoint requires the role reseller, distributor or admin.",
        ))
    }
}

/// `GET reseller/me`.
pub(crate) fn me(token: UserToken) -> Result<Json<model::Reseller>, Error> {
    let user = authorize(&token)?;
    Ok(Json(model::Reseller {
        username: username(&user)?,
        credits: convert::number(&credits::balance(user.id)?),
        fee_percent: credits::fee_percent(&user.role)?,
        id: user.id,
        email: user.email,
        role: user.role,
    }))
}

/// `POST reseller/users`.
pub(crate) fn create(token: UserToken, Body(body): Body) -> Result<Response, Error> {
    let creator = authorize(&token)?;
    merchant::active()?;
    let new: NewAccount = json::from_slice(&body)?;
    let username = check_username(new.username.into_string())?;
    if by_reference(&username)?.is_some() {
        return Err(Error::invalid("username", "has been taken"));
    }
    let password = new.password.map(check_password).transpose()?;
    let generated = password.is_none().then(convert::password);
    let user = users::create(NewUser {
        email: new.email.into_string(),
        name: new.name.unwrap_or_default().into_string(),
        role: Some("user".to_owned()),
        password: password.or_else(|| generated.clone()),
        external_ref: Some(username.to_lowercase()),
        ..NewUser::default()
    })?;
    let account = Account {
        username,
        creator: creator.id,
    };
    records::create(COLLECTION, &user.id.to_string(), &account)?;
    Ok(Response::json(
        201,
        &Created {
            user: model::Account {
                id: user.id,
                username: account.username,
                email: user.email,
                name: None,
                role: user.role,
                credits: convert::number(&credits::balance(user.id)?),
                created_at: None,
            },
            password: generated,
        },
    ))
}

/// Letters, digits, dot, hyphen and underscore: nothing that could be taken for an e-mail.
fn check_username(username: String) -> Result<String, Error> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if username.bytes().all(is_legal) {
        Ok(username)
    } else {
        Err(Error::invalid(
            "username",
            "may hold letters, digits, `.`, `_` and `-`",
        ))
    }
}

fn check_password(password: String) -> Result<String, Error> {
    match password.chars().count() {
        0..8 => Err(Error::invalid("password", "is shorter than 8 characters")),
        8..=200 => Ok(password),
        _ => Err(Error::invalid("password", "is longer than 200 characters")),
    }
}

/// `GET reseller/users`: those that the reseller has made, newest first.
pub(crate) fn list(
    token: UserToken,
    Query(listing): Query<Listing>,
) -> Result<Json<model::Page<model::Account>>, Error> {
    let creator = authorize(&token)?;
    let part = Part::of(&listing)?;
    let filter = IndexValue::new(BY_CREATOR, creator.id.to_string());
    let found = records::list(COLLECTION, Some(filter), part.page())?;
    let mut data = Vec::with_capacity(found.items.len());
    for document in &found.items {
        let id = document
            .id
            .parse()
            .map_err(|_| Problem::Internal(format!("`{}` is no user's id", document.id)))?;
        let user = users::get(id)?;
        data.push(model::Account {
            id,
            username: username(&user)?,
            email: user.email,
            name: Some(user.name),
            role: user.role,
            credits: convert::number(&credits::balance(id)?),
            created_at: Some(convert::time(user.created_at)),
        });
    }
    let meta = part.meta(found.total);
    Ok(Json(model::Page { data, meta }))
}

/// What a user is called here; [`recipient`] finds the user by it, and nobody else, now and later. Upper and lower case are
/// the same in names and not in external references, of which the host keeps one of each; so one that is written in lower case
/// is the name, and whoever has no such reference is called by the e-mail, which is nobody else's either.
pub(crate) fn username(user: &User) -> Result<String, Error> {
    let Some(reference) = user.external_ref.as_deref().filter(|name| is_name(name)) else {
        return Ok(user.email.clone());
    };
    let shown = match records::get(COLLECTION, &user.id.to_string()) {
        Ok(document) => document.read::<Account>()?.username,
        Err(RecordError::NotFound) => return Ok(reference.to_owned()),
        Err(error) => return Err(error.into()),
    };
    // The operator can have given another reference since the account was made.
    if shown.to_lowercase() == reference {
        Ok(shown)
    } else {
        Ok(reference.to_owned())
    }
}

/// Whether [`recipient`] finds an external reference as it is.
fn is_name(reference: &str) -> bool {
    !reference.contains('@') && reference == reference.trim().to_lowercase()
}

/// The user with this user name or e-mail.
pub(crate) fn recipient(name: &str) -> Result<User, Error> {
    if name.contains('@') {
        return found(users::find_by_email(name))?.ok_or(Error::RecipientNotFound);
    }
    let named = found(users::find_by_external_ref(&name.to_lowercase()))?;
    // A reference of the operator's, with upper-case letters, is nobody's name; it may be what is meant all the same.
    match (named, by_reference(name)?) {
        (Some(named), Some(exact)) if named.id != exact.id => {
            let reason = "is two users in upper and lower case: give the e-mail";
            Err(Error::invalid("recipient", reason))
        }
        (named, exact) => named.or(exact).ok_or(Error::RecipientNotFound),
    }
}

/// The user whose external reference is exactly this.
fn by_reference(name: &str) -> Result<Option<User>, Error> {
    found(users::find_by_external_ref(name))
}

fn found(result: Result<User, UserError>) -> Result<Option<User>, Error> {
    match result {
        Ok(user) => Ok(Some(user)),
        Err(UserError::NotFound | UserError::Invalid(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
