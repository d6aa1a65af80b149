use std::time::Duration;

use super::*;
use crate::leases::Gone;
use crate::page::Page;
use crate::testing::World;

const LEASE: Duration = Duration::from_mins(2);

fn new_job(kind: &str) -> NewJob {
    NewJob {
        kind: kind.to_owned(),
        payload: String::from("{\"n\": 1}"),
        run_at: Timestamp(0),
        attempts_max: 0,
        dedupe_key: None,
    }
}

fn once(kind: &str, key: &str) -> NewJob {
    NewJob {
        dedupe_key: Some(key.to_owned()),
        ..new_job(kind)
    }
}

fn scheduled(world: &World, new: NewJob) -> JobId {
    world.run(|work| schedule(work, new)).unwrap().id
}

fn due_ids(world: &World) -> Vec<JobId> {
    let now = world.now();
    world
        .host_run(|host| due(host, now, None, 10))
        .unwrap()
        .into_iter()
        .map(|job| job.id)
        .collect()
}

fn claimed(world: &World, id: &JobId) -> Claimed {
    world.host_run(|host| claim(host, id, LEASE)).unwrap()
}

fn state(world: &World, id: &JobId) -> JobState {
    world.host_run(|host| get(host, id)).unwrap().state
}

fn failed(world: &World, lease: &Lease, failure: Failure) -> Job {
    world
        .host_run(|host| fail(host, lease, failure, Backoff::default()))
        .unwrap()
}

fn retry_later() -> Failure {
    Failure::Retry {
        after: None,
        reason: String::from("no answer"),
    }
}

#[test]
fn a_job_is_due_at_its_time_claimed_once_and_done() {
    let world = World::new();
    let later = world.now().after(Duration::from_mins(1));
    let id = scheduled(
        &world,
        NewJob {
            run_at: later,
            ..new_job("renew")
        },
    );
    assert_eq!((due_ids(&world), state(&world, &id)), (vec![], JobState::Waiting));
    assert_eq!(world.host_run(next_due).unwrap(), Some(later));
    assert!(matches!(
        world.host_run(|host| claim(host, &id, LEASE)),
        Err(JobError::TooLate(_))
    ));
    world.pass(Duration::from_mins(1));
    assert_eq!(due_ids(&world), std::slice::from_ref(&id));

    let claimed = claimed(&world, &id);
    assert_eq!(
        (claimed.job.attempt, claimed.job.payload.as_str()),
        (1, "{\"n\": 1}")
    );
    assert_eq!(due_ids(&world), []);
    assert!(matches!(
        world.host_run(|host| claim(host, &id, LEASE)),
        Err(JobError::TooLate(JobState::Running))
    ));
    world.host_run(|host| complete(host, &claimed.lease)).unwrap();
    let job = world.host_run(|host| get(host, &id)).unwrap();
    assert_eq!(
        (job.state, job.ended_at, job.history.len()),
        (JobState::Done, Some(world.now()), 1)
    );
    assert!(matches!(
        world.host_run(|host| complete(host, &claimed.lease)),
        Err(JobError::LeaseLost)
    ));
}

#[test]
fn of_two_runners_one_gets_the_job() {
    let world = World::new();
    let id = scheduled(&world, new_job("renew"));
    let (mut one, mut two) = (world.host(), world.host());
    claim(&mut one, &id, LEASE).unwrap();
    claim(&mut two, &id, LEASE).unwrap();
    one.commit().unwrap();
    assert!(matches!(
        two.commit(),
        Err(mooring_store::CommitError::Conflict { .. })
    ));
}

#[test]
fn due_jobs_come_in_order_and_in_parts() {
    let world = World::new();
    let ids: Vec<JobId> = [30, 10, 20]
        .map(|seconds| {
            let run_at = world.now().after(Duration::from_secs(seconds));
            scheduled(
                &world,
                NewJob {
                    run_at,
                    ..new_job("renew")
                },
            )
        })
        .into();
    world.pass(Duration::from_mins(1));
    let now = world.now();
    let first = world.host_run(|host| due(host, now, None, 2)).unwrap();
    let rest = world.host_run(|host| due(host, now, first.last(), 2)).unwrap();
    let order: Vec<&JobId> = first.iter().chain(&rest).map(|job| &job.id).collect();
    assert_eq!(order, [&ids[1], &ids[2], &ids[0]]);
    assert_eq!(
        (&first[0].tenant, first[0].plugin.as_str()),
        (&world.acme, "alpha")
    );
}

