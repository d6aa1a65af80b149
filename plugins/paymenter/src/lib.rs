//! The Paymenter surface of a VPS panel: customers, servers and reported invoices for a Paymenter shop, and the panel's
//! own user API beside it. Servers live on a VirtFusion installation where one is configured.
//!
//! - `model`: the JSON of callers, as it is
//! - `convert`: that JSON to primitives and back
//! - `provisioning`: the jobs that drive VirtFusion
//! - `error`: every failure, in the panel's words

mod account;
mod convert;
mod error;
mod invoices;
mod lifecycle;
mod model;
mod provisioning;
mod reseller;
mod schema;
mod virtfusion;

use mooring_sdk::Collection;
use mooring_sdk::prelude::*;

pub use error::Error;

/// The plugin.
pub struct Paymenter;

/// Requests per minute for each key and address, unless the operator's setting says otherwise.
const PER_MINUTE: u32 = 600;
/// No request of this API comes near it.
const BODY_BYTES_MAX: u64 = 64 * 1024;

const PROVISION: &[&str] = &["paymenter:provision"];
const USER_READ: &[&str] = &["user:read"];
const USER_WRITE: &[&str] = &["user:write"];
const SIGNUP: &[&str] = &["reseller:signup"];
const CREDIT: &[&str] = &["reseller:credit"];
const OWNER: &[&str] = &["owner"];

impl Plugin for Paymenter {
    type Error = Error;

