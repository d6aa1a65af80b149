use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};

use super::*;
use crate::audit;
use crate::seal::MasterKeys;
use crate::tenants::{self, TenantChanges};
use crate::testing::{World, new_user, plugin_name};
use crate::users;

fn scopes() -> Vec<mooring_manifest::Scope> {
    let scope = |name: &str| mooring_manifest::Scope {
        name: name.to_owned(),
        summary: String::new(),
    };
    vec![scope("user:read"), scope("user:write")]
}

fn master() -> MasterKeys {
    MasterKeys::new([7; 32], [])
}

fn new_key(scopes: &[&str]) -> NewKey {
    NewKey {
        label: String::from("panel"),
        scopes: scopes.iter().map(ToString::to_string).collect(),
        user: None,
        expires_at: None,
    }
}

fn minted(world: &World, minter: Minter<'_>, new: NewKey) -> Result<Minted, KeyError> {
    let declared = scopes();
    let surface = Surface {
        prefix: "vfc_live_",
        scopes: &declared,
        signed: false,
    };
    world.run(|work| mint(work, surface, minter, new))
}

fn verified(world: &World, plugin: &str, secret: &str) -> Result<Principal, CredentialFailure> {
    world
        .host_run(|host| verify(host, &plugin_name(plugin), secret))
        .unwrap()
}

#[test]
fn a_key_is_shown_once_and_known_again() {
    let world = World::new();
    let Minted { key, secret, .. } =
        minted(&world, Minter::Operator(&master()), new_key(&["user:read"])).unwrap();
    assert!(secret.starts_with("vfc_live_") && secret.len() == 9 + 43);
    assert_eq!(key.hint, secret[..13]);
    let row = world.host_run(|host| {
        let row = keys()
            .get(&mut host.transaction, key.id.as_str().as_bytes())
            .unwrap()
            .unwrap();
        serde_json::to_string(&row).unwrap()
    });
    assert!(!row.contains(&secret[13..]), "only the hash is kept");

    let principal = verified(&world, "alpha", &secret).unwrap();
    assert_eq!(
        (principal.tenant(), principal.key(), principal.user()),
        (&world.acme, &key.id, None)
    );
    assert!(principal.has_scope("user:read") && !principal.has_scope("user:write"));
}

#[test]
fn what_is_wrong_with_a_key_is_told_apart() {
    use CredentialFailure::{Expired, Malformed, Missing, Revoked, Unknown};
    let world = World::new();
    let make = |seconds: Option<u64>| {
        let expires_at = seconds.map(|seconds| world.now().after(Duration::from_secs(seconds)));
        minted(
            &world,
            Minter::Operator(&master()),
            NewKey {
                expires_at,
                ..new_key(&["user:read"])
            },
        )
        .unwrap()
    };
    let (good, short, taken_back) = (make(None), make(Some(10)), make(None));
    world.host_run(|host| revoke(host, &taken_back.key.id)).unwrap();
    assert!(verified(&world, "alpha", &short.secret).is_ok());
    world.pass(Duration::from_secs(10));
    let nobodys = format!("{}x", &good.secret[..good.secret.len() - 1]);
    let cases = [
        ("alpha", "", Missing),
        ("alpha", "short", Malformed),
        ("alpha", &good.secret.replace('_', " "), Malformed),
        ("alpha", &"x".repeat(1000), Malformed),
        ("alpha", &nobodys, Unknown),
        ("beta", &good.secret, Unknown),
        ("alpha", &short.secret, Expired),
        ("alpha", &taken_back.secret, Revoked),
    ];
    for (plugin, secret, failure) in cases {
        assert_eq!(verified(&world, plugin, secret), Err(failure), "{secret}");
    }
    let off = TenantChanges {
        disabled: Some(true),
        title: None,
    };
    world
        .host_run(|host| tenants::update(host, world.acme.id, off))
        .unwrap();
    assert_eq!(verified(&world, "alpha", &good.secret), Err(Revoked));
}

#[test]
fn a_principal_hands_on_only_what_it_holds() {
    let world = World::new();
    let first = minted(&world, Minter::Operator(&master()), new_key(&["user:read"])).unwrap();
    let principal = verified(&world, "alpha", &first.secret).unwrap();
    let by = Minter::Principal(&principal);
    let second = minted(&world, by, new_key(&["user:read", "user:read"])).unwrap();
    assert_eq!(second.key.scopes, ["user:read"]);
    let refused = minted(&world, by, new_key(&["user:write"]));
    assert!(matches!(refused, Err(KeyError::ScopeNotHeld(scope)) if scope == "user:write"));
    let refused = minted(&world, by, new_key(&["user:delete"]));
    assert!(matches!(refused, Err(KeyError::UndeclaredScope(_))));
    assert!(matches!(
        minted(&world, by, new_key(&[])),
        Err(KeyError::Invalid(_))
    ));
    let stranger = NewKey {
        user: Some(UserId(1)),
        ..new_key(&["user:read"])
    };
    assert!(matches!(
        minted(&world, by, stranger.clone()),
        Err(KeyError::UnknownUser(UserId(1)))
    ));
    world
        .run(|work| users::create(work, new_user("a@example.com")))
        .unwrap();
    let third = minted(&world, by, stranger).unwrap();
    assert_eq!(
        verified(&world, "alpha", &third.secret).unwrap().user(),
        Some(UserId(1))
    );
    let past = NewKey {
        expires_at: Some(world.now()),
        ..new_key(&["user:read"])
    };
    assert!(matches!(minted(&world, by, past), Err(KeyError::Invalid(_))));

    let log = world
        .host_run(|host| audit::list(host, None, Page::newest(10)))
        .unwrap();
    assert_eq!(log.total, 2, "what principals mint is in the audit log");
    assert_eq!(
        (log.items[0].who.as_str(), log.items[0].subject.as_str()),
        (first.key.id.as_str(), third.key.id.as_str())
    );
}

