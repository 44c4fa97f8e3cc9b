//! Where work runs: what hashes goes to the hashing lane, what asks the store to a blocking thread; the workers only
//! parse and render.

mod lane;

pub use lane::LaneOptions;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{rt::time::sleep, web};
use countersign_core::{AuthError, store::StoreError};
use tokio::sync::oneshot;

use lane::Lane;

/// The two executors beside the workers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Executor {
    lane: Arc<Lane>,
    failure_floor: Duration,
}

impl Executor {
    /// Starts the lane's threads.
    ///
    /// # Errors
    /// If the system gives no more threads.
    pub fn start(options: LaneOptions, failure_floor: Duration) -> std::io::Result<Self> {
        Ok(Self { lane: Arc::new(Lane::start(options)?), failure_floor })
    }

    /// Runs `work` on the hashing lane. A failed login is held back to the floor by a timer, so that the time it took
    /// says nothing about its reason.
    pub(crate) async fn hashing<T, W>(&self, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, AuthError> + Send + 'static,
    {
        let began = Instant::now();
        let (sender, answer) = oneshot::channel();
        let job = Box::new(move || {
            // Nobody waits for the hash of a client that has gone.
            if !sender.is_closed() {
                let _ = sender.send(work());
            }
        });
        self.lane.submit(job).map_err(|retry_after| AuthError::Busy { retry_after })?;
        let result = answer.await.unwrap_or_else(|_| Err(ended()));
        if matches!(result, Err(AuthError::WrongCredentials)) {
            sleep(self.failure_floor.saturating_sub(began.elapsed())).await;
        }
        result
    }

    /// Runs `work` on a blocking thread; it runs to its end even if the client goes.
    pub(crate) async fn blocking<T, W>(&self, work: W) -> Result<T, AuthError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, AuthError> + Send + 'static,
    {
        web::block(work).await.unwrap_or_else(|_| Err(ended()))
    }
}

fn ended() -> AuthError {
    AuthError::Store(StoreError::new("the work ended without an answer"))
}
