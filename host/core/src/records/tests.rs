use super::*;
use crate::page::Page;
use crate::testing::{World, plugin_name};

fn declared() -> Vec<mooring_manifest::Collection> {
    let index = |name: &str, pointer: &str, unique| mooring_manifest::Index {
        name: name.to_owned(),
        pointer: pointer.to_owned(),
        unique,
    };
    let plans = mooring_manifest::Collection {
        name: String::from("plans"),
        indexes: vec![index("slug", "/slug", true), index("tier", "/spec/tier", false)],
        operated: None,
    };
    vec![
        plans,
        mooring_manifest::Collection {
            name: String::from("notes"),
            indexes: Vec::new(),
            operated: None,
        },
    ]
}

fn by(index: &str, value: &str) -> IndexValue {
    IndexValue {
        index: index.to_owned(),
        value: value.to_owned(),
    }
}

#[test]
fn documents_are_made_replaced_and_removed() {
    let (world, declared) = (World::new(), declared());
    let made = world
        .run(|work| create(work, &declared, "plans", "p1", "{\"slug\": \"s\"}"))
        .unwrap();
    assert_eq!(made.data.as_str(), "{\"slug\": \"s\"}");
    let again = world.run(|work| create(work, &declared, "plans", "p1", "{}"));
    assert!(matches!(again, Err(RecordError::Exists)));
    world.pass(std::time::Duration::from_secs(1));
    let put = world
        .run(|work| put(work, &declared, "plans", "p1", "{\"slug\":\"t\"}"))
        .unwrap();
    assert_eq!((put.created_at, put.updated_at), (made.created_at, world.now()));
    assert_eq!(get(&mut world.work(), &declared, "plans", "p1").unwrap(), put);
    assert!(matches!(
        get(&mut world.work(), &declared, "notes", "p1"),
        Err(RecordError::NotFound)
    ));
    world.run(|work| delete(work, &declared, "plans", "p1")).unwrap();
    let second = world.run(|work| delete(work, &declared, "plans", "p1"));
    assert!(matches!(second, Err(RecordError::NotFound)));
}

#[test]
fn what_is_not_declared_or_not_an_object_is_refused() {
    let (world, declared) = (World::new(), declared());
    let work = &mut world.work();
    let unknown = get(work, &declared, "users", "1");
    assert!(matches!(unknown, Err(RecordError::UnknownCollection(name)) if name == "users"));
    let filter = by("color", "red");
    let unknown = list(work, &declared, "plans", Some(&filter), Page::first(1));
    assert!(matches!(unknown, Err(RecordError::UnknownIndex(name)) if name == "color"));
    for (id, data) in [("", "{}"), (&"x".repeat(201), "{}"), ("a", "[]"), ("a", "")] {
        assert!(
            matches!(
                put(work, &declared, "plans", id, data),
                Err(RecordError::Invalid(_))
            ),
            "{id} {data}"
        );
    }
}

#[test]
fn indexes_find_scalars() {
    let (world, declared) = (World::new(), declared());
    let long = "x".repeat(10_000);
    let documents = [
        ("1", String::from("{\"spec\":{\"tier\":\"gold\"}}")),
        ("2", String::from("{\"spec\":{\"tier\":5}}")),
        ("3", String::from("{\"spec\":{\"tier\":\"5\"}}")),
        ("4", String::from("{\"spec\":{\"tier\":true}}")),
        ("5", String::from("{\"spec\":{\"tier\":null}}")),
        ("6", String::from("{\"spec\":{\"tier\":[\"gold\"]}}")),
        ("7", format!("{{\"spec\":{{\"tier\":\"{long}\"}}}}")),
        ("8", format!("{{\"spec\":{{\"tier\":\"{long}y\"}}}}")),
    ];
    for (id, data) in &documents {
        world.run(|work| put(work, &declared, "plans", id, data)).unwrap();
    }
    let work = &mut world.work();
    let cases: [(&str, &[&str]); 6] = [
        ("gold", &["1"]),
        ("5", &["2", "3"]),
        ("true", &["4"]),
        ("null", &[]),
        ("", &[]),
        (&long, &["7"]),
    ];
    for (value, ids) in cases {
        let found = list(
            work,
            &declared,
            "plans",
            Some(&by("tier", value)),
            Page::first(10),
        )
        .unwrap();
        assert_eq!(
            found
                .items
                .iter()
                .map(|record| record.id.as_str())
                .collect::<Vec<_>>(),
            ids
        );
        assert_eq!(found.total, ids.len() as u64);
    }
    assert_eq!(
        list(work, &declared, "plans", None, Page::first(3))
            .unwrap()
            .total,
        8
    );
}

