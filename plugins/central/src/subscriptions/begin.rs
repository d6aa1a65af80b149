//! How a subscription begins: through the API with a plan, or on the hosted page with a plan of its own.

use mooring_sdk::extract::{Text, WholeNumber};
use mooring_sdk::money::Decimal;
use mooring_sdk::prelude::*;
use mooring_sdk::services::{self, NewService};
use serde::{Deserialize, Serialize};

use super::{Held, Scheduled, Status, Subscription, turn};
use crate::calendar::Interval;
use crate::customers::{self, Payer};
use crate::error::Error;
use crate::events::{News, tell};
use crate::ids;
use crate::input::{self, Metadata, given};
use crate::invoices::{self, Charge, Credit};
use crate::plans::{self, Terms};
use crate::policy::Policy;
use crate::rates::{self, Rate};
use crate::transactions;
use crate::{views, webhooks};

/// How far from now a subscription may begin.
const YEARS_MAX: u64 = 5;
const YEAR_MS: u64 = 366 * 86_400_000;

/// `POST subscriptions`.
#[derive(Deserialize)]
pub(crate) struct NewSubscription {
    customer_email: Text<3, 254>,
    #[serde(default, deserialize_with = "given")]
    customer_name: Option<Text<0, 200>>,
    #[serde(default, deserialize_with = "given")]
    customer_phone: Option<Text<0, 40>>,
    plan_id: Text<1, 64>,
    #[serde(default, deserialize_with = "given")]
    start_date: Option<String>,
    #[serde(default, deserialize_with = "given")]
    trial_days: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Metadata>,
}

/// `POST subscriptions/hosted-inline`.
#[derive(Deserialize)]
pub(crate) struct HostedInline {
    inline_plan: InlinePlan,
    customer_email: Text<3, 254>,
    #[serde(default, deserialize_with = "given")]
    customer_name: Option<Text<0, 200>>,
    #[serde(default, deserialize_with = "given")]
    customer_phone: Option<Text<0, 40>>,
    #[serde(default, deserialize_with = "given")]
    return_url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    webhook_url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct InlinePlan {
    name: Text<1, 200>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Text<0, 500>>,
    amount: Decimal,
    currency: String,
    interval: Interval,
    #[serde(default, deserialize_with = "given")]
    interval_count: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    trial_period_days: Option<WholeNumber>,
}

#[derive(Serialize)]
struct Hosted<'h> {
    success: bool,
    data: Links<'h>,
    #[serde(flatten)]
    links: Links<'h>,
}

#[derive(Clone, Copy, Serialize)]
struct Links<'h> {
    subscription_hash: &'h str,
    hosted_checkout_url: &'h str,
}

/// `POST subscriptions`. Not safe to repeat: every call makes one.
pub(crate) fn create(Json(new): Json<NewSubscription>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let (plan, terms) = plans::on_sale(&new.plan_id)?;
    let trial_days = match new.trial_days {
        Some(days) => plans::trial_days("trial_days", days)?,
        None => plan.trial_days,
    };
    let start = match &new.start_date {
        Some(text) => start(&policy, text)?,
        None => policy.now,
    };
    let payer = Payer {
        email: &new.customer_email,
        name: new.customer_name.as_deref(),
        phone: new.customer_phone.as_deref(),
    };
    let mut held = made(&policy, &payer, terms, start, new.metadata)?;
    tell(&policy, &mut held, News::Created, None)?;
    if trial_days > 0 {
        held.it.trial_end = Some(policy.calendar.days_after(start, trial_days));
    }
    if start <= policy.now {
        begin(&policy, &mut held)?;
    }
    let held = held.save(&policy, &mut Scheduled::default())?;
    let subscription = views::subscription(&held)?;
    Ok(input::named(201, "subscription", &subscription))
}

/// The start of a day, or a time; not further than some years from now.
fn start(policy: &Policy, text: &str) -> Result<u64, Error> {
    let start = policy
        .calendar
        .read(text)
        .ok_or_else(|| Error::invalid("start_date", "must be a date: 2025-01-01"))?;
    if start.abs_diff(policy.now) > YEARS_MAX * YEAR_MS {
        let why = format!("must be within {YEARS_MAX} years from now");
        return Err(Error::invalid("start_date", why));
    }
    Ok(start)
}

/// A subscription that has not begun, and the service that it pays for.
fn made(
    policy: &Policy,
    payer: &Payer<'_>,
    plan: Terms,
    start: u64,
    metadata: Option<Metadata>,
) -> Result<Held, Error> {
    let user = customers::ensure(payer)?;
    rates::keep_currency(&plan.rate.currency)?;
    let id = format!("sub_{}", ids::random());
    let mut it = Subscription::new(user.id, plan, start);
    it.begin_at(start, &policy.calendar);
    it.service = service(user.id, &it.plan, &id)?;
    it.metadata = metadata.unwrap_or_default().0;
    Ok(Held::new(id, it))
}

