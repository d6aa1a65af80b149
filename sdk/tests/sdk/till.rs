//! A plugin that makes payments and writes down what becomes of them.

use mooring_manifest::Checkout;
use mooring_sdk::payments::{self, EventKind, NewPayment, NewRefund, Payment, PaymentEvent};
use mooring_sdk::prelude::*;
use mooring_sdk::settings;
use mooring_sdk::testing::TestHost;
use mooring_sdk::webhooks::{self, NewEvent};
use serde_json::json;

pub(crate) struct Till;

impl Plugin for Till {
    type Error = Problem;

    const ROUTES: &'static [Route<Problem>] = &[
        Route::post("cancel", "/{shop}/{secret}/cancel/{id}", handler!(cancel)),
        Route::post("refund", "/{shop}/{secret}/refund/{id}", handler!(refund)),
        Route::get("own", "/{shop}/{secret}", handler!(path)),
        Route::post("forever", "/forever", handler!(forever)).public(),
    ];

    fn info() -> Info {
        Info::new("till", "0.1.0", "Takes money.")
            .key_parameter("secret")
            .text("name", Some("Till"), "Of the shop.")
            .boolean("deaf", false, "Whether to fail at events.")
            .checkout(Checkout {
                path: "/pay/{reference}".to_owned(),
                name_setting: "name".to_owned(),
                color_setting: None,
                logo_setting: None,
                provider: "Till".to_owned(),
                aliases: Vec::new(),
            })
    }

    fn problem(problem: &Problem) -> Response {
        Response::text(problem.status(), problem.to_string())
    }

    fn on_event(event: PaymentEvent) -> Result<(), Problem> {
        let kind = match &event.kind {
            EventKind::Refunded(_) => "Refunded".to_owned(),
            EventKind::RefundFailed(_) => "RefundFailed".to_owned(),
            kind => format!("{kind:?}"),
        };
        let data = json!({
            "received": event.payment.received.to_string(),
            "attempt": event.attempt.map(|attempt| attempt.number),
        });
        webhooks::emit(NewEvent::new(&kind, event.payment.id, &data))?;
        match settings::get("deaf")?.as_deref() {
            Some("true") => Err(Problem::Conflict("deaf".to_owned())),
            _ => Ok(()),
        }
    }
}

mooring_sdk::register!(Till);

fn cancel(request: Request) -> Result<Response, Problem> {
    let payment = payments::cancel(&request.params[2])?;
    Ok(Response::text(200, format!("{:?}", payment.status)))
}

/// Answers with what became of the refund.
fn refund(request: Request) -> Result<Response, Problem> {
    let id = &request.params[2];
    if request.resumed.is_some() {
        let refunds = payments::refunds(id)?;
        let state = refunds.last().map(|refund| refund.state);
        return Ok(Response::text(200, format!("{state:?}")));
    }
    let refund = payments::refund(NewRefund {
        payment: id.clone(),
        amount: None,
        reason: String::new(),
        idempotency_key: None,
    })?;
    Ok(Response::resume_after(refund.job))
}

fn path(request: Request) -> Response {
    Response::text(200, format!("{} {:?}", request.path, request.params))
}

fn forever() -> Response {
    Response::resume_after("job_nobody_knows")
}

pub(crate) fn usd(minor: i64) -> Amount {
    Amount::from_minor(minor, "USD").expect("a currency")
}

pub(crate) fn create(host: &mut TestHost<Till>, new: NewPayment) -> Payment {
    host.act(|| payments::create(new)).expect("a good payment")
}

/// A payment of 100.00.
pub(crate) fn hundred(host: &mut TestHost<Till>) -> Payment {
    create(host, NewPayment::new(usd(10_000), "A thing"))
}

pub(crate) fn told(host: &TestHost<Till>) -> Vec<String> {
    host.events().into_iter().map(|event| event.kind).collect()
}

pub(crate) fn balance(host: &mut TestHost<Till>, account: &str, currency: &str) -> i64 {
    host.act(|| mooring_sdk::ledger::balance(account, currency))
        .expect("an account")
        .minor
}
