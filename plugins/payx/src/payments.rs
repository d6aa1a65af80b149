//! Payments: payments of the host, each with a row of ours that has its number, whether it was deleted, and what the
//! gateway told of the card.

use mooring_sdk::payments::{self, NewPayment, PaymentFilter, Status};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue, RecordError};
use mooring_sdk::{all, context};
use serde::{Deserialize, Serialize};

use crate::clients::{self, Client};
use crate::convert;
use crate::error::Error;
use crate::input::{Input, Reseller};
use crate::model::{
    self, ClientRef, Data, Facts, PaymentCreate, PaymentRef, PaymentSystem, PaymentUuid, Success,
};

/// One row for each payment, by its number.
pub(crate) const COLLECTION: &str = "payments";
/// Its index by client.
pub(crate) const BY_CLIENT: &str = "client";
/// The last number given, in one document.
pub(crate) const NUMBERS: &str = "numbers";

/// Hexadecimal characters of a uuid: 160 random bits.
const UUID_BYTES: u32 = 20;

/// What the host keeps with a payment for us; never changes.
#[derive(Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) id_payment: u64,
    pub(crate) period: u64,
    /// As it was called when the payment was made.
    pub(crate) payment_system: PaymentSystem,
    pub(crate) description: Option<String>,
    /// As given, with the marker.
    pub(crate) url_success: Option<String>,
    pub(crate) url_error: Option<String>,
}

/// What we keep of a payment.
#[derive(Serialize, Deserialize)]
pub(crate) struct Row {
    /// The host's id of it.
    payment: String,
    id_client: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<u64>,
    /// What the newest attempt that ended told of payer and card.
    #[serde(default)]
    pub(crate) facts: Facts,
}

#[derive(Serialize, Deserialize)]
struct Last {
    number: u64,
}

/// `GET payments`: of one client, oldest first.
pub(crate) fn list(
    reseller: Reseller,
    Input(input): Input<ClientRef>,
) -> Result<Json<Data<Vec<model::Payment>>>, Error> {
    let client = clients::get(input.id_client.0)?;
    let rows = rows_of(client.id())?;
    let mut data = Vec::with_capacity(rows.len());
    for payment in all(|page| payments::list(of(client.id()), page))? {
        let terms: Terms = payment.read()?;
        let row = rows
            .binary_search_by_key(&terms.id_payment, |(number, _)| *number)
            .map(|at| &rows[at].1);
        match row {
            Ok(row) if row.deleted_at.is_none() => data.push(told(reseller, &client, payment, terms, row)?),
            Ok(_) => {}
            Err(_) => return Err(lost(&payment.id)),
        }
    }
    data.sort_by_key(|payment| payment.id_payment);
    Ok(Json(Data { data }))
}

/// `GET payments/id`.
pub(crate) fn view(
    reseller: Reseller,
    Input(input): Input<PaymentRef>,
) -> Result<Json<Data<model::Payment>>, Error> {
    let row = get(input.id_payment.0)?;
    let payment = payments::get(&row.payment)?;
    answer(reseller, payment, &row)
}

/// `GET payments/uuid`.
pub(crate) fn find(
    reseller: Reseller,
    Input(input): Input<PaymentUuid>,
) -> Result<Json<Data<model::Payment>>, Error> {
    let payment = payments::find(&input.uuid_payment)?;
    let row = get(payment.read::<Terms>()?.id_payment)?;
    answer(reseller, payment, &row)
}

/// `POST payments/create`.
pub(crate) fn create(
    reseller: Reseller,
    Input(input): Input<PaymentCreate>,
) -> Result<Json<Data<model::Payment>>, Error> {
    let amount = convert::price(&input.price)?;
    let period = convert::period(input.period.0)?;
    let system = convert::payment_system(input.id_payment_system.and_then(|choice| choice.0))?;
    let description = convert::note(input.description);
    let (url_success, url_error) = (convert::note(input.url_success), convert::note(input.url_error));
    for (field, url) in [("url_success", &url_success), ("url_error", &url_error)] {
        url.as_deref()
            .map_or(Ok(()), |url| convert::web_address(field, url))?;
    }
    let client = clients::get(input.id_client.0)?;

    let uuid = hex::encode(context::random(UUID_BYTES));
    let success_url = convert::redirect(url_success.as_deref(), convert::CALLBACK_SUCCESS, &uuid)?;
    let failure_url = convert::redirect(url_error.as_deref(), convert::CALLBACK_ERROR, &uuid)?;
    let id_payment = next_number()?;
    let terms = Terms {
        id_payment,
        period,
        payment_system: system.told(),
        description,
        url_success,
        url_error,
    };
    let on_page = convert::one_line(terms.description.as_deref().unwrap_or_default());
    let payment = payments::create(
        NewPayment {
            reference: Some(uuid),
            user: Some(client.id()),
            success_url,
            failure_url,
            gateways: system.gateways(),
            ..NewPayment::new(amount, on_page)
        }
        .with_metadata(&terms),
    )?;
    let row = Row {
        payment: payment.id.clone(),
        id_client: client.id(),
        deleted_at: None,
        facts: Facts::default(),
    };
    records::create(COLLECTION, &id_payment.to_string(), &row)?;
    let data = told(reseller, &client, payment, terms, &row)?;
    Ok(Json(Data { data }))
}

