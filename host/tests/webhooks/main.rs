//! The deliverer against receivers that do all that receivers do.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

mod post;
mod receiver;

use std::time::{Duration, Instant};

use mooring_core::webhooks::{DeliveryState, DisabledBy, Health};

use post::{LOOPBACK, Post, eventually};
use receiver::{Receiver, Reply};

const DATA: &str = "{ \"event_type\":\"invoice.paid\",  \"name\":\"Zoë\" }";

#[tokio::test]
async fn a_delivery_has_the_same_id_and_bytes_on_every_attempt_and_is_signed_anew() {
    let receiver = Receiver::start([Reply::status(500), Reply::status(200)]).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |webhook| {
        webhook.retry_seconds = vec![1];
    })
    .await;
    post.set("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let event = post.emit("invoice.paid", DATA);
    let delivery = post.ended(&event).await;
    assert_eq!(
        (delivery.state, delivery.attempts.len()),
        (DeliveryState::Delivered, 2)
    );
    let [first, second] = receiver.received().try_into().unwrap();
    for request in [&first, &second] {
        assert!(
            request.head.starts_with("POST /hook?token=s3cret HTTP/1.1"),
            "{}",
            request.head
        );
        assert_eq!(request.body, DATA);
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("webhook-id"), Some(event.as_str()));
        assert!(request.header("webhook-signature").unwrap().starts_with("v1,"));
    }
    for name in ["webhook-timestamp", "webhook-signature"] {
        assert_ne!(first.header(name), second.header(name), "{name} is fresh");
    }
    assert!(!format!("{delivery:?}").contains("s3cret"));
    post.stop().await;
}

#[tokio::test]
async fn every_kind_of_failure_is_recorded_and_tried_again() {
    let redirect = "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let script = [
        (Reply::status(500), "answered 500"),
        (Reply::status(404), "answered 404"),
        (Reply::Raw(redirect.to_owned()), "redirects are not followed"),
        (Reply::Reset, "unreachable"),
        (Reply::Hang, "no whole answer in time"),
        (
            Reply::Dribble("HTTP/1.1 200 OK\r\nX-A: ".to_owned()),
            "no whole answer in time",
        ),
        (Reply::Raw("SSH-2.0-OpenSSH\r\n\r\n".to_owned()), "unreachable"),
        (Reply::status(200), ""),
    ];
    let (replies, errors): (Vec<Reply>, Vec<&str>) = script.into_iter().unzip();
    let receiver = Receiver::start(replies).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |webhook| {
        webhook.retry_seconds = vec![0; 7];
        webhook.timeout_ms = 300;
    })
    .await;
    let event = post.emit("a", "{}");
    let delivery = post.ended(&event).await;
    assert_eq!(delivery.state, DeliveryState::Delivered, "{delivery:?}");
    for (attempt, error) in delivery.attempts.iter().zip(errors) {
        let said = attempt.error.as_deref().unwrap_or_default();
        assert!(
            said.contains(error) && said.is_empty() == error.is_empty(),
            "{attempt:?}"
        );
    }
    assert_eq!(post.endpoint("main").health, Health::Healthy);
    post.stop().await;
}

#[tokio::test]
async fn the_status_decides_whatever_the_body_does() {
    let huge = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n{}",
        "x".repeat(100_000)
    );
    let slow = "HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\nstart".to_owned();
    let receiver = Receiver::start([Reply::Raw(huge), Reply::Dribble(slow)]).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |_| ()).await;
    for status in [200, 201] {
        let event = post.emit("a", "{}");
        let delivery = post.ended(&event).await;
        assert_eq!(delivery.state, DeliveryState::Delivered, "{delivery:?}");
        let attempt = &delivery.attempts[0];
        assert_eq!(attempt.status, Some(status));
        assert!((5..=1024).contains(&attempt.excerpt.len()), "{}", attempt.excerpt);
    }
    post.stop().await;
}

#[tokio::test]
async fn an_answer_that_repeats_the_secret_is_not_kept_so() {
    let echo = "HTTP/1.1 400 X\r\nContent-Length: 19\r\n\r\nexpected top-secret";
    let receiver = Receiver::start([Reply::Raw(echo.to_owned())]).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |webhook| {
        webhook.retry_seconds.clear();
    })
    .await;
    post.set("secret", "top-secret");
    let event = post.emit("a", "{}");
    assert_eq!(post.ended(&event).await.attempts[0].excerpt, "expected [secret]");
    post.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_gets_nothing_more() {
    let receiver = Receiver::start([Reply::status(410), Reply::status(200)]).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |_| ()).await;
    let first = post.emit("a", "{}");
    eventually("it is disabled", async || {
        let disabled = post.endpoint("main").disabled?;
        (disabled.by == DisabledBy::Gone).then_some(())
    })
    .await;
    let second = post.emit("a", "{}");
    eventually("it is held", async || post.delivery(&second)).await;
    assert_eq!(receiver.received().len(), 1);
    post.enable("main").await;
    for event in [&first, &second] {
        assert_eq!(post.ended(event).await.state, DeliveryState::Delivered);
    }
    post.stop().await;
}

