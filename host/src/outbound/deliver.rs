//! Delivering to a receiver whose answer is its status: little more than that is read.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

use super::OutboundError;
use super::client::{Client, failure};
use super::request::OutboundRequest;

/// What is read of a body. Behind it the connection is given up rather than read on.
const EXCERPT_BYTES_MAX: usize = 1024;

/// Time to send those bytes, once the status is there: what a receiver says about it is worth no more of its place.
const EXCERPT_TIME: Duration = Duration::from_secs(1);

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// 100 to 999.
    pub status: u16,
    /// What `Retry-After` asks for, in either of its forms.
    pub retry_after: Option<Duration>,
    /// How the body begins, at most 1 KiB; bytes that are not UTF-8 are replaced.
    pub excerpt: String,
}

impl Client {
    /// Makes one delivery within `timeout`. The status decides: a body that is long, slow or broken takes nothing from an
    /// answer that has begun.
    pub async fn deliver(
        &self,
        request: OutboundRequest,
        timeout: Duration,
    ) -> Result<Receipt, OutboundError> {
        tokio::time::timeout(timeout, self.receipt(request))
            .await
            .unwrap_or(Err(OutboundError::TimedOut))
    }

    async fn receipt(&self, request: OutboundRequest) -> Result<Receipt, OutboundError> {
        self.guard().check_host(&request.url)?;
        let call = self
            .http
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body);
        let mut answer = call.send().await.map_err(failure)?;
        let (status, retry_after) = (answer.status().as_u16(), retry_after(answer.headers()));
        let mut body = Vec::new();
        let reading = async {
            while let Ok(Some(chunk)) = answer.chunk().await {
                let room = EXCERPT_BYTES_MAX - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() >= room {
                    break;
                }
            }
        };
        // Too slow: what there is will do.
        let _ = tokio::time::timeout(EXCERPT_TIME, reading).await;
        Ok(Receipt {
            status,
            retry_after,
            excerpt: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_seconds_or_a_date() {
        let parsed = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().expect("a value"))]);
            retry_after(&headers)
        };
        assert_eq!(parsed("120"), Some(Duration::from_mins(2)));
        assert_eq!(parsed("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_mins(1));
        assert!(parsed(&soon).is_some_and(|pause| pause > Duration::from_secs(50)));
        for nonsense in ["", "soon", "-1", "1.5"] {
            assert_eq!(parsed(nonsense), None, "{nonsense}");
        }
    }
}
