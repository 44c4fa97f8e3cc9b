//! Bytes on a socket, for what no client would send.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// A silent connection has said everything after this long.
const SILENCE: Duration = Duration::from_secs(1);

/// Sends these bytes as they are and reads until the connection closes or is silent for a second. A server that closes
/// before it has read everything may make the rest of the sending fail: what it said counts.
pub fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let _ = stream.write_all(request);
    rest_of(&mut stream, SILENCE)
}

/// The same where nobody may listen any more: then the answer is empty.
pub fn exchange_if_open(address: SocketAddr, request: &[u8]) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    let _ = stream.write_all(request);
    rest_of(&mut stream, SILENCE)
}

/// Sends these bytes as they are and reads one answer: a server that was sent more than it read closes a while later. What has
/// no length is read as [`exchange`] does.
pub fn first_answer(address: SocketAddr, request: &[u8], is_head: bool) -> String {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let _ = stream.write_all(request);
    let whole = |answer: &[u8]| {
        let head = answer.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
        head.is_some_and(|head| length(&answer[..head], is_head).is_some_and(|body| answer.len() >= head + body))
    };
    read_until(&mut stream, SILENCE, whole)
}

/// The length of the body behind this head.
fn length(head: &[u8], is_head: bool) -> Option<usize> {
    let head = String::from_utf8_lossy(head).to_lowercase();
    if is_head || head.starts_with("http/1.1 204 ") {
        return Some(0);
    }
    head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
}

/// Reads until the connection closes or is silent for this long.
pub fn rest_of(stream: &mut TcpStream, silence: Duration) -> String {
    read_until(stream, silence, |_| false)
}

fn read_until(stream: &mut TcpStream, silence: Duration, is_whole: impl Fn(&[u8]) -> bool) -> String {
    stream.set_read_timeout(Some(silence)).expect("a timeout can be set");
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&answer)
        && let Ok(count @ 1..) = stream.read(&mut buffer)
    {
        answer.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
