//! The life of one connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::Gate;
use super::dispatch::Edge;
use super::socket::{Activity, Socket};
use crate::config::EdgeLimits;

/// Between asking an idle client to go and closing its connection: time for its HTTP/2 GOAWAY to be read.
const FAREWELL: Duration = Duration::from_secs(1);

/// hyper reads a head into a buffer that is at least this large.
const HEAD_BUFFER_BYTES_MIN: usize = 8192;

/// What all connections are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Take requests.
    Serving,
    /// Finish what is in flight, take nothing new.
    Draining,
    /// End now.
    Over,
}

/// How HTTP is spoken.
///
/// hyper's own timer for request heads stays off: it would be set up anew for every request, and it does not cover a
/// client that never sends a first byte. [`drive`] watches over both, and over idle HTTP/2 connections, with one timer.
pub(super) fn protocol(limits: &EdgeLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(None)
        .max_buf_size(limits.header_bytes_max.max(HEAD_BUFFER_BYTES_MIN));
    builder
        .http2()
        .max_concurrent_streams(limits.http2_streams_max)
        .max_header_list_size(limits.header_bytes_max as u32);
    builder
}

/// One connection, from the first byte to the last.
pub(super) async fn run<G: Gate>(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    edge: Arc<Edge<G>>,
    phases: watch::Receiver<Phase>,
) {
    let activity = Arc::new(Activity::new());
    let socket = Socket::new(stream, activity.clone(), edge.limits.write_timeout_ms);
    let Some(tls) = tls else {
        return drive(socket, peer, activity, edge, phases).await;
    };
    let handshake = timeout(edge.limits.header_timeout_ms, tls.accept(socket));
    let mut told = phases.clone();
    let shaken = tokio::select! {
        shaken = handshake => Some(shaken),
        // Whoever has asked for nothing yet need not be waited for.
        _ = told.wait_for(|phase| *phase != Phase::Serving) => None,
    };
    match shaken {
        Some(Ok(Ok(stream))) => drive(stream, peer, activity, edge, phases).await,
        Some(Ok(Err(error))) => tracing::debug!(%peer, %error, "no TLS"),
        Some(Err(_)) | None => tracing::debug!(%peer, "no TLS in time"),
    }
}

async fn drive<G: Gate, S>(
    stream: S,
    peer: SocketAddr,
    activity: Arc<Activity>,
    edge: Arc<Edge<G>>,
    mut phases: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let idle_after = edge.limits.header_timeout_ms;
    let protocol = edge.protocol.clone();
    let watched = activity.clone();
    let service = service_fn(move |request| {
        let (edge, activity) = (edge.clone(), activity.clone());
        async move { Ok::<_, Infallible>(edge.serve(peer.ip(), request, &activity).await) }
    });
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(stream), service));
    let mut idle = pin!(sleep_until(Instant::now() + idle_after));
    let mut told = *phases.borrow() != Phase::Serving;
    if told {
        connection.as_mut().graceful_shutdown();
    }
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, error, "the connection broke");
                }
                return;
            }
            phase = phases.changed() => {
                // Without a sender the listener is gone, and nobody waits for this connection any more.
                if phase.is_err() || *phases.borrow() == Phase::Over {
                    return;
                }
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            () = idle.as_mut() => {
                let now = Instant::now();
                let ends = activity_ends(&watched, idle_after, now);
                if ends > now {
                    idle.as_mut().reset(ends);
                } else if told {
                    tracing::debug!(%peer, "an idle or slow client was cut off");
                    return;
                } else {
                    told = true;
                    connection.as_mut().graceful_shutdown();
                    idle.as_mut().reset(now + FAREWELL.min(idle_after));
                }
            }
        }
    }
}

/// When the connection has been idle for too long, unless something happens before. A head that arrives slowly does not
/// count as something happening: a request has until then to be whole.
fn activity_ends(activity: &Activity, idle_after: Duration, now: Instant) -> Instant {
    activity.idle_since().unwrap_or(now) + idle_after
}
