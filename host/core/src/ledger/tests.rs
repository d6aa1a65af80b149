use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mooring_store::{CommitError, KeySpace, PackedRows};
use proptest::prelude::*;

use super::rows::{AccountRow, JOURNAL, Keys, LineRow};
use super::*;
use crate::layout;
use crate::money::Currency;
use crate::page::{Order, Page};
use crate::testing::World;
use crate::work::{HostWork, Work};

/// `cash -5 USD` takes five minor units from an account, `cash 5 USD` gives them.
fn entry(text: &str) -> NewEntry {
    let mut words = text.split(' ');
    let (account, minor, code) = (
        words.next().unwrap(),
        words.next().unwrap(),
        words.next().unwrap(),
    );
    let minor: i128 = minor.parse().unwrap();
    let direction = if minor < 0 {
        Direction::Debit
    } else {
        Direction::Credit
    };
    let minor = i64::try_from(minor.abs()).unwrap();
    let exponent = Currency::parse(code).map_or(2, |currency| currency.exponent());
    NewEntry {
        account: account.to_owned(),
        direction,
        minor,
        currency: code.to_owned(),
        exponent,
    }
}

/// Entries separated by commas.
fn posting(key: &str, entries: &str) -> NewPosting {
    NewPosting {
        idempotency_key: key.to_owned(),
        description: String::from("d"),
        entries: entries.split(", ").map(entry).collect(),
        metadata: String::new(),
    }
}

fn describe(result: Result<Posted, LedgerError>) -> String {
    match result {
        Ok(Posted { repeated, .. }) => String::from(if repeated { "repeated" } else { "posted" }),
        Err(LedgerError::Invalid(invalid)) => format!("Invalid({})", invalid.field),
        Err(LedgerError::KeyReused(_)) => String::from("KeyReused"),
        Err(error) => format!("{error:?}"),
    }
}

fn report(world: &World) -> VerifyReport {
    let mut host = HostWork::read(&world.store, &world.draws());
    verify(&mut host, world.acme.id).unwrap()
}

#[test]
fn refusals_have_an_order_of_precedence() {
    const MAX: &str = "9223372036854775807";
    let world = World::new();
    let fund = posting(
        "fund",
        &format!("bank -{MAX} USD, till {MAX} USD, bank2 -100 USD, purse 100 USD"),
    );
    world.run(|work| post(work, fund)).unwrap();
    world.run(|work| guard(work, "purse")).unwrap();

    // Every row breaks the rule of its own line and all of those below that it can.
    let (overflow, insufficient) = (
        format!("till {MAX} USD, purse -{MAX} USD"),
        "till 101 USD, purse -101 USD",
    );
    let table = [
        (
            NewPosting {
                entries: vec![entry("b@d 1 USD")],
                ..posting("", "a 0 USD")
            },
            "EntryCount(1)",
        ),
        (
            NewPosting {
                entries: vec![entry("a 1 USD"); 101],
                ..posting("", "a 0 USD")
            },
            "EntryCount(101)",
        ),
        (
            posting("", "purse -500 USD, till 1 USD"),
            "Invalid(idempotency-key)",
        ),
        (posting("fund", "b@d -500 USD, till 1 USD"), "Invalid(account)"),
        (posting("fund", "purse -500 usd, till 1 USD"), "Invalid(amount)"),
        (
            NewPosting {
                description: "x".repeat(501),
                ..posting("fund", "a 1 USD, b 0 USD")
            },
            "Invalid(description)",
        ),
        (
            NewPosting {
                metadata: String::from("[]"),
                ..posting("fund", "a 1 USD, b 0 USD")
            },
            "Invalid(metadata)",
        ),
        (
            posting("fund", "purse -500 USD, till 1 USD"),
            "Unbalanced(\"USD\")",
        ),
        (posting("fund", "purse -1 USD, till 1 EUR"), "Unbalanced(\"EUR\")"),
        (posting("fund", &overflow), "KeyReused"),
        (posting("new", &overflow), "Insufficient(\"purse\")"),
        (posting("new", insufficient), "Insufficient(\"purse\")"),
        (posting("new", "till 1 USD, purse -1 USD"), "Overflow(\"till\")"),
        (
            posting(
                "new",
                &format!("a {MAX} USD, a {MAX} USD, b -{MAX} USD, b -{MAX} USD"),
            ),
            "Overflow(\"a\")",
        ),
        (posting("new", "other 100 USD, purse -100 USD"), "posted"),
        (posting("new", "other 100 USD, purse -100 USD"), "repeated"),
        (posting("new", "purse -100 USD, other 100 USD"), "KeyReused"),
        (posting("zero", "purse -0 USD, other 0 USD"), "posted"),
    ];
    for (row, (new, expected)) in table.into_iter().enumerate() {
        assert_eq!(describe(world.run(|work| post(work, new))), expected, "row {row}");
    }
    let negative = NewEntry {
        minor: -1,
        ..entry("a 1 USD")
    };
    let wrong_exponent = NewEntry {
        exponent: 3,
        ..entry("a 1 USD")
    };
    for bad in [negative, wrong_exponent] {
        let new = NewPosting {
            entries: vec![bad.clone(), bad],
            ..posting("new2", "a 0 USD")
        };
        assert_eq!(describe(world.run(|work| post(work, new))), "Invalid(amount)");
    }
    assert!(report(&world).is_clean(), "{:?}", report(&world));
}

