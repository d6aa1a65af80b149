//! Every route. Those that neither the document nor a known client has are marked as ours.

use mooring_manifest::Origin::{Documented, Observed, Proposed};
use mooring_sdk::prelude::*;

use crate::error::Error;
use crate::info::API;
use crate::{
    analytics, customers, events, gateways, invoices, plans, schema, subscriptions, transactions, webhooks,
};

/// No request of this API comes near it.
const BODY_BYTES_MAX: u64 = 64 * 1024;

macro_rules! routes {
    ($($method:ident $status:literal $origin:ident $group:literal $name:literal $path:literal $handler:expr, $summary:literal
        $(, path $parameters:path)? $(, query $query:path)? $(, takes $takes:path)?, gives $gives:path, fails $fails:expr $(, $core:ident)?;)*) => {
        &[$(
            Route::$method($name, concat!("/api/v1", $path), handler!($handler))
                .scopes(&[API])
                .body_max(BODY_BYTES_MAX)
                .summary($summary)
                .status($status)
                .group($group)
                .origin($origin)
                .fails(&$fails)
                $(.parameters($parameters))?
                $(.query($query))?
                $(.takes($takes))?
                .gives($gives)
                $(.$core())?
        ),*]
    };
}

pub(crate) const ROUTES: &[Route<Error>] = routes! {
    post 201 Documented "Payments" "payment-create" "/payments" transactions::create,
        "Asks for a payment; gives a link for each gateway.", takes schema::new_payment, gives schema::payment_created, fails [422], core;
    post 201 Documented "Payments" "payment-hosted-url" "/payments/hosted-url" transactions::hosted_url,
        "Asks for a payment; gives the address of its page.", takes schema::new_payment, gives schema::hosted_payment, fails [422], core;
    get 200 Documented "Payments" "payment-list" "/payments" transactions::list,
        "Payments, newest first.", query schema::payment_filters, gives schema::transactions, fails [422], core;
    get 200 Documented "Payments" "payment-view" "/payments/{hash}" transactions::view,
        "A payment with its attempts.", path schema::of_payment, gives schema::transaction_answer, fails [404], core;
    get 200 Observed "Payments" "payment-status" "/payments/{hash}/status" transactions::status,
        "Where a payment stands.", path schema::of_payment, gives schema::transaction_status, fails [404], core;
    post 200 Proposed "Payments" "payment-cancel" "/payments/{hash}/cancel" transactions::cancel,
        "Ends an open payment.", path schema::of_payment, gives schema::transaction_answer, fails [404, 409];
    post 200 Proposed "Payments" "payment-refund" "/payments/{hash}/refund" transactions::refund,
        "Sends money back, all of it or a part.", path schema::of_payment, takes schema::refund, gives schema::refunded, fails [404, 409, 422];

    post 201 Documented "Subscriptions" "subscription-create" "/subscriptions" subscriptions::create,
        "Begins a subscription to a plan.", takes schema::new_subscription, gives schema::subscription_answer, fails [404, 409, 422], core;
    get 200 Documented "Subscriptions" "subscription-list" "/subscriptions" subscriptions::list,
        "Subscriptions, newest first.", query schema::subscription_filters, gives schema::subscriptions, fails [422], core;
    post 201 Observed "Subscriptions" "subscription-hosted-inline" "/subscriptions/hosted-inline" subscriptions::hosted_inline,
        "Makes a subscription with a plan of its own, which begins on its page.", takes schema::hosted_inline, gives schema::hosted_subscription, fails [422];
    get 200 Observed "Subscriptions" "subscription-view" "/subscriptions/{id}" subscriptions::view,
        "A subscription.", path schema::of_subscription, gives schema::subscription_view, fails [404];
    put 200 Proposed "Subscriptions" "subscription-update" "/subscriptions/{id}" subscriptions::update,
        "Changes metadata and customer.", path schema::of_subscription, takes schema::subscription_changes, gives schema::subscription_answer, fails [404, 409, 422];
    post 200 Documented "Subscriptions" "subscription-change-plan" "/subscriptions/{id}/change-plan" subscriptions::change_plan,
        "Changes the plan, prorated.", path schema::of_subscription, takes schema::plan_change, gives schema::plan_changed, fails [404, 409, 422], core;
    post 200 Proposed "Subscriptions" "subscription-pause" "/subscriptions/{id}/pause" subscriptions::pause,
        "Lets a subscription stand still.", path schema::of_subscription, gives schema::subscription_answer, fails [404, 409];
    post 200 Proposed "Subscriptions" "subscription-resume" "/subscriptions/{id}/resume" subscriptions::resume,
        "Lets it go on.", path schema::of_subscription, gives schema::subscription_answer, fails [404, 409];
    post 200 Proposed "Subscriptions" "subscription-reactivate" "/subscriptions/{id}/reactivate" subscriptions::reactivate,
        "Takes a cancellation back, or begins again.", path schema::of_subscription, gives schema::subscription_answer, fails [404, 409];
    post 200 Proposed "Subscriptions" "subscription-renew" "/subscriptions/{id}/renew" subscriptions::renew,
        "Begins the next period now.", path schema::of_subscription, gives schema::plan_changed, fails [404, 409];
    post 200 Proposed "Subscriptions" "subscription-extend-trial" "/subscriptions/{id}/extend-trial" subscriptions::extend_trial,
        "Makes the trial longer.", path schema::of_subscription, takes schema::trial_extension, gives schema::subscription_answer, fails [404, 409, 422];
    get 200 Proposed "Events" "subscription-event-history" "/subscriptions/{id}/events" subscriptions::events,
        "What has happened to a subscription, newest first.", path schema::of_subscription, query schema::paging, gives schema::events, fails [404, 422];

    get 200 Documented "Plans" "plan-list" "/subscription-plans" plans::list,
        "Plans on sale, oldest first.", query schema::plan_filters, gives schema::plans, fails [422], core;
    get 200 Documented "Plans" "plan-view" "/subscription-plans/{id}" plans::view,
        "A plan.", path schema::of_plan, gives schema::plan_answer, fails [404], core;
    post 201 Proposed "Plans" "plan-create" "/subscription-plans" plans::create,
        "Makes a plan.", takes schema::new_plan, gives schema::plan_answer, fails [422];
    put 200 Proposed "Plans" "plan-update" "/subscription-plans/{id}" plans::update,
        "Changes a plan, for subscriptions to come.", path schema::of_plan, takes schema::plan_changes, gives schema::plan_answer, fails [404, 422];
    delete 200 Proposed "Plans" "plan-archive" "/subscription-plans/{id}" plans::archive,
        "Takes a plan off sale; who has it keeps it.", path schema::of_plan, gives schema::plan_answer, fails [404];
    get 200 Proposed "Plans" "plan-subscriptions" "/subscription-plans/{id}/subscriptions" plans::subscribers,
        "Subscriptions with a plan, newest first.", path schema::of_plan, query schema::paging, gives schema::subscriptions, fails [404, 422];

    get 200 Documented "Invoices" "invoice-stats" "/subscription-invoices/stats/overview" invoices::overview,
        "Invoices by status, what is outstanding, and revenue of a range of days.", query schema::dates, gives schema::invoice_stats, fails [422], core;
    get 200 Documented "Invoices" "invoice-upcoming" "/subscription-invoices/upcoming/{sub}" invoices::upcoming,
        "What will be billed next; writes nothing.", path schema::of_billed, gives schema::invoice_preview, fails [404, 409], core;
    post 201 Documented "Invoices" "invoice-generate" "/subscription-invoices/{sub}/generate" invoices::generate,
        "Bills now what would be billed next.", path schema::of_billed, takes schema::generation, gives schema::invoice_answer, fails [404, 409, 422], core;
    post 200 Documented "Invoices" "invoice-payment" "/subscription-invoices/{id}/payment" invoices::pay,
        "The payment of an invoice, and its page.", path schema::of_invoice, takes schema::invoice_payment, gives schema::invoice_paying, fails [404, 409, 422], core;
    // After what a cancelled subscription cannot do: samples make the requests in this order.
    post 200 Documented "Subscriptions" "subscription-cancel" "/subscriptions/{id}/cancel" subscriptions::cancel,
        "Ends a subscription, at the end of its period or now.", path schema::of_subscription, takes schema::cancellation, gives schema::subscription_answer, fails [404, 409, 422], core;
    get 200 Proposed "Invoices" "invoice-list" "/subscription-invoices" invoices::list,
        "Invoices, newest first.", query schema::invoice_filters, gives schema::invoices, fails [422];
    get 200 Proposed "Invoices" "invoice-view" "/subscription-invoices/{id}" invoices::view,
        "An invoice.", path schema::of_invoice, gives schema::invoice_answer, fails [404];
    post 200 Proposed "Invoices" "invoice-void" "/subscription-invoices/{id}/void" invoices::void,
        "Takes an unpaid invoice back.", path schema::of_invoice, gives schema::invoice_answer, fails [404, 409];
    post 200 Proposed "Invoices" "invoice-send" "/subscription-invoices/{id}/send" invoices::send,
        "Makes the page of an unpaid invoice, and says where it is.", path schema::of_invoice, gives schema::invoice_paying, fails [404, 409];

    get 200 Proposed "Events" "event-list" "/subscription-events" events::list,
        "Events, newest first; those of payments are among them.", query schema::event_filters, gives schema::events, fails [422];
    get 200 Proposed "Events" "event-view" "/subscription-events/{id}" events::view,
        "An event.", gives schema::event_answer, fails [404];

    get 200 Proposed "Analytics" "analytics-overview" "/subscription-analytics/overview" analytics::overview,
        "Customers, subscriptions, recurring revenue and revenue.", query schema::dates, gives schema::analytics_overview, fails [422];
    get 200 Proposed "Analytics" "analytics-revenue" "/subscription-analytics/revenue" analytics::revenue,
        "Recurring revenue, and revenue of a range of days.", query schema::dates, gives schema::analytics_revenue, fails [422];
    get 200 Proposed "Analytics" "analytics-churn" "/subscription-analytics/churn" analytics::churn,
        "Subscriptions begun and ended, by month.", query schema::months, gives schema::analytics_churn, fails [422];

    get 200 Proposed "Customers" "customer-list" "/customers" customers::list,
        "Customers, newest first.", query schema::customer_filters, gives schema::customers, fails [422];
    post 201 Proposed "Customers" "customer-create" "/customers" customers::create,
        "Makes a customer.", takes schema::new_customer, gives schema::customer_answer, fails [422];
    get 200 Proposed "Customers" "customer-view" "/customers/{id}" customers::view,
        "A customer, with credit.", gives schema::customer_answer, fails [404];
    put 200 Proposed "Customers" "customer-update" "/customers/{id}" customers::update,
        "Changes a customer.", takes schema::customer_changes, gives schema::customer_answer, fails [404, 409, 422];
    get 200 Proposed "Customers" "customer-payments" "/customers/{id}/payments" customers::payments,
        "Payments of a customer, newest first.", query schema::paging, gives schema::transactions, fails [404, 422];

    get 200 Proposed "Gateways" "gateway-list" "/gateways" gateways::list,
        "Gateways.", gives schema::gateways, fails [];

    get 200 Proposed "Webhooks" "delivery-list" "/webhooks/deliveries" webhooks::deliveries,
        "Deliveries of events.", query schema::delivery_filters, gives schema::deliveries, fails [404, 422];
    post 200 Proposed "Webhooks" "delivery-retry" "/webhooks/deliveries/{id}/retry" webhooks::retry,
        "Sends an event again.", gives schema::delivery_answer, fails [404, 409];
    post 200 Proposed "Webhooks" "webhook-test" "/webhooks/test" webhooks::test,
        "Sends a sample.", takes schema::test, gives schema::tested, fails [404, 409, 422];
    get 200 Proposed "Webhooks" "endpoint-list" "/webhook-endpoints" webhooks::list,
        "Endpoints, newest first.", query schema::paging, gives schema::endpoints, fails [422];
    post 201 Proposed "Webhooks" "endpoint-create" "/webhook-endpoints" webhooks::create,
        "Makes an endpoint; the answer has its secret, once.", takes schema::new_endpoint, gives schema::endpoint_with_secret, fails [409, 422];
    get 200 Proposed "Webhooks" "endpoint-view" "/webhook-endpoints/{id}" webhooks::view,
        "An endpoint.", gives schema::endpoint_answer, fails [404];
    put 200 Proposed "Webhooks" "endpoint-update" "/webhook-endpoints/{id}" webhooks::update,
        "Changes an endpoint, or switches it on or off.", takes schema::endpoint_changes, gives schema::endpoint_answer, fails [404, 409, 422];
    delete 200 Proposed "Webhooks" "endpoint-delete" "/webhook-endpoints/{id}" webhooks::delete,
        "Takes an endpoint back.", gives schema::done, fails [404];
    post 200 Proposed "Webhooks" "endpoint-rotate-secret" "/webhook-endpoints/{id}/rotate-secret" webhooks::rotate,
        "Gives an endpoint a new secret; the answer has it, once.", gives schema::endpoint_with_secret, fails [404, 409];
    get 200 Proposed "Webhooks" "endpoint-health" "/webhook-endpoints/{id}/health" webhooks::health,
        "How an endpoint is doing.", gives schema::endpoint_health, fails [404];
};
