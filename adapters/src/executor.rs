//! Where work runs: what hashes goes to the hashing lane, what asks the store to a blocking thread; the workers only
//! parse and render.
//!
//! Nobody waits without limit, even when the store neither answers nor fails: what cannot begin in time is not begun,
//! and what does not end in time is answered as a failure of the store.

mod floor;
mod lane;

pub use lane::LaneOptions;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    rt::time::{sleep, timeout},
    web,
};
use countersign_core::{
    AuthError, Secret, deadline,
    password::{Passwords, release_memory},
    store::StoreError,
};
use tokio::sync::{Semaphore, oneshot};

use floor::Floor;
use lane::{Lane, Turn};

/// What work may take beside its waits for the lane and for a connection.
const WORKING: Duration = Duration::from_secs(1);
/// What a commit may take that begins at the last moment: so much earlier than the client's patience the work ends.
const COMMITTING: Duration = Duration::from_millis(100);
/// Threads that may ask the store beyond its connections: they wait for the next one that is given back, or do what
/// needs none.
const BESIDE_CONNECTIONS: usize = 4;
/// A job on the lane may hash more than once (check, then upgrade), beside others that take the cores.
const HASHES_A_JOB: u32 = 4;

/// What the executors are told at the start.
#[derive(Debug, Clone)]
pub struct ExecutorOptions {
    /// The hashing lane.
    pub lane: LaneOptions,
    /// How passwords are hashed, a clone of the realm's: one native hash is measured at the start.
    pub passwords: Passwords,
    /// A failed login is answered no sooner, and later if a slower hash is stored.
    pub failure_floor: Duration,
    /// How many connections to the store there are.
    pub connections: usize,
    /// How long work may wait for a connection.
    pub store_wait: Duration,
}

/// The two executors beside the workers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Executor {
    lane: Arc<Lane>,
    blocking: Arc<Semaphore>,
    passwords: Passwords,
    floor: Arc<Floor>,
    store_wait: Duration,
}

impl Executor {
    /// Starts the lane's threads.
    ///
    /// # Errors
    /// If the system gives no more threads.
    pub fn start(options: ExecutorOptions) -> std::io::Result<Self> {
        let ExecutorOptions { lane, passwords, failure_floor, connections, store_wait } = options;
        let measured = passwords.clone();
        let hash = move || {
            measured.check(&Secret::from("measured"), None);
        };
        Ok(Self {
            lane: Arc::new(Lane::start(lane, Some(Box::new(hash)))?),
            blocking: Arc::new(Semaphore::new(connections.saturating_add(BESIDE_CONNECTIONS))),
            passwords,
            floor: Arc::new(Floor::new(failure_floor)),
            store_wait,
        })
    }

    /// The hashing lane: how many jobs wait for it, and how many run.
    pub fn lane_load(&self) -> (usize, usize) {
        self.lane.load()
    }

    /// How many logins and the like the lane did not take.
    pub fn lane_refused(&self) -> u64 {
        self.lane.refused()
    }

    /// Measures the schemes that the stored hashes are known to have and that were not measured yet: from then on every
    /// failed login takes as long as one with the slowest of them. It takes seconds; call it beside the requests.
    pub fn measure_schemes(&self) {
        if let Some((scheme, took)) = self.floor.measure(self.passwords.present()) {
            let floor = self.floor.now(self.lane.native());
            tracing::info!(%scheme, ?took, ?floor, "a failed login takes as long as the slowest hash that is stored");
            release_memory();
        }
    }

    /// Runs `work` on the hashing lane, where clients are served in turns. A failed login is held back to the floor by a timer,
    /// so that the time it took says nothing about its reason.
    pub(crate) async fn hashing<T, W>(&self, client: IpAddr, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, AuthError> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let retry_after = self.lane.max_wait();
        let floor = Arc::clone(&self.floor);
        let hash = self.lane.native().max(self.floor.slowest());
        // Of its two waits only the longer: who waited long for the lane waits less for a connection.
        let patience = self.lane.latest().max(self.store_wait) + hash * HASHES_A_JOB + WORKING;
        let (_, end) = ends(patience);
        let job = move |turn| {
            // Nobody waits for the hash of a client that has gone.
            if sender.is_closed() {
                return;
            }
            let began = Instant::now();
            let result = match turn {
                Turn::Work => deadline::until(end, work),
                Turn::TooLate => Err(AuthError::Busy { retry_after }),
            };
            if matches!(result, Err(AuthError::WrongCredentials)) {
                floor.learn(began.elapsed());
            }
            let _ = sender.send((began, result));
        };
        self.lane.submit(client, job).map_err(|retry_after| AuthError::Busy { retry_after })?;
        match timeout(patience, answer).await {
            Ok(Ok((began, result))) => {
                if matches!(result, Err(AuthError::WrongCredentials)) {
                    // Since its turn came: the wait for it was the same for everybody.
                    sleep(self.floor.now(self.lane.native()).saturating_sub(began.elapsed())).await;
                }
                result
            }
            Ok(Err(_)) => Err(ended()),
            Err(_) => Err(stalled()),
        }
    }

    /// Holds an answer for which nothing was hashed back to the least time of a failed login, by a timer: where the time
    /// since `began` would tell what was found.
    pub(crate) async fn hold(&self, began: Instant) {
        sleep(self.floor.least().saturating_sub(began.elapsed())).await;
    }

