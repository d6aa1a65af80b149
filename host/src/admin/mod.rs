//! The operator's side: JSON under `/admin/v1`, on a listener of its own, for the holder of one token.
//!
//! One file per thing operated. A handler takes its input apart, makes one call, and shapes the answer; wire types are
//! this module's own. Whatever changes something writes its line of the audit log in the same transaction.
//!
//! Routes and their OpenAPI description come from the same macro, so neither can be there without the other.

mod auth;
mod extract;
mod listener;
pub mod operations;
mod plugins;
mod problem;
mod state;
mod wire;

use axum::response::IntoResponse as _;
use axum::{Json, Router, middleware};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use listener::serve;
pub use state::Admin;

use problem::{Code, Problem};

/// Where every path of this API starts.
pub const BASE: &str = "/admin/v1";

/// Everything this API answers.
pub fn router(admin: Admin) -> Router {
    let (operations, openapi) = described().split_for_parts();
    let openapi = Json(openapi);
    let operations = operations
        .fallback(wrong_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(admin.clone(), auth::require_token));
    Router::new()
        .route(
            &format!("{BASE}/openapi.json"),
            axum::routing::get(move || async move { openapi.clone() }),
        )
        .merge(operations)
        .with_state(admin)
}

/// The API as an OpenAPI 3.1 document.
pub fn openapi() -> OpenApi {
    described().split_for_parts().1
}

fn described() -> OpenApiRouter<Admin> {
    let resources = OpenApiRouter::new()
        .routes(routes!(plugins::list, plugins::add))
        .routes(routes!(plugins::view, plugins::remove))
        .routes(routes!(plugins::manifest))
        .routes(routes!(plugins::usage))
        .routes(routes!(plugins::inspect));
    OpenApiRouter::with_openapi(document()).nest(BASE, resources)
}

fn document() -> OpenApi {
    let mut info = Info::new("Mooring, the operator's side", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Every request but that for this document carries the token of the file `admin.token` in the host's data folder. \
         Every refusal is a problem document (RFC 9457) whose `code` is stable."
            .into(),
    );
    let mut document = OpenApiBuilder::new()
        .info(info)
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>(
            "token",
            [],
        )]))
        .build();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("token", bearer);
    document
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
