//! The load generator: plain keep-alive connections that send a prepared request and read the answer.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Longer than any answer that is measured.
const BUFFER: usize = 128 * 1024;
/// Longer than anything may take; then the measurement fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that is used again and again.
pub struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

/// The status and the body of an answer.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: vec![0; BUFFER].into_boxed_slice() })
    }

    /// Sends a whole request.
    pub fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("the server keeps the connection");
    }

    /// Reads a whole answer.
    pub fn receive(&mut self) -> Answer<'_> {
        let (mut filled, mut whole) = (0, None);
        while whole.is_none_or(|(_, end)| filled < end) {
            let count = self.stream.read(&mut self.buffer[filled..]).expect("the server answers in time");
            assert!(count > 0, "the server closed the connection");
            filled += count;
            whole = whole.or_else(|| extent(&self.buffer[..filled]));
        }
        let (head, end) = whole.unwrap_or_default();
        let status = std::str::from_utf8(&self.buffer[9..12]).ok().and_then(|digits| digits.parse().ok());
        Answer { status: status.expect("a status line"), body: &self.buffer[head..end] }
    }

    /// Sends and reads.
    pub fn ask(&mut self, request: &[u8]) -> Answer<'_> {
        self.send(request);
        self.receive()
    }
}

/// Where the body begins and ends, once the head is there.
fn extent(received: &[u8]) -> Option<(usize, usize)> {
    const LENGTH: &[u8] = b"content-length: ";
    let head = received.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let at = received[..head].windows(LENGTH.len()).position(|name| name.eq_ignore_ascii_case(LENGTH))?;
    let digits = received[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    Some((head, head + length))
}

/// A GET with a credential, as a client library sends it.
pub fn get(path: &str, authorization: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: {authorization}\r\n\r\n"
    )
    .into_bytes()
}

/// A POST of a JSON document.
pub fn post(path: &str, document: &str) -> Vec<u8> {
    let length = document.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{document}"
    )
    .into_bytes()
}

/// As many threads as the smallest machine has cores: what the generator uses, the server lacks.
const THREADS: u64 = 2;
/// Connections of a thread: enough that no worker waits for the generator.
const EACH: usize = 16;

/// The connections of one thread, each with the request that it sends next.
struct Client(Vec<(Connection, Vec<u8>)>);

impl Client {
    fn open(address: SocketAddr) -> Self {
        let connection = || Connection::open(address).expect("the server listens");
        Self((0..EACH).map(|_| (connection(), Vec::new())).collect())
    }

    /// Sends a request on each connection, then reads all answers; gives how many there were.
    fn round(&mut self, mut fill: impl FnMut(&mut Vec<u8>)) -> usize {
        for (connection, request) in &mut self.0 {
            fill(request);
            connection.send(request);
        }
        for (connection, _) in &mut self.0 {
            assert_eq!(connection.receive().status, 200, "what is measured is an answer to a valid request");
        }
        self.0.len()
    }
}

/// Requests that were answered with 200 in `during`, from connections that ask again at once.
pub fn closed_loop(address: SocketAddr, request: &[u8], during: Duration) -> usize {
    let same = |_, next: &mut Vec<u8>| {
        if next.is_empty() {
            next.extend_from_slice(request);
        }
    };
    random_loop(address, &same, during)
}

/// The same with requests that `fill` makes of random numbers.
pub fn random_loop(address: SocketAddr, fill: &(impl Fn(u64, &mut Vec<u8>) + Sync), during: Duration) -> usize {
    in_threads(|number| {
        let (mut client, mut random) = (Client::open(address), Random::new(number));
        let (began, mut answered) = (Instant::now(), 0);
        while began.elapsed() < during {
            answered += client.round(|request| fill(random.next(), request));
        }
        answered
    })
}

/// Asks once for each number below `count` (for the last one perhaps more often); gives how many answers there were.
pub fn once_each(address: SocketAddr, count: u32, fill: &(impl Fn(u32, &mut Vec<u8>) + Sync)) -> usize {
    in_threads(|thread| {
        let (mut client, mut answered) = (Client::open(address), 0);
        let step = usize::try_from(THREADS).unwrap_or(1);
        let mut mine = (0..count).skip(usize::try_from(thread).unwrap_or_default()).step_by(step).peekable();
        while mine.peek().is_some() {
            answered += client.round(|request| fill(mine.next().unwrap_or(count - 1), request));
        }
        answered
    })
}

fn in_threads(work: impl Fn(u64) -> usize + Sync) -> usize {
    thread::scope(|scope| {
        let work = &work;
        let clients: Vec<_> = (0..THREADS).map(|number| scope.spawn(move || work(number))).collect();
        clients.into_iter().map(|client| client.join().expect("a client that ends")).sum()
    })
}

/// A stream of numbers that spread over everything (SplitMix64): what is drawn need not be hard to guess.
struct Random(u64);

impl Random {
    /// Another stream for each thread and each loop.
    fn new(thread: u64) -> Self {
        static LOOPS: AtomicU64 = AtomicU64::new(0);
        Self(LOOPS.fetch_add(1, Ordering::Relaxed) << 40 | thread << 36)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
