//! An application with a handler of its own: a chat room over several users.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use countersign_adapters::sockets::{Handled, Message, OpenSocket, SendError, SocketHandler, SocketId};
use countersign_core::{Credentials, Grant, Role, User};
use countersign_tests::Server;
use tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

use crate::common::{
    BOUND, Socket, ask, closed, closed_in_time, entered, handshake, minimal, number, register_as, text, token_of,
};

/// Everybody hears what anybody says, with who said it.
#[derive(Default)]
struct Room {
    present: Mutex<BTreeMap<SocketId, OpenSocket>>,
    /// Who has left, with which code.
    left: Mutex<Vec<(String, u16)>>,
    /// Did something go on in a function of the handler after its socket had ended?
    went_on: AtomicBool,
}

impl Room {
    fn say(&self, message: impl Into<Message>) {
        let message = message.into();
        for socket in self.present.lock().unwrap().values() {
            let _ = socket.send(message.clone());
        }
    }

    fn socket_of(&self, name: &str) -> OpenSocket {
        let present = self.present.lock().unwrap();
        present.values().find(|socket| socket.caller().user.username == name).unwrap().clone()
    }

    /// Who has left, once it is so many.
    fn left(&self, count: usize) -> Vec<(String, u16)> {
        let began = Instant::now();
        while self.left.lock().unwrap().len() < count {
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", self.left.lock().unwrap());
            thread::sleep(Duration::from_millis(10));
        }
        self.left.lock().unwrap().clone()
    }
}

/// What the application serves.
struct Chat(Arc<Room>);

impl SocketHandler for Chat {
    fn opened(&self, socket: &OpenSocket) -> Handled {
        socket.send(format!("welcome to {}", socket.query())).unwrap();
        self.0.present.lock().unwrap().insert(socket.id(), socket.clone());
        Handled::Done
    }

    fn message(&self, socket: &OpenSocket, message: Message) -> Handled {
        let caller = socket.caller();
        let Some(text) = message.text() else {
            socket.send(message).unwrap();
            return Handled::Done;
        };
        match text {
            "role" => drop(socket.send(format!("{:?}", caller.user.role))),
            "may I deploy?" => drop(socket.send(caller.token.abilities.can("deploy").to_string())),
            "goodbye" => {
                socket.send("goodbye").unwrap();
                socket.close(4000, "as you like");
                assert_eq!(socket.send("unheard"), Err(SendError::Closed));
                assert!(!socket.is_open());
            }
            "panic" => panic!("as the test wants it"),
            "slowly" => {
                let (socket, room) = (socket.clone(), Arc::clone(&self.0));
                return Handled::coming(async move {
                    actix_web::rt::time::sleep(Duration::from_millis(700)).await;
                    room.went_on.store(true, Ordering::SeqCst);
                    let _ = socket.send("done slowly");
                });
            }
            text => self.0.say(format!("{}: {text}", caller.user.username)),
        }
        Handled::Done
    }

    fn closed(&self, socket: &OpenSocket, code: u16) {
        assert!(!socket.is_open());
        self.0.present.lock().unwrap().remove(&socket.id()).unwrap();
        self.0.left.lock().unwrap().push((socket.caller().user.username.clone(), code));
    }

    fn takes_binary(&self) -> bool {
        true
    }
}

/// The application with ada and bob.
fn chat(configuration: &str) -> (Server, Arc<Room>, [User; 2]) {
    let room = Arc::new(Room::default());
    let chat = Chat(Arc::clone(&room));
    let server = Server::extended(&minimal(configuration), |app| app.with_socket_handler(chat));
    let users = ["ada", "bob"].map(|name| register_as(&server, name));
    (server, room, users)
}

fn welcomed(server: &Server, token: &str) -> Socket {
    let mut socket = entered(server, token);
    assert_eq!(text(&mut socket), "welcome to ");
    socket
}

#[test]
fn users_hear_each_other() {
    let (server, room, _) = chat("");
    let mut ada = welcomed(&server, &token_of(&server, "ada"));
    let mut bob = welcomed(&server, &token_of(&server, "bob"));
    assert_eq!(ask(&mut ada, "hello"), "ada: hello");
    assert_eq!(text(&mut bob), "ada: hello");
    assert_eq!(ask(&mut bob, "hi"), "bob: hi");
    assert_eq!(text(&mut ada), "bob: hi");
    // Not by anybody who is in it, and from another thread.
    thread::scope(|scope| scope.spawn(|| room.say("the room is closing")).join().unwrap());
    assert_eq!([text(&mut ada), text(&mut bob)], ["the room is closing"; 2]);
    room.socket_of("bob").send("psst").unwrap();
    assert_eq!(text(&mut bob), "psst");
}

#[test]
fn a_socket_knows_the_query_of_its_address() {
    let (server, _, _) = chat("");
    let bearer = format!("Bearer {}", token_of(&server, "ada"));
    let (mut socket, _) = handshake(server.address(), "/ws?room=7&x=%20", &[("Authorization", &bearer)]).unwrap();
    assert_eq!(text(&mut socket), "welcome to room=7&x=%20");
}

#[test]
fn bytes_are_heard_by_who_takes_them() {
    let (server, _, _) = chat("");
    let mut ada = welcomed(&server, &token_of(&server, "ada"));
    ada.send(tungstenite::Message::binary(vec![0, 255])).unwrap();
    assert_eq!(ada.read().unwrap(), tungstenite::Message::binary(vec![0, 255]));
}

