//! The operator's token: the only credential of this API, compared in constant time.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::problem::{Code, Problem};
use super::state::Admin;

/// What a request's token is compared with. A hash, so that neither length nor content can be learnt from the time.
#[derive(Clone, Debug)]
pub(super) struct Token([u8; 32]);

impl Token {
    /// Of the token's text.
    pub(super) fn new(text: &str) -> Token {
        Token(Sha256::digest(text).into())
    }

    fn matches(&self, text: &str) -> bool {
        self.0.ct_eq(&Token::new(text).0).into()
    }
}

/// Lets a request with the token pass.
pub(super) async fn require_token(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let header = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
    });
    match token {
        Some(token) if admin.token.matches(token) => next.run(request).await,
        Some(_) => refuse(
            "This is not the token of this host. It is in the file `admin.token` of the host's data folder.",
        ),
        None => refuse(
            "Send `Authorization: Bearer TOKEN`. The token is in the file `admin.token` of the data folder.",
        ),
    }
}

fn refuse(detail: &str) -> Response {
    Problem::new(Code::Unauthenticated, detail).into_response()
}