#[test]
fn a_repeated_key_answers_with_the_first_posting() {
    let world = World::new();
    let new = NewPosting {
        metadata: String::from("{\"a\":1,\"b\":2}"),
        ..posting("k", "a -1 USD, b 1 USD")
    };
    let first = world.run(|work| post(work, new.clone())).unwrap().posting;
    assert_eq!(first.sequence, None);
    world.pass(std::time::Duration::from_secs(1));
    let respelled = NewPosting {
        metadata: String::from("{ \"b\": 2, \"a\": 1 }"),
        ..new
    };
    let second = world.run(|work| post(work, respelled)).unwrap();
    let settled = Posting {
        sequence: Some(1),
        ..first
    };
    assert_eq!(
        second,
        Posted {
            posting: settled.clone(),
            repeated: true
        }
    );
    let work = &mut world.work();
    assert_eq!(get(work, &settled.id).unwrap(), settled);
    assert_eq!(find(work, "k").unwrap(), settled);
    assert!(matches!(find(work, "l"), Err(LedgerError::NotFound)));
    assert_eq!(balance(work, "b", "USD").unwrap().minor, 1);
}

#[test]
fn a_work_sees_its_own_postings_in_balances_but_not_in_statements() {
    let world = World::new();
    world
        .run(|work| post(work, posting("1", "a -5 USD, b 5 USD")))
        .unwrap();
    let work = &mut world.work();
    let posted = post(work, posting("2", "a -2 USD, b 2 USD")).unwrap().posting;
    assert!(post(work, posting("2", "a -2 USD, b 2 USD")).unwrap().repeated);
    assert_eq!(get(work, &posted.id).unwrap(), posted);
    assert_eq!(balance(work, "b", "USD").unwrap().minor, 7);
    assert_eq!(balance(work, "b", "EUR").unwrap().minor, 0);
    assert_eq!(statement(work, "b", "USD", Page::first(10)).unwrap().total, 1);
    assert!(matches!(balance(work, "b", "eur"), Err(LedgerError::Invalid(_))));
}

#[test]
fn a_statement_carries_the_running_balance() {
    let world = World::new();
    for (number, entries) in [
        "a -5 USD, b 5 USD",
        "b -7 USD, a 7 USD",
        "b 1 EUR, a -1 EUR",
        "b 4 USD, b -1 USD, a -3 USD",
    ]
    .iter()
    .enumerate()
    {
        world
            .run(|work| post(work, posting(&number.to_string(), entries)))
            .unwrap();
    }
    let work = &mut world.work();
    let lines = |listing: crate::page::Listing<StatementLine>| {
        let line = |line: &StatementLine| {
            (
                line.sequence,
                line.direction,
                line.amount.minor,
                line.balance_after,
            )
        };
        listing.items.iter().map(line).collect::<Vec<_>>()
    };
    let all = statement(work, "b", "USD", Page::first(10)).unwrap();
    assert_eq!(all.total, 4);
    let (debit, credit) = (Direction::Debit, Direction::Credit);
    assert_eq!(
        lines(all),
        [
            (1, credit, 5, 5),
            (2, debit, 7, -2),
            (4, credit, 4, 2),
            (4, debit, 1, 1)
        ]
    );
    let page = Page {
        offset: 1,
        limit: 2,
        order: Order::NewestFirst,
    };
    assert_eq!(
        lines(statement(work, "b", "USD", page).unwrap()),
        [(4, credit, 4, 2), (2, debit, 7, -2)]
    );
    let page = Page {
        offset: u64::MAX,
        limit: 2,
        order: Order::OldestFirst,
    };
    assert_eq!(lines(statement(work, "b", "USD", page).unwrap()), []);

    let keys: Vec<String> = journal(work, Page::newest(2))
        .unwrap()
        .items
        .into_iter()
        .map(|posting| posting.idempotency_key)
        .collect();
    assert_eq!(keys, ["3", "2"]);
    let first = accounts(work, None, 1).unwrap();
    assert_eq!(
        (
            first[0].account.as_str(),
            first[0].balance.to_string(),
            first[0].lines
        ),
        ("a", "-0.01 EUR".into(), 1)
    );
    assert_eq!(accounts(work, first.last(), 10).unwrap().len(), 3);
}

