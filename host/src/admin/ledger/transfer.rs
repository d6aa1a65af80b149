//! What the operator posts: money from one account of a tenant to another, such as the credits that a reseller starts with.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use mooring_core::check::InvalidField;
use mooring_core::ledger::{self, Direction, NewEntry, NewPosting, OPERATOR_KEYS};
use mooring_core::money::{Amount, Currency};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Posting;
use crate::admin::audit;
use crate::admin::extract::{Json, Path};
use crate::admin::problem::Problem;
use crate::admin::state::Admin;

/// A posting of two entries.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Transfer {
    /// Unique among the operator's postings of the tenant, 1 to 180 characters; the same posting again is no second one.
    key: String,
    /// The account whose balance falls.
    debit: String,
    /// The account whose balance rises.
    credit: String,
    /// Exact, more than zero.
    #[schema(example = "498.50")]
    amount: String,
    #[schema(example = "USD")]
    currency: String,
    /// For people; shown in statements.
    #[serde(default)]
    description: String,
}

/// Post to a tenant's journal
#[utoipa::path(
    post, path = "/tenants/{tenant}/ledger/postings", tag = "ledger", operation_id = "posting-create",
    params(("tenant" = String, Path)), request_body = Transfer,
    responses(
        (status = 201, description = "Posted; its place in the journal is settled at the commit", body = Posting),
        (status = 200, description = "Was posted before, under this key", body = Posting),
    )
)]
pub(in crate::admin) async fn create(
    admin: State<Admin>,
    Path(tenant): Path<String>,
    Json(transfer): Json<Transfer>,
) -> Result<(StatusCode, Answer<Posting>), Problem> {
    let amount = amount(&transfer)?;
    let posted = admin.write_tenant(tenant, None, move |work| {
        let new = NewPosting {
            idempotency_key: format!("{OPERATOR_KEYS}{}", transfer.key),
            description: transfer.description.clone(),
            entries: vec![
                NewEntry::new(&transfer.debit, Direction::Debit, amount),
                NewEntry::new(&transfer.credit, Direction::Credit, amount),
            ],
            metadata: String::new(),
        };
        let posted = ledger::post(work, new)?;
        if !posted.repeated {
            let tenant = work.tenant().clone();
            let details = json!({
                "debit": transfer.debit,
                "credit": transfer.credit,
                "amount": amount.to_string(),
            });
            audit::note(
                work,
                "ledger.post",
                Some(&tenant),
                posted.posting.id.as_str(),
                details,
            )?;
        }
        Ok(posted)
    });
    let posted = posted.await?;
    let status = if posted.repeated {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Answer(posted.posting.into())))
}

fn amount(transfer: &Transfer) -> Result<Amount, Problem> {
    if transfer.key.is_empty() || transfer.key.chars().count() > 180 {
        return Err(InvalidField::new("key", "must have 1 to 180 characters").into());
    }
    let invalid = |field: &str, error: &dyn std::fmt::Display| Problem::invalid(field, error);
    let currency = Currency::parse(&transfer.currency).map_err(|error| invalid("currency", &error))?;
    let amount = Amount::parse(&transfer.amount, currency).map_err(|error| invalid("amount", &error))?;
    if amount.minor > 0 {
        Ok(amount)
    } else {
        Err(Problem::invalid(
            "amount",
            "must be more than zero; exchange the accounts instead",
        ))
    }
}
