//! What an operator reads about a request, and what nobody may read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{KEY, KEY_ID, limits, start, within};

/// Keeps what is logged. Tests run on one thread each, so each sees its own lines.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Kept {
    type Writer = Kept;

    fn make_writer(&'w self) -> Kept {
        self.clone()
    }
}

impl Kept {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        let lines = self
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect::<Vec<_>>();
        lines
            .into_iter()
            .filter(|line: &serde_json::Value| line["target"] == "mooring::access")
            .collect()
    }
}

pub(crate) fn keep() -> (Kept, tracing::subscriber::DefaultGuard) {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(kept.clone())
        .finish();
    (kept.clone(), tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_line_says_what_happened() {
    let (kept, _guard) = keep();
    let served = start(limits()).await;
    let answer = served.get("/fake/items/42?page=2", KEY).await;
    let lines = kept.lines();
    let line = &lines[0]["fields"];
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["path"], "/fake/items/42?page=***");
    assert_eq!(line["status"], 200);
    assert_eq!(line["bytes"], answer.body.len());
    assert_eq!((&line["mount"], &line["route"]), (&"fake".into(), &"item".into()));
    assert_eq!((&line["tenant"], &line["key"]), (&"acme".into(), &KEY_ID.into()));
    assert_eq!(line["address"], "127.0.0.1");
    assert_eq!(
        (&line["fuel"], &line["host_calls"], &line["reruns"]),
        (&7.into(), &3.into(), &0.into())
    );
    assert_eq!(line["request_id"].as_str(), answer.header("x-request-id"));
    assert!(line["duration_us"].is_u64());
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let (kept, _guard) = keep();
    let served = start(limits()).await;
    served
        .get(
            "/fake/items/tk_pathsecret?token=querysecret",
            "X-Key: tk_good\r\nCookie: cookiesecret\r\n",
        )
        .await;
    served
        .get("/fake/items/1", "Authorization: Bearer tk_bearersecret\r\n")
        .await;
    served
        .ask("POST /fake/echo HTTP/1.1\r\nHost: any\r\nContent-Length: 10\r\n\r\nbodysecret")
        .await;
    let own: String = kept
        .text()
        .lines()
        .filter(|line| line.contains("\"target\":\"mooring"))
        .collect();
    assert_eq!(kept.lines().len(), 3);
    assert!(!own.contains("secret") && !own.contains("tk_"), "{own}");
}

#[tokio::test]
async fn a_client_that_leaves_has_a_line_without_a_status() {
    let (kept, _guard) = keep();
    let served = start(limits()).await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /fake/wait HTTP/1.1\r\nHost: any\r\n\r\n")
        .await
        .unwrap();
    within(served.gate.entered.acquire()).await.unwrap().forget();
    drop(stream);
    served.stop().await;
    let line = &kept.lines()[0];
    assert_eq!(line["fields"]["message"], "the client left");
    assert!(line["fields"]["status"].is_null());
}
