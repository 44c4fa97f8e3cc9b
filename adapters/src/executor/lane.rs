//! The hashing lane: own threads of lower priority, and admission by expected wait.
//!
//! A login costs milliseconds of a core, a verification microseconds: they must not wait for each other. More threads
//! than cores buy nothing, because a hash is bound by memory bandwidth. Work that would wait too long is refused at
//! once, so that a storm of logins neither grows a queue without end nor fills the memory.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How nice the lane's threads are: at 5 both logins and verifications go on under full load; at 10 and beyond logins
/// starve.
const NICE: i32 = 5;
/// What a hash is taken to cost before the first one was measured: argon2id with 19 MiB and two passes.
const FIRST_GUESS: Duration = Duration::from_millis(15);
/// The weight of the newest measurement is one in this many.
const SMOOTHING: u32 = 16;

/// The size of the lane.
#[derive(Debug, Clone, Copy)]
pub struct LaneOptions {
    /// Threads; 0 for as many as cores.
    pub threads: usize,
    /// Work that would wait longer is refused.
    pub max_wait: Duration,
}

type Job = Box<dyn FnOnce() + Send>;

struct State {
    waiting: VecDeque<Job>,
    running: u32,
    mean: Duration,
    open: bool,
}

/// The handle to a lane: when it goes, the threads finish what waits and end.
pub(super) struct Lane(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    threads: u32,
    max_wait: Duration,
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
    pub(super) fn start(options: LaneOptions) -> std::io::Result<Self> {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        let threads = if options.threads == 0 { cores() } else { options.threads };
        let shared = Arc::new(Shared {
            state: Mutex::new(State { waiting: VecDeque::new(), running: 0, mean: FIRST_GUESS, open: true }),
            ready: Condvar::new(),
            threads: u32::try_from(threads).unwrap_or(u32::MAX),
            max_wait: options.max_wait,
        });
        for number in 0..threads {
            let worker = Arc::clone(&shared);
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || worker.work())?;
        }
        Ok(Self(shared))
    }

    /// Queues `job`, or says when to come again.
    pub(super) fn submit(&self, job: Job) -> Result<(), Duration> {
        let lane = &self.0;
        let mut state = lane.state();
        let ahead = u32::try_from(state.waiting.len()).unwrap_or(u32::MAX).saturating_add(state.running);
        // Who finds a free thread does not wait at all.
        let queued = ahead.saturating_add(1).saturating_sub(lane.threads);
        let expected = state.mean.saturating_mul(queued) / lane.threads;
        if expected > lane.max_wait {
            return Err(expected);
        }
        state.waiting.push_back(job);
        drop(state);
        lane.ready.notify_one();
        Ok(())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        // Linux knows a priority a thread; where the system refuses, the lane works at the common one.
        let _ = rustix::process::setpriority_process(None, NICE);
        let mut state = self.state();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                state.running += 1;
                drop(state);
                let began = Instant::now();
                // A panic costs the one job its answer, not the lane its thread.
                let _ = catch_unwind(AssertUnwindSafe(job));
                let took = began.elapsed();
                state = self.state();
                state.running -= 1;
                state.mean = (state.mean * (SMOOTHING - 1) + took) / SMOOTHING;
            } else if state.open {
                state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn lane(max_wait: Duration) -> Lane {
        Lane::start(LaneOptions { threads: 1, max_wait }).unwrap()
    }

    #[test]
    fn what_would_wait_too_long_is_refused_at_once_with_a_time() {
        let lane = lane(Duration::from_millis(40));
        let (release, wait) = channel::<()>();
        let hold = Box::new(move || {
            let _ = wait.recv();
        });
        assert_eq!(lane.submit(hold), Ok(()));
        // At the first guess of 15 ms a job, two may wait behind the running one.
        assert_eq!(lane.submit(Box::new(|| ())), Ok(()));
        assert_eq!(lane.submit(Box::new(|| ())), Ok(()));
        assert_eq!(lane.submit(Box::new(|| ())), Err(Duration::from_millis(45)));
        drop(release);
    }

    #[test]
    fn a_panic_costs_one_job_and_not_the_thread() {
        let lane = lane(Duration::from_secs(1));
        lane.submit(Box::new(|| panic!("expected by the test"))).unwrap();
        let (sender, receiver) = channel();
        lane.submit(Box::new(move || sender.send(7).unwrap())).unwrap();
        assert_eq!(receiver.recv_timeout(Duration::from_secs(5)), Ok(7));
    }

    #[test]
    fn what_waits_is_finished_when_the_lane_goes() {
        let lane = lane(Duration::from_secs(1));
        let (sender, receiver) = channel();
        for number in 0..10 {
            let sender = sender.clone();
            lane.submit(Box::new(move || sender.send(number).unwrap())).unwrap();
        }
        drop((lane, sender));
        assert_eq!(receiver.iter().sum::<i32>(), 45);
    }
}