#[test]
fn unique_values_have_one_owner() {
    let (world, declared) = (World::new(), declared());
    world
        .run(|work| create(work, &declared, "plans", "p1", "{\"slug\":\"s\"}"))
        .unwrap();
    match world.run(|work| create(work, &declared, "plans", "p2", "{\"slug\":\"s\"}")) {
        Err(RecordError::Taken { index, id }) => assert_eq!((index.as_str(), id.as_str()), ("slug", "p1")),
        other => panic!("{other:?}"),
    }
    world
        .run(|work| put(work, &declared, "plans", "p1", "{}"))
        .unwrap();
    world
        .run(|work| create(work, &declared, "plans", "p2", "{\"slug\":\"s\"}"))
        .unwrap();
    let found = list(
        &mut world.work(),
        &declared,
        "plans",
        Some(&by("slug", "s")),
        Page::first(9),
    )
    .unwrap();
    assert_eq!(found.items[0].id, "p2");
}

#[test]
fn documents_come_into_indexes_that_were_declared_later() {
    let (world, declared) = (World::new(), declared());
    let mut without = declared.clone();
    without[0].indexes.clear();
    for id in ["p1", "p2", "p3"] {
        let data = "{\"spec\":{\"tier\":\"gold\"}}";
        world
            .run(|work| create(work, &without, "plans", id, data))
            .unwrap();
    }
    let gold = by("tier", "gold");
    let total = |world: &World| {
        list(&mut world.work(), &declared, "plans", Some(&gold), Page::first(9))
            .unwrap()
            .total
    };
    assert_eq!(total(&world), 0);
    assert_eq!(
        world.run(|work| reindex(work, &declared, "plans", 0, 2)).unwrap(),
        2
    );
    assert_eq!(
        world.run(|work| reindex(work, &declared, "plans", 2, 2)).unwrap(),
        1
    );
    assert_eq!(total(&world), 3);
    world.run(|work| reindex(work, &without, "plans", 0, 9)).unwrap();
    assert_eq!(total(&world), 0);
}

#[test]
fn numbers_are_drawn_once_and_again_by_a_rerun() {
    let world = World::new();
    let draw = |work: &mut Work| next_number(work, "invoices").unwrap();
    assert_eq!(world.run(draw), 1);
    let draws = world.draws();
    let mut first = Work::write(&world.store, &draws, &world.acme, &plugin_name("alpha"));
    assert_eq!((draw(&mut first), draw(&mut first)), (2, 3));
    drop(first);
    let mut again = Work::write(&world.store, &draws, &world.acme, &plugin_name("alpha"));
    assert_eq!((draw(&mut again), draw(&mut again), draw(&mut again)), (2, 3, 4));
    assert_eq!(world.run(draw), 5);
    assert_eq!(world.run(|work| next_number(work, "payments").unwrap()), 1);
    assert_eq!(draw(&mut world.work_of(&world.globex, "alpha")), 1);
    assert_eq!(draw(&mut world.work_of(&world.acme, "beta")), 1);
}

#[test]
fn a_sequence_has_a_plain_name() {
    let world = World::new();
    for name in ["", "Invoices", "a_b", "ä", &"x".repeat(101)] {
        let refused = world.run(|work| next_number(work, name));
        assert!(matches!(refused, Err(RecordError::Invalid(_))), "{name}");
    }
}
