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

/// Reads until the connection closes or is silent for this long.
pub fn rest_of(stream: &mut TcpStream, silence: Duration) -> String {
    stream.set_read_timeout(Some(silence)).expect("a timeout can be set");
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
