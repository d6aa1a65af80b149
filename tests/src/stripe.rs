//! A Stripe in this process: as much of its API as the gateway drives, with its rules about keys, states and amounts, and a
//! count of what was charged.
//!
//! The payer is [`Stripe::pay`]; notifications wait until a test takes them ([`Stripe::events`]) and delivers them as well or as
//! badly as it likes ([`Event::deliver`]).

mod account;
mod event;

use hyper::Method;

use crate::fake::{self, Call, Fault};
pub use account::{Card, Charge, Refund};
pub use event::{Event, Signing};

use account::Account;

/// An account at Stripe that is reached until it is dropped.
pub struct Stripe(fake::Fake<Account>);

impl Stripe {
    /// An account with one key.
    pub async fn start(key: &str) -> Stripe {
        let key = key.to_owned();
        Stripe(fake::Fake::start(|url| Account::new(url, &key)).await)
    }

    /// What the setting `stripe_url` is given.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// See [`fake::Fake::fail`].
    pub fn fail(&self, method: Method, path: &str, fault: Fault, times: usize) {
        self.0.fail(method, path, fault, times);
    }

    /// See [`fake::Fake::mend`].
    pub fn mend(&self) {
        self.0.mend();
    }

    /// See [`fake::Fake::calls`].
    pub fn calls(&self) -> Vec<Call> {
        self.0.calls()
    }

    /// See [`fake::Fake::calls_of`].
    pub fn calls_of(&self, method: &Method, path: &str) -> Vec<Call> {
        self.0.calls_of(method, path)
    }

    /// The payer fills in the page of a session. An error is what the page says.
    pub fn pay(&self, session: &str, card: Card) -> Result<(), String> {
        self.0.with(|account| account.pay(session, card))
    }

    /// The bank says what became of a payment that took its time.
    pub fn settle(&self, session: &str, paid: bool) {
        self.0.with(|account| account.settle(session, paid));
    }

    /// The time of a session is over.
    pub fn lapse(&self, session: &str) {
        self.0.with(|account| account.lapse(session));
    }

    /// A day passes: idempotency keys are forgotten.
    pub fn forget_keys(&self) {
        self.0.with(Account::forget_keys);
    }

    /// Every charge that took money, in order.
    pub fn charges(&self) -> Vec<Charge> {
        self.0.with(|account| account.charges())
    }

    /// Every refund, in order.
    pub fn refunds(&self) -> Vec<Refund> {
        self.0.with(|account| account.refunds())
    }

    /// Sessions that were made, oldest first.
    pub fn sessions(&self) -> Vec<String> {
        self.0.with(|account| account.session_ids())
    }

    /// What has happened since this was last asked, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.0.with(Account::take_events)
    }
}

/// The session that a page of Stripe's belongs to.
pub fn session_of(page: &str) -> &str {
    page.rsplit('/').next().unwrap_or_default()
}
