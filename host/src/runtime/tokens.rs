//! Tokens that the host fetches for calls to the world: OAuth 2.0 client credentials (RFC 6749, 4.4).
//!
//! A token is kept in memory, for one tenant, plugin and target, until shortly before it ends or its settings change. Whoever
//! needs one while it is being fetched waits for that one fetch. The plugin sees neither token nor secret.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_core::ids::{PluginName, TenantId};
use parking_lot::Mutex;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::bindings::NoReturn;
use crate::outbound::{Client, Credential, OutboundRequest};

/// A token is not used in its last seconds: the call it is for takes a while.
const SPARE: Duration = Duration::from_mins(1);

/// Assumed of a token that does not say how long it is good.
const LIFETIME_DEFAULT: Duration = Duration::from_mins(5);

/// Longest that a token is kept, whatever it says.
const LIFETIME_MAX: Duration = Duration::from_hours(24);

/// What stands for itself in `application/x-www-form-urlencoded`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*');

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Holder {
    pub(super) tenant: TenantId,
    pub(super) plugin: PluginName,
    pub(super) target: String,
}

/// Where tokens come from, and what for.
pub(super) struct Grant {
    pub(super) base: reqwest::Url,
    pub(super) token_path: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

/// Tokens by holder. The lock of a slot is held while its token is fetched.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<Holder, Slot>>);

type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

struct Token {
    value: String,
    /// Of the settings that it was fetched with.
    fingerprint: [u8; 32],
    good_until: Instant,
}

/// A token as it is used: what to send, and what to say when it was refused.
pub(super) struct InUse {
    pub(super) credential: Credential,
    value: String,
}

/// RFC 6749, 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Tokens {
    /// The holder's token, fetched now unless there is one that is good. `refused` is one that was turned down, and is not
    /// given again.
    pub(super) async fn token(
        &self,
        client: &Client,
        holder: &Holder,
        grant: &Grant,
        refused: Option<&InUse>,
    ) -> Result<InUse, NoReturn> {
        let slot = Arc::clone(self.0.lock().entry(holder.clone()).or_default());
        let mut kept = slot.lock().await;
        let fingerprint = grant.fingerprint();
        let is_good = |token: &Token| {
            token.fingerprint == fingerprint
                && token.good_until > Instant::now()
                && refused.is_none_or(|refused| refused.value != token.value)
        };
        if let Some(token) = kept.as_ref().filter(|token| is_good(token)) {
            return in_use(&token.value);
        }
        *kept = None;
        let granted = grant.fetch(client).await?;
        let lifetime = granted.expires_in.map_or(LIFETIME_DEFAULT, Duration::from_secs);
        let token = kept.insert(Token {
            good_until: Instant::now() + lifetime.min(LIFETIME_MAX).saturating_sub(SPARE),
            value: granted.access_token,
            fingerprint,
        });
        in_use(&token.value)
    }
}

