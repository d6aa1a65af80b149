//! What handlers are given: who asks, and what for.

use mooring_sdk::CredentialFailure;
use mooring_sdk::extract::FromRequest;
use mooring_sdk::prelude::*;
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;

use crate::{convert, multipart};

/// The reseller of the path, who is the key's. The first argument of every handler, so that nobody else's input is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Reseller(pub(crate) i64);

impl FromRequest for Reseller {
    /// Another reseller is refused like a wrong key, so that nobody learns which of the two is wrong.
    fn from_request(request: &mut Request) -> Result<Reseller, Problem> {
        let id = convert::id_reseller()?;
        match request.params.first() {
            Some(named) if *named == id.to_string() => Ok(Reseller(id)),
            _ => Err(Problem::Rejected(Cause::Unauthenticated(
                CredentialFailure::Unknown,
            ))),
        }
    }
}

/// The query of a GET; otherwise the body, JSON or a form, whichever it says or looks like.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Input<T> {
    fn from_request(request: &mut Request) -> Result<Input<T>, Problem> {
        if request.method == "GET" {
            readable(request.query.as_bytes(), "query")?;
            return Query::from_request(request).map(|Query(input)| Input(input));
        }
        match encoding(request) {
            Encoding::Json => Json::from_request(request).map(|Json(input)| Input(input)),
            Encoding::Multipart => {
                let content_type = request.header("content-type").unwrap_or_default();
                request.body = multipart::to_urlencoded(content_type, &request.body)?;
                Form::from_request(request).map(|Form(input)| Input(input))
            }
            Encoding::Form => {
                readable(&request.body, "body")?;
                Form::from_request(request).map(|Form(input)| Input(input))
            }
        }
    }
}

enum Encoding {
    Json,
    Form,
    Multipart,
}

/// By `Content-Type`; by the first character where that says nothing: no form of this API starts with a bracket.
fn encoding(request: &Request) -> Encoding {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let first = request.body.iter().find(|byte| !byte.is_ascii_whitespace());
    match media_type.as_str() {
        // Nothing at all is a form without fields, so that the answer names the first field that is missing.
        _ if first.is_none() => Encoding::Form,
        "application/json" => Encoding::Json,
        "multipart/form-data" => Encoding::Multipart,
        "application/x-www-form-urlencoded" => Encoding::Form,
        media_type if media_type.ends_with("+json") => Encoding::Json,
        _ if matches!(first, Some(b'{' | b'[' | b'"')) => Encoding::Json,
        _ => Encoding::Form,
    }
}

/// A form's reader puts `U+FFFD` where a value is not UTF-8; a name spoilt like that is nobody's.
fn readable(form: &[u8], what: &str) -> Result<(), Problem> {
    match percent_decode(form).decode_utf8() {
        Ok(_) => Ok(()),
        Err(_) => Err(Problem::Unreadable(format!("the {what} is not UTF-8"))),
    }
}
