use mooring_manifest::{Gateway as Offer, GatewayMethod};
use mooring_sdk::gateway::{
    Gateway, GatewayError, News, Notification, NotificationError, Order, Progress, Subject,
};
use mooring_sdk::money::Amount;
use mooring_sdk::outbound::{Call, OutboundError};
use mooring_sdk::payments::{AttemptState, Failure};
use mooring_sdk::signatures::{self, Algorithm, SignatureError};
use mooring_sdk::testing::TestGateway;
use mooring_sdk::{Info, context};
use serde_json::json;

struct Bank;

impl Gateway for Bank {
    fn info() -> Info {
        Info::new("bank", "0.1.0", "Moves money.")
            .boolean("enabled", false, "Whether.")
            .url("bank_url", "Of the bank.")
            .secret("signing", "Of notifications.")
            .target("bank", "bank_url")
            .gateway(Offer {
                enabled_setting: "enabled".to_owned(),
                methods: vec![GatewayMethod {
                    name: "transfer".to_owned(),
                    label: "Transfer".to_owned(),
                    crypto: false,
                    currencies: Vec::new(),
                }],
                refunds: false,
                captures: false,
                test_mode: false,
                notification_bytes_max: 1024,
            })
    }

    fn start(order: Order) -> Result<Progress, GatewayError> {
        let call = Call::new("bank", "POST", "/transfers").json(&json!({ "id": order.attempt }));
        match call.send() {
            Ok(answer) if answer.status == 201 => Ok(Progress::succeeded(order.due)),
            Ok(answer) if answer.status == 299 => Ok(Progress::new(AttemptState::Succeeded)),
            Ok(_) => Ok(Progress::declined("no", "No.")),
            Err(OutboundError::NotConfigured(what)) => {
                Err(GatewayError::Refused(Failure::new("not_configured", what)))
            }
            Err(error) => Err(GatewayError::Unknown(error.to_string())),
        }
    }

    fn submit(order: Order, _: Vec<(String, String)>) -> Result<Progress, GatewayError> {
        Bank::start(order)
    }

    fn look_up(order: Order) -> Result<Progress, GatewayError> {
        let memo = Some(context::now().to_string());
        Ok(Progress {
            memo,
            ..Progress::new(order.state)
        })
    }

    fn abandon(order: Order) -> Result<Progress, GatewayError> {
        Ok(Progress::new(order.state))
    }

    fn notify(notification: Notification) -> Result<Vec<(Subject, News)>, NotificationError> {
        let codes: Vec<Vec<u8>> = notification
            .headers
            .iter()
            .filter_map(|(_, code)| hex(code))
            .collect();
        match signatures::verify("signing", Algorithm::HmacSha256, &notification.body, &codes) {
            Ok(true) => Ok(vec![(
                Subject::GatewayRef("tr_1".to_owned()),
                News::Attempt(Progress::new(AttemptState::Processing)),
            )]),
            Ok(false) => Err(NotificationError::Untrusted("not signed".to_owned())),
            Err(error) => Err(NotificationError::Retry(format!("{error:?}"))),
        }
    }
}

mooring_sdk::register_gateway!(Bank);

fn hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(text.get(place..place + 2)?, 16).ok())
        .collect()
}

fn order(host: &TestGateway<Bank>) -> Order {
    host.order("transfer", Amount::from_minor(1000, "USD").expect("a currency"))
}

#[test]
fn a_gateway_gets_scripted_answers() {
    let mut host = TestGateway::<Bank>::new();
    let order = order(&host);
    let refused = host.start(order.clone()).unwrap_err();
    assert_eq!(
        refused,
        GatewayError::Refused(Failure::new("not_configured", "bank_url"))
    );
    host.set("bank_url", "https://bank.example.com");
    host.answer("POST", "/transfers", 201, json!({}));
    assert_eq!(host.start(order.clone()).unwrap().state, AttemptState::Succeeded);
    assert_eq!(host.calls().len(), 1);
    host.answer("POST", "/transfers", 402, json!(null));
    assert_eq!(host.start(order.clone()).unwrap().failure.unwrap().code, "no");
    host.fail("POST", "/transfers", OutboundError::TimedOut);
    assert!(matches!(host.start(order), Err(GatewayError::Unknown(_))));
}

#[test]
fn a_form_cannot_call_out() {
    let mut host = TestGateway::<Bank>::new();
    host.set("bank_url", "https://bank.example.com");
    let order = order(&host);
    let error = host.submit(order, &[("number", "4242")]).unwrap_err();
    assert_eq!(error, GatewayError::Unknown(OutboundError::NotInAJob.to_string()));
}

#[test]
#[should_panic(expected = "says what was `received`")]
fn what_succeeds_says_how_much() {
    let mut host = TestGateway::<Bank>::new();
    host.set("bank_url", "https://bank.example.com");
    host.answer("POST", "/transfers", 299, json!({}));
    let order = order(&host);
    let _ = host.start(order);
}

#[test]
fn an_attempt_goes_on_as_was_said() {
    let mut host = TestGateway::<Bank>::new();
    let first = Order {
        state: AttemptState::Waiting,
        ..order(&host)
    };
    let said = host.look_up(first.clone()).unwrap();
    let next = host.after(&first, &said);
    assert_eq!(
        (next.state, next.memo),
        (AttemptState::Waiting, host.now().to_string())
    );
}

/// RFC 4231, test case 2.
#[test]
fn signatures_are_checked_with_the_operators_secrets() {
    let code = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let notification = |codes: &[&str]| Notification {
        body: b"what do ya want for nothing?".to_vec(),
        headers: codes
            .iter()
            .map(|&code| ("signature".to_owned(), code.to_owned()))
            .collect(),
        query: String::new(),
    };
    let mut host = TestGateway::<Bank>::new();
    let missing = SignatureError::NotConfigured("signing".to_owned());
    assert_eq!(
        host.notify(notification(&[code])),
        Err(NotificationError::Retry(format!("{missing:?}")))
    );
    host.set("signing", "Jefe");
    assert_eq!(host.notify(notification(&["00", code])).unwrap().len(), 1);
    let forged = Err(NotificationError::Untrusted("not signed".to_owned()));
    assert_eq!(host.notify(notification(&["00"])), forged);
    assert_eq!(host.notify(notification(&[])), forged);
    host.rotate("signing", "another");
    assert_eq!(host.notify(notification(&[code])).unwrap().len(), 1);
    host.set("signing", "a third");
    host.rotate("signing", "a fourth");
    assert_eq!(host.notify(notification(&[code])), forged);
}
