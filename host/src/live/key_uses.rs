//! When keys were last used, written in the background.
//!
//! A use is worth a line for the operator, not a write in every request: it is noted in memory and written some seconds
//! later, many at once. A crash forgets the last seconds.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mooring_core::ids::KeyId;
use mooring_core::keys;
use mooring_core::time::Timestamp;
use mooring_core::work::HostWork;
use mooring_store::Store;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

/// How often uses are written.
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// Keys used since the last write.
pub(super) struct KeyUses {
    noted: Arc<Mutex<HashMap<KeyId, Timestamp>>>,
    store: Store,
}

impl KeyUses {
    pub(super) fn new(store: Store) -> KeyUses {
        KeyUses {
            noted: Arc::default(),
            store,
        }
    }

    pub(super) fn note(&self, key: &KeyId) {
        let now = Timestamp::now();
        let mut noted = self.noted.lock();
        if let Some(at) = noted.get_mut(key) {
            *at = now;
        } else {
            noted.insert(key.clone(), now);
        }
    }

    /// Writes until `stopped`, and then once more.
    pub(super) fn spawn(&self, stopped: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let (noted, store) = (Arc::clone(&self.noted), self.store.clone());
        tokio::spawn(async move {
            let mut stopped = std::pin::pin!(stopped);
            let mut is_last = false;
            while !is_last {
                tokio::select! {
                    () = &mut stopped => is_last = true,
                    () = tokio::time::sleep(WRITE_EVERY) => {}
                }
                let uses: Vec<_> = noted.lock().drain().collect();
                write(store.clone(), uses).await;
            }
        })
    }
}

async fn write(store: Store, uses: Vec<(KeyId, Timestamp)>) {
    if uses.is_empty() {
        return;
    }
    let written = tokio::task::spawn_blocking(move || {
        HostWork::run(&store, Timestamp::now(), |work| keys::touch(work, &uses)).map(drop)
    });
    if let Err(error) = written
        .await
        .expect("writing does not panic and is not cancelled")
    {
        tracing::warn!(%error, "the last uses of keys could not be written");
    }
}
