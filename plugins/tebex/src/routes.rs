//! Every route: the documented ones, those that the official plugins call besides, and what third-party clients call them.

mod observed;

use mooring_sdk::prelude::*;

use crate::error::Error;
use crate::schema::{input, output};
use crate::{
    bans, checkout, coupons, customers, fields, gift_cards, listing, manual, payments, queue, rpc, sales,
    store,
};

/// Scope of a game server's secret, which may do everything.
pub(crate) const SERVER: &str = "server";

/// What bodies may be, beside JSON.
const FORM: &[&str] = &["application/json", "application/x-www-form-urlencoded"];

/// No request of this API comes near it.
const BODY_BYTES_MAX: u64 = 64 * 1024;
/// Except what a full server reports.
const EVENTS_BYTES_MAX: u64 = 256 * 1024;

const fn of(route: Route<Error>, group: &'static str, summary: &'static str) -> Route<Error> {
    route
        .scopes(&[SERVER])
        .body_max(BODY_BYTES_MAX)
        .group(group)
        .summary(summary)
}

const INFORMATION: &str = "Information";
const QUEUE: &str = "Command queue";
const PACKAGES: &str = "Packages";
const GOALS: &str = "Community goals";
const PAYMENTS: &str = "Payments";
const CHECKOUT: &str = "Checkout";
const GIFT_CARDS: &str = "Gift cards";
const COUPONS: &str = "Coupons";
const BANS: &str = "Bans";
const SALES: &str = "Sales";
const PLAYERS: &str = "Players";
const SERVERS: &str = "Game servers";