#[test]
fn a_guard_is_on_the_account_in_every_currency_and_lets_debts_be_paid() {
    let world = World::new();
    let steps = [
        ("a -5 USD, b 5 USD", "posted"),
        ("guard a", ""),
        ("guard a", ""),
        ("a -1 USD, b 1 USD", "Insufficient(\"a\")"),
        ("a -1 EUR, b 1 EUR", "Insufficient(\"a\")"),
        ("a 3 USD, b -3 USD", "posted"),
        ("a -1 USD, b 1 USD", "Insufficient(\"a\")"),
        ("a 4 USD, b -4 USD", "posted"),
        // Only the whole counts, not the way there.
        ("a -9 USD, a 8 USD, b 1 USD", "posted"),
        ("a -2 USD, b 2 USD", "Insufficient(\"a\")"),
        ("a -1 USD, b 1 USD", "posted"),
    ];
    for (number, (step, expected)) in steps.into_iter().enumerate() {
        if let Some(account) = step.strip_prefix("guard ") {
            world.run(|work| guard(work, account)).unwrap();
        } else {
            let posted = world.run(|work| post(work, posting(&number.to_string(), step)));
            assert_eq!(describe(posted), expected, "{number}: {step}");
        }
    }
    assert!(report(&world).is_clean());
}

#[test]
fn postings_of_one_work_are_settled_together() {
    let world = World::new();
    world.run(|work| {
        for number in 0..3 {
            post(work, posting(&number.to_string(), "a -5 USD, b 5 USD")).unwrap();
        }
    });
    let report = report(&world);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(
        (report.postings, report.accounts, report.currencies["USD"]),
        (3, 2, 0)
    );
    assert_eq!(report.head_hash.len(), 64);
}

#[test]
fn two_works_that_post_to_one_account_both_commit() {
    let world = World::new();
    world
        .run(|work| post(work, posting("0", "a -1 USD, b 1 USD")))
        .unwrap();
    let (mut one, mut two) = (world.work(), world.work());
    post(&mut one, posting("1", "a -2 USD, b 2 USD")).unwrap();
    post(&mut two, posting("2", "a -3 USD, b 3 USD")).unwrap();
    two.commit().unwrap();
    one.commit().unwrap();
    world.host_run(|_| ());
    let lines = statement(&mut world.work(), "b", "USD", Page::first(10)).unwrap();
    let balances: Vec<i64> = lines.items.iter().map(|line| line.balance_after).collect();
    assert_eq!(balances, [1, 4, 6], "in the order of their commits");

    // The same key in both is another matter: only one of them may win.
    let (mut one, mut two) = (world.work(), world.work());
    for work in [&mut one, &mut two] {
        post(work, posting("3", "a -2 USD, b 2 USD")).unwrap();
    }
    one.commit().unwrap();
    assert!(matches!(two.commit(), Err(CommitError::Conflict { .. })));
}

#[test]
fn posting_to_a_busy_account_never_conflicts() {
    const THREADS: u64 = 4;
    const EACH: u64 = 50;
    let world = World::new();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let world = &world;
            scope.spawn(move || {
                for number in 0..EACH {
                    let mut work = world.work();
                    let entries = format!("customer{thread} -1 USD, revenue 1 USD");
                    post(&mut work, posting(&format!("{thread}-{number}"), &entries)).unwrap();
                    thread::yield_now();
                    work.commit().unwrap();
                }
            });
        }
    });
    world.host_run(|_| ());
    let work = &mut world.work();
    assert_eq!(
        balance(work, "revenue", "USD").unwrap().minor,
        (THREADS * EACH) as i64
    );
    let settle = world.store.applied();
    world.store.wait_durable(settle).unwrap();
    let report = report(&world);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.postings, THREADS * EACH);
}

