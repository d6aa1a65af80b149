//! Clients that ask as fast as they are answered, over connections that they keep.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// So many connections for so long.
pub(crate) struct Load {
    address: String,
    connections: usize,
    round: Duration,
}

/// What to send: the same every time, or made from the number of the request.
#[derive(Clone)]
pub(crate) struct Request {
    head: String,
    body: Option<Arc<dyn Fn(u64) -> String + Send + Sync>>,
}

/// What came of it.
pub(crate) struct Done {
    /// Ascending.
    times: Vec<Duration>,
    elapsed: Duration,
}

/// Odd, for the sake of the median.
const TURNS: usize = 5;

/// The two neighbouring rounds whose ratio is the median of all.
pub(crate) struct Turns {
    pub(crate) this: Done,
    pub(crate) other: Done,
}

impl Turns {
    /// How much more often this server answered than the other.
    pub(crate) fn ratio(&self) -> f64 {
        self.this.per_second() / self.other.per_second()
    }
}

impl Request {
    pub(crate) fn get(path: &str, key: Option<&str>) -> Request {
        let key = key
            .map(|key| format!("authorization: Bearer {key}\r\n"))
            .unwrap_or_default();
        Request {
            head: format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{key}"),
            body: None,
        }
    }

    pub(crate) fn post(
        path: &str,
        key: &str,
        body: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> Request {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"
        );
        Request {
            head,
            body: Some(Arc::new(body)),
        }
    }

    /// With a header more.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Request {
        self.head = format!("{}{name}: {value}\r\n", self.head);
        self
    }

    fn bytes(&self, number: u64) -> Vec<u8> {
        match &self.body {
            None => format!("{}\r\n", self.head).into_bytes(),
            Some(body) => {
                let body = body(number);
                format!("{}content-length: {}\r\n\r\n{body}", self.head, body.len()).into_bytes()
            }
        }
    }
}

impl Load {
    pub(crate) fn new(address: &str, connections: usize, round: Duration) -> Load {
        Load {
            address: address.to_owned(),
            connections,
            round,
        }
    }

    /// A short round to warm up, then the median of three.
    pub(crate) async fn run(&self, request: Request) -> Done {
        let numbers = Arc::new(AtomicU64::new(1));
        self.round(&request, &numbers, self.round / 4).await;
        let mut rounds = Vec::new();
        for _ in 0..3 {
            rounds.push(self.round(&request, &numbers, self.round).await);
        }
        rounds.sort_by(|one, other| one.per_second().total_cmp(&other.per_second()));
        rounds.swap_remove(1)
    }

    /// Rounds against this server and another one in turns, after a short one of each to warm up. What a shared machine does
    /// meanwhile is then done to both.
    pub(crate) async fn in_turns(&self, request: Request, other: &Load, others: Request) -> Turns {
        let (numbers, other_numbers) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(1)));
        self.round(&request, &numbers, self.round / 4).await;
        other.round(&others, &other_numbers, other.round / 4).await;
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            turns.push(Turns {
                this: self.round(&request, &numbers, self.round).await,
                other: other.round(&others, &other_numbers, other.round).await,
            });
        }
        turns.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
        turns.swap_remove(TURNS / 2)
    }

    async fn round(&self, request: &Request, numbers: &Arc<AtomicU64>, length: Duration) -> Done {
        let started = Instant::now();
        let clients: Vec<_> = (0..self.connections)
            .map(|_| {
                tokio::spawn(client(
                    self.address.clone(),
                    request.clone(),
                    Arc::clone(numbers),
                    started + length,
                ))
            })
            .collect();
        let mut times = Vec::new();
        for client in clients {
            times.extend(client.await.expect("a client does not panic"));
        }
        times.sort();
        Done {
            times,
            elapsed: started.elapsed(),
        }
    }
}

async fn client(address: String, request: Request, numbers: Arc<AtomicU64>, end: Instant) -> Vec<Duration> {
    let mut connection = TcpStream::connect(&address).await.expect("the host listens");
    connection.set_nodelay(true).expect("a socket has options");
    let (mut times, mut buffer) = (Vec::new(), Vec::new());
    while Instant::now() < end {
        let bytes = request.bytes(numbers.fetch_add(1, Ordering::Relaxed));
        let asked = Instant::now();
        connection
            .write_all(&bytes)
            .await
            .expect("the host takes a request");
        answer(&mut connection, &mut buffer).await;
        times.push(asked.elapsed());
    }
    times
}

/// Reads one answer, which must be a 200 or 201.
async fn answer(connection: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        assert_ne!(
            connection.read_buf(buffer).await.expect("the host answers"),
            0,
            "the host closed a connection"
        );
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&buffer[..end]).expect("a head is text");
        assert!(
            head.starts_with("HTTP/1.1 20"),
            "{}",
            String::from_utf8_lossy(buffer)
        );
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        if buffer.len() >= end + 4 + length.expect("an answer has a length") {
            return;
        }
    }
}

impl Done {
    pub(crate) fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    pub(crate) fn median(&self) -> Duration {
        self.times[self.times.len() / 2]
    }

    pub(crate) fn p99(&self) -> Duration {
        assert!(
            self.times.len() >= 100,
            "{} requests are too few for a p99",
            self.times.len()
        );
        self.times[self.times.len() * 99 / 100]
    }
}
