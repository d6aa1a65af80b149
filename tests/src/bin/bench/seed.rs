//! Users by the million, written straight into a host's data folder while it rests.

use std::time::Instant;

use mooring_core::Store;
use mooring_core::draws::Draws;
use mooring_core::ids::{PluginName, TenantName};
use mooring_core::tenants;
use mooring_core::time::Timestamp;
use mooring_core::users::{self, NewUser};
use mooring_core::work::{HostWork, Work};
use mooring_tests::TestHost;

/// A user of this number is in every host that was seeded.
pub(crate) const SOMEWHERE: u64 = 777;

/// Of one transaction: large enough that flushing does not matter, small enough to be held in memory.
const BATCH: u64 = 2000;

/// The address of one of them.
pub(crate) fn email(number: u64) -> String {
    format!("user-{number}@seeded.example")
}

/// Stops the host, gives its demo tenant so many users, and starts it again.
pub(crate) fn users(host: &mut TestHost, count: u64) {
    host.terminate();
    assert!(host.wait().success(), "the host ends well");
    let started = Instant::now();
    {
        let store =
            Store::open(&host.data().join("store"), mooring_store::Options::default()).expect("the store");
        fill(&store, count);
    }
    eprintln!("{count} users in {:.1} s", started.elapsed().as_secs_f64());
    host.restart();
}

fn fill(store: &Store, count: u64) {
    let now = Timestamp::now();
    let name = TenantName::parse("demo").expect("a name");
    let plugin = PluginName::parse("paymenter").expect("a name");
    let draws = Draws::new(now).expect("randomness");
    let tenant = tenants::find(&mut HostWork::read(store, &draws), &name)
        .expect("the demo's tenant")
        .to_ref();
    for start in (0..count).step_by(BATCH as usize) {
        let draws = Draws::new(now).expect("randomness");
        let mut work = Work::write(store, &draws, &tenant, &plugin);
        for number in start..(start + BATCH).min(count) {
            let user = NewUser {
                email: email(number),
                name: format!("User {number}"),
                ..NewUser::default()
            };
            users::create(&mut work, user).expect("a new user");
        }
        let committed = work.commit().expect("nobody else writes");
        store.wait_durable(committed.sequence).expect("the disk takes it");
    }
}
