//! Whom a token acts for, and what the operator has set for the merchant.

use mooring_sdk::extract::FromRequest;
use mooring_sdk::money;
use mooring_sdk::payments::{Fee, FeePayer, Tolerance};
use mooring_sdk::prelude::*;
use mooring_sdk::settings;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;
use crate::fx::{self, Exact};
use crate::model;

pub(crate) const ID: &str = "merchant_id";
pub(crate) const NAME: &str = "merchant_name";
pub(crate) const PUBLIC_UUID: &str = "public_uuid";
pub(crate) const DEFAULT_CURRENCY: &str = "default_currency";
pub(crate) const IS_ACTIVE: &str = "is_active";
pub(crate) const CUSTOMER_PAYS_FEE: &str = "customer_pays_fee";
pub(crate) const FEE_PERCENT: &str = "fee_percent";
pub(crate) const FEE_FIXED: &str = "fee_fixed";
pub(crate) const TOLERANCE_SHORT: &str = "tolerance_short";
pub(crate) const TOLERANCE_SHORT_PERCENT: &str = "tolerance_short_percent";
pub(crate) const TOLERANCE_PARTIAL_MIN_PERCENT: &str = "tolerance_partial_min_percent";
pub(crate) const MANUAL_CAPTURE: &str = "manual_capture";

/// Of a merchant without one in its settings: made from this and the tenant's name.
const PUBLIC_UUIDS: Uuid = Uuid::from_u128(0x0d3c_9a5e_6f1b_5c47_8a21_7be4_90f2_6d13);

/// Whose invoices: the merchant's, or those of a user's personal merchant behind the older routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Owner {
    Merchant,
    User(u64),
}

impl Owner {
    /// In the values of indexes.
    pub(crate) fn key(self) -> String {
        match self {
            Owner::Merchant => "merchant".to_owned(),
            Owner::User(id) => format!("user:{id}"),
        }
    }

    pub(crate) fn user(self) -> Option<u64> {
        match self {
            Owner::Merchant => None,
            Owner::User(id) => Some(id),
        }
    }
}

/// Whose invoices a route is about, from its token.
pub(crate) trait Account: FromRequest {
    fn owner(&self) -> Result<Owner, Error>;
}

/// A merchant token.
pub(crate) struct MerchantToken;

/// A user token.
pub(crate) struct UserToken(Option<u64>);

impl FromRequest for MerchantToken {
    fn from_request(request: &mut Request) -> Result<MerchantToken, Problem> {
        Principal::from_request(request).map(|_| MerchantToken)
    }
}

impl FromRequest for UserToken {
    fn from_request(request: &mut Request) -> Result<UserToken, Problem> {
        Principal::from_request(request).map(|principal| UserToken(principal.user))
    }
}

impl Account for MerchantToken {
    fn owner(&self) -> Result<Owner, Error> {
        Ok(Owner::Merchant)
    }
}

impl Account for UserToken {
    fn owner(&self) -> Result<Owner, Error> {
        self.user().map(Owner::User)
    }
}

impl UserToken {
    /// The user it acts for.
    pub(crate) fn user(&self) -> Result<u64, Error> {
        self.0
            .ok_or(Error::ForbiddenRole("This token belongs to no user."))
    }
}

/// `GET merchant/me`.
pub(crate) fn me(principal: Principal) -> Result<Json<model::Merchant>, Error> {
    let public_uuid = match settings::get(PUBLIC_UUID)?.filter(|text| !text.is_empty()) {
        Some(given) => given,
        None => Uuid::new_v5(&PUBLIC_UUIDS, principal.tenant.as_bytes()).to_string(),
    };
    let name = settings::get(NAME)?.filter(|name| !name.is_empty());
    Ok(Json(model::Merchant {
        id: id(Owner::Merchant)?,
        name: name.unwrap_or(principal.tenant),
        default_currency: default_currency()?,
        public_uuid,
        customer_pays_fee: is_on(CUSTOMER_PAYS_FEE)?,
        fx_markup_percent: fx::decimal(fx::markup(&text(fx::MARKUP)?)?, 3),
        is_active: is_on(IS_ACTIVE)?,
    }))
}

/// The merchant's number; personal merchants are counted from it on by their users' ids, so no two are the same.
pub(crate) fn id(owner: Owner) -> Result<u64, Error> {
    let id = text(ID)?
        .parse()
        .ok()
        .filter(|id: &u64| (1..=1_000_000_000).contains(id))
        .ok_or_else(|| Error::misconfigured(ID, "must be 1 to 1000000000".to_owned()))?;
    Ok(id + owner.user().unwrap_or(0))
}

/// Refuses what an inactive merchant may not do: whatever writes.
pub(crate) fn active() -> Result<(), Error> {
    if is_on(IS_ACTIVE)? {
        Ok(())
    } else {
        Err(Error::MerchantInactive)
    }
}

pub(crate) fn default_currency() -> Result<String, Error> {
    let currency = text(DEFAULT_CURRENCY)?;
    if money::is_fiat(&currency) {
        Ok(currency)
    } else {
        Err(Error::misconfigured(
            DEFAULT_CURRENCY,
            format!("{currency} is not a currency of ISO 4217"),
        ))
    }
}

/// What is kept of an invoice in this currency.
pub(crate) fn fee(currency: &str) -> Result<Fee, Error> {
    let exponent = u32::from(money::exponent(currency).unwrap_or(2));
    let fixed = number(FEE_FIXED)?.rounded(exponent);
    let fixed_minor = fixed
        .and_then(|minor| i64::try_from(minor).ok())
        .ok_or_else(|| Error::misconfigured(FEE_FIXED, "is too large".to_owned()))?;
    Ok(Fee {
        parts_per_million: parts_per_million(FEE_PERCENT)?,
        fixed_minor,
        paid_by: if is_on(CUSTOMER_PAYS_FEE)? {
            FeePayer::Payer
        } else {
            FeePayer::Merchant
        },
    })
}

/// What is forgiven of an invoice in this currency. Less than a minor unit is not forgiven.
pub(crate) fn tolerance(currency: &str) -> Result<Tolerance, Error> {
    let exponent = u32::from(money::exponent(currency).unwrap_or(2));
    let short = number(TOLERANCE_SHORT)?.floored(exponent);
    let short_minor = short
        .and_then(|minor| i64::try_from(minor).ok())
        .ok_or_else(|| Error::misconfigured(TOLERANCE_SHORT, "is too large".to_owned()))?;
    Ok(Tolerance {
        short_minor,
        short_ppm: parts_per_million(TOLERANCE_SHORT_PERCENT)?,
        partial_min_ppm: parts_per_million(TOLERANCE_PARTIAL_MIN_PERCENT)?,
    })
}

/// A setting that has a default.
pub(crate) fn text(name: &str) -> Result<String, Error> {
    Ok(settings::get(name)?.unwrap_or_default())
}

pub(crate) fn is_on(name: &str) -> Result<bool, Error> {
    Ok(text(name)? == "true")
}

pub(crate) fn number(name: &'static str) -> Result<Exact, Error> {
    Exact::parse_setting(&text(name)?).map_err(|why| Error::misconfigured(name, why.to_owned()))
}

/// A percentage of 0 to 100 with at most 4 places.
pub(crate) fn parts_per_million(name: &'static str) -> Result<u32, Error> {
    number(name)?
        .exactly(4)
        .and_then(|parts| u32::try_from(parts).ok())
        .filter(|parts| *parts <= 1_000_000)
        .ok_or_else(|| {
            Error::misconfigured(name, "must be 0 to 100, with at most 4 decimal places".to_owned())
        })
}
