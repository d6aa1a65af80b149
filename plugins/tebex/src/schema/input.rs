//! What requests say. Numbers and switches may be text, since forms and queries have nothing else.

use serde_json::{Value, json};

use super::{array, object, one_of, text};
use crate::customers::EVENTS_MAX;
use crate::input::IDS_MAX;

/// A whole number, or text that holds one.
fn number() -> Value {
    json!({ "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]{1,18}$" })
}

fn decimal() -> Value {
    json!({ "type": ["number", "string"], "minimum": 0, "description": "Exact; a string keeps its digits too." })
}

fn flag() -> Value {
    json!({ "enum": [true, false, 1, 0, "true", "false", "1", "0", ""] })
}

fn line(max: u32) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max })
}

fn day() -> Value {
    json!({ "type": "string", "maxLength": 40, "description": "YYYY-MM-DD; of a time by ISO 8601, its day." })
}

fn numbers() -> Value {
    at_most(IDS_MAX, array(number()))
}

fn at_most(items: usize, mut schema: Value) -> Value {
    schema["maxItems"] = items.into();
    schema
}

fn with_example(mut schema: Value, example: Value) -> Value {
    schema["examples"] = Value::Array(vec![example]);
    schema
}

pub(crate) fn anything() -> Value {
    json!({ "description": "Any body." })
}

pub(crate) fn id() -> Value {
    object(json!({ "id": super::whole() }), &["id"])
}

pub(crate) fn package_id() -> Value {
    object(json!({ "package": super::whole() }), &["package"])
}

pub(crate) fn player_number() -> Value {
    object(json!({ "player": super::whole() }), &["player"])
}

pub(crate) fn queue() -> Value {
    object(
        json!({
            "page": { "type": "integer", "minimum": 1 },
            "limit": { "type": "integer", "minimum": 1, "maximum": 500, "default": 500 },
        }),
        &[],
    )
}

pub(crate) fn page() -> Value {
    object(
        json!({ "page": { "type": "integer", "minimum": 1, "default": 1 } }),
        &[],
    )
}

pub(crate) fn payments() -> Value {
    object(
        json!({
            "limit": { "type": "integer", "minimum": 1, "maximum": 100, "default": 100 },
            "paged": { "type": "integer", "description": "Asks for pages of 25. More than 1 is also the number of the page." },
            "page": { "type": "integer", "minimum": 1, "description": "Asks for pages of 25: this one." },
        }),
        &[],
    )
}

pub(crate) fn verbose() -> Value {
    object(
        json!({ "verbose": { "enum": ["true", "false", "1", "0"], "default": "false" } }),
        &[],
    )
}

pub(crate) fn filter() -> Value {
    object(json!({ "package": super::whole() }), &[])
}

pub(crate) fn ids() -> Value {
    with_example(
        object(json!({ "ids": numbers() }), &["ids"]),
        json!({ "ids": [101, 102] }),
    )
}

pub(crate) fn package() -> Value {
    let properties = json!({ "disabled": flag(), "name": line(200), "price": decimal() });
    with_example(
        object(properties, &[]),
        json!({ "disabled": false, "price": 9.99 }),
    )
}

fn options() -> Value {
    json!({
        "type": "object",
        "description": "What `GET /payments/fields/{package}` asks for, by name.",
        "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
    })
}

pub(crate) fn new_payment() -> Value {
    let package = object(json!({ "id": number(), "options": options() }), &["id"]);
    let properties = json!({
        "note": line(1000),
        "packages": { "type": "array", "minItems": 1, "maxItems": 50, "items": package },
        "price": decimal(),
        "ign": line(100),
    });
    with_example(
        object(properties, &["packages", "ign"]),
        json!({ "note": "Paid in cash", "packages": [{ "id": 11, "options": {} }], "price": 9.99, "ign": "Notch" }),
    )
}

pub(crate) fn payment() -> Value {
    let properties =
        json!({ "username": line(100), "status": one_of(&["complete", "chargeback", "refund"]) });
    with_example(object(properties, &[]), json!({ "status": "refund" }))
}

pub(crate) fn note() -> Value {
    with_example(
        object(json!({ "note": line(1000) }), &["note"]),
        json!({ "note": "Test Note" }),
    )
}

pub(crate) fn checkout() -> Value {
    let ours = |mut schema: Value, what: &str| {
        schema["description"] = format!("{what} Not in the provider's documents.").into();
        schema
    };
    let properties = json!({
        "package_id": number(),
        "category_id": number(),
        "username": line(100),
        "coupon": ours(line(60), "A coupon's code."),
        "gift_card": ours(line(100), "A gift card's code."),
        "options": ours(options(), "The package's fields."),
    });
    with_example(
        object(properties, &["username"]),
        json!({ "package_id": 11, "username": "Notch" }),
    )
}