#[test]
fn a_revoked_token_closes_its_sockets_and_nothing_that_is_said_afterwards_reaches_them() {
    let (server, room, [ada, _]) = chat("");
    let (dead, live, bobs) = (token_of(&server, "ada"), token_of(&server, "ada"), token_of(&server, "bob"));
    let mut revoked = [welcomed(&server, &dead), welcomed(&server, &dead)];
    let mut others = [welcomed(&server, &live), welcomed(&server, &bobs)];
    server.owner.revoke(number(&dead), Some(ada.id)).unwrap();
    let died = Instant::now();
    for number in 0..50 {
        room.say(format!("secret {number}"));
    }
    for socket in &mut revoked {
        // `closed` bears no message in front of the close frame.
        assert_eq!(closed(socket), 4401);
        assert!(died.elapsed() < BOUND, "{:?}", died.elapsed());
        assert!(socket.read().is_err());
    }
    for socket in &mut others {
        for number in 0..50 {
            assert_eq!(text(socket), format!("secret {number}"));
        }
        assert!(ask(socket, "still here").ends_with(": still here"));
    }
    assert_eq!(room.left(2), [("ada".to_owned(), 4401), ("ada".to_owned(), 4401)]);
}

#[test]
fn a_demotion_is_seen_at_the_next_message_and_by_who_asks_later() {
    let (server, room, [ada, bob]) = chat("");
    server.owner.set_role(ada.id, Role::Admin).unwrap();
    let mut socket = welcomed(&server, &token_of(&server, "ada"));
    let mut bystander = welcomed(&server, &token_of(&server, "bob"));
    assert_eq!(ask(&mut socket, "role"), "Admin");
    server.owner.set_role(ada.id, Role::Tourist).unwrap();
    assert_eq!(ask(&mut socket, "role"), "Tourist");
    server.owner.set_role(bob.id, Role::Hotelier).unwrap();
    thread::sleep(BOUND);
    assert_eq!(room.socket_of("bob").caller().user.role, Role::Hotelier);
    assert_eq!(ask(&mut bystander, "role"), "Hotelier");
}

#[test]
fn the_abilities_of_the_token_are_known() {
    let (server, _, [ada, _]) = chat("");
    let credentials = Credentials::new("ada".to_owned(), "password".into());
    for (abilities, may) in [(vec!["deploy"], "true"), (vec!["read"], "false"), (vec!["*"], "true")] {
        let abilities = countersign_core::Abilities(abilities.into_iter().map(str::to_owned).collect());
        let issued = server.owner.login(&credentials, &Grant { abilities, ..Grant::named("ci") }).unwrap();
        assert_eq!(issued.token.user_id, ada.id);
        assert_eq!(ask(&mut welcomed(&server, issued.access.expose()), "may I deploy?"), may);
    }
}

#[test]
fn the_handler_closes_behind_what_it_has_said() {
    let (server, room, _) = chat("");
    let mut socket = welcomed(&server, &token_of(&server, "ada"));
    assert_eq!(ask(&mut socket, "goodbye"), "goodbye");
    let frame = CloseFrame { code: CloseCode::Library(4000), reason: "as you like".into() };
    assert_eq!(socket.read().unwrap(), tungstenite::Message::Close(Some(frame)));
    assert_eq!(room.left(1), [("ada".to_owned(), 4000)]);
}

#[test]
fn who_is_closed_from_elsewhere_with_a_code_that_nobody_may_send_sees_1011() {
    let (server, room, _) = chat("");
    let mut socket = welcomed(&server, &token_of(&server, "ada"));
    let died = Instant::now();
    room.socket_of("ada").close(1006, "no such close");
    assert_eq!(closed(&mut socket), 1011);
    assert!(died.elapsed() < BOUND, "{:?}", died.elapsed());
}

#[test]
fn the_handler_is_told_of_every_end_once() {
    let (server, room, _) = chat("");
    let token = token_of(&server, "ada");
    let mut closing = welcomed(&server, &token);
    closing.close(Some(CloseFrame { code: CloseCode::Library(3001), reason: "".into() })).unwrap();
    assert_eq!(closed(&mut closing), 3001);
    assert_eq!(room.left(1).last().unwrap().1, 3001);
    drop(welcomed(&server, &token));
    assert_eq!(room.left(2).last().unwrap().1, 1006);
    let mut panicking = welcomed(&server, &token);
    panicking.send(tungstenite::Message::text("panic")).unwrap();
    assert_eq!(closed(&mut panicking), 1011);
    assert_eq!(room.left(3).last().unwrap().1, 1011);
    let mut last = welcomed(&server, &token);
    server.close_sockets();
    assert_eq!(closed(&mut last), 1001);
    assert_eq!(room.left(4).last().unwrap().1, 1001);
    assert!(room.present.lock().unwrap().is_empty());
}

#[test]
fn messages_keep_their_order_while_one_is_worked_on() {
    let (server, _, _) = chat("");
    let mut socket = welcomed(&server, &token_of(&server, "ada"));
    for message in ["slowly", "next"] {
        socket.send(tungstenite::Message::text(message)).unwrap();
    }
    assert_eq!([text(&mut socket), text(&mut socket)], ["done slowly", "ada: next"]);
}

#[test]
fn a_revocation_ends_what_is_being_worked_on() {
    let (server, room, [ada, _]) = chat("");
    let token = token_of(&server, "ada");
    let mut socket = welcomed(&server, &token);
    socket.send(tungstenite::Message::text("slowly")).unwrap();
    let code = closed_in_time(&mut socket, || server.owner.revoke(number(&token), Some(ada.id)).unwrap());
    assert_eq!(code, 4401);
    thread::sleep(BOUND);
    assert!(!room.went_on.load(Ordering::SeqCst));
}
