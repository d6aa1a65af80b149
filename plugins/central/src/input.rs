//! What requests are read with. Unknown fields are ignored; null and empty text mean absent.

use mooring_sdk::extract::FromRequest;
pub(crate) use mooring_sdk::extract::given;
use mooring_sdk::json;
use mooring_sdk::money::{self, Decimal};
use mooring_sdk::prelude::*;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::Error;

/// Of `metadata` as JSON.
const METADATA_BYTES_MAX: usize = 4096;

/// A body that may be left out.
pub(crate) struct Maybe<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest for Maybe<T> {
    fn from_request(request: &mut Request) -> Result<Maybe<T>, Problem> {
        if request.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Maybe(T::default()));
        }
        json::from_slice(&request.body).map(Maybe)
    }
}

/// Metadata: a JSON object. PHP writes an empty one as `[]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Metadata(pub(crate) Map<String, Value>);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Metadata, D::Error> {
        let map = match Value::deserialize(deserializer)? {
            Value::Array(items) if items.is_empty() => Map::new(),
            Value::Object(map) => map,
            _ => return Err(D::Error::custom("must be an object")),
        };
        if json::to_string(&map).len() > METADATA_BYTES_MAX {
            return Err(D::Error::custom(format_args!(
                "is larger than {METADATA_BYTES_MAX} bytes"
            )));
        }
        Ok(Metadata(map))
    }
}

/// A currency of ISO 4217, in upper case.
pub(crate) fn currency(text: &str) -> Result<String, Error> {
    let currency = text.trim().to_ascii_uppercase();
    if money::is_fiat(&currency) {
        Ok(currency)
    } else {
        Err(Error::invalid("currency", "is not a currency of ISO 4217"))
    }
}

/// That a field has one of the known values.
pub(crate) fn one_of(field: &str, text: &str, known: &[&str]) -> Result<(), Error> {
    if known.contains(&text) {
        return Ok(());
    }
    let why = format!("must be one of {}", known.join(", "));
    Err(Error::invalid(field, why))
}

/// Exact money of a field: zero or more, and less than a thousand million.
pub(crate) fn not_negative(decimal: &Decimal, field: &str, currency: &str) -> Result<Amount, Error> {
    let amount = decimal
        .not_negative(currency)
        .map_err(|error| Error::invalid(field, error.to_string()))?;
    if amount.minor >= 10_i64.pow(9 + u32::from(amount.exponent)) {
        return Err(Error::invalid(field, "is too large"));
    }
    Ok(amount)
}

/// [`not_negative`], and more than zero.
pub(crate) fn positive(decimal: &Decimal, field: &str, currency: &str) -> Result<Amount, Error> {
    let amount = not_negative(decimal, field, currency)?;
    if amount.minor == 0 {
        return Err(Error::invalid(field, "must be more than zero"));
    }
    Ok(amount)
}

/// So many minor units of a currency that was checked before.
pub(crate) fn amount(minor: i64, currency: &str) -> Result<Amount, Error> {
    Amount::from_minor(minor, currency)
        .map_err(|error| Problem::Internal(format!("{currency}: {error}")).into())
}

/// Of fields that documents leave out where they say nothing.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `{"success":true,"NAME":…}`.
pub(crate) fn named<T: serde::Serialize>(status: u16, name: &str, value: &T) -> Response {
    let body = serde_json::json!({ "success": true, name: value });
    Response::json(status, &body)
}
