//! The RENOVAX Payments API: payment links and refunds for merchants, users and credits for resellers, signed webhooks.
//!
//! - `model`: the provider's JSON, as it is
//! - `convert`: that JSON to primitives and back
//! - `merchant`: whom a token acts for, and the operator's settings
//! - `invoices`, `refunds`, `webhooks`: the life of an invoice, and what is told of it
//! - `personal`: whose the money of a personal merchant is
//! - `reseller`, `credits`: users, and what they buy
//! - `fx`: exact decimals, exchange rates and the rule of rounding
//! - `error`: every failure, in the provider's words

mod convert;
mod credits;
mod error;
pub mod fx;
mod invoices;
mod merchant;
mod model;
mod personal;
mod refunds;
mod reseller;
mod schema;
mod webhooks;

use mooring_manifest::{
    Checkout, Demo, DemoKey, DemoPosting, DemoSetting, SignatureEncoding, Webhook, WebhookHeader,
    WebhookValue,
};
use mooring_sdk::payments::PaymentEvent;
use mooring_sdk::prelude::*;
use mooring_sdk::{Collection, money};
use serde_json::{Value, json};

pub use error::Error;
use merchant::{MerchantToken, UserToken};

/// The plugin.
pub struct Renovax;

/// Scope of merchant tokens.
pub(crate) const MERCHANT: &str = "merchant";
/// Scope of user tokens.
const USER: &str = "user";

/// No request of this API comes near it.
const BODY_BYTES_MAX: u64 = 64 * 1024;

/// The table of routes, under the documents' prefix and under the newer one. What follows `gives` is said of the route as it
/// is; `[core]` of the first of the two only, which samples use.
macro_rules! surface {
    ($(
        $method:ident $name:literal $path:literal $scope:ident $handler:expr,
        $summary:literal $(, takes $takes:path)?, gives $gives:path
        $(, $more:ident($($argument:expr)?))* $([$core:ident])?;
    )*) => {
        &[
            $(
                route!($method $name, concat!("/api", $path), $scope, $handler, $summary $(, $takes)?; $gives)
                    $(.$more($($argument)?))* $(.$core())?,
            )*
            $(
                route!($method concat!("v1-", $name), concat!("/api/v1", $path), $scope, $handler, $summary $(, $takes)?; $gives)
                    $(.$more($($argument)?))*,
            )*
        ]
    };
}

macro_rules! route {
    ($method:ident $name:expr, $path:expr, $scope:ident, $handler:expr, $summary:literal $(, $takes:path)?; $gives:path) => {
        Route::$method($name, $path, handler!($handler))
            .scopes(&[$scope])
            .body_max(BODY_BYTES_MAX)
            .summary($summary)
            $(.takes($takes))?
            .gives($gives)
    };
}

const INVOICES: &str = "Invoices";
const RESELLERS: &str = "Resellers";
const PERSONAL: &str = "Personal merchant";

impl Plugin for Renovax {
    type Error = Error;

