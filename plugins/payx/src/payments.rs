//! Payments: payments of the host, each with a row of ours that has its number, whether it was deleted, and what the
//! gateway told of the card.

use mooring_sdk::jobs::{self, NewJob};
use mooring_sdk::payments::{self, NewPayment, NewRefund, PaymentError, PaymentFilter, Status, Tolerance};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue, RecordError};
use mooring_sdk::{List, context, log};
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

/// Kind of the job that ends the payments of a deleted client.
pub(crate) const END: &str = "end-payments";

/// Hexadecimal characters of a uuid: 160 random bits.
const UUID_BYTES: u32 = 20;

/// A list is an answer as a whole: the provider has no pages. Well below the 4 MiB that the host lets an answer have.
const LIST_BYTES_MAX: usize = 3_500_000;
/// Rows that are looked at for a list, those of deleted payments included; more would take too long.
const LIST_ROWS_MAX: u64 = 20_000;
/// Rows read at a time.
const ROWS: u32 = 500;
/// Payments that are ended in one transaction: each writes up to some 20 KB, and tells us of it once.
const PORTION: u32 = 25;

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
    /// As callers see the last failure. The host forgets it when the payer tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error_message: Option<String>,
}

/// The payments of a deleted client, which end a portion at a time.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ending {
    id_client: u64,
    /// The last payment that goes with the client; later ones are of whoever is this client again.
    last: u64,
    /// Rows that are done.
    done: u64,
}

#[derive(Serialize, Deserialize)]
struct Last {
    number: u64,
}

/// `GET payments`: of one client, oldest first. Payments are written one by one, because a client can have more of them than
/// an instance has memory for; a list that is too long is refused, because a part of it would pass for the whole.
pub(crate) fn list(reseller: Reseller, Input(input): Input<ClientRef>) -> Result<Response, Error> {
    let client = clients::get(input.id_client.0)?;
    let shown = client.within_payment(reseller)?;
    let mut written: Vec<(u64, String)> = Vec::new();
    let mut bytes = 0;
    let mut page = Page::oldest(ROWS);
    loop {
        let part = rows_of(client.id(), page)?;
        if part.total > LIST_ROWS_MAX {
            return Err(Error::TooManyPayments);
        }
        let got = part.items.len() as u64;
        for (number, row) in part.items {
            if row.deleted_at.is_some() || !client.has(number) {
                continue;
            }
            let payment = payments::get(&row.payment)?;
            let terms = payment.read()?;
            let json = mooring_sdk::json::to_string(&told(reseller, &shown, payment, terms, row));
            bytes += json.len() + 1;
            if bytes > LIST_BYTES_MAX {
                return Err(Error::TooManyPayments);
            }
            written.push((number, json));
        }
        page.offset += got;
        if got == 0 || page.offset >= part.total {
            break;
        }
    }
    written.sort_unstable_by_key(|(number, _)| *number);
    Ok(listed(&written, bytes))
}

/// `{"data":[...]}` of payments that are written already.
fn listed(payments: &[(u64, String)], bytes: usize) -> Response {
    let mut body = String::with_capacity(bytes + 16);
    body.push_str("{\"data\":[");
    for (at, (_, json)) in payments.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        body.push_str(json);
    }
    body.push_str("]}");
    Response::bytes(200, "application/json", body.into_bytes())
}

/// `GET payments/id`.
pub(crate) fn view(reseller: Reseller, Input(input): Input<PaymentRef>) -> Result<Response, Error> {
    let (row, client) = get(input.id_payment.0)?;
    let payment = payments::get(&row.payment)?;
    answer(reseller, &client, payment, row)
}

/// `GET payments/uuid`.
pub(crate) fn find(reseller: Reseller, Input(input): Input<PaymentUuid>) -> Result<Response, Error> {
    let payment = payments::find(&input.uuid_payment)?;
    let (row, client) = get(payment.read::<Terms>()?.id_payment)?;
    answer(reseller, &client, payment, row)
}

/// `POST payments/create`.
pub(crate) fn create(reseller: Reseller, Input(input): Input<PaymentCreate>) -> Result<Response, Error> {
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
            // `success` is 0 or 1, so a part of the price is no success: it goes back.
            tolerance: Some(Tolerance {
                partial_min_ppm: 1_000_000,
                ..Tolerance::default()
            }),
            ..NewPayment::new(amount, on_page)
        }
        .with_metadata(&terms),
    )?;
    let row = Row {
        payment: payment.id.clone(),
        id_client: client.id(),
        deleted_at: None,
        facts: Facts::default(),
        error_message: None,
    };
    records::create(COLLECTION, &id_payment.to_string(), &row)?;
    answer(reseller, &client, payment, row)
}

/// `POST payments/delete`. A payment that was made stays, for the books.
pub(crate) fn delete(_: Reseller, Input(input): Input<PaymentRef>) -> Result<Json<Data<Success>>, Error> {
    let number = input.id_payment.0;
    let (row, _) = get(number)?;
    let status = payments::get(&row.payment)?.status;
    if status == Status::Succeeded {
        return Err(Error::HasPaid("A successful payment cannot be deleted"));
    }
    remove(number, row, status)?;
    Ok(Json(Data {
        data: Success { success: 1 },
    }))
}

