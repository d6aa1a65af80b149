//! Customers: users of the host, known by their e-mail.

use mooring_sdk::extract::Text;
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, RecordError};
use mooring_sdk::users::{self, NewUser, User, UserChanges, UserError};
use mooring_sdk::{json, ledger, payments};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::accounts;
use crate::calendar::seconds;
use crate::error::Error;
use crate::input::{Metadata, given, named};
use crate::listing::{Listed, Part};
use crate::rates;
use crate::transactions::{self, Transaction};

/// Who is a customer, by the user's id.
pub(crate) const COLLECTION: &str = "customers";

/// The host's role of users who only buy.
const ROLE: &str = "customer";

#[derive(Serialize, Deserialize)]
struct Marked {
    user: u64,
}

/// Who pays, as requests name it.
pub(crate) struct Payer<'r> {
    pub(crate) email: &'r str,
    pub(crate) name: Option<&'r str>,
    pub(crate) phone: Option<&'r str>,
}

/// What is kept with a user beside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Notes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
    /// What others keep there.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// What of it most answers need.
#[derive(Default, Deserialize)]
struct OnlyPhone {
    #[serde(default)]
    phone: Option<String>,
}

/// `{"email","name"}`, and `phone` where it is known.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Brief {
    id: u64,
    email: String,
    name: String,
    phone: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Customer {
    #[serde(flatten)]
    brief: Brief,
    metadata: Map<String, Value>,
    /// What the customer has in credit, by currency.
    credit: Vec<Credit>,
    created_at: String,
}

#[derive(Serialize)]
struct Credit {
    currency: String,
    amount: String,
}

/// `POST customers`.
#[derive(Deserialize)]
pub(crate) struct NewCustomer {
    email: Text<3, 254>,
    #[serde(default, deserialize_with = "given")]
    name: Option<Text<0, 200>>,
    #[serde(default, deserialize_with = "given")]
    phone: Option<Text<0, 40>>,
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Metadata>,
}

/// `PUT customers/{id}`.
#[derive(Default, Deserialize)]
pub(crate) struct CustomerChanges {
    #[serde(default, deserialize_with = "given")]
    email: Option<Text<3, 254>>,
    #[serde(default, deserialize_with = "given")]
    name: Option<Text<0, 200>>,
    #[serde(default, deserialize_with = "given")]
    phone: Option<Text<0, 40>>,
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
    #[serde(default)]
    email: String,
}

/// The customer with this e-mail, made where there is none. A name or phone that was not known is kept.
pub(crate) fn ensure(payer: &Payer<'_>) -> Result<User, Error> {
    let known = match users::find_by_email(payer.email) {
        Ok(user) => user,
        Err(UserError::NotFound) => {
            let notes = Notes {
                phone: payer.phone.map(str::to_owned),
                ..Notes::default()
            };
            let made = users::create(NewUser {
                email: payer.email.to_owned(),
                name: payer.name.unwrap_or_default().to_owned(),
                metadata: json::to_string(&notes),
                ..NewUser::default()
            });
            let user = made.map_err(as_payer)?;
            mark(user.id)?;
            return Ok(user);
        }
        Err(error) => return Err(as_payer(error)),
    };
    mark(known.id)?;
    let mut notes = notes(&known);
    let name = payer.name.filter(|_| known.name.is_empty());
    let phone = payer.phone.filter(|_| notes.phone.is_none());
    if (name.is_none() && phone.is_none()) || !is_ours(&known) {
        return Ok(known);
    }
    if let Some(phone) = phone {
        notes.phone = Some(phone.to_owned());
    }
    let changes = UserChanges {
        name: name.map(str::to_owned),
        metadata: Some(json::to_string(&notes)),
        ..UserChanges::default()
    };
    users::update(known.id, changes).map_err(as_payer)
}

