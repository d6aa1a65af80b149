//! What payments post to the ledger, and the arithmetic of fees and settlements. Exact: integers, wider than money while
//! they are multiplied.

use super::{Attempt, Fee, FeePayer, Payment, PaymentError, Refund, Settlement, Tolerance};
use crate::check::InvalidField;
use crate::ids::PluginName;
use crate::ledger::{self, Direction, LedgerError, NewEntry, NewPosting, PAYMENT_KEYS};
use crate::money::Amount;
use crate::work::Work;

const PARTS: i128 = 1_000_000;

/// The fee for an amount: its part, rounded half up, and the fixed sum.
pub(super) fn fee_of(minor: i64, fee: Fee) -> i128 {
    rounded(i128::from(minor) * i128::from(fee.parts_per_million), PARTS) + i128::from(fee.fixed_minor)
}

/// The fee inside what was received; never more than that.
pub(super) fn fee_within(received: Amount, fee: Option<Fee>) -> Amount {
    let Some(fee) = fee else {
        return Amount::zero(received.currency);
    };
    let within = match fee.paid_by {
        FeePayer::Merchant => fee_of(received.minor, fee),
        // Received is an amount and the fee for it, so the fee is this part of it. Where it is what was due, this is exactly
        // what was added: the amount due differs from the exact one by at most a half, the fee within it by a half of that,
        // in the same direction.
        FeePayer::Payer => {
            let variable = i128::from(received.minor) - i128::from(fee.fixed_minor);
            let parts = i128::from(fee.parts_per_million);
            rounded(variable.max(0) * parts, PARTS + parts) + i128::from(fee.fixed_minor)
        }
    };
    let minor = i64::try_from(within.min(i128::from(received.minor))).unwrap_or(received.minor);
    Amount::new(minor, received.currency)
}

/// How what has arrived compares with what was due; nothing when it is too little to be accepted. `chosen`: the merchant
/// took so much and no more, so no part is too small.
pub(super) fn settlement(
    due: Amount,
    credited: Amount,
    tolerance: Tolerance,
    chosen: bool,
) -> Option<Settlement> {
    let (due, credited) = (i128::from(due.minor), i128::from(credited.minor));
    let short = due - credited;
    let forgiven = |short: i128| {
        short <= i128::from(tolerance.short_minor) || short * PARTS <= due * i128::from(tolerance.short_ppm)
    };
    if short < 0 {
        Some(Settlement::Overpaid)
    } else if forgiven(short) {
        Some(Settlement::Exact)
    } else if chosen || credited * PARTS >= due * i128::from(tolerance.partial_min_ppm) {
        Some(Settlement::Partial)
    } else {
        None
    }
}

/// Half up; neither is negative.
fn rounded(dividend: i128, divisor: i128) -> i128 {
    (dividend + divisor / 2) / divisor
}

/// Money that was asked for: less the fee, it is the merchant's.
pub(super) fn post_receipt(
    work: &mut Work,
    payment: &Payment,
    attempt: &Attempt,
    received: Amount,
    credited: Amount,
) -> Result<(), PaymentError> {
    let mut entries = arrival(&attempt.gateway, received, credited);
    let net = Amount::new(credited.minor - payment.fee.minor, credited.currency);
    push(&mut entries, &merchant(payment), Direction::Credit, net);
    push(&mut entries, &fees(payment), Direction::Credit, payment.fee);
    let key = format!("receipt:{}", attempt.id);
    post(work, payment, &key, "received", entries)
}

/// Money that nobody asked for, which is told apart by the `total` that has arrived with it.
pub(super) fn post_surplus(
    work: &mut Work,
    payment: &Payment,
    attempt: &Attempt,
    (received, credited): (Amount, Amount),
    total: Amount,
) -> Result<(), PaymentError> {
    let mut entries = arrival(&attempt.gateway, received, credited);
    push(&mut entries, &suspense(payment), Direction::Credit, credited);
    let key = format!("receipt:{}:{}", attempt.id, total.minor);
    post(work, payment, &key, "received, and not asked for", entries)
}