/// `POST payments/delete`. A payment that was made stays, for the books.
pub(crate) fn delete(_: Reseller, Input(input): Input<PaymentRef>) -> Result<Json<Data<Success>>, Error> {
    let number = input.id_payment.0;
    let row = get(number)?;
    let payment = payments::get(&row.payment)?;
    if payment.status == Status::Succeeded {
        return Err(Error::HasPaid("A successful payment cannot be deleted"));
    }
    remove(number, row, payment.status)?;
    Ok(Json(Data {
        data: Success { success: 1 },
    }))
}

/// Deletes what a client has not paid; refuses where the client has paid anything.
pub(crate) fn delete_all_of(id_client: u64) -> Result<(), Error> {
    let paid = PaymentFilter {
        status: Some(Status::Succeeded),
        ..of(id_client)
    };
    if payments::list(paid, Page::oldest(1))?.total > 0 {
        return Err(Error::HasPaid(
            "A client with a successful payment cannot be deleted",
        ));
    }
    for (number, row) in rows_of(id_client)? {
        if row.deleted_at.is_none() {
            let status = payments::get(&row.payment)?.status;
            remove(number, row, status)?;
        }
    }
    Ok(())
}

/// Marks a payment as deleted, and ends it, so that its link takes no money any more.
fn remove(number: u64, mut row: Row, status: Status) -> Result<(), Error> {
    if matches!(status, Status::Pending | Status::Processing | Status::Authorized) {
        payments::cancel(&row.payment)?;
    }
    row.deleted_at = Some(context::now());
    put(number, &row)
}

/// The row of a payment that is not deleted.
pub(crate) fn get(number: u64) -> Result<Row, Error> {
    let row: Row = records::get(COLLECTION, &number.to_string())?.read()?;
    match row.deleted_at {
        None => Ok(row),
        Some(_) => Err(Error::PaymentNotFound),
    }
}

/// Keeps the row of a payment.
pub(crate) fn put(number: u64, row: &Row) -> Result<(), Error> {
    records::put(COLLECTION, &number.to_string(), row)?;
    Ok(())
}

/// All rows of a client with their numbers, in the order of these, deleted ones too.
fn rows_of(id_client: u64) -> Result<Vec<(u64, Row)>, Error> {
    let filter = || Some(IndexValue::new(BY_CLIENT, id_client.to_string()));
    let numbered = |document: &Document| {
        let number = document.id.parse().map_err(|_| lost(&document.id))?;
        Ok((number, document.read()?))
    };
    let mut rows = all(|page| records::list(COLLECTION, filter(), page))?
        .iter()
        .map(numbered)
        .collect::<Result<Vec<(u64, Row)>, Error>>()?;
    rows.sort_unstable_by_key(|(number, _)| *number);
    Ok(rows)
}

fn of(id_client: u64) -> PaymentFilter {
    PaymentFilter {
        user: Some(id_client),
        status: None,
    }
}

/// 1, 2, 3 ... in the order of creation. Asked for late, because whoever asks conflicts with everybody who does until the
/// commit; the loser is run again and gets the next one.
fn next_number() -> Result<u64, Error> {
    let last = match records::get(NUMBERS, COLLECTION) {
        Ok(document) => document.read::<Last>()?.number,
        Err(RecordError::NotFound) => 0,
        Err(error) => return Err(error.into()),
    };
    let number = last + 1;
    records::put(NUMBERS, COLLECTION, &Last { number })?;
    Ok(number)
}

fn answer(
    reseller: Reseller,
    payment: payments::Payment,
    row: &Row,
) -> Result<Json<Data<model::Payment>>, Error> {
    let client = clients::get(row.id_client)?;
    let terms = payment.read()?;
    let data = told(reseller, &client, payment, terms, row)?;
    Ok(Json(Data { data }))
}

fn told(
    reseller: Reseller,
    client: &Client,
    payment: payments::Payment,
    terms: Terms,
    row: &Row,
) -> Result<model::Payment, Error> {
    let paid = payment.status == Status::Succeeded;
    Ok(model::Payment {
        reseller: reseller.0,
        id_payment: terms.id_payment,
        uuid_payment: payment.reference,
        client: client.within_payment(reseller)?,
        payment_system: terms.payment_system,
        price: convert::price_text(&payment.amount),
        period: terms.period,
        success: u8::from(paid),
        error_message: match payment.failure {
            _ if paid => Some(String::new()),
            failure => failure.as_ref().map(error_message),
        },
        paid_at: payment.paid_at.filter(|_| paid).map(convert::time),
        created_at: convert::time(payment.created_at),
        card: convert::card(row.facts.clone()),
        description: terms.description,
        url_success: terms.url_success,
        url_error: terms.url_error,
    })
}

/// `5051 (Insufficient funds)`.
pub(crate) fn error_message(failure: &payments::Failure) -> String {
    format!("{} ({})", failure.code, failure.message)
}

fn lost(id: &str) -> Error {
    Problem::Internal(format!("the payment {id} and its row do not belong together")).into()
}