#[tokio::test]
async fn a_receiver_that_asks_to_wait_is_heard() {
    let busy = "HTTP/1.1 429 X\r\nRetry-After: 50\r\nContent-Length: 0\r\n\r\n";
    let receiver = Receiver::start([Reply::Raw(busy.to_owned())]).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |webhook| {
        webhook.retry_seconds = vec![30];
    })
    .await;
    let event = post.emit("a", "{}");
    let delivery = eventually("it was attempted", async || {
        post.delivery(&event)
            .filter(|delivery| delivery.attempts_made == 1)
    })
    .await;
    let attempt = &delivery.attempts[0];
    let waits = delivery.next_at.unwrap().millis() - attempt.started_at.millis();
    assert!((50_000..56_000).contains(&waits), "{waits}");
    post.stop().await;
}

#[tokio::test]
async fn a_receiver_that_hangs_costs_the_others_nothing() {
    let (hangs, answers) = (
        Receiver::start([Reply::Hang]).await,
        Receiver::start([Reply::status(200)]).await,
    );
    let urls = [("main", hangs.url.as_str()), ("other", answers.url.as_str())];
    let post = Post::start(LOOPBACK, &urls, |webhook| webhook.timeout_ms = 30_000).await;
    let started = Instant::now();
    for _ in 0..200 {
        post.emit("a", "{}");
    }
    eventually("all have arrived", async || {
        (answers.received().len() == 200).then_some(())
    })
    .await;
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    // Its own places are all that it has.
    assert!(hangs.received().len() <= 8, "{}", hangs.received().len());
    // A shutdown would wait for the receiver that hangs.
    post.crash().await;
}

#[tokio::test]
async fn what_was_ordered_arrives_in_order() {
    let receiver = Receiver::start([Reply::status(200), Reply::status(500), Reply::status(200)]).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |webhook| {
        webhook.ordered = true;
        webhook.retry_seconds = vec![1];
    })
    .await;
    for number in 0..5 {
        post.emit("a", &number.to_string());
    }
    eventually("all have arrived", async || {
        (receiver.received().len() == 6).then_some(())
    })
    .await;
    let bodies: Vec<String> = receiver
        .received()
        .into_iter()
        .map(|request| request.body)
        .collect();
    assert_eq!(bodies, ["0", "1", "1", "2", "3", "4"]);
    post.stop().await;
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_when_they_are_called() {
    let post = Post::start(&[], &[], |webhook| webhook.retry_seconds.clear()).await;
    let urls = include_str!("../outbound/refused-urls.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for url in urls {
        post.set("main", url);
        let event = post.emit("a", "{}");
        let delivery = post.ended(&event).await;
        let error = delivery.attempts[0].error.as_deref().unwrap();
        assert!(error.starts_with("refused: "), "{url}: {error}");
    }
    post.stop().await;
}

#[tokio::test]
async fn what_waits_or_is_on_its_way_survives_a_restart() {
    let receiver = Receiver::start([Reply::Hang, Reply::status(200)]).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |webhook| {
        webhook.timeout_ms = 30_000;
    })
    .await;
    let cut = post.emit("a", "{}");
    eventually("it is on its way", async || {
        (receiver.received().len() == 1).then_some(())
    })
    .await;
    let post = post.crash().await;
    let waits = post.emit("a", "{}");
    let post = post.restart();
    for event in [&cut, &waits] {
        assert_eq!(post.ended(event).await.state, DeliveryState::Delivered);
    }
    let twice = receiver
        .received()
        .into_iter()
        .filter(|request| request.header("webhook-id") == Some(cut.as_str()));
    assert_eq!(twice.count(), 2);
    post.stop().await;
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_on_its_way() {
    let receiver = Receiver::start([Reply::After(Duration::from_millis(300))]).await;
    let post = Post::start(LOOPBACK, &[("main", &receiver.url)], |_| ()).await;
    let event = post.emit("a", "{}");
    eventually("it is on its way", async || {
        (receiver.received().len() == 1).then_some(())
    })
    .await;
    let post = post.stop().await;
    // Nobody delivers any more; what was written down last may still be on its way to the disk.
    assert_eq!(post.ended(&event).await.state, DeliveryState::Delivered);
}
