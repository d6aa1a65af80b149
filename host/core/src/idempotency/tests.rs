use super::*;
use crate::testing::World;

fn master() -> MasterKeys {
    MasterKeys::new([7; 32], [])
}

fn claim(key: &str, of: u8) -> Claim {
    Claim {
        by: KeyId::parse(&format!("key_{}", "a".repeat(22))).unwrap(),
        key: key.to_owned(),
        fingerprint: [of; 32],
    }
}

fn reply(body: &str) -> Kept {
    Kept::Reply(KeptReply {
        status: 201,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.as_bytes().to_vec(),
    })
}

fn known(world: &World, claim: &Claim) -> Known {
    world.run(|work| find(work, &master(), claim)).unwrap()
}

#[test]
fn a_reply_is_found_by_the_same_request_alone() {
    let world = World::new();
    let first = claim("order-1", 1);
    assert_eq!(known(&world, &first), Known::Nothing);
    world
        .run(|work| keep(work, &master(), &first, &reply("{}")))
        .unwrap();
    assert_eq!(known(&world, &first), Known::Same(reply("{}")));
    assert_eq!(known(&world, &claim("order-1", 2)), Known::Other);
    assert_eq!(known(&world, &claim("order-2", 1)), Known::Nothing);
    let other_key = Claim {
        by: KeyId::parse(&format!("key_{}", "b".repeat(22))).unwrap(),
        ..first.clone()
    };
    assert_eq!(known(&world, &other_key), Known::Nothing);
    for (tenant, plugin) in [(&world.globex, "alpha"), (&world.acme, "beta")] {
        let mut work = world.work_of(tenant, plugin);
        assert_eq!(find(&mut work, &master(), &first).unwrap(), Known::Nothing);
    }
}

#[test]
fn of_two_at_the_same_time_one_commits() {
    let world = World::new();
    let same = claim("order-1", 1);
    let (mut one, mut other) = (world.work(), world.work());
    for work in [&mut one, &mut other] {
        assert_eq!(find(work, &master(), &same).unwrap(), Known::Nothing);
        keep(work, &master(), &same, &reply("{}")).unwrap();
    }
    one.commit().unwrap();
    assert!(matches!(
        other.commit(),
        Err(mooring_store::CommitError::Conflict { .. })
    ));
}

#[test]
fn an_answer_that_waited_takes_the_place_of_the_wait() {
    let world = World::new();
    let named = claim("refund-1", 1);
    let job = JobId::parse(&format!("job_{}", "a".repeat(22))).unwrap();
    world
        .run(|work| keep(work, &master(), &named, &Kept::Waits(job.clone())))
        .unwrap();
    assert_eq!(known(&world, &named), Known::Same(Kept::Waits(job)));
    world.pass(Duration::from_secs(1));
    world
        .run(|work| keep(work, &master(), &named, &reply("done")))
        .unwrap();
    assert_eq!(known(&world, &named), Known::Same(reply("done")));
    world.pass(KEPT);
    assert_eq!(
        world.host_run(|host| purge(host, 10)).unwrap(),
        1,
        "one time for one reply"
    );
}

#[test]
fn a_reply_is_forgotten_after_its_time_and_purged() {
    let world = World::new();
    let named = claim("order-1", 1);
    world
        .run(|work| keep(work, &master(), &named, &reply("{}")))
        .unwrap();
    let last = Duration::from_millis(1);
    world.pass(KEPT.checked_sub(last).unwrap());
    assert_eq!(world.host_run(|host| purge(host, 10)).unwrap(), 0);
    assert_eq!(known(&world, &named), Known::Same(reply("{}")));
    world.pass(last);
    assert_eq!(known(&world, &named), Known::Nothing);
    assert_eq!(world.host_run(|host| purge(host, 10)).unwrap(), 1);
    assert_eq!(world.host_run(|host| purge(host, 10)).unwrap(), 0);
    let (claims, times) = world.run(|work| {
        let rows = |work: &mut Work, tag: u8| {
            let range = KeyRange::prefix([tag]);
            work.transaction.scan(range, Order::Ascending, 10).unwrap().len()
        };
        (rows(work, layout::REPLIES), rows(work, layout::REPLY_TIMES))
    });
    assert_eq!((claims, times), (0, 0));
}

#[test]
fn what_is_kept_cannot_be_read_without_the_master_key() {
    let world = World::new();
    let named = claim("key-1", 1);
    let shown_once = "rnx_live_secret";
    world
        .run(|work| keep(work, &master(), &named, &reply(shown_once)))
        .unwrap();
    let stranger = MasterKeys::new([8; 32], []);
    let refused = world.run(|work| find(work, &stranger, &named));
    assert!(matches!(refused, Err(IdempotencyError::Seal(_))));
    let rows = world.run(|work| {
        let range = KeyRange::prefix([layout::REPLIES]);
        work.transaction.scan(range, Order::Ascending, 10).unwrap()
    });
    let row = String::from_utf8_lossy(&rows[0].1).into_owned();
    assert!(
        !row.contains(shown_once) && !row.contains(&hex::encode(shown_once)),
        "{row}"
    );
}
