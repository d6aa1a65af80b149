//! One newtype per kind of id, so that the compiler tells them apart.
//!
//! Ids with a prefix (`svc_…`) end in 22 base62 characters: 8 of the time in milliseconds and 14 drawn, 83 random bits.
//! So they are unguessable, unique without asking anybody, and sort by age: what is written together lies together, and a
//! database larger than its cache is not read at random places for every new row. Parsing takes any 22 characters and refuses
//! everything else, so an id that exists as a value is well-formed.

use std::fmt;

use rand::Rng;
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Characters behind the prefix of an id.
const ID_CHARS: usize = 22;

/// Those of them that say when; enough until the year 8888.
const ID_TIME_CHARS: usize = 8;

/// In the order of their bytes.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Text that is no id of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}")]
pub struct MalformedId {
    /// What would have been one.
    pub expected: &'static str,
}

/// Draws base62 characters; every one is worth 5.95 bits.
pub(crate) fn draw_base62(rng: &mut impl Rng, chars: usize) -> String {
    Alphanumeric.sample_string(rng, chars)
}

/// What comes behind the prefix of a new id.
fn draw_id(rng: &mut impl Rng, now: Timestamp) -> String {
    let mut rest = now.millis();
    let mut time = [BASE62[0]; ID_TIME_CHARS];
    for place in time.iter_mut().rev() {
        *place = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    let mut id = String::from_utf8_lossy(&time).into_owned();
    Alphanumeric.append_string(rng, &mut id, ID_CHARS - ID_TIME_CHARS);
    id
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// A new one, made now.
            pub fn draw(rng: &mut impl Rng, now: Timestamp) -> $name {
                $name(format!("{}{}", $prefix, draw_id(rng, now)))
            }

            /// The id that is written so.
            pub fn parse(text: &str) -> Result<$name, MalformedId> {
                let rest = text.strip_prefix($prefix).unwrap_or_default();
                if rest.len() == ID_CHARS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    Ok($name(text.to_owned()))
                } else {
                    Err(MalformedId { expected: $expected })
                }
            }

            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        id_text!($name);
    };
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The name, if it is one: 1 to 40 of `a-z`, `0-9` and `-`, beginning with a letter or digit.
            pub fn parse(text: &str) -> Result<$name, MalformedId> {
                let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                if (1..=40).contains(&text.len()) && text.bytes().all(legal) && !text.starts_with('-') {
                    Ok($name(text.to_owned()))
                } else {
                    Err(MalformedId { expected: $expected })
                }
            }

            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        id_text!($name);
    };
}

macro_rules! id_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedId;

            fn try_from(text: String) -> Result<$name, MalformedId> {
                $name::parse(&text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<$name, MalformedId> {
                $name::parse(text)
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// A tenant: 1, 2, 3 … in the order of creation. Keys of its rows carry it; people use its [`TenantName`].
    TenantId
}
number_id! {
    /// A user: 1, 2, 3 … within its tenant, without a gap.
    UserId
}
name_id! {
    /// What people call a tenant. Unique, and never changed.
    TenantName, "a tenant name: 1 to 40 of a-z, 0-9 and -"
}
name_id! {
    /// What a plugin calls itself in its manifest.
    PluginName, "a plugin name: 1 to 40 of a-z, 0-9 and -"
}
random_id! {
    /// A service.
    ServiceId, "svc_", "a service id: svc_ and 22 characters"
}
random_id! {
    /// A posting of the ledger.
    PostingId, "pst_", "a posting id: pst_ and 22 characters"
}
random_id! {
    /// A job.
    JobId, "job_", "a job id: job_ and 22 characters"
}
random_id! {
    /// An event.
    EventId, "ev_", "an event id: ev_ and 22 characters"
}
random_id! {
    /// A payment.
    PaymentId, "pay_", "a payment id: pay_ and 22 characters"
}
random_id! {
    /// One try of a payment; also its idempotency key at the gateway.
    AttemptId, "att_", "an attempt id: att_ and 22 characters"
}
random_id! {
    /// A refund; also its idempotency key at the gateway.
    RefundId, "rfd_", "a refund id: rfd_ and 22 characters"
}
random_id! {
    /// An endpoint that events are delivered to.
    EndpointId, "ep_", "an endpoint id: ep_ and 22 characters"
}
random_id! {
    /// One event on its way to one endpoint.
    DeliveryId, "dlv_", "a delivery id: dlv_ and 22 characters"
}
random_id! {
    /// An API key's public id; never the key itself.
    KeyId, "key_", "a key id: key_ and 22 characters"
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    use super::*;

    #[test]
    fn a_drawn_id_can_be_parsed_again() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let now = Timestamp(1_800_000_000_000);
        let id = ServiceId::draw(&mut rng, now);
        assert_eq!(ServiceId::parse(id.as_str()), Ok(id.clone()));
        assert_ne!(ServiceId::draw(&mut rng, now), id);
    }

    #[test]
    fn ids_sort_by_age() {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        let times = [
            0,
            1,
            61,
            62,
            3843,
            3844,
            1_800_000_000_000,
            1_800_000_000_001,
            u64::from(u32::MAX) << 14,
        ];
        let ids: Vec<_> = times.map(|at| EventId::draw(&mut rng, Timestamp(at))).into();
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| EventId::parse(id.as_str()).is_ok()));
    }

    #[test]
    fn malformed_ids_are_refused() {
        let fits = "svc_0123456789abcdefghijAB";
        assert!(ServiceId::parse(fits).is_ok());
        for text in [
            "",
            "svc_",
            "svc_short",
            "pst_0123456789abcdefghijAB",
            "svc_0123456789abcdefghij-B",
        ] {
            assert!(ServiceId::parse(text).is_err(), "{text}");
        }
        assert!(ServiceId::parse(&format!("{fits}x")).is_err());
    }

    #[test]
    fn names_are_short_lower_case_words() {
        for name in ["a", "acme", "acme-2", &"a".repeat(40)] {
            assert!(TenantName::parse(name).is_ok(), "{name}");
        }
        for name in ["", "-acme", "Acme", "a b", "a/b", "ä", &"a".repeat(41)] {
            assert!(TenantName::parse(name).is_err(), "{name}");
        }
    }
}
