//! What a payment's status does: to the ledger, to the player, and to what was delivered.
//!
//! Money that somebody paid on the page is posted by the host, to `merchant:tebex:balance`. Everything else is posted here,
//! against the same account:
//!
//! | what | debit | credit |
//! | --- | --- | --- |
//! | a payment by hand | `tebex:manual` | `merchant:tebex:balance` |
//! | a payment by hand is refunded | `merchant:tebex:balance` | `tebex:manual` |
//! | anything is charged back | `merchant:tebex:balance` | `tebex:chargebacks` |
//! | a refund that the gateway cannot make | `merchant:tebex:balance` | `tebex:refunds` |
//! | a gift card's part, once the rest is paid | `tebex:gift-card-holds` | `merchant:tebex:balance` |
//! | that part, when the payment is taken back | `merchant:tebex:balance` | `tebex:gift-card:{id}` |

use mooring_sdk::ledger::{self, Entry, NewPosting};
use mooring_sdk::log;
use mooring_sdk::payments::{self as core, NewRefund, PaymentError, RefundState};

use crate::error::Error;
use crate::payments::{self, PaidBy, Payment, Reversed, Status};
use crate::{gift_cards, grant, players, price};

/// What the host credits with what this plugin's payments bring in.
pub(crate) const MERCHANT: &str = "merchant:tebex:balance";
const MANUAL: &str = "tebex:manual";
const CHARGEBACKS: &str = "tebex:chargebacks";
const REFUNDS: &str = "tebex:refunds";

/// A payment is complete: its money is posted, its packages are delivered, and it is written down.
pub(crate) fn complete(transaction: &str, payment: &Payment) -> Result<(), Error> {
    if payment.paid_by == PaidBy::Hand {
        post(
            transaction,
            payment,
            MANUAL,
            MERCHANT,
            payment.money(),
            "paid by hand",
        )?;
    }
    if let Some(part) = &payment.gift_card {
        let what = "paid with a gift card";
        post(transaction, payment, gift_cards::HELD, MERCHANT, part.minor, what)?;
    }
    count(payment, payment.minor, 1, 0)?;
    grant::grant(transaction, payment)?;
    payments::put(transaction, payment)
}

/// The payment changes its status, whoever says so. Repeating it changes nothing.
pub(crate) fn change(transaction: &str, payment: &mut Payment, to: Status) -> Result<(), Error> {
    let from = payment.status;
    if from == to {
        return Ok(());
    }
    payment.status = to;
    payment.turn += 1;
    match (from, to) {
        (Status::Complete, _) => take_back(transaction, payment)?,
        (_, Status::Complete) => restore(transaction, payment)?,
        // What was delivered and what was paid is taken back already; only its name changes.
        _ => {}
    }
    let charged_back = |status| i64::from(status == Status::Chargeback);
    count(payment, 0, 0, charged_back(to) - charged_back(from))?;
    payments::put(transaction, payment)
}

fn take_back(transaction: &str, payment: &mut Payment) -> Result<(), Error> {
    grant::revoke(payment)?;
    let account = if payment.status == Status::Chargeback {
        CHARGEBACKS
    } else {
        MANUAL
    };
    payment.reversed = match &payment.paid_by {
        PaidBy::Hand => reversed(account, payment.money()),
        PaidBy::Payment(id) if payment.status == Status::Chargeback => {
            let paid = core::get(id)?;
            reversed(account, paid.received.minor - paid.refunded.minor)
        }
        PaidBy::Payment(id) => send_back(id)?,
        PaidBy::Nothing => None,
    };
    if let Some(Reversed { account, minor }) = &payment.reversed {
        post(transaction, payment, MERCHANT, account, *minor, "taken back")?;
    }
    if let Some(part) = &payment.gift_card {
        gift_cards::return_to(&part.id, part.minor, MERCHANT, &payment.currency)?;
    }
    count(payment, -payment.minor, 0, 0)
}

