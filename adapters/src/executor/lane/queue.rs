//! What waits for the lane: a line a client, served in turns.
//!
//! A client's *load* is what of theirs waits and what was begun lately. Where there is no room, whoever has more than
//! somebody who comes gives up the last that came of theirs: so a crowd of requests from a few addresses keeps nobody out
//! who comes now and then. What is remembered of a client is halved every few seconds and then forgotten, so that their
//! number is bounded by what can be hashed in that time.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    time::Duration,
};

/// How long until what was begun counts half.
const HALF_LIFE: Duration = Duration::from_secs(4);
/// What one job counts, so that it can be halved some times.
const JOB: u32 = 16;

/// A client's line.
#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<T>,
    /// What was begun lately, in parts of a job.
    begun: u32,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), begun: 0 }
    }
}

impl<T> Line<T> {
    fn load(&self) -> u32 {
        let waiting = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        waiting.saturating_mul(JOB).saturating_add(self.begun)
    }
}

/// The lines of all clients.
#[derive(Debug)]
pub(super) struct Queue<T> {
    lines: HashMap<IpAddr, Line<T>>,
    /// Who has something waiting, in the order in which they are served.
    turns: VecDeque<IpAddr>,
    waiting: usize,
    /// How often what was begun has been halved.
    halvings: u128,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { lines: HashMap::new(), turns: VecDeque::new(), waiting: 0, halvings: 0 }
    }
}

impl<T> Queue<T> {
    /// How much waits.
    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    /// Takes in that so much time has passed since the lane began.
    pub(super) fn pass(&mut self, age: Duration) {
        let halvings = age.as_millis() / HALF_LIFE.as_millis();
        if halvings > self.halvings {
            let times = u32::try_from(halvings - self.halvings).unwrap_or(u32::MAX);
            self.halvings = halvings;
            self.lines.retain(|_, line| {
                line.begun = line.begun.checked_shr(times).unwrap_or_default();
                line.load() > 0
            });
        }
    }

    /// Puts `job` at the end of its client's line.
    pub(super) fn push(&mut self, client: IpAddr, job: T) {
        let line = self.lines.entry(client).or_default();
        if line.waiting.is_empty() {
            self.turns.push_back(client);
        }
        line.waiting.push_back(job);
        self.waiting += 1;
    }

    /// Makes room for `client`: takes out the last that came of whoever has the most, if they have as much as `client` will
    /// have even then.
    pub(super) fn displace(&mut self, client: IpAddr) -> Option<T> {
        let own = self.lines.get(&client).map_or(0, Line::load).saturating_add(JOB);
        let others = self.turns.iter().filter(|other| **other != client);
        let loads = others.filter_map(|other| Some((self.lines.get(other)?.load(), *other)));
        let (load, most) = loads.max_by_key(|(load, _)| *load)?;
        if load < own.saturating_add(JOB) {
            return None;
        }
        let line = self.lines.get_mut(&most)?;
        let last = line.waiting.pop_back()?;
        self.waiting -= 1;
        if line.waiting.is_empty() {
            self.turns.retain(|other| *other != most);
        }
        Some(last)
    }

    /// What is begun next: of each client in turn the first that came.
    pub(super) fn pop(&mut self) -> Option<T> {
        let client = self.turns.pop_front()?;
        let line = self.lines.get_mut(&client)?;
        let first = line.waiting.pop_front()?;
        line.begun = line.begun.saturating_add(JOB);
        self.waiting -= 1;
        if !line.waiting.is_empty() {
            self.turns.push_back(client);
        }
        Some(first)
    }

    /// Takes out what waits for too long already: turns may make one wait for longer than promised.
    pub(super) fn overdue(&mut self, is_overdue: impl Fn(&T) -> bool) -> Vec<T> {
        let mut all = Vec::new();
        for client in &self.turns {
            let Some(line) = self.lines.get_mut(client) else { continue };
            while line.waiting.front().is_some_and(&is_overdue) {
                all.extend(line.waiting.pop_front());
            }
        }
        if !all.is_empty() {
            self.waiting -= all.len();
            let lines = &self.lines;
            self.turns.retain(|client| lines.get(client).is_some_and(|line| !line.waiting.is_empty()));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    fn of(queue: &mut Queue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn clients_are_served_in_turns_and_each_in_their_order() {
        let mut queue = Queue::default();
        for (number, job) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (2, "b2")] {
            queue.push(client(number), job);
        }
        assert_eq!(queue.len(), 6);
        assert_eq!(of(&mut queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert_eq!((queue.len(), queue.turns.len()), (0, 0));
    }

    #[test]
    fn who_has_most_makes_room_for_who_has_less_and_for_nobody_else() {
        let mut queue = Queue::default();
        for (number, job) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1")] {
            queue.push(client(number), job);
        }
        assert_eq!(queue.displace(client(1)), None, "not for themselves");
        assert_eq!(queue.displace(client(3)), Some("a3"));
        queue.push(client(3), "c1");
        // Two and one: to take from the one would only turn them round.
        assert_eq!(queue.displace(client(2)), None);
        assert_eq!(queue.displace(client(4)), Some("a2"));
        assert_eq!(queue.displace(client(4)), None);
        assert_eq!((queue.len(), of(&mut queue)), (3, vec!["a1", "b1", "c1"]));
    }

    #[test]
    fn who_was_served_much_makes_room_for_who_was_served_less_even_by_their_only_one() {
        let mut queue = Queue::default();
        for job in ["a1", "a2", "a3"] {
            queue.push(client(1), job);
            assert_eq!(queue.pop(), Some(job));
        }
        queue.push(client(1), "a4");
        assert_eq!(queue.displace(client(2)), Some("a4"));
        assert_eq!((queue.len(), queue.turns.len()), (0, 0));
        queue.push(client(1), "a5");
        queue.pass(HALF_LIFE * 3);
        assert_eq!(queue.displace(client(2)), None, "it was long ago");
    }

    #[test]
    fn nobody_is_remembered_for_long() {
        let mut queue = Queue::default();
        for number in 0..200 {
            queue.push(client(number), "job");
            assert_eq!(queue.pop(), Some("job"));
        }
        assert_eq!(queue.lines.len(), 200);
        queue.pass(HALF_LIFE * 5);
        assert_eq!(queue.lines.len(), 0);
        queue.push(client(1), "job");
        queue.pass(HALF_LIFE * 100);
        assert_eq!(of(&mut queue), ["job"]);
    }

    #[test]
    fn what_is_overdue_is_taken_out_of_all_lines() {
        let mut queue = Queue::default();
        for (number, since) in [(1, 1), (1, 5), (2, 2), (3, 9)] {
            queue.push(client(number), since);
        }
        assert_eq!(queue.overdue(|since| *since < 5), [1, 2]);
        assert_eq!((queue.len(), queue.turns.len()), (2, 2));
        assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some(5), Some(9), None]);
    }
}
