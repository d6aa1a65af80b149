//! Name, credentials, limits, settings and collections of the plugin.

use mooring_manifest::Checkout;
use mooring_sdk::Collection;
use mooring_sdk::prelude::*;
use serde_json::{Value, json};

use crate::{
    bans, content, coupons, demo, gift_cards, grant, listing, payments, players, queue, reservations, routes,
    sales, schema, store,
};

/// The provider's limit for each secret: so many requests in so many seconds.
const REQUESTS: u32 = 500;
const SECONDS: u32 = 300;

pub(crate) fn info() -> Info {
    let info = Info::new(
        "tebex",
        env!("CARGO_PKG_VERSION"),
        "The Tebex Plugin API: a game server's webstore, its payments and its command queue.",
    )
    .title("Tebex Plugin API")
    .key_header("x-tebex-secret")
    .key_header("x-buycraft-secret")
    .key_in_body("rpc", "/params/SecretKey")
    .scope(routes::SERVER, "A game server's secret: everything there is.")
    .lenient_paths()
    .requests_per(REQUESTS, SECONDS)
    .errors(schema::failed)
    .checkout(Checkout {
        path: "/checkout/{reference}".to_owned(),
        name_setting: store::NAME.to_owned(),
        color_setting: Some("brand_color".to_owned()),
        logo_setting: Some("logo_url".to_owned()),
        provider: "Tebex".to_owned(),
        aliases: Vec::new(),
    })
    .demo(demo::demo());
    settings(kept(written(info)))
}

/// What the operator writes.
fn written(info: Info) -> Info {
    info.collection(Collection::new(content::CATEGORIES).operated(schema::content::category))
        .collection(Collection::new(content::PACKAGES).operated(schema::content::package))
        .collection(Collection::new(sales::COLLECTION).operated(schema::content::sale))
        .collection(Collection::new(listing::GOALS).operated(schema::content::goal))
        .collection(
            Collection::new(coupons::COLLECTION)
                .unique(coupons::BY_CODE, "/code")
                .operated(schema::content::coupon),
        )
        .collection(
            Collection::new(gift_cards::COLLECTION)
                .unique(gift_cards::BY_CODE, "/code")
                .operated(schema::content::gift_card),
        )
        .collection(
            Collection::new(bans::COLLECTION)
                .index(bans::BY_NAME, "/ign")
                .index(bans::BY_KEY, "/key")
                .index(bans::BY_UUID, "/uuid")
                .operated(schema::content::ban),
        )
        .collection(
            Collection::new(store::SERVERS)
                .unique(store::BY_KEY, "/key")
                .operated(schema::content::server),
        )
}

/// What only the plugin writes.
fn kept(info: Info) -> Info {
    info.collection(
        Collection::new(players::COLLECTION)
            .unique(players::BY_NAME, "/key")
            .unique(players::BY_UUID, "/uuid"),
    )
    .collection(
        Collection::new(payments::COLLECTION)
            .unique(payments::BY_NUMBER, "/number")
            .index(payments::BY_PLAYER, "/player/id")
            .index(payments::BY_COUPON, "/coupon/id")
            .index(payments::BY_COUPON_AND_PLAYER, "/coupon/by_player"),
    )
    .collection(
        Collection::new(grant::COLLECTION)
            .index(grant::BY_OWNER, "/owner")
            .index(grant::BY_OWNER_AND_PACKAGE, "/owner_and_package")
            .index(grant::BY_SOLD, "/sold")
            .index(grant::BY_SOLD_TO, "/sold_to"),
    )
    .collection(
        Collection::new(queue::COLLECTION)
            .index(queue::BY_OFFLINE, "/offline")
            .index(queue::BY_ONLINE, "/online")
            .index(queue::BY_PAYMENT, "/payment"),
    )
    .collection(
        Collection::new(reservations::COLLECTION)
            .index(reservations::BY_PLAYER, "/player")
            .index(reservations::BY_PACKAGE, "/package")
            .index(reservations::BY_PACKAGE_AND_PLAYER, "/package_and_player")
            .index(reservations::BY_COUPON, "/coupon/id")
            .index(reservations::BY_COUPON_AND_PLAYER, "/coupon/by_player"),
    )
    .collection(Collection::new(queue::WAITING).index(queue::BY_SERVER, "/server"))
}

/// Numbers of stores and servers.
const NUMBER_MAX: u64 = 1_000_000_000;

/// So that the operator is told of a value that cannot be used when it is set, and no request meets it.
fn from_to(least: u64, most: u64) -> Value {
    json!({ "minimum": least, "maximum": most })
}

fn settings(info: Info) -> Info {
    info.text(
        store::NAME,
        Some("Webstore"),
        "The store's name, also on the page.",
    )
    .integer(store::ACCOUNT_ID, Some(1), "The store's number.")
    .within(from_to(1, NUMBER_MAX))
    .url_or(
        store::DOMAIN,
        "https://store.example.com",
        "The store's web address; payers go there from the page.",
    )
    .text(store::CURRENCY, Some("USD"), "What the store sells in.")
    // What looks like a code of ISO 4217; those of its codes that are no money of a country (gold, tests) are not sold in.
    .within(json!({
        "pattern": "^[A-Z]{3}$",
        "not": { "pattern": "^X(AG|AU|BA|BB|BC|BD|DR|PD|PT|SU|TS|UA|XX)$" },
    }))
    .text(
        store::GAME_TYPE,
        Some("Minecraft (Java)"),
        "The game, as game servers are told.",
    )
    .boolean(
        store::ONLINE_MODE,
        true,
        "Whether game servers check who players are.",
    )
    .boolean(
        store::LOG_EVENTS,
        true,
        "Whether game servers report who joins and leaves.",
    )
    .integer(
        store::SERVER_ID,
        Some(1),
        "The number of the server whose secrets no other server names.",
    )
    .within(from_to(1, NUMBER_MAX))
    .text(store::SERVER_NAME, Some("Main"), "That server's name.")
    .integer(
        store::NEXT_CHECK,
        Some(90),
        "Seconds that a game server waits before it asks again; 1 to 3600.",
    )
    .within(from_to(1, 3600))
    .integer(
        store::CHECKOUT_MINUTES,
        Some(60),
        "Minutes in which a checkout has to be paid; 1 to 10080.",
    )
    .within(from_to(1, 10_080))
    .url(
        store::API_URL,
        "Where this API is, for the links between pages; relative links unless set.",
    )
    .text(
        store::PLUGIN_VERSION,
        Some(""),
        "The newest version of the game server's plugin; none unless set.",
    )
    .text("brand_color", None, "Colour of the page's buttons, #rrggbb.")
    .url("logo_url", "Image above the store's name on the page.")
    .integer(
        "rate_limit_per_minute",
        None,
        "Requests per minute for each secret and address, instead of 500 in 5 minutes.",
    )
}
