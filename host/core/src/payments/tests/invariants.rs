//! Whatever happens in whichever order, what the module promises holds.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// Something that can happen to a payment.
#[derive(Clone, Debug)]
enum Happening {
    Begin,
    /// A gateway says this of one of the attempts so far, the newest first, in coins or in euros.
    Say(usize, AttemptState, i64, bool),
    /// And of one of the refunds.
    SayOfRefund(usize, RefundState),
    Refund(Option<i64>),
    Abandon,
    Cancel,
    Fail,
    Expire,
    Capture,
    Void,
    /// Somebody runs the job that takes the newest attempt to its gateway.
    RunStart,
    Pass(u64),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let state = prop_oneof![
        Just(AttemptState::Starting),
        Just(AttemptState::Waiting),
        Just(AttemptState::Processing),
        Just(AttemptState::Unknown),
        Just(AttemptState::Authorized),
        Just(AttemptState::Succeeded),
        Just(AttemptState::Declined),
        Just(AttemptState::Cancelled),
    ];
    let amount = prop_oneof![Just(1_000), 1..3_000_i64];
    let refund = prop_oneof![
        Just(RefundState::Pending),
        Just(RefundState::Succeeded),
        Just(RefundState::Failed)
    ];
    let happening = prop_oneof![
        4 => Just(Happening::Begin),
        10 => (0..3_usize, state, amount, any::<bool>())
            .prop_map(|(which, state, minor, coins)| Happening::Say(which, state, minor, coins)),
        3 => (0..3_usize, refund).prop_map(|(which, state)| Happening::SayOfRefund(which, state)),
        3 => proptest::option::of(1..1_500_i64).prop_map(Happening::Refund),
        1 => Just(Happening::Abandon),
        1 => Just(Happening::Cancel),
        1 => Just(Happening::Fail),
        1 => Just(Happening::Expire),
        1 => Just(Happening::Capture),
        1 => Just(Happening::Void),
        2 => Just(Happening::RunStart),
        2 => (0..100_u64).prop_map(Happening::Pass),
    ];
    prop::collection::vec(happening, 1..40)
}

fn rules() -> impl Strategy<Value = (Option<Fee>, Tolerance, CaptureMode)> {
    let paid_by = prop_oneof![Just(FeePayer::Merchant), Just(FeePayer::Payer)];
    let fee =
        (0..100_000_u32, 0..50_i64, paid_by).prop_map(|(parts_per_million, fixed_minor, paid_by)| Fee {
            parts_per_million,
            fixed_minor,
            paid_by,
        });
    let tolerance =
        (0..50_i64, 0..20_000_u32, 0..1_000_000_u32).prop_map(|(short_minor, short_ppm, partial_min_ppm)| {
            Tolerance {
                short_minor,
                short_ppm,
                partial_min_ppm,
            }
        });
    let capture = prop_oneof![Just(CaptureMode::Automatic), Just(CaptureMode::Manual)];
    (proptest::option::of(fee), tolerance, capture)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_promises_hold(happenings in happenings(), rules in rules()) {
        let shop = Shop::new();
        let (fee, tolerance, capture) = rules;
        let end = at(&shop, 300);
        let payment = shop.payment(|new| {
            (new.fee, new.tolerance, new.capture) = (fee, Some(tolerance), capture);
            new.expires_at = Some(end);
        });
        let mut witness = Witness::new(&shop, payment);
        for happening in happenings {
            witness.see(&happening);
        }
        witness.end();
    }
}

/// Lets things happen to a payment, and checks after each of them.
struct Witness<'s> {
    shop: &'s Shop,
    before: Payment,
    attempts: BTreeMap<AttemptId, Attempt>,
}