pub(crate) const ROUTES: &[Route<Error>] = &[
    of(
        Route::get("information", "/information", handler!(store::information)),
        INFORMATION,
        "The store, and the server whose secret this is.",
    )
    .gives(output::information)
    .core(),
    of(
        Route::get("queue", "/queue", handler!(queue::view)),
        QUEUE,
        "Whether to fetch offline commands, and which players have commands that need them.",
    )
    .query(input::queue)
    .gives(output::queue)
    .core(),
    of(
        Route::get(
            "queue-offline",
            "/queue/offline-commands",
            handler!(queue::offline),
        ),
        QUEUE,
        "Commands that need no player; they stay until they are deleted.",
    )
    .gives(output::offline)
    .core(),
    of(
        Route::get(
            "queue-online",
            "/queue/online-commands/{player}",
            handler!(queue::online),
        ),
        QUEUE,
        "Commands that need this player on the server.",
    )
    .parameters(input::player_number)
    .gives(output::online)
    .fails(&[404]),
    of(
        Route::delete("queue-delete", "/queue", handler!(queue::delete)),
        QUEUE,
        "Deletes commands that were run. Repeating it changes nothing.",
    )
    .takes(input::ids)
    .takes_types(FORM)
    .status(204)
    .fails(&[400, 422])
    .core(),
    of(
        Route::get("listing", "/listing", handler!(listing::listing)),
        PACKAGES,
        "Categories with their packages. Deprecated, and called by older plugins.",
    )
    .gives(output::listing),
    of(
        Route::get("packages", "/packages", handler!(listing::packages)),
        PACKAGES,
        "All packages. Deprecated, and called by older plugins.",
    )
    .query(input::verbose)
    .gives(output::packages)
    .fails(&[422]),
    of(
        Route::get("package-view", "/package/{id}", handler!(listing::package)),
        PACKAGES,
        "One package.",
    )
    .parameters(input::id)
    .gives(output::package)
    .fails(&[404]),
    of(
        Route::put("package-update", "/package/{id}", handler!(listing::update)),
        PACKAGES,
        "Changes what is given of a package.",
    )
    .parameters(input::id)
    .takes(input::package)
    .takes_types(FORM)
    .status(204)
    .fails(&[400, 404, 422]),
    of(
        Route::get("goals", "/community_goals", handler!(listing::goals)),
        GOALS,
        "All community goals.",
    )
    .gives(output::goals),
    of(
        Route::get("goal-view", "/community_goals/{id}", handler!(listing::goal)),
        GOALS,
        "One community goal.",
    )
    .gives(output::goal)
    .fails(&[404]),
    of(
        Route::get("payments", "/payments", handler!(payments::list)),
        PAYMENTS,
        "The newest payments, at most 100; with `paged` or `page`, a page of 25 of all of them.",
    )
    .query(input::payments)
    .gives(output::payments)
    .core(),
    of(
        Route::get(
            "payment-fields",
            "/payments/fields/{package}",
            handler!(fields::list),
        ),
        PAYMENTS,
        "What a payment by hand has to say about a package.",
    )
    .parameters(input::package_id)
    .gives(output::fields)
    .fails(&[404]),
    of(
        Route::get(
            "payment-view",
            "/payments/{transaction}",
            handler!(payments::view),
        ),
        PAYMENTS,
        "One payment, by its transaction id.",
    )
    .gives(output::payment)
    .fails(&[404]),
    of(
        Route::post("payment-create", "/payments", handler!(manual::create)),
        PAYMENTS,
        "A payment by hand: its packages are delivered like any others.",
    )
    .takes(input::new_payment)
    .takes_types(FORM)
    .status(204)
    .fails(&[400, 404, 422]),
    of(
        Route::put(
            "payment-update",
            "/payments/{transaction}",
            handler!(manual::update),
        ),
        PAYMENTS,
        "Gives a payment to another player, or changes its status. What leaves `complete` is taken back.",
    )
    .takes(input::payment)
    .takes_types(FORM)
    .status(204)
    .fails(&[400, 404, 422]),
    of(
        Route::post(
            "payment-note",
            "/payments/{transaction}/note",
            handler!(payments::note),
        ),
        PAYMENTS,
        "Adds a note to a payment.",
    )
    .takes(input::note)
    .takes_types(FORM)
    .status(204)
    .fails(&[400, 404, 422]),
    of(
        Route::post("checkout", "/checkout", handler!(checkout::create)),
        CHECKOUT,
        "Where a player pays for a package.",
    )
    .takes(input::checkout)
    .takes_types(FORM)
    .status(201)
    .gives(output::checkout)
    .fails(&[400, 404, 422])
    .core(),
    of(
        Route::get("gift-cards", "/gift-cards", handler!(gift_cards::list)),
        GIFT_CARDS,
        "The newest gift cards, at most 500.",
    )
    .gives(output::gift_cards),
    of(
        Route::get("gift-card-view", "/gift-cards/{id}", handler!(gift_cards::view)),
        GIFT_CARDS,
        "One gift card.",
    )
    .gives(output::gift_card)
    .fails(&[404]),
    of(
        Route::get(
            "gift-card-lookup",
            "/gift-cards/lookup/{code}",
            handler!(gift_cards::look_up),
        ),
        GIFT_CARDS,
        "The gift card with this code.",
    )
    .gives(output::gift_card)
    .fails(&[404]),
    of(
        Route::post("gift-card-create", "/gift-cards", handler!(gift_cards::create)),
        GIFT_CARDS,
        "Issues a gift card.",
    )
    .takes(input::new_gift_card)
    .takes_types(FORM)
    .gives(output::gift_card)
    .fails(&[400, 422]),
    of(
        Route::put(
            "gift-card-update",
            "/gift-cards/{id}",
            handler!(gift_cards::top_up),
        ),
        GIFT_CARDS,
        "Adds to a gift card's balance.",
    )
    .takes(input::gift_card)
    .takes_types(FORM)
    .gives(output::gift_card)
    .fails(&[400, 404, 422]),
    of(
        Route::delete("gift-card-void", "/gift-cards/{id}", handler!(gift_cards::void)),
        GIFT_CARDS,
        "Voids a gift card. Repeating it changes nothing.",
    )
    .gives(output::gift_card)
    .fails(&[404]),
    of(
        Route::get("coupons", "/coupons", handler!(coupons::list)),
        COUPONS,
        "Coupons, newest first, 25 to a page.",
    )
    .query(input::page)
    .gives(output::coupons),
    of(
        Route::get("coupon-view", "/coupons/{id}", handler!(coupons::view)),
        COUPONS,
        "One coupon.",
    )
    .gives(output::coupon)
    .fails(&[404]),
    of(
        Route::post("coupon-create", "/coupons", handler!(coupons::create)),
        COUPONS,
        "Makes a coupon.",
    )
    .takes(input::coupon)
    .takes_types(FORM)
    .gives(output::coupon)
    .fails(&[400, 422]),
    of(
        Route::delete("coupon-delete", "/coupons/{id}", handler!(coupons::delete)),
        COUPONS,
        "Deletes a coupon.",
    )
    .status(204)
    .fails(&[404]),
    of(
        Route::get("bans", "/bans", handler!(bans::list)),
        BANS,
        "The newest bans, at most 500.",
    )
    .gives(output::bans),
    of(
        Route::post("ban-create", "/bans", handler!(bans::create)),
        BANS,
        "Bans a player from buying.",
    )
    .takes(input::ban)
    .takes_types(FORM)
    .gives(output::ban)
    .fails(&[400, 422]),
    of(
        Route::get("sales", "/sales", handler!(sales::list)),
        SALES,
        "The sales that are on.",
    )
    .gives(output::sales),
    of(
        Route::get("user", "/user/{user}", handler!(customers::user)),
        PLAYERS,
        "A player, by name or the game's id, with payments and totals.",
    )
    .gives(output::user)
    .fails(&[404]),
    of(
        Route::get(
            "player-packages",
            "/player/{id}/packages",
            handler!(customers::packages),
        ),
        PLAYERS,
        "What a player has, and what has not expired.",
    )
    .query(input::filter)
    .gives(output::purchases)
    .fails(&[404, 422]),
    of(
        Route::post("rpc", "/rpc", handler!(rpc::call)),
        SERVERS,
        "Any other call, in one envelope that carries the secret; its answer is the other call's.",
    )
    .takes(input::rpc)
    .gives(output::anything)
    .or_status(&[201, 204])
    .fails(&[400, 404, 405, 413, 422]),
    observed::EVENTS,
    observed::ANALYTICS_STARTUP,
    observed::VERSION,
    observed::COUPON_DELETE_BY_CODE,
    observed::PACKAGES_VIEW,
    observed::PACKAGES_UPDATE,
    observed::CHECKOUT_GET,
    observed::GIFTCARDS,
    observed::GIFTCARDS_POST,
    observed::GIFTCARDS_PUT,
    observed::GIFTCARDS_DELETE,
];
