//! The store that `mooring serve --demo` opens with: something of each kind, so that every route has something to show.

use mooring_manifest::{Demo, DemoKey, DemoRecord, DemoSetting};
use serde_json::{Value, json};

use crate::{content, coupons, gift_cards, listing, routes, sales, store};

pub(crate) fn demo() -> Demo {
    let setting = |setting: &str, value: &str| DemoSetting {
        setting: setting.to_owned(),
        value: Some(value.to_owned()),
        field: None,
    };
    Demo {
        base_path: String::new(),
        keys: vec![DemoKey {
            field: "secret".to_owned(),
            scopes: vec![routes::SERVER.to_owned()],
            user_role: None,
            secret_field: None,
        }],
        settings: vec![
            setting(store::NAME, "Block Harbour"),
            setting(store::SERVER_ID, "7"),
            setting(store::SERVER_NAME, "Survival"),
        ],
        postings: Vec::new(),
        records: records(),
    }
}

fn records() -> Vec<DemoRecord> {
    let record = |collection: &str, id: &str, data: Value| DemoRecord {
        collection: collection.to_owned(),
        id: id.to_owned(),
        data,
    };
    vec![
        record(store::SERVERS, "21", json!({ "name": "Creative" })),
        record(
            content::CATEGORIES,
            "1",
            json!({ "name": "Ranks", "order": 1, "gui_item": "diamond" }),
        ),
        record(
            content::CATEGORIES,
            "2",
            json!({ "name": "Keys and kits", "order": 2, "gui_item": "chest" }),
        ),
        record(
            content::CATEGORIES,
            "3",
            json!({ "name": "Seasonal", "order": 1, "parent": 2, "gui_item": "pumpkin" }),
        ),
        record(content::PACKAGES, "11", vip()),
        record(content::PACKAGES, "12", nickname()),
        record(content::PACKAGES, "13", kit()),
        record(content::PACKAGES, "14", lantern()),
        record(
            sales::COLLECTION,
            "1",
            json!({
                "name": "Harvest",
                "effective": { "type": "category", "categories": [3] },
                "discount": { "type": "percentage", "percentage": 25 },
                "start": "2024-01-01",
            }),
        ),
        record(
            coupons::COLLECTION,
            "1",
            json!({
                "code": "WELCOME10", "effective_on": "cart", "discount_type": "percentage", "discount_percentage": 10,
                "discount_application_method": 2, "note": "Ten per cent for whoever asks",
            }),
        ),
        record(
            gift_cards::COLLECTION,
            "1",
            json!({ "code": "1234567890", "starting": "25.00", "note": "For trying it out" }),
        ),
        record(
            listing::GOALS,
            "1",
            json!({
                "name": "A new map", "description": "Paid for together.", "target": "250.00", "current": "80.00",
                "repeatable": false, "status": "active",
            }),
        ),
    ]
}

fn vip() -> Value {
    json!({
        "name": "VIP", "description": "The rank, for thirty days.", "price": "9.99", "category": 1, "order": 1,
        "gui_item": "gold_ingot", "expiry_length": 30, "expiry_period": "day",
        "commands": [
            { "command": "lp user {uuid} parent add vip" },
            { "command": "give {name} cookie 8", "require_online": true, "slots": 1 },
        ],
        "removal_commands": [{ "command": "lp user {uuid} parent remove vip" }],
    })
}

fn nickname() -> Value {
    json!({
        "name": "Nickname", "description": "A name of one's own, in a colour.", "price": "4.50", "category": 1, "order": 2,
        "gui_item": "name_tag", "choose_server": true,
        "fields": [
            { "name": "nickname", "description": "The nickname", "type": "alphanumeric" },
            { "name": "colour", "description": "Its colour", "type": "dropdown", "options": [
                { "label": "Grey", "value": "gray" },
                { "label": "Gold", "value": "gold", "price": "1.00" },
            ] },
        ],
        "commands": [{ "command": "nick {name} {nickname} {colour}", "require_online": true, "delay": 5 }],
        "removal_commands": [{ "command": "nick {name} off" }],
    })
}

fn kit() -> Value {
    json!({
        "name": "Starter kit", "description": "Once for each player.", "price": "2.99", "category": 2, "order": 1,
        "gui_item": "iron_pickaxe", "user_limit": 1,
        "commands": [{ "command": "kit starter {name}", "require_online": true, "slots": 9 }],
    })
}

fn lantern() -> Value {
    json!({
        "name": "Lantern", "description": "For whoever has the VIP rank.", "price": "8.00", "category": 3, "order": 1,
        "gui_item": "jack_o_lantern", "required_packages": [11],
        "commands": [{ "command": "give {name} jack_o_lantern 1", "require_online": true, "slots": 1 }],
    })
}