fn reversed(account: &str, minor: i64) -> Option<Reversed> {
    (minor > 0).then(|| Reversed {
        account: account.to_owned(),
        minor,
    })
}

/// Has the host send back what is left. A gateway that cannot is the operator's to call: the ledger shows what is owed.
fn send_back(id: &str) -> Result<Option<Reversed>, Error> {
    let asked = core::refund(NewRefund {
        payment: id.to_owned(),
        amount: None,
        reason: "refunded in the webstore".to_owned(),
        idempotency_key: None,
    });
    match asked {
        // All of it is on its way already.
        Ok(_) | Err(PaymentError::TooMuch(_)) => Ok(None),
        Err(PaymentError::NotSupported(gateway)) => {
            let paid = core::get(id)?;
            let left = paid.received.minor - paid.refunded.minor;
            log::error(&format!(
                "the gateway {gateway} makes no refunds: what was paid with {id} is to be sent back by hand"
            ));
            Ok(reversed(REFUNDS, left))
        }
        Err(error) => Err(error.into()),
    }
}

/// A chargeback was won, or a refund by hand was none.
fn restore(transaction: &str, payment: &mut Payment) -> Result<(), Error> {
    if let PaidBy::Payment(id) = &payment.paid_by {
        let sent = core::refunds(id)?
            .into_iter()
            .any(|refund| refund.state != RefundState::Failed);
        if sent {
            return Err(Error::refused(
                "The money was sent back; the payment cannot be complete again.",
            ));
        }
    }
    if let Some(Reversed { account, minor }) = payment.reversed.take() {
        post(transaction, payment, &account, MERCHANT, minor, "paid after all")?;
    }
    if let Some(part) = &payment.gift_card {
        gift_cards::return_to(&part.id, -part.minor, MERCHANT, &payment.currency)?;
    }
    count(payment, payment.minor, 0, 0)?;
    grant::grant(transaction, payment)
}

/// The payment is another player's.
pub(crate) fn rename(transaction: &str, payment: &mut Payment, username: &str) -> Result<(), Error> {
    let to = players::find_or_make(username)?;
    if to.id == payment.player.id {
        return Ok(());
    }
    let (complete, charged_back) = match payment.status {
        Status::Complete => (payment.minor, 0),
        Status::Refund => (0, 0),
        Status::Chargeback => (0, 1),
    };
    count(payment, -complete, -1, -charged_back)?;
    grant::reroute(transaction, payment, &to)?;
    if let Some(coupon) = &mut payment.coupon {
        *coupon = payments::Redeemed::new(&coupon.id, to.id);
    }
    count(payment, complete, 1, charged_back)
}

/// So much more, or less, to the payment's player.
fn count(payment: &Payment, minor: i64, made: i64, charged_back: i64) -> Result<(), Error> {
    if (minor, made, charged_back) == (0, 0, 0) {
        return Ok(());
    }
    let mut player = players::get(payment.player.id)?;
    let total = player.totals.entry(payment.currency.clone()).or_default();
    *total = total.saturating_add(minor);
    if *total == 0 {
        player.totals.remove(&payment.currency);
    }
    player.payments = player.payments.saturating_add_signed(made);
    player.chargebacks = player.chargebacks.saturating_add_signed(charged_back);
    players::put(player)
}

fn post(
    transaction: &str,
    payment: &Payment,
    debit: &str,
    credit: &str,
    minor: i64,
    what: &str,
) -> Result<(), Error> {
    if minor == 0 {
        return Ok(());
    }
    let amount = price::amount(minor, &payment.currency)?;
    ledger::post(NewPosting {
        idempotency_key: format!("tebex:{transaction}:{}:{debit}:{credit}", payment.turn),
        description: format!("Payment {transaction}: {what}"),
        entries: vec![Entry::debit(debit, amount.clone()), Entry::credit(credit, amount)],
        metadata: mooring_sdk::json::to_string(&serde_json::json!({ "payment": payment.number })),
    })?;
    Ok(())
}
