//! A receiver of webhooks in this process: answers 200 and remembers when each event came, or takes them and says nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A receiver that listens until it is dropped.
pub struct Sink {
    address: SocketAddr,
    arrived: Arc<Mutex<HashMap<String, Arrival>>>,
    accepting: JoinHandle<()>,
}

/// An event that came.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When it came first.
    pub at: Instant,
    /// As it was sent.
    pub body: String,
    /// Start line and headers of when it came first.
    head: String,
    /// How often it came.
    pub times: u32,
}

impl Arrival {
    /// A header of when it came first.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

impl Sink {
    /// One that answers.
    pub async fn start() -> Sink {
        Sink::new(true).await
    }

    /// One that hangs.
    pub async fn start_hanging() -> Sink {
        Sink::new(false).await
    }

    async fn new(answers: bool) -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let arrived = Arc::default();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&arrived), answers));
        Sink {
            address,
            arrived,
            accepting,
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// How many events have come.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// What has come, by the event's id.
    pub fn arrived(&self) -> HashMap<String, Arrival> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arrival>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, arrived: Arc<Mutex<HashMap<String, Arrival>>>, answers: bool) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(talk(stream, Arc::clone(&arrived), answers));
    }
}

async fn talk(mut stream: TcpStream, arrived: Arc<Mutex<HashMap<String, Arrival>>>, answers: bool) {
    let mut bytes = Vec::new();
    loop {
        while let Some((head, body)) = request(&bytes) {
            let length = head.len() + 4 + body.len();
            bytes.drain(..length);
            let now = Instant::now();
            let id = header(&head, "webhook-id")
                .expect("an event has an id")
                .to_owned();
            arrived
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(id)
                .or_insert(Arrival {
                    at: now,
                    body,
                    head,
                    times: 0,
                })
                .times += 1;
            let answer: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if answers && stream.write_all(answer).await.is_err() {
                return;
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(1..) => {}
            _ => return,
        }
    }
}

/// The first whole request: its head and its body.
fn request(bytes: &[u8]) -> Option<(String, String)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
    let length: usize = header(head, "content-length")?.parse().expect("a number");
    let body = bytes.get(end + 4..end + 4 + length)?;
    let body = String::from_utf8(body.to_vec()).expect("a body is text");
    Some((head.to_owned(), body))
}

fn header<'h>(head: &'h str, wanted: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}
