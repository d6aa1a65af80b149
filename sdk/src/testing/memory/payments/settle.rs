//! What payments post to the ledger.

use super::super::State;
use super::{Returned, Tried};
use crate::ledger::{Direction, Entry, NewPosting};
use crate::money::Amount;
use crate::payments::Payment;

impl State {
    /// Money that was asked for: less the fee, it is the merchant's.
    pub(super) fn post_receipt(&mut self, place: usize, number: usize, received: &Amount, credited: &Amount) {
        let stored = &self.payments[place];
        let (payment, attempt) = (stored.payment.clone(), &stored.attempts[number].attempt);
        let key = format!("payment:{}:receipt:{}", payment.id, attempt.id);
        let mut entries = arrival(&attempt.gateway, received, credited);
        let net = Amount {
            minor: credited.minor - payment.fee.minor,
            ..credited.clone()
        };
        entries.push(entry(&self.merchant(), Direction::Credit, &net));
        entries.push(entry(
            &format!("fees:{}", self.plugin),
            Direction::Credit,
            &payment.fee,
        ));
        self.post(&payment, key, "received", entries);
    }

    /// Money that nobody asked for, told apart by the `total` that has arrived with it.
    pub(super) fn post_surplus(
        &mut self,
        place: usize,
        number: usize,
        (received, credited): (&Amount, &Amount),
        total: &Amount,
    ) {
        let stored = &self.payments[place];
        let (payment, attempt) = (stored.payment.clone(), &stored.attempts[number].attempt);
        let key = format!("payment:{}:receipt:{}:{}", payment.id, attempt.id, total.minor);
        let mut entries = arrival(&attempt.gateway, received, credited);
        entries.push(entry(&self.suspense(), Direction::Credit, credited));
        self.post(&payment, key, "received, and not asked for", entries);
    }

    pub(super) fn post_refund(&mut self, place: usize, number: usize) {
        let payment = self.payments[place].payment.clone();
        let returned = &self.payments[place].refunds[number];
        let key = format!("payment:{}:refund:{}", payment.id, returned.refund.id);
        let entries = self.departure(returned);
        self.post(&payment, key, "sent back", entries);
    }

    /// As if it had never been sent back.
    pub(super) fn post_failed_refund(&mut self, place: usize, number: usize) {
        let payment = self.payments[place].payment.clone();
        let returned = &self.payments[place].refunds[number];
        let key = format!("payment:{}:refund:{}:failed", payment.id, returned.refund.id);
        let mut entries = self.departure(returned);
        for entry in &mut entries {
            entry.direction = match entry.direction {
                Direction::Debit => Direction::Credit,
                Direction::Credit => Direction::Debit,
            };
        }
        self.post(&payment, key, "not sent back after all", entries);
    }

    /// The gateway holds less.
    fn departure(&self, returned: &Returned) -> Vec<Entry> {
        let amount = &returned.refund.amount;
        let sent = returned.sent.as_ref().unwrap_or(amount);
        let from = if returned.surplus {
            self.suspense()
        } else {
            self.merchant()
        };
        let exchange = format!("exchange:{}", returned.gateway);
        let mut entries = vec![entry(&from, Direction::Debit, amount)];
        if sent != amount {
            entries.push(entry(&exchange, Direction::Credit, amount));
            entries.push(entry(&exchange, Direction::Debit, sent));
        }
        let clearing = format!("gateway:{}:clearing", returned.gateway);
        entries.push(entry(&clearing, Direction::Credit, sent));
        entries
    }

    fn merchant(&self) -> String {
        format!("merchant:{}:balance", self.plugin)
    }

    fn suspense(&self) -> String {
        format!("suspense:{}", self.plugin)
    }

    fn post(&mut self, payment: &Payment, idempotency_key: String, what: &str, mut entries: Vec<Entry>) {
        entries.retain(|entry| entry.amount.minor > 0);
        let posted = self.ledger_post(NewPosting {
            idempotency_key,
            description: format!("Payment {}: {what}", payment.reference),
            entries,
            metadata: serde_json::json!({ "payment": payment.id }).to_string(),
        });
        posted.expect("payments post what balances, on accounts that nobody guards");
    }
}

impl Tried {
    /// Says how much of the gateway's currency an amount on its way back is, and counts it as sent. Parts are rounded down;
    /// what brings the sum to all that arrived takes all that is left.
    pub(super) fn send(&mut self, amount: &Amount) -> Option<Amount> {
        let (received, credited) = self.attempt.received.as_ref().zip(self.credited.as_ref())?;
        self.sent_credited += amount.minor;
        let minor = if self.sent_credited >= credited.minor {
            received.minor - self.sent_received
        } else {
            let part = i128::from(received.minor) * i128::from(amount.minor) / i128::from(credited.minor);
            i64::try_from(part).unwrap_or(received.minor)
        };
        self.sent_received += minor;
        Some(Amount {
            minor,
            ..received.clone()
        })
    }

    /// Takes back what [`send`](Tried::send) has counted.
    pub(super) fn unsend(&mut self, amount: &Amount, sent: Option<&Amount>) {
        self.sent_credited -= amount.minor;
        self.sent_received -= sent.map_or(0, |sent| sent.minor);
    }
}

/// The gateway holds more: so much of its own currency, which counts as so much of the payment's.
fn arrival(gateway: &str, received: &Amount, credited: &Amount) -> Vec<Entry> {
    let mut entries = vec![entry(
        &format!("gateway:{gateway}:clearing"),
        Direction::Debit,
        received,
    )];
    if received != credited {
        let exchange = format!("exchange:{gateway}");
        entries.push(entry(&exchange, Direction::Credit, received));
        entries.push(entry(&exchange, Direction::Debit, credited));
    }
    entries
}

fn entry(account: &str, direction: Direction, amount: &Amount) -> Entry {
    Entry {
        account: account.to_owned(),
        direction,
        amount: amount.clone(),
    }
}