#[test]
fn failures_are_retried_later_and_later_until_the_job_is_dead() {
    let world = World::new();
    let id = scheduled(
        &world,
        NewJob {
            attempts_max: 3,
            ..new_job("renew")
        },
    );
    for (attempt, pause) in [(1, 5.0), (2, 10.0)] {
        let Claimed { job, lease } = claimed(&world, &id);
        assert_eq!(job.attempt, attempt);
        let job = failed(&world, &lease, retry_later());
        let waits = (job.run_at.0 - world.now().0) as f64 / 1000.0;
        assert!((pause * 0.8..=pause * 1.2).contains(&waits), "{waits}");
        assert_eq!(
            (job.state, job.last_error.as_deref()),
            (JobState::Waiting, Some("no answer"))
        );
        world.pass(Duration::from_secs(12));
    }
    let lease = claimed(&world, &id).lease;
    let job = failed(&world, &lease, retry_later());
    assert_eq!(
        (job.state, job.history.len(), due_ids(&world)),
        (JobState::Dead, 3, vec![])
    );

    // The operator gives it all its tries again.
    let job = world.host_run(|host| retry(host, &id)).unwrap();
    assert_eq!(
        (job.state, due_ids(&world)),
        (JobState::Waiting, vec![id.clone()])
    );
    let claimed = claimed(&world, &id);
    assert_eq!(claimed.job.attempt, 1);
    assert!(matches!(
        world.host_run(|host| complete(host, &lease)),
        Err(JobError::LeaseLost)
    ));
    world.host_run(|host| complete(host, &claimed.lease)).unwrap();
    assert!(matches!(
        world.host_run(|host| retry(host, &id)),
        Err(JobError::TooLate(JobState::Done))
    ));
}

#[test]
fn the_plugin_can_say_when_to_try_again_or_that_it_is_no_use() {
    let world = World::new();
    let id = scheduled(&world, new_job("renew"));
    let lease = claimed(&world, &id).lease;
    let after = Some(Duration::from_secs(3));
    let job = failed(
        &world,
        &lease,
        Failure::Retry {
            after,
            reason: "x".repeat(5000),
        },
    );
    assert_eq!(job.run_at, world.now().after(Duration::from_secs(3)));
    assert_eq!(job.last_error.map(|error| error.len()), Some(2000));
    world.pass(Duration::from_secs(3));
    let lease = claimed(&world, &id).lease;
    let job = failed(
        &world,
        &lease,
        Failure::Fatal {
            reason: String::from("gone"),
        },
    );
    assert_eq!((job.state, job.attempt), (JobState::Dead, 2));
}

fn taken_back(world: &World, gone: Gone) -> usize {
    let found = world.host_run(|host| cut_off(host, gone, 10)).unwrap();
    for one in &found {
        world
            .host_run(|host| take_back(host, &one.lease, Backoff::default()))
            .unwrap();
    }
    found.len()
}

#[test]
fn a_lease_that_ends_gives_the_job_to_others() {
    let world = World::new();
    let id = scheduled(&world, new_job("renew"));
    let lost = claimed(&world, &id).lease;
    assert_eq!(taken_back(&world, Gone::LeaseEnded), 0);
    world.pass(LEASE);
    assert_eq!(taken_back(&world, Gone::LeaseEnded), 1);
    assert_eq!(taken_back(&world, Gone::LeaseEnded), 0);
    assert_eq!(state(&world, &id), JobState::Waiting);
    world.pass(Duration::from_secs(6));
    let second = claimed(&world, &id);
    assert_eq!((second.job.attempt, second.lease.number), (2, 2));
    for refused in [
        world.host_run(|host| complete(host, &lost)),
        world
            .host_run(|host| fail(host, &lost, retry_later(), Backoff::default()))
            .map(drop),
        world.host_run(|host| keep_answers(host, &lost, &Json::empty_object())),
    ] {
        assert!(matches!(refused, Err(JobError::LeaseLost)));
    }
    world.host_run(|host| complete(host, &second.lease)).unwrap();
}

#[test]
fn a_dedupe_key_is_held_while_the_job_waits_or_runs() {
    let world = World::new();
    let id = scheduled(&world, once("renew", "k"));
    let repeat = |world: &World| world.run(|work| schedule(work, once("renew", "k"))).unwrap();
    assert_eq!(
        repeat(&world),
        Scheduled {
            id: id.clone(),
            repeated: true
        }
    );
    let lease = claimed(&world, &id).lease;
    assert!(repeat(&world).repeated);
    failed(
        &world,
        &lease,
        Failure::Fatal {
            reason: String::new(),
        },
    );
    let second = repeat(&world);
    assert!(!second.repeated);
    let taken = world.host_run(|host| retry(host, &id));
    assert!(matches!(taken, Err(JobError::DedupeKeyTaken(other)) if other == second.id));
    world.run(|work| cancel(work, &second.id)).unwrap();
    world.host_run(|host| retry(host, &id)).unwrap();
    assert_eq!(repeat(&world).id, id);
}

