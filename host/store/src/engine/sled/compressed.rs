//! Values made shorter before sled sees them.
//!
//! sled writes each byte of a row about four times in all: once for the change, and again whenever it rewrites the leaf. Most
//! values are JSON, which repeats itself; LZ4 makes it a third shorter for far less than what writing costs.
//!
//! What is compressed is its length, `u32`, big endian, and one LZ4 block.

use crate::limits::VALUE_BYTES_MAX;

/// Shorter values gain too little.
const BYTES_MIN: usize = 256;

/// The value made shorter; nothing where that would save less than an eighth.
pub(super) fn compressed(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() < BYTES_MIN {
        return None;
    }
    let compressed = compress(value);
    (compressed.len() <= value.len() - value.len() / 8).then_some(compressed)
}

/// The value as it was; nothing where the bytes are damaged.
pub(super) fn decompressed(compressed: &[u8]) -> Option<Vec<u8>> {
    decompress(compressed, VALUE_BYTES_MAX)
}

/// Bytes of less than 4 GiB, whether or not they become shorter.
pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = (bytes.len() as u32).to_be_bytes().to_vec();
    compressed.extend_from_slice(&lz4_flex::block::compress(bytes));
    compressed
}

/// The bytes as they were; nothing where they are damaged, or would be more than `bytes_max`.
pub(super) fn decompress(compressed: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let (length, block) = compressed.split_first_chunk()?;
    let length = u32::from_be_bytes(*length) as usize;
    // The length is taken at its word for the size of a buffer.
    if length > bytes_max {
        return None;
    }
    let bytes = lz4_flex::block::decompress(block, length).ok()?;
    (bytes.len() == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_comes_back(value in prop::collection::vec(0_u8..4, 0..5000)) {
            if let Some(compressed) = compressed(&value) {
                prop_assert!(compressed.len() < value.len());
                prop_assert_eq!(decompressed(&compressed), Some(value));
            }
        }

        #[test]
        fn what_is_no_compressed_value_is_refused_or_some_value(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(value) = decompressed(&bytes) {
                prop_assert!(value.len() <= VALUE_BYTES_MAX);
            }
        }
    }

    #[test]
    fn only_what_gains_is_compressed() {
        let json = r#"{"account":"central:receivable","direction":"debit"}"#.repeat(20);
        let short = compressed(json.as_bytes()).expect("it repeats itself");
        assert!(short.len() < json.len() / 4);
        assert_eq!(compressed(&json.as_bytes()[..BYTES_MIN - 1]), None);
        let random: Vec<u8> = (0..1000_u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        assert_eq!(compressed(&random), None);
        let mut damaged = short;
        damaged[3] ^= 1;
        assert_eq!(decompressed(&damaged), None, "the length does not fit");
        assert_eq!(decompressed(&[0xFF; 100]), None, "too long to be believed");
    }
}