#[test]
fn a_rotated_key_works_beside_its_successor_until_the_overlap_ends() {
    let world = World::new();
    let old = minted(&world, Minter::Operator(&master()), new_key(&["user:read"])).unwrap();
    let overlap = Duration::from_mins(1);
    let new = world
        .host_run(|host| rotate(host, &master(), &old.key.id, overlap))
        .unwrap();
    assert!(new.secret.starts_with("vfc_live_") && new.secret != old.secret);
    assert_eq!((&new.key.scopes, new.key.expires_at), (&old.key.scopes, None));
    for secret in [&old.secret, &new.secret] {
        assert!(verified(&world, "alpha", secret).is_ok());
    }
    assert!(matches!(
        world.host_run(|host| rotate(host, &master(), &old.key.id, overlap)),
        Err(KeyError::NotInUse)
    ));
    world.pass(overlap);
    assert_eq!(
        verified(&world, "alpha", &old.secret),
        Err(CredentialFailure::Expired)
    );
    assert!(verified(&world, "alpha", &new.secret).is_ok());
    let old = world.host_run(|host| get(host, &old.key.id)).unwrap();
    assert_eq!(old.rotated_to, Some(new.key.id));
}

#[test]
fn keys_are_listed_by_tenant_and_surface_with_their_last_use() {
    let world = World::new();
    let key = minted(&world, Minter::Operator(&master()), new_key(&["user:read"]))
        .unwrap()
        .key;
    let declared = scopes();
    for (tenant, plugin) in [(&world.acme, "beta"), (&world.globex, "alpha")] {
        let mut work = world.work_of(tenant, plugin);
        let surface = Surface {
            prefix: "",
            scopes: &declared,
            signed: false,
        };
        mint(
            &mut work,
            surface,
            Minter::Operator(&master()),
            new_key(&["user:read"]),
        )
        .unwrap();
        work.commit().unwrap();
    }
    let (acme, alpha) = (Some(world.acme.id), Some(plugin_name("alpha")));
    for (tenant, plugin, total) in [
        (None, None, 3),
        (acme, None, 2),
        (None, alpha.clone(), 2),
        (acme, alpha, 1),
    ] {
        let filter = KeyFilter { tenant, plugin };
        let listing = world
            .host_run(|host| list(host, &filter, Page::first(10)))
            .unwrap();
        assert_eq!(listing.total, total, "{filter:?}");
    }
    assert_eq!(world.host_run(|host| last_used(host, &key.id)).unwrap(), None);
    world
        .host_run(|host| touch(host, &[(key.id.clone(), Timestamp(5))]))
        .unwrap();
    assert_eq!(
        world.host_run(|host| last_used(host, &key.id)).unwrap(),
        Some(Timestamp(5))
    );
}

#[test]
fn a_key_of_a_signed_surface_has_a_secret_that_only_the_host_can_have_back() {
    let world = World::new();
    let declared = scopes();
    let surface = Surface {
        prefix: "pk_",
        scopes: &declared,
        signed: true,
    };
    let minted = world
        .run(|work| {
            mint(
                work,
                surface,
                Minter::Operator(&master()),
                new_key(&["user:read"]),
            )
        })
        .unwrap();
    let secret = minted.signing_secret.unwrap();
    let signs = |id: &KeyId, secret: &str, master: MasterKeys| {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        let code = mac.chain_update("1.{}").finalize().into_bytes();
        world.host_run(|host| is_signed_by(host, &master, id, b"1.{}", &code))
    };
    assert!(signs(&minted.key.id, &secret, master()).unwrap());
    assert!(!signs(&minted.key.id, "another", master()).unwrap());
    let stranger = MasterKeys::new([8; 32], []);
    assert!(matches!(
        signs(&minted.key.id, &secret, stranger),
        Err(KeyError::Seal(_))
    ));
    assert!(!serde_json::to_string(&minted.key).unwrap().contains(&secret));

    let next = world
        .host_run(|host| rotate(host, &master(), &minted.key.id, Duration::ZERO))
        .unwrap();
    let next_secret = next.signing_secret.unwrap();
    assert_ne!(next_secret, secret);
    assert!(signs(&next.key.id, &next_secret, master()).unwrap());
    assert!(!signs(&next.key.id, &secret, master()).unwrap());
}

#[test]
fn a_plugin_cannot_mint_what_it_could_not_sign_with() {
    let world = World::new();
    let minted = minted(&world, Minter::Operator(&master()), new_key(&["user:read"])).unwrap();
    let principal = verified(&world, "alpha", &minted.secret).unwrap();
    let declared = scopes();
    let surface = Surface {
        prefix: "pk_",
        scopes: &declared,
        signed: true,
    };
    let refused = world.run(|work| {
        let by = Minter::Principal(&principal);
        mint(work, surface, by, new_key(&["user:read"]))
    });
    assert!(matches!(refused, Err(KeyError::OperatorOnly)));
}