#[test]
fn only_a_waiting_job_can_be_cancelled() {
    let world = World::new();
    let id = scheduled(&world, new_job("renew"));
    let mut beta = world.work_of(&world.acme, "beta");
    assert!(matches!(cancel(&mut beta, &id), Err(JobError::NotFound)));
    world.run(|work| cancel(work, &id)).unwrap();
    assert_eq!(
        (state(&world, &id), due_ids(&world)),
        (JobState::Cancelled, vec![])
    );
    assert!(matches!(
        world.run(|work| cancel(work, &id)),
        Err(JobError::TooLate(JobState::Cancelled))
    ));
}

#[test]
fn answers_are_forgotten_when_a_try_ends_and_do_not_disturb_it() {
    let world = World::new();
    let id = scheduled(&world, new_job("renew"));
    let kept = |world: &World| world.host_run(|host| answers(host, &id)).unwrap();
    let list = |text: &str| Json::parse(text).unwrap();
    let lease = claimed(&world, &id).lease;
    assert_eq!(kept(&world), None);
    for answers in ["[1]", "[1,2]"] {
        world
            .host_run(|host| keep_answers(host, &lease, &list(answers)))
            .unwrap();
        assert_eq!(kept(&world), Some(list(answers)));
    }
    failed(
        &world,
        &lease,
        Failure::Retry {
            after: Some(Duration::ZERO),
            reason: String::new(),
        },
    );
    assert_eq!(kept(&world), None);

    // The work of the job began before the answers were kept, and is committed all the same.
    let second = claimed(&world, &id).lease;
    let mut job_work = world.work();
    crate::users::create(&mut job_work, crate::testing::new_user("a@example.com")).unwrap();
    world
        .host_run(|host| keep_answers(host, &second, &list("[7]")))
        .unwrap();
    complete(&mut job_work, &second).unwrap();
    job_work.commit().unwrap();
    assert_eq!(kept(&world), None);
}

#[test]
fn a_host_that_starts_takes_back_what_was_cut_off_with_its_answers() {
    let world = World::new();
    let id = scheduled(&world, new_job("renew"));
    let lease = claimed(&world, &id).lease;
    let answers_so_far = Json::parse("[1]").unwrap();
    world
        .host_run(|host| keep_answers(host, &lease, &answers_so_far))
        .unwrap();
    assert_eq!(taken_back(&world, Gone::All), 1);
    let twice = world.host_run(|host| take_back(host, &lease, Backoff::default()));
    assert!(matches!(twice, Err(JobError::LeaseLost)));
    assert_eq!(state(&world, &id), JobState::Waiting);
    let kept = world.host_run(|host| answers(host, &id)).unwrap();
    assert_eq!(kept, Some(answers_so_far));
}

#[test]
fn lists_are_exact_and_ended_jobs_go_after_a_while() {
    let world = World::new();
    let done = scheduled(&world, new_job("a"));
    let lease = claimed(&world, &done).lease;
    world.host_run(|host| complete(host, &lease)).unwrap();
    let dead = scheduled(&world, new_job("b"));
    let lease = claimed(&world, &dead).lease;
    failed(
        &world,
        &lease,
        Failure::Fatal {
            reason: String::new(),
        },
    );
    scheduled(&world, new_job("c"));
    let count = |world: &World, tenant, state| {
        let filter = JobFilter { tenant, state };
        world
            .host_run(|host| list(host, filter, Page::newest(10)))
            .unwrap()
            .total
    };
    let (acme, globex) = (Some(world.acme.id), Some(world.globex.id));
    assert_eq!(
        (
            count(&world, None, None),
            count(&world, acme, None),
            count(&world, globex, None)
        ),
        (3, 3, 0)
    );
    assert_eq!(count(&world, None, Some(JobState::Dead)), 1);
    assert_eq!(count(&world, acme, Some(JobState::Done)), 1);

    let purge = |world: &World| world.host_run(|host| purge(host, 10)).unwrap();
    assert_eq!(purge(&world), 0);
    world.pass(DONE_KEPT);
    assert_eq!((purge(&world), purge(&world)), (1, 0));
    assert_eq!(count(&world, None, None), 2);
    assert!(matches!(
        world.host_run(|host| get(host, &done)),
        Err(JobError::NotFound)
    ));
}

#[test]
fn what_cannot_be_a_job_is_refused() {
    let world = World::new();
    let cases = [
        ("kind", new_job("")),
        (
            "payload",
            NewJob {
                payload: String::new(),
                ..new_job("a")
            },
        ),
        (
            "attempts-max",
            NewJob {
                attempts_max: 101,
                ..new_job("a")
            },
        ),
        ("dedupe-key", once("a", "")),
    ];
    for (field, new) in cases {
        match schedule(&mut world.work(), new) {
            Err(JobError::Invalid(invalid)) => assert_eq!(invalid.field, field),
            other => panic!("{field}: {other:?}"),
        }
    }
}
