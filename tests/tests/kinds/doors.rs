//! Every place where a credential is taken. A refusal is 401, or what the dialect says of a bad link, and never 500.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use countersign_tests::{Actor, Answer};
use serde_json::{Value, json};

use crate::world::{ADDRESS, DEVICE, PASSWORD, World};

/// What is shown at a door; answers whether it opens.
pub type Door = (&'static str, fn(&World, &str) -> bool);

pub const DOORS: &[Door] = &[
    ("djoser, Token", |world, shown| opens(&world.with("Token", shown), "/auth/users/me/")),
    ("djoser, Bearer", |world, shown| opens(&world.with("Bearer", shown), "/auth/users/me/")),
    ("djoser, JWT", |world, shown| opens(&world.with("JWT", shown), "/auth/users/me/")),
    ("jwt/refresh/", |world, shown| takes(&world.anon, "/auth/jwt/refresh/", json!({"refresh": shown}), 401)),
    ("jwt/verify/", |world, shown| takes(&world.anon, "/auth/jwt/verify/", json!({"token": shown}), 401)),
    ("hotel", |world, shown| opens(&world.with("Bearer", shown), "/auth/me")),
    ("hotel's refresh", |world, shown| takes(&world.anon, "/auth/refresh", json!({"refresh_token": shown}), 401)),
    ("sanctum", |world, shown| opens(&world.with("Bearer", shown), "/api/user")),
    ("a session", |world, shown| opens(&world.cookie("laravel-session", shown), "/api/user")),
    ("a remembered device", |world, shown| opens(&world.cookie(DEVICE, shown), "/api/user")),
    ("CSRF", |world, shown| {
        let page = world.cookie("laravel-session", &world.asked.session).with("X-XSRF-TOKEN", shown);
        let answer = page.with("X-Original-Method", "POST").get("/verify");
        judge(&answer, 403)
    }),
    ("the socket", |world, shown| socket(world, &format!("Authorization: Bearer {shown}"))),
    ("the socket, as subprotocol", |world, shown| socket(world, &format!("Sec-WebSocket-Protocol: bearer, {shown}"))),
    ("verify, Bearer", |world, shown| opens(&world.with("Bearer", shown), "/verify")),
    ("verify, Token", |world, shown| opens(&world.with("Token", shown), "/verify")),
    ("introspect, Bearer", |world, shown| asks(&world.with("Bearer", shown))),
    ("introspect, Token", |world, shown| asks(&world.with("Token", shown))),
    ("introspect, asked about", |world, shown| {
        let answer = question(&world.with("Bearer", &world.service), shown);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["active"] == Value::Bool(true)
    }),
    ("a confirmation", |world, shown| {
        let path = format!("{}&signature={shown}", world.unsigned());
        let answer = world.cookie("laravel-session", &world.asked.session).get(&path);
        assert!([204, 302, 403].contains(&answer.status), "{answer:?}");
        answer.status != 403
    }),
    ("laravel's link", |world, shown| {
        let body = json!({"token": shown, "email": ADDRESS, "password": PASSWORD, "password_confirmation": PASSWORD});
        takes(&world.visitor(), "/reset-password", body, 422)
    }),
    ("djoser's link", |world, shown| {
        let body = json!({"uid": "MQ", "token": shown, "new_password": PASSWORD});
        takes(&world.anon, "/auth/users/reset_password_confirm/", body, 400)
    }),
];

fn opens(actor: &Actor, path: &str) -> bool {
    judge(&actor.get(path), 401)
}

fn takes(actor: &Actor, path: &str, body: Value, refusal: u16) -> bool {
    judge(&actor.post(path, body), refusal)
}

/// 2xx, or this refusal.
fn judge(answer: &Answer, refusal: u16) -> bool {
    assert!([200, 204, refusal].contains(&answer.status), "{answer:?}");
    answer.status != refusal
}

fn question(service: &Actor, token: &str) -> Answer {
    let encoded = percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC);
    service.send("POST", "/introspect", Some("application/x-www-form-urlencoded"), &format!("token={encoded}"))
}

/// Is it somebody's, although nobody's who may ask?
fn asks(actor: &Actor) -> bool {
    let answer = question(actor, "x");
    assert!([401, 403].contains(&answer.status), "{answer:?}");
    answer.status == 403
}

fn socket(world: &World, header: &str) -> bool {
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{header}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(world.server.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut status = [0; 13];
    stream.read_exact(&mut status).unwrap();
    assert!([b"HTTP/1.1 101 ", b"HTTP/1.1 401 "].contains(&&status), "{}", String::from_utf8_lossy(&status));
    status == *b"HTTP/1.1 101 "
}