/// Money on its way back, and what it is in the gateway's currency.
pub(super) fn post_refund(work: &mut Work, payment: &Payment, refund: &Refund) -> Result<(), PaymentError> {
    let key = format!("refund:{}", refund.id);
    post(work, payment, &key, "sent back", departure(payment, refund))
}

/// As if it had never been sent back.
pub(super) fn post_failed_refund(
    work: &mut Work,
    payment: &Payment,
    refund: &Refund,
) -> Result<(), PaymentError> {
    let mut entries = departure(payment, refund);
    for entry in &mut entries {
        entry.direction = match entry.direction {
            Direction::Debit => Direction::Credit,
            Direction::Credit => Direction::Debit,
        };
    }
    let key = format!("refund:{}:failed", refund.id);
    post(work, payment, &key, "not sent back after all", entries)
}

/// Says how much of the gateway's currency an amount on its way back is, and counts it as sent. In parts, each is rounded down; what
/// brings the sum to all that arrived takes all that is left, so nothing remains and nothing is sent twice.
pub(super) fn send(attempt: &mut Attempt, amount: Amount) -> Option<Amount> {
    let (received, credited) = attempt.received.zip(attempt.credited)?;
    let (sent_credited, sent_received) = &mut attempt.sent_back;
    *sent_credited += amount.minor;
    let minor = if *sent_credited >= credited.minor {
        received.minor - *sent_received
    } else {
        let part = i128::from(received.minor) * i128::from(amount.minor) / i128::from(credited.minor);
        i64::try_from(part).unwrap_or(received.minor)
    };
    *sent_received += minor;
    Some(Amount::new(minor, received.currency))
}

/// Takes back what [`send`] has counted.
pub(super) fn unsend(attempt: &mut Attempt, refund: &Refund) {
    attempt.sent_back.0 -= refund.amount.minor;
    attempt.sent_back.1 -= refund.sent.map_or(0, |sent| sent.minor);
}

/// The gateway holds more: so much of its own currency, which counts as so much of the payment's.
fn arrival(gateway: &PluginName, received: Amount, credited: Amount) -> Vec<NewEntry> {
    let mut entries = Vec::with_capacity(5);
    push(&mut entries, &clearing(gateway), Direction::Debit, received);
    if received != credited {
        push(&mut entries, &exchange(gateway), Direction::Credit, received);
        push(&mut entries, &exchange(gateway), Direction::Debit, credited);
    }
    entries
}

/// The gateway holds less.
fn departure(payment: &Payment, refund: &Refund) -> Vec<NewEntry> {
    let sent = refund.sent.unwrap_or(refund.amount);
    let from = if refund.surplus {
        suspense(payment)
    } else {
        merchant(payment)
    };
    let mut entries = Vec::with_capacity(4);
    push(&mut entries, &from, Direction::Debit, refund.amount);
    if sent != refund.amount {
        push(
            &mut entries,
            &exchange(&refund.gateway),
            Direction::Credit,
            refund.amount,
        );
        push(&mut entries, &exchange(&refund.gateway), Direction::Debit, sent);
    }
    push(&mut entries, &clearing(&refund.gateway), Direction::Credit, sent);
    entries
}

fn push(entries: &mut Vec<NewEntry>, account: &str, direction: Direction, amount: Amount) {
    if amount.minor != 0 {
        entries.push(NewEntry::new(account, direction, amount));
    }
}

fn post(
    work: &mut Work,
    payment: &Payment,
    key: &str,
    what: &str,
    entries: Vec<NewEntry>,
) -> Result<(), PaymentError> {
    let posting = NewPosting {
        idempotency_key: format!("{PAYMENT_KEYS}{}:{key}", payment.id),
        description: format!("Payment {}: {what}", payment.reference),
        entries,
        metadata: serde_json::json!({ "payment": payment.id }).to_string(),
    };
    match ledger::post(work, posting) {
        Ok(_) => Ok(()),
        Err(LedgerError::Store(error)) => Err(error.into()),
        Err(LedgerError::Invalid(field)) => Err(field.into()),
        // An account of a size that no integer holds, or one that the operator or a plugin has put a guard on.
        Err(other) => Err(InvalidField::new("amount", other.to_string()).into()),
    }
}

