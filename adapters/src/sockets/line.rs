//! What waits to be sent on one socket: bounded, and held back while it is not known whether its user may still see it.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::{Duration, Instant},
};

use actix_web::web::Bytes;
use actix_ws::CloseReason;
use countersign_core::{UserId, cache::Watch};
use tokio::sync::Notify;

use super::{Limits, Message, Seat, SendError};

/// What a message costs beside its bytes: its place in the queue, and its frame.
const OVERHEAD: usize = 64;

/// The way out of a socket. Whoever has something to say puts it here; the connection takes it when it can write.
pub(crate) struct Line {
    state: Mutex<State>,
    changed: Notify,
    /// How many bytes may wait.
    room: usize,
}

struct State {
    queue: VecDeque<Message>,
    /// How many bytes wait in the queue.
    waiting: usize,
    /// The answer to the last ping; those before it need none (RFC 6455, section 5.5.3).
    pong: Option<Bytes>,
    ping: bool,
    /// Tells whether messages may leave; without it none does.
    watch: Option<Watch>,
    /// How the socket ends when the queue is empty.
    end: Option<End>,
    /// Has the connection taken the end, or is it gone itself?
    is_gone: bool,
    seat: Option<Seat>,
    connection: Option<Waker>,
    /// When the connection last took a message, or had none that it might take.
    moved: Instant,
}

/// How a socket ends: with this close frame, or without one.
#[derive(Clone)]
pub(super) struct End(pub(super) Option<CloseReason>);

/// What the connection is to write next.
pub(super) enum Next {
    Pong(Bytes),
    Ping,
    Message(Message),
    End(End),
    /// It is woken when there is something.
    Nothing,
}

impl Line {
    /// A line on which at most `room` bytes wait, one message in any case. The seat is held until the connection ends.
    pub(crate) fn new(seat: Seat, room: usize) -> Self {
        let state = State {
            queue: VecDeque::new(),
            waiting: 0,
            pong: None,
            ping: false,
            watch: None,
            end: None,
            is_gone: false,
            seat: Some(seat),
            connection: None,
            moved: Instant::now(),
        };
        Self { state: Mutex::new(state), changed: Notify::new(), room }
    }

    /// See [`super::OpenSocket::send`].
    pub(crate) fn send(&self, message: Message) -> Result<(), SendError> {
        let mut state = self.state();
        if state.end.is_some() || state.is_gone {
            return Err(SendError::Closed);
        }
        let cost = message.len() + OVERHEAD;
        if state.queue.is_empty() {
            state.moved = Instant::now();
        } else if state.waiting + cost > self.room {
            return Err(SendError::Full);
        }
        state.waiting += cost;
        state.queue.push_back(message);
        state.wake();
        Ok(())
    }

    /// Answers a ping.
    pub(crate) fn pong(&self, payload: Bytes) {
        let mut state = self.state();
        state.pong = Some(payload);
        state.wake();
    }

    /// Asks whether anybody is there.
    pub(crate) fn ping(&self) {
        let mut state = self.state();
        state.ping = true;
        state.wake();
    }

    /// Messages may leave as long as nothing is revoked that `watch` tells of.
    pub(crate) fn trust(&self, watch: Watch) {
        let mut state = self.state();
        state.watch = Some(watch);
        state.moved = Instant::now();
        state.wake();
    }

    /// Messages wait until somebody says again that they may leave.
    pub(crate) fn hold(&self) {
        self.state().watch = None;
    }

    /// Gives the seat to `user`; `false` if there are too many.
    pub(crate) fn assign(&self, user: UserId, limits: Limits) -> bool {
        self.state().seat.as_mut().is_some_and(|seat| seat.assign(user, limits))
    }

    /// Ends the socket behind what waits.
    pub(crate) fn finish(&self, reason: CloseReason) {
        let mut state = self.state();
        if state.end.is_none() && !state.is_gone {
            state.end = Some(End(Some(reason)));
            state.wake();
            self.changed.notify_one();
        }
    }

