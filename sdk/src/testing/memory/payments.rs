//! Payments: making and finding them. What gateways say of them is in [`attempts`], what comes back in [`refunds`].

mod attempts;
mod end;
mod refunds;
mod rules;
mod settle;

use mooring_manifest::Manifest;

use super::{State, object_or_empty, paged};
use crate::gateway::Action;
use crate::money::Amount;
use crate::page::{List, Page};
use crate::payments::{
    Attempt, EventKind, NewPayment, Payment, PaymentError, PaymentEvent, PaymentFilter, Refund, Status,
};
use crate::problem::Denial;

/// Jobs of the host's own begin with this; plugins cannot schedule them.
pub(in crate::testing) const JOB_PREFIX: &str = "mooring.";
pub(super) const JOB_ABANDON: &str = "mooring.gateway-abandon";
pub(super) const JOB_CAPTURE: &str = "mooring.gateway-capture";
pub(in crate::testing) const JOB_REFUND: &str = "mooring.gateway-refund";
pub(super) const JOB_EXPIRE: &str = "mooring.payment-expire";
pub(super) const JOB_ANNOUNCE: &str = "mooring.payment-announce";

/// Where the mounts of this host are, as far as links tell.
const PUBLIC_URL: &str = "http://mooring.test";

/// A payment, with what the contract does not show.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::testing) struct Stored {
    pub(in crate::testing) payment: Payment,
    /// What it was made from.
    pub(in crate::testing) new: NewPayment,
    pub(in crate::testing) attempts: Vec<Tried>,
    pub(in crate::testing) refunds: Vec<Returned>,
    /// Waits or has run: the job that captures, and how much.
    captures: Option<(String, Amount)>,
    /// Waits or has run: the job that takes the newest attempt back.
    abandons: Option<String>,
}

/// An attempt, with what the contract does not show to plugins.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::testing) struct Tried {
    pub(in crate::testing) attempt: Attempt,
    /// What it is worth in the payment's currency.
    credited: Option<Amount>,
    pub(in crate::testing) action: Option<Action>,
    /// What has been sent back of it, in the payment's currency and in the gateway's.
    sent_credited: i64,
    sent_received: i64,
}

/// A refund, with what the contract does not show.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::testing) struct Returned {
    pub(in crate::testing) refund: Refund,
    idempotency_key: Option<String>,
    /// Whether it sends back money that nobody asked for; then it is not the merchant's.
    pub(in crate::testing) surplus: bool,
    /// Whether it was asked for without an amount.
    all: bool,
    gateway: String,
    /// Place of the attempt that it undoes.
    attempt: usize,
    /// What it is in the gateway's currency.
    sent: Option<Amount>,
}

impl From<Denial> for PaymentError {
    fn from(denial: Denial) -> PaymentError {
        PaymentError::Denied(denial)
    }
}

