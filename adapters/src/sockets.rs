//! Open sockets whose users are known: what an application does with one, what waits to be sent on it, and how many
//! there may be.
//!
//! An application puts its own [`SocketHandler`] there. Who is let in, and for how long, is not its business: the mount
//! with the socket looks after that.

mod handler;
mod line;
mod open;
mod outgoing;
mod seats;

pub use handler::{Handled, Handler, Message, SocketHandler};
pub use open::{OpenSocket, SendError, SocketId};
pub use seats::{Limits, Seat, Sockets};

pub(crate) use line::Line;
pub(crate) use open::is_sendable;
pub(crate) use outgoing::attach;
