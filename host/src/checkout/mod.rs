//! The hosted page: where a payer pays.
//!
//! # Actors
//! The edge hands over whatever reaches a mount's link for payers (`/pay/{reference}`). The page shows where the payment
//! stands and takes what the payer decides; the host behind it ([`Till`]) knows payments and gateways.
//!
//! # Guarantees
//! * It works without JavaScript and without cookies. The one script ticks the clock, keeps a form from being sent
//!   twice and empties it when the page is left.
//! * No secret is in any address: only the payment's reference, which is the payer's whole authority. So nothing is gained by
//!   forging a payer's form from another site: who knows the reference can send it anyway, and nobody else can. That is why
//!   there is no token against it, and why pages are never framed, cached or named in a `Referer`.
//! * Every form may be sent twice, late, or from a page that the back button brought up: it says which attempt it was made
//!   for, and what no longer fits is answered with the page as it is now.
//! * What is typed into a form goes to the gateway in memory. It is in no log, no store and no answer.
//! * A payment whose time is over is shown as expired, whether or not the job that ends it has run.
//!
//! # Leaving the page
//! Browsers hold whatever a form leads to, redirects included, to the page's `form-action`, and gateways' addresses are not
//! known when the page is made. So every form is answered with a redirect to the page itself, and from there a `Refresh`
//! header, beside a link, takes the payer on. A visit that no form began (the gateway sends the payer back) is redirected at
//! once.

mod amount;
mod assets;
mod choose;
mod form;
mod headers;
mod language;
mod page;
mod scene;
mod time_left;
mod visit;
mod words;

#[cfg(test)]
mod samples;

use std::future::Future;
use std::net::IpAddr;

use mooring_core::ids::{AttemptId, JobId, PaymentId, PluginName};
use mooring_core::money::Amount;
use mooring_core::payments::{Action, AttemptState, Failure, Status};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;

pub(crate) use self::assets::asset;
pub use self::choose::Way;
pub use self::form::Filled;
pub(crate) use self::visit::{Refusal, Visit, Wish, answer, refuse};

/// What the page asks of the host behind it. `P` is what a mount leads to.
pub trait Till<P>: Send + Sync + 'static {
    /// The payment that a link of this plugin leads to, as of now; nothing if the link leads nowhere. Some reads in memory.
    fn bill(&self, plugin: &P, reference: &str) -> Result<Option<Bill>, TillError>;

    /// Begins an attempt, if `after` is still the number of the newest one (0 for none).
    fn begin(&self, link: &Link, choice: Choice) -> impl Future<Output = Result<(), TillError>> + Send;

    /// Hands a form to the attempt's gateway.
    fn submit(
        &self,
        link: &Link,
        attempt: &AttemptId,
        filled: Filled,
    ) -> impl Future<Output = Result<(), TillError>> + Send;

    /// Has the gateway asked now what has become of an attempt, in the job that is given; nothing where there is nothing to
    /// ask.
    fn look_up(
        &self,
        link: &Link,
        attempt: &AttemptId,
    ) -> impl Future<Output = Result<Option<JobId>, TillError>> + Send;

    /// Takes an attempt back, so that another one can begin.
    fn abandon(&self, link: &Link, attempt: &AttemptId)
    -> impl Future<Output = Result<(), TillError>> + Send;

    /// Ends the payment, because the payer wants no more of it; too late once money is under way or reserved.
    fn cancel(&self, link: &Link) -> impl Future<Output = Result<(), TillError>> + Send;

    /// Whether a job is over, one way or another.
    fn has_ended(&self, job: &JobId) -> Result<bool, TillError>;
}

/// Why the host has not done what the page asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TillError {
    /// The payment has moved on since the payer looked; the page as it is now says where.
    Late,
    /// It cannot be done at the moment. The log says why.
    Unavailable,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose payment it is.
    pub tenant: TenantRef,
    /// Who made it.
    pub plugin: PluginName,
    /// Which.
    pub payment: PaymentId,
}

/// A way to pay, picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The gateway's plugin.
    pub gateway: PluginName,
    /// One of its methods.
    pub method: String,
    /// The number of the newest attempt that the payer saw; 0 for none.
    pub after: u32,
    /// Where the payer calls from.
    pub address: IpAddr,
}

/// What the page shows of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Which payment.
    pub link: Link,
    /// Where it stands.
    pub status: Status,
    /// What the payer has to pay.
    pub due: Amount,
    /// What has arrived and was kept.
    pub received: Amount,
    /// What of it was given back, or is on its way back.
    pub refunded: Amount,
    /// For the payer; may be empty.
    pub description: String,
    /// Why it failed, once it did.
    pub failure: Option<Failure>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Where the payer goes once it is paid.
    pub success_url: Option<String>,
    /// Where the payer goes when giving up.
    pub cancel_url: Option<String>,
    /// Where the payer goes after an attempt failed.
    pub failure_url: Option<String>,
    /// The language that the merchant asked for.
    pub locale: Option<String>,
    /// The newest attempt.
    pub attempt: Option<Try>,
    /// Whether another attempt is allowed, by their number.
    pub has_tries_left: bool,
    /// Ways to pay that are open, in the order in which they are offered.
    pub ways: Vec<Way>,
    /// Who is paid.
    pub brand: Brand,
    /// When this was read.
    pub now: Timestamp,
}

/// What the page shows of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Which.
    pub id: AttemptId,
    /// 1, 2, 3 … within its payment.
    pub number: u32,
    /// The gateway's plugin.
    pub gateway: PluginName,
    /// The gateway's method.
    pub method: String,
    /// Where it stands.
    pub state: AttemptState,
    /// What the payer does next.
    pub action: Option<Action>,
    /// Why it was declined.
    pub failure: Option<Failure>,
    /// Whether it is being taken back.
    pub abandoned: bool,
    /// Whether its gateway moves no real money.
    pub test_mode: bool,
}

/// How the merchant appears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// Empty where none is set.
    pub name: String,
    /// As the operator has written it.
    pub color: Option<String>,
    /// An image.
    pub logo_url: Option<String>,
}