    /// Runs `work`, which asks the store, on a blocking thread. Once begun it runs to its end, even if the client goes;
    /// but what it has not committed when the client is given up, the store does not commit any more
    /// ([`mod@deadline`]).
    ///
    /// # Errors
    /// What `work` fails with; [`AuthError::Store`] if it does not begin or end in time.
    pub async fn blocking<T, W>(&self, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, AuthError> + Send + 'static,
    {
        let (given_up, end) = ends(self.store_wait + WORKING);
        let free = Arc::clone(&self.blocking).acquire_owned();
        let permit = timeout(self.store_wait, free).await.map_err(|_| stalled())?;
        let work = move || {
            // Whoever is stuck in the store keeps its place: the threads are bounded, not the answers.
            let _permit = permit;
            if Instant::now() >= end {
                return Err(stalled());
            }
            deadline::until(end, work)
        };
        // The wait for the place is part of it.
        match timeout(given_up.saturating_duration_since(Instant::now()), web::block(work)).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(ended())),
            Err(_) => Err(stalled()),
        }
    }
}

/// When a client is given up that waits from now on, and when the work for it ends.
fn ends(patience: Duration) -> (Instant, Instant) {
    let now = Instant::now();
    (now + patience, now + patience.saturating_sub(COMMITTING))
}

fn ended() -> AuthError {
    AuthError::Store(StoreError::new("the work ended without an answer"))
}

fn stalled() -> AuthError {
    AuthError::Store(StoreError::new("the store did not answer in time"))
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, sync::mpsc::channel, thread};

    use actix_web::rt::{System, spawn};
    use countersign_core::password::Argon2Params;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn executor(connections: usize) -> Executor {
        let lane = LaneOptions { threads: 1, max_wait: Duration::from_millis(100) };
        let passwords = Passwords::new(Argon2Params { memory_kib: 8, iterations: 1, parallelism: 1 });
        let store_wait = Duration::from_millis(50);
        Executor::start(ExecutorOptions { lane, passwords, failure_floor: Duration::ZERO, connections, store_wait })
            .unwrap()
    }

    #[test]
    fn a_stalled_store_is_a_failure_in_time_and_work_that_did_not_begin_is_not_done() {
        let executor = executor(1);
        let (release, stalled) = channel::<()>();
        let stalled = Arc::new(std::sync::Mutex::new(stalled));
        System::new().block_on(async {
            let began = Instant::now();
            let all: Vec<_> = (0..20)
                .map(|_| {
                    let (executor, stalled) = (executor.clone(), Arc::clone(&stalled));
                    spawn(async move {
                        executor
                            .blocking(move || {
                                let _ = stalled.lock().map(|stalled| stalled.recv());
                                Ok(())
                            })
                            .await
                    })
                })
                .collect();
            for answer in all {
                assert!(matches!(answer.await.unwrap(), Err(AuthError::Store(_))));
            }
            assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
            drop(release);
            assert_eq!(executor.blocking(|| Ok(7)).await.ok(), Some(7));
        });
    }

    #[test]
    fn the_wait_for_a_place_and_the_work_together_end_in_time() {
        let store_wait = Duration::from_secs(1);
        let executor = Executor { store_wait, ..executor(1) };
        System::new().block_on(async {
            let places = 1 + BESIDE_CONNECTIONS;
            let hold = |executor: Executor, span| async move {
                executor
                    .blocking(move || {
                        thread::sleep(span);
                        Ok(())
                    })
                    .await
            };
            let held: Vec<_> = (0..places).map(|_| spawn(hold(executor.clone(), Duration::from_millis(900)))).collect();
            let began = Instant::now();
            // It has its place after 900 ms, and then the store is silent.
            let late = hold(executor.clone(), Duration::from_millis(2_500)).await;
            assert!(matches!(late, Err(AuthError::Store(_))));
            assert!(began.elapsed() < store_wait + WORKING + Duration::from_millis(400), "{:?}", began.elapsed());
            for one in held {
                assert!(one.await.unwrap().is_ok());
            }
        });
    }

    #[test]
    fn a_lane_that_is_stuck_in_the_store_is_a_failure_in_time() {
        let executor = executor(1);
        System::new().block_on(async {
            let stuck = executor.hashing(HERE, || {
                thread::sleep(Duration::from_secs(3));
                Ok(())
            });
            assert!(matches!(stuck.await, Err(AuthError::Store(_))));
            let late = executor.hashing(HERE, || Ok(()));
            assert!(matches!(late.await, Err(AuthError::Store(_) | AuthError::Busy { .. })));
        });
    }

    #[test]
    fn the_work_for_a_client_has_an_end_before_the_client_is_given_up() {
        let executor = executor(1);
        System::new().block_on(async {
            let began = Instant::now();
            let ends = [
                executor.blocking(|| Ok(deadline::end())).await.unwrap().unwrap(),
                executor.hashing(HERE, || Ok(deadline::end())).await.unwrap().unwrap(),
            ];
            assert!(
                ends.iter().all(|end| *end > began + Duration::from_millis(900)),
                "{:?}",
                ends.map(|end| end - began)
            );
            assert!(ends[0] + COMMITTING < began + Duration::from_millis(350) + WORKING, "{:?}", ends[0] - began);
        });
        assert_eq!(deadline::end(), None);
    }
}