/// The service of the host that a subscription pays for.
pub(super) fn service(user: u64, plan: &Terms, subscription: &str) -> Result<String, Error> {
    let service = services::create(NewService {
        user,
        product: plan.id.clone(),
        label: plan.name.clone(),
        external_ref: Some(subscription.to_owned()),
        metadata: String::new(),
    })?;
    Ok(service.id)
}

/// The first period begins, with the trial or with an invoice.
pub(super) fn begin(policy: &Policy, held: &mut Held) -> Result<(), Error> {
    let is_trial = held.it.trial_end.is_some_and(|end| end > held.it.period_start);
    if is_trial {
        held.it.status = Status::Trialing;
        held.it.bill(0, held.it.period_start);
        return tell(policy, held, News::Trialing, None);
    }
    held.it.status = Status::Active;
    held.it.cycles += 1;
    let charge = Charge::period(&held.it);
    if !turn::take_ahead(policy, held, &charge)? {
        let (id, invoice) = invoices::open(policy, held, &charge, Credit::Used)?;
        held.it.bill_by(&charge, &id);
        invoices::tell_opened(policy, held, News::InvoiceCreated, &id, &invoice)?;
    }
    tell(policy, held, News::Active, None)
}

/// `POST subscriptions/hosted-inline`: a subscription that begins when its first payment is made on the hosted page, or, with a
/// trial, at once. Not safe to repeat.
pub(crate) fn hosted_inline(Json(new): Json<HostedInline>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let plan = new.inline_plan;
    let currency = input::currency(&plan.currency)
        .map_err(|_| Error::invalid("inline_plan.currency", "is not a currency of ISO 4217"))?;
    let amount = input::positive(&plan.amount, "inline_plan.amount", &currency)?;
    let rate = Rate {
        currency,
        price: amount.minor,
        interval: plan.interval,
        count: plans::interval_count("inline_plan.interval_count", plan.interval, plan.interval_count)?,
    };
    let days = plan.trial_period_days.unwrap_or(WholeNumber(0));
    let trial_days = plans::trial_days("inline_plan.trial_period_days", days)?;
    let terms = Terms {
        id: format!(
            "plan_inline_{}",
            ids::of(&format!("{}{}", &*plan.name, rate.key()))
        ),
        name: plans::name("inline_plan.name", plan.name)?,
        rate,
    };
    let payer = Payer {
        email: &new.customer_email,
        name: new.customer_name.as_deref(),
        phone: new.customer_phone.as_deref(),
    };
    let mut held = made(&policy, &payer, terms, policy.now, new.metadata)?;
    held.it.hosted = true;
    held.it.return_url = new.return_url;
    if let Some(url) = new.webhook_url {
        held.it.webhook_endpoint = Some(webhooks::of_subscription(&held.id, &url)?);
        held.it.webhook_url = Some(url);
    }
    tell(&policy, &mut held, News::Created, None)?;
    let description = plan
        .description
        .map_or_else(|| held.it.plan.name.clone(), Text::into_string);
    let url = if trial_days > 0 {
        held.it.trial_end = Some(policy.calendar.days_after(policy.now, trial_days));
        begin(&policy, &mut held)?;
        ahead(&policy, &mut held, &description)?
    } else {
        held.it.cycles += 1;
        let charge = Charge::period(&held.it);
        first(&policy, &mut held, &charge, &description)?
    };
    let held = held.save(&policy, &mut Scheduled::default())?;
    let links = Links {
        subscription_hash: &held.id,
        hosted_checkout_url: &url,
    };
    let answer = Hosted {
        success: true,
        data: links,
        links,
    };
    Ok(Response::json(201, &answer))
}

/// The invoice that a pending subscription begins with, and its page.
fn first(policy: &Policy, held: &mut Held, charge: &Charge, description: &str) -> Result<String, Error> {
    let (id, mut invoice) = invoices::open(policy, held, charge, Credit::Kept)?;
    held.it.bill_by(charge, &id);
    tell(policy, held, News::InvoiceCreated, Some((&id, &invoice)))?;
    let until = policy.now + transactions::LIFE_MS;
    transactions::first_of(policy, held, &id, &mut invoice, description, until)
}

/// The invoice for what comes after the trial, payable from now on, and its page.
fn ahead(policy: &Policy, held: &mut Held, description: &str) -> Result<String, Error> {
    let next = Charge::next(held, |it| it.advance(&policy.calendar));
    let Some((charge, at)) = next else {
        return Err(invoices::broken(format!(
            "{} has a trial and nothing after it",
            held.id
        )));
    };
    let due = policy.calendar.days_after(at, policy.due_days);
    let (id, mut invoice) = invoices::open_with(policy, held, &charge, due, Credit::Kept)?;
    held.it.ahead = Some(id.clone());
    tell(policy, held, News::InvoiceCreated, Some((&id, &invoice)))?;
    transactions::first_of(policy, held, &id, &mut invoice, description, due)
}
