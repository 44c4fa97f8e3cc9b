//! Who is disabled or deleted is nobody: no proof of any kind speaks for them, or for whoever comes after them.

use std::{
    net::TcpStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use countersign_core::{Registration, Role, User, store::TokenStore as _};
use countersign_tests::{
    Actor, Server,
    databases::{databases, run},
    people::{FRONT_END, PASSWORD, Page, add},
};
use serde_json::json;
use tungstenite::{
    Message, WebSocket,
    client::{IntoClientRequest as _, client},
    protocol::CloseFrame,
};

/// What a proof is asked for, and the answer that says that it is one.
type Ask = Box<dyn Fn(&Server) -> u16>;

/// Every kind of proof that a user can have, and a socket.
struct Proofs {
    asked: Vec<(&'static str, Ask)>,
    socket: WebSocket<TcpStream>,
}

fn get(path: &'static str, headers: Vec<(&'static str, String)>) -> Ask {
    Box::new(move |server| {
        let actor = server.anon().wants_json();
        let with = |actor: Actor, (name, value): &(&'static str, String)| actor.with(name, value);
        headers.iter().fold(actor, with).get(path).status
    })
}

fn bearer(path: &'static str, scheme: &str, token: &str) -> Ask {
    get(path, vec![("Authorization", format!("{scheme} {token}"))])
}

fn post(path: &'static str, field: &'static str, token: String) -> Ask {
    Box::new(move |server| server.anon().post(path, json!({field: token})).status)
}

impl Proofs {
    fn of(server: &Server, user: &User) -> Self {
        let anon = server.anon().wants_json();
        let name = user.username.as_str();
        let log_in = |path: &str, field: &str| anon.post(path, json!({field: name, "password": PASSWORD}));
        let personal = log_in("/api/auth/token", "email").text("token");
        let djoser = log_in("/auth/token/login/", "username").text("auth_token");
        let simple = log_in("/auth/jwt/create/", "username");
        let hotel = log_in("/auth/login", "identifier");
        let minimal = log_in("/auth", "login").text("token");
        let mut page = Page::new(server);
        page.log_in(name, true);
        let tag = page.actor().get("/meta/api-token").body;
        let api_token = tag.split('"').nth(3).unwrap().to_owned();
        let cookies = |wanted: fn(&str) -> bool| {
            let sent = page.with_cookies(wanted).header("Cookie").unwrap().to_owned();
            get("/api/user", vec![("Origin", FRONT_END.to_owned()), ("Cookie", sent)])
        };
        let (access, simple_access) = (hotel.text("access_token"), simple.text("access"));
        let asked = vec![
            ("a personal access token", bearer("/api/user", "Bearer", &personal)),
            ("the api-token", bearer("/api/user", "Bearer", &api_token)),
            ("a session", cookies(|name| !name.starts_with("remember_"))),
            ("a remembered device", cookies(|name| name.starts_with("remember_"))),
            ("Djoser's token", bearer("/auth/users/me/", "Token", &djoser)),
            ("Djoser's access token", bearer("/auth/users/me/", "Bearer", &simple_access)),
            ("Djoser's access token as JWT", bearer("/auth/users/me/", "JWT", &simple_access)),
            ("Djoser's refresh token", post("/auth/jwt/refresh/", "refresh", simple.text("refresh"))),
            ("the hotel's access token", bearer("/auth/me", "Bearer", &access)),
            ("the hotel's refresh token", post("/auth/refresh", "refresh_token", hotel.text("refresh_token"))),
            ("the minimal token", bearer("/verify", "Bearer", &minimal)),
            ("Djoser's token at the gateway", bearer("/verify", "Token", &djoser)),
            ("Djoser's access token at the gateway", bearer("/verify", "Bearer", &simple_access)),
            ("the hotel's access token at the gateway", bearer("/verify", "Bearer", &access)),
        ];
        Self { asked, socket: socket(server, &minimal) }
    }

    /// The answers, by proof.
    fn ask(&self, server: &Server) -> Vec<(&'static str, u16)> {
        self.asked.iter().map(|(name, ask)| (*name, ask(server))).collect()
    }

    fn assert_all(&self, server: &Server, status: u16) {
        let expected: Vec<_> = self.asked.iter().map(|(name, _)| (*name, status)).collect();
        assert_eq!(self.ask(server), expected, "{}", server.backend);
    }

    /// Waits until another process has heard of it, no longer than a second.
    fn assert_dead_soon(&self, other: &Server, since: Instant) {
        while self.ask(other).iter().any(|(_, status)| *status == 200) {
            assert!(since.elapsed() < Duration::from_secs(5), "{}: {:?}", other.backend, self.ask(other));
            thread::sleep(Duration::from_millis(10));
        }
        self.assert_all(other, 401);
    }

    /// Reads the socket until it is closed, which must be within two seconds.
    fn assert_closed(&mut self, since: Instant) {
        loop {
            match self.socket.read().unwrap() {
                Message::Close(Some(CloseFrame { code, .. })) => {
                    assert_eq!(u16::from(code), 4401);
                    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
                    return;
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// An open socket, whose greeting is read.
fn socket(server: &Server, token: &str) -> WebSocket<TcpStream> {
    let mut request = format!("ws://{}/ws", server.address()).into_client_request().unwrap();
    request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().unwrap());
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (mut socket, _) = client(request, stream).unwrap();
    assert!(matches!(socket.read().unwrap(), Message::Text(_)));
    socket
}

#[test]
fn nothing_of_who_is_disabled_is_taken_and_enabling_revives_nothing() {
    for database in databases() {
        let database = Arc::new(database);
        let (server, other) = (Server::on(Arc::clone(&database), ""), Server::on(database, ""));
        let (ada, bob) = (add(&server, Role::Tourist, false), add(&server, Role::Tourist, false));
        let (mut hers, his) = (Proofs::of(&server, &ada), Proofs::of(&server, &bob));
        hers.assert_all(&server, 200);
        hers.assert_all(&other, 200);
        his.assert_all(&server, 200);

        let since = Instant::now();
        server.owner.set_active(ada.id, false).unwrap();
        hers.assert_all(&server, 401);
        hers.assert_closed(since);
        hers.assert_dead_soon(&other, since);
        assert_eq!(server.store.tokens_of(ada.id, None).unwrap(), [], "{}", server.backend);
        his.assert_all(&server, 200);

        server.owner.set_active(ada.id, true).unwrap();
        hers.assert_all(&server, 401);
        hers.assert_all(&other, 401);
        // What is issued from now on is good.
        Proofs::of(&server, &ada).assert_all(&server, 200);
        hers.assert_all(&server, 401);
    }
}

#[test]
fn nothing_of_who_is_deleted_is_left_nor_speaks_for_whoever_comes_next() {
    for database in databases() {
        let database = Arc::new(database);
        let (server, other) = (Server::on(Arc::clone(&database), ""), Server::on(Arc::clone(&database), ""));
        let (bob, ada) = (add(&server, Role::Tourist, false), add(&server, Role::Tourist, false));
        let (his, mut hers) = (Proofs::of(&server, &bob), Proofs::of(&server, &ada));
        hers.assert_all(&server, 200);
        hers.assert_all(&other, 200);

        let since = Instant::now();
        let gone = server.anon().with("Authorization", &format!("Token {}", djoser(&server, &ada)));
        let body = json!({"current_password": PASSWORD}).to_string();
        assert_eq!(gone.send("DELETE", "/auth/users/me/", Some("application/json"), &body).status, 204);
        hers.assert_all(&server, 401);
        hers.assert_closed(since);
        hers.assert_dead_soon(&other, since);
        assert_eq!(server.store.tokens_of(ada.id, None).unwrap(), [], "{}", server.backend);
        his.assert_all(&server, 200);

        // The number is not given again, nor is the address hers any more.
        let twin = |name: &User| {
            let registration = Registration { email: name.email.clone(), ..Registration::new("another".into()) };
            server.owner.register(&registration).unwrap().user
        };
        let next = twin(&ada);
        assert!(next.id > ada.id, "{}", server.backend);
        hers.assert_all(&server, 401);

        // And if a database should forget the numbers that it gave (MySQL before 8.0 did, at a restart):
        server.owner.delete_user(next.id).unwrap();
        let number = ada.id;
        run(
            &database.url,
            &match server.backend {
                "postgres" => format!("ALTER TABLE users ALTER COLUMN id RESTART WITH {number}"),
                "mysql" => format!("ALTER TABLE users AUTO_INCREMENT = {number}"),
                _ => format!("UPDATE sqlite_sequence SET seq = {} WHERE name = 'users'", number.0 - 1),
            },
        );
        let again = twin(&ada);
        assert_eq!((again.id, &again.username), (ada.id, &ada.username), "{}", server.backend);
        hers.assert_all(&server, 401);
        hers.assert_all(&other, 401);
    }
}

fn djoser(server: &Server, user: &User) -> String {
    let answer = server.anon().post("/auth/token/login/", json!({"username": user.username, "password": PASSWORD}));
    answer.text("auth_token")
}