fn clearing(gateway: &PluginName) -> String {
    format!("gateway:{gateway}:clearing")
}

fn exchange(gateway: &PluginName) -> String {
    format!("exchange:{gateway}")
}

fn merchant(payment: &Payment) -> String {
    format!("merchant:{}:balance", payment.plugin)
}

fn fees(payment: &Payment) -> String {
    format!("fees:{}", payment.plugin)
}

fn suspense(payment: &Payment) -> String {
    format!("suspense:{}", payment.plugin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    fn euros(minor: i64) -> Amount {
        Amount::new(minor, Currency::parse("EUR").unwrap())
    }

    fn fee(parts_per_million: u32, fixed_minor: i64, paid_by: FeePayer) -> Fee {
        Fee {
            parts_per_million,
            fixed_minor,
            paid_by,
        }
    }

    #[test]
    fn fees_are_rounded_half_up() {
        let cases = [
            (10_000, 25_000, 30, 280),
            (20, 25_000, 0, 1),
            (19, 25_000, 0, 0),
            (1, 1_000_000, 0, 1),
            (i64::MAX, 1_000_000, i64::MAX, 2 * i128::from(i64::MAX)),
            (0, 25_000, 30, 30),
        ];
        for (minor, parts, fixed, expected) in cases {
            let fee = fee(parts, fixed, FeePayer::Merchant);
            assert_eq!(fee_of(minor, fee), expected, "{minor} {parts} {fixed}");
        }
    }

    #[test]
    fn a_fee_is_never_more_than_what_arrived() {
        for paid_by in [FeePayer::Merchant, FeePayer::Payer] {
            let within = fee_within(euros(20), Some(fee(0, 30, paid_by)));
            assert_eq!(within, euros(20), "{paid_by:?}");
        }
        assert_eq!(fee_within(euros(20), None), euros(0));
    }

    #[test]
    fn what_arrives_is_compared_with_what_was_due() {
        use Settlement::{Exact, Overpaid, Partial};
        let tolerance = |short_minor, short_ppm, partial_min_ppm| Tolerance {
            short_minor,
            short_ppm,
            partial_min_ppm,
        };
        let (none, cents, parts) = (tolerance(0, 0, 0), tolerance(5, 0, 0), tolerance(0, 5_000, 0));
        let (both, half) = (tolerance(5, 20_000, 0), tolerance(0, 0, 500_000));
        let cases = [
            (none, 1_000, Some(Exact)),
            (none, 999, Some(Partial)),
            (none, 1, Some(Partial)),
            (none, 1_001, Some(Overpaid)),
            (cents, 995, Some(Exact)),
            (cents, 994, Some(Partial)),
            (parts, 995, Some(Exact)),
            (parts, 994, Some(Partial)),
            // The larger of the two counts.
            (both, 980, Some(Exact)),
            (both, 979, Some(Partial)),
            (half, 500, Some(Partial)),
            (half, 499, None),
            (half, 1_001, Some(Overpaid)),
        ];
        for (tolerance, credited, expected) in cases {
            let found = settlement(euros(1_000), euros(credited), tolerance, false);
            assert_eq!(found, expected, "{tolerance:?} {credited}");
        }
        let chosen = settlement(euros(1_000), euros(1), half, true);
        assert_eq!(chosen, Some(Partial), "the merchant took so much and no more");
    }

    #[test]
    fn the_largest_amounts_there_are_can_be_compared() {
        let tolerance = Tolerance {
            short_minor: 0,
            short_ppm: 1_000_000,
            partial_min_ppm: 1_000_000,
        };
        let found = settlement(euros(i64::MAX), euros(1), tolerance, false);
        assert_eq!(found, Some(Settlement::Exact));
    }

    proptest! {
        #[test]
        fn the_fee_within_an_amount_due_is_what_was_added(
            amount in 1..=1_000_000_000_000_i64,
            parts in 0..=1_000_000_u32,
            fixed in 0..=1_000_000_i64,
        ) {
            let fee = fee(parts, fixed, FeePayer::Payer);
            let added = i64::try_from(fee_of(amount, fee)).unwrap();
            prop_assert_eq!(fee_within(euros(amount + added), Some(fee)), euros(added));
        }
    }
}
