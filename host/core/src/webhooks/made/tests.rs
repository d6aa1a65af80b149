use std::sync::Arc;

use mooring_manifest::{Manifest, Webhook};

use super::*;
use crate::events::{self, NewEvent};
use crate::settings;
use crate::testing::World;
use crate::webhooks::dispatch::about;
use crate::webhooks::{dispatch, operate, rotate, secrets};

fn keys() -> MasterKeys {
    MasterKeys::new([1; 32], [])
}

fn manifest() -> Arc<Manifest> {
    let webhook = Webhook {
        name: String::from("main"),
        url_setting: String::from("url"),
        secret_setting: None,
        kinds: Vec::new(),
        timeout_ms: 10_000,
        retry_seconds: vec![30],
        ordered: false,
        headers: Vec::new(),
    };
    let setting = mooring_manifest::Setting {
        name: String::from("url"),
        kind: mooring_manifest::SettingKind::Url,
        default: None,
        summary: String::new(),
        schema: None,
    };
    Arc::new(Manifest {
        settings: vec![setting],
        webhooks: vec![webhook],
        ..Manifest::default()
    })
}

fn new(url: &str, kinds: &[&str], subject: Option<&str>) -> NewEndpoint {
    NewEndpoint {
        webhook: String::from("main"),
        url: url.to_owned(),
        kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
        subject: subject.map(str::to_owned),
        own_secret: true,
    }
}

fn made_one(world: &World, new: NewEndpoint) -> (EndpointId, String) {
    let (endpoint, secret) = world
        .run(|work| make(work, &manifest(), &keys(), new.clone()))
        .unwrap();
    (endpoint.id, secret.unwrap())
}

/// Emits an event, and gives how many deliveries there are to each of these endpoints then.
fn emit(world: &World, kind: &str, subject: &str, to: &[&EndpointId]) -> Vec<u64> {
    let new = NewEvent {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        data: String::from("{}"),
        dedupe_key: None,
        deliver: true,
    };
    world.run(|work| events::emit(work, new.clone())).unwrap();
    world.host_run(|host| {
        let rows = events::outbox(host, 100).unwrap();
        dispatch(host, &rows, &|_| Some(manifest())).unwrap();
    });
    let total = |id: &EndpointId| {
        world.run(|work| deliveries_of(work, Some(id), None, Page::first(1)).unwrap().total)
    };
    to.iter().map(|id| total(id)).collect()
}

#[test]
fn each_endpoint_gets_the_kinds_and_the_subject_that_it_asked_for() {
    let world = World::new();
    let (all, _) = made_one(&world, new("https://a.example/", &[], None));
    let (paid, _) = made_one(&world, new("https://b.example/", &["invoice.*"], None));
    let (one, _) = made_one(&world, new("https://c.example/", &[], Some("sub_1")));
    let to = [&all, &paid, &one];
    assert_eq!(emit(&world, "invoice.paid", "sub_1", &to), [1, 1, 1]);
    assert_eq!(emit(&world, "user.made", "sub_2", &to), [2, 1, 1]);
    assert_eq!(world.run(|work| own(work, Page::first(10))).unwrap().total, 2);
    world.run(|work| remove(work, &all)).unwrap();
    let again = world.run(|work| remove(work, &all));
    assert!(matches!(again, Err(WebhookError::NoEndpoint)));
    assert_eq!(emit(&world, "invoice.paid", "sub_1", &to), [2, 2, 2]);
    assert_eq!(world.run(|work| own(work, Page::first(10))).unwrap().total, 1);
}

#[test]
fn a_secret_is_its_own_and_the_one_before_signs_beside_it() {
    let world = World::new();
    let (id, first) = made_one(&world, new("https://a.example/", &[], None));
    let (_, other) = made_one(&world, new("https://a.example/", &[], None));
    assert_ne!(first, other);
    let second = world.run(|work| renew_secret(work, &id, &keys())).unwrap();
    let signs = world.run(|work| {
        let endpoint = made(work, &id).unwrap();
        secrets(work, &endpoint, &manifest(), &keys()).unwrap()
    });
    assert_eq!((signs.newest, signs.previous), (Some(second), vec![first]));
}

#[test]
fn bad_addresses_and_too_many_are_refused() {
    let world = World::new();
    for url in [
        "",
        "ftp://a.example/",
        "https://",
        "https://u@a.example/",
        "https://a.example/#x",
        "/hook",
    ] {
        let refused = world.run(|work| make(work, &manifest(), &keys(), new(url, &[], None)));
        assert!(matches!(refused, Err(WebhookError::Invalid(_))), "{url}");
    }
    let undeclared = NewEndpoint {
        webhook: String::from("nobody"),
        ..new("https://a.example/", &[], None)
    };
    let refused = world.run(|work| make(work, &manifest(), &keys(), undeclared.clone()));
    assert!(matches!(refused, Err(WebhookError::Undeclared(_))));
    for _ in 0..MADE_MAX {
        made_one(&world, new("https://a.example/", &[], None));
    }
    let refused = world.run(|work| make(work, &manifest(), &keys(), new("https://a.example/", &[], None)));
    assert!(matches!(refused, Err(WebhookError::TooMany(MADE_MAX))));
}