/// Deletes what a client has not paid; refuses where the client has paid anything. Gives the number of the last payment that
/// goes. What is more than a portion ends in jobs: it is nobody's from now on, but its links are good a little longer.
pub(crate) fn delete_all_of(client: &Client) -> Result<u64, Error> {
    let paid = PaymentFilter {
        status: Some(Status::Succeeded),
        user: Some(client.id()),
    };
    if payments::list(paid, Page::oldest(1))?.total > 0 {
        return Err(Error::HasPaid(
            "A client with a successful payment cannot be deleted",
        ));
    }
    let last = last_number()?;
    end(Ending {
        id_client: client.id(),
        last,
        done: 0,
    })?;
    Ok(last)
}

/// Ends a portion of a deleted client's payments, and schedules the rest. Money that came in meanwhile goes back.
pub(crate) fn end(mut ending: Ending) -> Result<(), Error> {
    let page = Page {
        offset: ending.done,
        ..Page::oldest(PORTION)
    };
    let part = rows_of(ending.id_client, page)?;
    let got = part.items.len() as u64;
    for (number, row) in part.items {
        if row.deleted_at.is_some() || number > ending.last {
            continue;
        }
        let status = payments::get(&row.payment)?.status;
        if status == Status::Succeeded {
            give_back(number, &row)?;
        }
        remove(number, row, status)?;
    }
    ending.done += got;
    if got > 0 && ending.done < part.total {
        jobs::schedule(NewJob::new(END, &ending))?;
    }
    Ok(())
}

/// Sends back what was paid after the client was deleted.
fn give_back(number: u64, row: &Row) -> Result<(), Error> {
    let refund = payments::refund(NewRefund {
        payment: row.payment.clone(),
        amount: None,
        reason: "The client was deleted.".to_owned(),
        idempotency_key: Some(END.to_owned()),
    });
    match refund {
        Err(PaymentError::NotSupported(gateway)) => {
            log::error(&format!(
                "payment {number} was paid after its client was deleted, and {gateway} cannot send the money back"
            ));
            Ok(())
        }
        refund => {
            refund?;
            Ok(())
        }
    }
}

/// Marks a payment as deleted, and ends it, so that its link takes no money any more.
fn remove(number: u64, mut row: Row, status: Status) -> Result<(), Error> {
    if matches!(status, Status::Pending | Status::Processing | Status::Authorized) {
        payments::cancel(&row.payment)?;
    }
    row.deleted_at = Some(context::now());
    put(number, &row)
}

/// A payment that is not deleted, and neither is its client.
pub(crate) fn get(number: u64) -> Result<(Row, Client), Error> {
    let row: Row = records::get(COLLECTION, &number.to_string())?.read()?;
    if row.deleted_at.is_some() {
        return Err(Error::PaymentNotFound);
    }
    match clients::get(row.id_client) {
        Ok(client) if client.has(number) => Ok((row, client)),
        Ok(_) | Err(Error::ClientNotFound) => Err(Error::PaymentNotFound),
        Err(error) => Err(error),
    }
}

/// Keeps the row of a payment.
pub(crate) fn put(number: u64, row: &Row) -> Result<(), Error> {
    records::put(COLLECTION, &number.to_string(), row)?;
    Ok(())
}

/// Rows of a client with their numbers, deleted ones too.
fn rows_of(id_client: u64, page: Page) -> Result<List<(u64, Row)>, Error> {
    let filter = IndexValue::new(BY_CLIENT, id_client.to_string());
    let part = records::list(COLLECTION, Some(filter), page)?;
    let numbered = |document: &Document| {
        let number = document.id.parse().map_err(|_| misnumbered(&document.id))?;
        Ok((number, document.read()?))
    };
    Ok(List {
        items: part.items.iter().map(numbered).collect::<Result<_, Error>>()?,
        total: part.total,
    })
}

/// 1, 2, 3 ... in the order of creation. Asked for late, because whoever asks conflicts with everybody who does until the
/// commit; the loser is run again and gets the next one.
fn next_number() -> Result<u64, Error> {
    let number = last_number()? + 1;
    records::put(NUMBERS, COLLECTION, &Last { number })?;
    Ok(number)
}

/// 0 where none was given yet.
fn last_number() -> Result<u64, Error> {
    match records::get(NUMBERS, COLLECTION) {
        Ok(document) => Ok(document.read::<Last>()?.number),
        Err(RecordError::NotFound) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn answer(
    reseller: Reseller,
    client: &Client,
    payment: payments::Payment,
    row: Row,
) -> Result<Response, Error> {
    let terms = payment.read()?;
    let client = client.within_payment(reseller)?;
    let data = told(reseller, &client, payment, terms, row);
    Ok(Response::json(200, &Data { data }))
}

fn told(
    reseller: Reseller,
    client: &model::Client,
    payment: payments::Payment,
    terms: Terms,
    row: Row,
) -> model::Payment<'_> {
    let paid = payment.status == Status::Succeeded;
    model::Payment {
        reseller: reseller.0,
        id_payment: terms.id_payment,
        uuid_payment: payment.reference,
        client,
        payment_system: terms.payment_system,
        price: convert::price_text(&payment.amount),
        period: terms.period,
        success: u8::from(paid),
        error_message: if paid {
            Some(String::new())
        } else {
            payment.failure.as_ref().map(error_message).or(row.error_message)
        },
        paid_at: payment.paid_at.filter(|_| paid).map(convert::time),
        created_at: convert::time(payment.created_at),
        card: convert::card(row.facts),
        description: terms.description,
        url_success: terms.url_success,
        url_error: terms.url_error,
    }
}

/// `5051 (Insufficient funds)`.
pub(crate) fn error_message(failure: &payments::Failure) -> String {
    format!("{} ({})", failure.code, failure.message)
}

fn misnumbered(id: &str) -> Error {
    Problem::Internal(format!("the row `{id}` of {COLLECTION} has no number")).into()
}
