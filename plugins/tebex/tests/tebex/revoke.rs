use mooring_sdk::services::Status;
use mooring_sdk::testing::RefundOutcome;
use serde_json::{Value, json};

use crate::{Host, MERCHANT, balance, buy, by_hand, call, get, host, offline, online, refused, sum, write};

const ADD: &str = "lp user {uuid} parent add vip";
const REMOVE: &str = "lp user {uuid} parent remove vip";

#[track_caller]
fn put(host: &mut Host, secret: &str, transaction: &str, body: &Value) {
    call(
        host,
        secret,
        "PUT",
        &format!("/payments/{transaction}"),
        body,
        204,
    );
}

#[track_caller]
fn set(host: &mut Host, secret: &str, transaction: &str, status: &str) {
    put(host, secret, transaction, &json!({ "status": status }));
}

fn status(host: &mut Host, secret: &str, transaction: &str) -> Value {
    get(host, secret, &format!("/payments/{transaction}"))["status"].clone()
}

/// The server runs and deletes all there is.
fn run(host: &mut Host, secret: &str) {
    let ids: Vec<u64> = (1..100).collect();
    call(host, secret, "DELETE", "/queue", &json!({ "ids": ids }), 204);
}

fn active(host: &Host) -> usize {
    let services = host.services().iter();
    services
        .filter(|service| service.status == Status::Active)
        .count()
}

#[test]
fn a_refund_of_a_payment_by_hand_takes_everything_back_once() {
    let (mut host, secret) = host();
    let transaction = by_hand(&mut host, &secret, 11, "Notch", "9.99");
    assert_eq!((balance(&mut host, MERCHANT), active(&host)), (999, 1));
    run(&mut host, &secret);
    for _ in 0..3 {
        set(&mut host, &secret, &transaction, "refund");
    }
    assert_eq!(status(&mut host, &secret, &transaction), "Refund");
    assert_eq!(offline(&mut host, &secret), [REMOVE]);
    assert_eq!(
        (balance(&mut host, MERCHANT), balance(&mut host, "tebex:manual")),
        (0, 0)
    );
    assert_eq!((active(&host), host.postings().len(), sum(&mut host)), (0, 2, 0));
    assert_eq!(get(&mut host, &secret, "/player/1/packages"), json!([]));
}

#[test]
fn what_the_server_has_not_run_yet_is_withdrawn() {
    let (mut host, secret) = host();
    let transaction = by_hand(&mut host, &secret, 11, "Notch", "9.99");
    assert_eq!(offline(&mut host, &secret), [ADD]);
    set(&mut host, &secret, &transaction, "chargeback");
    assert_eq!(offline(&mut host, &secret), [REMOVE]);
    assert_eq!(online(&mut host, &secret, 1), [""; 0]);
    assert_eq!(get(&mut host, &secret, "/queue")["players"], json!([]));
}

#[test]
fn a_chargeback_is_told_from_a_refund_on_the_ledger_and_can_be_won() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    assert_eq!(balance(&mut host, MERCHANT), 999);
    set(&mut host, &secret, &transaction, "chargeback");
    assert_eq!(
        (
            balance(&mut host, MERCHANT),
            balance(&mut host, "tebex:chargebacks")
        ),
        (0, 999)
    );
    let user = get(&mut host, &secret, "/user/Notch");
    assert_eq!(
        (&user["chargebackRate"], &user["purchaseTotals"]),
        (&json!(100), &json!({}))
    );
    assert_eq!(user["payments"][0]["status"], json!(3));

    run(&mut host, &secret);
    set(&mut host, &secret, &transaction, "complete");
    assert_eq!(
        (
            balance(&mut host, MERCHANT),
            balance(&mut host, "tebex:chargebacks")
        ),
        (999, 0)
    );
    assert_eq!(offline(&mut host, &secret), [ADD], "it is delivered again");
    assert_eq!((active(&host), sum(&mut host)), (1, 0));
    let user = get(&mut host, &secret, "/user/Notch");
    assert_eq!(
        (&user["chargebackRate"], &user["purchaseTotals"]),
        (&json!(0), &json!({ "USD": 9.99 }))
    );

    // And lost again: each turn has postings of its own.
    set(&mut host, &secret, &transaction, "chargeback");
    assert_eq!(
        (
            balance(&mut host, MERCHANT),
            balance(&mut host, "tebex:chargebacks")
        ),
        (0, 999)
    );
}

