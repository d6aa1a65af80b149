mod model;
mod post;

use std::time::Duration;

use super::*;
use crate::events;
use crate::leases::Gone;
use crate::page::Page;
use crate::settings;
use post::{LEASE, Post, answer, keys};

#[test]
fn an_event_is_delivered_once_to_the_endpoint_that_wants_it() {
    let post = Post::new(|webhook| webhook.kinds = vec!["invoice.*".into(), "test".into()]);
    let id = post.sent("invoice.paid");
    for unwanted in ["invoices.paid", "tests", "credit.added"] {
        post.emit(unwanted);
    }
    assert_eq!(post.dispatch().endpoints.len(), 0);
    assert_eq!(post.world.host_run(|host| events::outbox(host, 10)).unwrap(), []);
    assert_eq!(post.dispatch(), Dispatched::default());

    let claims = post.claim(0, 8);
    assert_eq!(claims.deliveries.len(), 1);
    assert_eq!(claims.deliveries[0].event.data.as_str(), "{\"n\": 1}");
    assert_eq!(post.claim(1, 8).deliveries, []);
    post.record(&claims.deliveries[0].lease, answer(204));
    let delivery = post.delivery(&id);
    assert_eq!(delivery.state, DeliveryState::Delivered);
    let attempt = Attempt {
        number: 1,
        started_at: post.world.now(),
        duration_ms: 7,
        status: Some(204),
        error: None,
        excerpt: String::from("said  so"),
    };
    assert_eq!(delivery.attempts, [attempt]);
    let counts = post.counts();
    assert_eq!((counts.waiting, counts.delivered, counts.dead), (0, 1, 0));
}

#[test]
fn without_an_address_or_without_the_plugin_what_comes_for_an_endpoint_is_held() {
    let post = Post::new(|webhook| webhook.kinds = vec!["a".into()]);
    post.world
        .run(|work| settings::unset(work, &post.manifest.settings, "url"))
        .unwrap();
    post.emit("a");
    post.emit("unwanted");
    assert_eq!(post.dispatch().endpoints.len(), 1);
    assert_eq!(post.counts().waiting, 1);

    // What is emitted while the plugin is not loaded waits for its endpoints.
    post.emit("a");
    let dispatched = post.world.host_run(|host| {
        let rows = events::outbox(host, 100).unwrap();
        dispatch(host, &rows, &|_| None).unwrap()
    });
    assert_eq!((dispatched.rows, dispatched.endpoints.len()), (1, 1));
    assert_eq!(post.counts().waiting, 2);
}

#[test]
fn an_address_that_was_never_set_has_no_endpoint() {
    let post = Post::unset(|_| ());
    post.emit("a");
    assert_eq!(post.dispatch().endpoints.len(), 0);
    post.set("url", "https://shop.example/hook");
    assert_eq!(post.counts().waiting, 0);
}

#[test]
fn failures_are_retried_by_the_schedule_and_then_the_delivery_is_dead() {
    let post = Post::new(|_| ());
    let id = post.sent("a");
    for (number, pause) in [(1, 30), (2, 120)] {
        post.attempt(answer(500));
        let delivery = post.delivery(&id);
        let waits = delivery.next_at.unwrap().millis() - post.world.now().millis();
        assert!((pause * 1000..=pause * 1100).contains(&waits), "{waits}");
        assert_eq!(delivery.attempts_made, number);
        assert_eq!(
            delivery.attempts.last().unwrap().error.as_deref(),
            Some("answered 500")
        );
        let claims = post.claim(0, 8);
        assert_eq!((claims.deliveries.len(), claims.next), (0, delivery.next_at));
        post.world.pass(Duration::from_secs(pause + pause / 10));
    }
    post.attempt(Outcome::Failed {
        error: String::from("no whole answer in time"),
    });
    let delivery = post.delivery(&id);
    assert_eq!(
        (delivery.state, delivery.attempts.len()),
        (DeliveryState::Dead, 3)
    );
    assert_eq!(post.claim(0, 8).next, None);

    // Redelivered, it has all its tries again, and its history.
    post.world.host_run(|host| redeliver(host, &id)).unwrap();
    post.attempt(answer(302));
    let delivery = post.delivery(&id);
    assert_eq!((delivery.state, delivery.tries), (DeliveryState::Waiting, 1));
    let last = delivery.attempts.last().unwrap();
    assert_eq!((last.number, last.status), (4, Some(302)));
    assert!(
        last.error
            .as_ref()
            .unwrap()
            .contains("redirects are not followed")
    );
}

