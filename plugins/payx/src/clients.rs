//! Clients: users of the tenant, with what a user has no field for in their metadata.
//!
//! A user without that part of the metadata belongs to somebody else of the tenant, and is no client here until one is made
//! with that e-mail address. A client who is deleted stays a user, e-mail address and all: other surfaces may have dealings
//! with the same person, and know them by that address.

use mooring_sdk::context;
use mooring_sdk::prelude::*;
use mooring_sdk::users::{self, NewUser, User, UserChanges, UserError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::convert;
use crate::countries;
use crate::error::Error;
use crate::input::{Input, Reseller};
use crate::model::{self, ClientCreate, ClientEmail, ClientRef, ClientUpdate, Data, Sent, Success};
use crate::payments;

/// The member of a user's metadata that is ours.
const MEMBER: &str = "payx";

/// The host's role of users who only buy.
const ROLE: &str = "customer";

/// What a user has no field for.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Profile {
    id_country: u64,
    city: Option<String>,
    postal_code: Option<String>,
    address: Option<String>,
    phone: Option<String>,
    description: Option<String>,
    /// Set once deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<u64>,
    /// The last payment that was deleted with the client, of whoever had this user before: what came later is the client's.
    #[serde(default)]
    payments_after: u64,
}

/// A client that is not deleted.
pub(crate) struct Client {
    user: User,
    profile: Profile,
}

impl Client {
    pub(crate) fn id(&self) -> u64 {
        self.user.id
    }

    /// Whether the payment with this number, of this user, was made for the client that the user is now.
    pub(crate) fn has(&self, number: u64) -> bool {
        number > self.profile.payments_after
    }

    /// As callers see it.
    fn told(&self, reseller: Reseller) -> Result<model::Client, Error> {
        let mut client = self.within_payment(reseller)?;
        client.description = Sent::Yes(self.profile.description.clone());
        Ok(client)
    }

    /// As callers see it inside a payment.
    pub(crate) fn within_payment(&self, Reseller(reseller): Reseller) -> Result<model::Client, Error> {
        let Client { user, profile } = self;
        let country = countries::find(profile.id_country).ok_or_else(|| {
            Problem::Internal(format!(
                "user {}: there is no country {}",
                user.id, profile.id_country
            ))
        })?;
        Ok(model::Client {
            reseller,
            id_client: user.id,
            name: user.name.clone(),
            country,
            city: profile.city.clone(),
            postal_code: profile.postal_code.clone(),
            address: profile.address.clone(),
            phone: profile.phone.clone(),
            e_mail: user.email.clone(),
            description: Sent::No,
            created_at: convert::time(user.created_at),
        })
    }

    /// Writes the profile, and the name where it changes.
    fn save(&mut self, name: Option<String>) -> Result<(), Error> {
        let changes = UserChanges {
            name,
            metadata: Some(self.metadata()?),
            ..UserChanges::default()
        };
        self.user = users::update(self.id(), changes)?;
        Ok(())
    }

    /// The metadata with our part of it, and the parts of others as they are.
    fn metadata(&self) -> Result<String, Error> {
        let mut metadata = metadata(&self.user)?;
        let profile = serde_json::to_value(&self.profile)
            .map_err(|error| Problem::Internal(format!("client {}: {error}", self.user.id)))?;
        metadata.insert(MEMBER.to_owned(), profile);
        Ok(mooring_sdk::json::to_string(&metadata))
    }
}

/// The client with this id.
pub(crate) fn get(id: u64) -> Result<Client, Error> {
    of_user(users::get(id)?)
}

fn of_user(user: User) -> Result<Client, Error> {
    match profile(&user)? {
        Some(profile) if profile.deleted_at.is_none() => Ok(Client { user, profile }),
        _ => Err(Error::ClientNotFound),
    }
}

/// Our part of the metadata, a deleted client's too.
fn profile(user: &User) -> Result<Option<Profile>, Error> {
    let Some(profile) = metadata(user)?.remove(MEMBER) else {
        return Ok(None);
    };
    serde_json::from_value(profile)
        .map(Some)
        .map_err(|error| Problem::Internal(format!("metadata of the user {}: {error}", user.id)).into())
}

fn metadata(user: &User) -> Result<Map<String, Value>, Error> {
    serde_json::from_str(&user.metadata)
        .map_err(|error| Problem::Internal(format!("metadata of the user {}: {error}", user.id)).into())
}

