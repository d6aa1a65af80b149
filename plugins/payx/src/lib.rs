//! The payx reseller API: clients, payments, their hosted page and two webhooks.
//!
//! - `input`: who asks, and the query, form or JSON of a request
//! - `model`: the JSON of callers, as it is
//! - `convert`: that JSON to primitives and back
//! - `multipart`: forms in parts
//! - `error`: every failure, in the provider's words

mod clients;
mod convert;
mod countries;
mod error;
mod input;
mod model;
mod multipart;
mod payments;
mod reseller;
mod schema;
mod webhooks;

use mooring_manifest::{Checkout, Demo, DemoKey, DemoSetting, Webhook};
use mooring_sdk::payments::PaymentEvent;
use mooring_sdk::prelude::*;
use mooring_sdk::{Collection, log};
use serde_json::json;

pub use error::Error;

/// The plugin.
pub struct Payx;

/// Requests per minute for each key and address, unless the operator's setting says otherwise.
const PER_MINUTE: u32 = 600;
/// No request of this API comes near it.
const BODY_BYTES_MAX: u64 = 64 * 1024;
/// The one thing that a key can be good for.
const RESELLER: &[&str] = &["reseller"];

/// Seconds between the attempts of a delivery: a bit more than a day in all, as Standard Webhooks suggests. The provider
/// documents none.
const RETRY_SECONDS: [u32; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
const WEBHOOK_TIMEOUT_MS: u32 = 15_000;

macro_rules! path {
    ($below:literal) => {
        concat!("/api/v1/{id_reseller}/{secret_key}/", $below)
    };
}

impl Plugin for Payx {
    type Error = Error;

    const ROUTES: &'static [Route<Error>] = &[
        get("options", path!("options"), handler!(reseller::options))
            .summary("What the administrator has set.")
            .gives(schema::options)
            .group("Reseller")
            .core(),
        get("countries", path!("countries"), handler!(reseller::countries))
            .summary("All countries (ISO 3166-1).")
            .gives(schema::countries)
            .group("Reseller")
            .core(),
        get(
            "payment-systems",
            path!("payment-systems"),
            handler!(reseller::payment_systems),
        )
        .summary("What a payment can be made with.")
        .gives(schema::payment_systems)
        .group("Reseller")
        .core(),
        get("client-view", path!("clients"), handler!(clients::view))
            .summary("The client `id_client`.")
            .gives(schema::client)
            .query(schema::client_ref)
            .fails(&[404, 422])
            .group("Clients")
            .core(),
        get(
            "client-find",
            path!("clients/find/email"),
            handler!(clients::find),
        )
        .summary("The client with the address `email`.")
        .gives(schema::client)
        .query(schema::client_email)
        .fails(&[404, 422])
        .group("Clients"),
        post(
            "client-create",
            path!("clients/create"),
            handler!(clients::create),
        )
        .summary("Makes a client; one for each e-mail address.")
        .takes(schema::client_create)
        .gives(schema::client)
        .fails(&[422])
        .group("Clients")
        .core(),
        post(
            "client-update",
            path!("clients/update"),
            handler!(clients::update),
        )
        .summary("Changes what is sent of a client.")
        .takes(schema::client_update)
        .gives(schema::client)
        .fails(&[404, 422])
        .group("Clients"),
        post(
            "client-delete",
            path!("clients/delete"),
            handler!(clients::delete),
        )
        .summary("Deletes a client who has paid nothing.")
        .takes(schema::client_ref)
        .gives(schema::success)
        .fails(&[404, 422])
        .group("Clients"),
        get("payments-list", path!("payments"), handler!(payments::list))
            .summary("All payments of the client `id_client`, oldest first.")
            .gives(schema::payments)
            .query(schema::client_ref)
            .fails(&[404, 422])
            .group("Payments")
            .core(),
        get("payment-view", path!("payments/id"), handler!(payments::view))
            .summary("The payment `id_payment`.")
            .gives(schema::payment)
            .query(schema::payment_ref)
            .fails(&[404, 422])
            .group("Payments")
            .core(),
        get("payment-find", path!("payments/uuid"), handler!(payments::find))
            .summary("The payment `uuid_payment`.")
            .gives(schema::payment)
            .query(schema::payment_uuid)
            .fails(&[404, 422])
            .group("Payments"),
        post(
            "payment-create",
            path!("payments/create"),
            handler!(payments::create),
        )
        .summary("Makes a payment, to be paid at /pay/{uuid_payment}.")
        .takes(schema::payment_create)
        .gives(schema::payment)
        .fails(&[404, 422])
        .group("Payments")
        .core(),
        post(
            "payment-delete",
            path!("payments/delete"),
            handler!(payments::delete),
        )
        .summary("Deletes a payment that was not made.")
        .takes(schema::payment_ref)
        .gives(schema::success)
        .fails(&[404, 422])
        .group("Payments")
        .core(),
        get(
            "webhook-test-success",
            path!("webhook/test/success"),
            handler!(webhooks::test_success),
        )
        .writes()
        .summary("Sends the sample of a success.")
        .gives(schema::sent)
        .fails(&[422])
        .group("Webhooks"),
        get(
            "webhook-test-error",
            path!("webhook/test/error"),
            handler!(webhooks::test_error),
        )
        .writes()
        .summary("Sends the sample of a failure.")
        .gives(schema::sent)
        .fails(&[422])
        .group("Webhooks"),
    ];

    fn info() -> Info {
        Info::new(
            "payx",
            env!("CARGO_PKG_VERSION"),
            "The payx reseller API: clients, payments and their page.",
        )
        .title("payx reseller API")
        .errors(schema::error)
        .key_parameter("secret_key")
        .key_prefix("payx_")
        .scope(RESELLER[0], "Act as the reseller.")
        .request_header("content-type")
        .integer(
            convert::ID_RESELLER,
            Some(1),
            "The reseller's number: the first part of every path.",
        )
        .within(json!({ "minimum": 1 }))
        .text(convert::NAME, None, "The reseller's name, also on the payment page.")
        .text(reseller::EMAIL, None, "Address for notifications, as shown in the options.")
        .text(reseller::TELEGRAM, None, "Telegram id for notifications, as shown in the options.")
        .text(convert::CURRENCY, Some("USD"), "Currency of all prices.")
        .within(json!({ "pattern": "^[A-Z]{3,5}$" }))
        .text(
            convert::PAYMENT_SYSTEMS,
            None,
            "As JSON: [{\"id\": 1, \"name\": \"Cards\", \"gateway\": \"stripe\"}]. Absent: one, with every gateway that is ready.",
        )
        .url(
            convert::CALLBACK_SUCCESS,
            "Where a payer goes who has paid; {UUID} becomes the payment's, or ?ppuuid= is appended.",
        )
        .url(convert::CALLBACK_ERROR, "Where a payer goes whose payment failed; as above.")
        .url(webhooks::SUCCESS_URL, "Where successful payments are posted.")
        .url(webhooks::ERROR_URL, "Where failed payments are posted.")
        .secret(
            webhooks::SECRET,
            "Signs webhooks by Standard Webhooks. Absent: they are not signed, as the provider's are not.",
        )
        .text("color", None, "Colour of the payment page's buttons, #rrggbb.")
        .url("logo_url", "An image on the payment page.")
        .integer(
            "rate_limit_per_minute",
            Some(i64::from(PER_MINUTE)),
            "Requests per minute for each key and address.",
        )
        .collection(Collection::new(payments::COLLECTION).index(payments::BY_CLIENT, "/id_client"))
        .collection(Collection::new(payments::NUMBERS))
        .webhook(webhook("success", webhooks::SUCCESS_URL, webhooks::SUCCESS))
        .webhook(webhook("error", webhooks::ERROR_URL, webhooks::ERROR))
        .checkout(Checkout {
            path: "/pay/{reference}".to_owned(),
            name_setting: convert::NAME.to_owned(),
            color_setting: Some("color".to_owned()),
            logo_setting: Some("logo_url".to_owned()),
            provider: "payx".to_owned(),
            aliases: Vec::new(),
        })
        .demo(demo())
    }

    fn problem(error: &Error) -> Response {
        error.respond()
    }

    fn run_job(job: Job) -> Result<(), JobFailure> {
        match job.kind.as_str() {
            payments::END => Ok(payments::end(job.read()?)?),
            kind => Err(JobFailure::fatal(format!(
                "payx knows no job of the kind `{kind}`"
            ))),
        }
    }

    fn on_event(event: PaymentEvent) -> Result<(), Problem> {
        let id = event.payment.id.clone();
        webhooks::on_event(event).map_err(|error| {
            log::error(&format!("event of the payment {id}: {error:?}"));
            Problem::Internal(format!("{error:?}"))
        })
    }
}

