use super::*;
use crate::testing::World;

#[test]
fn lines_are_listed_newest_first_for_all_or_one_tenant() {
    let world = World::new();
    for (action, tenant) in [
        ("a", None),
        ("b", Some(world.acme.id)),
        ("c", Some(world.globex.id)),
    ] {
        let entry = NewEntry {
            who: String::from("operator"),
            action: String::from(action),
            subject: String::new(),
            tenant,
            details: Json::empty_object(),
        };
        world.host_run(|host| append(host, entry)).unwrap();
    }
    let host = &mut world.host();
    let actions = |listing: Listing<Entry>| {
        listing
            .items
            .into_iter()
            .map(|entry| entry.action)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        actions(list(host, None, Page::newest(10)).unwrap()),
        ["c", "b", "a"]
    );
    assert_eq!(
        actions(list(host, Some(world.acme.id), Page::newest(10)).unwrap()),
        ["b"]
    );
}
