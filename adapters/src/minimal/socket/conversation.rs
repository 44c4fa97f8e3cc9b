//! One open socket, from its first message to its close.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use actix_web::rt::time::{Instant, sleep, timeout};
use actix_ws::{AggregatedMessage, AggregatedMessageStream};
use countersign_core::AuthError;
use futures_util::future::{Either, select};
use serde::Deserialize;

use super::{
    Minimal,
    ending::Ending,
    guard::{Checked, Credential, Guard},
};
use crate::{
    json,
    mount::Use,
    plain,
    sockets::{Handled, Handler, Line, Message, OpenSocket},
};

/// How often a silent socket looks whether its token was revoked: with the quarter of a second in which revocations
/// come from other processes it is closed well within one.
const LOOK: Duration = Duration::from_millis(250);
/// How long a client has to take the last things that are said to it.
const LAST: Duration = Duration::from_secs(1);
/// A client that takes nothing for as long, although something waits, does not read.
const UNREAD: Duration = Duration::from_secs(5);
/// Nobody needs more pings and pongs a second to know that the other side is there.
const MOST_PINGS: u32 = 100;

/// The first message of who brought no token in the handshake.
#[derive(Deserialize)]
struct Introduction {
    token: String,
}

/// An open socket.
pub(super) struct Conversation {
    mount: Use<Minimal>,
    handler: Handler,
    query: String,
    line: Arc<Line>,
    messages: AggregatedMessageStream,
    heard: Instant,
    pinged: Instant,
    /// The second that is counted, and the pings and pongs in it.
    pings: (Instant, u32),
}

impl Conversation {
    pub(super) fn new(
        mount: Use<Minimal>,
        handler: Handler,
        query: String,
        line: Arc<Line>,
        messages: AggregatedMessageStream,
    ) -> Self {
        let now = Instant::now();
        Self { mount, handler, query, line, messages, heard: now, pinged: now, pings: (now, 0) }
    }

    /// Holds it until it ends; `guard` is there if the handshake brought a credential.
    pub(super) async fn hold(mut self, guard: Option<Guard>) {
        let hung_up = HangUp(Arc::clone(&self.line));
        let admitted = match guard {
            Some(guard) => Ok(guard),
            None => self.introduction().await,
        };
        let ending = match admitted {
            Ok(guard) => self.attend(guard).await,
            Err(ending) => ending,
        };
        if matches!(ending, Ending::ByHandler(_)) {
            // What was said before is still sent.
            let _ = timeout(LAST, self.line.left()).await;
        }
        if !self.line.is_gone() {
            self.line.cut(ending.reason());
            let _ = timeout(LAST, self.line.left()).await;
        }
        drop(hung_up);
    }

    /// Waits for the first message.
    async fn introduction(&mut self) -> Result<Guard, Ending> {
        let wait = self.mount.options.socket_login.duration();
        let first = async {
            loop {
                if let Some(message) = self.next(false).await? {
                    return Ok(message);
                }
            }
        };
        let message = timeout(wait, first).await.unwrap_or(Err(Ending::Unauthorized))?;
        let text = message.text().unwrap_or_default();
        let Introduction { token } = json::parse(text.as_bytes()).map_err(|_| Ending::Unauthorized)?;
        if !plain::is_token(&token) {
            return Err(Ending::Unauthorized);
        }
        let guard = Guard::admit(&self.mount, Credential::token(&token)).await.map_err(|refusal| match refusal {
            AuthError::Token(_) => Ending::Unauthorized,
            trouble => {
                tracing::error!(cause = %trouble, "minimal: closed a socket with 1013");
                Ending::Overloaded
            }
        })?;
        let fits = self.line.assign(guard.caller().user.id, self.mount.options.limits());
        if fits { Ok(guard) } else { Err(Ending::Overloaded) }
    }

    /// Tells the handler what happens, until the end.
    async fn attend(&mut self, mut guard: Guard) -> Ending {
        let socket = OpenSocket::new(Arc::clone(&self.line), guard.caller(), std::mem::take(&mut self.query));
        self.line.trust(guard.watch());
        let line = HangUp(Arc::clone(&self.line));
        let mut attended = Attended { handler: self.handler.clone(), socket, line, code: Ending::Failed.code() };
        let ending = match self.serve(&mut guard, &attended.socket).await {
            Ok(never) => match never {},
            Err(ending) => ending,
        };
        attended.code = ending.code();
        if !matches!(ending, Ending::ByHandler(_)) {
            self.line.cut(ending.reason());
        }
        ending
    }

    async fn serve(&mut self, guard: &mut Guard, socket: &OpenSocket) -> Result<Infallible, Ending> {
        let opened = self.handler.opened(socket);
        self.finish(opened, guard, socket).await?;
        loop {
            let message = self.next(self.handler.takes_binary()).await?;
            let looked = Instant::now();
            self.look(guard, socket).await?;
            // Meanwhile it was the server that did not listen.
            self.heard += looked.elapsed();
            if let Some(message) = message {
                let handled = self.handler.message(socket, message);
                self.finish(handled, guard, socket).await?;
            }
        }
    }

