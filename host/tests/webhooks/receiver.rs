//! A receiver that does as it is told, on loopback.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Sends this.
    Raw(String),
    /// Sends this, then a byte now and then, and never ends.
    Dribble(String),
    /// Takes it, and closes the connection.
    Reset,
    /// Takes it, and says nothing.
    Hang,
    /// Says 200 after a while.
    After(Duration),
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// See the module. Does what its script says, in order, and what its last line says from then on.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Reply {
        Reply::Raw(format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok"))
    }
}

impl Receiver {
    pub(crate) async fn start(script: impl Into<Vec<Reply>>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=s3cret", listener.local_addr().unwrap());
        let received = Arc::default();
        let receiver = Receiver { url, received };
        let script = Arc::new(Mutex::new(script.into()));
        let this = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&script), Arc::clone(&this.received)));
            }
        });
        receiver
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }
}

async fn talk(mut stream: TcpStream, script: Arc<Mutex<Vec<Reply>>>, received: Arc<Mutex<Vec<Received>>>) {
    while let Some(request) = read(&mut stream).await {
        received.lock().push(request);
        let reply = {
            let mut script = script.lock();
            if script.len() > 1 {
                script.remove(0)
            } else {
                script[0].clone()
            }
        };
        let written = match reply {
            Reply::Raw(bytes) => stream.write_all(bytes.as_bytes()).await,
            Reply::After(pause) => {
                tokio::time::sleep(pause).await;
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .await
            }
            Reply::Reset => return,
            Reply::Hang => std::future::pending().await,
            Reply::Dribble(beginning) => {
                let mut written = stream.write_all(beginning.as_bytes()).await;
                while written.is_ok() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    written = stream.write_all(b"x").await;
                }
                written
            }
        };
        if written.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let request = Received {
                head,
                body: String::new(),
            };
            let length: usize = request.header("content-length")?.parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
                return Some(Received { body, ..request });
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(1..) => {}
            _ => return None,
        }
    }
}
