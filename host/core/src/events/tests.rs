use super::*;
use crate::testing::{World, plugin_name};

fn new_event(kind: &str, dedupe_key: Option<&str>, deliver: bool) -> NewEvent {
    NewEvent {
        kind: kind.to_owned(),
        subject: String::from("inv-1"),
        data: String::from("{\"total\":1}"),
        dedupe_key: dedupe_key.map(str::to_owned),
        deliver,
    }
}

#[test]
fn an_event_with_a_dedupe_key_is_recorded_once() {
    let world = World::new();
    let first = world
        .run(|work| emit(work, new_event("invoice.paid", Some("inv-1"), true)))
        .unwrap();
    assert!(!first.repeated);
    let other_content = new_event("invoice.void", Some("inv-1"), true);
    let second = world.run(|work| emit(work, other_content)).unwrap();
    assert_eq!(
        second,
        Emitted {
            event: first.event.clone(),
            repeated: true
        }
    );
    assert_eq!(get(&mut world.work(), &first.event.id).unwrap(), first.event);
    assert_eq!(find(&mut world.work(), "inv-1").unwrap(), first.event);
    assert_eq!(world.host_run(|host| outbox(host, 10)).unwrap().len(), 1);
    let json = NewEvent {
        data: String::new(),
        ..new_event("a", None, false)
    };
    assert!(matches!(
        emit(&mut world.work(), json),
        Err(EventError::Invalid(_))
    ));
}

#[test]
fn only_what_is_to_be_delivered_is_in_the_outbox_in_its_order() {
    let world = World::new();
    let mut work = world.work();
    let ids: Vec<EventId> = [true, false, true]
        .map(|deliver| emit(&mut work, new_event("a", None, deliver)).unwrap().event.id)
        .into();
    assert!(work.commit().unwrap().events_emitted);
    // More than one row holds.
    let many = world.run(|work| {
        let mut emitted = || emit(work, new_event("b", None, true)).unwrap().event.id;
        (0..=OUTBOX_EVENTS_MAX).map(|_| emitted()).collect::<Vec<_>>()
    });
    let rows = world.host_run(|host| outbox(host, 10)).unwrap();
    assert_eq!(
        rows.iter()
            .map(|(_, row)| row.events.as_slice())
            .collect::<Vec<_>>(),
        [
            &[ids[0].clone(), ids[2].clone()],
            &many[..OUTBOX_EVENTS_MAX],
            &many[OUTBOX_EVENTS_MAX..]
        ]
    );
    assert!(rows.iter().all(|(_, row)| row.tenant == world.acme));
    assert!(world.host_run(|host| take_from_outbox(host, rows[0].0)).unwrap());
    assert!(!world.host_run(|host| take_from_outbox(host, rows[0].0)).unwrap());
    assert_eq!(world.host_run(|host| outbox(host, 10)).unwrap(), rows[1..]);

    let mut work = world.work();
    emit(&mut work, new_event("a", None, false)).unwrap();
    assert!(!work.commit().unwrap().events_emitted);
}

#[test]
fn plugins_see_their_own_events_and_the_operator_all() {
    let world = World::new();
    let alpha = world
        .run(|work| emit(work, new_event("a", Some("k"), false)))
        .unwrap()
        .event;
    let mut beta_work = world.work_of(&world.acme, "beta");
    assert!(matches!(
        get(&mut beta_work, &alpha.id),
        Err(EventError::NotFound)
    ));
    assert!(matches!(find(&mut beta_work, "k"), Err(EventError::NotFound)));
    let beta = emit(&mut beta_work, new_event("a", Some("k"), false)).unwrap();
    assert!(!beta.repeated);
    assert_eq!(beta.event.plugin, plugin_name("beta"));
    beta_work.commit().unwrap();
    world.run(|work| emit(work, new_event("b", None, false))).unwrap();

    let work = &mut world.work();
    assert_eq!(list(work, None, Page::first(10)).unwrap().total, 2);
    assert_eq!(list(work, Some("a"), Page::first(10)).unwrap().items, [alpha]);
    assert_eq!(
        list_any(work, world.acme.id, None, Page::first(10))
            .unwrap()
            .total,
        3
    );
    assert_eq!(
        list_any(work, world.acme.id, Some("a"), Page::first(10))
            .unwrap()
            .total,
        2
    );
    assert!(get_any(work, world.acme.id, &beta.event.id).is_ok());
}
