//! Ids in the provider's form: a prefix and 22 letters and digits.

use mooring_sdk::context;
use uuid::Uuid;

/// Of ids that are made from what they identify.
const NAMESPACE: Uuid = Uuid::from_u128(0x7c1d_52e0_94ab_5f36_b0de_18c7_3a60_e429);

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 62 to the power of 22 is more than 2 to the power of 128.
const LENGTH: usize = 22;

/// 128 random bits: a link with it cannot be guessed.
pub(crate) fn random() -> String {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(context::random(16)) {
        *place = byte;
    }
    code(u128::from_be_bytes(bytes))
}

/// Always the same for the same text, so that what it names cannot be made twice.
pub(crate) fn of(text: &str) -> String {
    code(Uuid::new_v5(&NAMESPACE, text.as_bytes()).as_u128())
}

/// `sub_X` to `X`; nothing where the prefix or the form is another.
pub(crate) fn bare<'i>(id: &'i str, prefix: &str) -> Option<&'i str> {
    let code = id.strip_prefix(prefix)?;
    let fits = code.len() == LENGTH && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(code)
}

fn code(mut bits: u128) -> String {
    let mut code = [b'0'; LENGTH];
    for place in code.iter_mut().rev() {
        *place = ALPHABET[(bits % 62) as usize];
        bits /= 62;
    }
    code.iter().map(|&letter| char::from(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_22_letters_and_tell_numbers_apart() {
        for bits in [0, 1, 61, 62, u128::MAX - 1, u128::MAX] {
            assert_eq!(code(bits).len(), LENGTH);
        }
        assert_ne!(code(u128::MAX), code(u128::MAX - 1));
        assert_eq!(code(62), "0000000000000000000010");
        assert_eq!(of("a"), of("a"));
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
