//! One open socket, from its first message to its close.

use std::time::Duration;

use actix_web::rt::time::{Instant, timeout};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Closed, ProtocolError, Session};
use countersign_core::{AuthError, User};
use serde::{Deserialize, Serialize};

use super::{Guard, Minimal};
use crate::{json, mount::Use, plain, sockets::Seat};

/// How often a silent socket looks whether its token was revoked: with the quarter of a second in which revocations
/// come from other processes it is closed well within one.
const LOOK: Duration = Duration::from_millis(250);
/// A client that takes no answer for as long does not read; it is not waited for.
const SEND: Duration = Duration::from_secs(1);
/// HTTP's 401 in the range for applications (RFC 6455, section 7.4.2).
const UNAUTHORIZED: u16 = 4401;

/// The first message of who brought no token in the handshake.
#[derive(Deserialize)]
struct Introduction {
    token: String,
}

/// What the server says.
#[derive(Serialize)]
struct Presence<'a> {
    user: Myself<'a>,
}

#[derive(Serialize)]
struct Myself<'a> {
    id: i64,
    login: &'a str,
}

/// Why a socket ends.
#[derive(Debug)]
enum Ending {
    /// The connection is gone.
    Gone,
    /// The client closes, with this code.
    ByClient(Option<CloseCode>),
    /// The token is not, or no longer, valid, or did not come in time.
    Unauthorized,
    /// Too many sockets, or no database.
    Overloaded,
    /// No sign of life.
    Silent,
    /// Not text.
    Binary,
    /// Not what the protocol allows, or too long.
    Broken(ProtocolError),
    /// The server stops.
    Stopping,
}

/// An open socket.
pub(super) struct Conversation {
    mount: Use<Minimal>,
    seat: Seat,
    session: Session,
    messages: AggregatedMessageStream,
    heard: Instant,
    pinged: Instant,
}

impl Conversation {
    pub(super) fn new(mount: Use<Minimal>, seat: Seat, session: Session, messages: AggregatedMessageStream) -> Self {
        let now = Instant::now();
        Self { mount, seat, session, messages, heard: now, pinged: now }
    }

    /// Holds it until it ends; `guard` is there if the handshake brought a token.
    pub(super) async fn hold(mut self, guard: Option<Guard>) {
        let admitted = match guard {
            Some(guard) => Ok(guard),
            None => self.introduction().await,
        };
        let ending = match admitted {
            Ok(guard) => self.serve(guard).await,
            Err(ending) => ending,
        };
        if let Some(reason) = ending.reason() {
            let _ = timeout(SEND, self.session.close(Some(reason))).await;
        }
        drop(self.seat);
    }

    /// Waits for the first message.
    async fn introduction(&mut self) -> Result<Guard, Ending> {
        let wait = self.mount.options.socket_login.duration();
        let first = async {
            loop {
                if let Some(text) = self.next().await? {
                    return Ok(text);
                }
            }
        };
        let text = timeout(wait, first).await.unwrap_or(Err(Ending::Unauthorized))?;
        let Introduction { token } = json::parse(text.as_bytes()).map_err(|_| Ending::Unauthorized)?;
        if !plain::is_token(&token) {
            return Err(Ending::Unauthorized);
        }
        let guard = Guard::admit(&self.mount, &token).await.map_err(|refusal| match refusal {
            AuthError::Store(cause) => {
                tracing::error!(%cause, "minimal: closed a socket with 1013");
                Ending::Overloaded
            }
            _ => Ending::Unauthorized,
        })?;
        let fits = self.seat.assign(guard.user().id, self.mount.options.limits());
        if fits { Ok(guard) } else { Err(Ending::Overloaded) }
    }

    /// Says who is there, and again to each text.
    async fn serve(&mut self, mut guard: Guard) -> Ending {
        if let Err(ending) = self.say(guard.user()).await {
            return ending;
        }
        loop {
            let text = match self.next().await {
                Ok(text) => text,
                Err(ending) => return ending,
            };
            // Before anything is said: nothing leaves once the token is revoked.
            if guard.check().await.is_err() {
                return Ending::Unauthorized;
            }
            if text.is_some()
                && let Err(ending) = self.say(guard.user()).await
            {
                return ending;
            }
        }
    }

    /// The next text, or `None` after a while without one. Pings and pongs are dealt with here.
    async fn next(&mut self) -> Result<Option<String>, Ending> {
        let event = timeout(LOOK, self.messages.recv()).await;
        if self.mount.site.sockets.are_closing() {
            return Err(Ending::Stopping);
        }
        if let Ok(event) = event {
            let message = event.ok_or(Ending::Gone)?.map_err(Ending::Broken)?;
            self.heard = Instant::now();
            match message {
                AggregatedMessage::Text(text) => return Ok(Some(text.to_string())),
                AggregatedMessage::Ping(payload) => delivered(timeout(SEND, self.session.pong(&payload)).await)?,
                AggregatedMessage::Pong(_) => {}
                AggregatedMessage::Binary(_) => return Err(Ending::Binary),
                AggregatedMessage::Close(reason) => return Err(Ending::ByClient(reason.map(|reason| reason.code))),
            }
        }
        let interval = self.mount.options.socket_ping.duration();
        if self.heard.elapsed() >= 2 * interval {
            return Err(Ending::Silent);
        }
        if self.pinged.elapsed() >= interval {
            self.pinged = Instant::now();
            delivered(timeout(SEND, self.session.ping(b"")).await)?;
        }
        Ok(None)
    }

    async fn say(&mut self, user: &User) -> Result<(), Ending> {
        let presence = Presence { user: Myself { id: user.id.0, login: &user.username } };
        let text = serde_json::to_string(&presence).map_err(|_| Ending::Gone)?;
        delivered(timeout(SEND, self.session.text(text)).await)
    }
}

/// A message that could not be sent in time, or at all, ends the socket.
fn delivered<E>(sent: Result<Result<(), Closed>, E>) -> Result<(), Ending> {
    sent.ok().and_then(Result::ok).ok_or(Ending::Gone)
}

impl Ending {
    /// The close frame; `None` if there is nobody to send it to.
    fn reason(&self) -> Option<CloseReason> {
        let (code, description) = match self {
            Self::Gone => return None,
            Self::ByClient(code) => {
                return Some(CloseReason { code: code.unwrap_or(CloseCode::Normal), description: None });
            }
            Self::Unauthorized => (CloseCode::Other(UNAUTHORIZED), "Unauthorized"),
            Self::Overloaded => (CloseCode::Again, "Service Unavailable"),
            Self::Silent => (CloseCode::Policy, "no sign of life"),
            Self::Binary => (CloseCode::Unsupported, "text only"),
            Self::Broken(ProtocolError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                (CloseCode::Invalid, "not UTF-8")
            }
            // What else is called I/O is a message that is too long, or a connection that is gone anyway.
            Self::Broken(ProtocolError::Overflow | ProtocolError::Io(_)) => (CloseCode::Size, "message too long"),
            Self::Broken(_) => (CloseCode::Protocol, "protocol error"),
            Self::Stopping => (CloseCode::Away, "the server stops"),
        };
        Some(CloseReason { code, description: Some(description.to_owned()) })
    }
}
