//! A host for one gateway, in memory.

use std::fmt::Debug;
use std::marker::PhantomData;

use mooring_manifest::Manifest;
use serde_json::Value;

use super::memory::{Memory, job_principal};
use super::{json, manifest};
use crate::backend::with_backend;
use crate::gateway::{
    Action, Gateway, GatewayError, News, Notification, NotificationError, Order, Progress, RefundOrder,
    RefundProgress, Subject,
};
use crate::money::Amount;
use crate::outbound::{Answer, Call, OutboundError};
use crate::payments::{AttemptState, CaptureMode, RefundState};

const MEMO_BYTES_MAX: usize = 4 * 1024;
const LINES_MAX: usize = 20;

/// A gateway under test: its calls, with scripted answers of whoever it calls out to.
///
/// Every call is run twice, the second time with the answers of the first, and must say the same; what it says is checked as
/// the real host does.
pub struct TestGateway<G> {
    manifest: Manifest,
    memory: Memory,
    gateway: PhantomData<G>,
}

impl<G: Gateway> Default for TestGateway<G> {
    fn default() -> TestGateway<G> {
        TestGateway::new()
    }
}

impl<G: Gateway> TestGateway<G> {
    /// Without any setting.
    pub fn new() -> TestGateway<G> {
        let manifest: Manifest = serde_json::from_str(&crate::dispatch::describe_gateway::<G>())
            .expect("the manifest is written by the SDK itself");
        manifest::check(&manifest);
        TestGateway {
            memory: Memory::new(manifest.clone()),
            manifest,
            gateway: PhantomData,
        }
    }

    /// What the gateway says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The operator sets a setting, a secret too.
    pub fn set(&mut self, name: &str, value: &str) {
        let mut settings = self.manifest.settings.iter();
        assert!(
            settings.any(|setting| setting.name == name),
            "no setting `{name}`"
        );
        self.memory.settings.insert(name.to_owned(), value.to_owned());
    }

    /// The operator replaces a secret; what it was before stays valid beside it.
    pub fn rotate(&mut self, name: &str, value: &str) {
        let before = self.memory.settings.get(name).cloned();
        self.set(name, value);
        self.memory
            .predecessors
            .extend(before.map(|before| (name.to_owned(), before)));
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        self.memory.state.now
    }

    /// Moves the clock.
    pub fn advance(&mut self, millis: u64) {
        self.memory.state.now += millis;
    }

    /// The next outbound call must be this one, and gets this answer.
    pub fn answer(&mut self, method: &str, path: &str, status: u16, body: Value) {
        self.memory.expect(method, path, Ok(json(status, &body)));
    }

    /// The next outbound call must be this one, and gets this answer, of any kind.
    pub fn answer_with(&mut self, method: &str, path: &str, answer: Answer) {
        self.memory.expect(method, path, Ok(answer));
    }

    /// The next outbound call must be this one, and gets no answer.
    pub fn fail(&mut self, method: &str, path: &str, error: OutboundError) {
        self.memory.expect(method, path, Err(error));
    }

    /// Calls that no script answers go there: to another program that stands in for the provider.
    pub fn answer_from(&mut self, world: impl FnMut(&Call) -> Result<Answer, OutboundError> + 'static) {
        self.memory.world = Some(Box::new(world));
    }

    /// The outbound calls made so far.
    pub fn calls(&self) -> &[Call] {
        &self.memory.calls
    }

    /// Lines of the log, with their levels in front: `error: ...`.
    pub fn log(&self) -> &[String] {
        &self.memory.log
    }

    /// A new attempt, to be changed as the test needs.
    pub fn order(&self, method: &str, due: Amount) -> Order {
        let page = "http://mooring.test/shop/pay/0123456789abcdef";
        Order {
            attempt: format!("att_{:0>22}", 1),
            number: 1,
            method: method.to_owned(),
            state: AttemptState::Starting,
            gateway_ref: None,
            memo: String::new(),
            payment: format!("pay_{:0>22}", 1),
            reference: "0123456789abcdef".to_owned(),
            due,
            description: "A thing".to_owned(),
            capture: CaptureMode::Automatic,
            payer_email: Some("payer@example.com".to_owned()),
            payer_ip: Some("203.0.113.7".to_owned()),
            return_url: page.to_owned(),
            cancel_url: page.to_owned(),
            notify_url: format!("http://mooring.test/notify/{}", self.manifest.name),
            expires_at: None,
            locale: None,
            created_at: self.now(),
        }
    }

    /// The attempt as the host gives it after this was said of it.
    pub fn after(&self, order: &Order, progress: &Progress) -> Order {
        Order {
            state: progress.state,
            gateway_ref: progress.gateway_ref.clone().or(order.gateway_ref.clone()),
            memo: progress.memo.clone().unwrap_or_else(|| order.memo.clone()),
            ..order.clone()
        }
    }

    /// A refund of an attempt, for the first time.
    pub fn refund_order(&self, order: Order, amount: Amount) -> RefundOrder {
        RefundOrder {
            refund: format!("rfd_{:0>22}", 1),
            amount,
            reason: "Asked for".to_owned(),
            order,
            attempt: 1,
        }
    }