    /// Waits until the handler has done what is left to do, and looks after the socket meanwhile.
    async fn finish(&mut self, handled: Handled, guard: &mut Guard, socket: &OpenSocket) -> Result<(), Ending> {
        let Handled::Coming(mut coming) = handled else { return Ok(()) };
        loop {
            let changed = pin!(self.line.changed());
            let is_done = matches!(timeout(LOOK, select(&mut coming, changed)).await, Ok(Either::Left(_)));
            if is_done {
                // It was the server that took its time.
                self.heard = Instant::now();
                return Ok(());
            }
            self.alive()?;
            self.look(guard, socket).await?;
        }
    }

    /// Is the credential still good? Asked before anything is told to the handler: nothing happens once it is revoked, and
    /// nothing while that is not known.
    async fn look(&self, guard: &mut Guard, socket: &OpenSocket) -> Result<(), Ending> {
        loop {
            match guard.check().await {
                Ok(Checked::Good) => return Ok(()),
                Ok(Checked::Again) => {
                    socket.renew(guard.caller());
                    self.line.trust(guard.watch());
                    return Ok(());
                }
                Ok(Checked::Unknown) => self.line.hold(),
                Err(_) => return Err(Ending::Unauthorized),
            }
            sleep(LOOK).await;
            self.alive()?;
        }
    }

    /// The next message, or `None` after a while without one, or if something else is to be looked at. Pings and pongs are
    /// dealt with here.
    async fn next(&mut self, takes_binary: bool) -> Result<Option<Message>, Ending> {
        let heard = if self.line.has_room() {
            match timeout(LOOK, select(pin!(self.messages.recv()), pin!(self.line.changed()))).await {
                Ok(Either::Left((message, _))) => Some(message.ok_or(Ending::Gone)??),
                Ok(Either::Right(_)) | Err(_) => None,
            }
        } else {
            // Who does not listen is not listened to.
            let _ = timeout(LOOK, self.line.changed()).await;
            None
        };
        self.alive()?;
        let Some(message) = heard else {
            self.ask()?;
            return Ok(None);
        };
        self.heard = Instant::now();
        match message {
            AggregatedMessage::Text(text) => return Ok(Some(Message::Text(text))),
            AggregatedMessage::Binary(bytes) if takes_binary => return Ok(Some(Message::Binary(bytes))),
            AggregatedMessage::Binary(_) => return Err(Ending::Binary),
            AggregatedMessage::Ping(payload) => {
                self.count_ping()?;
                self.line.pong(payload);
            }
            AggregatedMessage::Pong(_) => self.count_ping()?,
            AggregatedMessage::Close(reason) => return Err(Ending::ByClient(reason.map(|reason| reason.code))),
        }
        Ok(None)
    }

    /// Did the socket end in another way than by a message?
    fn alive(&self) -> Result<(), Ending> {
        if self.mount.site.sockets.are_closing() {
            return Err(Ending::Stopping);
        }
        if let Some(code) = self.line.finished() {
            return Err(Ending::ByHandler(code));
        }
        if self.line.is_gone() {
            return Err(Ending::Gone);
        }
        if self.line.stuck_for() > UNREAD {
            return Err(Ending::Unread);
        }
        Ok(())
    }

    /// Asks a silent client whether it is there.
    fn ask(&mut self) -> Result<(), Ending> {
        let interval = self.mount.options.socket_ping.duration();
        if self.heard.elapsed() >= 2 * interval {
            return Err(Ending::Silent);
        }
        if self.pinged.elapsed() >= interval {
            self.pinged = Instant::now();
            self.line.ping();
        }
        Ok(())
    }

    fn count_ping(&mut self) -> Result<(), Ending> {
        let (second, count) = &mut self.pings;
        if second.elapsed() >= Duration::from_secs(1) {
            (*second, *count) = (Instant::now(), 0);
        }
        *count += 1;
        if *count > MOST_PINGS { Err(Ending::Flood) } else { Ok(()) }
    }
}

/// Tells the handler of the end, also if its own function panicked.
struct Attended {
    handler: Handler,
    socket: OpenSocket,
    line: HangUp,
    code: u16,
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.line.hang_up();
        // A second panic while the first one is dealt with would end the whole process.
        let _ = catch_unwind(AssertUnwindSafe(|| self.handler.closed(&self.socket, self.code)));
    }
}

/// Ends the socket if whoever holds it is gone.
struct HangUp(Arc<Line>);

impl HangUp {
    fn hang_up(&self) {
        if self.0.is_open() {
            self.0.cut(Ending::Failed.reason());
        }
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.hang_up();
    }
}
