//! Users and documents by the million, written straight into a host's data folder while it rests.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use mooring_core::Store;
use mooring_core::draws::Draws;
use mooring_core::ids::{PluginName, TenantName};
use mooring_core::ledger::{self, Direction, NewEntry, NewPosting};
use mooring_core::money::{Amount, Currency};
use mooring_core::page::{Order, Page};
use mooring_core::records;
use mooring_core::tenants::{self, TenantRef};
use mooring_core::time::Timestamp;
use mooring_core::users::{self, NewUser};
use mooring_core::work::{HostWork, Work};
use mooring_manifest::{Collection, Manifest};
use mooring_plugin_tebex::Tebex;
use mooring_sdk::backend::describe;
use mooring_tests::TestHost;
use serde_json::Value;

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
    at_rest(host, &format!("{count} users"), |store| {
        in_batches(store, "paymenter", 0..count, |work, number| {
            let user = NewUser {
                email: email(number),
                name: format!("User {number}"),
                ..NewUser::default()
            };
            users::create(work, user).expect("a new user");
        });
    });
}

/// Stops the host, gives its demo tenant so many customers of Central with this much credit each, and starts it again.
pub(crate) fn customers(host: &mut TestHost, count: u64, credit: &str) {
    let credit = Amount::parse(credit, Currency::parse("USD").expect("a currency")).expect("an amount");
    at_rest(host, &format!("{count} customers"), |store| {
        in_batches(store, "central", 0..count, |work, number| {
            let user = NewUser {
                email: email(number),
                name: format!("Customer {number}"),
                ..NewUser::default()
            };
            let user = users::create(work, user).expect("a new user");
            let account = format!("central:credit:{}", user.id);
            let posting = NewPosting {
                idempotency_key: format!("credit:{number}"),
                description: "Paid ahead".to_owned(),
                entries: vec![
                    NewEntry::new("bank", Direction::Debit, credit),
                    NewEntry::new(&account, Direction::Credit, credit),
                ],
                metadata: String::new(),
            };
            ledger::post(work, posting).expect("a balanced posting");
        });
    });
}

/// Stops the host, copies the newest document of a collection until there are so many, and starts it again. `differ` is given
/// the number of each copy, and makes its id and its data its own.
pub(crate) fn copies(
    host: &mut TestHost,
    plugin: &str,
    collection: &str,
    count: u64,
    differ: impl Fn(u64, &mut String, &mut Value),
) {
    at_rest(host, &format!("{count} {collection}"), |store| {
        let declared = declared(plugin);
        let page = Page {
            offset: 0,
            limit: 1,
            order: Order::NewestFirst,
        };
        let (tenant, draws) = demo_tenant(store);
        let mut work = Work::write(store, &draws, &tenant, &name(plugin));
        let listed = records::list(&mut work, &declared, collection, None, page).expect("a collection");
        drop(work);
        let original: Value = serde_json::from_str(listed.items[0].data.as_str()).expect("JSON");
        in_batches(store, plugin, listed.total + 1..count + 1, |work, number| {
            let (mut id, mut data) = (String::new(), original.clone());
            differ(number, &mut id, &mut data);
            records::create(work, &declared, collection, &id, &data.to_string()).expect("a new document");
        });
    });
}

fn at_rest(host: &mut TestHost, what: &str, fill: impl FnOnce(&Store)) {
    host.terminate();
    assert!(host.wait().success(), "the host ends well");
    let started = Instant::now();
    {
        let store =
            Store::open(&host.data().join("store"), mooring_store::Options::default()).expect("the store");
        fill(&store);
    }
    eprintln!("{what} in {:.1} s", started.elapsed().as_secs_f64());
    host.restart();
}

/// Does something for every number, so many to a transaction.
fn in_batches(store: &Store, plugin: &str, numbers: Range<u64>, mut act: impl FnMut(&mut Work, u64)) {
    let mut start = numbers.start;
    while start < numbers.end {
        let (tenant, draws) = demo_tenant(store);
        let mut work = Work::write(store, &draws, &tenant, &name(plugin));
        let end = (start + BATCH).min(numbers.end);
        (start..end).for_each(|number| act(&mut work, number));
        let committed = work.commit().expect("nobody else writes");
        store.wait_durable(committed.sequence).expect("the disk takes it");
        start = end;
    }
}

fn demo_tenant(store: &Store) -> (TenantRef, Arc<Draws>) {
    let draws = Draws::new(Timestamp::now()).expect("randomness");
    let name = TenantName::parse("demo").expect("a name");
    let tenant = tenants::find(&mut HostWork::read(store, &draws), &name).expect("the demo's tenant");
    (tenant.to_ref(), draws)
}

fn name(plugin: &str) -> PluginName {
    PluginName::parse(plugin).expect("a name")
}

/// What the installed plugin says of its collections.
fn declared(plugin: &str) -> Vec<Collection> {
    let described = match plugin {
        "tebex" => describe::<Tebex>(),
        other => panic!("{other} is not linked into this program"),
    };
    let manifest: Manifest = serde_json::from_str(&described).expect("a manifest");
    manifest.collections
}
