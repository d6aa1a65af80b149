//! What answers say.

use serde_json::{Value, json};

use super::{array, boolean, object, one_of, periods, string, whole};

/// All of these are there.
fn all(properties: Value) -> Value {
    let required: Vec<String> = properties
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys().cloned())
        .collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn money() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+\\.[0-9]{2,}$" })
}

fn number() -> Value {
    json!({ "type": "number", "minimum": 0 })
}

fn time() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\+00:?00$" })
}

fn spaced() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$" })
}

fn nullable(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn or_false() -> Value {
    json!({ "anyOf": [{ "const": false }, { "type": "string" }] })
}

fn data(inner: Value) -> Value {
    all(json!({ "data": inner }))
}

fn currency() -> Value {
    all(json!({ "iso_4217": string(), "symbol": string() }))
}

fn player() -> Value {
    all(json!({ "id": whole(), "name": string(), "uuid": nullable("string") }))
}

fn named() -> Value {
    all(json!({ "id": whole(), "name": string() }))
}

pub(crate) fn anything() -> Value {
    json!({ "description": "The answer of the call inside." })
}

pub(crate) fn success() -> Value {
    all(json!({ "success": { "const": true } }))
}

pub(crate) fn version() -> Value {
    all(json!({ "platform": string(), "version": string() }))
}

pub(crate) fn information() -> Value {
    let account = json!({
        "id": whole(),
        "domain": string(),
        "name": string(),
        "currency": currency(),
        "online_mode": boolean(),
        "game_type": string(),
        "log_events": boolean(),
    });
    all(json!({ "account": all(account), "server": named() }))
}

pub(crate) fn queue() -> Value {
    let meta = json!({
        "execute_offline": boolean(),
        "next_check": { "type": "integer", "minimum": 1, "description": "Seconds until the next request." },
        "more": boolean(),
    });
    all(json!({ "meta": all(meta), "players": array(player()) }))
}

pub(crate) fn offline() -> Value {
    let waiting = json!({
        "id": whole(),
        "name": string(),
        "uuid": nullable("string"),
        "meta": all(json!({ "steamID": string() })),
    });
    let command = json!({
        "id": whole(),
        "command": { "type": "string", "description": "The server fills in `{name}`, `{uuid}` and its like." },
        "payment": nullable("integer"),
        "package": nullable("integer"),
        "conditions": all(json!({ "delay": whole() })),
        "player": all(waiting),
    });
    all(json!({ "meta": all(json!({ "limited": boolean() })), "commands": array(all(command)) }))
}

pub(crate) fn online() -> Value {
    let meta = json!({ "avatar": string(), "avatarfull": string(), "steamID": string() });
    let command = json!({
        "id": whole(),
        "command": string(),
        "payment": nullable("integer"),
        "package": nullable("integer"),
        "conditions": all(json!({ "delay": whole(), "slots": whole() })),
    });
    all(json!({
        "player": all(json!({ "id": string(), "username": string(), "meta": all(meta) })),
        "commands": array(all(command)),
    }))
}

pub(crate) fn listing() -> Value {
    let package = json!({
        "id": whole(),
        "order": whole(),
        "name": string(),
        "price": money(),
        "image": or_false(),
        "gui_item": string(),
        "sale": all(json!({ "active": boolean(), "discount": money() })),
    });
    let shelf = json!({
        "id": whole(),
        "order": whole(),
        "name": string(),
        "gui_item": string(),
        "packages": array(all(package)),
    });
    let mut category = shelf.clone();
    category["only_subcategories"] = boolean();
    category["subcategories"] = array(all(shelf));
    all(json!({ "categories": array(all(category)) }))
}

fn package_properties() -> Value {
    json!({
        "id": whole(),
        "name": string(),
        "image": or_false(),
        "price": number(),
        "expiry_length": whole(),
        "expiry_period": periods(),
        "type": one_of(&["single", "subscription", "both"]),
        "category": named(),
        "global_limit": whole(),
        "global_limit_period": periods(),
        "user_limit": whole(),
        "user_limit_period": periods(),
        "servers": array(named()),
        "required_packages": array(whole()),
        "require_any": boolean(),
        "create_giftcard": boolean(),
        "show_until": { "anyOf": [{ "const": false }, whole()], "description": "Seconds since 1970." },
        "gui_item": string(),
        "disabled": boolean(),
        "disable_quantity": boolean(),
        "custom_price": boolean(),
        "choose_server": boolean(),
        "limit_expires": boolean(),
        "inherit_commands": boolean(),
        "variable_giftcard": boolean(),
    })
}

pub(crate) fn package() -> Value {
    all(package_properties())
}

pub(crate) fn packages() -> Value {
    let mut verbose = all(package_properties());
    verbose["properties"]["description"] = string();
    array(verbose)
}

pub(crate) fn goal() -> Value {
    all(json!({
        "id": whole(),
        "created_at": spaced(),
        "updated_at": spaced(),
        "account": whole(),
        "name": string(),
        "description": string(),
        "image": string(),
        "target": money(),
        "current": money(),
        "repeatable": { "enum": [0, 1] },
        "last_achieved": nullable("string"),
        "times_achieved": whole(),
        "status": one_of(&["active", "completed", "disabled"]),
        "sale": { "enum": [0, 1] },
    }))
}

pub(crate) fn goals() -> Value {
    array(goal())
}

/// Packages have their quantity on the route of one payment.
pub(crate) fn payment() -> Value {
    let bought = object(
        json!({ "id": whole(), "name": string(), "quantity": { "const": 1 } }),
        &["id", "name"],
    );
    let mut schema = all(json!({
        "id": { "type": "integer", "minimum": 1, "description": "The payment's number. Routes take the transaction id." },
        "amount": money(),
        "status": one_of(&["Complete", "Refund", "Chargeback"]),
        "date": time(),
        "currency": currency(),
        "gateway": named(),
        "email": { "type": "string", "description": "Empty where it is not known." },
        "player": player(),
        "packages": array(bought),
        "notes": array(all(json!({ "created_at": spaced(), "note": string() }))),
        "creator_code": nullable("string"),
    }));
    schema["examples"] = json!([{
        "id": 1, "amount": "9.99", "status": "Complete", "date": "2016-01-27T15:40:19+0000",
        "currency": { "iso_4217": "USD", "symbol": "$" }, "gateway": { "id": 24, "name": "PayPal" },
        "email": "test@example.com",
        "player": { "id": 1, "name": "Notch", "uuid": "365bfa21803249ee9b634fe890c9d43f" },
        "packages": [{ "id": 11, "name": "VIP", "quantity": 1 }],
        "notes": [{ "created_at": "2022-01-01 10:13:04", "note": "Test Note" }], "creator_code": null,
    }]);
    schema
}

/// A list, or a page of it.
pub(crate) fn payments() -> Value {
    let page = all(json!({
        "total": whole(),
        "per_page": { "const": 25 },
        "current_page": whole(),
        "last_page": { "type": "integer", "minimum": 1 },
        "next_page_url": nullable("string"),
        "prev_page_url": nullable("string"),
        "from": nullable("integer"),
        "to": nullable("integer"),
        "data": { "type": "array", "maxItems": 25, "items": payment() },
    }));
    json!({ "anyOf": [{ "type": "array", "maxItems": 100, "items": payment() }, page] })
}

pub(crate) fn fields() -> Value {
    let option = object(
        json!({ "id": whole(), "label": string(), "value": { "type": ["string", "integer"] }, "price": number() }),
        &["label", "value"],
    );
    let field = json!({
        "name": string(),
        "description": string(),
        "type": one_of(&["numeric", "dropdown", "username", "alpha", "alphanumeric", "text", "email"]),
        "options": { "anyOf": [{ "const": false }, array(option)] },
        "value": string(),
    });
    array(object(field, &["name", "type"]))
}

pub(crate) fn checkout() -> Value {
    let mut schema = all(json!({ "url": { "type": "string", "format": "uri" }, "expires": time() }));
    schema["examples"] = json!([{
        "url": "https://shop.example.com/tebex/checkout/0123456789abcdef0123456789abcdef",
        "expires": "2015-11-30T18:10:18+0000",
    }]);
    schema
}

fn card() -> Value {
    let balance = json!({ "starting": money(), "remaining": money(), "currency": string() });
    all(json!({
        "id": whole(),
        "code": string(),
        "balance": all(balance),
        "note": string(),
        "void": boolean(),
        "created_at": time(),
        "expires_at": { "anyOf": [time(), { "type": "null" }] },
    }))
}

pub(crate) fn gift_card() -> Value {
    data(card())
}

pub(crate) fn gift_cards() -> Value {
    data(array(card()))
}

fn coupon_itself() -> Value {
    let flag = || one_of(&["true", "false"]);
    let effective = json!({
        "type": one_of(&["package", "category", "cart"]), "packages": array(whole()), "categories": array(whole()),
    });
    let discount =
        json!({ "type": one_of(&["percentage", "value"]), "percentage": number(), "value": number() });
    let expire =
        json!({ "redeem_unlimited": flag(), "expire_never": flag(), "limit": whole(), "date": time() });
    all(json!({
        "id": whole(),
        "code": string(),
        "effective": all(effective),
        "discount": all(discount),
        "expire": all(expire),
        "basket_type": one_of(&["single", "subscription", "both"]),
        "start_date": time(),
        "user_limit": whole(),
        "minimum": number(),
        "username": string(),
        "note": string(),
    }))
}

pub(crate) fn coupon() -> Value {
    data(coupon_itself())
}

pub(crate) fn coupons() -> Value {
    let pagination = json!({
        "totalResults": whole(),
        "currentPage": whole(),
        "lastPage": whole(),
        "previous": nullable("string"),
        "next": nullable("string"),
    });
    all(json!({ "pagination": all(pagination), "data": array(coupon_itself()) }))
}

fn ban_itself() -> Value {
    all(json!({
        "id": whole(),
        "time": time(),
        "ip": string(),
        "payment_email": string(),
        "reason": string(),
        "user": all(json!({ "ign": string(), "uuid": string() })),
    }))
}

pub(crate) fn ban() -> Value {
    data(ban_itself())
}

pub(crate) fn bans() -> Value {
    data(array(ban_itself()))
}

pub(crate) fn sales() -> Value {
    let effective = json!({
        "type": one_of(&["all", "package", "category"]), "packages": array(whole()), "categories": array(whole()),
    });
    let discount =
        json!({ "type": one_of(&["percentage", "amount"]), "percentage": number(), "value": number() });
    let sale = json!({
        "id": whole(),
        "name": string(),
        "effective": all(effective),
        "discount": all(discount),
        "start": whole(),
        "expire": whole(),
        "order": whole(),
    });
    data(array(all(sale)))
}

pub(crate) fn user() -> Value {
    let player = json!({
        "id": { "type": "string", "description": "The game's id; empty where it is not known." },
        "created_at": time(),
        "updated_at": time(),
        "cache_expire": time(),
        "username": string(),
        "meta": string(),
        "plugin_username_id": whole(),
    });
    let payment = json!({
        "txn_id": string(),
        "time": whole(),
        "price": number(),
        "currency": string(),
        "status": { "enum": [1, 2, 3], "description": "1 complete, 2 refund, 3 chargeback." },
    });
    all(json!({
        "player": all(player),
        "banCount": whole(),
        "chargebackRate": whole(),
        "payments": array(all(payment)),
        "purchaseTotals": { "type": "object", "additionalProperties": { "type": "number" } },
    }))
}

pub(crate) fn purchases() -> Value {
    array(all(json!({
        "txn_id": string(),
        "date": time(),
        "quantity": { "const": 1 },
        "package": named(),
    })))
}
