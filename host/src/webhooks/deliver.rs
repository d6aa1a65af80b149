//! One attempt: from a claimed delivery to what came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mooring_core::time::Timestamp;
use mooring_core::webhooks::{Claimed, Finished, Outcome};
use tokio::sync::{Semaphore, mpsc, watch};

use super::sign::{self, Message};
use super::turn::Target;
use crate::outbound::{Client, OutboundRequest};

/// Sends deliveries off.
#[derive(Clone)]
pub(super) struct Courier {
    outbound: Client,
}

impl Courier {
    pub(super) fn new(outbound: Client) -> Courier {
        Courier { outbound }
    }

    /// Makes an attempt as soon as its endpoint has a place, and reports how it went. Always reports.
    pub(super) fn send_off(
        &self,
        target: Arc<Target>,
        claimed: Claimed,
        places: Arc<Semaphore>,
        report: mpsc::UnboundedSender<Finished>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let courier = self.clone();
        tokio::spawn(async move {
            let place = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => None,
                place = places.acquire_owned() => place.ok(),
            };
            let (started_at, started) = (Timestamp::now(), Instant::now());
            let timeout = Duration::from_millis(target.webhook.timeout_ms.into());
            // Whoever waited too long for a place would still be at it when the lease has ended.
            let has_time = started_at.after(timeout) < claimed.lease.until;
            let outcome = if place.is_some() && has_time {
                courier.attempt(&target, &claimed, timeout).await
            } else {
                Outcome::NotTried
            };
            drop(place);
            // Nobody listens only when the deliverer has ended; then the lease ends too.
            let _ = report.send(Finished {
                lease: claimed.lease,
                started_at,
                duration: started.elapsed(),
                outcome,
            });
        });
    }

    async fn attempt(&self, target: &Target, claimed: &Claimed, timeout: Duration) -> Outcome {
        let event = &claimed.event;
        let message = Message {
            event: event.id.as_str(),
            kind: &event.kind,
            body: event.data.as_str(),
            timestamp: Timestamp::machine().millis() / 1000,
        };
        let mut headers = sign::headers(&target.webhook.headers, message, &target.secrets);
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let body = Bytes::copy_from_slice(event.data.as_str().as_bytes());
        let request = match OutboundRequest::to("POST", &target.url, &headers, body) {
            Ok(request) => request,
            Err(refused) => {
                return Outcome::Failed {
                    error: refused.to_string(),
                };
            }
        };
        match self.outbound.deliver(request, timeout).await {
            Ok(receipt) => Outcome::Answered {
                status: receipt.status,
                excerpt: target.without_secrets(receipt.excerpt),
                retry_after: receipt.retry_after,
            },
            Err(error) => Outcome::Failed {
                error: error.to_string(),
            },
        }
    }
}

impl Target {
    /// A receiver may say what it compared with.
    fn without_secrets(&self, mut text: String) -> String {
        for secret in self.secrets.newest.iter().chain(&self.secrets.previous) {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "[secret]");
            }
        }
        text
    }
}
