//! The JSON of callers, as it is: names in their spelling, fields in their order.
#![allow(clippy::struct_field_names, reason = "the provider's names")]

use mooring_sdk::extract::{Text, WholeNumber};
use mooring_sdk::money::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

use crate::countries::Country;

/// An optional text, where empty means none: forms cannot send null.
pub(crate) type Note<const MAX: usize> = Option<Text<0, MAX>>;

#[derive(Deserialize)]
pub(crate) struct ClientRef {
    pub(crate) id_client: WholeNumber,
}

#[derive(Deserialize)]
pub(crate) struct ClientEmail {
    pub(crate) email: Text<3, 254>,
}

#[derive(Deserialize)]
pub(crate) struct ClientCreate {
    pub(crate) name: Text<1, 100>,
    pub(crate) id_country: WholeNumber,
    pub(crate) e_mail: Text<3, 254>,
    pub(crate) city: Note<255>,
    pub(crate) postal_code: Note<255>,
    pub(crate) address: Note<255>,
    pub(crate) phone: Note<255>,
    pub(crate) description: Note<500>,
}

/// Only what is sent changes. `e_mail` is not among it, so it is ignored like anything else that is unknown.
#[derive(Deserialize)]
pub(crate) struct ClientUpdate {
    pub(crate) id_client: WholeNumber,
    #[serde(default)]
    pub(crate) name: Sent<Text<1, 100>>,
    #[serde(default)]
    pub(crate) id_country: Sent<WholeNumber>,
    #[serde(default)]
    pub(crate) city: Sent<Note<255>>,
    #[serde(default)]
    pub(crate) postal_code: Sent<Note<255>>,
    #[serde(default)]
    pub(crate) address: Sent<Note<255>>,
    #[serde(default)]
    pub(crate) phone: Sent<Note<255>>,
    #[serde(default)]
    pub(crate) description: Sent<Note<500>>,
}

#[derive(Deserialize)]
pub(crate) struct PaymentRef {
    pub(crate) id_payment: WholeNumber,
}

#[derive(Deserialize)]
pub(crate) struct PaymentUuid {
    pub(crate) uuid_payment: Text<40, 40>,
}

#[derive(Deserialize)]
pub(crate) struct PaymentCreate {
    pub(crate) id_client: WholeNumber,
    pub(crate) price: Decimal,
    pub(crate) period: WholeNumber,
    pub(crate) id_payment_system: Option<Choice>,
    pub(crate) description: Note<500>,
    pub(crate) url_success: Note<255>,
    pub(crate) url_error: Note<255>,
}

/// A number, or an empty text for none.
#[derive(Clone, Copy)]
pub(crate) struct Choice(pub(crate) Option<u64>);

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Choice, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Ok(Choice(None));
        }
        WholeNumber::deserialize(value)
            .map(|number| Choice(Some(number.0)))
            .map_err(serde::de::Error::custom)
    }
}

/// Whether a field is there at all; null is something that is there.
#[derive(Default, Serialize)]
#[serde(untagged)]
pub(crate) enum Sent<T> {
    #[default]
    No,
    Yes(T),
}

impl<T> Sent<T> {
    fn is_no(&self) -> bool {
        matches!(self, Sent::No)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sent<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sent<T>, D::Error> {
        T::deserialize(deserializer).map(Sent::Yes)
    }
}

/// Every success.
#[derive(Serialize)]
pub(crate) struct Data<T> {
    pub(crate) data: T,
}

/// Every failure.
#[derive(Serialize)]
pub(crate) struct Failure<'a> {
    pub(crate) error: Message<'a>,
}

#[derive(Serialize)]
pub(crate) struct Message<'a> {
    pub(crate) message: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Options {
    pub(crate) reseller: i64,
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    pub(crate) notifications: Notifications,
    pub(crate) callback: Payments,
    pub(crate) webhook: Payments,
}

#[derive(Serialize)]
pub(crate) struct Notifications {
    pub(crate) email: Option<String>,
    pub(crate) telegram: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Payments {
    pub(crate) payments: Outcomes,
}

#[derive(Serialize)]
pub(crate) struct Outcomes {
    pub(crate) success: Option<String>,
    pub(crate) error: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct PaymentSystems {
    pub(crate) reseller: i64,
    pub(crate) payment_systems: Vec<PaymentSystem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PaymentSystem {
    pub(crate) id_payment_system: u64,
    pub(crate) name: String,
}

#[derive(Serialize)]
pub(crate) struct Client {
    pub(crate) reseller: i64,
    pub(crate) id_client: u64,
    pub(crate) name: String,
    pub(crate) country: Country,
    pub(crate) city: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) e_mail: String,
    /// Not inside a payment.
    #[serde(skip_serializing_if = "Sent::is_no")]
    pub(crate) description: Sent<Option<String>>,
    pub(crate) created_at: String,
}

#[derive(Serialize)]
pub(crate) struct Payment<'c> {
    pub(crate) reseller: i64,
    pub(crate) id_payment: u64,
    pub(crate) uuid_payment: String,
    pub(crate) client: &'c Client,
    pub(crate) payment_system: PaymentSystem,
    pub(crate) price: String,
    pub(crate) period: u64,
    pub(crate) success: u8,
    pub(crate) error_message: Option<String>,
    pub(crate) paid_at: Option<String>,
    pub(crate) created_at: String,
    #[serde(flatten)]
    pub(crate) card: Card,
    pub(crate) description: Option<String>,
    pub(crate) url_success: Option<String>,
    pub(crate) url_error: Option<String>,
}

/// What is told of the payer and the card. Read from the gateway's details, in the host's spelling, and kept so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Facts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip_country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_first_six: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_last_four: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_expiry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_product: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
}

/// The same, in the provider's spelling.
#[derive(Serialize)]
pub(crate) struct Card {
    #[serde(rename = "IpAddress")]
    pub(crate) ip_address: Option<String>,
    #[serde(rename = "IpCountry")]
    pub(crate) ip_country: Option<String>,
    #[serde(rename = "CardFirstSix")]
    pub(crate) first_six: Option<String>,
    #[serde(rename = "CardLastFour")]
    pub(crate) last_four: Option<String>,
    #[serde(rename = "CardExpDate")]
    pub(crate) expiry: Option<String>,
    #[serde(rename = "CardType")]
    pub(crate) kind: Option<String>,
    #[serde(rename = "CardCategory")]
    pub(crate) category: Option<String>,
    #[serde(rename = "CardProduct")]
    pub(crate) product: Option<String>,
    #[serde(rename = "Issuer")]
    pub(crate) issuer: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Success {
    pub(crate) success: u8,
}

#[derive(Serialize)]
pub(crate) struct SentOut {
    pub(crate) sent: u8,
}

/// The body of a webhook. `paid_at` is that of a success, `error_message` that of a failure.
#[derive(Serialize)]
pub(crate) struct Notice {
    pub(crate) reseller: i64,
    pub(crate) id_client: u64,
    pub(crate) id_payment: u64,
    pub(crate) uuid_payment: String,
    pub(crate) id_payment_system: u64,
    pub(crate) period: u64,
    pub(crate) price: Number,
    pub(crate) success: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paid_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_message: Option<String>,
    pub(crate) created_at: String,
    pub(crate) description: Option<String>,
}
