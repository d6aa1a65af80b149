//! The accept loop.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::Gate;
use super::connection::{self, Phase};
use super::dispatch::Edge;
use crate::config::EdgeLimits;

/// How often rate limits forget callers who have not asked for a while.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Pause after an accept that failed for want of something; trying at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a listener ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request in flight was answered.
    Whole,
    /// Time was up: this many connections were cut.
    Cut(usize),
}

/// Serves until `shutdown` completes, then finishes what is in flight.
///
/// At the limit of connections the loop stops accepting, and further clients wait in the kernel's queue. Draining stops
/// accepting too, closes idle connections, and ends every other one after the answers it owes, or after
/// `shutdown_timeout_ms`.
pub async fn serve<G: Gate>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: EdgeLimits,
    gate: Arc<G>,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let places = limits.connections_max.min(Semaphore::MAX_PERMITS);
    let free = Arc::new(Semaphore::new(places));
    let drain_timeout = limits.shutdown_timeout_ms;
    let edge = Arc::new(Edge::new(limits, gate));
    let (phase, phases) = watch::channel(Phase::Serving);
    let mut sweep = interval(SWEEP_EVERY);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            let place = free
                .clone()
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
            _ = sweep.tick() => {
                edge.sweep();
                continue;
            }
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                refused(&error).await;
                continue;
            }
        };
        // An answer is written whole; waiting for more would only delay it.
        let _ = stream.set_nodelay(true);
        let (tls, edge, phases) = (tls.clone(), edge.clone(), phases.clone());
        tokio::spawn(async move {
            connection::run(stream, peer, tls, edge, phases).await;
            drop(place);
        });
    }
    drop(listener);
    phase.send_replace(Phase::Draining);
    // Whoever holds all places knows that nobody else is left.
    let all = u32::try_from(places).unwrap_or(u32::MAX);
    if timeout(drain_timeout, free.acquire_many(all)).await.is_ok() {
        return Drained::Whole;
    }
    let cut = places - free.available_permits();
    phase.send_replace(Phase::Over);
    tracing::warn!(
        connections = cut,
        "requests were still in flight when time was up"
    );
    Drained::Cut(cut)
}

async fn refused(error: &io::Error) {
    let client = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if !client {
        tracing::warn!(%error, "no connection could be accepted");
        sleep(ACCEPT_PAUSE).await;
    }
}
