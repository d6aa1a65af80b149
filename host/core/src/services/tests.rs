use super::*;
use crate::testing::{World, new_user};

/// A world with the users 1 and 2 in acme.
fn world() -> World {
    let world = World::new();
    for email in ["a@example.com", "b@example.com"] {
        world.run(|work| users::create(work, new_user(email))).unwrap();
    }
    world
}

fn new_service(user: u64) -> NewService {
    NewService {
        user: UserId(user),
        product: String::from("vps-1"),
        label: String::from("host.example.com"),
        external_ref: None,
        metadata: String::new(),
    }
}

/// Does one step, written as in the tables below.
fn act(work: &mut Work, id: &ServiceId, step: &str) -> Result<Service, ServiceError> {
    match step {
        "activate" => activate(work, id),
        "suspend operator" => suspend(work, id, Suspender::Operator),
        "suspend user" => suspend(work, id, Suspender::User),
        "suspend system" => suspend(work, id, Suspender::System),
        "lift operator" => unsuspend(work, id, Suspender::Operator),
        "lift user" => unsuspend(work, id, Suspender::User),
        "lift system" => unsuspend(work, id, Suspender::System),
        "terminate" => terminate(work, id),
        other => panic!("no such step: {other}"),
    }
}

fn describe(result: Result<Service, ServiceError>) -> String {
    match result {
        Ok(service) => match service.suspended_by {
            Some(by) => format!("{} by {by}", service.status),
            None => service.status.to_string(),
        },
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn the_state_machine() {
    // Steps from a new service on, then what the last one answers.
    let table = [
        ("activate", "active"),
        ("activate, activate", "active"),
        ("suspend user", "suspended by user"),
        ("suspend user, lift user", "pending"),
        ("activate, suspend user, lift user", "active"),
        ("activate, suspend user, lift operator", "active"),
        ("suspend user, activate", "suspended by user"),
        ("suspend user, activate, lift user", "active"),
        ("suspend user, suspend user", "suspended by user"),
        ("suspend user, suspend system", "suspended by user"),
        ("suspend user, suspend operator", "suspended by operator"),
        (
            "suspend user, suspend operator, lift user",
            "NotYoursToLift(Operator)",
        ),
        ("suspend system, suspend operator", "suspended by system"),
        ("suspend system, lift user", "NotYoursToLift(System)"),
        ("suspend system, lift system", "pending"),
        ("suspend operator, lift system", "NotYoursToLift(Operator)"),
        ("lift user", "pending"),
        ("activate, lift user", "active"),
        ("terminate", "terminated"),
        ("terminate, terminate", "terminated"),
        ("suspend user, terminate", "terminated"),
        ("terminate, activate", "WrongStatus(Terminated)"),
        ("terminate, suspend operator", "WrongStatus(Terminated)"),
        ("terminate, lift operator", "terminated"),
    ];
    let world = world();
    for (steps, expected) in table {
        let work = &mut world.work();
        let id = create(work, new_service(1)).unwrap().id;
        let answers: Vec<String> = steps
            .split(", ")
            .map(|step| describe(act(work, &id, step)))
            .collect();
        assert_eq!(answers.last().map(String::as_str), Some(expected), "{steps}");
    }
}

#[test]
fn history_tells_what_changed_and_nothing_else() {
    let world = world();
    let id = world.run(|work| create(work, new_service(1)).unwrap().id);
    let steps = [
        "activate",
        "activate",
        "suspend user",
        "suspend operator",
        "lift operator",
        "terminate",
    ];
    for step in steps {
        world.pass(std::time::Duration::from_secs(1));
        world.run(|work| act(work, &id, step)).unwrap();
    }
    let work = &mut world.work();
    let told: Vec<String> = history(work, &id)
        .unwrap()
        .iter()
        .map(|line| {
            let by = line.by.map_or("-", Suspender::as_str);
            format!(
                "{} {}>{} {by}",
                (line.at.0 - 1_000_000) / 1000,
                line.from,
                line.to
            )
        })
        .collect();
    let expected = [
        "1 pending>active -",
        "3 active>suspended user",
        "4 suspended>suspended operator",
        "5 suspended>active operator",
        "6 active>terminated -",
    ];
    assert_eq!(told, expected);
    let service = get(work, &id).unwrap();
    assert_eq!(service.terminated_at, Some(world.now()));
    assert_eq!(terminate(work, &id).unwrap(), service);
}

#[test]
fn services_belong_to_users_and_have_one_reference() {
    let world = world();
    assert!(matches!(
        world.run(|work| create(work, new_service(3))),
        Err(ServiceError::UnknownUser(UserId(3)))
    ));
    let with_ref = NewService {
        external_ref: Some(String::from("ct-100")),
        ..new_service(1)
    };
    let first = world.run(|work| create(work, with_ref.clone())).unwrap();
    match world.run(|work| create(work, with_ref)) {
        Err(ServiceError::ExternalRefTaken(id)) => assert_eq!(id, first.id),
        other => panic!("{other:?}"),
    }
    assert_eq!(find_by_external_ref(&mut world.work(), "ct-100").unwrap(), first);

    terminate(&mut world.work(), &first.id).unwrap();
    let changes = ServiceChanges {
        metadata: Some(String::from("{\"wiped\":true}")),
        ..ServiceChanges::default()
    };
    let updated = world
        .run(|work| update(work, &first.id, changes.clone()))
        .unwrap();
    assert_eq!(
        (updated.metadata.as_str(), updated.product.as_str()),
        ("{\"wiped\":true}", "vps-1")
    );
    assert_eq!(
        world.run(|work| update(work, &first.id, changes)).unwrap(),
        updated
    );
}

#[test]
fn totals_are_exact_for_every_filter() {
    let world = world();
    for (user, steps) in [
        (1, ""),
        (1, "activate"),
        (2, "activate"),
        (1, "terminate"),
        (2, "suspend user"),
    ] {
        world.run(|work| {
            let id = create(work, new_service(user)).unwrap().id;
            steps
                .split_terminator(", ")
                .for_each(|step| drop(act(work, &id, step).unwrap()));
        });
    }
    let (one, active) = (Some(UserId(1)), Some(Status::Active));
    let cases = [
        (None, None, 5),
        (one, None, 3),
        (Some(UserId(2)), None, 2),
        (Some(UserId(9)), None, 0),
        (None, active, 2),
        (None, Some(Status::Suspended), 1),
        (one, active, 1),
        (one, Some(Status::Suspended), 0),
    ];
    let work = &mut world.work();
    for (user, status, total) in cases {
        let listing = list(work, ServiceFilter { user, status }, Page::first(1)).unwrap();
        assert_eq!(listing.total, total, "{user:?} {status:?}");
        assert_eq!(listing.items.len() as u64, total.min(1));
    }
}
