//! The WebSocket of the minimal API, seen by a real client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends with a panic that says where")]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use countersign_core::{TokenId, User, store::Revoke};
use countersign_tests::{Server, databases::sqlite};
use serde_json::json;
use tungstenite::{
    Error, Message, WebSocket,
    client::{IntoClientRequest as _, client},
    http::{HeaderName, HeaderValue, Response},
    protocol::{
        CloseFrame,
        frame::{
            Frame, FrameSocket,
            coding::{CloseCode, Data, OpCode},
        },
    },
};

const ME: &str = r#"{"user":{"id":1,"login":"ada"}}"#;
const UNAUTHORIZED: &str = r#"{"error":"Unauthorized"}"#;
const UNAVAILABLE: &str = r#"{"error":"Service Unavailable"}"#;

/// How soon a socket is closed after its token died.
const BOUND: Duration = Duration::from_secs(1);

type Socket = WebSocket<TcpStream>;

/// A handshake with these headers; an answer other than 101 is returned with its body.
fn open(server: &Server, headers: &[(&str, &str)]) -> Result<(Socket, Response<()>), (u16, String)> {
    let mut request = format!("{}/ws", server.url.replace("http", "ws")).into_client_request().unwrap();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    let stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    match client(request, stream) {
        Ok((socket, response)) => Ok((socket, response.map(drop))),
        Err(tungstenite::HandshakeError::Failure(Error::Http(refused))) => {
            let status = refused.status().as_u16();
            let body = refused.into_body().unwrap_or_default();
            Err((status, String::from_utf8(body).unwrap()))
        }
        Err(other) => panic!("{other}"),
    }
}

/// An open socket of whom `token` speaks for; the greeting is read.
fn opened(server: &Server, token: &str) -> Socket {
    let (mut socket, _) = open(server, &[("Authorization", &format!("Bearer {token}"))]).unwrap();
    assert_eq!(text(&mut socket), ME);
    socket
}