    const ROUTES: &'static [Route<Error>] = surface! {
        get "merchant-me" "/merchant/me" MERCHANT merchant::me,
            "The merchant.", gives schema::merchant,
            group(INVOICES) [core];
        get "merchant-invoices-list" "/merchant/invoices" MERCHANT invoices::list::<MerchantToken>,
            "The merchant's invoices, newest first.", gives schema::invoices,
            query(schema::invoices_query), fails(&[422]), group(INVOICES) [core];
        post "merchant-invoice-create" "/merchant/invoices" MERCHANT invoices::create::<MerchantToken>,
            "Makes a payment link; once for each client_remote_id.", takes schema::new_invoice, gives schema::invoice,
            status(201), or_status(&[200]), fails(&[403, 409, 422]), group(INVOICES) [core];
        get "merchant-invoice-view" "/merchant/invoices/{id}" MERCHANT invoices::view::<MerchantToken>,
            "One invoice.", gives schema::invoice,
            parameters(schema::invoice_id), fails(&[404]), group(INVOICES) [core];
        post "merchant-invoice-refund" "/merchant/invoices/{id}/refund" MERCHANT refunds::refund,
            "Sends back what was received, or a part of it.", takes schema::part, gives schema::refunded,
            parameters(schema::invoice_id), fails(&[403, 404, 422]), group(INVOICES);
        post "merchant-invoice-cancel" "/merchant/invoices/{id}/cancel" MERCHANT refunds::cancel,
            "Ends a pending invoice.", gives schema::invoice,
            parameters(schema::invoice_id), fails(&[403, 404, 422]), group(INVOICES), origin(Origin::Observed) [core];
        post "merchant-invoice-capture" "/merchant/invoices/{id}/capture" MERCHANT refunds::capture,
            "Takes what is reserved, or a part of it.", takes schema::part, gives schema::invoice,
            parameters(schema::invoice_id), fails(&[403, 404, 422]), group(INVOICES), origin(Origin::Proposed);
        post "merchant-invoice-void" "/merchant/invoices/{id}/void" MERCHANT refunds::void,
            "Releases what is reserved.", gives schema::invoice,
            parameters(schema::invoice_id), fails(&[403, 404, 422]), group(INVOICES), origin(Origin::Proposed);
        get "reseller-me" "/reseller/me" USER reseller::me,
            "The reseller, with balance and fee.", gives schema::reseller,
            fails(&[403]), group(RESELLERS) [core];
        get "reseller-users-list" "/reseller/users" USER reseller::list,
            "The users that the reseller has made, newest first.", gives schema::accounts,
            query(schema::page_query), fails(&[403, 422]), group(RESELLERS) [core];
        post "reseller-user-create" "/reseller/users" USER reseller::create,
            "Makes a user.", takes schema::new_account, gives schema::created,
            status(201), fails(&[403, 422]), group(RESELLERS) [core];
        post "reseller-credits-sell" "/reseller/credits/sell" USER credits::sell,
            "Transfers credits to a user, less a fee.", takes schema::sale, gives schema::sold,
            fails(&[402, 403, 404, 422]), group(RESELLERS) [core];
        get "reseller-credits-history" "/reseller/credits/history" USER credits::history,
            "Every change of the reseller's credits, newest first.", gives schema::transfers,
            query(schema::page_query), fails(&[403, 422]), group(RESELLERS) [core];
        get "invoices-list" "/invoices" USER invoices::list::<UserToken>,
            "Invoices of the user's personal merchant, newest first.", gives schema::invoices,
            query(schema::invoices_query), fails(&[403, 422]), group(PERSONAL), origin(Origin::Proposed);
        post "invoice-create" "/invoices" USER invoices::create::<UserToken>,
            "Makes a payment link of the user's personal merchant.", takes schema::new_invoice, gives schema::invoice,
            status(201), or_status(&[200]), fails(&[403, 409, 422]), group(PERSONAL), origin(Origin::Proposed);
        get "invoice-view" "/invoices/{id}" USER invoices::view::<UserToken>,
            "One invoice of the user's personal merchant.", gives schema::invoice,
            parameters(schema::personal_invoice_id), fails(&[403, 404]), group(PERSONAL), origin(Origin::Proposed);
    };

    fn info() -> Info {
        let info = Info::new(
            "renovax",
            env!("CARGO_PKG_VERSION"),
            "The RENOVAX Payments API: payment links, refunds, resellers.",
        )
        .title("RENOVAX Payments API")
        .errors(schema::error)
        .bearer()
        .key_prefix("rnx_live_")
        .scope(
            MERCHANT,
            "A merchant token: make, read, refund and cancel invoices.",
        )
        .scope(
            USER,
            "A user token: provision users and sell credits, as a reseller does.",
        )
        .webhook(webhook())
        .checkout(checkout())
        .demo(demo())
        .collection(
            Collection::new(invoices::COLLECTION)
                .index(invoices::BY_OWNER, "/owner")
                .index(invoices::BY_STATUS, "/status")
                .unique(invoices::BY_REMOTE_ID, "/client_remote_id")
                .index(invoices::BY_PENDING_AMOUNT, "/pending_amount"),
        )
        .collection(Collection::new(refunds::CAPTURES))
        .collection(Collection::new(reseller::COLLECTION).index(reseller::BY_CREATOR, "/creator"));
        settings(info)
    }

    fn problem(error: &Error) -> Response {
        error.respond()
    }

    fn on_event(event: PaymentEvent) -> Result<(), Problem> {
        webhooks::on_event(event).map_err(Error::into_problem)
    }
}

mooring_sdk::register!(Renovax);

/// What [`merchant::parts_per_million`] reads.
fn per_cent() -> Value {
    json!({ "minimum": 0, "maximum": 100, "multipleOf": 0.0001 })
}

/// Of the settings that are money, in whichever currency.
fn amount() -> Value {
    json!({ "minimum": 0, "exclusiveMaximum": 1_000_000_000 })
}

/// Every currency that invoices may be in.
fn currencies() -> Vec<String> {
    let letters = || 'A'..='Z';
    letters()
        .flat_map(|first| letters().map(move |second| format!("{first}{second}")))
        .flat_map(|two| letters().map(move |third| format!("{two}{third}")))
        .filter(|code| money::is_fiat(code))
        .collect()
}

