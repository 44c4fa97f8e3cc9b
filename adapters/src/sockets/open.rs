//! An open socket in the hands of an application.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_ws::{CloseCode, CloseReason};
use countersign_core::Verified;

use super::{Line, Message};

/// Tells the open sockets of a process apart; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(u64);

impl SocketId {
    fn fresh() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// Why a message is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The socket has ended, or is about to.
    #[error("the socket is closed")]
    Closed,
    /// As much as may wait for this client is waiting: it does not read as fast as it is told.
    #[error("the client does not read")]
    Full,
}

/// A socket whose user is known. Cheap to clone; it may be kept, and used by any task and thread. Keeping it does not keep
/// the socket open.
#[derive(Clone)]
pub struct OpenSocket(Arc<Shared>);

struct Shared {
    id: SocketId,
    query: String,
    line: Arc<Line>,
    caller: RwLock<Arc<Verified>>,
}

impl OpenSocket {
    /// The socket on `line`, which `caller` was let in to by a handshake with this query.
    pub(crate) fn new(line: Arc<Line>, caller: Arc<Verified>, query: String) -> Self {
        Self(Arc::new(Shared { id: SocketId::fresh(), query, line, caller: RwLock::new(caller) }))
    }

    /// Which one it is.
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// Who is there, and by which token: user, role, abilities. In a function of the handler nobody in this process knows
    /// better; at another time, and for what another process changed, it is at most a second old.
    pub fn caller(&self) -> Arc<Verified> {
        Arc::clone(&self.0.caller.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What stood behind the `?` of the address that was opened, such as `room=7`; empty without.
    pub fn query(&self) -> &str {
        &self.0.query
    }

    /// Sends a message: puts it behind those that wait, and returns. What waits when the user's credential is revoked is
    /// not sent any more; what waits when the handler closes the socket is, if the client reads it within a second. A
    /// client that takes nothing for five seconds is closed with 1008.
    ///
    /// # Errors
    /// [`SendError::Closed`]; [`SendError::Full`], and then the message is not sent.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.0.line.send(message.into())
    }

    /// Closes the socket behind what waits. The code is one that may be sent (RFC 6455, section 7.4: 1000 to 1003, 1007 to
    /// 1014, 3000 to 4999); in the place of any other 1011 is. The reason has at most 123 bytes. The first close counts.
    pub fn close(&self, code: u16, reason: &str) {
        let code = if is_sendable(code) { code } else { CloseCode::Error.into() };
        let reason = CloseReason { code: CloseCode::from(code), description: Some(reason.to_owned()) };
        self.0.line.finish(reason);
    }

    /// May something still be sent?
    pub fn is_open(&self) -> bool {
        self.0.line.is_open()
    }

    /// Notes who is there now.
    pub(crate) fn renew(&self, caller: Arc<Verified>) {
        *self.0.caller.write().unwrap_or_else(PoisonError::into_inner) = caller;
    }
}

/// May a close frame have this code? The others between are for what happens without one.
pub(crate) const fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

impl fmt::Debug for OpenSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenSocket").field(&self.0.id).finish()
    }
}
