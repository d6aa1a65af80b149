//! What the administrator has set, read-only.

use mooring_sdk::prelude::*;
use mooring_sdk::settings;

use crate::convert;
use crate::countries::{self, Country};
use crate::error::Error;
use crate::input::Reseller;
use crate::model::{Data, Notifications, Options, Outcomes, PaymentSystems, Payments};
use crate::webhooks;

/// Setting: where the provider's own messages go.
pub(crate) const EMAIL: &str = "notification_email";
/// Setting: as [`EMAIL`].
pub(crate) const TELEGRAM: &str = "notification_telegram";

/// `GET options`. `key` is the public id of the key: the plugin does not know the secret one.
pub(crate) fn options(
    Reseller(reseller): Reseller,
    principal: Principal,
) -> Result<Json<Data<Options>>, Error> {
    let outcomes = |success, error| -> Result<Payments, Error> {
        let payments = Outcomes {
            success: settings::get(success)?,
            error: settings::get(error)?,
        };
        Ok(Payments { payments })
    };
    let data = Options {
        reseller,
        key: principal.key,
        name: settings::get(convert::NAME)?,
        notifications: Notifications {
            email: settings::get(EMAIL)?,
            telegram: settings::get(TELEGRAM)?,
        },
        callback: outcomes(convert::CALLBACK_SUCCESS, convert::CALLBACK_ERROR)?,
        webhook: outcomes(webhooks::SUCCESS_URL, webhooks::ERROR_URL)?,
    };
    Ok(Json(Data { data }))
}

/// `GET countries`.
pub(crate) fn countries(_: Reseller) -> Json<Data<Vec<Country>>> {
    Json(Data {
        data: countries::all(),
    })
}

/// `GET payment-systems`.
pub(crate) fn payment_systems(Reseller(reseller): Reseller) -> Result<Json<Data<PaymentSystems>>, Error> {
    let data = PaymentSystems {
        reseller,
        payment_systems: convert::payment_systems()?
            .iter()
            .map(convert::System::told)
            .collect(),
    };
    Ok(Json(Data { data }))
}
