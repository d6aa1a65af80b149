//! Every limit of the store, with its unit and the reason for its number.

use std::time::Duration;

/// Longest key, in bytes. Keys are tuples of ids and short index values; a longer one is a document in the wrong place.
pub const KEY_BYTES_MAX: usize = 2048;

/// Longest value, in bytes: a quarter of the engine's segment. Larger things belong in files.
pub const VALUE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Longest value of a [packed row](crate::packed), in bytes. They are ids and short tuples.
pub const PACKED_BYTES_MAX: usize = 2048;

/// All keys and values written by one transaction, in bytes. Four times what the host allows one request.
pub const TRANSACTION_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Committed bytes that may wait for the disk. Above it, commits wait: memory stays bounded and a slow disk slows the
/// callers down instead of being hidden from them.
pub const PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Committed bytes that are worth giving to the engine while it waits for the disk. Less is better gathered: every group costs a
/// little by itself.
pub(crate) const EARLY_GROUP_BYTES_MIN: usize = 64 * 1024;

/// Values that one transaction keeps of what it read, in bytes; what it reads beyond is looked up again. Whoever reads may be a
/// plugin that reads all there is.
pub(crate) const READ_BYTES_KEPT_MAX: usize = 1024 * 1024;

/// How many numbers [`Store::next_ordinal`](crate::Store::next_ordinal) sets aside at a time. A restart skips at most this
/// many; a larger block saves commits, a smaller one keeps ids pretty.
pub const ORDINAL_BLOCK_MIN: u64 = 64;

/// The same while numbers are drawn so fast that a block does not last a second: blocks double up to this.
pub const ORDINAL_BLOCK_MAX: u64 = 4096;

/// How long a block of numbers should last: far longer than a barrier takes, which may have to be waited for.
pub(crate) const ORDINAL_BLOCK_TIME: Duration = Duration::from_secs(1);

/// Rows fetched from the engine in one step of a scan.
pub(crate) const SCAN_CHUNK_MIN: usize = 16;

/// See [`SCAN_CHUNK_MIN`]: large enough to amortise the seek, small enough to bound what a merge holds.
pub(crate) const SCAN_CHUNK_MAX: usize = 512;

/// How often the sentinel file follows the database. It may lag, so seldom is enough.
pub(crate) const SENTINEL_INTERVAL: Duration = Duration::from_secs(1);

/// What each row is taken to cost beyond its bytes, when batches are measured.
pub(crate) const ROW_OVERHEAD_BYTES: usize = 48;