/// `GET clients`.
pub(crate) fn view(
    reseller: Reseller,
    Input(input): Input<ClientRef>,
) -> Result<Json<Data<model::Client>>, Error> {
    let data = get(input.id_client.0)?.told(reseller)?;
    Ok(Json(Data { data }))
}

/// `GET clients/find/email`.
pub(crate) fn find(
    reseller: Reseller,
    Input(input): Input<ClientEmail>,
) -> Result<Json<Data<model::Client>>, Error> {
    let email = convert::email("email", &input.email)?;
    let data = of_user(users::find_by_email(&email)?)?.told(reseller)?;
    Ok(Json(Data { data }))
}

/// `POST clients/create`. An e-mail address is one client's, or `clients/find/email` could not name one. One of a user who
/// is no client makes that user one, for `clients/find/email` has just said that there is no such client.
pub(crate) fn create(
    reseller: Reseller,
    Input(input): Input<ClientCreate>,
) -> Result<Json<Data<model::Client>>, Error> {
    let profile = Profile {
        id_country: country(input.id_country.0)?,
        city: convert::note(input.city),
        postal_code: convert::note(input.postal_code),
        address: convert::note(input.address),
        phone: convert::note(input.phone),
        description: convert::note(input.description),
        deleted_at: None,
        payments_after: 0,
    };
    let name = input.name.into_string();
    let user = NewUser {
        email: convert::email("e_mail", &input.e_mail)?,
        name: name.clone(),
        metadata: mooring_sdk::json::to_string(&Map::from_iter([(
            MEMBER.to_owned(),
            serde_json::to_value(&profile).map_err(|error| Problem::Internal(error.to_string()))?,
        )])),
        ..NewUser::default()
    };
    let client = match users::create(user) {
        Ok(user) => Client { user, profile },
        Err(UserError::EmailTaken(id)) => take_on(id, name, profile)?,
        Err(error) => return Err(error.into()),
    };
    let data = client.told(reseller)?;
    Ok(Json(Data { data }))
}

/// Makes a user a client who is none, or none any more, and only buys.
fn take_on(id: u64, name: String, mut profile: Profile) -> Result<Client, Error> {
    let user = users::get(id)?;
    // Another role can do more than pay, and whoever changed the address of such a user could become that user.
    if user.role != ROLE {
        return Err(UserError::EmailTaken(id).into());
    }
    if let Some(before) = self::profile(&user)? {
        if before.deleted_at.is_none() {
            return Err(UserError::EmailTaken(id).into());
        }
        profile.payments_after = before.payments_after;
    }
    let mut client = Client { user, profile };
    client.save(Some(name))?;
    Ok(client)
}

/// `POST clients/update`.
pub(crate) fn update(
    reseller: Reseller,
    Input(input): Input<ClientUpdate>,
) -> Result<Json<Data<model::Client>>, Error> {
    let mut client = get(input.id_client.0)?;
    if let Sent::Yes(id) = input.id_country {
        client.profile.id_country = country(id.0)?;
    }
    let profile = &mut client.profile;
    for (field, sent) in [
        (&mut profile.city, input.city),
        (&mut profile.postal_code, input.postal_code),
        (&mut profile.address, input.address),
        (&mut profile.phone, input.phone),
    ] {
        if let Sent::Yes(text) = sent {
            *field = convert::note(text);
        }
    }
    if let Sent::Yes(text) = input.description {
        profile.description = convert::note(text);
    }
    let name = match input.name {
        Sent::Yes(name) => Some(name.into_string()),
        Sent::No => None,
    };
    client.save(name)?;
    let data = client.told(reseller)?;
    Ok(Json(Data { data }))
}

/// `POST clients/delete`. A client who has paid stays, for the books. Another goes with the payments that nobody made.
pub(crate) fn delete(_: Reseller, Input(input): Input<ClientRef>) -> Result<Json<Data<Success>>, Error> {
    let mut client = get(input.id_client.0)?;
    client.profile.payments_after = payments::delete_all_of(&client)?;
    client.profile.deleted_at = Some(context::now());
    client.save(None)?;
    Ok(Json(Data {
        data: Success { success: 1 },
    }))
}

fn country(id: u64) -> Result<u64, Error> {
    match countries::find(id) {
        Some(country) => Ok(country.id),
        None => Err(Error::invalid("id_country", "is no country")),
    }
}
