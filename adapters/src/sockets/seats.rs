//! How many sockets are open, whose they are, and that they are to close when the server stops.
//!
//! Who has not said who they are sits apart: however many strangers come, the users' seats stay free for users.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign_core::UserId;

use crate::client::network;

/// One in so many of the users' seats is there for strangers, who leave it within seconds.
const USERS_A_STRANGER: usize = 10;
/// As many strangers may always come in.
const FEWEST_STRANGERS: usize = 16;
/// So many addresses can have all their strangers' seats taken before strangers from others find none. Behind a proxy
/// that is not trusted all have one address, and share what it may have.
const ADDRESSES: usize = 4;

/// How many sockets may be open at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of users.
    pub users: usize,
    /// Of one user.
    pub one_user: usize,
}

impl Limits {
    /// Of those who have not said who they are.
    pub fn strangers(self) -> usize {
        (self.users / USERS_A_STRANGER).max(FEWEST_STRANGERS)
    }

    /// Of those among them who come from one address.
    pub fn one_address(self) -> usize {
        self.strangers() / ADDRESSES
    }
}

/// All sockets of a server, over all its workers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sockets(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    open: Mutex<Open>,
    closing: AtomicBool,
}

#[derive(Debug, Default)]
struct Open {
    users: Count<UserId>,
    strangers: Count<Option<IpAddr>>,
}

/// How many there are, in all and of each.
#[derive(Debug)]
struct Count<K> {
    total: usize,
    each: HashMap<K, usize>,
}

impl<K> Default for Count<K> {
    fn default() -> Self {
        Self { total: 0, each: HashMap::new() }
    }
}

impl<K: Eq + Hash> Count<K> {
    /// One more, unless there are `most` in all or `most_of_one` of these.
    fn add(&mut self, key: K, most: usize, most_of_one: usize) -> bool {
        let of_one = self.each.get(&key).copied().unwrap_or_default();
        let fits = self.total < most && of_one < most_of_one;
        if fits {
            self.total += 1;
            self.each.insert(key, of_one + 1);
        }
        fits
    }

    fn remove(&mut self, key: &K) {
        self.total -= 1;
        match self.each.get_mut(key) {
            Some(of_one) if *of_one > 1 => *of_one -= 1,
            _ => drop(self.each.remove(key)),
        }
    }
}

impl Sockets {
    /// A seat for one more socket of `user`; `None` if there are too many or if the server stops.
    pub fn seat(&self, user: UserId, limits: Limits) -> Option<Seat> {
        self.take(Holder::User(user), limits)
    }

    /// A seat for somebody from `address` until they say who they are; `None` if there are too many of them or if the
    /// server stops.
    pub fn seat_for_stranger(&self, address: Option<IpAddr>, limits: Limits) -> Option<Seat> {
        self.take(Holder::Stranger(address.map(network)), limits)
    }

    /// Tells every socket to close, and lets nobody in any more.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::SeqCst);
    }

    /// How many are open: of users, and of those who have not said yet who they are.
    pub fn count(&self) -> (usize, usize) {
        let open = self.open();
        (open.users.total, open.strangers.total)
    }

    /// Are all sockets to close?
    pub fn are_closing(&self) -> bool {
        self.0.closing.load(Ordering::SeqCst)
    }

    fn take(&self, holder: Holder, limits: Limits) -> Option<Seat> {
        let fits = !self.are_closing() && self.open().add(holder, limits);
        fits.then(|| Seat { sockets: self.clone(), holder })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn add(&mut self, holder: Holder, limits: Limits) -> bool {
        match holder {
            Holder::User(user) => self.users.add(user, limits.users, limits.one_user),
            Holder::Stranger(address) => self.strangers.add(address, limits.strangers(), limits.one_address()),
        }
    }

    fn remove(&mut self, holder: Holder) {
        match holder {
            Holder::User(user) => self.users.remove(&user),
            Holder::Stranger(address) => self.strangers.remove(&address),
        }
    }
}

/// Whose a seat is.
#[derive(Debug, Clone, Copy)]
enum Holder {
    User(UserId),
    Stranger(Option<IpAddr>),
}

