//! What the tests of payments stand on.

mod apply;
mod begin;
mod conflicts;
mod create;
mod end;
mod invariants;
mod money;
mod refunds;

use std::ops::Deref;

use super::*;
use crate::ids::JobId;
use crate::jobs::{self, Job, JobFilter, JobState};
use crate::ledger;
use crate::money::Currency;
use crate::page::Page;
use crate::testing::{World, plugin_name};
use crate::time::Timestamp;
use crate::work::Work;

/// A world in which the plugin `alpha` sells and the plugin `sandbox` moves money.
pub(super) struct Shop(World);

impl Deref for Shop {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl Shop {
    pub(super) fn new() -> Shop {
        Shop(World::new())
    }

    /// A payment of 10.00 EUR, changed first.
    pub(super) fn payment(&self, change: impl FnOnce(&mut NewPayment)) -> Payment {
        let mut new = new_payment();
        change(&mut new);
        self.run(|work| create(work, new)).unwrap()
    }

    pub(super) fn attempt_at(&self, payment: &Payment) -> Attempt {
        self.run(|work| begin(work, &payment.id, card())).unwrap()
    }

    /// A payment of 10.00 EUR and an attempt at it in this state.
    pub(super) fn tried(&self, state: AttemptState) -> (Payment, Attempt) {
        let payment = self.payment(|_| {});
        let attempt = self.attempt_at(&payment);
        if state != AttemptState::Starting {
            self.say(&attempt, said(state));
        }
        (self.payment_now(&payment), self.attempt_now(&attempt))
    }

    /// What the gateway says, and what is announced then.
    pub(super) fn say(&self, attempt: &Attempt, progress: Progress) -> Vec<EventKind> {
        self.run(|work| {
            apply(work, &attempt.id, progress).unwrap();
            kinds(work)
        })
    }

    pub(super) fn say_of_refund(&self, refund: &Refund, state: RefundState) -> Vec<EventKind> {
        let progress = RefundProgress {
            state,
            gateway_ref: None,
            failure: (state == RefundState::Failed).then(declined),
        };
        self.run(|work| {
            apply_refund(work, &refund.id, progress).unwrap();
            kinds(work)
        })
    }

    pub(super) fn payment_now(&self, payment: &Payment) -> Payment {
        get(&mut self.work(), &payment.id).unwrap()
    }

    pub(super) fn attempt_now(&self, attempt: &Attempt) -> Attempt {
        super::attempt(&mut self.host(), self.acme.id, &attempt.id).unwrap()
    }

    /// All refunds, those of a surplus included.
    pub(super) fn refunds_now(&self, payment: &Payment) -> Vec<Refund> {
        refunds_any(&mut self.host(), self.acme.id, &payment.id).unwrap()
    }

    /// Jobs of a kind that wait, in the order in which they were scheduled.
    pub(super) fn waiting(&self, kind: &str) -> Vec<Job> {
        let filter = JobFilter {
            tenant: Some(self.acme.id),
            state: Some(JobState::Waiting),
        };
        let listed = jobs::list(&mut self.host(), filter, Page::first(500)).unwrap();
        listed.items.into_iter().filter(|job| job.kind == kind).collect()
    }

    /// Takes a job that waits, as its runner does.
    pub(super) fn claim(&self, job: &JobId) -> jobs::Claimed {
        let lease = std::time::Duration::from_mins(1);
        self.host_run(|host| jobs::claim(host, job, lease)).unwrap()
    }

    pub(super) fn balance(&self, account: &str, currency: &str) -> i64 {
        ledger::balance(&mut self.work(), account, currency)
            .unwrap()
            .minor
    }

    /// The balances that are not zero, as the table of accounts has them.
    pub(super) fn balances(&self) -> Vec<(String, String)> {
        let all = ledger::accounts(&mut self.work(), None, 500).unwrap();
        let used = all.into_iter().filter(|line| line.balance.minor != 0);
        used.map(|line| (line.account, line.balance.to_string()))
            .collect()
    }
}

pub(super) fn euros(minor: i64) -> Amount {
    Amount::new(minor, Currency::parse("EUR").unwrap())
}

pub(super) fn new_payment() -> NewPayment {
    NewPayment {
        reference: None,
        amount: euros(1_000),
        user: None,
        description: String::from("A hat"),
        metadata: String::new(),
        success_url: None,
        cancel_url: None,
        failure_url: None,
        expires_at: None,
        gateways: Vec::new(),
        fiat_only: false,
        crypto_only: false,
        capture: CaptureMode::Automatic,
        locale: None,
        fee: None,
        tolerance: None,
    }
}

pub(super) fn card() -> NewAttempt {
    NewAttempt {
        gateway: plugin_name("sandbox"),
        method: String::from("card"),
        payer_ip: None,
    }
}

pub(super) fn declined() -> Failure {
    Failure {
        code: String::from("5051"),
        message: String::from("Insufficient funds"),
    }
}

/// What a gateway says in this state, where 10.00 EUR are all there is.
pub(super) fn said(state: AttemptState) -> Progress {
    match state {
        AttemptState::Authorized | AttemptState::Succeeded => brought(state, 1_000),
        AttemptState::Declined => Progress::declined(declined()),
        _ => Progress::new(state),
    }
}

pub(super) fn brought(state: AttemptState, minor: i64) -> Progress {
    Progress {
        received: Some(euros(minor)),
        ..Progress::new(state)
    }
}

/// The payer is sent to the gateway's own page.
pub(super) fn at_gateway() -> Progress {
    Progress {
        action: Some(Action::Redirect {
            url: String::from("https://gateway.example/pay"),
        }),
        ..said(AttemptState::Waiting)
    }
}

pub(super) fn kinds(work: &mut Work) -> Vec<EventKind> {
    let announcements = work.take_announcements().into_iter();
    announcements.map(|announcement| announcement.kind).collect()
}

pub(super) fn accounts(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(account, balance): &(&str, &str)| ((*account).to_owned(), (*balance).to_owned());
    lines.iter().map(owned).collect()
}

pub(super) fn at(shop: &Shop, seconds: u64) -> Timestamp {
    shop.now().after(std::time::Duration::from_secs(seconds))
}