#[test]
fn from_one_way_of_losing_it_to_another_only_the_word_changes() {
    let (mut host, secret) = host();
    let transaction = by_hand(&mut host, &secret, 11, "Notch", "9.99");
    set(&mut host, &secret, &transaction, "refund");
    let (postings, services) = (host.postings().len(), host.services().len());
    let commands = offline(&mut host, &secret);
    set(&mut host, &secret, &transaction, "chargeback");
    assert_eq!(status(&mut host, &secret, &transaction), "Chargeback");
    assert_eq!(
        get(&mut host, &secret, "/user/Notch")["chargebackRate"],
        json!(100)
    );
    assert_eq!(
        (host.postings().len(), host.services().len()),
        (postings, services)
    );
    assert_eq!(offline(&mut host, &secret), commands);
}

#[test]
fn a_refund_of_what_was_paid_on_the_page_sends_the_money_back() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    let payment = host.payments()[0].id.clone();
    run(&mut host, &secret);
    set(&mut host, &secret, &transaction, "refund");
    host.run_jobs();
    assert_eq!(host.refunds(&payment).len(), 1);
    assert_eq!((balance(&mut host, MERCHANT), sum(&mut host)), (0, 0));
    assert_eq!(
        offline(&mut host, &secret),
        [REMOVE],
        "told twice, taken away once"
    );
    assert_eq!(status(&mut host, &secret, &transaction), "Refund");
    let message = refused(
        &mut host,
        &secret,
        "PUT",
        &format!("/payments/{transaction}"),
        r#"{"status":"complete"}"#,
        422,
    );
    assert_eq!(
        message,
        "The money was sent back; the payment cannot be complete again."
    );
}

#[test]
fn a_refund_by_the_operator_takes_it_away_when_all_of_it_is_back() {
    use mooring_sdk::money::Amount;
    use mooring_sdk::payments::{self, NewRefund};
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    let payment = host.payments()[0].id.clone();
    run(&mut host, &secret);
    for (minor, expected, commands) in [(400, "Complete", 0), (599, "Refund", 1)] {
        let refund = NewRefund {
            payment: payment.clone(),
            amount: Some(Amount::from_minor(minor, "USD").unwrap()),
            reason: String::new(),
            idempotency_key: None,
        };
        host.act(|| payments::refund(refund)).expect("a refund");
        host.run_jobs();
        assert_eq!(status(&mut host, &secret, &transaction), expected);
        assert_eq!(offline(&mut host, &secret).len(), commands);
    }
    assert_eq!((balance(&mut host, MERCHANT), sum(&mut host)), (0, 0));
}

#[test]
fn a_refund_that_fails_is_noted_on_the_payment() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    host.next_refund(RefundOutcome::failed("closed", "The account is closed."));
    set(&mut host, &secret, &transaction, "refund");
    host.run_jobs();
    let payment = get(&mut host, &secret, &format!("/payments/{transaction}"));
    assert_eq!(
        payment["notes"][0]["note"],
        "The refund failed: The account is closed."
    );
    assert_eq!(balance(&mut host, MERCHANT), 999, "the money is still here");
    assert_eq!(sum(&mut host), 0);
}

#[test]
fn where_the_gateway_makes_no_refunds_the_ledger_says_what_is_owed() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    host.without_refunds("sandbox");
    set(&mut host, &secret, &transaction, "refund");
    host.run_jobs();
    assert_eq!(
        (balance(&mut host, MERCHANT), balance(&mut host, "tebex:refunds")),
        (0, 999)
    );
    set(&mut host, &secret, &transaction, "complete");
    assert_eq!(
        (balance(&mut host, MERCHANT), balance(&mut host, "tebex:refunds")),
        (999, 0)
    );
}