/// The right to be one of the open sockets; given back on drop.
#[derive(Debug)]
pub struct Seat {
    sockets: Sockets,
    holder: Holder,
}

impl Seat {
    /// Gives the seat to `user`, once it is known who is there; `false` if there are too many of theirs or of users.
    pub fn assign(&mut self, user: UserId, limits: Limits) -> bool {
        let mut open = self.sockets.open();
        let holder = Holder::User(user);
        let fits = open.add(holder, limits);
        if fits {
            open.remove(std::mem::replace(&mut self.holder, holder));
        }
        fits
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.sockets.open().remove(self.holder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn limits(users: usize, one_user: usize) -> Limits {
        Limits { users, one_user }
    }

    #[test]
    fn seats_are_counted_in_all_and_by_user_and_given_back() {
        let sockets = Sockets::default();
        let first = sockets.seat(ADA, limits(2, 1)).unwrap();
        assert!(sockets.seat(ADA, limits(2, 1)).is_none());
        let second = sockets.seat(BOB, limits(2, 1)).unwrap();
        assert!(sockets.seat(UserId(3), limits(2, 1)).is_none());
        drop((first, second));
        assert!(sockets.open().users.each.is_empty());
        assert!(sockets.seat(ADA, limits(1, 1)).is_some());
    }

    #[test]
    fn strangers_take_no_seat_of_users_and_one_address_not_all_of_theirs() {
        let (sockets, limits) = (Sockets::default(), limits(1, 1));
        let here: Option<IpAddr> = "192.0.2.1".parse().ok();
        let mut strangers: Vec<_> = (0..4).map(|_| sockets.seat_for_stranger(here, limits).unwrap()).collect();
        assert!(sockets.seat_for_stranger(here, limits).is_none());
        assert!(sockets.seat_for_stranger("::ffff:192.0.2.1".parse().ok(), limits).is_none());
        assert!(sockets.seat_for_stranger("192.0.2.2".parse().ok(), limits).is_some());
        assert!(strangers[0].assign(ADA, limits));
        assert!(!strangers[1].assign(BOB, limits));
        assert!(sockets.seat_for_stranger(here, limits).is_some());
        drop(strangers);
        let open = sockets.open();
        assert_eq!((open.users.total, open.strangers.total), (0, 0));
    }

    #[test]
    fn ten_times_as_many_as_may_come_in_leave_no_more_behind() {
        let (sockets, limits) = (Sockets::default(), limits(100, 3));
        let users: Vec<_> = (0..1_000).filter_map(|user| sockets.seat(UserId(user / 10), limits)).collect();
        let from = |number: u32| Some(IpAddr::V4(number.into()));
        let strangers: Vec<_> = (0..160).filter_map(|number| sockets.seat_for_stranger(from(number), limits)).collect();
        assert_eq!((users.len(), strangers.len(), sockets.count()), (100, 16, (100, 16)));
        let sizes = |sockets: &Sockets| {
            let open = sockets.open();
            (open.users.each.len(), open.strangers.each.len())
        };
        assert_eq!(sizes(&sockets), (34, 16), "who found no seat is not remembered");
        drop((users, strangers));
        assert_eq!((sockets.count(), sizes(&sockets)), ((0, 0), (0, 0)));
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let parse = |text: &str| network(text.parse().unwrap());
        assert_eq!(parse("2001:db8::1"), parse("2001:db8::ffff:0:2"));
        assert_ne!(parse("2001:db8::1"), parse("2001:db8:0:1::1"));
    }

    #[test]
    fn strangers_have_a_tenth_and_always_some() {
        assert_eq!((limits(10_000, 50).strangers(), limits(10_000, 50).one_address()), (1000, 250));
        assert_eq!((limits(1, 1).strangers(), limits(1, 1).one_address()), (16, 4));
    }

    #[test]
    fn a_server_that_stops_lets_nobody_in() {
        let sockets = Sockets::default();
        sockets.close();
        let limits = limits(1, 1);
        assert!(sockets.are_closing() && sockets.seat(ADA, limits).is_none());
        assert!(sockets.seat_for_stranger(None, limits).is_none());
    }
}
