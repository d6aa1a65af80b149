//! Routes in no document: those that official plugins call, and what third-party clients call documented ones.

use mooring_sdk::prelude::*;

use super::{CHECKOUT, COUPONS, EVENTS_BYTES_MAX, FORM, GIFT_CARDS, PACKAGES, SERVERS, of};
use crate::error::Error;
use crate::schema::{input, output};
use crate::{checkout, coupons, customers, gift_cards, listing};

const fn observed(route: Route<Error>, group: &'static str, summary: &'static str) -> Route<Error> {
    of(route, group, summary).origin(Origin::Observed)
}

// Called by official plugins, and in no document.

pub(super) const EVENTS: Route<Error> = observed(
    Route::post("events", "/events", handler!(customers::events)),
    SERVERS,
    "Who has joined the server, and who has left.",
)
.body_max(EVENTS_BYTES_MAX)
.takes(input::events)
.status(204)
.fails(&[400, 413, 422]);

pub(super) const ANALYTICS_STARTUP: Route<Error> = observed(
    Route::post(
        "analytics-startup",
        "/analytics/startup",
        handler!(customers::analytics),
    ),
    SERVERS,
    "What a game server runs on; not kept.",
)
.takes(input::anything)
.gives(output::success);

pub(super) const VERSION: Route<Error> = observed(
    Route::get("version", "/versions/{platform}", handler!(customers::version)),
    SERVERS,
    "The newest version of the game server's plugin.",
)
.gives(output::version)
.fails(&[404]);

pub(super) const COUPON_DELETE_BY_CODE: Route<Error> = observed(
    Route::delete(
        "coupon-delete-by-code",
        "/coupons/{id}/code",
        handler!(coupons::delete_by_code),
    ),
    COUPONS,
    "Deletes the coupon with this code, which stands in the place of the id.",
)
.status(204)
.fails(&[404]);

// What clients of third parties call documented routes.

pub(super) const PACKAGES_VIEW: Route<Error> = observed(
    Route::get("packages-view", "/packages/{id}", handler!(listing::package)),
    PACKAGES,
    "As `GET /package/{id}`.",
)
.parameters(input::id)
.gives(output::package)
.fails(&[404]);

pub(super) const PACKAGES_UPDATE: Route<Error> = observed(
    Route::put("packages-update", "/packages/{id}", handler!(listing::update)),
    PACKAGES,
    "As `PUT /package/{id}`.",
)
.parameters(input::id)
.takes(input::package)
.takes_types(FORM)
.status(204)
.fails(&[400, 404, 422]);

pub(super) const CHECKOUT_GET: Route<Error> = observed(
    Route::get("checkout-get", "/checkout", handler!(checkout::create)).writes(),
    CHECKOUT,
    "As `POST /checkout`, for a client that sends the wrong method.",
)
.query(input::checkout)
.status(201)
.gives(output::checkout)
.fails(&[400, 404, 422]);

pub(super) const GIFTCARDS: Route<Error> = observed(
    Route::get("giftcards", "/giftcards", handler!(gift_cards::list)),
    GIFT_CARDS,
    "As `GET /gift-cards`.",
)
.gives(output::gift_cards);

pub(super) const GIFTCARDS_POST: Route<Error> = observed(
    Route::post("giftcards-post", "/giftcards", handler!(gift_cards::alias_post)),
    GIFT_CARDS,
    "The gift card with the `id` that is given, or a new one.",
)
.takes(input::any_gift_card)
.takes_types(FORM)
.gives(output::gift_card)
.fails(&[400, 404, 422]);

pub(super) const GIFTCARDS_PUT: Route<Error> = observed(
    Route::put("giftcards-put", "/giftcards", handler!(gift_cards::alias_put)),
    GIFT_CARDS,
    "Adds to the balance of the gift card with this `id`.",
)
.takes(input::gift_card_by_id)
.takes_types(FORM)
.gives(output::gift_card)
.fails(&[400, 404, 422]);

pub(super) const GIFTCARDS_DELETE: Route<Error> = observed(
    Route::delete(
        "giftcards-delete",
        "/giftcards",
        handler!(gift_cards::alias_delete),
    ),
    GIFT_CARDS,
    "Voids the gift card with this `id`.",
)
.takes(input::only_id)
.takes_types(FORM)
.gives(output::gift_card)
.fails(&[400, 404, 422]);
