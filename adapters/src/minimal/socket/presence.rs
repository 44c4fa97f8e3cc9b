//! What the product itself does with a socket: says who is there, and again in answer to each text.

use serde::Serialize;

use crate::sockets::{Handled, Message, OpenSocket, SocketHandler};

/// The handler of a server to which nobody gave another.
pub(super) struct Presence;

/// What the server says.
#[derive(Serialize)]
struct Present<'a> {
    user: Myself<'a>,
}

#[derive(Serialize)]
struct Myself<'a> {
    id: i64,
    login: &'a str,
}

impl SocketHandler for Presence {
    fn opened(&self, socket: &OpenSocket) -> Handled {
        let user = &socket.caller().user;
        let present = Present { user: Myself { id: user.id.0, login: &user.username } };
        // A number and a text can always be written; and a client that has gone needs to know nothing.
        let _ = serde_json::to_string(&present).map(|text| socket.send(text));
        Handled::Done
    }

    fn message(&self, socket: &OpenSocket, _: Message) -> Handled {
        self.opened(socket)
    }
}
