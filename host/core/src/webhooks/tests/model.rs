//! Whatever a receiver, an operator and a host that dies do in whatever order.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::*;
use super::post::{Post, answer};
use crate::leases::Gone;

#[derive(Clone, Debug)]
enum Step {
    Emit,
    Turn(u16),
    CrashAfterClaim,
    Pass(u64),
    Disable,
    Enable,
    RedeliverAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Emit),
        6 => prop::sample::select(vec![200, 500, 429, 410, 302]).prop_map(Step::Turn),
        1 => Just(Step::CrashAfterClaim),
        3 => (1_u64..4000).prop_map(Step::Pass),
        1 => Just(Step::Disable),
        1 => Just(Step::Enable),
        1 => Just(Step::RedeliverAll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens, every event has one delivery, which was answered 2xx, waits, or is visibly dead; and once the
    /// receiver is well again, each of them is delivered.
    #[test]
    fn every_event_is_delivered_or_visibly_held(
        steps in prop::collection::vec(step(), 1..40),
        ordered in any::<bool>(),
    ) {
        let post = Post::new(|webhook| webhook.ordered = ordered);
        let endpoint = post.endpoint().id;
        let mut emitted = Vec::new();
        let mut received: BTreeMap<EventId, u32> = BTreeMap::new();
        let turn = |status: u16, received: &mut BTreeMap<EventId, u32>| {
            post.dispatch();
            let claims = post.claim(0, 4).deliveries;
            for claimed in &claims {
                if status == 200 {
                    *received.entry(claimed.event.id.clone()).or_default() += 1;
                }
                post.record(&claimed.lease, answer(status));
            }
            claims.len()
        };
        for step in steps {
            match step {
                Step::Emit => emitted.push(post.emit("a")),
                Step::Turn(status) => drop(turn(status, &mut received)),
                Step::CrashAfterClaim => {
                    post.dispatch();
                    post.claim(0, 4);
                    post.world.host_run(|host| take_back(host, Gone::All, 1000)).unwrap();
                }
                Step::Pass(seconds) => post.world.pass(Duration::from_secs(seconds)),
                Step::Disable => drop(post.world.host_run(|host| disable(host, &endpoint)).unwrap()),
                Step::Enable => drop(post.world.host_run(|host| enable(host, &endpoint)).unwrap()),
                Step::RedeliverAll => {
                    let all = (Timestamp(0), Timestamp(u64::MAX));
                    drop(post.world.host_run(|host| redeliver_range(host, &endpoint, all.0, all.1)));
                }
            }
        }
        post.dispatch();
        let counts = post.counts();
        prop_assert_eq!(counts.waiting + counts.delivered + counts.dead, emitted.len() as u64);

        post.world.host_run(|host| enable(host, &endpoint)).unwrap();
        post.world.host_run(|host| redeliver_range(host, &endpoint, Timestamp(0), Timestamp(u64::MAX))).unwrap();
        post.world.pass(Duration::from_hours(1));
        while turn(200, &mut received) > 0 {}
        prop_assert_eq!(post.counts().delivered, emitted.len() as u64);
        for event in &emitted {
            prop_assert!(received.contains_key(event), "{event} was never received");
        }
    }
}