    /// See [`Gateway::start`].
    pub fn start(&mut self, order: Order) -> Result<Progress, GatewayError> {
        self.attempt(true, || G::start(order.clone()))
    }

    /// See [`Gateway::submit`].
    pub fn submit(&mut self, order: Order, fields: &[(&str, &str)]) -> Result<Progress, GatewayError> {
        let fields: Vec<(String, String)> = fields
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        self.attempt(false, || G::submit(order.clone(), fields.clone()))
    }

    /// See [`Gateway::look_up`].
    pub fn look_up(&mut self, order: Order) -> Result<Progress, GatewayError> {
        self.attempt(true, || G::look_up(order.clone()))
    }

    /// See [`Gateway::abandon`].
    pub fn abandon(&mut self, order: Order) -> Result<Progress, GatewayError> {
        self.attempt(true, || G::abandon(order.clone()))
    }

    /// See [`Gateway::capture`].
    pub fn capture(&mut self, order: Order, amount: Amount) -> Result<Progress, GatewayError> {
        self.attempt(true, || G::capture(order.clone(), amount.clone()))
    }

    /// See [`Gateway::refund`].
    pub fn refund(&mut self, refund: RefundOrder) -> Result<RefundProgress, GatewayError> {
        let result = self.twice(true, || G::refund(refund.clone()));
        if let Ok(progress) = &result {
            check_refund(progress);
        }
        result
    }

    /// See [`Gateway::notify`].
    pub fn notify(&mut self, notification: Notification) -> Result<Vec<(Subject, News)>, NotificationError> {
        let result = self.twice(true, || G::notify(notification.clone()));
        for (_, news) in result.iter().flatten() {
            match news {
                News::Attempt(progress) => check_progress(progress),
                News::Refund(progress) => check_refund(progress),
            }
        }
        result
    }

    fn attempt(
        &mut self,
        in_job: bool,
        call: impl Fn() -> Result<Progress, GatewayError>,
    ) -> Result<Progress, GatewayError> {
        let result = self.twice(in_job, call);
        if let Ok(progress) = &result {
            check_progress(progress);
        }
        result
    }

    /// Runs a call, and again with the answers that the first run got.
    fn twice<T: PartialEq + Debug>(&mut self, may_call_out: bool, call: impl Fn() -> T) -> T {
        let before = self.memory.state.clone();
        self.memory.record();
        let first = self.once(may_call_out, &call);
        let recording = self.memory.stop();
        self.memory.state = before;
        self.memory.play(recording);
        let second = self.once(may_call_out, &call);
        self.memory.stop();
        assert_eq!(first, second, "a call that runs again must say the same");
        assert!(
            self.memory.script.is_empty(),
            "never called: {:?}",
            self.memory.script
        );
        second
    }

    fn once<T>(&mut self, may_call_out: bool, call: impl FnOnce() -> T) -> T {
        self.memory.enter(Some(job_principal()), false, may_call_out);
        let memory = std::mem::replace(&mut self.memory, Memory::new(Manifest::default()));
        let (result, memory) = with_backend(memory, call);
        self.memory = memory;
        result
    }
}

/// What the real host takes for a fault of the gateway.
fn check_progress(progress: &Progress) {
    match progress.state {
        AttemptState::Authorized | AttemptState::Succeeded => {
            let received = progress.received.as_ref();
            let received =
                received.expect("an attempt that is authorized or succeeded says what was `received`");
            assert!(received.minor > 0, "what was `received` is more than zero");
        }
        AttemptState::Declined => assert!(progress.failure.is_some(), "a declined attempt says why"),
        AttemptState::Starting => panic!("an attempt does not go back to `Starting`"),
        AttemptState::Waiting
        | AttemptState::Processing
        | AttemptState::Unknown
        | AttemptState::Cancelled => {}
    }
    let memo_bytes = progress.memo.as_ref().map_or(0, String::len);
    assert!(memo_bytes <= MEMO_BYTES_MAX, "a memo is at most 4 KiB");
    if let Some(details) = &progress.details {
        let details: Result<Value, _> = serde_json::from_str(details);
        assert!(
            details.is_ok_and(|details| details.is_object()),
            "`details` is a JSON object"
        );
    }
    match &progress.action {
        None => {}
        Some(Action::Redirect(url)) => assert!(
            url.starts_with("https://") || url.starts_with("http://"),
            "a redirect goes to an absolute URL"
        ),
        Some(Action::Form(fields)) => {
            assert!(
                (1..=LINES_MAX).contains(&fields.len()),
                "a form has 1 to 20 fields"
            );
            let allowed =
                |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
            for field in fields {
                assert!(
                    !field.name.is_empty() && field.name.chars().all(allowed),
                    "`{}` is no name of a field",
                    field.name
                );
            }
        }
        Some(Action::Instructions(lines)) => {
            assert!((1..=LINES_MAX).contains(&lines.len()), "there are 1 to 20 lines");
        }
    }
}

fn check_refund(progress: &RefundProgress) {
    assert_eq!(
        progress.state == RefundState::Failed,
        progress.failure.is_some(),
        "a refund that failed, and only that, says why"
    );
}