#[test]
fn a_guarded_account_is_never_overdrawn_whoever_comes_at_the_same_time() {
    let world = World::new();
    world
        .run(|work| post(work, posting("fund", "bank -30 USD, purse 30 USD")))
        .unwrap();
    world.run(|work| guard(work, "purse")).unwrap();
    let (paid, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (world, paid, refused) = (&world, &paid, &refused);
            scope.spawn(move || {
                for number in 0..10 {
                    let key = format!("{thread}-{number}");
                    let spend = |work: &mut Work| post(work, posting(&key, "purse -1 USD, shop 1 USD"));
                    match world.run_among_others(spend) {
                        Ok(_) => paid.fetch_add(1, Ordering::Relaxed),
                        Err(crate::work::RunError::Refused(LedgerError::Insufficient(_))) => {
                            refused.fetch_add(1, Ordering::Relaxed)
                        }
                        Err(error) => panic!("{error:?}"),
                    };
                }
            });
        }
    });
    assert_eq!((paid.into_inner(), refused.into_inner()), (30, 10));
    assert_eq!(balance(&mut world.work(), "purse", "USD").unwrap().minor, 0);
    assert!(report(&world).is_clean());
}

#[test]
fn a_guard_conflicts_with_postings_that_did_not_see_it() {
    let world = World::new();
    let mut overdraw = world.work();
    post(&mut overdraw, posting("1", "a -1 USD, b 1 USD")).unwrap();
    world.run(|work| guard(work, "a")).unwrap();
    assert!(matches!(overdraw.commit(), Err(CommitError::Conflict { .. })));
}

#[test]
fn verification_names_the_place() {
    type Tamper = fn(&mut dyn KeySpace, Keys, &[PostingId]);
    fn edit(space: &mut dyn KeySpace, key: &[u8], from: &str, to: &str) {
        let before = String::from_utf8(space.get(key).unwrap().unwrap().to_vec()).unwrap();
        assert!(before.contains(from), "{before}");
        space
            .put(key.to_vec(), before.replacen(from, to, 1).into_bytes())
            .unwrap();
    }
    fn write_over(space: &mut dyn KeySpace, rows: &PackedRows, value: &[u8]) {
        rows.put(space, 2, value.to_vec()).unwrap();
    }
    let cases: [(&str, Tamper); 19] = [
        ("journal 2: the hash does not fit", |s, k, ids| {
            edit(s, &k.posting(&ids[1]), "1000", "2000");
        }),
        ("journal 2: the hash does not fit", |s, k, ids| {
            edit(s, &k.posting(&ids[1]), "\"d\"", "\"e\"");
        }),
        ("journal 2: the fingerprint does not fit", |s, k, ids| {
            edit(s, &k.posting(&ids[1]), "\"d\"", "\"e\"");
        }),
        ("journal 2: the posting", |s, k, ids| {
            s.delete(k.posting(&ids[1])).unwrap();
        }),
        ("journal 2: missing", |s, k, _| k.journal().delete(s, 2).unwrap()),
        ("journal 2: names no posting", |s, k, _| {
            write_over(s, &k.journal(), b"?");
        }),
        ("journal: a row is damaged", |s, k, _| {
            s.put(k.of(JOURNAL).number(0).build(), b"?".to_vec()).unwrap();
        }),
        ("journal: a key is not", |s, k, _| {
            k.journal().put(s, 0, b"?".to_vec()).unwrap();
        }),
        ("journal head: does not name", |s, k, _| {
            k.journal().delete(s, 3).unwrap();
        }),
        ("posting pst_", |s, k, _| k.journal().delete(s, 3).unwrap()),
        ("journal 2: the posting", |s, k, ids| {
            edit(s, &k.posting(&ids[1]), "\"sequence\":2", "\"sequence\":1");
        }),
        ("journal 2: the idempotency key", |s, k, _| {
            s.delete(k.idempotency("1")).unwrap();
        }),
        ("account a USD: the balance is", |s, k, _| {
            edit(s, &k.account("a", "USD"), "3000", "4000");
        }),
        ("account a USD line 2: does not fit", |s, k, _| {
            let line = LineRow {
                sequence: 2,
                entry: 0,
                balance_after: 5,
            };
            write_over(s, &k.lines("a", "USD"), &line.encode());
        }),
        ("account a USD line 2: does not fit", |s, k, _| {
            write_over(s, &k.lines("a", "USD"), b"?");
        }),
        ("account a USD line 2: is missing", |s, k, _| {
            k.lines("a", "USD").delete(s, 2).unwrap();
        }),
        ("account a USD line 9: is in no posting", |s, k, _| {
            k.lines("a", "USD").put(s, 9, b"?".to_vec()).unwrap();
        }),
        ("account a USD: the end", |s, k, _| {
            edit(s, &k.account("a", "USD"), "\"lines\":3", "\"lines\":4");
        }),
        ("account c USD: is in no posting", |s, k, _| {
            layout::put_json(s, k.account("c", "USD"), &AccountRow::default()).unwrap();
        }),
    ];
    for (expected, tamper) in cases {
        let world = World::new();
        let ids: Vec<PostingId> = (0..3)
            .map(|key: u32| {
                let new = posting(&key.to_string(), "a -1000 USD, b 1000 USD");
                world.run(|work| post(work, new)).unwrap().posting.id
            })
            .collect();
        assert!(report(&world).is_clean());
        let keys = Keys {
            tenant: world.acme.id,
        };
        world.host_run(|host| tamper(&mut host.transaction, keys, &ids));
        let report = report(&world);
        let told: Vec<String> = report
            .problems
            .iter()
            .map(|problem| format!("{}: {}", problem.place, problem.what))
            .collect();
        assert!(
            told.iter().any(|line| line.starts_with(expected)),
            "{expected}\n{told:#?}"
        );
        // What was changed is named, and what is behind it is not accused too.
        assert!(
            !told.iter().any(|line| line.starts_with("journal 3: the hash")),
            "{told:#?}"
        );
    }
}

