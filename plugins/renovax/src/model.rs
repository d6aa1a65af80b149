//! The provider's JSON, as it is.

use std::collections::BTreeMap;
use std::fmt;

use mooring_sdk::extract::{Text, WholeNumber, given};
use mooring_sdk::money::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

/// `POST invoices`. Unknown fields are ignored; null and empty text mean absent.
#[derive(Deserialize)]
pub(crate) struct NewInvoice {
    pub(crate) amount: Decimal,
    #[serde(default, deserialize_with = "given")]
    pub(crate) currency: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) client_remote_id: Option<RemoteId>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) success_url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) cancel_url: Option<String>,
    #[serde(default, deserialize_with = "metadata")]
    pub(crate) metadata: Map<String, Value>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) expires_in_minutes: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) locale: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) fiat_enabled: Option<bool>,
}

/// The one field of [`NewInvoice`] that counts when the invoice exists.
#[derive(Deserialize)]
pub(crate) struct OnlyRemoteId {
    #[serde(default, deserialize_with = "given")]
    pub(crate) client_remote_id: Option<RemoteId>,
}

/// The merchant's own id of an invoice: text or a number, 1 to 191 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteId(pub(crate) String);

impl<'de> Deserialize<'de> for RemoteId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RemoteId, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return Err(D::Error::custom("must be a string")),
        };
        if text.chars().count() > 191 {
            return Err(D::Error::custom("is longer than 191 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(D::Error::custom("must not contain control characters"));
        }
        Ok(RemoteId(text))
    }
}

/// `POST invoices/{id}/refund` and `/capture`.
#[derive(Default, Deserialize)]
pub(crate) struct Part {
    /// Absent: all of it.
    #[serde(default, deserialize_with = "given")]
    pub(crate) amount: Option<Decimal>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) reason: Option<String>,
}

/// `POST reseller/users`.
#[derive(Deserialize)]
pub(crate) struct NewAccount {
    pub(crate) username: Text<3, 60>,
    pub(crate) email: Text<3, 254>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) name: Option<Text<0, 200>>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) password: Option<String>,
}

/// `POST reseller/credits/sell`.
#[derive(Deserialize)]
pub(crate) struct Sale {
    /// User name or e-mail.
    pub(crate) recipient: Text<1, 254>,
    pub(crate) amount: Decimal,
    #[serde(default, deserialize_with = "given")]
    pub(crate) note: Option<Text<0, 255>>,
}

/// The query of lists. A form sends empty fields too; they mean absent.
#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) per_page: String,
    #[serde(default)]
    pub(crate) page: String,
}

/// An object of scalars. PHP writes an empty one as `[]`.
fn metadata<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let map = match Value::deserialize(deserializer)? {
        Value::Null => Map::new(),
        Value::Array(items) if items.is_empty() => Map::new(),
        Value::Object(map) => map,
        _ => return Err(D::Error::custom("must be an object")),
    };
    match map
        .iter()
        .find(|(_, value)| value.is_array() || value.is_object())
    {
        Some((key, _)) => Err(D::Error::custom(format_args!(
            "`{key}` must be text, a number, true, false or null"
        ))),
        None => Ok(map),
    }
}

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for the payer, or for the money.
    Pending,
    /// Paid.
    Confirmed,
    /// Stopped, for fraud.
    Failed,
    /// Its time is over.
    Expired,
    /// Paid, and all of it sent back.
    Refunded,
    /// Taken back by the merchant.
    Canceled,
}

impl Status {
    pub(crate) const ALL: [Status; 6] = [
        Status::Pending,
        Status::Confirmed,
        Status::Failed,
        Status::Expired,
        Status::Refunded,
        Status::Canceled,
    ];

    /// As the provider writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Confirmed => "confirmed",
            Status::Failed => "failed",
            Status::Expired => "expired",
            Status::Refunded => "refunded",
            Status::Canceled => "canceled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Serialize)]
pub(crate) struct Merchant {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) default_currency: String,
    pub(crate) public_uuid: String,
    pub(crate) customer_pays_fee: bool,
    pub(crate) fx_markup_percent: String,
    pub(crate) is_active: bool,
}

#[derive(Serialize)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) merchant_id: u64,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) status: Status,
    pub(crate) client_remote_id: Option<String>,
    pub(crate) success_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) expires_at: Option<String>,
    pub(crate) paid_at: Option<String>,
    pub(crate) pay_url: String,
    pub(crate) created_at: String,
    /// Beyond the documents: read by shops that poll, where the merchant's currency is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amount_received_fiat: Option<String>,
}

/// A refund. Shops read its id under three names.
#[derive(Serialize)]
pub(crate) struct Refunded {
    pub(crate) status: &'static str,
    pub(crate) provider_refund_id: Option<String>,
    pub(crate) refund_id: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) message: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) meta: Meta,
}

#[derive(Serialize)]
pub(crate) struct Meta {
    pub(crate) current_page: u64,
    pub(crate) last_page: u64,
    /// Only invoices say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) per_page: Option<u32>,
    pub(crate) total: u64,
}

#[derive(Serialize)]
pub(crate) struct Reseller {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) credits: Number,
    pub(crate) fee_percent: Number,
}

#[derive(Serialize)]
pub(crate) struct Created {
    pub(crate) user: Account,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
}

/// A user; the answer of a creation leaves out two fields.
#[derive(Serialize)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) role: String,
    pub(crate) credits: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Sold {
    pub(crate) gross: Number,
    pub(crate) fee: Number,
    pub(crate) net: Number,
    pub(crate) balance_after: Number,
    pub(crate) recipient: Recipient,
}

#[derive(Serialize)]
pub(crate) struct Recipient {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) credits: Number,
}

#[derive(Serialize)]
pub(crate) struct Transfer {
    pub(crate) id: u64,
    pub(crate) reason: &'static str,
    pub(crate) delta: Number,
    pub(crate) balance_after: Number,
    pub(crate) note: Option<String>,
    pub(crate) created_at: String,
}

/// The body of a webhook, in the order of the documents.
#[derive(Serialize)]
pub(crate) struct News<'e> {
    pub(crate) event_type: &'e str,
    pub(crate) invoice_id: &'e str,
    pub(crate) merchant_id: u64,
    pub(crate) status: Status,
    pub(crate) invoice_amount: String,
    pub(crate) invoice_currency: &'e str,
    pub(crate) amount_received: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) fee: Option<String>,
    pub(crate) amount_net: Option<String>,
    #[serde(flatten)]
    pub(crate) fiat: Option<Fiat>,
    pub(crate) customer_paid_fee: bool,
    pub(crate) driver: Option<String>,
    pub(crate) tx_hash: Option<String>,
    pub(crate) network: Option<String>,
    pub(crate) confirmations: Option<u64>,
    pub(crate) provider_id: Option<String>,
    pub(crate) paid_at: Option<String>,
    pub(crate) confirmed_at: Option<String>,
    pub(crate) metadata: Map<String, Value>,
}

/// What was received in the merchant's currency, where that is another one.
#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the provider's names")]
pub(crate) struct Fiat {
    pub(crate) amount_received_fiat: String,
    pub(crate) amount_net_fiat: String,
    pub(crate) fx_rate_used: String,
    pub(crate) fx_pair: String,
}

#[derive(Serialize)]
pub(crate) struct Failed<'e> {
    pub(crate) error: &'e str,
    pub(crate) message: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<BTreeMap<&'e str, [&'e str; 1]>>,
}
