//! The hashing lane: own threads of lower priority, and admission by expected wait.
//!
//! A login costs milliseconds of a core, a verification microseconds: they must not wait for each other. More threads
//! than cores buy nothing, because a hash is bound by memory bandwidth. Work that would wait too long is refused at
//! once, so that a storm of logins neither grows a queue without end nor fills the memory. Clients are served in turns, and
//! where there is no room it is made by whoever has the most.

mod cost;
mod queue;

use std::{
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use countersign_core::{count::Counter, password::release_memory};

use cost::{Calibration, Cost};
use queue::Queue;

/// How nice the lane's threads are: at 5 both logins and verifications go on under full load; at 10 and beyond logins
/// starve.
const NICE: i32 = 5;
/// After how many tenths of the longest wait work is not begun any more. Whoever is told so then is told it within that wait, also
/// if the threads look for it a little later.
const LATEST: u32 = 9;
/// How many tenths of the longest wait work may be expected to wait: it is an estimate, and rather wrong where others take the cores.
const EXPECTED: u32 = 8;
/// Work may wait for so long in any case: a thread may have to wait for a core.
const LEAST: Duration = Duration::from_millis(250);

/// How often it is looked for work that waits for too long.
const LOOK: Duration = Duration::from_millis(50);

/// A thread without work for so long gives its memory block back.
const IDLE: Duration = Duration::from_secs(10);

/// The size of the lane.
#[derive(Debug, Clone, Copy)]
pub struct LaneOptions {
    /// Threads; 0 for as many as cores.
    pub threads: usize,
    /// Work that would wait for about as long is refused at once, and what then waits nevertheless is told so within it.
    pub max_wait: Duration,
}

/// What a job is told when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Work.
    Work,
    /// It waited longer than the lane promised, or made room for somebody else: answer that without working.
    TooLate,
}

/// Does the work of one native hash.
pub(super) type NativeHash = Box<dyn Fn() + Send>;

type Job = Box<dyn FnOnce(Turn) + Send>;

struct Waiting {
    since: Instant,
    job: Job,
}

impl Waiting {
    /// Answers without working.
    fn turn_away(self) {
        // A panic costs the one job its answer.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.job)(Turn::TooLate)));
    }
}

struct State {
    waiting: Queue<Waiting>,
    looked: Instant,
    running: u32,
    cost: Cost,
    open: bool,
}

/// The handle to a lane: when it goes, the threads finish what waits and end.
pub(super) struct Lane(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    threads: u32,
    max_wait: Duration,
    refused: Counter,
    began: Instant,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lane({} threads)", self.0.threads)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.state().open = false;
        self.0.ready.notify_all();
    }
}

impl Lane {
    /// Starts the threads; the first of them measures what `hash`, one native hash, costs while there is
    /// nothing else to do.
    pub(super) fn start(options: LaneOptions, hash: Option<NativeHash>) -> std::io::Result<Self> {
        Self::begun(Instant::now(), options, hash)
    }

