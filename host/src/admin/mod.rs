//! The operator's side: JSON under `/admin/v1`, on a listener of its own, for the holder of one token.
//!
//! One file per thing operated. A handler takes its input apart, makes one call, and shapes the answer; wire types are
//! this module's own. Whatever changes something writes its line of the audit log in the same transaction.
//!
//! Routes and their OpenAPI description come from the same macro, so neither can be there without the other.

mod audit;
mod auth;
mod clock;
mod deliveries;
mod events;
mod extract;
mod jobs;
mod keys;
mod ledger;
mod listener;
pub mod operations;
mod payments;
mod plugins;
mod problem;
mod records;
mod refusals;
mod services;
mod settings;
mod state;
mod tenants;
#[cfg(test)]
pub(crate) mod tests;
mod transact;
mod users;
mod webhooks;
mod wire;

use axum::response::IntoResponse as _;
use axum::{Json, Router, middleware};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, Info, OpenApi, OpenApiBuilder, Ref, ResponseBuilder, SecurityRequirement,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use listener::serve;
pub use state::Admin;

use problem::{Code, Problem};

/// Where every path of this API starts.
pub const BASE: &str = "/admin/v1";

/// Who acts, in the audit log.
const ACTOR: &str = "admin";

/// Everything this API answers.
pub fn router(admin: Admin) -> Router {
    let (operations, _) = described().split_for_parts();
    let operations = operations
        .fallback(wrong_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(admin.clone(), auth::require_token));
    let (public, _) = public().split_for_parts();
    let public = public.method_not_allowed_fallback(wrong_method);
    public.merge(operations).with_state(admin)
}

/// The API as an OpenAPI 3.1 document.
pub fn openapi() -> OpenApi {
    let mut document = described().split_for_parts().1;
    document.merge(public().split_for_parts().1);
    describe_refusals(&mut document);
    document
}

/// For the holder of the token.
fn described() -> OpenApiRouter<Admin> {
    let resources = OpenApiRouter::new()
        .routes(routes!(plugins::list, plugins::add))
        .routes(routes!(plugins::view, plugins::remove))
        .routes(routes!(plugins::manifest))
        .routes(routes!(plugins::usage))
        .routes(routes!(plugins::inspect))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::view, tenants::update))
        .routes(routes!(clock::view))
        .routes(routes!(clock::advance))
        .routes(routes!(records::import))
        .routes(routes!(records::list))
        .routes(routes!(records::view, records::put, records::delete))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::view))
        .routes(routes!(services::list))
        .routes(routes!(services::view))
        .routes(routes!(services::history))
        .routes(routes!(payments::list))
        .routes(routes!(payments::view))
        .routes(routes!(payments::simulate))
        .routes(routes!(payments::send_again))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::view, keys::revoke))
        .routes(routes!(keys::rotate))
        .routes(routes!(settings::list, settings::update))
        .routes(routes!(events::list))
        .routes(routes!(events::view))
        .routes(routes!(ledger::postings, ledger::transfer::create))
        .routes(routes!(ledger::posting))
        .routes(routes!(ledger::accounts))
        .routes(routes!(ledger::statement))
        .routes(routes!(ledger::verify))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::view))
        .routes(routes!(jobs::retry))
        .routes(routes!(webhooks::list))
        .routes(routes!(webhooks::view))
        .routes(routes!(webhooks::enable))
        .routes(routes!(webhooks::disable))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::redeliver))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::view))
        .routes(routes!(deliveries::redeliver))
        .routes(routes!(audit::list));
    OpenApiRouter::with_openapi(document()).nest(BASE, resources)
}

/// For everybody.
fn public() -> OpenApiRouter<Admin> {
    let resources = OpenApiRouter::new().routes(routes!(openapi_document));
    OpenApiRouter::new().nest(BASE, resources)
}

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "document", operation_id = "document", security(),
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
async fn openapi_document() -> Json<OpenApi> {
    Json(openapi())
}

fn document() -> OpenApi {
    let mut info = Info::new("Mooring, the operator's side", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Every request but that for this document carries the token of the file `admin.token` in the host's data folder. \
         Every refusal is a problem document (RFC 9457) whose `code` is stable."
            .into(),
    );
    let schemas = ComponentsBuilder::new()
        .schema_from::<problem::Body>()
        .schema_from::<Code>()
        .security_scheme(
            "token",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
    OpenApiBuilder::new()
        .info(info)
        .components(Some(schemas.build()))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>(
            "token",
            [],
        )]))
        .build()
}

/// Any operation may be refused, always in the same shape.
fn describe_refusals(document: &mut OpenApi) {
    let refusal = ResponseBuilder::new()
        .description("Refused")
        .content(
            "application/problem+json",
            Content::new(Some(Ref::from_schema_name("Problem"))),
        )
        .build();
    for item in document.paths.paths.values_mut() {
        let methods = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in methods.into_iter().flatten() {
            operation
                .responses
                .responses
                .insert("default".into(), refusal.clone().into());
        }
    }
}

async fn wrong_path(uri: http::Uri) -> axum::response::Response {
    let detail = format!(
        "There is nothing at {}. All paths: GET {BASE}/openapi.json.",
        uri.path()
    );
    Problem::new(Code::NoRoute, detail).into_response()
}

async fn wrong_method(method: http::Method, uri: http::Uri) -> Problem {
    let detail = format!(
        "{} does not take {method}. All operations: GET {BASE}/openapi.json.",
        uri.path()
    );
    Problem::new(Code::MethodNotAllowed, detail)
}
