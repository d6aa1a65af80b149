//! What payers were asked for and have paid; and paying without money, where a gateway is in test mode.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use mooring_core::ids::{RefundId, UserId};
use mooring_core::money::Amount;
use mooring_core::payments::{self, PaymentError};
use mooring_core::tenants::TenantRef;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::ACTOR;
use super::audit;
use super::extract::{Json, Listing, Paging, Path};
use super::operations::{Outcome, Simulation, SimulationError};
use super::problem::{Code, Problem};
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Money, Time};

mod attempts;
mod wire;

use self::attempts::{Attempt, Refund};
use self::wire::{Failure, Settlement, Status};

/// A payment.
#[derive(Serialize, ToSchema)]
pub(super) struct Payment {
    id: String,
    tenant: String,
    /// Who made it, and is told what becomes of it.
    plugin: String,
    /// What the page's link carries.
    reference: String,
    status: Status,
    /// As asked for, the fee not included.
    amount: Money,
    /// What the payer has to pay.
    due: Money,
    user: Option<u64>,
    description: String,
    /// A JSON object, the provider's own.
    #[schema(value_type = Object)]
    metadata: serde_json::Value,
    /// What has arrived and was kept.
    received: Money,
    /// The fee taken from it.
    fee: Money,
    /// What has been sent back, refunds under way included.
    refunded: Money,
    /// Once it is paid.
    settlement: Option<Settlement>,
    /// Why the newest attempt, or the payment, failed.
    failure: Option<Failure>,
    expires_at: Option<Time>,
    paid_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
}

/// A payment, and all that was done for it.
#[derive(Serialize, ToSchema)]
pub(super) struct PaymentDetails {
    #[serde(flatten)]
    payment: Payment,
    /// Oldest first.
    attempts: Vec<Attempt>,
    /// Oldest first.
    refunds: Vec<Refund>,
}

/// Which payments to give.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Those of this user.
    user: Option<u64>,
    /// Those in this status.
    #[param(inline)]
    status: Option<Status>,
}

/// What is to happen to a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Simulate {
    /// What the gateway says, or `expired` for the payment's time being over.
    outcome: SimulatedOutcome,
    /// How much arrives, for `partial` (half of it if absent) and `overpaid` (a tenth more if absent), in major units.
    #[schema(example = "9.50")]
    amount: Option<String>,
}

/// What can happen.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SimulatedOutcome {
    Paid,
    Declined,
    Partial,
    Overpaid,
    Expired,
}

/// Payments of a tenant
#[utoipa::path(
    get, path = "/tenants/{tenant}/payments", tag = "payments", operation_id = "payment-list",
    params(("tenant" = String, Path), Paging, Filter),
    responses((status = 200, description = "A part of them", body = Listed<Payment>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    listing: Listing<Filter>,
) -> Result<Answer<Listed<Payment>>, Problem> {
    let page = listing.page();
    let filter = payments::Filter {
        user: listing.filter.user.map(UserId),
        status: listing.filter.status.map(Into::into),
    };
    let found = admin.read(move |work| {
        let tenant = find_tenant(work, &tenant)?;
        let listed = payments::list_any(work, tenant.id, &filter, page)?;
        Ok(listed.map(|payment| Payment::new(&tenant, payment)))
    });
    let found = found.await?;
    Ok(Answer(Listed {
        items: found.items,
        total: found.total,
    }))
}

/// A payment, by its id or by the reference that its provider calls it by
#[utoipa::path(
    get, path = "/payments/{payment}", tag = "payments", operation_id = "payment-view",
    params(("payment" = String, Path)),
    responses((status = 200, description = "Found", body = PaymentDetails))
)]
pub(super) async fn view(
    admin: State<Admin>,
    Path(payment): Path<String>,
) -> Result<Answer<PaymentDetails>, Problem> {
    let found = admin.read(move |work| {
        let (tenant, payment) = payments::find_anywhere(work, &payment)?.ok_or_else(|| unknown(&payment))?;
        let attempts = payments::attempts_any(work, tenant.id, &payment.id)?;
        let refunds = payments::refunds_any(work, tenant.id, &payment.id)?;
        Ok(PaymentDetails {
            payment: Payment::new(&tenant, payment),
            attempts: attempts.into_iter().map(Attempt::from).collect(),
            refunds: refunds.into_iter().map(Refund::from).collect(),
        })
    });
    Ok(Answer(found.await?))
}

/// Have a payment paid, declined or expired without money, through a gateway in test mode
#[utoipa::path(
    post, path = "/payments/{payment}/simulate", tag = "payments", operation_id = "payment-simulate",
    params(("payment" = String, Path)), request_body = Simulate,
    responses((status = 200, description = "It has happened, and its plugin was told", body = Payment))
)]
pub(super) async fn simulate(
    admin: State<Admin>,
    Path(name): Path<String>,
    Json(body): Json<Simulate>,
) -> Result<Answer<Payment>, Problem> {
    let (tenant, payment) = admin
        .read(move |work| payments::find_anywhere(work, &name)?.ok_or_else(|| unknown(&name)))
        .await?;
    let outcome = outcome(body, payment.due)?;
    let simulation = Simulation {
        tenant: tenant.clone(),
        payment,
        outcome,
        actor: ACTOR,
    };
    let payment = admin.operations.simulate(simulation).await?;
    Ok(Answer(Payment::new(&tenant, payment)))
}

