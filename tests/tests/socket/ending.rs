//! What ends a socket: whatever ends its token, within a second, and nothing else.

use std::{
    io::ErrorKind,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use countersign_core::{User, store::Revoke};
use countersign_tests::{Server, databases::sqlite};
use serde_json::json;
use tungstenite::{Error, Message};

use crate::common::{
    BOUND, ME, Socket, UNAVAILABLE, closed, closed_in_time, number, open, opened, register, text, token, with,
};

/// Is nothing said and nothing closed for so long?
fn nothing_comes(socket: &mut Socket, within: Duration) -> bool {
    let patience = socket.get_ref().read_timeout().unwrap();
    socket.get_ref().set_read_timeout(Some(within)).unwrap();
    let silent = matches!(socket.read(), Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock);
    socket.get_ref().set_read_timeout(patience).unwrap();
    silent
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
fn a_database_that_fails_closes_nothing_and_lets_nobody_in() {
    let (server, ada) = with("");
    let token = token(&server);
    let mut socket = opened(&server, &token);
    server.tamper("ALTER TABLE tokens RENAME TO away");
    // The token must be asked about again.
    server.owner.revoke_many(ada.id, Revoke::Nothing).unwrap();
    std::thread::sleep(BOUND);
    socket.send(Message::text("still there?")).unwrap();
    assert!(nothing_comes(&mut socket, BOUND), "nobody knows whether it is still theirs");

    let bearer = format!("Bearer {token}");
    assert_eq!(open(&server, &[("Authorization", &bearer)]).err(), Some((503, UNAVAILABLE.to_owned())));
    let (mut stranger, _) = open(&server, &[]).unwrap();
    stranger.send(Message::text(json!({"token": token}).to_string())).unwrap();
    assert_eq!(closed(&mut stranger), 1013);

    server.tamper("ALTER TABLE away RENAME TO tokens");
    assert_eq!(text(&mut socket), ME);
    let revoke = || server.owner.revoke(number(&token), Some(ada.id)).unwrap();
    assert_eq!(closed_in_time(&mut socket, revoke), 4401);
}

#[test]
fn a_revocation_that_no_log_tells_of_closes_it_once_the_log_cannot_be_read() {
    let (server, _) = with("");
    let mut socket = opened(&server, &token(&server));
    server.tamper("DROP TABLE revocations; DELETE FROM tokens");
    let began = Instant::now();
    assert_eq!(closed(&mut socket), 4401);
    // The bound of the log, the second for which an answer counts then, and a look.
    assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());
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
