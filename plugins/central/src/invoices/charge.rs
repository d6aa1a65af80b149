//! What is to be charged for, before anything is written: previews and invoices are made from the same.

use crate::calendar::seconds;
use crate::ids;
use crate::proration::{Proration, share};
use crate::subscriptions::{Held, Status, Subscription};

use super::Line;

/// What an invoice is about. With the time that it is about, it is charged once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole period.
    Period,
    /// What is left of a period at the end of the trial.
    Trial,
    /// A change of plan, or a renewal before its time; with the number of the newest event, for there may be several at once.
    Change(u32),
}

/// What an invoice will say.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) kind: Kind,
    pub(crate) lines: Vec<Line>,
    /// Which billing cycle it is of, and whether that begins with it.
    pub(crate) cycle: u32,
    pub(crate) begins: bool,
    pub(crate) period_start: u64,
    pub(crate) period_end: u64,
}

impl Charge {
    /// For the period that the subscription is in.
    pub(crate) fn period(it: &Subscription) -> Charge {
        Charge {
            kind: Kind::Period,
            lines: vec![line(it, it.plan.rate.price, it.period_start, it.period_end)],
            cycle: it.cycles,
            begins: true,
            period_start: it.period_start,
            period_end: it.period_end,
        }
    }

    /// For what of the period comes after the trial.
    pub(crate) fn after_trial(it: &Subscription, trial_end: u64) -> Charge {
        let (part, whole) = it.remaining(trial_end);
        let price = share(it.plan.rate.price, part, whole);
        Charge {
            kind: Kind::Trial,
            lines: vec![line(it, price, trial_end, it.period_end)],
            cycle: it.cycles,
            begins: true,
            period_start: trial_end,
            period_end: it.period_end,
        }
    }

    /// For the rest of the period with another plan, less what was charged for it with the old one.
    pub(crate) fn change(old: &str, it: &Subscription, proration: Proration, now: u64) -> Charge {
        let mut lines = vec![line(it, proration.charge, now, it.period_end)];
        if proration.credit != 0 {
            lines.push(Line {
                description: format!("Unused time of {old}"),
                amount: -proration.credit,
            });
        }
        Charge {
            kind: Kind::Change(it.events),
            lines,
            cycle: it.cycles,
            // What begins now is a period, and not the rest of one.
            begins: it.period_start == now,
            period_start: now,
            period_end: it.period_end,
        }
    }

    /// What comes next and when, if nothing is changed until then. Nothing comes where the subscription ends first.
    pub(crate) fn next(held: &Held, advance: impl Fn(&mut Subscription)) -> Option<(Charge, u64)> {
        let (_, charge, at) = coming(&held.it, advance)?;
        Some((charge, at))
    }

    /// What comes after that, for where that has been billed already.
    pub(crate) fn after_next(held: &Held, advance: impl Fn(&mut Subscription)) -> Option<(Charge, u64)> {
        let (mut it, ..) = coming(&held.it, &advance)?;
        it.cycles += 1;
        advance(&mut it);
        Some((Charge::period(&it), it.period_start))
    }

    pub(crate) fn amount(&self) -> i64 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// In ids and in the ledger: `renewal:sub_X:1800000000000`. After an invoice was taken back the same time is charged under
    /// another key, `renewal:sub_X:1800000000000:1`, since what was taken back keeps its own.
    pub(crate) fn key(&self, held: &Held) -> String {
        let id = &held.id;
        let again = match held.it.taken_back {
            0 => String::new(),
            number => format!(":{number}"),
        };
        match self.kind {
            Kind::Period => format!("renewal:{id}:{}{again}", self.period_start),
            Kind::Trial => format!("trial:{id}:{}{again}", self.period_start),
            Kind::Change(number) => format!("change:{id}:{number}"),
        }
    }

    /// The same for the same key, and near to those of the same time, where the key has one.
    pub(super) fn code(&self, key: &str) -> String {
        match self.kind {
            Kind::Period | Kind::Trial => ids::of_time(self.period_start, key),
            Kind::Change(_) => ids::of(key),
        }
    }
}

/// What comes next, when, and what the subscription is by then.
fn coming(it: &Subscription, advance: impl Fn(&mut Subscription)) -> Option<(Subscription, Charge, u64)> {
    if it.status.has_ended() || it.status == Status::Paused || it.cancel_at_period_end {
        return None;
    }
    let mut then = it.clone();
    then.cycles += 1;
    let (charge, at) = match it.trial_end {
        Some(trial_end) if matches!(it.status, Status::Trialing | Status::Pending) => {
            // Periods that are over before the trial is are free.
            while then.period_end <= trial_end {
                advance(&mut then);
            }
            (Charge::after_trial(&then, trial_end), trial_end)
        }
        _ if it.status == Status::Pending && it.open.is_none() => (Charge::period(&then), then.period_start),
        _ => {
            advance(&mut then);
            (Charge::period(&then), then.period_start)
        }
    };
    Some((then, charge, at))
}

fn line(it: &Subscription, amount: i64, from: u64, to: u64) -> Line {
    let day = |at: u64| seconds(at)[..10].to_owned();
    Line {
        description: format!("{}, {} to {}", it.plan.name, day(from), day(to)),
        amount,
    }
}
