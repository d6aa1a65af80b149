//! Gateways: what moves the money of a payment.
//!
//! A gateway is a struct that implements [`Gateway`]. It keeps nothing: each call is given the whole attempt as an [`Order`],
//! and says where it stands as a [`Progress`]. It calls out through [`crate::outbound`], checks signatures through
//! [`crate::signatures`], and is registered with [`crate::register_gateway!`].

mod failure;

pub use self::failure::{CallFailure, Said, Statuses};
use crate::info::Info;
use crate::money::Amount;
use crate::payments::{AttemptState, CaptureMode, Failure, RefundState};

/// An attempt, and what is known of its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// `att_` and 22 characters: the idempotency key of whatever changes something.
    pub attempt: String,
    /// 1, 2, 3 … within its payment.
    pub number: u32,
    /// One of the gateway's methods.
    pub method: String,
    /// Where the attempt stands.
    pub state: AttemptState,
    /// The gateway's own id for it.
    pub gateway_ref: Option<String>,
    /// What this gateway asked to be kept; empty at first.
    pub memo: String,
    /// `pay_` and 22 characters.
    pub payment: String,
    /// What the page's link carries.
    pub reference: String,
    /// What the payer has to pay.
    pub due: Amount,
    /// For the payer.
    pub description: String,
    /// Whether money is reserved first.
    pub capture: CaptureMode,
    /// The payer's e-mail, where it is known.
    pub payer_email: Option<String>,
    /// Where the payer called from.
    pub payer_ip: Option<String>,
    /// Where the payer comes back to: the host's page.
    pub return_url: String,
    /// Where the payer comes back to when giving up.
    pub cancel_url: String,
    /// Where notifications go.
    pub notify_url: String,
    /// When the payment ends by itself.
    pub expires_at: Option<u64>,
    /// Language of the page.
    pub locale: Option<String>,
    /// Milliseconds since the epoch.
    pub created_at: u64,
}

/// What goes into a field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// `a-z`, `0-9` and `_`.
    pub name: String,
    /// What goes in.
    pub kind: FieldKind,
}

/// What the payer does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Go there.
    Redirect(String),
    /// Fill this in on the host's page; the values are handed to [`Gateway::submit`] and kept nowhere.
    Form(Vec<FormField>),
    /// Do this elsewhere, such as sending coins: label and value.
    Instructions(Vec<(String, String)>),
}

/// Where an attempt stands. What is left out stays as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The state.
    pub state: AttemptState,
    /// The gateway's own id for the attempt.
    pub gateway_ref: Option<String>,
    /// To be given back with every order of this attempt; at most 4 KiB, and no secret.
    pub memo: Option<String>,
    /// What the payer does next.
    pub action: Option<Action>,
    /// What arrived or is authorized, in the gateway's currency. Needed with `Authorized` and `Succeeded`.
    pub received: Option<Amount>,
    /// What that is worth in the payment's currency; absent: `received`.
    pub credited: Option<Amount>,
    /// Needed with `Declined`.
    pub failure: Option<Failure>,
    /// JSON object, merged into the attempt's details.
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

    /// The payer has to do this.
    pub fn waiting(action: Action) -> Progress {
        Progress {
            action: Some(action),
            ..Progress::new(AttemptState::Waiting)
        }
    }

    /// So much arrived.
    pub fn succeeded(received: Amount) -> Progress {
        Progress {
            received: Some(received),
            ..Progress::new(AttemptState::Succeeded)
        }
    }

    /// Definitely not charged.
    pub fn declined(code: impl Into<String>, message: impl Into<String>) -> Progress {
        Progress {
            failure: Some(Failure::new(code, message)),
            ..Progress::new(AttemptState::Declined)
        }
    }
}

/// A refund, and the attempt it undoes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    /// `rfd_` and 22 characters: the idempotency key.
    pub refund: String,
    /// In the payment's currency.
    pub amount: Amount,
    /// For people.
    pub reason: String,
    /// The attempt.
    pub order: Order,
    /// 1 for the first try. From 2 on the gateway may have done it already.
    pub attempt: u32,
}

