use super::*;
use crate::testing::{World, plugin_name};

fn release(name: &str, digit: char) -> NewRelease {
    NewRelease {
        name: plugin_name(name),
        version: format!("1.0.{digit}"),
        digest: digit.to_string().repeat(64),
        grants: vec![
            String::from("users"),
            String::from("ledger"),
            String::from("users"),
        ],
        mount: None,
    }
}

#[test]
fn an_upgrade_keeps_the_mount_and_remembers_what_ran() {
    let world = World::new();
    let first = world
        .host_run(|host| install(host, release("alpha", '1')))
        .unwrap();
    assert_eq!(
        (first.mount.prefix.as_str(), first.grants.len(), first.enabled),
        ("/alpha", 2, true)
    );
    assert_eq!(
        world
            .host_run(|host| install(host, release("alpha", '1')))
            .unwrap(),
        first
    );

    let moved = Mount {
        host: Some(String::from("pay.example.com")),
        prefix: String::new(),
    };
    let changes = PluginChanges {
        mount: Some(moved.clone()),
        enabled: Some(false),
        grants: None,
    };
    world.host_run(|host| update(host, &first.name, changes)).unwrap();
    let second = world
        .host_run(|host| install(host, release("alpha", '2')))
        .unwrap();
    assert_eq!(
        (&second.mount, second.enabled, second.release.version.as_str()),
        (&moved, false, "1.0.2")
    );
    assert_eq!(second.earlier, [first.release]);

    assert_eq!(
        world.host_run(|host| list(host, Page::first(10))).unwrap().items,
        [second]
    );
    world.host_run(|host| remove(host, &first.name)).unwrap();
    assert!(matches!(
        world.host_run(|host| remove(host, &first.name)),
        Err(PluginError::NotFound)
    ));
}

#[test]
fn two_plugins_do_not_answer_in_one_place() {
    let world = World::new();
    world
        .host_run(|host| install(host, release("alpha", '1')))
        .unwrap();
    let mount = Some(Mount::default_for(&plugin_name("alpha")));
    let taken = world.host_run(|host| {
        install(
            host,
            NewRelease {
                mount,
                ..release("beta", '2')
            },
        )
    });
    assert!(matches!(taken, Err(PluginError::MountTaken(name)) if name == plugin_name("alpha")));
}

#[test]
fn mounts_are_plain_paths() {
    let cases = [
        (None, "", true),
        (None, "/a", true),
        (None, "/a/b.c", true),
        (Some("pay.example.com"), "", true),
        (None, "a", false),
        (None, "/", false),
        (None, "/a/", false),
        (None, "/a//b", false),
        (None, "/..", false),
        (None, "/ä", false),
        (Some(""), "", false),
        (Some("Pay.example.com"), "", false),
        (Some("pay.example.com:80"), "", false),
        (Some("pay.example.com."), "", false),
        (Some(".example.com"), "", false),
        (Some("pay..com"), "", false),
    ];
    for (host, prefix, fits) in cases {
        let mount = Mount {
            host: host.map(str::to_owned),
            prefix: prefix.to_owned(),
        };
        assert_eq!(check_mount(&mount).is_ok(), fits, "{mount:?}");
    }
}
