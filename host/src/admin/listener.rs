//! The operator's listener: HTTP/1.1 with every wait bounded, and a graceful end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::config::EdgeLimits;
use crate::http::Socket;

/// Open connections. An operator and a few scripts need a handful; more is a mistake or an attack.
const CONNECTIONS_MAX: usize = 64;

/// Answers until `stop` resolves; then finishes what is in flight, for as long as the limits allow.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: EdgeLimits,
    stop: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let service = TowerToHyperService::new(router);
    let mut stop = std::pin::pin!(stop);
    loop {
        let permit = Arc::clone(&permits).acquire_owned();
        let accept = async { (permit.await, listener.accept().await) };
        let (permit, accepted) = tokio::select! {
            () = &mut stop => break,
            accepted = accept => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, or a connection that was gone at once. Neither ends the listener.
                tracing::warn!(%error, "the admin listener could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // A body that is refused half-way must not cost its sender the reason.
        let stream = Socket::lingering(stream, limits.write_timeout_ms);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout_ms)
            .max_buf_size(limits.header_bytes_max)
            .serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an admin connection broke off");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_timeout_ms, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("admin requests were cut off at shutdown");
    }
}
