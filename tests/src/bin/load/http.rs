//! The load generator: plain keep-alive connections that send a prepared request and read the answer.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// Longer than any answer that is measured.
const BUFFER: usize = 16 * 1024;
/// Longer than anything may take; then the measurement fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that is used again and again.
pub struct Connection {
    stream: TcpStream,
    buffer: Box<[u8; BUFFER]>,
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
        Ok(Self { stream, buffer: Box::new([0; BUFFER]) })
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

/// Requests that were answered with 200 in `during`, from `THREADS` × `EACH` connections that ask again at once.
pub fn closed_loop(address: SocketAddr, request: &[u8], during: Duration) -> usize {
    /// As many threads as the smallest machine has cores: what the generator uses, the server lacks.
    const THREADS: usize = 2;
    /// Enough that no worker waits for the generator.
    const EACH: usize = 16;
    let client = || {
        let mut connections: Vec<_> =
            (0..EACH).map(|_| Connection::open(address).expect("the server listens")).collect();
        let (began, mut answered) = (Instant::now(), 0);
        while began.elapsed() < during {
            for connection in &mut connections {
                connection.send(request);
            }
            for connection in &mut connections {
                assert_eq!(connection.receive().status, 200, "what is measured is an answer to a valid request");
            }
            answered += connections.len();
        }
        answered
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..THREADS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().expect("a client that ends")).sum()
    })
}
