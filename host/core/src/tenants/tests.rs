use super::*;
use crate::testing::World;

#[test]
fn tenants_are_made_once_and_can_be_switched_off() {
    let world = World::new();
    let acme = world.host_run(|host| find(host, &world.acme.name)).unwrap();
    assert_eq!((acme.id, acme.disabled), (TenantId(1), false));
    let again = world.host_run(|host| create(host, world.acme.name.clone(), ""));
    assert!(matches!(again, Err(TenantError::NameTaken(TenantId(1)))));

    let changes = TenantChanges {
        disabled: Some(true),
        title: Some(String::from("Acme Ltd")),
    };
    let off = world
        .host_run(|host| update(host, acme.id, changes.clone()))
        .unwrap();
    assert_eq!((off.disabled, off.title.as_str()), (true, "Acme Ltd"));
    assert_eq!(
        world.host_run(|host| update(host, acme.id, changes)).unwrap(),
        off
    );
    let all = world.host_run(|host| list(host, Page::newest(10))).unwrap();
    assert_eq!(
        all.items.iter().map(|tenant| tenant.id.0).collect::<Vec<_>>(),
        [2, 1]
    );
    assert!(matches!(
        world.host_run(|host| get(host, TenantId(3))),
        Err(TenantError::NotFound)
    ));
}