/// Send back a surplus again that its gateway failed to send
#[utoipa::path(
    post, path = "/payments/{payment}/refunds/{refund}/send-again", tag = "payments", operation_id = "payment-send-again",
    params(("payment" = String, Path), ("refund" = String, Path)),
    responses((status = 201, description = "On its way, as a refund of its own", body = Refund))
)]
pub(super) async fn send_again(
    admin: State<Admin>,
    Path((name, refund)): Path<(String, String)>,
) -> Result<(StatusCode, Answer<Refund>), Problem> {
    let (tenant, payment) = admin
        .read(move |work| payments::find_anywhere(work, &name)?.ok_or_else(|| unknown(&name)))
        .await?;
    let missing = || Problem::not_found("refund", &refund, "mooring payment show ID");
    let id: RefundId = refund.parse().map_err(|_| missing())?;
    let sent = admin.write_tenant(tenant.name.to_string(), None, move |work| {
        let sent = payments::send_surplus_again(work, &payment.id, &id)?;
        let details = json!({ "failed": id.as_str(), "amount": sent.amount.to_string() });
        let tenant = work.tenant().clone();
        audit::note(
            work,
            "payment.send-again",
            Some(&tenant),
            sent.id.as_str(),
            details,
        )?;
        Ok(Refund::from(sent))
    });
    Ok((StatusCode::CREATED, Answer(sent.await?)))
}

/// What arrives, worked out of what is due.
fn outcome(body: Simulate, due: Amount) -> Result<Outcome, Problem> {
    let given = match &body.amount {
        Some(text) => {
            Some(Amount::parse(text, due.currency).map_err(|error| Problem::invalid("amount", error))?)
        }
        None => None,
    };
    let arrives = |default: i64, fits: fn(i64, i64) -> bool, rule: &str| {
        let amount = given.unwrap_or(Amount::new(default, due.currency));
        if amount.minor > 0 && fits(amount.minor, due.minor) {
            return Ok(Outcome::Paid(amount));
        }
        Err(Problem::invalid(
            "amount",
            format!("{amount} is not {rule} {due}."),
        ))
    };
    match body.outcome {
        SimulatedOutcome::Partial => arrives(due.minor / 2, |some, all| some < all, "a part of"),
        SimulatedOutcome::Overpaid => {
            let more = due.minor.saturating_add((due.minor / 10).max(1));
            arrives(more, |some, all| some > all, "more than")
        }
        _ if given.is_some() => Err(Problem::invalid(
            "amount",
            "goes with the outcomes `partial` and `overpaid` only.",
        )),
        SimulatedOutcome::Paid => Ok(Outcome::Paid(due)),
        SimulatedOutcome::Declined => Ok(Outcome::Declined),
        SimulatedOutcome::Expired => Ok(Outcome::Expired),
    }
}

impl Payment {
    fn new(tenant: &TenantRef, payment: payments::Payment) -> Payment {
        Payment {
            id: payment.id.to_string(),
            tenant: tenant.name.to_string(),
            plugin: payment.plugin.to_string(),
            reference: payment.reference,
            status: payment.status.into(),
            amount: payment.amount.into(),
            due: payment.due.into(),
            user: payment.user.map(|user| user.0),
            description: payment.description,
            metadata: payment.metadata.value(),
            received: payment.received.into(),
            fee: payment.fee.into(),
            refunded: payment.refunded.into(),
            settlement: payment.settlement.map(Settlement::from),
            failure: payment.failure.map(Failure::from),
            expires_at: payment.expires_at.map(Time::from),
            paid_at: payment.paid_at.map(Time::from),
            created_at: payment.created_at.into(),
            updated_at: payment.updated_at.into(),
        }
    }
}

fn unknown(name: &str) -> Problem {
    Problem::not_found("payment", name, "mooring payment list --tenant NAME")
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Problem {
        match error {
            PaymentError::NotFound => Problem::new(
                Code::NotFound,
                "There is no such payment. See those there are: mooring payment list --tenant NAME",
            ),
            PaymentError::Invalid(error) => error.into(),
            PaymentError::Store(error) => Problem::internal(&error),
            PaymentError::ReferenceTaken(_) | PaymentError::KeyReused(_) => {
                Problem::new(Code::Conflict, format!("Nothing was changed: {error}."))
            }
            PaymentError::WrongStatus(_)
            | PaymentError::AttemptOpen(_)
            | PaymentError::TooMuch(_)
            | PaymentError::NotSupported(_)
            | PaymentError::UnknownUser(_) => {
                Problem::new(Code::WrongState, format!("Nothing was changed: {error}."))
            }
        }
    }
}

impl From<SimulationError> for Problem {
    fn from(error: SimulationError) -> Problem {
        match error {
            SimulationError::Payment(error) => error.into(),
            SimulationError::Busy => Problem::new(
                Code::Busy,
                "Others were changing the same thing. Nothing was changed; send the request again.",
            ),
            SimulationError::Internal(error) => Problem::internal(&*error),
            error => Problem::new(Code::WrongState, error.to_string()),
        }
    }
}
