//! How many sockets there may be.

use serde_json::json;
use tungstenite::Message;

use crate::common::{BOUND, UNAVAILABLE, closed, open, opened, token, with};

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