/// Where a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundProgress {
    /// The state.
    pub state: RefundState,
    /// The gateway's own id for the refund.
    pub gateway_ref: Option<String>,
    /// Needed with `Failed`.
    pub failure: Option<Failure>,
}

/// Why a gateway has no progress to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayError {
    /// Nothing was charged or changed, and cannot be by this call. Of `start` and `submit` it ends the attempt as declined; of
    /// `capture` it leaves what is authorized; of `look_up` and `abandon` it says nothing of what was charged.
    Refused(Failure),
    /// Whether anything happened is not known: the host asks [`Gateway::look_up`] until it is.
    Unknown(String),
}

/// What a gateway sent to [`Order::notify_url`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// As received.
    pub body: Vec<u8>,
    /// All of them, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Without the `?`.
    pub query: String,
}

/// Which attempt or refund a notification is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// By our id.
    Attempt(String),
    /// By the gateway's own id.
    GatewayRef(String),
    /// By our id.
    Refund(String),
    /// By the gateway's own id.
    RefundGatewayRef(String),
}

/// What a notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Of an attempt.
    Attempt(Progress),
    /// Of a refund.
    Refund(RefundProgress),
}

/// Why a notification is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationError {
    /// Not signed by the gateway, or too old: answered with 400.
    Untrusted(String),
    /// Not something that this gateway sends: answered with 400.
    Malformed(String),
    /// It cannot be checked now: answered with 503, so that it comes again.
    Retry(String),
}

/// What moves the money.
///
/// All functions but `submit` may call out; each may be run again with the same order whenever it is not known how its last run
/// ended, so whatever changes something carries [`Order::attempt`] or [`RefundOrder::refund`] as its idempotency key.
pub trait Gateway: Sized + 'static {
    /// Name, settings, targets, and [`Info::gateway`].
    fn info() -> Info;

    /// Takes a new attempt to the gateway.
    fn start(order: Order) -> Result<Progress, GatewayError>;

    /// The payer has filled in the form that `start` asked for. Cannot call out.
    fn submit(order: Order, fields: Vec<(String, String)>) -> Result<Progress, GatewayError> {
        let _ = (order, fields);
        Err(GatewayError::Refused(Failure::new(
            "no_form",
            "This gateway has no form.",
        )))
    }

    /// What has become of the attempt.
    fn look_up(order: Order) -> Result<Progress, GatewayError>;

    /// Makes sure that the attempt cannot charge any more, or says that it has.
    fn abandon(order: Order) -> Result<Progress, GatewayError>;

    /// Takes what is authorized.
    fn capture(order: Order, amount: Amount) -> Result<Progress, GatewayError> {
        let _ = (order, amount);
        Err(GatewayError::Refused(Failure::new(
            "not_supported",
            "This gateway cannot capture.",
        )))
    }

    /// Sends money back.
    fn refund(refund: RefundOrder) -> Result<RefundProgress, GatewayError> {
        let _ = refund;
        Err(GatewayError::Refused(Failure::new(
            "not_supported",
            "This gateway cannot refund.",
        )))
    }

    /// Reads a notification.
    fn notify(notification: Notification) -> Result<Vec<(Subject, News)>, NotificationError> {
        let _ = notification;
        Err(NotificationError::Malformed(
            "this gateway sends nothing".to_owned(),
        ))
    }
}

/// Makes a type that implements [`Gateway`] *the* gateway of this crate. Once per crate; nothing happens natively.
#[macro_export]
macro_rules! register_gateway {
    ($gateway:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            $crate::macros::export::stamp!();
            $crate::macros::export_gateway::gateway!($gateway);
        };
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            const fn is_gateway<G: $crate::gateway::Gateway>() {}
            is_gateway::<$gateway>();
        };
    };
}
