//! What runs beside the requests: reading the revocations of other processes, new keys and what was imported, writing last
//! uses, pruning.

use std::{
    io,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use countersign_adapters::executor::Executor;
use countersign_core::{
    Throttle, UserId,
    auth::{Realm, Survey},
    cache::Follower,
};

use crate::keys::Keys;

/// How often it is asked whether the key files were written again.
const LOOK: Duration = Duration::from_secs(1);
/// How often last uses are written; they are true to a minute anyway.
const FLUSH: Duration = Duration::from_secs(5);
/// How often counters of the throttle that are over are forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// How often ended tokens and old revocations are deleted.
const PRUNE: Duration = Duration::from_secs(3600);

/// How often the hashes of new users are looked at: another process may have imported them.
const SURVEY: Duration = Duration::from_secs(5);
/// How often those of all users are, whose hashes may have been replaced.
const SURVEY_ALL: Duration = Duration::from_secs(3600);

/// The threads; dropping it ends them and writes what is pending.
pub struct Background {
    realm: Realm,
    stop: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    pub(super) fn start(
        realm: &Realm,
        keys: &Keys,
        throttle: &Throttle,
        executor: &Executor,
        poll: Duration,
    ) -> io::Result<Self> {
        let mut background = Self { realm: realm.clone(), stop: Vec::new(), threads: Vec::new() };
        let mut follower = Follower::begin(realm).map_err(io::Error::other)?;
        follower.look(realm).map_err(io::Error::other)?;
        let reader = realm.clone();
        let mut blind = false;
        background.every(poll, "revocations", move || {
            let looked = follower.look(&reader);
            match looked {
                Ok(()) => blind = false,
                // Told once, not four times a second.
                Err(error) if !blind => {
                    blind = true;
                    tracing::warn!(%error, "cannot read the revocations of other processes; nothing cached is trusted");
                }
                Err(_) => {}
            }
        })?;
        let (keys, clock) = (keys.clone(), realm.clone());
        let mut unread = false;
        background.every(LOOK, "keys", move || {
            let looked = keys.look(clock.random(), clock.now()).map(|again| again.then(|| clock.forget_everybody()));
            if let (Err(error), false) = (&looked, unread) {
                tracing::warn!(%error, "cannot read the keys again; those that were read before stay in use");
            }
            unread = looked.is_err();
        })?;
        let (counters, clock) = (throttle.clone(), realm.clone());
        background.every(SWEEP, "throttle", move || {
            if let Err(error) = counters.sweep(clock.steady()) {
                tracing::warn!(%error, "cannot forget shared counters yet");
            }
        })?;
        if throttle.is_shared() {
            let counters = throttle.clone();
            let mut unsettled = false;
            background.every(LOOK, "guesses", move || {
                let settled = counters.settle_owed();
                if let (Err(error), false) = (&settled, unsettled) {
                    tracing::warn!(%error, "cannot tell the shared counters yet what became of guesses");
                }
                unsettled = settled.is_err();
            })?;
        }
        let follower = realm.clone();
        let mut undone = false;
        background.every(LOOK, "follow-ups", move || {
            let done = follower.follow_up();
            if let (Err(error), false) = (&done, undone) {
                tracing::warn!(%error, "cannot revoke yet what has to be revoked");
            }
            undone = done.is_err();
        })?;
        background.survey(realm.clone(), executor.clone())?;
        let writer = realm.clone();
        let mut pruned = Instant::now();
        background.every(FLUSH, "housekeeping", move || {
            if let Err(error) = writer.flush_usage() {
                tracing::warn!(%error, "cannot write last uses yet");
            }
            if pruned.elapsed() >= PRUNE {
                pruned = Instant::now();
                prune(&writer);
            }
        })?;
        Ok(background)
    }

    /// Looks at the stored hashes, at once and from time to time: a failed login takes as long as the slowest of them.
    fn survey(&mut self, realm: Realm, executor: Executor) -> io::Result<()> {
        let (stop, stopped) = channel();
        let thread = thread::Builder::new().name("passwords".to_owned()).spawn(move || {
            let (mut last, mut began, mut unverifiable) = (UserId(0), Instant::now(), 0);
            let (mut pause, mut blind) = (Duration::ZERO, false);
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let survey = realm.survey_passwords(last);
                if let (Err(error), false) = (&survey, blind) {
                    tracing::warn!(%error, "cannot look at the stored password hashes yet");
                }
                (pause, blind) = (SURVEY, survey.is_err());
                executor.measure_schemes();
                match survey {
                    Ok(Survey { last: end, read, unverifiable: more }) if read > 0 => {
                        (last, pause) = (end, Duration::ZERO);
                        unverifiable += more;
                        continue;
                    }
                    Ok(_) => tell_unverifiable(std::mem::take(&mut unverifiable)),
                    Err(_) => {}
                }
                if began.elapsed() >= SURVEY_ALL {
                    (last, began) = (UserId(0), Instant::now());
                }
            }
        })?;
        self.stop.push(stop);
        self.threads.push(thread);
        Ok(())
    }

    /// Runs `work` at this interval, and once more at the end.
    fn every(&mut self, interval: Duration, name: &str, mut work: impl FnMut() + Send + 'static) -> io::Result<()> {
        let (stop, stopped) = channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                work();
            }
            work();
        })?;
        self.stop.push(stop);
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.clear();
        for thread in self.threads.drain(..) {
            // A panic of a background thread has been printed by itself.
            let _ = thread.join();
        }
        self.realm.give_up_follow_ups();
    }
}

fn prune(realm: &Realm) {
    match realm.prune() {
        Ok(0) => {}
        Ok(gone) => tracing::info!(gone, "pruned ended tokens"),
        Err(error) => tracing::warn!(%error, "cannot prune ended tokens"),
    }
}

fn tell_unverifiable(users: usize) {
    if users > 0 {
        tracing::warn!(users, "users have password hashes that cannot be checked: they cannot log in by password");
    }
}