/// One step of a random history: which key, and amounts that are moved between few accounts.
fn step() -> impl Strategy<Value = (u8, Vec<(u8, u8, i64, bool)>)> {
    let legs = prop::collection::vec((0_u8..4, 0_u8..4, 0_i64..1000, any::<bool>()), 1..4);
    (0_u8..12, legs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_history_adds_up(steps in prop::collection::vec(step(), 1..30)) {
        let world = World::new();
        world.run(|work| guard(work, "account0")).unwrap();
        for (key, legs) in steps {
            let leg = |(from, to, minor, dollars): &(u8, u8, i64, bool)| {
                let code = if *dollars { "USD" } else { "JPY" };
                [format!("account{from} -{minor} {code}"), format!("account{to} {minor} {code}")]
            };
            let entries: Vec<String> = legs.iter().flat_map(leg).collect();
            let new = posting(&format!("key{key}"), &entries.join(", "));
            let before = report(&world);
            let posted = world.run(|work| post(work, new.clone()));
            let after = report(&world);
            match posted {
                Ok(Posted { repeated: false, .. }) => {
                    prop_assert_eq!(after.postings, before.postings + 1);
                    let again = world.run(|work| post(work, new)).unwrap();
                    prop_assert!(again.repeated);
                    prop_assert_eq!(&report(&world), &after);
                }
                Ok(_) | Err(LedgerError::KeyReused(_) | LedgerError::Insufficient(_)) => {
                    prop_assert_eq!(&after, &before);
                }
                Err(error) => panic!("{error:?}"),
            }
            prop_assert!(after.is_clean(), "{:?}", after.problems);
            prop_assert!(after.currencies.values().all(|sum| *sum == 0));
            for code in ["USD", "JPY"] {
                prop_assert!(balance(&mut world.work(), "account0", code).unwrap().minor >= 0);
            }
        }
    }
}

#[test]
fn keys_of_the_hosts_postings_are_not_for_plugins() {
    let world = World::new();
    let entries = "a -5 USD, b 5 USD";
    for (key, expected) in [
        ("payment:pay_1:receipt:att_1", "Invalid(idempotency-key)"),
        ("operator:1", "Invalid(idempotency-key)"),
        ("payments:1", "posted"),
    ] {
        let posted =
            world.run(|work| Ok::<_, LedgerError>(describe(post_for_plugin(work, posting(key, entries)))));
        assert_eq!(posted.unwrap(), expected, "{key}");
    }
    assert!(
        world
            .run(|work| post(work, posting("payment:1", entries)))
            .is_ok()
    );
}
