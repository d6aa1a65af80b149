use std::sync::Arc;

use serde_json::{Value, json};
use zip::ZipArchive;

use super::*;

fn source(credential: Value) -> Source {
    let manifest = json!({
        "name": "shop", "version": "1.2.0", "summary": "A \"shop\".", "title": "The Shop",
        "credentials": [credential],
        "scopes": [{"name": "sell", "summary": ""}, {"name": "buy", "summary": ""}],
        "demo": {"keys": [{"field": "seller_token", "scopes": ["sell"]}, {"field": "buyer_token", "scopes": ["buy"]}]},
        "routes": [
            {"name": "order-create", "method": "POST", "path": "/{shop}/orders", "access": "write", "core": true,
             "guard": {"kind": "scopes", "any": ["buy"]}, "group": "Orders", "summary": "Orders.",
             "path_schema": {"properties": {"shop": {"type": "integer", "examples": [7]}}},
             "request_schema": {"type": "object", "required": ["name", "email"], "properties": {
                "name": {"type": "string", "examples": ["it's $5 \"off\" \\ now"]},
                "email": {"type": "string", "x-unique": true, "examples": ["ada@example.com"]},
                "count": {"type": ["integer", "null"], "examples": [null]}}}},
            {"name": "order-pay", "method": "POST", "path": "/{shop}/orders/{id}/pay", "access": "write", "core": true,
             "guard": {"kind": "scopes", "any": ["sell"]}, "summary": "Pays.", "group": "Orders",
             "path_schema": {"properties": {"id": {"type": "string", "x-from": "order-create#/data/0/id"}}},
             "request_schema": {"type": "object", "required": ["customer"], "properties": {
                "customer": {"type": "integer", "x-from": "order-create#/customer"}}}},
            {"name": "other", "method": "GET", "path": "/other", "access": "read", "guard": {"kind": "key"}},
            {"name": "ping", "method": "GET", "path": "/ping", "access": "read", "guard": {"kind": "public"}, "core": true},
        ],
    });
    Source {
        manifest: Arc::new(serde_json::from_value(manifest).unwrap()),
        refusals: Arc::default(),
        base_url: "https://host.example/shop".to_owned(),
    }
}

fn entry<'k>(kit: &'k Kit, name: &str) -> &'k str {
    &kit.entries.iter().find(|entry| entry.name == name).unwrap().text
}

#[test]
fn a_sample_passes_on_what_was_answered() {
    let kit = kit(&source(json!({"kind": "bearer"})));
    let python = entry(&kit, "sample.py");
    for line in [
        "SHOP = os.environ.get(\"SHOP\", \"7\")",
        "    headers[\"Authorization\"] = \"Bearer \" + key",
        "order_create_id = pick(answer, \"/data/0/id\")",
        "answer = call(\"order-pay\", \"POST\", \"/\" + segment(SHOP) + \"/orders/\" + segment(order_create_id) + \"/pay\", \
         SELLER_TOKEN, body={\"customer\": order_create_customer})",
        "answer = call(\"ping\", \"GET\", \"/ping\")",
    ] {
        assert!(python.lines().any(|known| known == line), "{line}\n{python}");
    }
    assert!(
        python.contains("\"email\": \"ada-\" + RUN + \"@example.com\""),
        "{python}"
    );
    assert!(!python.contains("/other"), "it is not core");
    let node = entry(&kit, "sample.mjs");
    assert!(
        node.contains("\"/\" + segment(SHOP) + \"/orders/\" + segment(order_create_id) + \"/pay\""),
        "{node}"
    );
}

#[test]
fn values_mean_the_same_in_every_language() {
    let kit = kit(&source(json!({"kind": "bearer"})));
    for (name, text) in [
        ("sample.py", r#""name": "it's $5 \"off\" \\ now""#),
        ("sample.mjs", r#""name": "it's $5 \"off\" \\ now""#),
        ("sample.php", r#"'name' => 'it\'s $5 "off" \\ now'"#),
        ("sample.sh", r#""name":"it'\''s $5 \"off\" \\ now""#),
    ] {
        assert!(entry(&kit, name).contains(text), "{name}: {}", entry(&kit, name));
    }
    assert!(entry(&kit, "sample.sh").contains(r#"'{"customer":'"$order_create_customer"'}'"#));
}

#[test]
fn a_key_in_the_path_is_put_there() {
    let source = source(json!({"kind": "path", "parameter": "shop"}));
    let kit = kit(&source);
    assert!(entry(&kit, "sample.sh").contains(r#""/$(segment "$BUYER_TOKEN")/orders" "$BUYER_TOKEN""#));
    assert!(!entry(&kit, "sample.py").contains("SHOP ="));
}

#[test]
fn the_collection_has_the_same_requests() {
    let kit = kit(&source(json!({"kind": "header", "name": "X-Key"})));
    let collection: Value = serde_json::from_str(entry(&kit, "postman_collection.json")).unwrap();
    let orders = &collection["item"][0];
    assert_eq!(
        (&orders["name"], &orders["item"][1]["name"]),
        (&json!("Orders"), &json!("order-pay"))
    );
    let pay = &orders["item"][1]["request"];
    assert_eq!(
        pay["url"]["raw"],
        "{{BASE_URL}}/{{SHOP}}/orders/{{order_create_id}}/pay"
    );
    assert_eq!(pay["body"]["raw"], "{\"customer\":{{order_create_customer}}}");
    assert_eq!(
        pay["header"][1],
        json!({"key": "X-Key", "value": "{{SELLER_TOKEN}}"})
    );
    let saved = orders["item"][0]["event"][0]["script"]["exec"]
        .as_array()
        .unwrap();
    assert_eq!(saved.len(), 2, "{saved:?}");
    assert_eq!(collection["item"][1]["name"], "ping");
}

#[test]
fn the_archive_holds_every_file_and_is_always_the_same() {
    let source = source(json!({"kind": "bearer"}));
    let archive = kit(&source).archive();
    assert_eq!(archive, kit(&source).archive());
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    assert_eq!(archive.len(), 6);
    let sample = archive.by_name("shop-kit-1.2.0/sample.py").unwrap();
    assert_eq!(sample.unix_mode().map(|mode| mode & 0o777), Some(0o755));
}

#[test]
fn a_value_that_looks_like_a_place_is_left_alone() {
    assert_eq!(fill("%A% 5% %B%", &[("A", "%B%"), ("B", "x")]), "%B% 5% x");
}
