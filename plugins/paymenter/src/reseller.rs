//! What resellers and the panel's owner do.

use mooring_sdk::extract::Text;
use mooring_sdk::keys::{self, NewKey};
use mooring_sdk::ledger::{self, Entry, NewPosting};
use mooring_sdk::prelude::*;
use mooring_sdk::users::{self, NewUser, UserError};
use mooring_sdk::webhooks::{self, NewEvent};
use serde_json::json;

use crate::convert;
use crate::error::Error;
use crate::model::{AnyId, ApiKey, CreditEvent, Done, Signup};

/// Of a top-up's `meta`, as JSON.
const META_BYTES_MAX: usize = 16 * 1024;

/// `POST reseller/signup`. Unlike `user.create`, an e-mail that is known is a conflict.
pub(crate) fn signup(principal: Principal, Json(signup): Json<Signup>) -> Result<Json<Done>, Error> {
    let user = users::create(NewUser {
        email: signup.email.into_string(),
        name: signup.name.into_string(),
        password: Some(convert::password(signup.password)?),
        metadata: json!({ "signed_up_by": principal.key }).to_string(),
        ..NewUser::default()
    })?;
    Ok(Json(Done {
        id: Some(AnyId::User(user.id)),
        email: Some(user.email),
        ..Done::default()
    }))
}

/// `POST reseller/credit-event`: raises the owner's credits, once for each reference of the owner. A key that takes the
/// place of another is the same caller, who may send again what the old key has sent.
pub(crate) fn credit_event(
    principal: Principal,
    Json(event): Json<CreditEvent>,
) -> Result<Json<Done>, Error> {
    if event.kind != "topup" {
        return Err(Error::invalid("kind", "must be `topup`"));
    }
    let amount = convert::amount(&event.amount_usd, "amount_usd", "USD")?;
    if amount.minor == 0 {
        return Err(Error::invalid("amount_usd", "must be more than zero"));
    }
    if event.meta.to_string().len() > META_BYTES_MAX {
        return Err(Error::invalid(
            "meta",
            format!("is larger than {META_BYTES_MAX} bytes"),
        ));
    }

    let owner = convert::owner(&principal);
    let reference = event.external_ref.0;
    let data = json!({
        "kind": event.kind,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "external_ref": reference,
        "owner": owner,
        "key": principal.key,
        "meta": event.meta,
    });
    let dedupe_key = format!("topup:{owner}:{reference}");
    let emitted = webhooks::emit(NewEvent::new("credit.topup", &owner, &data).once(&dedupe_key))
        .map_err(Problem::from)?;
    if emitted.repeated {
        return Ok(Json(Done {
            duplicate: true,
            ..Done::default()
        }));
    }
    let posting = NewPosting {
        idempotency_key: format!("paymenter:{dedupe_key}"),
        description: format!("Credit top-up {reference}"),
        entries: vec![
            Entry::debit("paymenter:topups", amount.clone()),
            Entry::credit(convert::credits_account(&owner), amount),
        ],
        metadata: json!({ "event": emitted.event.id }).to_string(),
    };
    ledger::post(posting).map_err(Problem::from)?;
    Ok(Json(Done {
        id: Some(AnyId::Text(emitted.event.id)),
        ..Done::default()
    }))
}

/// `POST api/admin/api-keys`. The key acts for the owner, and carries no scope that the caller's own key lacks.
pub(crate) fn api_key(Json(mut order): Json<ApiKey>) -> Result<Json<Done>, Error> {
    if order.scopes.is_empty() {
        return Err(Error::invalid("scopes", "must not be empty"));
    }
    // As the host keeps them, for the answer.
    order.scopes.sort();
    order.scopes.dedup();
    let owner = match users::find_by_email(&order.owner_email) {
        Ok(user) => user,
        Err(UserError::NotFound) => return Err(Error::invalid("owner_email", "unknown user")),
        Err(error) => return Err(error.into()),
    };
    let label = order
        .label
        .map_or_else(|| format!("for user {}", owner.id), Text::into_string);
    let minted = keys::mint(NewKey {
        label,
        scopes: order.scopes.clone(),
        user: Some(owner.id),
        expires_at: order.expires_at,
    })?;
    Ok(Json(Done {
        id: Some(AnyId::Text(minted.id)),
        key: Some(minted.secret),
        scopes: Some(order.scopes),
        ..Done::default()
    }))
}