#[test]
fn a_payment_can_be_given_to_another_player() {
    let (mut host, secret) = host();
    let transaction = by_hand(&mut host, &secret, 11, "Notch", "9.99");
    put(&mut host, &secret, &transaction, &json!({ "username": "jeb_" }));
    let payment = get(&mut host, &secret, &format!("/payments/{transaction}"));
    assert_eq!(
        payment["player"],
        json!({ "id": 2, "name": "jeb_", "uuid": null })
    );
    assert_eq!(online(&mut host, &secret, 1), [""; 0]);
    assert_eq!(online(&mut host, &secret, 2), ["give {name} cookie 8"]);
    let queue = get(&mut host, &secret, "/queue");
    assert_eq!(
        queue["players"],
        json!([{ "id": 2, "name": "jeb_", "uuid": null }])
    );
    let commands = get(&mut host, &secret, "/queue/offline-commands");
    assert_eq!(commands["commands"][0]["player"]["name"], "jeb_");
    assert_eq!(get(&mut host, &secret, "/player/1/packages"), json!([]));
    assert_eq!(
        get(&mut host, &secret, "/player/2/packages")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let of: Vec<(u64, Status)> = host
        .services()
        .iter()
        .map(|service| (service.user, service.status))
        .collect();
    assert_eq!(of, [(1, Status::Terminated), (2, Status::Active)]);
    for (name, totals, payments) in [("Notch", json!({}), 0), ("jeb_", json!({ "USD": 9.99 }), 1)] {
        let user = get(&mut host, &secret, &format!("/user/{name}"));
        assert_eq!(user["purchaseTotals"], totals);
        assert_eq!(user["payments"].as_array().unwrap().len(), payments);
    }
    // To the same player, and both at once.
    put(&mut host, &secret, &transaction, &json!({ "username": "JEB_" }));
    assert_eq!(host.services().len(), 2);
    put(
        &mut host,
        &secret,
        &transaction,
        &json!({ "username": "Notch", "status": "chargeback" }),
    );
    assert_eq!(
        get(&mut host, &secret, "/user/Notch")["chargebackRate"],
        json!(100)
    );
    assert_eq!(get(&mut host, &secret, "/user/jeb_")["chargebackRate"], json!(0));
    let commands = get(&mut host, &secret, "/queue/offline-commands");
    assert_eq!(commands["commands"][0]["player"]["name"], "Notch");
    assert_eq!(commands["commands"].as_array().unwrap().len(), 1);
}

#[test]
fn what_was_run_for_a_player_is_taken_away_when_it_becomes_anothers() {
    let (mut host, secret) = host();
    let transaction = by_hand(&mut host, &secret, 11, "Notch", "9.99");
    run(&mut host, &secret);
    put(&mut host, &secret, &transaction, &json!({ "username": "jeb_" }));
    let commands = get(&mut host, &secret, "/queue/offline-commands");
    let told = |at: usize| {
        let command = &commands["commands"][at];
        (
            command["command"].as_str().unwrap(),
            command["player"]["name"].as_str().unwrap(),
        )
    };
    assert_eq!((told(0), told(1)), ((REMOVE, "Notch"), (ADD, "jeb_")));
    assert_eq!(online(&mut host, &secret, 2).len(), 1);
    assert_eq!(get(&mut host, &secret, "/player/1/packages"), json!([]));
    assert_eq!(
        get(&mut host, &secret, "/player/2/packages")
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(active(&host), 1);
    // The removal stays with whom it takes from, whatever becomes of the payment.
    set(&mut host, &secret, &transaction, "refund");
    let commands = get(&mut host, &secret, "/queue/offline-commands");
    let names: Vec<&str> = (0..2)
        .map(|at| commands["commands"][at]["player"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Notch", "jeb_"]);
    assert_eq!(offline(&mut host, &secret), [REMOVE, REMOVE]);
}

#[test]
fn a_payment_has_no_more_commands_than_can_be_taken_back() {
    let (mut host, secret) = host();
    let commands = vec![json!({ "command": "say", "require_online": true }); 30];
    write(
        &mut host,
        "packages",
        "31",
        &json!({ "name": "Loud", "price": "1", "category": 1, "commands": commands }),
    );
    let body = |packages: usize| json!({ "packages": vec![json!({ "id": 31 }); packages], "ign": "Notch" });
    let why = refused(
        &mut host,
        &secret,
        "POST",
        "/payments",
        &body(34).to_string(),
        422,
    );
    assert_eq!(why, "A payment has at most 1000 commands; make several payments.");
    call(&mut host, &secret, "POST", "/payments", &body(33), 204);
    set(&mut host, &secret, "1", "refund");
}