impl State {
    pub(super) fn payment_create(
        &mut self,
        manifest: &Manifest,
        new: NewPayment,
    ) -> Result<Payment, PaymentError> {
        rules::check(&new, self.now).map_err(PaymentError::Invalid)?;
        let metadata = object_or_empty("metadata", &new.metadata).map_err(PaymentError::Invalid)?;
        let due = rules::due(&new.amount, new.fee).map_err(PaymentError::Invalid)?;
        if let Some(user) = new.user {
            self.user_get(user).map_err(|_| PaymentError::UnknownUser(user))?;
        }
        if let Some(reference) = &new.reference
            && let Ok(taken) = self.payment_find(reference)
        {
            return Err(PaymentError::ReferenceTaken(Some(taken.id)));
        }
        let checkout = manifest.checkout.as_ref().ok_or_else(|| {
            PaymentError::Internal("the manifest declares no `checkout`, so a payment has no page".to_owned())
        })?;
        let id = self.id("pay");
        let reference = new.reference.clone().unwrap_or_else(|| id.clone());
        let none = Amount {
            minor: 0,
            ..new.amount.clone()
        };
        let payment = Payment {
            pay_url: format!(
                "{PUBLIC_URL}/{}{}",
                manifest.name,
                checkout.path.replace("{reference}", &reference)
            ),
            id,
            reference,
            status: Status::Pending,
            amount: new.amount.clone(),
            due,
            user: new.user,
            description: new.description.clone(),
            metadata,
            success_url: new.success_url.clone(),
            cancel_url: new.cancel_url.clone(),
            failure_url: new.failure_url.clone(),
            expires_at: new.expires_at,
            locale: new.locale.clone(),
            received: none.clone(),
            fee: none.clone(),
            refunded: none,
            settlement: None,
            failure: None,
            paid_at: None,
            created_at: self.now,
            updated_at: self.now,
        };
        if let Some(expires_at) = payment.expires_at {
            self.host_job(JOB_EXPIRE, &payment.id, expires_at);
        }
        self.payments.push(Stored {
            payment: payment.clone(),
            new,
            attempts: Vec::new(),
            refunds: Vec::new(),
            captures: None,
            abandons: None,
        });
        Ok(payment)
    }

    /// Where the payment lies.
    fn place(&self, id: &str) -> Result<usize, PaymentError> {
        let found = self.payments.iter().position(|stored| stored.payment.id == id);
        found.ok_or(PaymentError::NotFound)
    }

    pub(in crate::testing) fn stored(&self, id: &str) -> Result<&Stored, PaymentError> {
        self.place(id).map(|place| &self.payments[place])
    }

    pub(in crate::testing) fn payment_get(&self, id: &str) -> Result<Payment, PaymentError> {
        self.stored(id).map(|stored| stored.payment.clone())
    }

    pub(super) fn payment_find(&self, reference: &str) -> Result<Payment, PaymentError> {
        let found = self
            .payments
            .iter()
            .find(|stored| stored.payment.reference == reference);
        found
            .map(|stored| stored.payment.clone())
            .ok_or(PaymentError::NotFound)
    }

    pub(super) fn payment_list(
        &self,
        filter: PaymentFilter,
        page: Page,
    ) -> Result<List<Payment>, PaymentError> {
        let matching: Vec<&Payment> = self
            .payments
            .iter()
            .map(|stored| &stored.payment)
            .filter(|payment| filter.user.is_none_or(|user| payment.user == Some(user)))
            .filter(|payment| filter.status.is_none_or(|status| payment.status == status))
            .collect();
        paged(&matching, page).map_err(PaymentError::Invalid)
    }

    pub(in crate::testing) fn payment_attempts(&self, id: &str) -> Result<Vec<Attempt>, PaymentError> {
        let stored = self.stored(id)?;
        Ok(stored
            .attempts
            .iter()
            .map(|tried| tried.attempt.clone())
            .collect())
    }

    pub(in crate::testing) fn payment_refunds(&self, id: &str) -> Result<Vec<Refund>, PaymentError> {
        let theirs = self
            .stored(id)?
            .refunds
            .iter()
            .filter(|returned| !returned.surplus);
        Ok(theirs.map(|returned| returned.refund.clone()).collect())
    }

    /// Tells the plugin, before the transaction ends.
    fn announce(&mut self, place: usize, kind: EventKind, attempt: Option<usize>, refund: Option<usize>) {
        let stored = &self.payments[place];
        let event = PaymentEvent {
            kind,
            payment: stored.payment.clone(),
            attempt: attempt.map(|number| stored.attempts[number].attempt.clone()),
            refund: refund.map(|number| stored.refunds[number].refund.clone()),
        };
        self.announced.push_back(event);
    }

    /// Tells the plugin later what it failed to take.
    pub(in crate::testing) fn announce_again(&mut self, event: PaymentEvent) {
        let job = self.host_job(JOB_ANNOUNCE, &event.payment.id, self.now);
        self.untold.insert(job, event);
    }
}
