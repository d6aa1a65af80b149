//! Ids in the provider's form: a prefix and 22 letters and digits.
//!
//! Of what there are many of, 8 of them say a time in milliseconds. So what is made together lies together in the store, and so
//! does what comes of it later: subscriptions that began together are renewed together.

use mooring_sdk::context;
use uuid::Uuid;

/// Of ids that are made from what they identify.
const NAMESPACE: Uuid = Uuid::from_u128(0x7c1d_52e0_94ab_5f36_b0de_18c7_3a60_e429);

/// In the order of their bytes.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 62 to the power of 22 is more than 2 to the power of 128.
const LENGTH: usize = 22;

/// Enough until the year 8888.
const TIME_LENGTH: usize = 8;

/// Worth 83 bits.
const REST_LENGTH: usize = LENGTH - TIME_LENGTH;

/// 83 random bits behind the time: a link with it cannot be guessed.
pub(crate) fn random() -> String {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(context::random(16)) {
        *place = byte;
    }
    code(context::now(), u128::from_be_bytes(bytes))
}

/// Always the same for the same text, so that what it names cannot be made twice.
pub(crate) fn of(text: &str) -> String {
    digits::<LENGTH>(hash(text))
}

/// As [`of`], for the same time (milliseconds) and text.
pub(crate) fn of_time(at: u64, text: &str) -> String {
    code(at, hash(text))
}

/// `sub_X` to `X`; nothing where the prefix or the form is another.
pub(crate) fn bare<'i>(id: &'i str, prefix: &str) -> Option<&'i str> {
    let code = id.strip_prefix(prefix)?;
    let fits = code.len() == LENGTH && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(code)
}

fn hash(text: &str) -> u128 {
    Uuid::new_v5(&NAMESPACE, text.as_bytes()).as_u128()
}

fn code(at: u64, rest: u128) -> String {
    digits::<TIME_LENGTH>(at.into()) + &digits::<REST_LENGTH>(rest)
}

/// The last digits of a number to the base of 62.
fn digits<const LENGTH: usize>(mut number: u128) -> String {
    let mut digits = [b'0'; LENGTH];
    for place in digits.iter_mut().rev() {
        *place = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_sort_by_time_and_tell_numbers_apart() {
        assert_eq!(code(0, 62), "0000000000000000000010");
        assert_eq!(code(62, 0), "0000001000000000000000");
        assert_ne!(code(1, u128::MAX), code(1, u128::MAX - 1));
        assert!(code(1_800_000_000_000, u128::MAX) < code(1_800_000_000_001, 0));
        assert_eq!(of_time(1, "a"), of_time(1, "a"));
        assert_ne!(of_time(1, "a"), of_time(1, "b"));
        assert_ne!(of("a"), of("b"));
    }

    #[test]
    fn only_a_whole_id_has_a_code() {
        let id = format!("sub_{}", of("a"));
        assert_eq!(bare(&id, "sub_"), Some(of("a").as_str()));
        for other in [
            "sub_",
            "sub_short",
            "tr_0000000000000000000010",
            &format!("{id}x"),
        ] {
            assert_eq!(bare(other, "sub_"), None, "{other}");
        }
    }
}