#[test]
fn who_has_switched_an_endpoint_off_decides_who_switches_it_on() {
    let world = World::new();
    let (id, _) = made_one(&world, new("https://a.example/", &[], None));
    let switched = |on: bool| {
        let changes = EndpointChanges {
            enabled: Some(on),
            ..EndpointChanges::default()
        };
        let endpoint = world.run(|work| change(work, &id, changes.clone())).unwrap();
        (endpoint.health, endpoint.disabled.map(|disabled| disabled.by))
    };
    let off = |by| (Health::Disabled, Some(by));
    assert_eq!(switched(false), off(DisabledBy::Plugin));
    assert_eq!(switched(true), (Health::Healthy, None));
    world.host_run(|host| operate::disable(host, &id)).unwrap();
    assert_eq!(switched(true), off(DisabledBy::Operator));
    assert_eq!(switched(false), off(DisabledBy::Operator));
    world.host_run(|host| operate::enable(host, &id)).unwrap();
    assert_eq!(switched(false), off(DisabledBy::Plugin));
    let moved = EndpointChanges {
        url: Some(String::from("https://b.example/")),
        ..EndpointChanges::default()
    };
    let moved = world.run(|work| change(work, &id, moved.clone())).unwrap();
    assert_eq!(
        moved.health,
        Health::Disabled,
        "another address is no wish to be called"
    );
    world.run(|work| remove(work, &id)).unwrap();
    let revived = world.host_run(|host| operate::enable(host, &id));
    assert!(
        matches!(revived, Err(WebhookError::NoEndpoint)),
        "it was taken back"
    );
}

#[test]
fn enabling_is_another_chance_for_one_that_was_suspended() {
    let world = World::new();
    let (id, _) = made_one(&world, new("https://a.example/", &[], None));
    world.run(|work| {
        let before = made(work, &id).unwrap();
        let mut endpoint = before.clone();
        endpoint.health = Health::Suspended;
        save_endpoint(work, Some(&before), &mut endpoint).unwrap();
    });
    let changes = EndpointChanges {
        enabled: Some(true),
        ..EndpointChanges::default()
    };
    let endpoint = world.run(|work| change(work, &id, changes.clone())).unwrap();
    assert_eq!(endpoint.health, Health::Healthy);
}

#[test]
fn those_that_sign_with_the_setting_are_rotated_with_it() {
    let world = World::new();
    let mut signing = Manifest::clone(&manifest());
    signing.webhooks[0].secret_setting = Some(String::from("secret"));
    signing.settings.push(mooring_manifest::Setting {
        name: String::from("secret"),
        kind: mooring_manifest::SettingKind::Secret,
        default: None,
        summary: String::new(),
        schema: None,
    });
    let shared = NewEndpoint {
        own_secret: false,
        ..new("https://a.example/", &[], None)
    };
    let id = world.run(|work| {
        for (name, value) in [("url", "https://m.example/"), ("secret", "first")] {
            settings::set(work, &signing.settings, &keys(), name, value).unwrap();
        }
        let (tenant, plugin) = (work.tenant().clone(), work.plugin().clone());
        super::super::sync(work, &tenant, &plugin, &signing).unwrap();
        make(work, &signing, &keys(), shared.clone()).unwrap().0.id
    });
    world.run(|work| {
        let (tenant, plugin) = (work.tenant().id, work.plugin().clone());
        let all = all_of(work, tenant, &plugin).unwrap();
        let own = all.iter().find(|endpoint| !endpoint.is_made()).unwrap();
        rotate(work, &own.id, &signing, &keys(), "second", OVERLAP_DEFAULT).unwrap();
    });
    let signs = world.run(|work| {
        let endpoint = made(work, &id).unwrap();
        secrets(work, &endpoint, &signing, &keys()).unwrap()
    });
    let wanted = (Some(String::from("second")), vec![String::from("first")]);
    assert_eq!((signs.newest, signs.previous), wanted);
}

#[test]
fn those_about_one_thing_are_many_and_found_by_it() {
    let world = World::new();
    let url = "https://a.example/";
    let mut ids = Vec::new();
    for number in 0..=MADE_MAX {
        ids.push(made_one(&world, new(url, &[], Some(&format!("sub_{number}")))).0);
    }
    let (acme, alpha) = (world.acme.id, crate::testing::plugin_name("alpha"));
    let found = |subject: &str| {
        world.host_run(|host| {
            let found = about(host, acme, &alpha, subject).unwrap();
            found.into_iter().map(|endpoint| endpoint.id).collect::<Vec<_>>()
        })
    };
    assert_eq!(found("sub_200"), ids[200..]);
    assert_eq!(found("sub_20"), ids[20..21]);
    world.run(|work| remove(work, &ids[20])).unwrap();
    assert_eq!(found("sub_20"), []);
    // They take no place of those that all events go to, and one subject has its own limit.
    for _ in 0..MADE_MAX {
        made_one(&world, new(url, &[], None));
        made_one(&world, new(url, &[], Some("sub_20")));
    }
    for subject in [None, Some("sub_20")] {
        let refused = world.run(|work| make(work, &manifest(), &keys(), new(url, &[], subject)));
        assert!(matches!(refused, Err(WebhookError::TooMany(MADE_MAX))));
    }
}
