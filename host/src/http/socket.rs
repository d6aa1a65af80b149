//! A connection's bytes: what moves, what waits, and how it ends.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// After an answer to a request whose body was not read: what is still taken in, and for how long. Closing a socket with
/// unread bytes resets it, and the client would lose the answer.
const LINGER_BYTES_MAX: usize = 4 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(2);

/// What one connection is doing. Shared by its socket, its requests and the task that watches over it; numbers only, each
/// of them good on its own, so relaxed order is enough.
pub(super) struct Activity {
    opened: Instant,
    /// When a byte was last written or a request last ended, in milliseconds after `opened`.
    moved_ms: AtomicU64,
    /// Requests between their head and their answer.
    running: AtomicU32,
    /// A write waits for the client; the socket's own timer watches over it.
    stalled: AtomicBool,
    /// A body was left unread.
    unread: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Activity {
        Activity {
            opened: Instant::now(),
            moved_ms: AtomicU64::new(0),
            running: AtomicU32::new(0),
            stalled: AtomicBool::new(false),
            unread: AtomicBool::new(false),
        }
    }

    /// A request has begun; it ends when the guard is dropped.
    pub(super) fn begin(&self) -> Running<'_> {
        self.running.fetch_add(1, Relaxed);
        Running(self)
    }

    /// A request is answered though its body was not read.
    pub(super) fn leave_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    /// Since when nothing has happened, if nothing happens.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let busy = self.running.load(Relaxed) > 0 || self.stalled.load(Relaxed);
        (!busy).then(|| self.opened + Duration::from_millis(self.moved_ms.load(Relaxed)))
    }

    fn moved(&self) {
        self.moved_ms
            .store(self.opened.elapsed().as_millis() as u64, Relaxed);
    }
}

/// A request in progress.
pub(super) struct Running<'a>(&'a Activity);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.moved();
        self.0.running.fetch_sub(1, Relaxed);
    }
}

/// A TCP stream whose writes fail when the client takes nothing for too long.
pub(crate) struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    write_timeout: Duration,
    /// Made at the first write that waits; most connections never need it.
    timer: Option<Pin<Box<Sleep>>>,
    lingered: usize,
    shut: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>, write_timeout: Duration) -> Socket {
        Socket {
            stream,
            activity,
            write_timeout,
            timer: None,
            lingered: 0,
            shut: false,
        }
    }

    /// One whose client is listened to, for a while, after the last answer: for a listener that does not tell which bodies it
    /// has read.
    pub(crate) fn lingering(stream: TcpStream, write_timeout: Duration) -> Socket {
        let activity = Activity::new();
        activity.leave_unread();
        Socket::new(stream, Arc::new(activity), write_timeout)
    }

    /// Turns a write's wait into an error once it has lasted too long.
    fn bound<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let waits = result.is_pending();
        let waited = self.activity.stalled.load(Relaxed);
        if !waits {
            if waited {
                self.activity.stalled.store(false, Relaxed);
            }
            self.activity.moved();
            return result;
        }
        if !waited {
            self.activity.stalled.store(true, Relaxed);
            self.set_timer(self.write_timeout);
        }
        if self.timer_ended(cx) {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client takes no byte",
            )));
        }
        Poll::Pending
    }

    /// Reads and drops what a client still sends, until it has seen the end, or has had its time.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut dropped = [0; 8 * 1024];
        loop {
            if self.timer_ended(cx) || self.lingered > LINGER_BYTES_MAX {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut dropped);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => self.lingered += buffer.filled().len(),
                _ => return Poll::Ready(()),
            }
        }
    }

    fn set_timer(&mut self, after: Duration) {
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(Instant::now() + after),
            None => self.timer = Some(Box::pin(sleep(after))),
        }
    }

    fn timer_ended(&mut self, cx: &mut Context<'_>) -> bool {
        self.timer
            .as_mut()
            .is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bound(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.bound(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    // A TCP stream has nothing of its own to flush.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.shut {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.shut = true;
            self.set_timer(LINGER);
        }
        if self.activity.unread.load(Relaxed) {
            ready!(self.linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