    fn begun(began: Instant, options: LaneOptions, hash: Option<NativeHash>) -> std::io::Result<Self> {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        let threads = if options.threads == 0 { cores() } else { options.threads };
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                waiting: Queue::default(),
                looked: began,
                running: 0,
                cost: Cost::default(),
                open: true,
            }),
            ready: Condvar::new(),
            threads: u32::try_from(threads).unwrap_or(u32::MAX),
            max_wait: options.max_wait,
            refused: Counter::default(),
            began,
        });
        let mut hash = hash;
        for number in 0..threads {
            let (worker, hash) = (Arc::clone(&shared), hash.take());
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || worker.work(hash))?;
        }
        Ok(Self(shared))
    }

    /// See [`LaneOptions::max_wait`].
    pub(super) fn max_wait(&self) -> Duration {
        self.0.max_wait
    }

    /// The longest wait after which work is still begun.
    pub(super) fn latest(&self) -> Duration {
        self.0.latest()
    }

    /// What a native hash costs at least.
    pub(super) fn native(&self) -> Duration {
        self.0.state().cost.native()
    }

    /// How many jobs wait, and how many run.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = self.0.state();
        (state.waiting.len(), usize::try_from(state.running).unwrap_or(usize::MAX))
    }

    /// How many jobs were not taken, because they would have had to wait for too long.
    pub(super) fn refused(&self) -> u64 {
        self.0.refused.get()
    }

    /// Queues `job` of `client`, or says when to come again.
    pub(super) fn submit(&self, client: IpAddr, job: impl FnOnce(Turn) + Send + 'static) -> Result<(), Duration> {
        let lane = &self.0;
        let now = Instant::now();
        let mut state = lane.state();
        state.waiting.pass(now.duration_since(lane.began));
        let ahead = u32::try_from(state.waiting.len()).unwrap_or(u32::MAX).saturating_add(state.running);
        // Who finds a free thread does not wait at all.
        let queued = ahead.saturating_add(1).saturating_sub(lane.threads);
        let expected = state.cost.mean().saturating_mul(queued) / lane.threads;
        let mut displaced = None;
        if expected > lane.max_wait * EXPECTED / 10 {
            lane.refused.add();
            displaced = state.waiting.displace(client);
            if displaced.is_none() {
                return Err(expected);
            }
        }
        state.waiting.push(client, Waiting { since: now, job: Box::new(job) });
        drop(state);
        lane.ready.notify_one();
        if let Some(displaced) = displaced {
            displaced.turn_away();
        }
        Ok(())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn latest(&self) -> Duration {
        (self.max_wait * LATEST / 10).max(LEAST)
    }

    /// What has waited for too long, if it is time to look for it.
    fn overdue(&self, state: &mut State, now: Instant) -> Vec<Waiting> {
        if now.duration_since(state.looked) < LOOK {
            return Vec::new();
        }
        state.looked = now;
        let latest = self.latest();
        let overdue = state.waiting.overdue(|waiting| now.duration_since(waiting.since) > latest);
        (0..overdue.len()).for_each(|_| self.refused.add());
        overdue
    }

    fn work(&self, hash: Option<NativeHash>) {
        // Linux knows a priority a thread; where the system refuses, the lane works at the common one.
        let _ = rustix::process::setpriority_process(None, NICE);
        let mut calibration = hash.map(Calibration::new);
        let mut state = self.state();
        loop {
            let overdue = self.overdue(&mut state, Instant::now());
            if !overdue.is_empty() {
                drop(state);
                overdue.into_iter().for_each(Waiting::turn_away);
                state = self.state();
            }
            if let Some(Waiting { since, job }) = state.waiting.pop() {
                state.running += 1;
                drop(state);
                let began = Instant::now();
                let turn = if began.duration_since(since) > self.latest() {
                    self.refused.add();
                    Turn::TooLate
                } else {
                    Turn::Work
                };
                // A panic costs the one job its answer, not the lane its thread.
                let _ = catch_unwind(AssertUnwindSafe(|| job(turn)));
                let took = began.elapsed();
                state = self.state();
                state.running -= 1;
                state.cost.learn(took);
            } else if let Some(unfinished) = calibration.take().filter(|_| state.open) {
                drop(state);
                let stepped = unfinished.step();
                state = self.state();
                match stepped {
                    Ok(native) => {
                        state.cost.calibrate(native);
                        release_memory();
                    }
                    Err(unfinished) => calibration = Some(unfinished),
                }
            } else if state.open {
                let waited = self.ready.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
                if waited.1.timed_out() {
                    release_memory();
                }
                state = waited.0;
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::mpsc::{Sender, channel},
    };

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn lane(max_wait: Duration) -> Lane {
        Lane::start(LaneOptions { threads: 1, max_wait }, None).unwrap()
    }

    /// Occupies the only thread until the sender goes.
    fn hold(lane: &Lane) -> Sender<()> {
        let (release, wait) = channel();
        let hold = move |_| {
            let _ = wait.recv();
        };
        assert_eq!(lane.submit(HERE, hold), Ok(()));
        release
    }

    #[test]
    fn what_would_wait_too_long_is_refused_at_once_with_a_time() {
        let lane = lane(Duration::from_millis(40));
        let release = hold(&lane);
        // At the first guess of 15 ms a job, two may wait behind the running one.
        assert_eq!(lane.submit(HERE, |_| ()), Ok(()));
        assert_eq!(lane.submit(HERE, |_| ()), Ok(()));
        assert_eq!(lane.submit(HERE, |_| ()), Err(Duration::from_millis(45)));
        drop(release);
    }

    #[test]
    fn a_client_with_nothing_waiting_gets_in_where_another_has_filled_the_lane() {
        let lane = lane(Duration::from_millis(40));
        let release = hold(&lane);
        let (sender, answers) = channel();
        let tell = |name: &'static str| {
            let sender = sender.clone();
            move |turn| sender.send((name, turn)).unwrap()
        };
        assert_eq!(lane.submit(HERE, tell("first")), Ok(()));
        assert_eq!(lane.submit(HERE, tell("second")), Ok(()));
        assert_eq!(lane.submit(HERE, tell("third")), Err(Duration::from_millis(45)));
        let elsewhere = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(lane.submit(elsewhere, tell("polite")), Ok(()));
        // Whoever made room is told at once, and nobody waits longer for it.
        assert_eq!(answers.try_recv(), Ok(("second", Turn::TooLate)));
        assert_eq!(lane.refused(), 2);
        drop(release);
        let mut rest: Vec<_> = (0..2).map(|_| answers.recv_timeout(Duration::from_secs(5)).unwrap()).collect();
        rest.sort_unstable_by_key(|(name, _)| *name);
        assert_eq!(rest, [("first", Turn::Work), ("polite", Turn::Work)]);
    }

    #[test]
    fn jobs_that_hash_nothing_do_not_open_the_door() {
        let lane = lane(Duration::from_millis(40));
        let (sender, done) = channel();
        for _ in 0..200 {
            let sender = sender.clone();
            lane.submit(HERE, move |_| sender.send(()).unwrap()).unwrap();
            done.recv().unwrap();
        }
        let release = hold(&lane);
        let admitted = (0..100).take_while(|_| lane.submit(HERE, |_| ()).is_ok()).count();
        assert!(admitted <= 2, "{admitted}");
        drop(release);
    }

    #[test]
    fn whose_turn_comes_too_late_is_told_so() {
        let lane = lane(Duration::from_millis(40));
        let release = hold(&lane);
        let (sender, turn) = channel();
        lane.submit(HERE, move |turn| sender.send(turn).unwrap()).unwrap();
        thread::sleep(lane.latest() + LOOK);
        drop(release);
        assert_eq!(turn.recv_timeout(Duration::from_secs(5)), Ok(Turn::TooLate));
    }

    #[test]
    fn nobody_waits_for_the_turns_of_others_to_be_told_that_it_is_too_late() {
        let lane = lane(Duration::from_millis(100));
        let release = hold(&lane);
        let (sender, turns) = channel();
        for _ in 0..2 {
            let sender = sender.clone();
            lane.submit(HERE, move |turn| sender.send(turn).unwrap()).unwrap();
        }
        thread::sleep(lane.latest() + LOOK);
        // Whose turn is between these two, and who has not waited yet.
        let (end, wait) = channel::<()>();
        lane.submit(IpAddr::from([192, 0, 2, 1]), move |_| assert!(wait.recv().is_err())).unwrap();
        drop(release);
        let told = [turns.recv_timeout(Duration::from_secs(5)), turns.recv_timeout(Duration::from_secs(5))];
        assert_eq!(told, [Ok(Turn::TooLate); 2]);
        drop(end);
    }

    #[test]
    fn who_came_long_ago_is_like_who_never_came() {
        let options = LaneOptions { threads: 1, max_wait: Duration::from_millis(40) };
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        let lane = Lane::begun(long_ago, options, None).unwrap();
        let elsewhere = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..3 {
            let mut state = lane.0.state();
            state.waiting.push(elsewhere, Waiting { since: long_ago, job: Box::new(|_| ()) });
            state.waiting.pop();
        }
        let release = hold(&lane);
        assert_eq!([lane.submit(HERE, |_| ()), lane.submit(HERE, |_| ())], [Ok(()); 2]);
        assert_eq!(lane.submit(elsewhere, |_| ()), Ok(()));
        drop(release);
    }

    #[test]
    fn the_native_hash_is_measured_on_the_lane() {
        let slow = Box::new(|| thread::sleep(Duration::from_millis(30)));
        let options = LaneOptions { threads: 1, max_wait: Duration::from_secs(1) };
        let lane = Lane::start(options, Some(slow)).unwrap();
        let began = Instant::now();
        while lane.native() < Duration::from_millis(30) {
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", lane.native());
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_panic_costs_one_job_and_not_the_thread() {
        let lane = lane(Duration::from_secs(1));
        lane.submit(HERE, |_| panic!("expected by the test")).unwrap();
        let (sender, receiver) = channel();
        lane.submit(HERE, move |_| sender.send(7).unwrap()).unwrap();
        assert_eq!(receiver.recv_timeout(Duration::from_secs(5)), Ok(7));
    }

    #[test]
    fn what_waits_is_finished_when_the_lane_goes() {
        let lane = lane(Duration::from_secs(1));
        let (sender, receiver) = channel();
        for number in 0..10 {
            let sender = sender.clone();
            lane.submit(HERE, move |_| sender.send(number).unwrap()).unwrap();
        }
        drop((lane, sender));
        assert_eq!(receiver.iter().sum::<i32>(), 45);
    }
}
