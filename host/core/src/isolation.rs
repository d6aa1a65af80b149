//! What one tenant writes, another one does not find: every primitive that acts inside a tenant, in one place.

use mooring_manifest::{Collection, Setting, SettingKind};

use crate::events::{self, NewEvent};
use crate::jobs::{self, NewJob};
use crate::ledger::{self, Direction, NewEntry, NewPosting};
use crate::money::{Amount, Currency};
use crate::page::Page;
use crate::records;
use crate::seal::MasterKeys;
use crate::services::{self, NewService, ServiceFilter};
use crate::settings;
use crate::testing::{World, new_user};
use crate::time::Timestamp;
use crate::users;
use crate::work::Work;

const ALL: Page = Page::first(500);

#[test]
fn a_tenant_does_not_find_what_another_one_wrote() {
    let world = World::new();
    let written = world.run(write_everything);
    let globex = &mut world.work_of(&world.globex, "alpha");
    assert_eq!(found(globex, &written), [""; 0]);
    let acme = &mut world.work();
    assert_eq!(
        found(acme, &written).len(),
        24,
        "what its own tenant finds: {:?}",
        found(acme, &written)
    );
}

#[test]
fn a_tenant_can_have_the_same_unique_values_as_another_one() {
    let world = World::new();
    world.run(write_everything);
    let globex = &mut world.work_of(&world.globex, "alpha");
    let written = write_everything(globex);
    assert_eq!(written.user.id.0, 1);
    assert_eq!(found(globex, &written).len(), 24);
}

struct Written {
    user: users::User,
    service: services::Service,
    posting: ledger::Posting,
    job: crate::ids::JobId,
    event: events::Event,
}

fn write_everything(work: &mut Work) -> Written {
    let user = users::NewUser {
        external_ref: Some(String::from("ref")),
        ..new_user("a@example.com")
    };
    let user = users::create(work, user).unwrap();
    let service = NewService {
        user: user.id,
        product: String::new(),
        label: String::new(),
        external_ref: Some(String::from("ref")),
        metadata: String::new(),
    };
    let service = services::create(work, service).unwrap();
    let service = services::activate(work, &service.id).unwrap();
    let euro = Amount::new(100, Currency::parse("EUR").unwrap());
    let posting = NewPosting {
        idempotency_key: String::from("key"),
        description: String::new(),
        entries: vec![
            NewEntry::new("a", Direction::Debit, euro),
            NewEntry::new("b", Direction::Credit, euro),
        ],
        metadata: String::new(),
    };
    let posting = ledger::post(work, posting).unwrap().posting;
    records::create(work, &collections(), "plans", "p1", "{}").unwrap();
    let job = NewJob {
        kind: String::from("renew"),
        payload: String::from("{}"),
        run_at: Timestamp(0),
        attempts_max: 0,
        dedupe_key: Some(String::from("key")),
    };
    let scheduled = jobs::schedule(work, job).unwrap();
    assert!(!scheduled.repeated);
    let event = NewEvent {
        kind: String::from("paid"),
        subject: String::new(),
        data: String::from("{}"),
        dedupe_key: Some(String::from("key")),
        deliver: false,
    };
    let emitted = events::emit(work, event).unwrap();
    assert!(!emitted.repeated);
    settings::set(work, &declared(), &MasterKeys::new([1; 32], []), "color", "red").unwrap();
    Written {
        user,
        service,
        posting,
        job: scheduled.id,
        event: emitted.event,
    }
}

/// The names of everything through which something of `written` can be reached.
fn found(work: &mut Work, written: &Written) -> Vec<&'static str> {
    let tenant = work.tenant().id;
    let Written {
        user,
        service,
        posting,
        job,
        event,
    } = written;
    let filter = |user, status| ServiceFilter { user, status };
    let (owner, status) = (Some(user.id), Some(service.status));
    let reached = [
        ("user by id", users::get(work, user.id).is_ok()),
        ("user by e-mail", users::find_by_email(work, &user.email).is_ok()),
        (
            "user by reference",
            users::find_by_external_ref(work, "ref").is_ok(),
        ),
        ("users", users::list(work, ALL).unwrap().total > 0),
        (
            "user's change",
            users::update(work, user.id, users::UserChanges::default()).is_ok(),
        ),
        ("service by id", services::get(work, &service.id).is_ok()),
        (
            "service by reference",
            services::find_by_external_ref(work, "ref").is_ok(),
        ),
        (
            "services",
            services::list(work, filter(None, None), ALL).unwrap().total > 0,
        ),
        (
            "services by user",
            services::list(work, filter(owner, None), ALL).unwrap().total > 0,
        ),
        (
            "services by status",
            services::list(work, filter(None, status), ALL).unwrap().total > 0,
        ),
        (
            "services by both",
            services::list(work, filter(owner, status), ALL).unwrap().total > 0,
        ),
        ("service's step", services::activate(work, &service.id).is_ok()),
        ("service's history", services::history(work, &service.id).is_ok()),
        ("posting by id", ledger::get(work, &posting.id).is_ok()),
        ("posting by key", ledger::find(work, "key").is_ok()),
        ("balance", ledger::balance(work, "b", "EUR").unwrap().minor != 0),
        (
            "document",
            records::get(work, &collections(), "plans", "p1").is_ok(),
        ),
        (
            "documents",
            records::list(work, &collections(), "plans", None, ALL)
                .unwrap()
                .total
                > 0,
        ),
        ("event by id", events::get(work, &event.id).is_ok()),
        ("event by key", events::find(work, "key").is_ok()),
        ("events", events::list(work, None, ALL).unwrap().total > 0),
        (
            "events of all plugins",
            events::list_any(work, tenant, None, ALL).unwrap().total > 0,
        ),
        (
            "setting",
            settings::get(work, &declared(), "color").unwrap().is_some(),
        ),
        ("job", jobs::cancel(work, job).is_ok()),
    ];
    reached
        .into_iter()
        .filter(|(_, reached)| *reached)
        .map(|(name, _)| name)
        .collect()
}

fn collections() -> Vec<Collection> {
    vec![Collection {
        name: String::from("plans"),
        indexes: Vec::new(),
    }]
}

fn declared() -> Vec<Setting> {
    let (name, summary) = (String::from("color"), String::new());
    vec![Setting {
        name,
        kind: SettingKind::Text,
        default: None,
        summary,
    }]
}
