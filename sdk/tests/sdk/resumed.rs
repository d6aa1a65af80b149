use mooring_sdk::jobs::{self, JobError, NewJob};
use mooring_sdk::payments::{RefundState, Status};
use mooring_sdk::testing::{AttemptDone, RefundOutcome, TestHost};

use crate::till::{Till, hundred, told};

#[test]
fn an_answer_waits_for_its_job() {
    for (outcome, state) in [
        (RefundOutcome::succeeded("re_1"), RefundState::Succeeded),
        (RefundOutcome::failed("rejected", "No."), RefundState::Failed),
        (RefundOutcome::Pending, RefundState::Pending),
    ] {
        let mut host = TestHost::<Till>::new();
        let payment = hundred(&mut host);
        host.pay(&payment.id, AttemptDone::default());
        host.next_refund(outcome);
        let key = host.key(&[]);
        let reply = host.post(&format!("/7/{key}/refund/{}", payment.id)).send();
        assert_eq!(
            (reply.status, reply.text()),
            (200, &*format!("{:?}", Some(state)))
        );
    }
}

#[test]
fn an_answer_that_fails_waits_for_nothing() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    let key = host.key(&[]);
    let before = host.fingerprint();
    let reply = host.post(&format!("/7/{key}/refund/{}", payment.id)).send();
    assert_eq!(reply.status, 409);
    assert_eq!(host.fingerprint(), before);
}

#[test]
#[should_panic(expected = "which is no job")]
fn an_answer_cannot_wait_for_what_is_no_job() {
    TestHost::<Till>::new().post("/forever").send();
}

#[test]
fn what_a_request_changes_is_told_in_its_step() {
    let mut host = TestHost::<Till>::new();
    let payment = hundred(&mut host);
    let key = host.key(&[]);
    let reply = host.post(&format!("/7/{key}/cancel/{}", payment.id)).send();
    assert_eq!(reply.text(), "Cancelled");
    assert_eq!(host.payment(&payment.id).status, Status::Cancelled);
    assert_eq!(told(&host), ["Cancelled"]);
}

#[test]
fn a_key_in_the_path_is_seen_by_the_host_only() {
    let mut host = TestHost::<Till>::new();
    let key = host.key(&[]);
    let reply = host.get(&format!("/7/{key}")).send();
    assert_eq!(reply.text(), r#"/7/- ["7", "-"]"#);
    assert_eq!(host.get("/7/wrong").send().status, 401);
    assert_eq!(host.get("/7/wrong").key(&key).send().status, 401);
}

#[test]
fn jobs_of_the_host_are_the_hosts() {
    let mut host = TestHost::<Till>::new();
    let forged = NewJob::new("mooring.gateway-refund", "rfd_1");
    assert!(matches!(
        host.act(|| jobs::schedule(forged)),
        Err(JobError::Invalid(_))
    ));
}
