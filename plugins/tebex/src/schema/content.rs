//! What the operator writes into the collections. Anything else is refused when it is imported, so that no request finds
//! content that it cannot read.

use serde_json::{Value, json};

use super::{array, boolean, one_of, periods, string, text, whole};

/// Nothing but these.
fn exactly(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn price() -> Value {
    json!({
        "description": "Exact, in the store's currency: \"9.99\". A whole number need not be text.",
        "anyOf": [
            { "type": "string", "pattern": "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,2})?$" },
            { "type": "integer", "minimum": 0, "maximum": 999_999_999 },
        ],
    })
}

fn percentage() -> Value {
    json!({
        "description": "0 to 100, with at most 4 decimal places: \"12.5\". A whole number need not be text.",
        "anyOf": [
            { "type": "string", "pattern": "^(100(\\.0{1,4})?|(0|[1-9][0-9]?)(\\.[0-9]{1,4})?)$" },
            { "type": "integer", "minimum": 0, "maximum": 100 },
        ],
    })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": 1_000_000_000 })
}

fn name() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 200 })
}

fn day() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
}

fn moment() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?$" })
}

pub(crate) fn server() -> Value {
    let key = json!({ "type": "string", "description": "Public id of the key that is this server's secret: key_…" });
    exactly(json!({ "name": name(), "key": key }), &["name"])
}

pub(crate) fn category() -> Value {
    let properties = json!({
        "name": name(),
        "order": count(),
        "parent": { "type": "integer", "description": "The category it is inside of; only one level deep." },
        "gui_item": text(200),
        "only_subcategories": boolean(),
    });
    exactly(properties, &["name"])
}

fn commands() -> Value {
    let command = exactly(
        json!({
            "command": { "type": "string", "minLength": 1, "maxLength": 2000 },
            "require_online": boolean(),
            "delay": count(),
            "slots": count(),
            "server": whole(),
        }),
        &["command"],
    );
    json!({
        "type": "array",
        "maxItems": 50,
        "items": command,
        "description": "A whole package has at most 64 KiB, whatever each of its parts may have.",
    })
}

fn fields() -> Value {
    let choice = exactly(
        json!({ "label": name(), "value": name(), "price": price() }),
        &["label", "value"],
    );
    let field = exactly(
        json!({
            "name": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,60}$" },
            "description": text(500),
            "type": one_of(&["numeric", "dropdown", "username", "alpha", "alphanumeric", "text", "email"]),
            "options": array(choice),
        }),
        &["name", "type"],
    );
    json!({ "type": "array", "maxItems": 20, "items": field })
}

pub(crate) fn package() -> Value {
    let properties = json!({
        "name": name(),
        "description": text(10_000),
        "price": price(),
        "category": whole(),
        "order": count(),
        "image": { "type": "string", "maxLength": 2000, "description": "Its address." },
        "gui_item": text(200),
        "type": one_of(&["single", "subscription", "both"]),
        "disabled": boolean(),
        "expiry_length": count(),
        "expiry_period": periods(),
        "global_limit": count(),
        "global_limit_period": periods(),
        "user_limit": count(),
        "user_limit_period": periods(),
        "limit_expires": boolean(),
        "required_packages": array(whole()),
        "require_any": boolean(),
        "show_until": moment(),
        "custom_price": boolean(),
        "choose_server": boolean(),
        "servers": array(whole()),
        "fields": fields(),
        "commands": commands(),
        "removal_commands": commands(),
    });
    exactly(properties, &["name", "price", "category"])
}

pub(crate) fn sale() -> Value {
    let time = || json!({ "anyOf": [whole(), moment()], "description": "Seconds since 1970, or YYYY-MM-DD HH:MM:SS." });
    let effective = json!({
        "type": one_of(&["all", "package", "category"]), "packages": array(whole()), "categories": array(whole()),
    });
    let discount =
        json!({ "type": one_of(&["percentage", "amount"]), "percentage": percentage(), "value": price() });
    let properties = json!({
        "name": name(),
        "effective": exactly(effective, &["type"]),
        "discount": exactly(discount, &["type"]),
        "start": time(),
        "expire": time(),
        "order": count(),
    });
    exactly(properties, &["name", "effective", "discount"])
}

pub(crate) fn goal() -> Value {
    let properties = json!({
        "name": name(),
        "description": text(10_000),
        "image": text(2000),
        "target": price(),
        "current": price(),
        "repeatable": boolean(),
        "last_achieved": string(),
        "times_achieved": count(),
        "status": one_of(&["active", "completed", "disabled"]),
        "sale": boolean(),
    });
    exactly(properties, &["name", "target"])
}

pub(crate) fn coupon() -> Value {
    let properties = json!({
        "code": { "type": "string", "minLength": 1, "maxLength": 60 },
        "effective_on": one_of(&["package", "category", "cart"]),
        "packages": array(whole()),
        "categories": array(whole()),
        "discount_type": one_of(&["percentage", "value"]),
        "discount_amount": price(),
        "discount_percentage": percentage(),
        "discount_application_method": { "enum": [0, 1, 2] },
        "redeem_unlimited": boolean(),
        "expire_limit": count(),
        "expire_never": boolean(),
        "expire_date": day(),
        "start_date": day(),
        "basket_type": one_of(&["single", "subscription", "both"]),
        "user_limit": count(),
        "minimum": price(),
        "username": text(100),
        "note": text(500),
    });
    exactly(properties, &["code", "effective_on", "discount_type"])
}

pub(crate) fn gift_card() -> Value {
    let properties = json!({
        "code": { "type": "string", "minLength": 1, "maxLength": 100 },
        "starting": price(),
        "remaining": price(),
        "currency": { "type": "string", "pattern": "^[A-Z]{3}$" },
        "note": text(500),
        "void": boolean(),
        "expires_at": moment(),
    });
    exactly(properties, &["code", "starting"])
}

pub(crate) fn ban() -> Value {
    let properties = json!({
        "ign": text(100),
        "key": {
            "type": "string",
            "minLength": 1,
            "maxLength": 300,
            "description": "The name in lower case: then the ban holds however the name is spelled.",
        },
        "uuid": text(100),
        "ip": text(45),
        "payment_email": text(254),
        "reason": text(500),
    });
    exactly(properties, &["ign"])
}
