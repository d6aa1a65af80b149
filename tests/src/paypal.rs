//! A PayPal in this process: as much of its API as the gateway drives, with its rules about tokens, request ids and states,
//! and a count of what was charged.
//!
//! The payer is [`PayPal::approve`]; notifications wait until a test takes them ([`PayPal::events`]) and delivers them as well
//! or as badly as it likes ([`Event::deliver`]).

mod account;
mod event;

use hyper::Method;

use crate::fake::{self, Call, Fault};
pub use account::{Charge, Funding, Refund};
pub use event::Event;

use account::Account;

/// An account at PayPal that is reached until it is dropped.
pub struct PayPal(fake::Fake<Account>);

impl PayPal {
    /// What the setting `paypal_client_id` is given.
    pub const CLIENT: &'static str = "client-of-the-tests";
    /// What the setting `paypal_client_secret` is given.
    pub const SECRET: &'static str = "secret-of-the-tests";
    /// What the setting `paypal_webhook_id` is given.
    pub const WEBHOOK: &'static str = "8PT597110X687430LKGECATA";

    /// An account with one app.
    pub async fn start() -> PayPal {
        PayPal(fake::Fake::start(Account::new).await)
    }

    /// What the setting `paypal_url` is given.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// See [`fake::Fake::fail`].
    pub fn fail(&self, method: Method, path: &str, fault: Fault, times: usize) {
        self.0.fail(method, path, fault, times);
    }

    /// As [`fake::Fake::until_all_faults_are_used`].
    pub async fn until_all_faults_are_used(&self) {
        self.0.until_all_faults_are_used().await;
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

    /// The payer approves an order. An error is what the page says.
    pub fn approve(&self, order: &str, funding: Funding) -> Result<(), String> {
        self.0.with(|account| account.approve(order, funding))
    }

    /// A payment that took its time arrives, or does not.
    pub fn settle(&self, order: &str, paid: bool) {
        self.0.with(|account| account.settle(order, paid));
    }

    /// Hours pass: request ids are forgotten.
    pub fn forget_ids(&self) {
        self.0.with(Account::forget_ids);
    }

    /// Every access token is over.
    pub fn revoke_tokens(&self) {
        self.0.with(Account::revoke_tokens);
    }

    /// Every capture that took money, in order.
    pub fn charges(&self) -> Vec<Charge> {
        self.0.with(|account| account.charges())
    }

    /// Every refund, in order.
    pub fn refunds(&self) -> Vec<Refund> {
        self.0.with(|account| account.refunds())
    }

    /// Orders that were made, oldest first.
    pub fn orders(&self) -> Vec<String> {
        self.0.with(|account| account.order_ids())
    }

    /// What has happened since this was last asked, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.0.with(Account::take_events)
    }
}

/// The order that a page of PayPal's belongs to.
pub fn order_of(page: &str) -> &str {
    page.rsplit('=').next().unwrap_or_default()
}