impl<'s> Witness<'s> {
    fn new(shop: &'s Shop, before: Payment) -> Witness<'s> {
        let attempts = BTreeMap::new();
        Witness {
            shop,
            before,
            attempts,
        }
    }

    fn see(&mut self, happening: &Happening) {
        let (shop, id) = (self.shop, self.before.id.clone());
        match happening {
            Happening::Pass(seconds) => shop.pass(Duration::from_secs(*seconds)),
            Happening::RunStart => {
                if let Some(job) = shop.waiting(JOB_START).pop() {
                    shop.claim(&job.id);
                }
            }
            Happening::Begin => {
                let uncharged = self.attempts.values().all(|attempt| attempt.state.is_uncharged());
                let mut work = shop.work();
                if begin(&mut work, &id, card()).is_ok() {
                    assert!(uncharged, "an attempt before may have charged");
                    work.commit().unwrap();
                }
            }
            // Each of these is refused in most states; then it is dropped, as its caller does.
            _ => {
                let mut work = shop.work();
                if self.act(&mut work, happening).is_ok() {
                    work.commit().unwrap();
                }
            }
        }
        self.check();
    }

    fn act(&self, work: &mut Work, happening: &Happening) -> Result<(), PaymentError> {
        let id = &self.before.id;
        let newest = self.attempts.values().max_by_key(|attempt| attempt.number);
        match *happening {
            Happening::Say(which, state, minor, coins) => {
                let mut attempts: Vec<_> = self.attempts.values().collect();
                attempts.sort_by_key(|attempt| std::cmp::Reverse(attempt.number));
                match attempts.get(which) {
                    Some(attempt) => apply(work, &attempt.id, progress(state, minor, coins)).map(drop),
                    None => Ok(()),
                }
            }
            Happening::SayOfRefund(which, state) => {
                let refunds = self.shop.refunds_now(&self.before);
                let said = RefundProgress {
                    state,
                    gateway_ref: None,
                    failure: Some(declined()),
                };
                match refunds.get(which) {
                    Some(refund) => apply_refund(work, &refund.id, said).map(drop),
                    None => Ok(()),
                }
            }
            Happening::Refund(minor) => {
                let new = NewRefund {
                    payment: id.clone(),
                    amount: minor.map(euros),
                    reason: String::new(),
                    idempotency_key: None,
                };
                refund(work, new).map(drop)
            }
            Happening::Abandon => newest.map_or(Ok(()), |one| abandon(work, &one.id).map(drop)),
            Happening::Cancel => cancel(work, id).map(drop),
            Happening::Fail => fail(work, id, declined()).map(drop),
            Happening::Expire => expire(work, id).map(drop),
            Happening::Capture => capture(work, id, None).map(drop),
            Happening::Void => void(work, id).map(drop),
            Happening::Begin | Happening::RunStart | Happening::Pass(_) => Ok(()),
        }
    }

    fn check(&mut self) {
        let now = self.shop.payment_now(&self.before);
        self.never_back(&now);
        self.before = now;
        let attempts = attempts(&mut self.shop.work(), &self.before.id).unwrap();
        let waiting: Vec<_> = attempts
            .iter()
            .filter(|attempt| !attempt.state.is_final())
            .collect();
        let open = open_attempt(&mut self.shop.work(), &self.before.id).unwrap();
        if let Some(open) = &open {
            assert!(waiting.contains(&open), "what is open is not over: {open:?}");
        }
        for attempt in waiting {
            let asked = attempt.asked.is_some() || attempt.state == AttemptState::Starting;
            let needs_asking = attempt.abandoned
                || matches!(attempt.state, AttemptState::Processing | AttemptState::Unknown);
            assert!(asked || !needs_asking, "somebody asks: {attempt:?}");
            assert!(
                attempt.abandoned || open.as_ref() == Some(attempt),
                "what nobody waits for is taken back: {attempt:?}"
            );
        }
        self.attempts = attempts
            .into_iter()
            .map(|attempt| (attempt.id.clone(), attempt))
            .collect();
        self.money_is_accounted_for();
    }

    fn never_back(&self, now: &Payment) {
        let before = &self.before;
        if before.status.is_final() {
            assert_eq!(now.status, before.status, "final is final");
            assert_eq!((now.received, now.fee), (before.received, before.fee));
        }
        let is_back =
            before.status == Status::Authorized && matches!(now.status, Status::Pending | Status::Processing);
        assert!(!is_back, "{:?} after {:?}", now.status, before.status);
    }

    fn money_is_accounted_for(&self) {
        use RefundState::{Failed, Pending, Succeeded};
        let payment = &self.before;
        let refunds = self.shop.refunds_now(payment);
        let sum = |surplus: bool, states: &[RefundState]| -> i64 {
            let fits = |refund: &&Refund| refund.surplus == surplus && states.contains(&refund.state);
            refunds
                .iter()
                .filter(fits)
                .map(|refund| refund.amount.minor)
                .sum()
        };
        assert_eq!(sum(false, &[Pending, Succeeded]), payment.refunded.minor);
        assert!(payment.refunded.minor <= payment.received.minor);
        let merchant = self.shop.balance("merchant:alpha:balance", "EUR");
        let fees = self.shop.balance("fees:alpha", "EUR");
        assert_eq!(merchant + fees, payment.received.minor - payment.refunded.minor);
        assert_eq!(fees, payment.fee.minor);
        let suspense = self.shop.balance("suspense:alpha", "EUR");
        assert_eq!(
            suspense,
            sum(true, &[Pending, Failed]),
            "a surplus is sent back or in suspense"
        );
        let arrived: i64 = self
            .attempts
            .values()
            .filter(|one| one.state == AttemptState::Succeeded)
            .filter_map(|one| one.credited)
            .map(|credited| credited.minor)
            .sum();
        assert_eq!(
            arrived,
            payment.received.minor + sum(true, &[Pending, Failed, Succeeded])
        );
    }

    /// What the ledger says of itself, and that every currency sums to zero.
    fn end(&self) {
        let report = ledger::verify(&mut self.shop.host(), self.shop.acme.id).unwrap();
        assert_eq!(report.problems, []);
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        let all = ledger::accounts(&mut self.shop.work(), None, 500).unwrap();
        for line in all {
            *sums.entry(line.balance.currency.to_string()).or_default() += line.balance.minor;
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
    }
}

fn progress(state: AttemptState, minor: i64, coins: bool) -> Progress {
    let mut said = said(state);
    if said.received.is_some() {
        said = brought(state, minor);
    }
    if said.received.is_some() && coins {
        said.received = Some(Amount::new(minor * 1_000_003, Currency::parse("USDT").unwrap()));
        said.credited = Some(euros(minor));
    }
    said
}
