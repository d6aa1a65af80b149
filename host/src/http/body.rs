//! A request's body, whole and within its limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::exchange::Cause;

/// Room made for a body before it arrives; a client has to send before it may cost more.
const ROOM_BYTES: usize = 16 * 1024;

/// Reads a body of at most `bytes_max`. One that declares more is refused before a byte of it is read.
pub(super) async fn read(body: &mut Incoming, bytes_max: u64, timeout: Duration) -> Result<Bytes, Cause> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > bytes_max {
        return Err(Cause::BodyTooLarge(bytes_max));
    }
    match tokio::time::timeout(timeout, collect(body, bytes_max)).await {
        Ok(result) => result,
        Err(_) => Err(Cause::BodyTimeout),
    }
}

async fn collect(body: &mut Incoming, bytes_max: u64) -> Result<Bytes, Cause> {
    // Most bodies arrive as one frame, which is then handed on without being copied.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Cause::Malformed("the body broke off or is badly framed".to_owned()))?;
        // Trailers are read and dropped: no provider uses them.
        let Ok(data) = frame.into_data() else { continue };
        let bytes = (first.len() + rest.len() + data.len()) as u64;
        if bytes > bytes_max {
            return Err(Cause::BodyTooLarge(bytes_max));
        }
        if rest.is_empty() && first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.reserve(ROOM_BYTES.max(first.len() + data.len()));
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}
