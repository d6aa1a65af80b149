//! The JSON of callers, as it is.

use mooring_sdk::extract::{Text, WholeNumber};
use mooring_sdk::money::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};

/// An e-mail address; the host looks at it more closely.
pub(crate) type Email = Text<3, 254>;

/// A host name, not yet looked at.
pub(crate) type HostName = Text<0, 253>;

#[derive(Deserialize)]
pub(crate) struct UserCreate {
    pub(crate) email: Email,
    pub(crate) name: Option<Text<0, 200>>,
    pub(crate) password: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Signup {
    pub(crate) email: Email,
    pub(crate) name: Text<0, 200>,
    pub(crate) password: String,
}

#[derive(Deserialize)]
pub(crate) struct ServiceRef {
    pub(crate) service_id: String,
}

#[derive(Deserialize)]
pub(crate) struct Provision {
    pub(crate) email: Email,
    pub(crate) package_id: WholeNumber,
    pub(crate) group_id: WholeNumber,
    pub(crate) os_id: WholeNumber,
    pub(crate) hostname: Option<HostName>,
}

#[derive(Deserialize)]
pub(crate) struct Power {
    pub(crate) action: PowerAction,
}

/// Read from a string only: a derived enum would also take `{"start": null}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub(crate) enum PowerAction {
    Start,
    Stop,
    Restart,
    Poweroff,
}

impl TryFrom<String> for PowerAction {
    type Error = &'static str;

    fn try_from(text: String) -> Result<PowerAction, &'static str> {
        match text.as_str() {
            "start" => Ok(PowerAction::Start),
            "stop" => Ok(PowerAction::Stop),
            "restart" => Ok(PowerAction::Restart),
            "poweroff" => Ok(PowerAction::Poweroff),
            _ => Err("must be `start`, `stop`, `restart` or `poweroff`"),
        }
    }
}

/// Both shapes at once; the flat fields win where both are given, so the nested ones are read only when they are needed.
#[derive(Deserialize)]
pub(crate) struct InvoicePaid {
    pub(crate) invoice_id: Option<Id>,
    pub(crate) amount: Option<Decimal>,
    pub(crate) user_email: Option<Email>,
    pub(crate) event: Option<Value>,
    pub(crate) data: Option<Value>,
}

#[derive(Default, Deserialize)]
pub(crate) struct InvoiceData {
    pub(crate) id: Option<Id>,
    pub(crate) total: Option<Decimal>,
    pub(crate) user: Option<Value>,
}

#[derive(Default, Deserialize)]
pub(crate) struct InvoiceUser {
    pub(crate) email: Option<Email>,
}

#[derive(Deserialize)]
pub(crate) struct CreditEvent {
    pub(crate) kind: String,
    pub(crate) amount_usd: Decimal,
    pub(crate) external_ref: Id,
    #[serde(default)]
    pub(crate) meta: Value,
}

#[derive(Deserialize)]
pub(crate) struct ApiKey {
    pub(crate) scopes: Vec<String>,
    pub(crate) owner_email: Email,
    pub(crate) label: Option<Text<1, 100>>,
    pub(crate) expires_at: Option<u64>,
}

/// An id of the caller's: an integer or a string. `12` and `"12"` are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) String);

/// Leaves room for the prefixes of dedupe keys, which hold 200 characters.
const ID_CHARACTERS_MAX: usize = 120;

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let refused = serde::de::Error::custom;
        let id = match Value::deserialize(deserializer)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => {
                integer(&number).ok_or_else(|| refused("must be an integer or a string"))?
            }
            _ => return Err(refused("must be an integer or a string")),
        };
        match id.chars().count() {
            0 => Err(refused("must not be empty")),
            1..=ID_CHARACTERS_MAX if !id.chars().any(char::is_control) => Ok(Id(id)),
            1..=ID_CHARACTERS_MAX => Err(refused("must not hold control characters")),
            _ => Err(serde::de::Error::custom(format_args!(
                "is longer than {ID_CHARACTERS_MAX} characters"
            ))),
        }
    }
}

fn integer(number: &Number) -> Option<String> {
    let text = number.to_string();
    let digits = text.strip_prefix('-').unwrap_or(&text);
    digits.bytes().all(|digit| digit.is_ascii_digit()).then_some(text)
}

#[derive(Serialize)]
pub(crate) struct Failure<'a> {
    pub(crate) ok: bool,
    pub(crate) error: &'a str,
}

/// A success: `ok`, and whatever else there is to say.
#[derive(Default, Serialize)]
pub(crate) struct Done {
    pub(crate) ok: True,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) duplicate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<AnyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temp_password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Vec<String>>,
}

/// Users have integers, everything else has text.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum AnyId {
    User(u64),
    Text(String),
}

/// `true`, always.
#[derive(Default)]
pub(crate) struct True;

impl Serialize for True {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

#[derive(Serialize)]
pub(crate) struct Me {
    pub(crate) id: u64,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) credits_usd: Number,
    pub(crate) credits_frozen: Number,
    pub(crate) role: String,
}

#[derive(Serialize)]
pub(crate) struct Balance {
    pub(crate) credits_usd: Number,
    pub(crate) frozen: Number,
}

/// Times are epoch milliseconds.
#[derive(Serialize)]
pub(crate) struct Service {
    pub(crate) id: String,
    pub(crate) hostname: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) pkg_id: Option<u64>,
    pub(crate) pkg_name: Option<String>,
    /// This API has no terms, so nothing expires.
    pub(crate) expires_at: Option<u64>,
    pub(crate) vf_id: Option<u64>,
    pub(crate) driver: &'static str,
}

#[derive(Serialize)]
pub(crate) struct ServiceDetail {
    #[serde(flatten)]
    pub(crate) service: Service,
    pub(crate) vf_data: Value,
    pub(crate) error: Option<String>,
    pub(crate) created_at: u64,
}

/// Times are epoch milliseconds.
#[derive(Serialize)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) status: &'static str,
    pub(crate) amount: Number,
    pub(crate) currency: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) target_id: String,
    pub(crate) description: String,
    pub(crate) created_at: u64,
    pub(crate) paid_at: u64,
    pub(crate) due_at: Option<u64>,
}
