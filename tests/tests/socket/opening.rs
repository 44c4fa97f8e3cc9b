//! Coming in: where the token is, what is answered, and how one leaves.

use std::time::Instant;

use serde_json::json;
use tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::common::{ME, UNAUTHORIZED, UNAVAILABLE, closed, open, opened, text, token, with};

#[test]
fn a_token_in_the_header_opens_it_and_each_text_is_answered_with_who_one_is() {
    let (server, _) = with("");
    let mut socket = opened(&server, &token(&server));
    for message in ["ping", "{}", ""] {
        socket.send(Message::text(message)).unwrap();
        assert_eq!(text(&mut socket), ME);
    }
}

#[test]
fn a_token_as_subprotocol_opens_it_and_only_bearer_is_selected() {
    let (server, _) = with("");
    let offered = format!("bearer, {}", token(&server));
    let (mut socket, response) = open(&server, &[("Sec-WebSocket-Protocol", &offered)]).unwrap();
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "bearer");
    assert_eq!(text(&mut socket), ME);
}

#[test]
fn without_an_offer_none_is_selected() {
    let (server, _) = with("");
    let bearer = format!("Bearer {}", token(&server));
    let (_socket, response) = open(&server, &[("Authorization", &bearer)]).unwrap();
    assert!(!response.headers().contains_key("Sec-WebSocket-Protocol"));
}

#[test]
fn a_token_in_the_first_message_opens_it() {
    let (server, _) = with("");
    let (mut socket, _) = open(&server, &[]).unwrap();
    socket.send(Message::text(json!({"token": token(&server)}).to_string())).unwrap();
    assert_eq!(text(&mut socket), ME);
}

#[test]
fn a_bad_token_in_the_handshake_is_401_without_a_socket() {
    let (server, _) = with("");
    let good = token(&server);
    let refused = (401, UNAUTHORIZED.to_owned());
    let bearer = format!("Bearer {good}");
    let offered = format!("bearer, {good}");
    for headers in [
        &[("Authorization", "Bearer 1|nothing")][..],
        &[("Authorization", "Bearer ")],
        &[("Authorization", bearer.as_str()), ("Authorization", bearer.as_str())],
        &[("Authorization", bearer.as_str()), ("Sec-WebSocket-Protocol", offered.as_str())],
        &[("Sec-WebSocket-Protocol", "bearer, 1|nothing")],
    ] {
        assert_eq!(open(&server, headers).err(), Some(refused.clone()), "{headers:?}");
    }
}

#[test]
fn a_first_message_without_a_good_token_closes_with_4401() {
    let (server, _) = with("");
    for message in ["", "{", "{}", r#"{"token":1}"#, r#"{"token":""}"#, r#"{"token":"1|nothing"}"#] {
        let (mut socket, _) = open(&server, &[]).unwrap();
        socket.send(Message::text(message)).unwrap();
        assert_eq!(closed(&mut socket), 4401, "{message}");
    }
}

#[test]
fn who_says_nothing_is_closed_with_4401() {
    let (server, _) = with("socket_login = \"1s\"");
    let (mut socket, _) = open(&server, &[]).unwrap();
    socket.send(Message::Ping(Vec::new().into())).unwrap();
    let waited = Instant::now();
    assert_eq!(closed(&mut socket), 4401);
    assert!((0.9..2.0).contains(&waited.elapsed().as_secs_f32()));
}

#[test]
fn who_is_no_websocket_client_is_told_to_become_one() {
    let (server, _) = with("");
    let answer = server.bearer(&token(&server)).get("/ws");
    assert_eq!(answer.whole(), (426, r#"{"error":"Upgrade Required"}"#));
    assert_eq!((answer.header("Upgrade"), answer.header("Sec-WebSocket-Version")), ("websocket", "13"));
    assert_eq!(server.anon().post_empty("/ws").whole(), (405, r#"{"error":"Method Not Allowed"}"#));
    let broken = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n";
    let answer = server.raw(broken.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with(r#"{"error":"Bad Request"}"#), "{answer}");
}

#[test]
fn a_stop_closes_every_socket_with_1001() {
    let (server, _) = with("");
    let token = token(&server);
    let mut socket = opened(&server, &token);
    server.close_sockets();
    assert_eq!(closed(&mut socket), 1001);
    assert_eq!(open(&server, &[]).err(), Some((503, UNAVAILABLE.to_owned())));
}

#[test]
fn a_close_is_answered() {
    let (server, _) = with("");
    let mut socket = opened(&server, &token(&server));
    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).unwrap();
    assert_eq!(closed(&mut socket), 1000);
}
