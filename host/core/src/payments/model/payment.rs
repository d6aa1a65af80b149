//! A payment, and what it is made from.

use serde::{Deserialize, Serialize};

use crate::ids::{AttemptId, PaymentId, PluginName, UserId};
use crate::json::Json;
use crate::money::Amount;
use crate::time::Timestamp;

/// Where a payment stands. See `payments.status` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Waits for the payer.
    Pending,
    /// Money is under way, or it is not known whether it is.
    Processing,
    /// Reserved, not taken.
    Authorized,
    /// Paid. Final.
    Succeeded,
    /// Given up. Final.
    Failed,
    /// Its time is over. Final.
    Expired,
    /// Taken back. Final.
    Cancelled,
}

/// How what was received compares with what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// The amount, give or take the tolerance.
    Exact,
    /// Less, but enough to be accepted.
    Partial,
    /// More.
    Overpaid,
}

/// Who pays the fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeePayer {
    /// It comes out of what was received.
    Merchant,
    /// It is added to what the payer has to pay.
    Payer,
}

/// What is kept of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// Of the amount, rounded half up; 0 to 1,000,000.
    pub parts_per_million: u32,
    /// Minor units beside; zero or more.
    pub fixed_minor: i64,
    /// Who pays it.
    pub paid_by: FeePayer,
}

/// Where a payment still counts as paid, or as partly paid. Fractions are of the amount due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Missing minor units that are forgiven.
    pub short_minor: i64,
    /// Missing parts per million that are forgiven; the larger of the two counts.
    pub short_ppm: u32,
    /// Less than this is not accepted even as a partial payment; 0 takes any.
    pub partial_min_ppm: u32,
}

/// Whether money is taken at once or reserved first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaptureMode {
    /// At once.
    #[default]
    Automatic,
    /// When somebody captures it.
    Manual,
}

/// Why something was not paid or sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The gateway's or plugin's code: `5051`, `card_declined`; 1 to 100 characters.
    pub code: String,
    /// For people; 0 to 500 characters.
    pub message: String,
}

/// What a payment is made from. See `payments.new-payment` of the contract for ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// What the page's link carries; absent: the payment's own id.
    pub reference: Option<String>,
    /// More than zero; what the payer owes, the fee not included.
    pub amount: Amount,
    /// Who owes it.
    pub user: Option<UserId>,
    /// Shown on the page.
    pub description: String,
    /// JSON object; empty means `{}`.
    pub metadata: String,
    /// Where the payer goes once it is paid.
    pub success_url: Option<String>,
    /// Where the payer goes when giving up.
    pub cancel_url: Option<String>,
    /// Where the payer goes after an attempt failed, instead of staying on the page.
    pub failure_url: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// `stripe` or `sandbox/card`; empty for all that are ready.
    pub gateways: Vec<String>,
    /// Only ways to pay in ordinary currency.
    pub fiat_only: bool,
    /// Only ways to pay in coins.
    pub crypto_only: bool,
    /// Whether money is reserved first.
    pub capture: CaptureMode,
    /// Language of the page.
    pub locale: Option<String>,
    /// What is kept of it.
    pub fee: Option<Fee>,
    /// What is forgiven.
    pub tolerance: Option<Tolerance>,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// `pay_` and 22 characters.
    pub id: PaymentId,
    /// Who made it, and is told what becomes of it.
    pub plugin: PluginName,
    /// What the page's link carries.
    pub reference: String,
    /// Where it stands.
    pub status: Status,
    /// As asked for, the fee not included.
    pub amount: Amount,
    /// What the payer has to pay.
    pub due: Amount,
    /// Who owes it.
    pub user: Option<UserId>,
    /// Shown on the page.
    pub description: String,
    /// JSON object.
    pub metadata: Json,
    /// See [`NewPayment::success_url`].
    pub success_url: Option<String>,
    /// See [`NewPayment::cancel_url`].
    pub cancel_url: Option<String>,
    /// See [`NewPayment::failure_url`].
    pub failure_url: Option<String>,
    /// See [`NewPayment::expires_at`].
    pub expires_at: Option<Timestamp>,
    /// See [`NewPayment::gateways`].
    pub gateways: Vec<String>,
    /// See [`NewPayment::fiat_only`].
    pub fiat_only: bool,
    /// See [`NewPayment::crypto_only`].
    pub crypto_only: bool,
    /// See [`NewPayment::capture`].
    pub capture: CaptureMode,
    /// See [`NewPayment::locale`].
    pub locale: Option<String>,
    /// See [`NewPayment::fee`].
    pub fee_rule: Option<Fee>,
    /// See [`NewPayment::tolerance`].
    pub tolerance: Tolerance,
    /// What has arrived and was kept.
    pub received: Amount,
    /// The fee taken from it.
    pub fee: Amount,
    /// What has been sent back, refunds under way included.
    pub refunded: Amount,
    /// Set once succeeded.
    pub settlement: Option<Settlement>,
    /// Why the newest attempt, or the payment, failed.
    pub failure: Option<Failure>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Attempts so far.
    pub(in crate::payments) attempts: u32,
    /// The attempt that is not over, if there is one.
    pub(in crate::payments) open: Option<AttemptId>,
    /// The attempt that paid it.
    pub(in crate::payments) paid_by: Option<AttemptId>,
    pub(in crate::payments) ordinal: u64,
}

impl Status {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Processing => "processing",
            Status::Authorized => "authorized",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Expired => "expired",
            Status::Cancelled => "cancelled",
        }
    }

    /// Whether it never changes again.
    pub fn is_final(self) -> bool {
        !matches!(self, Status::Pending | Status::Processing | Status::Authorized)
    }
}
