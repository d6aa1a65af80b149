use std::thread;

use super::*;
use crate::page::Order;
use crate::testing::{World, new_user};

fn refusal(result: Result<User, UserError>) -> String {
    format!("{:?}", result.unwrap_err())
}

#[test]
fn a_user_is_made_once() {
    let world = World::new();
    let new = NewUser {
        email: String::from(" Ann@Example.com "),
        name: String::from("Ann"),
        external_ref: Some(String::from("c-7")),
        metadata: String::from("{\"vip\": true}"),
        ..NewUser::default()
    };
    let ann = world.run(|work| create(work, new.clone())).unwrap();
    assert_eq!(
        (ann.id, ann.email.as_str(), ann.role.as_str()),
        (UserId(1), "Ann@Example.com", ROLE_DEFAULT)
    );
    assert_eq!(
        (ann.metadata.as_str(), ann.has_password()),
        ("{\"vip\": true}", false)
    );

    assert_eq!(
        refusal(world.run(|work| create(work, new))),
        "EmailTaken(UserId(1))"
    );
    assert_eq!(
        refusal(world.run(|work| create(work, new_user("ANN@example.COM")))),
        "EmailTaken(UserId(1))"
    );
    let same_ref = NewUser {
        external_ref: Some(String::from("c-7")),
        ..new_user("b@example.com")
    };
    assert_eq!(
        refusal(world.run(|work| create(work, same_ref))),
        "ExternalRefTaken(UserId(1))"
    );

    let work = &mut world.work();
    assert_eq!(get(work, UserId(1)).unwrap(), ann);
    assert_eq!(find_by_email(work, "  aNN@example.com").unwrap(), ann);
    assert_eq!(find_by_external_ref(work, "c-7").unwrap(), ann);
    assert_eq!(refusal(get(work, UserId(2))), "NotFound");
    assert_eq!(refusal(find_by_email(work, "nobody@example.com")), "NotFound");
}

