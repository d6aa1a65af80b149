//! What a handler takes in. Each extractor refuses with a [`Problem`] that says where the mistake is.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Uri, header};
use mooring_core::page::{self, Page};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::problem::{Code, Problem};
use super::state::Admin;

/// Largest JSON body, unless the operation takes more; the largest honest one sets a handful of settings.
const JSON_BYTES_MAX: u64 = 256 * 1024;

/// Items of one page, unless the request says otherwise, and at most.
const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 500;

/// The parameters of the path.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Admin> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Path<T>, Problem> {
        match axum::extract::Path::from_request_parts(parts, admin).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(rejection) => Err(Problem::new(
                Code::Malformed,
                format!("The path: {}", rejection.body_text()),
            )),
        }
    }
}

/// The query, every name known.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Admin> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Admin) -> Result<Query<T>, Problem> {
        parse_query(&parts.uri).map(Query)
    }
}

/// Which part of a list to give. Takes the paging's names out of the query and leaves the rest to the filter, so that
/// each can refuse names that it does not know.
pub(super) struct Listing<F = NoFilter> {
    pub(super) paging: Paging,
    pub(super) filter: F,
}

impl<F> Listing<F> {
    /// As the primitives take it.
    pub(super) fn page(&self) -> Page {
        let order = match self.paging.order {
            Order::OldestFirst => page::Order::OldestFirst,
            Order::NewestFirst => page::Order::NewestFirst,
        };
        Page {
            offset: self.paging.offset,
            limit: self.paging.limit,
            order,
        }
    }
}

/// For lists that cannot be filtered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFilter {}

/// Part of a list.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Paging {
    /// Items to skip.
    #[param(minimum = 0, default = 0)]
    pub(super) offset: u64,
    /// Items to give.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub(super) limit: u32,
    /// Lists are in order of creation, newest first by default.
    #[param(inline)]
    pub(super) order: Order,
}

/// Direction of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Order {
    /// The first made comes first.
    OldestFirst,
    /// The last made comes first.
    #[default]
    NewestFirst,
}

impl Paging {
    /// How many items to give, where the request says so.
    pub(super) fn check_limit(limit: Option<u32>) -> Result<u32, Problem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        Err(Problem::invalid(
            "limit",
            format!("must be 1 to {LIMIT_MAX}, not {limit}."),
        ))
    }
}

impl Default for Paging {
    fn default() -> Paging {
        Paging {
            offset: 0,
            limit: LIMIT_DEFAULT,
            order: Order::default(),
        }
    }
}

impl<F: DeserializeOwned> FromRequestParts<Admin> for Listing<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Admin) -> Result<Listing<F>, Problem> {
        let pairs = parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let is_paging = |pair: &&str| matches!(pair.split('=').next(), Some("offset" | "limit" | "order"));
        let (paging, filter): (Vec<&str>, Vec<&str>) = pairs.partition(is_paging);
        let query = |pairs: Vec<&str>| format!("/?{}", pairs.join("&")).parse::<Uri>();
        let (Ok(paging), Ok(filter)) = (query(paging), query(filter)) else {
            return Err(Problem::new(Code::Malformed, "The query is not well-formed."));
        };
        let paging: Paging = parse_query(&paging)?;
        Paging::check_limit(Some(paging.limit))?;
        Ok(Listing {
            paging,
            filter: parse_query(&filter)?,
        })
    }
}

fn parse_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    match axum::extract::Query::try_from_uri(uri) {
        Ok(axum::extract::Query(value)) => Ok(value),
        Err(rejection) => Err(Problem::new(
            Code::Malformed,
            format!("The query: {}.", rejection.body_text()),
        )),
    }
}

/// A JSON body, every field known.
pub(super) struct Json<T, const BYTES_MAX: u64 = JSON_BYTES_MAX>(pub(super) T);

impl<T: DeserializeOwned, const BYTES_MAX: u64> FromRequest<Admin> for Json<T, BYTES_MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, admin: &Admin) -> Result<Json<T, BYTES_MAX>, Problem> {
        require_type(request.headers(), "application/json")?;
        let body = read(request.into_body(), BYTES_MAX, admin).await?;
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(Json(value)),
            Err(error) if error.is_data() => Err(Problem::new(Code::Invalid, format!("The body: {error}."))),
            Err(error) => Err(Problem::new(
                Code::Malformed,
                format!("The body is not JSON: {error}."),
            )),
        }
    }
}

/// A component's bytes, perhaps none.
pub(super) struct Component(pub(super) Bytes);

impl FromRequest<Admin> for Component {
    type Rejection = Problem;

    async fn from_request(request: Request, admin: &Admin) -> Result<Component, Problem> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            require_type(request.headers(), "application/wasm")?;
        }
        read(request.into_body(), admin.component_bytes_max, admin)
            .await
            .map(Component)
    }
}

async fn read(body: Body, bytes_max: u64, admin: &Admin) -> Result<Bytes, Problem> {
    let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    match tokio::time::timeout(admin.body_timeout, to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let too_large = std::error::Error::source(&error)
                .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
            Err(if too_large {
                Problem::new(
                    Code::BodyTooLarge,
                    format!("At most {bytes_max} bytes are taken here."),
                )
            } else {
                Problem::new(Code::Malformed, "The body broke off. Send it again.")
            })
        }
        Err(_) => Err(Problem::new(
            Code::BodyTimeout,
            format!(
                "The body must arrive within {} ms. Send it again.",
                admin.body_timeout.as_millis()
            ),
        )),
    }
}

fn require_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = given.and_then(|value| value.split(';').next()).map(str::trim);
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case(wanted)) {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        format!("Send the body with `Content-Type: {wanted}`."),
    ))
}