#[test]
fn a_wish_to_wait_is_heard_with_429_and_503_alone() {
    for (status, heard) in [(429, true), (503, true), (500, false), (404, false)] {
        let post = Post::new(|_| ());
        let id = post.sent("a");
        post.attempt(Outcome::Answered {
            status,
            excerpt: String::new(),
            retry_after: Some(Duration::from_secs(50)),
        });
        let waits = post.delivery(&id).next_at.unwrap().millis() - post.world.now().millis();
        assert_eq!(waits >= 50_000, heard, "{status}: {waits}");
        assert!(waits >= 30_000);
    }
}

#[test]
fn a_lease_that_ended_is_worth_nothing() {
    let post = Post::new(|_| ());
    let id = post.sent("a");
    let lost = post.claim(0, 8).deliveries.remove(0).lease;
    assert!(matches!(
        post.world.host_run(|host| redeliver(host, &id)),
        Err(WebhookError::OnItsWay)
    ));
    let taken_back = |post: &Post| {
        post.world
            .host_run(|host| take_back(host, Gone::LeaseEnded, 10))
            .unwrap()
            .len()
    };
    assert_eq!(taken_back(&post), 0);
    post.world.pass(LEASE);
    assert_eq!((taken_back(&post), taken_back(&post)), (1, 0));
    assert_eq!(post.record(&lost, answer(200)), 0);
    assert_eq!(post.delivery(&id).attempts, []);

    let second = post.claim(0, 8).deliveries.remove(0).lease;
    assert_eq!(post.record(&lost, answer(200)), 0);
    assert_eq!(post.record(&second, answer(200)), 1);
    assert_eq!(post.record(&second, answer(200)), 0);
    assert_eq!(post.delivery(&id).attempts_made, 1);
}

