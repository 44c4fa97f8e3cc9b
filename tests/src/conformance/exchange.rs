//! One request on a connection of its own, and the whole answer.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    time::Duration,
};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use super::{json::Json, request::Prepared};

/// How long an answer may take: the real server hashes slowly on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status; 0 if there was no answer.
    pub status: u16,
    /// The headers, their names in lower case; a repeated one is joined by commas.
    pub headers: Vec<(String, String)>,
    /// The `Set-Cookie` headers, which commas cannot join.
    pub cookies: Vec<String>,
    /// Is it JSON on several lines?
    pub pretty: bool,
    /// JSON if it says so and is; otherwise text, or `null` for nothing.
    pub body: Json,
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Sends the request to `address` (host and port).
pub fn exchange(address: &str, request: &Prepared) -> Reply {
    let silent = |error: &dyn std::fmt::Display| Reply {
        status: 0,
        headers: Vec::new(),
        cookies: Vec::new(),
        pretty: false,
        body: Json::text(format!("no answer: {error}")),
    };
    match read(address, request) {
        Ok(bytes) => parse(&bytes, request.method == "HEAD").unwrap_or_else(|| silent(&"not HTTP")),
        Err(error) => silent(&error),
    }
}

fn read(address: &str, request: &Prepared) -> io::Result<Vec<u8>> {
    let mut stream = match request.client {
        Some(client) => connect_from(client, address)?,
        None => TcpStream::connect(address)?,
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // A server that refuses a body before it has read it may close: what it said counts.
    let sent = stream.write_all(&request.bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => Err(sent.err().unwrap_or(error)),
        _ => Ok(answer),
    }
}

/// Connects to an address on loopback from another one.
fn connect_from(client: Ipv4Addr, address: &str) -> io::Result<TcpStream> {
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddrV4::new(client, 0))?;
    connect(&socket, &address)?;
    Ok(TcpStream::from(socket))
}

fn parse(bytes: &[u8], head_only: bool) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head: String = bytes[..end].iter().map(|&byte| char::from(byte)).collect();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut cookies = Vec::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let (name, value) = (name.to_lowercase(), value.trim());
        if name == "set-cookie" {
            cookies.push(value.to_owned());
            continue;
        }
        match headers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = format!("{old}, {value}"),
            None => headers.push((name, value.to_owned())),
        }
    }
    let mut reply = Reply { status, headers, cookies, pretty: false, body: Json::Null };
    if !head_only {
        let raw = &bytes[end + 4..];
        let whole = if reply.header("transfer-encoding").is_some() { unchunked(raw) } else { raw.to_vec() };
        let text = String::from_utf8_lossy(&whole).into_owned();
        let is_json = reply.header("content-type").is_some_and(|kind| kind.contains("json"));
        reply.pretty = is_json && text.starts_with("{\n");
        reply.body = match Json::read(&text) {
            Ok(document) if is_json => document,
            _ if text.is_empty() => Json::Null,
            _ => Json::Text(text),
        };
    }
    Some(reply)
}

fn unchunked(mut raw: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = raw.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&raw[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(chunk) = size.filter(|&size| size > 0).and_then(|size| raw.get(end + 2..end + 2 + size)) else {
            break;
        };
        whole.extend_from_slice(chunk);
        raw = &raw[(end + 2 + chunk.len() + 2).min(raw.len())..];
    }
    whole
}
