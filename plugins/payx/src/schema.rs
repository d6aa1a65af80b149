//! JSON Schemas of bodies, for the host's documents.

use serde_json::{Value, json};

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// An object that documents show under a name of its own.
fn named(title: &str, mut schema: Value) -> Value {
    schema["title"] = title.into();
    schema
}

pub(crate) fn error() -> Value {
    let message = whole(&json!({ "message": { "type": "string" } }));
    named("Error", whole(&json!({ "error": message })))
}

/// What every path begins with, beside the key.
pub(crate) fn reseller() -> Value {
    let id =
        json!({ "type": "integer", "minimum": 1, "description": "The reseller's number.", "examples": [2] });
    object(json!({ "id_reseller": id }), &["id_reseller"])
}

/// An answer: all of its fields are always there.
fn data(data: Value) -> Value {
    object(json!({ "data": data }), &["data"])
}

fn whole(properties: &Value) -> Value {
    let required: Vec<_> = properties
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys())
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn integer() -> Value {
    json!({ "type": "integer" })
}

fn note(max: u32) -> Value {
    json!({ "type": ["string", "null"], "maxLength": max })
}

fn nullable() -> Value {
    json!({ "type": ["string", "null"] })
}

fn time() -> Value {
    json!({ "type": ["string", "null"], "description": "YYYY-MM-DD HH:MM:SS, UTC." })
}

fn flag() -> Value {
    json!({ "enum": [0, 1] })
}

fn one() -> Value {
    json!({ "const": 1 })
}

pub(crate) fn success() -> Value {
    data(whole(&json!({ "success": one() })))
}

pub(crate) fn sent() -> Value {
    data(whole(&json!({ "sent": one() })))
}

pub(crate) fn options() -> Value {
    let outcomes =
        whole(&json!({ "payments": whole(&json!({ "success": nullable(), "error": nullable() })) }));
    data(whole(&json!({
        "reseller": integer(),
        "key": { "type": "string", "description": "The key's public id." },
        "name": nullable(),
        "notifications": whole(&json!({ "email": nullable(), "telegram": nullable() })),
        "callback": outcomes,
        "webhook": outcomes,
    })))
}

fn country() -> Value {
    named(
        "Country",
        whole(&json!({
            "id": integer(),
            "name": { "type": "string" },
            "iso_3166_1": { "type": "string" },
            "short_name": { "type": "string" },
        })),
    )
}

pub(crate) fn countries() -> Value {
    data(json!({ "type": "array", "items": country() }))
}

fn payment_system() -> Value {
    whole(&json!({ "id_payment_system": integer(), "name": { "type": "string" } }))
}

pub(crate) fn payment_systems() -> Value {
    let systems = json!({ "type": "array", "items": payment_system() });
    data(whole(
        &json!({ "reseller": integer(), "payment_systems": systems }),
    ))
}

fn id_of_client() -> Value {
    json!({ "type": "integer", "minimum": 0, "description": "Digits as text will do too.", "examples": [123_456],
            "x-from": "client-create#/data/id_client" })
}

pub(crate) fn client_ref() -> Value {
    object(json!({ "id_client": id_of_client() }), &["id_client"])
}

pub(crate) fn client_email() -> Value {
    let email = json!({ "type": "string", "minLength": 3, "maxLength": 254, "examples": ["ada@example.com"],
                        "x-from": "client-create#/data/e_mail" });
    object(json!({ "email": email }), &["email"])
}

pub(crate) fn payment_ref() -> Value {
    let id = json!({ "type": "integer", "minimum": 0, "examples": [123], "x-from": "payment-create#/data/id_payment" });
    object(json!({ "id_payment": id }), &["id_payment"])
}

pub(crate) fn payment_uuid() -> Value {
    let uuid = json!({ "type": "string", "minLength": 40, "maxLength": 40,
                       "x-from": "payment-create#/data/uuid_payment" });
    object(json!({ "uuid_payment": uuid }), &["uuid_payment"])
}

fn client_fields() -> Value {
    json!({
        "name": { "type": "string", "minLength": 1, "maxLength": 100, "examples": ["Ada"] },
        "id_country": { "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+$", "examples": [1],
                        "x-from": "countries#/data/0/id", "description": "One of the countries." },
        "city": note(255),
        "postal_code": note(255),
        "address": note(255),
        "phone": note(255),
        "description": note(500),
    })
}

pub(crate) fn client_create() -> Value {
    let mut fields = client_fields();
    fields["e_mail"] = json!({ "type": "string", "format": "email", "maxLength": 254, "x-unique": true,
                               "examples": ["ada@example.com"] });
    object(fields, &["name", "id_country", "e_mail"])
}

pub(crate) fn client_update() -> Value {
    let mut fields = client_fields();
    fields["id_client"] = id_of_client();
    object(fields, &["id_client"])
}

fn client_properties() -> Value {
    json!({
        "reseller": integer(),
        "id_client": integer(),
        "name": { "type": "string" },
        "country": country(),
        "city": nullable(),
        "postal_code": nullable(),
        "address": nullable(),
        "phone": nullable(),
        "e_mail": { "type": "string" },
        "created_at": time(),
    })
}

pub(crate) fn client() -> Value {
    let mut properties = client_properties();
    properties["description"] = nullable();
    data(named("Client", whole(&properties)))
}

pub(crate) fn payment_create() -> Value {
    let properties = json!({
        "id_client": id_of_client(),
        "price": { "type": ["number", "string"], "description": "More than zero; exact, also as a string.",
                   "examples": ["100.00"] },
        "period": { "type": ["integer", "string"], "minimum": 1, "maximum": 1200, "description": "Months.", "examples": [1] },
        "id_payment_system": {
            "type": ["integer", "string", "null"],
            "description": "Required where the reseller has several.",
        },
        "description": note(500),
        "url_success": note(255),
        "url_error": note(255),
    });
    object(properties, &["id_client", "price", "period"])
}

fn payment_properties() -> Value {
    json!({
        "reseller": integer(),
        "id_payment": integer(),
        "uuid_payment": { "type": "string", "minLength": 40, "maxLength": 40 },
        "client": whole(&client_properties()),
        "payment_system": payment_system(),
        "price": { "type": "string" },
        "period": integer(),
        "success": flag(),
        "error_message": nullable(),
        "paid_at": time(),
        "created_at": time(),
        "IpAddress": nullable(),
        "IpCountry": nullable(),
        "CardFirstSix": nullable(),
        "CardLastFour": nullable(),
        "CardExpDate": nullable(),
        "CardType": nullable(),
        "CardCategory": nullable(),
        "CardProduct": nullable(),
        "Issuer": nullable(),
        "description": nullable(),
        "url_success": nullable(),
        "url_error": nullable(),
    })
}

fn one_payment() -> Value {
    named("Payment", whole(&payment_properties()))
}

pub(crate) fn payment() -> Value {
    data(one_payment())
}

pub(crate) fn payments() -> Value {
    data(json!({ "type": "array", "items": one_payment() }))
}
