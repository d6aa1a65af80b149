//! What a guest prints, kept up to a cap. What is beyond is dropped: a talkative guest is no failing one.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Bytes taken in one write; more comes in the next one.
const WRITE_BYTES_MAX: usize = 64 * 1024;

/// One sink for standard output and error. Clones share it.
#[derive(Clone)]
pub(super) struct Output {
    kept: Arc<Mutex<Vec<u8>>>,
    bytes_max: usize,
}

impl Output {
    pub(super) fn new(bytes_max: usize) -> Output {
        Output {
            kept: Arc::default(),
            bytes_max,
        }
    }

    /// All that was kept, as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept.lock()).into_owned()
    }

    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.kept.lock();
        let room = self.bytes_max - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl Pollable for Output {
    // Always; spelled out because the trait's own macro is not worth a dependency.
    fn ready<'s, 'f>(&'s mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(std::future::ready(()))
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.keep(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_up_to_its_cap_and_swallows_the_rest() {
        let mut output = Output::new(5);
        for part in ["abc", "def", "ghi"] {
            output.write(Bytes::from_static(part.as_bytes())).unwrap();
        }
        assert_eq!(output.text(), "abcde");
        assert!(output.check_write().unwrap() > 0);
    }
}
