//! The calls that the Renovax document prints, as it prints them, against the real host.

use std::process::Command;

use mooring_tests::renovax::{Demo, credits};
use mooring_tests::{Api, available};
use serde_json::{Value, json};

/// A call as the document prints it, at this host instead of the provider's; status and body.
fn printed(api: &Api, call: &str) -> (u16, Value) {
    let call = call.replace("https://payments.renovax.net/api", api.base());
    let script = format!(
        "curl() {{ command curl --silent --show-error --noproxy '*' --max-time 20 --write-out '\\n%{{http_code}}' \"$@\"; }}\n{call}"
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("TOKEN", api.key())
        .output()
        .expect("a shell runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{call}: {error}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (body, status) = text.rsplit_once('\n').expect("curl writes the status last");
    let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("not JSON ({error}): {body}"));
    (status.parse().expect("a status"), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_calls_of_a_merchant_answer_as_printed() {
    if !available("curl") {
        return;
    }
    let demo = Demo::start();
    let call = |text: &str| printed(&demo.merchant, text);

    let (status, me) = call(
        r#"curl https://payments.renovax.net/api/merchant/me \
-H "Authorization: Bearer $TOKEN""#,
    );
    assert_eq!((status, &me["name"]), (200, &json!("Acme Store")));
    assert_eq!(me["fx_markup_percent"], "1.000");
    assert_eq!(
        (
            &me["default_currency"],
            &me["customer_pays_fee"],
            &me["is_active"]
        ),
        (&json!("USD"), &json!(false), &json!(true))
    );

    let create = r#"curl -X POST https://payments.renovax.net/api/merchant/invoices \
-H "Authorization: Bearer $TOKEN" \
-H "Content-Type: application/json" \
-d '{
"amount": 49.90,
"currency": "USD",
"client_remote_id": "order-42",
"success_url": "https://yoursite.com/thanks",
"cancel_url": "https://yoursite.com/cart",
"metadata": { "source": "checkout" },
"expires_in_minutes": 60
}'"#;
    let (status, invoice) = call(create);
    assert_eq!(status, 201, "{invoice}");
    let id = invoice["id"].as_str().expect("an id");
    let expected = json!({
        "id": id,
        "merchant_id": me["id"],
        "amount": "49.90",
        "currency": "USD",
        "status": "pending",
        "client_remote_id": "order-42",
        "success_url": "https://yoursite.com/thanks",
        "cancel_url": "https://yoursite.com/cart",
        "metadata": { "source": "checkout" },
        "expires_at": invoice["expires_at"],
        "paid_at": null,
        "pay_url": format!("http://{}/renovax/pay/{id}", demo.host.address()),
        "created_at": invoice["created_at"],
    });
    assert_eq!(invoice, expected);
    assert_eq!(call(create), (200, invoice.clone()));
    let pay_url = invoice["pay_url"].as_str().expect("an address");
    let page = Api::new(pay_url).get("").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("Acme Store"), "{}", page.text());

    demo.simulate(id, "paid");
    let view = r#"curl https://payments.renovax.net/api/merchant/invoices/01J... \
-H "Authorization: Bearer $TOKEN""#;
    let (status, paid) = call(&view.replace("01J...", id));
    assert_eq!((status, &paid["status"]), (200, &json!("confirmed")), "{paid}");
    let at = paid["paid_at"].as_str().expect("a time");
    assert!(at.ends_with("+00:00"), "{at}");

    let list = r#"curl "https://payments.renovax.net/api/merchant/invoices?status=confirmed&per_page=20" \
-H "Authorization: Bearer $TOKEN""#;
    let meta = json!({ "current_page": 1, "last_page": 1, "per_page": 20, "total": 1 });
    assert_eq!(call(list), (200, json!({ "data": [paid], "meta": meta })));

    let refund = r#"curl -X POST https://payments.renovax.net/api/merchant/invoices/01J.../refund \
-H "Authorization: Bearer $TOKEN" \
-H "Content-Type: application/json" \
-d '{ "amount": 10.00 }'"#;
    let (status, refund) = call(&refund.replace("01J...", id));
    assert_eq!(status, 200, "{refund}");
    let their_id = refund["provider_refund_id"].as_str().expect("an id");
    assert!(!their_id.is_empty(), "{refund}");
    let expected = json!({
        "status": "success",
        "provider_refund_id": their_id,
        "refund_id": their_id,
        "id": their_id,
        "amount": "10.00",
        "currency": "USD",
        "message": "Refunded successfully",
    });
    assert_eq!(refund, expected);
    assert_eq!(demo.status(id).await, "confirmed");
    assert!(demo.host.admin().verify_ledgers().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_calls_of_a_reseller_answer_as_printed() {
    if !available("curl") {
        return;
    }
    let demo = Demo::start();
    let call = |text: &str| printed(&demo.reseller, text);

    let (status, me) = call(
        r#"curl https://payments.renovax.net/api/reseller/me \
-H "Authorization: Bearer $TOKEN""#,
    );
    assert_eq!((status, &me["role"]), (200, &json!("distributor")));
    assert_eq!(
        (&me["credits"], &me["fee_percent"]),
        (&credits("498.50"), &json!(15))
    );

    let (status, made) = call(
        r#"curl -X POST https://payments.renovax.net/api/reseller/users \
-H "Authorization: Bearer $TOKEN" \
-H "Content-Type: application/json" \
-d '{
"username": "alice42",
"email": "alice@example.com",
"name": "Alice"
}'"#,
    );
    assert_eq!(status, 201, "{made}");
    let alice = &made["user"]["id"];
    let expected = json!({
        "id": alice, "username": "alice42", "email": "alice@example.com", "role": "user", "credits": credits("0.00"),
    });
    assert_eq!(made["user"], expected);
    assert!(
        made["password"]
            .as_str()
            .is_some_and(|password| password.len() >= 12),
        "{made}"
    );

    let (status, sold) = call(
        r#"curl -X POST https://payments.renovax.net/api/reseller/credits/sell \
-H "Authorization: Bearer $TOKEN" \
-H "Content-Type: application/json" \
-d '{
"recipient": "alice42",
"amount": 100,
"note": "initial load"
}'"#,
    );
    let recipient = json!({ "id": alice, "username": "alice42", "credits": credits("85.00") });
    let expected = json!({
        "gross": credits("100.00"), "fee": credits("15.00"), "net": credits("85.00"), "balance_after": credits("398.50"), "recipient": recipient,
    });
    assert_eq!((status, sold), (200, expected));

    let (status, users) = call(
        r#"curl "https://payments.renovax.net/api/reseller/users?per_page=20" \
-H "Authorization: Bearer $TOKEN""#,
    );
    assert_eq!(status, 200);
    let user = &users["data"][0];
    assert_eq!((&user["id"], &user["name"]), (alice, &json!("Alice")), "{users}");
    assert_eq!(user["credits"], credits("85.00"));
    assert_eq!(
        users["meta"],
        json!({ "current_page": 1, "last_page": 1, "total": 1 })
    );

    let (status, history) = call(
        r#"curl "https://payments.renovax.net/api/reseller/credits/history?per_page=30" \
-H "Authorization: Bearer $TOKEN""#,
    );
    assert_eq!(status, 200);
    let rows = history["data"].as_array().expect("rows");
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (&row["reason"], &row["delta"], &row["balance_after"], &row["note"]))
        .collect();
    let (sale, load) = (json!("initial load"), json!("Demo"));
    let (out, into) = (json!("transfer_out"), json!("transfer_in"));
    assert_eq!(
        rows,
        [
            (&out, &credits("-100.00"), &credits("398.50"), &sale),
            (&into, &credits("498.50"), &credits("498.50"), &load),
        ]
    );
}