#[test]
fn what_was_not_tried_waits_as_before_and_a_host_that_starts_takes_all_back() {
    let post = Post::new(|_| ());
    let id = post.sent("a");
    let lease = post.claim(0, 8).deliveries.remove(0).lease;
    post.record(&lease, Outcome::NotTried);
    assert_eq!(
        (post.delivery(&id).attempts_made, post.endpoint().failures),
        (0, 0)
    );
    post.claim(0, 8);
    assert_eq!(post.claim(0, 8).deliveries, []);
    assert_eq!(
        post.world
            .host_run(|host| take_back(host, Gone::All, 10))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(post.claim(0, 8).deliveries.len(), 1);
}

#[test]
fn a_gone_endpoint_is_disabled_and_holds_what_it_has_until_it_is_enabled() {
    let post = Post::new(|_| ());
    let id = post.sent("a");
    post.attempt(answer(410));
    let endpoint = post.endpoint();
    assert_eq!(endpoint.health, Health::Disabled);
    assert_eq!(
        endpoint.disabled.map(|disabled| disabled.by),
        Some(DisabledBy::Gone)
    );
    post.sent("b");
    assert_eq!(post.counts().waiting, 2);
    let claims = post.claim(0, 8);
    assert_eq!((claims.deliveries.len(), claims.next), (0, None));
    assert!(matches!(
        post.world.host_run(|host| redeliver(host, &id)),
        Err(WebhookError::Disabled)
    ));
    post.world.host_run(|host| enable(host, &endpoint.id)).unwrap();
    assert_eq!(post.claim(0, 8).deliveries.len(), 2);

    // Another address is another chance, but not against the operator's will.
    let post = Post::new(|_| ());
    post.sent("a");
    post.attempt(answer(410));
    post.set("url", "https://shop.example/hook");
    assert_eq!(post.endpoint().health, Health::Disabled);
    post.set("url", "https://shop.example/new");
    assert_eq!(post.endpoint().health, Health::Healthy);
    let id = post.endpoint().id;
    post.world.host_run(|host| disable(host, &id)).unwrap();
    post.set("url", "https://shop.example/newer");
    assert_eq!(post.endpoint().health, Health::Disabled);
}

#[test]
fn a_suspended_endpoint_is_tried_with_one_delivery_at_a_time() {
    let post = Post::new(|webhook| webhook.retry_seconds = vec![1; 30]);
    for _ in 0..12 {
        post.sent("a");
    }
    let claims = post.claim(0, 12);
    assert_eq!(claims.deliveries.len(), 12);
    for claimed in &claims.deliveries[..2] {
        post.record(&claimed.lease, answer(500));
    }
    assert_eq!(post.endpoint().health, Health::Healthy);
    post.record(&claims.deliveries[2].lease, answer(500));
    assert_eq!(post.endpoint().health, Health::Degraded);
    // Many failures within moments are no reason to hold what has not been tried.
    for claimed in &claims.deliveries[3..11] {
        post.record(&claimed.lease, answer(500));
    }
    assert_eq!(post.endpoint().health, Health::Degraded);
    post.world.pass(SUSPENDED_AFTER_LASTING);
    post.record(&claims.deliveries[11].lease, answer(500));
    let suspended = post.endpoint();
    assert_eq!(suspended.health, Health::Suspended);
    // Its deliveries are due long before it is.
    post.world.pass(Duration::from_secs(20));
    let held = post.claim(0, 12);
    assert_eq!((held.deliveries.len(), held.next), (0, suspended.probe_at));
    post.world.pass(Duration::from_secs(100));
    let probe = post.claim(0, 12);
    assert_eq!(probe.deliveries.len(), 1);
    assert_eq!(post.claim(1, 12).deliveries, []);
    post.record(&probe.deliveries[0].lease, answer(200));
    assert_eq!(post.endpoint().health, Health::Healthy);
    assert_eq!(post.claim(0, 12).deliveries.len(), 11);
}

#[test]
fn a_sample_passes_what_holds_a_suspended_endpoint() {
    let post = Post::new(|webhook| webhook.retry_seconds = vec![1; 30]);
    for _ in 0..10 {
        post.sent("a");
    }
    let claims = post.claim(0, 10);
    for claimed in &claims.deliveries[1..] {
        post.record(&claimed.lease, answer(500));
    }
    post.world.pass(SUSPENDED_AFTER_LASTING);
    post.record(&claims.deliveries[0].lease, answer(500));
    let suspended = post.endpoint();
    assert_eq!(suspended.health, Health::Suspended);
    assert_eq!(post.claim(0, 8).deliveries, []);
    let sent = post
        .world
        .run(|work| test(work, &suspended.id, "a", None))
        .unwrap();
    let claims = post.claim(0, 8);
    assert_eq!(claims.deliveries.len(), 1);
    assert_eq!(claims.deliveries[0].lease.delivery, sent.id);
    post.record(&claims.deliveries[0].lease, answer(200));
    assert_eq!(post.endpoint().health, Health::Healthy);
}

#[test]
fn where_order_matters_each_event_waits_for_the_one_before() {
    let post = Post::new(|webhook| webhook.ordered = true);
    let first = post.sent("a");
    let second = post.sent("b");
    let claims = post.claim(0, 8);
    assert_eq!(claims.deliveries.len(), 1);
    assert_eq!(claims.deliveries[0].lease.delivery, first);
    post.record(&claims.deliveries[0].lease, answer(500));
    let claims = post.claim(0, 8);
    assert_eq!(
        (claims.deliveries.len(), claims.next),
        (0, post.delivery(&first).next_at)
    );
    post.world.pass(Duration::from_secs(40));
    let claims = post.claim(0, 8);
    assert_eq!(claims.deliveries[0].lease.delivery, first);
    post.record(&claims.deliveries[0].lease, answer(200));
    assert_eq!(post.claim(0, 8).deliveries[0].lease.delivery, second);
}

#[test]
fn a_test_is_sent_once_and_says_nothing_about_the_endpoint() {
    let post = Post::new(|_| ());
    let endpoint = post.endpoint().id;
    let sent = post
        .world
        .run(|work| test(work, &endpoint, "invoice.paid", None))
        .unwrap();
    let claims = post.claim(0, 8);
    let data = claims.deliveries[0].event.data.as_str();
    assert_eq!(data, "{\"event_type\":\"invoice.paid\",\"test\":true}");
    post.record(&claims.deliveries[0].lease, answer(500));
    assert_eq!(post.delivery(&sent.id).state, DeliveryState::Dead);
    assert_eq!(post.endpoint().failures, 0);
    // Nor is it sent again with what was given up, and it goes as what was delivered goes.
    let all = (Timestamp(0), Timestamp(u64::MAX));
    let redelivered = post
        .world
        .host_run(|host| redeliver_range(host, &endpoint, all.0, all.1));
    assert_eq!(redelivered.unwrap(), (0, false));
    post.world.pass(DELIVERED_KEPT);
    assert_eq!(post.world.host_run(|host| purge(host, 10)).unwrap(), 1);
    assert_eq!(post.counts().dead, 0);
    let sent = post.world.run(|work| test(work, &endpoint, "a", None)).unwrap();
    post.attempt(answer(410));
    let attempts = post.delivery(&sent.id).attempts;
    assert_eq!(attempts[0].error.as_deref(), Some("answered 410"));
    assert_eq!(post.endpoint().health, Health::Healthy);
    let foreign = &mut post.world.work_of(&post.world.globex, "alpha");
    assert!(matches!(
        test(foreign, &endpoint, "a", None),
        Err(WebhookError::NoEndpoint)
    ));
    let beta = &mut post.world.work_of(&post.world.acme, "beta");
    assert!(matches!(
        test(beta, &endpoint, "a", None),
        Err(WebhookError::NoEndpoint)
    ));
}

#[test]
fn a_replaced_secret_signs_beside_the_new_one_until_its_time_is_over() {
    let post = Post::new(|_| ());
    post.set("secret", "first");
    let id = post.endpoint().id;
    let rotate_to = |secret: &str, overlap| {
        post.world
            .run(|work| rotate(work, &id, &post.manifest, &keys(), secret, overlap))
    };
    let signing = || {
        let endpoint = post.endpoint();
        let found = post
            .world
            .host_run(|host| secrets(host, &endpoint, &post.manifest, &keys()))
            .unwrap();
        (found.newest.unwrap(), found.previous)
    };
    assert_eq!(signing(), ("first".into(), vec![]));
    let rotated = rotate_to("second", OVERLAP_DEFAULT).unwrap();
    assert_eq!(
        rotated.previous_until,
        Some(post.world.now().after(OVERLAP_DEFAULT))
    );
    assert_eq!(signing(), ("second".into(), vec!["first".into()]));
    post.world.pass(Duration::from_hours(1));
    rotate_to("third", OVERLAP_DEFAULT).unwrap();
    assert_eq!(signing(), ("third".into(), vec!["second".into(), "first".into()]));
    post.world.pass(Duration::from_hours(23));
    assert_eq!(signing(), ("third".into(), vec!["second".into()]));
    rotate_to("fourth", Duration::ZERO).unwrap();
    assert_eq!(signing(), ("fourth".into(), vec!["second".into()]));
    let too_long = rotate_to("fifth", OVERLAP_MAX + Duration::from_secs(1));
    assert!(matches!(too_long, Err(WebhookError::Invalid(_))));
    assert!(!format!("{:?}", post.endpoint()).contains("second"));
}

#[test]
fn dead_deliveries_are_redelivered_by_the_time_they_were_made() {
    let post = Post::new(|webhook| webhook.retry_seconds = Vec::new());
    let mut made = Vec::new();
    for _ in 0..3 {
        let id = post.sent("a");
        made.push((id, post.world.now()));
        post.attempt(answer(500));
        post.world.host_run(|host| {
            let id = list_endpoints(host, None, Page::first(1))
                .unwrap()
                .items
                .remove(0)
                .id;
            enable(host, &id).unwrap();
        });
        post.world.pass(Duration::from_mins(1));
    }
    let id = post.endpoint().id;
    let range = |from, to| {
        post.world
            .host_run(|host| redeliver_range(host, &id, from, to))
            .unwrap()
    };
    assert_eq!(range(made[1].1, made[2].1), (1, false));
    assert_eq!(post.delivery(&made[1].0).state, DeliveryState::Waiting);
    assert_eq!(range(Timestamp(0), Timestamp(u64::MAX)), (2, false));
    assert_eq!((post.counts().waiting, post.counts().dead), (3, 0));
}

#[test]
fn lists_are_exact_and_what_was_delivered_goes_after_a_while() {
    let post = Post::new(|webhook| webhook.retry_seconds = Vec::new());
    post.sent("a");
    post.attempt(answer(200));
    let dead = post.sent("b");
    post.attempt(answer(500));
    post.sent("c");
    let (acme, globex) = (Some(post.world.acme.id), Some(post.world.globex.id));
    let endpoint = Some(post.endpoint().id);
    let count = |tenant, endpoint: &Option<EndpointId>, state| {
        let filter = DeliveryFilter {
            tenant,
            endpoint: endpoint.clone(),
            event: None,
            state,
        };
        let found = post
            .world
            .host_run(|host| list_deliveries(host, &filter, Page::newest(10)));
        found.map(|found| found.total)
    };
    assert_eq!(count(None, &None, None).unwrap(), 3);
    assert_eq!(count(acme, &None, None).unwrap(), 3);
    assert_eq!(count(globex, &None, None).unwrap(), 0);
    assert_eq!(count(acme, &None, Some(DeliveryState::Dead)).unwrap(), 1);
    assert_eq!(count(None, &endpoint, Some(DeliveryState::Waiting)).unwrap(), 1);
    assert!(matches!(
        count(globex, &endpoint, None),
        Err(WebhookError::NoEndpoint)
    ));
    assert!(matches!(
        count(None, &None, Some(DeliveryState::Dead)),
        Err(WebhookError::Invalid(_))
    ));
    let purge = || post.world.host_run(|host| purge(host, 10)).unwrap();
    assert_eq!(purge(), 0);
    post.world.pass(DELIVERED_KEPT);
    assert_eq!((purge(), purge()), (1, 0));
    assert_eq!(count(None, &None, None).unwrap(), 2);
    assert_eq!(post.delivery(&dead).state, DeliveryState::Dead);
}
