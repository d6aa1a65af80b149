//! The client itself.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use ipnet::IpNet;
use rustls::ClientConfig;
use rustls_platform_verifier::Verifier;

use super::guard::{Guard, RefusedAddress};
use super::request::{Credential, OutboundRequest, RefusedRequest};
use crate::config::OutboundLimits;

/// Connections kept open to one receiver between calls.
const IDLE_CONNECTIONS_PER_HOST_MAX: usize = 8;
/// Headers of an answer: their number over HTTP/1, their bytes over HTTP/2.
const RESPONSE_HEADERS_MAX: usize = 128;
const RESPONSE_HEADER_BYTES_MAX: u32 = 64 * 1024;
/// Sent unless the request names another.
const USER_AGENT: &str = concat!("mooring/", env!("CARGO_PKG_VERSION"));

/// Makes calls to public addresses. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) http: reqwest::Client,
    guard: Guard,
    limits: OutboundLimits,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct OutboundResponse {
    /// 100 to 999.
    pub status: u16,
    /// Names in lower case, in the order received; bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// Within its limit.
    pub body: Bytes,
}

/// Why there is no answer. Mirrors `outbound-error` of the WIT as far as the host can tell it here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// Not allowed; nothing was sent.
    #[error("refused: {0}")]
    Refused(String),
    /// The name does not resolve, nobody listens, TLS fails, or the connection broke. Whether the other side acted is
    /// unknown.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No whole answer in time. Whether the other side acted is unknown.
    #[error("no whole answer in time")]
    TimedOut,
    /// The answer is larger than its limit.
    #[error("the answer is too large")]
    TooLarge,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The system's certificate authorities cannot be read, so nobody could be trusted.
    #[error("the system's certificate authorities cannot be used")]
    Authorities(#[source] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

impl Client {
    /// A client with these limits; private ranges are refused except for `allow_private`.
    pub fn new(limits: OutboundLimits, allow_private: &[IpNet]) -> Result<Client, ClientError> {
        let guard = Guard::new(allow_private);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls().map_err(ClientError::Authorities)?)
            .dns_resolver(Arc::new(guard.clone()))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // Trying again is for the caller, who knows what a second call would mean.
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(USER_AGENT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
            .http1_max_headers(RESPONSE_HEADERS_MAX)
            .http2_max_header_list_size(RESPONSE_HEADER_BYTES_MAX)
            .build()
            .map_err(ClientError::Http)?;
        Ok(Client { http, guard, limits })
    }

    /// What the client asks about addresses, for refusing a URL before it is saved.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Makes one call. The credential's header is the host's: a request that sets it too is refused.
    pub async fn send(
        &self,
        request: OutboundRequest,
        credential: Option<Credential>,
    ) -> Result<OutboundResponse, OutboundError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let started = Instant::now();
        let result = tokio::time::timeout(self.limits.timeout_ms, self.exchange(request, credential))
            .await
            .unwrap_or(Err(OutboundError::TimedOut));
        let duration_ms = started.elapsed().as_millis() as u64;
        match &result {
            Ok(response) => tracing::debug!(host, status = response.status, duration_ms, "called out"),
            Err(error) => tracing::debug!(host, %error, duration_ms, "called out in vain"),
        }
        result
    }

    async fn exchange(
        &self,
        request: OutboundRequest,
        credential: Option<Credential>,
    ) -> Result<OutboundResponse, OutboundError> {
        self.guard.check_host(&request.url)?;
        let mut headers = request.headers;
        if let Some(Credential { name, value }) = credential {
            if headers.contains_key(&name) {
                return Err(OutboundError::Refused(format!(
                    "the header `{name}` belongs to the host"
                )));
            }
            headers.insert(name, value);
        }
        let call = self
            .http
            .request(request.method, request.url)
            .headers(headers)
            .body(request.body);
        let mut answer = call.send().await.map_err(failure)?;

        let bytes_max = self.limits.response_bytes_max;
        if answer
            .content_length()
            .is_some_and(|bytes| bytes > bytes_max as u64)
        {
            return Err(OutboundError::TooLarge);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > bytes_max {
                return Err(OutboundError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect();
        Ok(OutboundResponse {
            status: answer.status().as_u16(),
            headers,
            body: body.freeze(),
        })
    }
}

impl From<RefusedAddress> for OutboundError {
    fn from(refused: RefusedAddress) -> OutboundError {
        OutboundError::Refused(refused.to_string())
    }
}

impl From<RefusedRequest> for OutboundError {
    fn from(refused: RefusedRequest) -> OutboundError {
        OutboundError::Refused(refused.0)
    }
}

/// The system's certificate authorities, checked by ring.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier::new(provider)?))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Finds the reason at the bottom of an error. It names neither URL nor headers: only the layers above do.
pub(super) fn failure(error: reqwest::Error) -> OutboundError {
    let mut cause: &dyn Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
        if let Some(refused) = cause.downcast_ref::<RefusedAddress>() {
            return refused.clone().into();
        }
    }
    if error.is_timeout() {
        return OutboundError::TimedOut;
    }
    let when = if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    if std::ptr::addr_eq(cause, &raw const error) {
        return OutboundError::Unreachable(when.to_owned());
    }
    OutboundError::Unreachable(format!("{when}: {cause}"))
}