    const ROUTES: &'static [Route<Error>] = &[
        post(
            "user-create",
            "/api/v1/paymenter/user.create",
            handler!(account::create),
        )
        .scopes(PROVISION)
        .summary("Makes a customer; idempotent on the e-mail.")
        .takes(schema::user_create)
        .gives(schema::user_created)
        .fails(&[422])
        .group("Paymenter")
        .core(),
        post(
            "server-suspend",
            "/api/v1/paymenter/server.suspend",
            handler!(lifecycle::suspend),
        )
        .scopes(PROVISION)
        .summary("Suspends a service; its user cannot lift it.")
        .takes(schema::service_ref)
        .gives(schema::ok)
        .fails(&[404, 422])
        .group("Paymenter")
        .core(),
        post(
            "server-unsuspend",
            "/api/v1/paymenter/server.unsuspend",
            handler!(lifecycle::unsuspend),
        )
        .scopes(PROVISION)
        .summary("Lifts a suspension, and tries again to set up a server that failed.")
        .takes(schema::service_ref)
        .gives(schema::ok)
        .fails(&[404, 422])
        .group("Paymenter")
        .core(),
        post(
            "server-terminate",
            "/api/v1/paymenter/server.terminate",
            handler!(lifecycle::terminate),
        )
        .scopes(PROVISION)
        .summary("Ends a service; its server is deleted five seconds later.")
        .takes(schema::service_ref)
        .gives(schema::ok)
        .fails(&[404, 422])
        .group("Paymenter")
        .core(),
        post(
            "invoice-paid",
            "/api/v1/paymenter/invoice.paid",
            handler!(invoices::paid),
        )
        .scopes(PROVISION)
        .summary("Reports a paid invoice; once for each invoice id.")
        .takes(schema::invoice_paid)
        .gives(schema::event)
        .fails(&[422])
        .group("Paymenter")
        .core(),
        post(
            "provision-server",
            "/api/v1/reseller/provision-server",
            handler!(lifecycle::provision),
        )
        .scopes(PROVISION)
        .summary("Orders a server for a customer.")
        .takes(schema::provision)
        .gives(schema::provisioned)
        .fails(&[422])
        .group("Paymenter")
        .core(),
        get("me", "/api/v1/me", handler!(account::me))
            .summary("The account that the key acts for.")
            .gives(schema::me)
            .fails(&[404])
            .group("Account")
            .core(),
        get(
            "credits-balance",
            "/api/v1/credits/balance",
            handler!(account::balance),
        )
        .scopes(USER_READ)
        .summary("Its credits.")
        .gives(schema::balance)
        .group("Account")
        .core(),
        get("services-list", "/api/v1/services", handler!(lifecycle::list))
            .scopes(USER_READ)
            .summary("Its services, without terminated ones, newest first.")
            .gives(schema::services)
            .query(schema::page_query)
            .fails(&[422])
            .group("Account")
            .core(),
        get("service-view", "/api/v1/services/{id}", handler!(lifecycle::view))
            .scopes(USER_READ)
            .summary("One of its services.")
            .gives(schema::service)
            .parameters(schema::service_id)
            .fails(&[404])
            .group("Account"),
        post(
            "service-power",
            "/api/v1/services/{id}/power",
            handler!(lifecycle::power),
        )
        .scopes(USER_WRITE)
        .summary("Starts, stops, restarts or powers off a server.")
        .takes(schema::power)
        .gives(schema::ok)
        .parameters(schema::service_id)
        .fails(&[403, 404, 422])
        .group("Account"),
        get("invoices-list", "/api/v1/invoices", handler!(invoices::list))
            .scopes(USER_READ)
            .summary("Its reported invoices, newest first.")
            .gives(schema::invoices)
            .query(schema::page_query)
            .fails(&[422])
            .group("Account")
            .core(),
        get("invoice-view", "/api/v1/invoices/{id}", handler!(invoices::view))
            .scopes(USER_READ)
            .summary("One of its reported invoices.")
            .gives(schema::invoice)
            .parameters(schema::invoice_id)
            .fails(&[403, 404])
            .group("Account"),
        post(
            "reseller-signup",
            "/api/v1/reseller/signup",
            handler!(reseller::signup),
        )
        .scopes(SIGNUP)
        .summary("Makes a customer who chose a password.")
        .takes(schema::signup)
        .gives(schema::user_created)
        .fails(&[409, 422])
        .group("Reseller"),
        post(
            "reseller-credit-event",
            "/api/v1/reseller/credit-event",
            handler!(reseller::credit_event),
        )
        .scopes(CREDIT)
        .summary("Tops up the owner's credits; once for each reference.")
        .takes(schema::credit_event)
        .gives(schema::event)
        .fails(&[422])
        .group("Reseller"),
        post(
            "api-key-create",
            "/api/admin/api-keys",
            handler!(reseller::api_key),
        )
        .scopes(OWNER)
        .summary("Makes an API key.")
        .takes(schema::api_key)
        .gives(schema::api_key_created)
        .fails(&[403, 422])
        .group("Owner"),
    ];

    fn info() -> Info {
        Info::new(
            "paymenter",
            env!("CARGO_PKG_VERSION"),
            "The Paymenter surface of a VPS panel, on VirtFusion.",
        )
        .title("Paymenter surface of a VPS panel")
        .errors(schema::error)
        // The seed's listener joins the host and the path, so a host with a slash at its end makes two.
        .lenient_paths()
        .bearer()
        .key_header("x-api-key")
        .key_prefix("vfc_live_")
        .scope(
            "paymenter:provision",
            "Make customers, drive servers and report invoices, as a Paymenter shop does.",
        )
        .scope("user:read", "Read an account's services, invoices and credits.")
        .scope("user:write", "Switch an account's servers on and off.")
        .scope("reseller:signup", "Sign customers up.")
        .scope("reseller:credit", "Report credit top-ups.")
        .scope("owner", "Act as the panel's owner: make API keys.")
        .integer(
            "rate_limit_per_minute",
            Some(i64::from(PER_MINUTE)),
            "Requests per minute for each key and address; 0 and less mean no limit.",
        )
        .text(
            convert::CURRENCY,
            Some("USD"),
            "Currency of reported invoices: a code of ISO 4217 or one of the host's coins.",
        )
        .text(
            convert::PACKAGE_NAMES,
            None,
            "Names of packages, as JSON: {\"3\": \"VPS S\"}.",
        )
        .url(
            virtfusion::URL,
            "VirtFusion's API: https://HOST/api/v1. Without it and the token, services are tracked locally only.",
        )
        .secret(virtfusion::TOKEN, "VirtFusion's API token.")
        .target_bearer(virtfusion::TARGET, virtfusion::URL, virtfusion::TOKEN)
        .collection(Collection::new(invoices::COLLECTION).index(invoices::BY_EMAIL, "/email"))
    }

    fn problem(error: &Error) -> Response {
        error.respond()
    }

    fn run_job(job: Job) -> Result<(), JobFailure> {
        provisioning::run(&job)
    }
}

mooring_sdk::register!(Paymenter);

type Handler = fn(&mut Request) -> Result<Response, Error>;

const fn get(name: &'static str, path: &'static str, handler: Handler) -> Route<Error> {
    Route::get(name, path, handler).per_minute(PER_MINUTE)
}

const fn post(name: &'static str, path: &'static str, handler: Handler) -> Route<Error> {
    Route::post(name, path, handler)
        .per_minute(PER_MINUTE)
        .body_max(BODY_BYTES_MAX)
}