impl Grant {
    fn fingerprint(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for part in [
            self.base.as_str(),
            &self.token_path,
            &self.client_id,
            &self.client_secret,
        ] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    async fn fetch(&self, client: &Client) -> Result<Granted, NoReturn> {
        let headers = [
            ("accept".to_owned(), "application/json".to_owned()),
            (
                "content-type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            ),
        ];
        let body = "grant_type=client_credentials".into();
        let request = OutboundRequest::below("POST", &self.base, &self.token_path, &headers, body)
            .map_err(|refused| NoReturn::Refused(refused.to_string()))?;
        let response = client.send(request, Some(self.basic()?)).await?;
        match response.status {
            200 => serde_json::from_slice(&response.body)
                .map_err(|_| NoReturn::Unreachable("the answer with a token cannot be read".to_owned())),
            status @ 400..=499 => Err(NoReturn::Refused(format!(
                "no token was granted: the answer is {status}"
            ))),
            status => Err(NoReturn::Unreachable(format!(
                "no token was granted: the answer is {status}"
            ))),
        }
    }

    /// RFC 6749, 2.3.1.
    fn basic(&self) -> Result<Credential, NoReturn> {
        let encode = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
        let pair = format!("{}:{}", encode(&self.client_id), encode(&self.client_secret));
        Credential::header("authorization", &format!("Basic {}", STANDARD.encode(pair)))
            .map_err(|refused| NoReturn::Refused(refused.to_string()))
    }
}

fn in_use(value: &str) -> Result<InUse, NoReturn> {
    let credential = Credential::bearer(value).map_err(|refused| NoReturn::Refused(refused.to_string()))?;
    Ok(InUse {
        credential,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    use axum::Router;
    use axum::extract::State;
    use axum::http::HeaderMap;
    use axum::routing::post;
    use mooring_core::ids::TenantId;
    use serde_json::json;

    use super::*;
    use crate::config::OutboundLimits;

    /// Grants `token-1`, `token-2` …, each for an hour, to whoever knows the secret.
    async fn grant(State(count): State<Arc<AtomicU32>>, headers: HeaderMap, body: String) -> String {
        assert_eq!(body, "grant_type=client_credentials");
        let secret = format!("Basic {}", STANDARD.encode("id%3A1:s%2Fcret"));
        assert_eq!(headers["authorization"], secret.as_str());
        let number = count.fetch_add(1, SeqCst) + 1;
        json!({"access_token": format!("token-{number}"), "token_type": "Bearer", "expires_in": 3600})
            .to_string()
    }

    async fn served() -> (Arc<AtomicU32>, Client, Grant) {
        let count = Arc::new(AtomicU32::new(0));
        let app = Router::new()
            .route("/v1/oauth2/token", post(grant))
            .with_state(Arc::clone(&count));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new(OutboundLimits::default(), &["127.0.0.0/8".parse().unwrap()]).unwrap();
        let grant = Grant {
            base: format!("http://{address}").parse().unwrap(),
            token_path: "/v1/oauth2/token".to_owned(),
            client_id: "id:1".to_owned(),
            client_secret: "s/cret".to_owned(),
        };
        (count, client, grant)
    }

    fn holder(target: &str) -> Holder {
        Holder {
            tenant: TenantId(1),
            plugin: PluginName::parse("gate").unwrap(),
            target: target.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_token_is_fetched_once_by_many_and_again_when_it_was_refused() {
        let (count, client, grant) = served().await;
        let (tokens, holder) = (Tokens::default(), holder("api"));
        let ask = || tokens.token(&client, &holder, &grant, None);
        let (one, two, three) = tokio::join!(ask(), ask(), ask());
        let values = [one, two, three].map(|token| token.ok().unwrap().value);
        assert_eq!(values, ["token-1", "token-1", "token-1"]);
        let refused = ask().await.ok().unwrap();
        let fresh = tokens
            .token(&client, &holder, &grant, Some(&refused))
            .await
            .ok()
            .unwrap();
        assert_eq!(fresh.value, "token-2");
        // Who comes late with the same complaint gets the fresh one.
        let late = tokens
            .token(&client, &holder, &grant, Some(&refused))
            .await
            .ok()
            .unwrap();
        assert_eq!((late.value.as_str(), count.load(SeqCst)), ("token-2", 2));
    }

    #[tokio::test]
    async fn another_target_and_other_settings_have_a_token_of_their_own() {
        let (count, client, mut grant) = served().await;
        let tokens = Tokens::default();
        for target in ["api", "other", "api"] {
            tokens
                .token(&client, &holder(target), &grant, None)
                .await
                .ok()
                .unwrap();
        }
        assert_eq!(count.load(SeqCst), 2);
        grant.token_path = "/nowhere".to_owned();
        let refused = tokens
            .token(&client, &holder("api"), &grant, None)
            .await
            .err()
            .unwrap();
        assert!(matches!(refused, NoReturn::Refused(_)), "{refused:?}");
    }
}
