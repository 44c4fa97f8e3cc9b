//! A client that expects its server to be killed: every request has an answer, or it is said how it was lost.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::Value;

/// Longer than any answer may take: then it counts as none.
const PATIENCE: Duration = Duration::from_secs(15);

/// A keep-alive connection, opened when it is needed.
pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    /// Where a proxy says that it comes from.
    from: Option<String>,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: String,
    pub took: Duration,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Nobody listens: the request was not sent.
    Refused,
    /// The connection ended before the answer was whole: it may have been done or not.
    Cut,
    /// Nothing came for [`PATIENCE`].
    Silent,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, from: None }
    }

    /// Comes from this address, as a proxy says that the server trusts.
    #[must_use]
    pub fn from(mut self, address: &str) -> Self {
        self.from = Some(address.to_owned());
        self
    }

    pub fn get(&mut self, path: &str, authorization: &str) -> Result<Reply, Lost> {
        self.exchange(request("GET", path, authorization, None).as_bytes())
    }

    pub fn delete(&mut self, path: &str, authorization: &str) -> Result<Reply, Lost> {
        self.exchange(request("DELETE", path, authorization, None).as_bytes())
    }

    /// A POST of a JSON document, of nothing if it is null.
    #[expect(clippy::needless_pass_by_value, reason = "the document is written in place")]
    pub fn post(&mut self, path: &str, authorization: &str, document: Value) -> Result<Reply, Lost> {
        let text = if document.is_null() { String::new() } else { document.to_string() };
        let mut whole = request("POST", path, authorization, Some(&text));
        if let Some(from) = &self.from {
            whole = whole.replacen("\r\n", &format!("\r\nX-Forwarded-For: {from}\r\n"), 1);
        }
        self.exchange(whole.as_bytes())
    }

    /// Sends these bytes and reads one answer.
    pub fn exchange(&mut self, request: &[u8]) -> Result<Reply, Lost> {
        let began = Instant::now();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(self.address).map_err(|_| Lost::Refused)?,
        };
        stream.write_all(request).map_err(|_| Lost::Cut)?;
        let (status, head, body) = receive(&mut stream).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Lost::Silent,
            _ => Lost::Cut,
        })?;
        let reply = Reply { status, head, body, took: began.elapsed() };
        if reply.header("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close")) {
            self.stream = Some(stream);
        }
        Ok(reply)
    }

    /// Opens the connection beforehand and sends all of `request` but its last byte, which [`Client::release`] sends.
    pub fn hold(&mut self, request: &[u8]) -> io::Result<()> {
        let mut stream = open(self.address)?;
        stream.write_all(&request[..request.len() - 1])?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Sends the last byte of the request that was held, and reads the answer.
    pub fn release(&mut self, request: &[u8]) -> Result<Reply, Lost> {
        self.exchange(&request[request.len() - 1..])
    }
}

/// A whole request. Without a body none is announced; an empty one is.
pub fn request(method: &str, path: &str, authorization: &str, body: Option<&str>) -> String {
    let credential =
        if authorization.is_empty() { String::new() } else { format!("Authorization: {authorization}\r\n") };
    let rest = body.map_or("\r\n".to_owned(), |body| {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        format!("{kind}Content-Length: {}\r\n\r\n{body}", body.len())
    });
    format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n{credential}{rest}")
}

fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn receive(stream: &mut TcpStream) -> io::Result<(u16, String, String)> {
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (mut received, mut part) = (Vec::new(), [0; 8192]);
    let end = loop {
        if let Some(at) = received.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut part)? {
            0 => return Err(broken()),
            count => received.extend_from_slice(&part[..count]),
        }
    };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let status: u16 = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(broken)?;
    let length = header_of(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    while received.len() < end + length {
        match stream.read(&mut part)? {
            0 => return Err(broken()),
            count => received.extend_from_slice(&part[..count]),
        }
    }
    Ok((status, head, String::from_utf8_lossy(&received[end..end + length]).into_owned()))
}

fn header_of<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        header_of(&self.head, name)
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// "Come back later", with a time.
    pub fn is_later(&self) -> bool {
        let seconds = self.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
        self.status == 503 && seconds.is_some_and(|seconds| seconds >= 1)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// A member that is a text.
    pub fn text(&self, member: &str) -> Option<String> {
        self.json()[member].as_str().map(str::to_owned)
    }
}