fn text(socket: &mut Socket) -> String {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Reads until the close frame; its code.
fn closed(socket: &mut Socket) -> u16 {
    loop {
        match socket.read() {
            Ok(Message::Close(Some(CloseFrame { code, .. }))) => return code.into(),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The code of a close that comes within [`BOUND`] after `kill`.
fn closed_in_time(socket: &mut Socket, kill: impl FnOnce()) -> u16 {
    kill();
    let dead = Instant::now();
    let code = closed(socket);
    assert!(dead.elapsed() <= BOUND, "{:?}", dead.elapsed());
    code
}

fn register(server: &Server) -> User {
    let ada = json!({"login": "ada", "password": "password"});
    assert_eq!(server.anon().post("/register", ada).status, 200);
    server.owner.find_user("ada").unwrap()
}

fn token(server: &Server) -> String {
    server.anon().post("/auth", json!({"login": "ada", "password": "password"})).text("token")
}

/// Only the minimal API, with these options; ada is registered.
fn with(options: &str) -> (Server, User) {
    let server = Server::with(&format!("[[mount]]\nadapter = \"minimal\"\n{options}"));
    let ada = register(&server);
    (server, ada)
}

fn number(token: &str) -> TokenId {
    TokenId(token.split_once('|').unwrap().0.parse().unwrap())
}

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
fn a_token_in_the_url_is_not_looked_at() {
    let (server, _) = with("");
    let url = format!("{}/ws?token={}", server.url.replace("http", "ws"), token(&server));
    let stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let (mut socket, _) = client(url, stream).unwrap();
    socket.send(Message::text("who am I?")).unwrap();
    assert_eq!(closed(&mut socket), 4401);
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
fn revoking_a_token_closes_its_sockets_and_no_others() {
    let (server, ada) = with("");
    let (dead, live) = (token(&server), token(&server));
    let (mut first, mut second) = (opened(&server, &dead), opened(&server, &dead));
    let mut other = opened(&server, &live);
    let code = closed_in_time(&mut first, || server.owner.revoke(number(&dead), Some(ada.id)).unwrap());
    assert_eq!(code, 4401);
    assert_eq!(closed(&mut second), 4401);
    other.send(Message::text("still there?")).unwrap();
    assert_eq!(text(&mut other), ME);
}

#[test]
fn recovery_disabling_and_deletion_close_every_socket() {
    type Act = fn(&Server, &User);
    let acts: [Act; 3] = [
        |server, ada| drop(server.owner.recover(ada.id, &"new password".into()).unwrap()),
        |server, ada| drop(server.owner.set_active(ada.id, false).unwrap()),
        |server, ada| server.owner.delete_user(ada.id).unwrap(),
    ];
    for act in acts {
        let (server, ada) = with("");
        let mut sockets = [opened(&server, &token(&server)), opened(&server, &token(&server))];
        assert_eq!(closed_in_time(&mut sockets[0], || act(&server, &ada)), 4401);
        assert_eq!(closed(&mut sockets[1]), 4401);
    }
}

#[test]
fn nothing_is_said_after_a_revocation() {
    let (server, ada) = with("");
    let token = token(&server);
    let mut socket = opened(&server, &token);
    server.owner.revoke(number(&token), Some(ada.id)).unwrap();
    for _ in 0..10 {
        let _ = socket.send(Message::text("who am I?"));
    }
    assert_eq!(closed(&mut socket), 4401);
}

#[test]
fn a_revocation_by_another_process_closes_it() {
    let database = Arc::new(sqlite());
    let mount = "[[mount]]\nadapter = \"minimal\"";
    let (here, there) = (Server::on(Arc::clone(&database), mount), Server::on(database, mount));
    let ada = register(&here);
    let mut socket = opened(&here, &token(&here));
    let code = closed_in_time(&mut socket, || drop(there.owner.recover(ada.id, &"new password".into()).unwrap()));
    assert_eq!(code, 4401);
}

#[test]
fn an_expired_token_closes_it() {
    let (server, _) = with("strategy = \"jwt_pair\"");
    let mut socket = opened(&server, &token(&server));
    server.wait(TimeDelta::minutes(59));
    socket.send(Message::text("still there?")).unwrap();
    assert_eq!(text(&mut socket), ME);
    assert_eq!(closed_in_time(&mut socket, || server.wait(TimeDelta::minutes(1))), 4401);
}

#[test]
fn an_expired_token_closes_it_also_without_a_database() {
    let (server, ada) = with("");
    let expires_at = Some(server.owner.realm().now() + TimeDelta::hours(1));
    let subject = server.owner.subject_by_owner(ada.id).unwrap();
    let grant = countersign_core::Grant { expires_at, ..countersign_core::Grant::named("socket") };
    let issued = server.owner.issue(&subject, &grant).unwrap();
    let mut socket = opened(&server, issued.access.expose());
    server.tamper("ALTER TABLE tokens RENAME TO away");
    assert_eq!(closed_in_time(&mut socket, || server.wait(TimeDelta::hours(1))), 4401);
}

#[test]
fn a_change_that_revokes_nothing_leaves_it_open() {
    let (server, ada) = with("");
    let mut socket = opened(&server, &token(&server));
    server.owner.set_role(ada.id, countersign_core::Role::Admin).unwrap();
    std::thread::sleep(BOUND);
    socket.send(Message::text("still there?")).unwrap();
    assert_eq!(text(&mut socket), ME);
}

#[test]
fn a_user_has_only_so_many_sockets() {
    let (server, _) = with("max_sockets_per_user = 1");
    let token = token(&server);
    let bearer = format!("Bearer {token}");
    let first = opened(&server, &token);
    assert_eq!(open(&server, &[("Authorization", &bearer)]).err(), Some((503, UNAVAILABLE.to_owned())));
    let (mut second, _) = open(&server, &[]).unwrap();
    second.send(Message::text(json!({"token": token}).to_string())).unwrap();
    assert_eq!(closed(&mut second), 1013);
    drop(first);
    std::thread::sleep(BOUND);
    opened(&server, &token);
}

#[test]
fn the_server_has_only_so_many_sockets_and_strangers_take_none_of_them() {
    let (server, _) = with("max_sockets = 1");
    let token = token(&server);
    let bearer = format!("Bearer {token}");
    let refused = Some((503, UNAVAILABLE.to_owned()));
    let mut strangers: Vec<_> = (0..4).map(|_| open(&server, &[]).unwrap().0).collect();
    assert_eq!(open(&server, &[]).err(), refused);
    let _first = opened(&server, &token);
    assert_eq!(open(&server, &[("Authorization", &bearer)]).err(), refused);
    strangers[0].send(Message::text(json!({"token": token}).to_string())).unwrap();
    assert_eq!(closed(&mut strangers[0]), 1013);
}

#[test]
fn a_message_over_64_kib_closes_it_with_1009() {
    let (server, _) = with("");
    let token = token(&server);
    let mut socket = opened(&server, &token);
    socket.send(Message::text("x".repeat(65_536))).unwrap();
    assert_eq!(text(&mut socket), ME);
    socket.send(Message::text("x".repeat(65_537))).unwrap();
    assert_eq!(closed(&mut socket), 1009);

    let mut parts = FrameSocket::new(opened(&server, &token).get_ref().try_clone().unwrap());
    for at in 0..5 {
        let opcode = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
        let mut frame = Frame::message(vec![b'x'; 16_384], opcode, false);
        frame.header_mut().mask = Some([1, 2, 3, 4]);
        parts.send(frame).unwrap();
    }
    let frame = parts.read(None).unwrap().unwrap();
    assert_eq!(frame.header().opcode, OpCode::Control(tungstenite::protocol::frame::coding::Control::Close));
    assert_eq!(frame.payload()[..2], 1009_u16.to_be_bytes());
}

#[test]
fn a_gigabyte_is_refused_when_it_is_announced() {
    let (server, _) = with("");
    let mut socket = opened(&server, &token(&server));
    let announced = [&[0x81, 0xff][..], &(1_u64 << 30).to_be_bytes()].concat();
    socket.get_mut().write_all(&announced).unwrap();
    assert_eq!(closed(&mut socket), 1009);
}

#[test]
fn what_is_no_text_or_no_protocol_closes_it() {
    let (server, _) = with("");
    let token = token(&server);
    let mut binary = opened(&server, &token);
    binary.send(Message::binary(vec![1, 2, 3])).unwrap();
    assert_eq!(closed(&mut binary), 1003);

    let mut unmasked = opened(&server, &token);
    unmasked.get_mut().write_all(&[0x81, 1, b'x']).unwrap();
    assert_eq!(closed(&mut unmasked), 1002);

    let mut no_text = opened(&server, &token);
    no_text.get_mut().write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).unwrap();
    assert_eq!(closed(&mut no_text), 1007);
}

#[test]
fn a_close_is_answered() {
    let (server, _) = with("");
    let mut socket = opened(&server, &token(&server));
    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).unwrap();
    assert_eq!(closed(&mut socket), 1000);
}

#[test]
fn it_is_pinged_and_closed_when_nothing_comes_back() {
    let (server, _) = with("socket_ping = \"1s\"");
    let mut answering = opened(&server, &token(&server));
    let mut silent = opened(&server, &token(&server));
    let until = Instant::now() + Duration::from_secs(4);
    let mut pings = 0;
    while Instant::now() < until {
        if let Message::Ping(_) = answering.read().unwrap() {
            pings += 1;
            answering.flush().unwrap();
        }
    }
    assert!(pings >= 3, "{pings}");
    let mut left = Vec::new();
    silent.get_mut().read_to_end(&mut left).unwrap();
    let close = [&[0x88, 17][..], &1008_u16.to_be_bytes(), b"no sign of life"].concat();
    assert!(left.ends_with(&close), "{left:?}");
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
fn another_sites_page_gets_in_only_with_a_token() {
    let (server, _) = with("");
    let bearer = format!("Bearer {}", token(&server));
    let evil = ("Origin", "https://evil.example");
    let (mut with_token, _) = open(&server, &[evil, ("Authorization", &bearer)]).unwrap();
    assert_eq!(text(&mut with_token), ME);
    let cookie = ("Cookie", "laravel_session=x; token=y");
    let (mut without, _) = open(&server, &[evil, cookie]).unwrap();
    without.send(Message::text("who am I?")).unwrap();
    assert_eq!(closed(&mut without), 4401);
}

#[test]
fn a_database_that_fails_closes_nothing_and_lets_nobody_in() {
    let (server, ada) = with("");
    let token = token(&server);
    let mut socket = opened(&server, &token);
    server.tamper("ALTER TABLE tokens RENAME TO away");
    // The token must be asked about again.
    server.owner.revoke_many(ada.id, Revoke::Nothing).unwrap();
    std::thread::sleep(BOUND);
    socket.send(Message::text("still there?")).unwrap();
    assert_eq!(text(&mut socket), ME);

    let bearer = format!("Bearer {token}");
    assert_eq!(open(&server, &[("Authorization", &bearer)]).err(), Some((503, UNAVAILABLE.to_owned())));
    let (mut stranger, _) = open(&server, &[]).unwrap();
    stranger.send(Message::text(json!({"token": token}).to_string())).unwrap();
    assert_eq!(closed(&mut stranger), 1013);

    server.tamper("ALTER TABLE away RENAME TO tokens");
    let revoke = || server.owner.revoke(number(&token), Some(ada.id)).unwrap();
    assert_eq!(closed_in_time(&mut socket, revoke), 4401);
}

#[test]
fn a_server_that_remembers_nothing_closes_it_as_soon() {
    let (server, ada) = with("[cache]\nverified = \"off\"");
    let mut socket = opened(&server, &token(&server));
    assert_eq!(closed_in_time(&mut socket, || drop(server.owner.set_active(ada.id, false).unwrap())), 4401);
}

#[test]
fn a_spent_refresh_token_that_comes_back_closes_the_sockets_of_its_login() {
    let (server, _) = with("strategy = \"jwt_pair\"\n[[mount]]\nadapter = \"hotel\"\n[jwt]\nrotate_refresh = true");
    let log_in = || server.anon().post("/auth/login", json!({"identifier": "ada", "password": "password"}));
    let refresh = |token: &str| server.anon().post("/auth/refresh", json!({"refresh_token": token}));
    let (login, other) = (log_in(), log_in());
    let mut socket = opened(&server, &login.text("access_token"));
    let mut lives = opened(&server, &other.text("access_token"));
    assert_eq!(refresh(&login.text("refresh_token")).status, 200);
    server.wait(TimeDelta::seconds(10));
    let code = closed_in_time(&mut socket, || assert_eq!(refresh(&login.text("refresh_token")).status, 401));
    assert_eq!(code, 4401);
    lives.send(Message::Ping(Vec::new().into())).unwrap();
    assert!(matches!(lives.read().unwrap(), Message::Pong(_) | Message::Ping(_)));
}
