//! What most tests do on the Paymenter surface before they come to their point.

use serde_json::{Value, json};

use crate::api::{Answer, Api, NewKey};

/// Every scope that the plugin declares.
pub const EVERY_SCOPE: &[&str] = &[
    "paymenter:provision",
    "user:read",
    "user:write",
    "reseller:signup",
    "reseller:credit",
];

/// A key for everything on the surface, for ever.
pub fn every_scope(tenant: &str) -> NewKey<'_> {
    NewKey {
        tenant,
        plugin: "paymenter",
        scopes: EVERY_SCOPE,
        expires_in_seconds: None,
    }
}

/// Creates a user, or finds him.
pub async fn user(api: &Api, email: &str) -> Value {
    api.post(
        "/api/v1/paymenter/user.create",
        &json!({ "email": email, "name": "Name" }),
    )
    .await
    .expect(200)
}

/// Orders a server for a user; gives the service's id.
pub async fn provision(api: &Api, email: &str) -> String {
    let order = json!({
        "email": email, "package_id": 3, "group_id": 1, "os_id": 42, "hostname": "vm.example.com",
    });
    let answer = api
        .post("/api/v1/reseller/provision-server", &order)
        .await
        .expect(200);
    answer["service_id"].as_str().expect("a service id").to_owned()
}

/// `suspend`, `unsuspend` or `terminate`.
pub async fn lifecycle(api: &Api, action: &str, service: &str) -> Answer {
    let body = json!({ "service_id": service });
    api.post(&format!("/api/v1/paymenter/server.{action}"), &body)
        .await
}

/// Reports an invoice in the flat form.
pub async fn invoice_paid(api: &Api, invoice: &str, amount: &str) -> Value {
    let body = json!({ "invoice_id": invoice, "amount": amount, "user_email": "payer@example.com" });
    api.post("/api/v1/paymenter/invoice.paid", &body)
        .await
        .expect(200)
}
