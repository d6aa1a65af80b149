//! An attempt, and what a gateway says of it.

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::ids::{AttemptId, JobId, PaymentId, PluginName};
use crate::json::Json;
use crate::money::Amount;
use crate::payments::asking::Asked;
use crate::time::Timestamp;

/// Where an attempt stands. See `payments.attempt-state` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptState {
    /// To be taken to the gateway.
    Starting,
    /// Waits for the payer.
    Waiting,
    /// Money is under way.
    Processing,
    /// Whether anything was charged is not known yet.
    Unknown,
    /// Reserved.
    Authorized,
    /// Charged.
    Succeeded,
    /// Definitely not charged.
    Declined,
    /// Given up; definitely not charged.
    Cancelled,
}

impl AttemptState {
    /// Whether it is known that nothing was charged and nothing will be: only then another attempt may begin.
    pub fn is_uncharged(self) -> bool {
        matches!(self, AttemptState::Declined | AttemptState::Cancelled)
    }

    /// Whether it has ended.
    pub fn is_final(self) -> bool {
        self.is_uncharged() || self == AttemptState::Succeeded
    }
}

/// One try of a payment through one gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// `att_` and 22 characters.
    pub id: AttemptId,
    /// Of what.
    pub payment: PaymentId,
    /// 1, 2, 3 … within its payment.
    pub number: u32,
    /// The gateway's plugin.
    pub gateway: PluginName,
    /// The gateway's method.
    pub method: String,
    /// Where it stands.
    pub state: AttemptState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// What the gateway asked to be kept.
    pub memo: String,
    /// What the payer does next.
    pub action: Option<Action>,
    /// What arrived or is authorized, in the gateway's currency.
    pub received: Option<Amount>,
    /// What that is worth in the payment's currency.
    pub credited: Option<Amount>,
    /// Why it was declined.
    pub failure: Option<Failure>,
    /// JSON object: what the gateway tells beside.
    pub details: Json,
    /// Where the payer called from.
    pub payer_ip: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The job that takes it to its gateway.
    pub(in crate::payments) job: JobId,
    /// Whether it is to be taken back.
    pub(in crate::payments) abandoned: bool,
    /// What is being taken of what is authorized, and the job that does it.
    pub(in crate::payments) capturing: Option<(Amount, JobId)>,
    /// The newest question to its gateway.
    pub(in crate::payments) asked: Option<Asked>,
    /// What was sent back of it, refunds under way included: minor units of the payment's and of the gateway's currency.
    pub(in crate::payments) sent_back: (i64, i64),
    pub(in crate::payments) ordinal: u64,
}

/// What an attempt is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    /// The gateway's plugin. That it is loaded, enabled and fit for this payment is checked before.
    pub gateway: PluginName,
    /// One of its methods.
    pub method: String,
    /// Where the payer calls from.
    pub payer_ip: Option<String>,
}

/// What the payer does next. See `gateways.action` of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// Go there.
    Redirect {
        /// Absolute `https` (or `http`) URL.
        url: String,
    },
    /// Fill this in on the host's page.
    Form {
        /// In their order; 1 to 20.
        fields: Vec<FormField>,
    },
    /// Do this elsewhere.
    Instructions {
        /// Lines of label and value; 1 to 20.
        lines: Vec<(String, String)>,
    },
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormField {
    /// `a-z`, `0-9` and `_`.
    pub name: String,
    /// What goes in.
    pub kind: FieldKind,
}

/// What goes into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// Anything.
    Text,
    /// Of a card.
    CardNumber,
    /// `MM/YY`.
    CardExpiry,
    /// Three or four digits.
    CardCode,
}

/// What a gateway says of an attempt. Absent fields leave what is known as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub state: AttemptState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// What is to be kept for the gateway; at most 4 KiB.
    pub memo: Option<String>,
    /// What the payer does next.
    pub action: Option<Action>,
    /// Needed with `authorized` and `succeeded`.
    pub received: Option<Amount>,
    /// In the payment's currency; absent: `received`.
    pub credited: Option<Amount>,
    /// Needed with `declined`.
    pub failure: Option<Failure>,
    /// JSON object, merged into the attempt's.
    pub details: Option<String>,
}

impl Progress {
    /// Only a state.
    pub fn new(state: AttemptState) -> Progress {
        Progress {
            state,
            gateway_ref: None,
            memo: None,
            action: None,
            received: None,
            credited: None,
            failure: None,
            details: None,
        }
    }

    /// Definitely not charged.
    pub fn declined(failure: Failure) -> Progress {
        Progress {
            failure: Some(failure),
            ..Progress::new(AttemptState::Declined)
        }
    }
}
