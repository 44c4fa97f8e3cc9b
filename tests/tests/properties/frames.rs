//! Whatever bytes come over an open socket: the server answers with frames of RFC 6455, whose texts are JSON, and goes on.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use countersign_tests::Server;
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_oneof},
};
use serde_json::{Value, json};

use super::common::{ensure, hold};

/// A frame of a client's, more or less.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let masked = (any::<u8>(), vec(any::<u8>(), 0..40), any::<[u8; 4]>(), any::<bool>()).prop_map(
        |(head, payload, key, text)| {
            let length = u8::try_from(payload.len()).unwrap();
            // Every other one is a whole text.
            let head = if text { 0x81 } else { head };
            let masked = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
            [head, 0x80 | length].into_iter().chain(key).chain(masked).collect::<Vec<u8>>()
        },
    );
    prop_oneof![3 => masked, 1 => vec(any::<u8>(), 0..40)]
}

/// What comes after the handshake.
fn exchange(server: &Server, token: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    // The server may have closed already.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut rest = Vec::new();
    if let Err(error) = stream.read_to_end(&mut rest) {
        let has_hung = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert!(!has_hung, "the server neither answers nor closes");
    }
    rest
}

/// What is wrong with these frames of a server, if anything. The last may be cut off.
fn fault(mut bytes: &[u8]) -> Option<String> {
    while let [head, length, rest @ ..] = bytes {
        if length & 0x80 != 0 || head & 0x70 != 0 {
            return Some(format!("a frame of no server: {head:x} {length:x}"));
        }
        let (length, rest) = match length {
            126 => {
                let (length, rest) = rest.split_at_checked(2)?;
                (usize::from(u16::from_be_bytes([length[0], length[1]])), rest)
            }
            127 => return Some("a frame of gigabytes".to_owned()),
            length => (usize::from(*length), rest),
        };
        let (payload, rest) = rest.split_at_checked(length)?;
        match head {
            0x81 if serde_json::from_slice::<Value>(payload).is_err() => {
                return Some(format!("a text: {}", String::from_utf8_lossy(payload)));
            }
            0x81 | 0x89 | 0x8a => {}
            0x88 if payload.is_empty() || payload.len() >= 2 => {}
            _ => return Some(format!("a frame {head:x} of {length} bytes")),
        }
        bytes = rest;
    }
    None
}

#[test]
fn whatever_comes_over_a_socket_is_answered_in_frames() {
    let server = Server::start();
    let ada = json!({"login": "ada", "password": "x"});
    assert_eq!(server.anon().post("/register", ada.clone()).status, 200);
    let token = server.anon().post("/auth", ada).text("token");
    hold(60, &vec(frame(), 0..5), |frames| {
        let wrong = fault(&exchange(&server, &token, &frames.concat()));
        ensure(wrong.is_none(), || wrong.unwrap_or_default())
    });
    assert_eq!(server.bearer(&token).wants_json().get("/api/user").status, 200);
}
