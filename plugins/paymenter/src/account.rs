//! Customers, and the account that a key acts for.

use mooring_sdk::ledger;
use mooring_sdk::prelude::*;
use mooring_sdk::users::{self, NewUser, UserError};
use serde_json::Number;

use crate::convert;
use crate::error::Error;
use crate::model::{AnyId, Balance, Done, Me, UserCreate};

/// `POST user.create`. An e-mail that is known answers with its user, unchanged: shops call this before every order.
pub(crate) fn create(Json(order): Json<UserCreate>) -> Result<Json<Done>, Error> {
    let password = order.password.map(convert::password).transpose()?;
    let email = order.email.into_string();
    match users::find_by_email(&email) {
        Ok(user) => return Ok(duplicate(user.id)),
        Err(UserError::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    let temp_password = password.is_none().then(convert::temporary_password);
    let user = NewUser {
        email,
        name: order.name.unwrap_or_default().into_string(),
        password: password.or_else(|| temp_password.clone()),
        ..NewUser::default()
    };
    match users::create(user) {
        Ok(user) => Ok(Json(Done {
            id: Some(AnyId::User(user.id)),
            email: Some(user.email),
            temp_password,
            ..Done::default()
        })),
        Err(UserError::EmailTaken(id)) => Ok(duplicate(id)),
        Err(error) => Err(error.into()),
    }
}

fn duplicate(id: u64) -> Json<Done> {
    Json(Done {
        duplicate: true,
        id: Some(AnyId::User(id)),
        ..Done::default()
    })
}

/// `GET me`. A key without a user acts for the tenant itself, which has the id 0.
pub(crate) fn me(principal: Principal) -> Result<Json<Me>, Error> {
    let Balance { credits_usd, frozen } = credits(&principal)?;
    let (id, email, name, role) = match principal.user {
        Some(id) => {
            let user = users::get(id)?;
            (user.id, user.email, user.name, user.role)
        }
        None => (0, String::new(), principal.tenant, "owner".to_owned()),
    };
    Ok(Json(Me {
        id,
        email,
        name,
        credits_usd,
        credits_frozen: frozen,
        role,
    }))
}

/// `GET credits/balance`.
pub(crate) fn balance(principal: Principal) -> Result<Json<Balance>, Error> {
    credits(&principal).map(Json)
}

fn credits(principal: &Principal) -> Result<Balance, Error> {
    let owner = convert::owner(principal);
    let dollars = |account: &str| -> Result<Number, Error> {
        Ok(ledger::balance(account, "USD")
            .map_err(Problem::from)?
            .to_json_number())
    };
    Ok(Balance {
        credits_usd: dollars(&convert::credits_account(&owner))?,
        frozen: dollars(&convert::frozen_account(&owner))?,
    })
}
