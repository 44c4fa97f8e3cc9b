//! The open sockets of a server: how many there are, whose they are, and that they are to close when it stops.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign_core::UserId;

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
    total: usize,
    by_user: HashMap<UserId, usize>,
}

impl Sockets {
    /// A seat for one more socket, as long as it is open; `None` if there are `most` already or if the server stops.
    pub fn seat(&self, most: usize) -> Option<Seat> {
        let mut open = self.open();
        if open.total >= most || self.are_closing() {
            return None;
        }
        open.total += 1;
        Some(Seat { sockets: self.clone(), user: None })
    }

    /// Tells every socket to close, and lets nobody in any more.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::SeqCst);
    }

    /// Are all sockets to close?
    pub fn are_closing(&self) -> bool {
        self.0.closing.load(Ordering::SeqCst)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to be one of the open sockets; given back on drop.
#[derive(Debug)]
pub struct Seat {
    sockets: Sockets,
    user: Option<UserId>,
}

impl Seat {
    /// Gives the seat to `user`, once it is known who is there; `false` if they have `most` already.
    pub fn assign(&mut self, user: UserId, most: usize) -> bool {
        let mut open = self.sockets.open();
        let theirs = open.by_user.entry(user).or_default();
        let fits = *theirs < most;
        if fits {
            *theirs += 1;
            self.user = Some(user);
        }
        fits
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.sockets.open();
        open.total -= 1;
        if let Some(user) = self.user
            && let Some(theirs) = open.by_user.get_mut(&user)
        {
            *theirs -= 1;
            if *theirs == 0 {
                open.by_user.remove(&user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_in_all_and_by_user_and_given_back() {
        let (sockets, ada) = (Sockets::default(), UserId(1));
        let mut first = sockets.seat(2).unwrap();
        let mut second = sockets.seat(2).unwrap();
        assert!(sockets.seat(2).is_none());
        assert!(first.assign(ada, 1));
        assert!(!second.assign(ada, 1));
        assert!(second.assign(UserId(2), 1));
        drop((first, second));
        assert!(sockets.open().by_user.is_empty());
        let mut again = sockets.seat(1).unwrap();
        assert!(again.assign(ada, 1));
    }

    #[test]
    fn a_server_that_stops_lets_nobody_in() {
        let sockets = Sockets::default();
        sockets.close();
        assert!(sockets.are_closing() && sockets.seat(1).is_none());
    }
}
