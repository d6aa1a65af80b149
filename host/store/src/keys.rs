//! Keys: ordered tuples of bytes.
//!
//! A key is a tag byte followed by fields. Comparing the encoded bytes compares the tuples field by field, and no
//! encoded tuple is the prefix of another one's field, so a prefix of whole fields selects exactly the tuples that begin
//! with them.
//!
//! | field | bytes |
//! | --- | --- |
//! | tag, `u8` | itself |
//! | `u64` | eight bytes, big endian |
//! | string of bytes | every `00` as `00 FF`, then the terminator `00 01` |

use std::ops::Bound;

/// An encoded key.
pub type Key = Vec<u8>;

/// The tag of the store's own rows; refused to everyone else.
pub(crate) const TAG_STORE: u8 = 0;

const ESCAPE: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xFF;
const TERMINATOR: u8 = 0x01;

/// Builds a key field by field.
///
/// ```
/// use mooring_store::KeyBuilder;
///
/// let user = KeyBuilder::new(7).string("tenant-a").number(42).build();
/// let next = KeyBuilder::new(7).string("tenant-a").number(43).build();
/// assert!(user < next);
/// ```
#[derive(Clone, Debug)]
pub struct KeyBuilder {
    bytes: Vec<u8>,
}

impl KeyBuilder {
    /// A key of this tag: the kind of row.
    pub fn new(tag: u8) -> KeyBuilder {
        KeyBuilder { bytes: vec![tag] }
    }

    /// A tuple without a tag, for the inside of another key (a scope, a composed index value).
    pub fn nested() -> KeyBuilder {
        KeyBuilder { bytes: Vec::new() }
    }

    /// Goes on from an encoded prefix of whole fields.
    pub fn from_prefix(prefix: &[u8]) -> KeyBuilder {
        // Room for what most often follows: a field's letter and a number.
        let mut bytes = Vec::with_capacity(prefix.len() + 16);
        bytes.extend_from_slice(prefix);
        KeyBuilder { bytes }
    }

    /// Appends one byte.
    #[must_use]
    pub fn byte(mut self, byte: u8) -> KeyBuilder {
        self.bytes.push(byte);
        self
    }

    /// Appends a number; numbers sort by size.
    #[must_use]
    pub fn number(mut self, number: u64) -> KeyBuilder {
        self.bytes.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Appends a string of bytes of any content; strings sort by their bytes, shorter ones first.
    #[must_use]
    pub fn string(mut self, string: impl AsRef<[u8]>) -> KeyBuilder {
        let mut rest = string.as_ref();
        self.bytes.reserve(rest.len() + 2);
        while let Some(zero) = rest.iter().position(|byte| *byte == ESCAPE) {
            let (plain, behind) = rest.split_at(zero + 1);
            self.bytes.extend_from_slice(plain);
            self.bytes.push(ESCAPED_ZERO);
            rest = behind;
        }
        self.bytes.extend_from_slice(rest);
        self.bytes.extend_from_slice(&[ESCAPE, TERMINATOR]);
        self
    }

    /// The finished key.
    pub fn build(self) -> Key {
        self.bytes
    }
}

/// Takes a key apart again, field by field, in the order in which it was built. Each function gives `None` where the key
/// is too short or not of that shape.
#[derive(Clone, Debug)]
pub struct KeyReader<'k> {
    rest: &'k [u8],
}

impl<'k> KeyReader<'k> {
    /// Starts at the first byte, the tag included.
    pub fn new(key: &'k [u8]) -> KeyReader<'k> {
        KeyReader { rest: key }
    }

    /// Reads one byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// Reads a number.
    pub fn number(&mut self) -> Option<u64> {
        let (bytes, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_be_bytes(*bytes))
    }

    /// Reads a string of bytes.
    pub fn string(&mut self) -> Option<Vec<u8>> {
        let mut string = Vec::new();
        loop {
            match self.byte()? {
                ESCAPE => match self.byte()? {
                    ESCAPED_ZERO => string.push(ESCAPE),
                    TERMINATOR => return Some(string),
                    _ => return None,
                },
                byte => string.push(byte),
            }
        }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'k [u8] {
        self.rest
    }
}

/// In which direction a range is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

impl Order {
    /// The other direction.
    pub(crate) fn reversed(self) -> Order {
        match self {
            Order::Ascending => Order::Descending,
            Order::Descending => Order::Ascending,
        }
    }
}

/// A contiguous range of keys: from `start`, included, to `end`, excluded; without `end`, to the last key there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// First key inside.
    pub start: Key,
    /// First key behind.
    pub end: Option<Key>,
}

