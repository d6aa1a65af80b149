//! Resellers, and the users they make.

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
pub(crate) fn create(token: UserToken, Json(new): Json<NewAccount>) -> Result<Response, Error> {
    let creator = authorize(&token)?;
    merchant::active()?;
    let username = check_username(new.username.into_string())?;
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
        let account: Account = document.read()?;
        let id = document
            .id
            .parse()
            .map_err(|_| Problem::Internal(format!("`{}` is no user's id", document.id)))?;
        let user = users::get(id)?;
        data.push(model::Account {
            id,
            username: account.username,
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

/// What a user is called here. Users whom the operator made have their external reference, or what is before the `@`.
pub(crate) fn username(user: &User) -> Result<String, Error> {
    match records::get(COLLECTION, &user.id.to_string()) {
        Ok(document) => Ok(document.read::<Account>()?.username),
        Err(RecordError::NotFound) => {
            let local = user.email.split('@').next().unwrap_or_default();
            Ok(user.external_ref.clone().unwrap_or_else(|| local.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The user with this user name or e-mail.
pub(crate) fn recipient(name: &str) -> Result<User, Error> {
    let found = if name.contains('@') {
        users::find_by_email(name)
    } else {
        users::find_by_external_ref(&name.to_lowercase())
    };
    match found {
        Ok(user) => Ok(user),
        Err(UserError::NotFound | UserError::Invalid(_)) => Err(Error::RecipientNotFound),
        Err(error) => Err(error.into()),
    }
}