    /// Ends the socket at once, as this says: what waits is not sent.
    pub(crate) fn cut(&self, reason: Option<CloseReason>) {
        let mut state = self.state();
        state.clear();
        if !state.is_gone {
            state.end = Some(End(reason));
        }
        state.wake();
    }

    /// May something still be sent?
    pub(crate) fn is_open(&self) -> bool {
        let state = self.state();
        state.end.is_none() && !state.is_gone
    }

    /// The code of the end that the application decided.
    pub(crate) fn finished(&self) -> Option<u16> {
        self.state().end.as_ref().and_then(|End(reason)| reason.as_ref()).map(|reason| reason.code.into())
    }

    /// Is the connection gone?
    pub(crate) fn is_gone(&self) -> bool {
        self.state().is_gone
    }

    /// Is there so much room that the answers to another message will fit?
    pub(crate) fn has_room(&self) -> bool {
        self.state().waiting <= self.room / 2
    }

    /// For how long the connection has taken nothing although it might have.
    pub(crate) fn stuck_for(&self) -> Duration {
        let state = self.state();
        if state.queue.is_empty() || !state.may_leave() { Duration::ZERO } else { state.moved.elapsed() }
    }

    /// Waits until the socket was ended or is gone, there is room again, or it is to be asked whether messages may leave.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until the connection has taken the end.
    pub(crate) async fn left(&self) {
        while !self.is_gone() {
            self.changed().await;
        }
    }

    /// What the connection is to write next; it is woken by `waker` when that changes.
    pub(super) fn next(&self, waker: &Waker) -> Next {
        let mut guard = self.state();
        let state = &mut *guard;
        if let Some(payload) = state.pong.take() {
            return Next::Pong(payload);
        }
        if mem::take(&mut state.ping) {
            return Next::Ping;
        }
        if state.queue.is_empty() {
            if let Some(end) = &state.end {
                state.is_gone = true;
                self.changed.notify_one();
                return Next::End(end.clone());
            }
        } else if state.may_leave() {
            if let Some(message) = state.queue.pop_front() {
                let was_crowded = state.waiting > self.room / 2;
                state.waiting -= message.len() + OVERHEAD;
                state.moved = Instant::now();
                if was_crowded && state.waiting <= self.room / 2 {
                    self.changed.notify_one();
                }
                return Next::Message(message);
            }
        } else {
            self.changed.notify_one();
        }
        state.connection = Some(waker.clone());
        Next::Nothing
    }

    /// The connection is gone, and its seat is free.
    pub(super) fn hang_up(&self) {
        let mut state = self.state();
        state.clear();
        state.is_gone = true;
        state.seat = None;
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Is it sure that nothing was revoked?
    fn may_leave(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| !watch.is_stale())
    }

    fn clear(&mut self) {
        self.queue = VecDeque::new();
        self.waiting = 0;
    }

    fn wake(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sockets::Sockets;

    #[test]
    fn ten_times_what_may_wait_leaves_no_more_behind() {
        const ROOM: usize = 4_096;
        let seat = Sockets::default().seat(UserId(1), Limits { users: 1, one_user: 1 }).unwrap();
        let line = Line::new(seat, ROOM);
        let taken = (0..10 * ROOM / 100).filter(|_| line.send(Message::Text("x".repeat(100).into())).is_ok()).count();
        assert_eq!(taken, ROOM / (100 + OVERHEAD));
        (0..1_000_u16).for_each(|number| line.pong(Bytes::copy_from_slice(&number.to_be_bytes())));
        let state = line.state();
        assert_eq!((state.queue.len(), state.waiting), (taken, taken * (100 + OVERHEAD)));
        assert_eq!(state.pong.as_deref(), Some(999_u16.to_be_bytes().as_slice()), "one answers all pings");
    }
}
