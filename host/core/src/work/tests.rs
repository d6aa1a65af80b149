use super::*;
use crate::tenants::TenantError;
use crate::testing::{World, new_user, plugin_name};
use crate::users;

#[test]
fn dropped_work_leaves_nothing_behind() {
    let world = World::new();
    users::create(&mut world.work(), new_user("a@example.com")).unwrap();
    assert!(users::get(&mut world.work(), crate::ids::UserId(1)).is_err());
}

#[test]
fn reading_work_cannot_write() {
    let world = World::new();
    let mut work = Work::read(&world.store, &world.draws(), &world.acme, &plugin_name("alpha"));
    let refused = users::create(&mut work, new_user("a@example.com"));
    assert!(matches!(
        refused,
        Err(users::UserError::Store(StoreError::ReadOnly))
    ));
}

#[test]
fn a_refusal_ends_a_run_at_once() {
    let world = World::new();
    let mut runs = 0;
    let refused = HostWork::run(&world.store, world.now(), |_| {
        runs += 1;
        Err::<(), _>(TenantError::NotFound)
    });
    assert!(matches!(refused, Err(RunError::Refused(TenantError::NotFound))));
    assert_eq!(runs, 1);
}

#[test]
fn a_run_that_loses_is_run_again() {
    let world = World::new();
    let mut runs = 0;
    let run = world.run_among_others(|work| {
        runs += 1;
        let user = users::create(work, new_user(&format!("run{runs}@example.com")));
        if runs == 1 {
            world
                .run(|other| users::create(other, new_user("other@example.com")))
                .unwrap();
        }
        user
    });
    assert_eq!((run.unwrap().id.0, runs), (2, 2));
}

#[test]
fn work_can_be_moved_between_threads() {
    fn movable<T: Send + 'static>() {}
    movable::<Work>();
    movable::<HostWork>();
}
