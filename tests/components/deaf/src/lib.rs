//! Makes payments, and fails when it is told of them; the README says how.

use std::hint::black_box;

use mooring_manifest::Checkout;
use mooring_sdk::money::Amount;
use mooring_sdk::payments::{self, NewPayment, PaymentEvent};
use mooring_sdk::prelude::*;
use mooring_sdk::{Collection, context, records, settings};
use serde::Deserialize;
use serde_json::{Value, json};

struct Deaf;

impl Plugin for Deaf {
    type Error = Problem;

    const ROUTES: &'static [Route<Problem>] = &[
        Route::post("payment-create", "/payments", handler!(create)).summary("Makes a payment."),
        Route::get("payment-view", "/payments/{id}", handler!(view)).summary("Its status."),
        Route::get("news", "/news", handler!(news)).summary("What it has been told."),
    ];

    fn info() -> Info {
        Info::new(
            "deaf",
            env!("CARGO_PKG_VERSION"),
            "Fails when it is told of its payments.",
        )
        .bearer()
        .key_prefix("deaf_")
        .scope("deaf", "Pay.")
        .text("ears", Some("open"), "`open`, `shut`, `full` or `slow-witted`.")
        .text("shop", Some("Deaf"), "On the page.")
        .collection(Collection::new("news"))
        .checkout(Checkout {
            path: "/pay/{reference}".to_owned(),
            name_setting: "shop".to_owned(),
            color_setting: None,
            logo_setting: None,
            provider: "Deaf".to_owned(),
            aliases: Vec::new(),
        })
    }

    fn problem(problem: &Problem) -> Response {
        Response::text(problem.status(), problem.to_string())
    }

    fn on_event(event: PaymentEvent) -> Result<(), Problem> {
        let ears = settings::get("ears")?;
        match ears.as_deref() {
            Some("shut") => panic!("cannot hear"),
            Some("full") => loop {
                black_box(&event);
            },
            _ => {}
        }
        let number = records::next_number("news")?;
        let news =
            json!({ "kind": format!("{:?}", event.kind), "payment": event.payment.id, "at": context::now() });
        records::create("news", &number.to_string(), &news)?;
        match ears.as_deref() {
            Some("slow-witted") => Err(Problem::Internal("what was that?".to_owned())),
            _ => Ok(()),
        }
    }
}

mooring_sdk::register!(Deaf);

#[derive(Deserialize)]
struct Order {
    amount_minor: i64,
}

fn create(Json(order): Json<Order>) -> Result<Json<Value>, Problem> {
    let amount = Amount {
        minor: order.amount_minor,
        currency: "USD".to_owned(),
        exponent: 2,
    };
    let payment = payments::create(NewPayment::new(amount, "A payment"))?;
    Ok(Json(json!({ "id": payment.id, "pay_url": payment.pay_url })))
}

fn view(Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let payment = payments::get(&id)?;
    Ok(Json(json!({
        "status": format!("{:?}", payment.status),
        "received": payment.received.minor,
    })))
}

fn news() -> Result<Json<Value>, Problem> {
    let listed = records::list("news", None, Page::oldest(500))?;
    let items = listed.items.iter().map(records::Document::read::<Value>);
    let items: Result<Vec<_>, _> = items.collect();
    Ok(Json(json!({ "items": items? })))
}