pub(crate) fn new_gift_card() -> Value {
    let properties = json!({ "amount": decimal(), "note": text(500), "expires_at": expires_at() });
    with_example(
        object(properties, &["amount"]),
        json!({ "amount": 25, "note": "For a friend", "expires_at": null }),
    )
}

fn expires_at() -> Value {
    json!({ "type": ["string", "null"], "description": "YYYY-MM-DD HH:MM:SS, a time by ISO 8601, or a day; not past." })
}

pub(crate) fn gift_card() -> Value {
    with_example(
        object(json!({ "amount": decimal() }), &["amount"]),
        json!({ "amount": "12.60" }),
    )
}

pub(crate) fn any_gift_card() -> Value {
    let properties = json!({
        "id": number(), "amount": decimal(), "note": text(500), "expires_at": expires_at(),
    });
    with_example(object(properties, &[]), json!({ "id": "1" }))
}

pub(crate) fn gift_card_by_id() -> Value {
    let properties = json!({ "id": number(), "amount": decimal() });
    with_example(
        object(properties, &["id", "amount"]),
        json!({ "id": "1", "amount": "5" }),
    )
}

pub(crate) fn only_id() -> Value {
    with_example(object(json!({ "id": number() }), &["id"]), json!({ "id": "1" }))
}

pub(crate) fn coupon() -> Value {
    let properties = json!({
        "code": line(60),
        "effective_on": one_of(&["package", "category", "cart"]),
        "packages": numbers(),
        "categories": numbers(),
        "discount_type": one_of(&["percentage", "value"]),
        "discount_amount": decimal(),
        "discount_percentage": { "type": ["number", "string"], "minimum": 0, "maximum": 100, "description": "At most 4 decimal places." },
        "discount_application_method": { "enum": [0, 1, 2, "0", "1", "2"], "description": "0 each package, 1 the basket before sales, 2 after sales." },
        "redeem_unlimited": flag(),
        "expire_never": flag(),
        "expire_limit": number(),
        "expire_date": day(),
        "start_date": day(),
        "basket_type": one_of(&["single", "subscription", "both"]),
        "user_limit": number(),
        "redeem_limit": { "type": ["integer", "string"], "minimum": 0, "description": "Where `user_limit` is not given." },
        "minimum": decimal(),
        "username": text(100),
        "note": text(500),
    });
    with_example(
        object(properties, &["code", "effective_on", "discount_type"]),
        json!({
            "code": "ABC", "effective_on": "cart", "discount_type": "percentage", "discount_percentage": 10,
            "redeem_unlimited": true, "expire_never": true, "basket_type": "both",
        }),
    )
}

pub(crate) fn ban() -> Value {
    let properties = json!({
        "user": { "type": "string", "maxLength": 100, "description": "Needed unless an address is given." },
        "reason": text(500),
        "ip": { "type": "string", "maxLength": 45, "description": "Of IPv4 or IPv6." },
    });
    with_example(
        object(properties, &[]),
        json!({ "user": "Notch", "reason": "Test", "ip": "127.0.0.1" }),
    )
}

pub(crate) fn rpc() -> Value {
    let params = json!({
        "SecretKey": { "type": "string", "description": "The secret; not needed beside a header." },
        "Path": { "type": "string", "pattern": "^/" },
        "Body": {},
    });
    let properties = json!({
        "method": one_of(&["GET", "POST", "PUT", "DELETE"]),
        "params": object(params, &["Path"]),
    });
    with_example(
        object(properties, &["method", "params"]),
        json!({ "method": "GET", "params": { "SecretKey": "…", "Path": "/information", "Body": {} } }),
    )
}

pub(crate) fn events() -> Value {
    let event = object(
        json!({
            "username_id": line(100),
            "username": line(100),
            "ip": text(45),
            "event_type": one_of(&["server.join", "server.leave"]),
            "event_date": super::string(),
        }),
        &["username_id", "event_type"],
    );
    with_example(
        at_most(EVENTS_MAX, array(event)),
        json!([{
            "username_id": "365bfa21803249ee9b634fe890c9d43f", "username": "Notch", "ip": "127.0.0.1",
            "event_type": "server.join", "event_date": "2024-01-01T10:00:00+00:00",
        }]),
    )
}
