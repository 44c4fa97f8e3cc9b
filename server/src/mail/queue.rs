//! What waits to be sent, in the order of when it is due.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{letter::Letter, transport::Trouble};

/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of a single mail, such as one that a server puts off at first (greylisting).
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// The longest pause for all: a mail server that is back is noticed within this time.
const LONGEST_OUTAGE: Duration = Duration::from_secs(60);

/// Why the last ones are lost.
const STOPPING: &str = "the server is stopping";

/// What a thread sends with.
pub trait Courier {
    /// Sends a letter, or says why not.
    ///
    /// # Errors
    /// [`Trouble`].
    fn send(&mut self, letter: &Letter) -> Result<(), Trouble>;

    /// Nothing is due for now.
    fn rest(&mut self);
}

/// How much waits, and how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most letters that wait.
    pub length: usize,
    /// A letter is tried again for this long.
    pub retry_for: Duration,
}

/// Letters between those who post and the threads that send.
pub struct Queue {
    limits: Limits,
    state: Mutex<State>,
    changed: Condvar,
}

/// When a letter is due, and its number: those that are due at once keep their order.
type Turn = (Instant, u64);

#[derive(Default)]
struct State {
    waiting: BTreeMap<Turn, Waiting>,
    /// How many letters were taken so far.
    taken: u64,
    /// How many are being sent.
    sending: usize,
    outage: Option<Outage>,
    /// By when everything must be sent; nothing pauses long any more.
    end: Option<Instant>,
    /// Nothing is taken and nothing is sent any more.
    closed: bool,
}

struct Waiting {
    letter: Letter,
    since: Instant,
    failures: u32,
}

/// No letter leaves: the mail server is away.
struct Outage {
    failures: u32,
    until: Instant,
}

impl Queue {
    /// An empty queue.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Takes a letter, unless too many wait.
    pub fn push(&self, letter: Letter) {
        let mut state = self.lock();
        let full = state.waiting.len() >= self.limits.length;
        if state.closed || full {
            drop(state);
            return lose(&letter, if full { "too many mails wait already" } else { STOPPING });
        }
        let now = Instant::now();
        let turn = (now, state.taken);
        state.taken += 1;
        state.waiting.insert(turn, Waiting { letter, since: now, failures: 0 });
        drop(state);
        self.changed.notify_all();
    }

    /// Sends one letter after the other until the queue is closed: what a thread does.
    pub fn work(&self, courier: &mut impl Courier) {
        while let Some((turn, waiting)) = self.next_or(|| courier.rest()) {
            // A letter that no test foresaw must not end the thread, and with it the post.
            let sent = catch_unwind(AssertUnwindSafe(|| courier.send(&waiting.letter)))
                .unwrap_or_else(|_| Err(Trouble::Refused("sending it panicked".to_owned())));
            let mut state = self.lock();
            let lost = match sent {
                Ok(()) => {
                    state.delivered(&waiting.letter);
                    None
                }
                Err(trouble) => Some((self.put_back(&mut state, turn, waiting, &trouble), trouble.to_string())),
            };
            if let Some((letters, reason)) = lost.filter(|(letters, _)| !letters.is_empty()) {
                // Whoever posts does not wait until this is written, but the end does.
                drop(state);
                for letter in &letters {
                    lose(letter, &reason);
                }
                state = self.lock();
            }
            state.sending -= 1;
            drop(state);
            self.changed.notify_all();
        }
    }

    /// What is due next, when it is due; `None` when the queue is closed. If it is not due yet, `rest` comes first.
    fn next_or(&self, rest: impl FnOnce()) -> Option<(Turn, Waiting)> {
        let due = self.lock().take_due();
        if due.is_none() {
            rest();
        }
        due.or_else(|| self.next())
    }

    fn next(&self) -> Option<(Turn, Waiting)> {
        let mut state = self.lock();
        while !state.closed {
            if let Some(due) = state.take_due() {
                return Some(due);
            }
            let due = state.first_due();
            state = self.wait(state, due);
        }
        None
    }

    /// Keeps a letter that did not leave, and returns those that are given up. Nobody waits behind it: it comes back after a
    /// pause.
    fn put_back(&self, state: &mut State, turn: Turn, waiting: Waiting, trouble: &Trouble) -> Vec<Letter> {
        let now = Instant::now();
        let too_old = |waiting: &Waiting| now.saturating_duration_since(waiting.since) >= self.limits.retry_for;
        match trouble {
            _ if state.closed => vec![waiting.letter],
            Trouble::Refused(_) => vec![waiting.letter],
            Trouble::NotYet(why) => {
                state.end_outage();
                if too_old(&waiting) {
                    return vec![waiting.letter];
                }
                let pause = state.pause(waiting.failures, LONGEST_PAUSE);
                let (to, subject) = (&waiting.letter.mail.to, &waiting.letter.mail.subject);
                tracing::warn!(?to, ?subject, reason = why, ?pause, "mail is not sent yet");
                let failures = waiting.failures + 1;
                state.waiting.insert((now + pause, turn.1), Waiting { failures, ..waiting });
                Vec::new()
            }
            Trouble::Closed(why) => {
                state.begin_outage(now, why);
                state.waiting.insert(turn, waiting);
                // One letter at a time asks whether it is over; the others grow old meanwhile.
                let all = std::mem::take(&mut state.waiting).into_iter();
                let (old, young): (Vec<_>, _) = all.partition(|(_, waiting)| too_old(waiting));
                state.waiting = young.into_iter().collect();
                old.into_iter().map(|(_, waiting)| waiting.letter).collect()
            }
        }
    }