fn settings(info: Info) -> Info {
    info.url("webhook_url", "Where events are sent.")
        .secret("webhook_secret", "What their signatures are made with.")
        .integer(
            merchant::ID,
            Some(1),
            "The merchant's number; personal merchants are counted from it on.",
        )
        .within(json!({ "minimum": 1, "maximum": 1_000_000_000 }))
        .text(
            merchant::NAME,
            None,
            "The merchant's name, also on the page; the tenant's unless set.",
        )
        .text(
            merchant::PUBLIC_UUID,
            None,
            "The merchant's public UUID; made from the tenant's name unless set.",
        )
        .text(
            merchant::DEFAULT_CURRENCY,
            Some("USD"),
            "Of invoices that name none, and what amounts are converted to.",
        )
        .within(json!({ "enum": currencies() }))
        .boolean(merchant::IS_ACTIVE, true, "Whether the merchant may write.")
        .boolean(
            merchant::CUSTOMER_PAYS_FEE,
            false,
            "Whether the fee is added to what the payer pays.",
        )
        .decimal(
            merchant::FEE_PERCENT,
            Some("0"),
            "Kept of each payment, per cent; up to 4 places.",
        )
        .within(per_cent())
        .decimal(
            merchant::FEE_FIXED,
            Some("0"),
            "Kept of each payment beside, in the invoice's currency.",
        )
        .within(amount())
        .text(
            fx::RATES,
            Some(""),
            "Exchange rates to the default currency: USD/MXN=18.0 EUR/MXN=19.5",
        )
        .within(json!({ "pattern": fx::RATES_PATTERN }))
        .decimal(
            fx::MARKUP,
            Some("1.000"),
            "What exchange rates are worsened by for the merchant, per cent.",
        )
        .within(json!({ "minimum": 0, "maximum": 99.999, "multipleOf": 0.001 }))
        .decimal(
            merchant::TOLERANCE_SHORT,
            Some("0.01"),
            "Missing money that is forgiven, in the invoice's currency.",
        )
        .within(amount())
        .decimal(
            merchant::TOLERANCE_SHORT_PERCENT,
            Some("0.5"),
            "Missing money that is forgiven, per cent; the larger of the two counts.",
        )
        .within(per_cent())
        .decimal(
            merchant::TOLERANCE_PARTIAL_MIN_PERCENT,
            Some("0"),
            "A payment of less than this, per cent, is sent back and fails its invoice; 0 accepts any.",
        )
        .within(per_cent())
        .boolean(
            merchant::MANUAL_CAPTURE,
            false,
            "Whether money is reserved first, where the driver can, and taken by capture.",
        )
        .decimal(
            credits::FEE_PERCENT_RESELLER,
            Some("15"),
            "Kept of what a reseller sells, per cent.",
        )
        .within(per_cent())
        .decimal(
            credits::FEE_PERCENT_DISTRIBUTOR,
            Some("15"),
            "Kept of what a distributor sells, per cent.",
        )
        .within(per_cent())
        .decimal(
            credits::FEE_PERCENT_ADMIN,
            Some("0"),
            "Kept of what an admin sells, per cent.",
        )
        .within(per_cent())
        .text("brand_color", None, "Colour of the page's buttons, #rrggbb.")
        .url("logo_url", "Image above the merchant's name on the page.")
        .integer(
            "rate_limit_per_minute",
            None,
            "Requests per minute for each token and address; unset for no limit.",
        )
}

/// Ten seconds for an answer; then the documents' pauses, each before another attempt.
fn webhook() -> Webhook {
    let header = |name: &str, value| WebhookHeader {
        name: name.to_owned(),
        value,
    };
    Webhook {
        name: "merchant".to_owned(),
        url_setting: "webhook_url".to_owned(),
        secret_setting: Some("webhook_secret".to_owned()),
        kinds: Vec::new(),
        timeout_ms: 10_000,
        retry_seconds: vec![30, 120, 600, 3600, 21_600, 86_400],
        ordered: false,
        headers: vec![
            header(
                "X-Renovax-Event-Id",
                WebhookValue::EventId {
                    prefix: Some("evt_".to_owned()),
                },
            ),
            header("X-Renovax-Event-Type", WebhookValue::EventKind),
            header(
                "X-Renovax-Signature",
                WebhookValue::Signature {
                    prefix: "sha256=".to_owned(),
                    message: "{body}".to_owned(),
                    encoding: SignatureEncoding::Hex,
                },
            ),
        ],
    }
}

fn checkout() -> Checkout {
    Checkout {
        path: "/pay/{reference}".to_owned(),
        name_setting: merchant::NAME.to_owned(),
        color_setting: Some("brand_color".to_owned()),
        logo_setting: Some("logo_url".to_owned()),
        provider: "RENOVAX Payments".to_owned(),
        aliases: Vec::new(),
    }
}

/// The documents' examples can be called as they are: their merchant, their fee, and a reseller with credits.
fn demo() -> Demo {
    let key = |field: &str, scope: &str, role: Option<&str>| DemoKey {
        field: field.to_owned(),
        secret_field: None,
        scopes: vec![scope.to_owned()],
        user_role: role.map(str::to_owned),
    };
    let setting = |setting: &str, value: Option<&str>, field: Option<&str>| DemoSetting {
        setting: setting.to_owned(),
        value: value.map(str::to_owned),
        field: field.map(str::to_owned),
    };
    Demo {
        base_path: "/api".to_owned(),
        keys: vec![
            key("merchant_token", MERCHANT, None),
            key("user_token", USER, Some("distributor")),
        ],
        settings: vec![
            setting("webhook_secret", None, Some("webhook_secret")),
            setting(merchant::NAME, Some("Acme Store"), None),
            setting(merchant::FEE_PERCENT, Some("2.5"), None),
        ],
        postings: vec![DemoPosting {
            debit: "renovax:issued".to_owned(),
            credit: credits::account(DemoPosting::USER),
            amount: "498.50".to_owned(),
            currency: credits::CURRENCY.to_owned(),
            user_role: Some("distributor".to_owned()),
        }],
        records: Vec::new(),
    }
}
