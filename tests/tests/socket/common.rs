//! What the tests of the socket share: a client, people and their tokens.

use std::{
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use countersign_core::{TokenId, User};
use countersign_tests::Server;
use serde_json::json;
use tungstenite::{
    Error, Message, WebSocket,
    client::{IntoClientRequest as _, client},
    http::{HeaderName, HeaderValue, Response},
    protocol::CloseFrame,
};

pub const ME: &str = r#"{"user":{"id":1,"login":"ada"}}"#;
pub const UNAUTHORIZED: &str = r#"{"error":"Unauthorized"}"#;
pub const FORBIDDEN: &str = r#"{"error":"Forbidden"}"#;
pub const UNAVAILABLE: &str = r#"{"error":"Service Unavailable"}"#;

/// How soon a socket is closed after its token died.
pub const BOUND: Duration = Duration::from_secs(1);

pub type Socket = WebSocket<TcpStream>;

/// A handshake at `path` with these headers; an answer other than 101 is returned.
pub fn handshake(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<(Socket, Response<()>), Box<Response<String>>> {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    match client(request, stream) {
        Ok((socket, response)) => Ok((socket, response.map(drop))),
        Err(tungstenite::HandshakeError::Failure(Error::Http(refused))) => {
            Err(Box::new(refused.map(|body| String::from_utf8(body.unwrap_or_default()).unwrap())))
        }
        Err(other) => panic!("{other}"),
    }
}

/// A handshake with these headers; an answer other than 101 is returned with its body.
pub fn open(server: &Server, headers: &[(&str, &str)]) -> Result<(Socket, Response<()>), (u16, String)> {
    handshake(server.address(), "/ws", headers).map_err(|refused| (refused.status().as_u16(), refused.into_body()))
}

/// An open socket of whom `token` speaks for, of whom nothing was heard yet.
pub fn entered(server: &Server, token: &str) -> Socket {
    open(server, &[("Authorization", &format!("Bearer {token}"))]).unwrap().0
}

/// An open socket of whom `token` speaks for; the greeting is read.
pub fn opened(server: &Server, token: &str) -> Socket {
    let mut socket = entered(server, token);
    assert_eq!(text(&mut socket), ME);
    socket
}

pub fn text(socket: &mut Socket) -> String {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Says something and reads the answer.
pub fn ask(socket: &mut Socket, question: &str) -> String {
    socket.send(Message::text(question)).unwrap();
    text(socket)
}

/// Reads until the close frame, before which no message may come; its code.
pub fn closed(socket: &mut Socket) -> u16 {
    loop {
        match socket.read() {
            Ok(Message::Close(Some(CloseFrame { code, .. }))) => return code.into(),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The code of a close that comes within [`BOUND`] after `kill`.
pub fn closed_in_time(socket: &mut Socket, kill: impl FnOnce()) -> u16 {
    kill();
    let dead = Instant::now();
    let code = closed(socket);
    assert!(dead.elapsed() <= BOUND, "{:?}", dead.elapsed());
    code
}

pub fn register(server: &Server) -> User {
    register_as(server, "ada")
}

pub fn register_as(server: &Server, login: &str) -> User {
    assert_eq!(server.anon().post("/register", json!({"login": login, "password": "password"})).status, 200);
    server.owner.find_user(login).unwrap()
}

pub fn token(server: &Server) -> String {
    token_of(server, "ada")
}

pub fn token_of(server: &Server, login: &str) -> String {
    server.anon().post("/auth", json!({"login": login, "password": "password"})).text("token")
}

/// The minimal API with these options, and what follows them; ada is registered.
pub fn with(options: &str) -> (Server, User) {
    let server = Server::with(&minimal(options));
    let ada = register(&server);
    (server, ada)
}

/// A configuration of the minimal API with these options, and what follows them.
pub fn minimal(options: &str) -> String {
    format!("[[mount]]\nadapter = \"minimal\"\n{options}")
}

pub fn number(token: &str) -> TokenId {
    TokenId(token.split_once('|').unwrap().0.parse().unwrap())
}