    /// See [`Mailer::stop_by`](super::Mailer::stop_by).
    pub fn stop_by(&self, end: Instant) {
        let mut state = self.lock();
        state.end = Some(end);
        state.outage = None;
        let now = Instant::now();
        let waiting = std::mem::take(&mut state.waiting);
        state.waiting = waiting.into_iter().map(|((due, number), waiting)| ((due.min(now), number), waiting)).collect();
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until the queue is empty or the end has come, and closes it.
    pub fn drain(&self) {
        let end = self.lock().end.unwrap_or_else(Instant::now);
        self.settle(end);
        self.close();
    }

    /// Gives up what waits. What is being sent may still arrive.
    pub fn close(&self) {
        let mut state = self.lock();
        let lost = std::mem::take(&mut state.waiting);
        let unfinished = if state.closed { 0 } else { state.sending };
        state.closed = true;
        drop(state);
        self.changed.notify_all();
        for waiting in lost.values() {
            lose(&waiting.letter, STOPPING);
        }
        if !lost.is_empty() || unfinished > 0 {
            tracing::warn!(lost = lost.len(), unfinished, "stopped before all mails were sent");
        }
    }

    /// How many letters wait or are being sent.
    pub fn pending(&self) -> usize {
        self.lock().pending()
    }

    /// Waits until nothing is pending, at most until `end`; is it so?
    pub fn settle(&self, end: Instant) -> bool {
        let mut state = self.lock();
        while state.pending() > 0 && Instant::now() < end {
            state = self.wait(state, Some(end));
        }
        state.pending() == 0
    }

    /// Waits until something changes, at most until `end`.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, end: Option<Instant>) -> MutexGuard<'a, State> {
        let Some(end) = end else {
            return self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        let rest = end.saturating_duration_since(Instant::now());
        self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pending(&self) -> usize {
        self.waiting.len() + self.sending
    }

    /// When something may be sent; `None` if nothing waits.
    fn first_due(&self) -> Option<Instant> {
        let ((due, _), _) = self.waiting.first_key_value()?;
        // While the mail server is away, one asks for all.
        match &self.outage {
            Some(_) if self.sending > 0 => None,
            Some(outage) => Some(outage.until.max(*due)),
            None => Some(*due),
        }
    }

    /// Takes what may be sent now.
    fn take_due(&mut self) -> Option<(Turn, Waiting)> {
        if self.closed || self.first_due()? > Instant::now() {
            return None;
        }
        self.sending += 1;
        self.waiting.pop_first()
    }

    fn delivered(&mut self, letter: &Letter) {
        let (to, subject) = (&letter.mail.to, &letter.mail.subject);
        tracing::debug!(?to, ?subject, "mail is sent");
        self.end_outage();
    }

    fn end_outage(&mut self) {
        if self.outage.take().is_some() {
            tracing::info!(waiting = self.waiting.len(), "mails are sent again");
        }
    }

    fn begin_outage(&mut self, now: Instant, why: &str) {
        let failures = self.outage.as_ref().map_or(0, |outage| outage.failures);
        if failures == 0 {
            // Told once, not at every try.
            tracing::warn!(reason = why, "mails cannot be sent now and wait");
        }
        let until = now + self.pause(failures, LONGEST_OUTAGE);
        self.outage = Some(Outage { failures: failures + 1, until });
    }

    /// How long to wait after so many failures before; no longer than a second when everything must end soon.
    fn pause(&self, failures: u32, longest: Duration) -> Duration {
        let growing = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures));
        growing.min(if self.end.is_some() { FIRST_PAUSE } else { longest })
    }
}

/// Says who gets no mail, and why; never what stood in it.
fn lose(letter: &Letter, reason: &str) {
    let (to, subject) = (&letter.mail.to, &letter.mail.subject);
    tracing::error!(?to, ?subject, reason, "mail is lost");
}

#[cfg(test)]
mod tests {
    use countersign_adapters::mail::Mail;

    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_are_short_at_the_end() {
        let mut state = State::default();
        let pauses = |state: &State, longest| -> Vec<u64> {
            [0, 1, 2, 5, 6, 8, 9, 40, u32::MAX].map(|failures| state.pause(failures, longest).as_secs()).to_vec()
        };
        assert_eq!(pauses(&state, LONGEST_PAUSE), [1, 2, 4, 32, 64, 256, 300, 300, 300]);
        assert_eq!(pauses(&state, LONGEST_OUTAGE), [1, 2, 4, 32, 60, 60, 60, 60, 60]);
        state.end = Some(Instant::now());
        assert_eq!(pauses(&state, LONGEST_PAUSE), [1; 9]);
    }

    #[test]
    fn an_outage_is_told_of_by_one_and_forgotten_by_the_first_that_leaves() {
        let (mut state, now) = (State::default(), Instant::now());
        for seconds in [1, 2, 4] {
            state.begin_outage(now, "away");
            let until = state.outage.as_ref().map(|outage| outage.until);
            assert_eq!(until, Some(now + Duration::from_secs(seconds)));
        }
        state.end_outage();
        assert!(state.outage.is_none());
    }

    #[test]
    fn ten_times_what_may_wait_leaves_no_more_behind() {
        let queue = Queue::new(Limits { length: 100, retry_for: Duration::from_secs(60) });
        for number in 0..1_000_u128 {
            let (to, subject, text) = (format!("{number}@example.org"), String::new(), String::new());
            let mail = Mail { to, subject, text, html: None };
            let id = uuid::Uuid::from_u128(number);
            queue.push(Letter { mail, written: chrono::DateTime::default(), id });
        }
        assert_eq!((queue.pending(), queue.lock().waiting.len()), (100, 100));
        // The first ones are kept: they are on their way.
        let first = queue.lock().take_due().map(|(_, waiting)| waiting.letter.mail.to);
        assert_eq!(first.as_deref(), Some("0@example.org"));
    }
}