/// Notes that a user is a customer here, once. The tenant has others: the operator's own, and those of other providers.
fn mark(user: u64) -> Result<(), Error> {
    let id = user.to_string();
    match records::get(COLLECTION, &id) {
        Ok(_) => Ok(()),
        Err(RecordError::NotFound) => {
            records::create(COLLECTION, &id, &Marked { user })?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// The customer of this id; a user who is none is not found.
fn find(id: u64) -> Result<User, Error> {
    match records::get(COLLECTION, &id.to_string()) {
        Ok(_) => Ok(users::get(id)?),
        Err(RecordError::NotFound) => Err(Error::NotFound("customer")),
        Err(error) => Err(error.into()),
    }
}

/// How many there are.
pub(crate) fn count() -> Result<u64, Error> {
    Ok(records::list(COLLECTION, None, Page::oldest(1))?.total)
}

/// Whether the API may change a user: one with another role can do more than pay, and whoever changed the e-mail could
/// become them.
fn is_ours(user: &User) -> bool {
    user.role == ROLE
}

fn ours(user: &User) -> Result<(), Error> {
    if is_ours(user) {
        return Ok(());
    }
    let why = "This customer is one of the operator's own people, and is changed by them alone.";
    Err(Error::conflict("customer_protected", why))
}

/// Changes what is given of a customer, under the names that payers have.
pub(crate) fn correct(
    id: u64,
    email: Option<String>,
    name: Option<String>,
    phone: Option<String>,
) -> Result<(), Error> {
    let user = users::get(id)?;
    ours(&user)?;
    let metadata = match phone {
        Some(phone) => {
            let mut notes = notes(&user);
            notes.phone = Some(phone);
            Some(json::to_string(&notes))
        }
        None => None,
    };
    let changes = UserChanges {
        email,
        name,
        metadata,
        ..UserChanges::default()
    };
    users::update(id, changes).map_err(as_payer)?;
    Ok(())
}

/// Fields of the host's users, as requests call them.
fn as_payer(error: UserError) -> Error {
    match error {
        UserError::Invalid(invalid) if ["email", "name"].contains(&invalid.field.as_str()) => {
            Error::invalid(&format!("customer_{}", invalid.field), invalid.reason)
        }
        UserError::EmailTaken(_) => Error::invalid("customer_email", "has been taken"),
        error => error.into(),
    }
}

fn notes(user: &User) -> Notes {
    // What an operator keeps there may have any form.
    serde_json::from_str(&user.metadata).unwrap_or_default()
}

/// As subscriptions and payments show it.
pub(crate) fn brief_of(user: u64) -> Result<Brief, Error> {
    let user = users::get(user)?;
    let phone: OnlyPhone = serde_json::from_str(&user.metadata).unwrap_or_default();
    Ok(Brief {
        id: user.id,
        email: user.email,
        name: user.name,
        phone: phone.phone,
    })
}

fn customer(user: &User) -> Result<Customer, Error> {
    let mut credit = Vec::new();
    for currency in rates::currencies()? {
        let balance = ledger::balance(&accounts::credit(user.id), &currency)?;
        if balance.minor != 0 {
            credit.push(Credit {
                amount: balance.to_string(),
                currency,
            });
        }
    }
    let notes = notes(user);
    Ok(Customer {
        brief: Brief {
            id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            phone: notes.phone,
        },
        metadata: notes.metadata,
        credit,
        created_at: seconds(user.created_at),
    })
}

/// The id of the customer with this e-mail, for filters; nothing where there is none.
pub(crate) fn id_of(email: &str) -> Result<Option<u64>, Error> {
    match users::find_by_email(email) {
        Ok(user) => Ok(Some(user.id)),
        Err(UserError::NotFound | UserError::Invalid(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `GET customers`, newest first.
pub(crate) fn list(Query(listing): Query<Listing>) -> Result<Json<Listed<Customer>>, Error> {
    let part = Part::of(&listing.page, &listing.per_page)?;
    let (found, total) = if listing.email.is_empty() {
        let found = records::list(COLLECTION, None, part.newest())?;
        let users = found.items.iter().map(|document| {
            let marked: Marked = document.read()?;
            Ok::<User, Error>(users::get(marked.user)?)
        });
        (users.collect::<Result<Vec<User>, Error>>()?, found.total)
    } else {
        let found = match id_of(&listing.email)?.map(find) {
            Some(Err(Error::NotFound(_))) | None => None,
            Some(found) => Some(found?),
        };
        let total = u64::from(found.is_some());
        (found.into_iter().filter(|_| part.offset() == 0).collect(), total)
    };
    let data = found.iter().map(customer).collect::<Result<_, _>>()?;
    Ok(Json(part.answer(data, total)))
}

/// `POST customers`. Repeating it is refused: the e-mail is taken.
pub(crate) fn create(Json(new): Json<NewCustomer>) -> Result<Response, Error> {
    let notes = Notes {
        phone: new.phone.map(Text::into_string),
        metadata: new.metadata.unwrap_or_default().0,
        others: Map::new(),
    };
    let user = users::create(NewUser {
        email: new.email.into_string(),
        name: new.name.unwrap_or_default().into_string(),
        metadata: json::to_string(&notes),
        ..NewUser::default()
    })?;
    mark(user.id)?;
    Ok(named(201, "customer", &customer(&user)?))
}

/// `GET customers/{id}`.
pub(crate) fn view(Path(id): Path<u64>) -> Result<Response, Error> {
    Ok(named(200, "customer", &customer(&find(id)?)?))
}

/// `PUT customers/{id}`: what is given. Repeating it is safe.
pub(crate) fn update(Path(id): Path<u64>, Json(changes): Json<CustomerChanges>) -> Result<Response, Error> {
    let user = find(id)?;
    ours(&user)?;
    let mut notes = notes(&user);
    if let Some(phone) = changes.phone {
        notes.phone = Some(phone.into_string());
    }
    if let Some(metadata) = changes.metadata {
        notes.metadata = metadata.0;
    }
    let user = users::update(
        id,
        UserChanges {
            email: changes.email.map(Text::into_string),
            name: changes.name.map(Text::into_string),
            metadata: Some(json::to_string(&notes)),
            ..UserChanges::default()
        },
    )?;
    Ok(named(200, "customer", &customer(&user)?))
}

/// `GET customers/{id}/payments`, newest first.
pub(crate) fn payments(
    Path(id): Path<u64>,
    Query(listing): Query<Listing>,
) -> Result<Json<Listed<Transaction>>, Error> {
    let user = find(id)?;
    let part = Part::of(&listing.page, &listing.per_page)?;
    let filter = payments::PaymentFilter {
        user: Some(user.id),
        status: None,
    };
    let found = payments::list(filter, part.newest())?;
    let data = found
        .items
        .iter()
        .map(transactions::show)
        .collect::<Result<_, _>>()?;
    Ok(Json(part.answer(data, found.total)))
}
