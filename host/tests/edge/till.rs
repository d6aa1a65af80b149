//! One payment, whose page is asked for over real sockets; what the payer decides is carried out at once.

use mooring::checkout::{Bill, Brand, Choice, Filled, Link, Till, TillError, Try, Way};
use mooring_core::ids::{AttemptId, JobId, PaymentId, PluginName, TenantId, TenantName};
use mooring_core::money::{Amount, Currency};
use mooring_core::payments::{Action, AttemptState, Failure, FieldKind, FormField, Status};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;
use parking_lot::Mutex;

/// The link that leads to the payment.
pub(crate) const REFERENCE: &str = "pay_0123456789abcdefghijAB";
/// The attempt that is begun.
pub(crate) const ATTEMPT: &str = "att_0123456789abcdefghijAB";

pub(crate) struct FakeTill {
    pub(crate) bill: Mutex<Bill>,
    /// What was asked of it, in order.
    pub(crate) asked: Mutex<Vec<String>>,
    /// What every look-up finds.
    pub(crate) found: Mutex<Option<AttemptState>>,
}

impl FakeTill {
    pub(crate) fn new() -> FakeTill {
        let euros = |minor| Amount::new(minor, Currency::parse("EUR").unwrap());
        let way = |gateway: &str, method: &str, label: &str| Way {
            gateway: PluginName::parse(gateway).unwrap(),
            method: method.to_owned(),
            label: label.to_owned(),
            test_mode: gateway == "sandbox",
        };
        let bill = Bill {
            link: Link {
                tenant: TenantRef {
                    id: TenantId(1),
                    name: TenantName::parse("acme").unwrap(),
                },
                plugin: PluginName::parse("fake").unwrap(),
                payment: PaymentId::parse(REFERENCE).unwrap(),
            },
            status: Status::Pending,
            due: euros(123_450),
            received: euros(0),
            refunded: euros(0),
            description: "Two <hats>".to_owned(),
            failure: None,
            expires_at: None,
            success_url: Some("https://shop.example/thanks".to_owned()),
            cancel_url: Some("https://shop.example/cart".to_owned()),
            failure_url: None,
            locale: None,
            attempt: None,
            has_tries_left: true,
            ways: vec![
                way("stripe", "card", "Card"),
                way("paypal", "wallet", "PayPal"),
                way("sandbox", "card", "Card"),
            ],
            brand: Brand {
                name: "Ada's \"Hats\" & Sons".to_owned(),
                color: Some("#0f766e".to_owned()),
                logo_url: None,
            },
            now: Timestamp(1_795_737_600_000),
        };
        FakeTill {
            bill: Mutex::new(bill),
            asked: Mutex::default(),
            found: Mutex::default(),
        }
    }

    /// Begins an attempt with this for the payer to do.
    pub(crate) fn set_attempt(&self, state: AttemptState, action: Option<Action>) {
        let mut bill = self.bill.lock();
        bill.attempt = Some(Try {
            id: AttemptId::parse(ATTEMPT).unwrap(),
            number: bill.attempt.as_ref().map_or(0, |attempt| attempt.number) + 1,
            gateway: PluginName::parse("stripe").unwrap(),
            method: "card".to_owned(),
            state,
            action,
            failure: None,
            abandoned: false,
            test_mode: false,
        });
    }

    pub(crate) fn decline(&self) {
        self.set_attempt(AttemptState::Declined, None);
        let mut bill = self.bill.lock();
        bill.attempt.as_mut().unwrap().failure = Some(Failure {
            code: "5051".to_owned(),
            message: "5051 (Insufficient funds)".to_owned(),
        });
    }

    fn pay(&self) {
        let mut bill = self.bill.lock();
        bill.status = Status::Succeeded;
        bill.received = bill.due;
    }

    pub(crate) fn redirect() -> Action {
        let url = "https://gateway.example/session;1".to_owned();
        Action::Redirect { url }
    }

    pub(crate) fn form() -> Action {
        let field = |name: &str, kind| FormField {
            name: name.to_owned(),
            kind,
        };
        let fields = vec![
            field("number", FieldKind::CardNumber),
            field("expiry", FieldKind::CardExpiry),
            field("code", FieldKind::CardCode),
        ];
        Action::Form { fields }
    }

    fn note(&self, what: impl Into<String>) {
        self.asked.lock().push(what.into());
    }
}

impl Till<()> for FakeTill {
    fn bill(&self, (): &(), reference: &str) -> Result<Option<Bill>, TillError> {
        match reference {
            REFERENCE => Ok(Some(self.bill.lock().clone())),
            "unavailable-unavailable" => Err(TillError::Unavailable),
            _ => Ok(None),
        }
    }

    async fn begin(&self, _: &Link, choice: Choice) -> Result<(), TillError> {
        self.note(format!(
            "begin {}/{} from {}",
            choice.gateway, choice.method, choice.address
        ));
        self.set_attempt(AttemptState::Waiting, Some(FakeTill::redirect()));
        Ok(())
    }

    async fn submit(&self, _: &Link, _: &AttemptId, filled: Filled) -> Result<(), TillError> {
        self.note(format!("submit {:?}", filled.into_fields()));
        self.pay();
        Ok(())
    }

    async fn look_up(&self, _: &Link, _: &AttemptId) -> Result<Option<JobId>, TillError> {
        self.note("look up");
        let found = *self.found.lock();
        match found {
            Some(AttemptState::Declined) => self.decline(),
            Some(AttemptState::Succeeded) => self.pay(),
            _ => {}
        }
        Ok(Some(JobId::parse("job_0123456789abcdefghijAB").unwrap()))
    }

    async fn abandon(&self, _: &Link, _: &AttemptId) -> Result<(), TillError> {
        self.note("abandon");
        self.set_attempt(AttemptState::Cancelled, None);
        Ok(())
    }

    async fn cancel(&self, _: &Link) -> Result<(), TillError> {
        self.note("cancel");
        self.bill.lock().status = Status::Cancelled;
        Ok(())
    }

    fn has_ended(&self, _: &JobId) -> Result<bool, TillError> {
        Ok(self.found.lock().is_some())
    }
}
