//! What an application does with an open socket.

use std::{fmt, future::Future, ops::Deref, sync::Arc};

use actix_web::web::Bytes;
use bytestring::ByteString;
use futures_util::{FutureExt as _, future::LocalBoxFuture};

use super::OpenSocket;

/// What is said on a socket; a copy costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(ByteString),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// How many bytes of it are sent.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Has it none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

/// What is left to do of an event when the handler's function returns.
pub enum Handled {
    /// Nothing.
    Done,
    /// This. The socket hears its next message when it is done, so messages keep their order. It is dropped where it waits
    /// when the socket ends.
    Coming(LocalBoxFuture<'static, ()>),
}

impl Handled {
    /// What is done by `future`; it may ask a database, but must not block its thread.
    pub fn coming(future: impl Future<Output = ()> + 'static) -> Self {
        Self::Coming(future.boxed_local())
    }
}

impl fmt::Debug for Handled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "Done",
            Self::Coming(_) => "Coming",
        })
    }
}

/// What an application does with the sockets of users who have been let in.
///
/// Each function is called on the socket's worker and must not block it. The user of [`OpenSocket::caller`] was asked
/// about before: a token that was revoked causes no event any more but [`SocketHandler::closed`], and a role that was
/// taken away is gone.
///
/// ```
/// use std::{
///     collections::HashMap,
///     sync::{Mutex, PoisonError},
/// };
///
/// use countersign_adapters::sockets::{Handled, Message, OpenSocket, SocketHandler, SocketId};
///
/// /// Everybody hears what anybody says.
/// #[derive(Default)]
/// struct Room {
///     present: Mutex<HashMap<SocketId, OpenSocket>>,
/// }
///
/// impl Room {
///     fn say(&self, message: &Message) {
///         for socket in self.present.lock().unwrap_or_else(PoisonError::into_inner).values() {
///             // Who does not read misses it, and is soon closed; who has gone will be told of by `closed`.
///             let _ = socket.send(message.clone());
///         }
///     }
/// }
///
/// impl SocketHandler for Room {
///     fn opened(&self, socket: &OpenSocket) -> Handled {
///         self.present.lock().unwrap_or_else(PoisonError::into_inner).insert(socket.id(), socket.clone());
///         Handled::Done
///     }
///
///     fn message(&self, socket: &OpenSocket, message: Message) -> Handled {
///         match message.text() {
///             Some("goodbye") => socket.close(1000, "goodbye"),
///             text => self.say(&format!("{}: {}", socket.caller().user.username, text.unwrap_or_default()).into()),
///         }
///         Handled::Done
///     }
///
///     fn closed(&self, socket: &OpenSocket, _: u16) {
///         self.present.lock().unwrap_or_else(PoisonError::into_inner).remove(&socket.id());
///     }
/// }
/// ```
pub trait SocketHandler: Send + Sync + 'static {
    /// Somebody is in.
    fn opened(&self, socket: &OpenSocket) -> Handled {
        let _ = socket;
        Handled::Done
    }

    /// They say something: a text, or bytes if the handler takes them; not longer than 64 KiB.
    fn message(&self, socket: &OpenSocket, message: Message) -> Handled;

    /// The socket has ended, by whomever: called once for each that was opened, whatever happened. `code` is that of the
    /// close frame (RFC 6455, section 7.4), 4401 if the user's credential died, 1006 if the connection broke.
    fn closed(&self, socket: &OpenSocket, code: u16) {
        let _ = (socket, code);
    }

    /// Are bytes taken? Otherwise who sends some is closed with 1003.
    fn takes_binary(&self) -> bool {
        false
    }
}

/// The handler of an application; application data of the whole server, if it brings one.
#[derive(Clone)]
pub struct Handler(Arc<dyn SocketHandler>);

impl Handler {
    /// This one.
    pub fn new(handler: impl SocketHandler) -> Self {
        Self(Arc::new(handler))
    }
}

impl Deref for Handler {
    type Target = dyn SocketHandler;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

impl<H: SocketHandler> SocketHandler for Arc<H> {
    fn opened(&self, socket: &OpenSocket) -> Handled {
        self.as_ref().opened(socket)
    }

    fn message(&self, socket: &OpenSocket, message: Message) -> Handled {
        self.as_ref().message(socket, message)
    }

    fn closed(&self, socket: &OpenSocket, code: u16) {
        self.as_ref().closed(socket, code);
    }

    fn takes_binary(&self) -> bool {
        self.as_ref().takes_binary()
    }
}