impl KeyRange {
    /// From `start`, included, to `end`, excluded.
    pub fn new(start: Key, end: Key) -> KeyRange {
        KeyRange {
            start,
            end: Some(end),
        }
    }

    /// Every key that begins with these bytes.
    pub fn prefix(prefix: impl Into<Key>) -> KeyRange {
        let start = prefix.into();
        let end = prefix_end(&start);
        KeyRange { start, end }
    }

    /// From `start` to `last`, both included.
    pub fn through_key(start: Key, last: &[u8]) -> KeyRange {
        KeyRange {
            start,
            end: Some(successor(last)),
        }
    }

    /// The part of this range behind `key`.
    #[must_use]
    pub fn after(&self, key: &[u8]) -> KeyRange {
        let start = successor(key).max(self.start.clone());
        KeyRange {
            start,
            end: self.end.clone(),
        }
    }

    /// The part of this range before `key`.
    #[must_use]
    pub fn before(&self, key: &[u8]) -> KeyRange {
        let end = match &self.end {
            Some(end) if end.as_slice() <= key => end.clone(),
            _ => key.to_vec(),
        };
        KeyRange {
            start: self.start.clone(),
            end: Some(end),
        }
    }

    /// Whether `key` is inside.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.start.as_slice() <= key && self.end.as_deref().is_none_or(|end| key < end)
    }

    /// Whether no key can be inside.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// The part not yet read when a scan in this order has come past `key`.
    pub(crate) fn beyond(&self, key: &[u8], order: Order) -> KeyRange {
        match order {
            Order::Ascending => self.after(key),
            Order::Descending => self.before(key),
        }
    }

    /// The part read when a scan in this order has come to `key`, `key` included.
    pub(crate) fn through(&self, key: &[u8], order: Order) -> KeyRange {
        match order {
            Order::Ascending => self.before(&successor(key)),
            Order::Descending => KeyRange {
                start: key.to_vec().max(self.start.clone()),
                end: self.end.clone(),
            },
        }
    }

    /// For the standard collections. Never panics there as long as [`is_empty`](KeyRange::is_empty) was asked first.
    pub(crate) fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let end = self.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        (Bound::Included(self.start.as_slice()), end)
    }
}

/// A key for a person: printable bytes as they are, the others in hexadecimal.
pub fn readable(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

/// The smallest key behind `key`.
fn successor(key: &[u8]) -> Key {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

/// The smallest key behind all keys that begin with `prefix`; none when the prefix is empty or all `FF`.
fn prefix_end(prefix: &[u8]) -> Option<Key> {
    let last = prefix.iter().rposition(|&byte| byte != 0xFF)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(tuple: &(Vec<u8>, u64, Vec<u8>)) -> Key {
        KeyBuilder::new(1)
            .string(&tuple.0)
            .number(tuple.1)
            .string(&tuple.2)
            .build()
    }

    /// Few distinct bytes, so that common prefixes and escapes really occur.
    fn string() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 0xFE, 0xFF]), 0..4)
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_tuples(a in (string(), 0_u64..3, string()), b in (string(), 0_u64..3, string())) {
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
        }

        #[test]
        fn keys_can_be_read_back(a in (string(), any::<u64>(), string())) {
            let encoded = key(&a);
            let mut reader = KeyReader::new(&encoded);
            prop_assert_eq!(reader.byte(), Some(1));
            prop_assert_eq!((reader.string(), reader.number(), reader.string()), (Some(a.0), Some(a.1), Some(a.2)));
            prop_assert!(reader.rest().is_empty());
        }

        #[test]
        fn a_prefix_of_whole_fields_selects_exactly_its_tuples(a in string(), b in (string(), 0_u64..3, string())) {
            let range = KeyRange::prefix(KeyBuilder::new(1).string(&a).build());
            prop_assert_eq!(range.contains(&key(&b)), a == b.0);
        }
    }

    #[test]
    fn a_prefix_of_only_ff_has_no_end() {
        assert_eq!(KeyRange::prefix(vec![0xFF, 0xFF]).end, None);
        assert_eq!(KeyRange::prefix(vec![0x01, 0xFF]).end, Some(vec![0x02]));
    }
}