mooring_sdk::register!(Payx);

type Handler = fn(&mut Request) -> Result<Response, Error>;

const fn get(name: &'static str, path: &'static str, handler: Handler) -> Route<Error> {
    Route::get(name, path, handler)
        .parameters(schema::reseller)
        .scopes(RESELLER)
        .per_minute(PER_MINUTE)
}

const fn post(name: &'static str, path: &'static str, handler: Handler) -> Route<Error> {
    Route::post(name, path, handler)
        .parameters(schema::reseller)
        .takes_types(&[
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        ])
        .scopes(RESELLER)
        .per_minute(PER_MINUTE)
        .body_max(BODY_BYTES_MAX)
}

fn webhook(name: &str, url_setting: &str, kind: &str) -> Webhook {
    Webhook {
        name: name.to_owned(),
        url_setting: url_setting.to_owned(),
        secret_setting: Some(webhooks::SECRET.to_owned()),
        kinds: vec![kind.to_owned()],
        timeout_ms: WEBHOOK_TIMEOUT_MS,
        retry_seconds: RETRY_SECONDS.to_vec(),
        ordered: false,
        headers: Vec::new(),
    }
}

/// The reseller of the provider's documents.
fn demo() -> Demo {
    let setting = |setting: &str, value: &str, field: Option<&str>| DemoSetting {
        setting: setting.to_owned(),
        value: Some(value.to_owned()),
        field: field.map(str::to_owned),
    };
    Demo {
        base_path: String::new(),
        keys: vec![DemoKey {
            field: "secret_key".to_owned(),
            secret_field: None,
            scopes: RESELLER.iter().map(|&scope| scope.to_owned()).collect(),
            user_role: None,
        }],
        settings: vec![
            setting(convert::ID_RESELLER, "2", Some("id_reseller")),
            setting(convert::NAME, "testSite", None),
        ],
        postings: Vec::new(),
        records: Vec::new(),
    }
}