#[test]
fn values_that_break_a_rule_are_refused_by_name() {
    let long = "x".repeat(201);
    let user = || new_user("a@example.com");
    let cases = [
        ("email", new_user("nobody")),
        (
            "name",
            NewUser {
                name: long.clone(),
                ..user()
            },
        ),
        (
            "role",
            NewUser {
                role: Some(String::new()),
                ..user()
            },
        ),
        (
            "password",
            NewUser {
                password: Some(String::from("short")),
                ..user()
            },
        ),
        (
            "password",
            NewUser {
                password: Some(long.clone()),
                ..user()
            },
        ),
        (
            "external-ref",
            NewUser {
                external_ref: Some(String::new()),
                ..user()
            },
        ),
        (
            "metadata",
            NewUser {
                metadata: String::from("[]"),
                ..user()
            },
        ),
    ];
    let world = World::new();
    for (field, new) in cases {
        match create(&mut world.work(), new) {
            Err(UserError::Invalid(invalid)) => assert_eq!(invalid.field, field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn changes_leave_the_rest_as_it_is() {
    let world = World::new();
    let ann = world
        .run(|work| create(work, new_user("ann@example.com")))
        .unwrap();
    world
        .run(|work| create(work, new_user("bob@example.com")))
        .unwrap();
    world.pass(std::time::Duration::from_secs(1));

    let unchanged = world
        .run(|work| update(work, ann.id, UserChanges::default()))
        .unwrap();
    assert_eq!(unchanged, ann);
    let changes = UserChanges {
        email: Some(String::from("Anna@example.com")),
        external_ref: Some(String::from("c-1")),
        ..UserChanges::default()
    };
    let anna = world.run(|work| update(work, ann.id, changes.clone())).unwrap();
    assert_eq!(
        (anna.email.as_str(), anna.created_at),
        ("Anna@example.com", ann.created_at)
    );
    assert_eq!(anna.updated_at, world.now());
    assert_eq!(world.run(|work| update(work, ann.id, changes)).unwrap(), anna);

    // Her old address is free again, her new one is not.
    world
        .run(|work| create(work, new_user("ann@example.com")))
        .unwrap();
    let taken = UserChanges {
        email: Some(String::from("ANNA@example.com")),
        ..UserChanges::default()
    };
    assert_eq!(
        refusal(world.run(|work| update(work, UserId(2), taken))),
        "EmailTaken(UserId(1))"
    );
    let recased = UserChanges {
        email: Some(String::from("ANNA@example.com")),
        ..UserChanges::default()
    };
    assert_eq!(
        world.run(|work| update(work, UserId(1), recased)).unwrap().email,
        "ANNA@example.com"
    );
}

#[test]
fn passwords_are_verified() {
    let world = World::new();
    let with = NewUser {
        password: Some(String::from("correct horse")),
        ..new_user("a@example.com")
    };
    world.run(|work| create(work, with)).unwrap();
    world.run(|work| create(work, new_user("b@example.com"))).unwrap();
    let work = &mut world.work();
    assert!(get(work, UserId(1)).unwrap().has_password());
    assert!(verify_password(work, UserId(1), "correct horse").unwrap());
    assert!(!verify_password(work, UserId(1), "wrong horse").unwrap());
    assert!(!verify_password(work, UserId(2), "correct horse").unwrap());
    assert!(!verify_password(work, UserId(2), "nobody's password").unwrap());
    assert!(matches!(
        verify_password(work, UserId(3), "nobody's password"),
        Err(UserError::NotFound)
    ));

    let changes = UserChanges {
        password: Some(String::from("battery staple")),
        ..UserChanges::default()
    };
    world.run(|work| update(work, UserId(1), changes)).unwrap();
    assert!(verify_password(&mut world.work(), UserId(1), "battery staple").unwrap());
}

#[test]
fn a_run_that_is_repeated_draws_the_same() {
    let world = World::new();
    let draws = world.draws();
    let run = || {
        let mut work = Work::write(
            &world.store,
            &draws,
            &world.acme,
            &crate::testing::plugin_name("alpha"),
        );
        let new = NewUser {
            password: Some(String::from("correct horse")),
            ..new_user("a@example.com")
        };
        (create(&mut work, new).unwrap(), work.random(16))
    };
    assert_eq!(run(), run());
}

#[test]
fn lists_are_exact() {
    let world = World::new();
    for number in 1..=5 {
        world
            .run(|work| create(work, new_user(&format!("u{number}@example.com"))))
            .unwrap();
    }
    let work = &mut world.work();
    let ids = |listing: Listing<User>| listing.items.iter().map(|user| user.id.0).collect::<Vec<_>>();
    let all = list(work, Page::first(3)).unwrap();
    assert_eq!((all.total, ids(all)), (5, vec![1, 2, 3]));
    let page = Page {
        offset: 1,
        limit: 2,
        order: Order::NewestFirst,
    };
    assert_eq!(ids(list(work, page).unwrap()), [4, 3]);
    assert_eq!(
        ids(list(
            work,
            Page {
                offset: u64::MAX,
                ..page
            }
        )
        .unwrap()),
        [0; 0]
    );
    assert!(matches!(list(work, Page::first(0)), Err(UserError::Invalid(_))));
}

#[test]
fn ids_are_gapless_whoever_comes_at_the_same_time() {
    const THREADS: u64 = 4;
    const EACH: u64 = 25;
    let world = World::new();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let world = &world;
            scope.spawn(move || {
                for number in 0..EACH {
                    let email = format!("u{thread}-{number}@example.com");
                    world
                        .run_among_others(|work| create(work, new_user(&email)))
                        .unwrap();
                }
            });
        }
    });
    let listing = list(&mut world.work(), Page::first(500)).unwrap();
    let ids: Vec<u64> = listing.items.iter().map(|user| user.id.0).collect();
    assert_eq!(ids, (1..=THREADS * EACH).collect::<Vec<_>>());
}
