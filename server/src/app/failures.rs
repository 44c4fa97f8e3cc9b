//! Failed requests in the log: the first few of each second, and how many there were beside them.
//!
//! An overloaded server refuses thousands of logins a second: a line for each would fill the disk and cost more than the
//! refusal.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::dev::ServiceResponse;

/// Enough to see what fails.
const LINES_A_SECOND: u32 = 10;

/// The failures of this process since a moment.
#[derive(Debug)]
pub(super) struct Failures(Mutex<(Option<Instant>, u32)>);

impl Failures {
    pub(super) const fn new() -> Self {
        Self(Mutex::new((None, 0)))
    }

    /// Tells of a failed request, unless too many failed this second.
    pub(super) fn log<B>(&self, response: &ServiceResponse<B>) {
        let Some(unlogged) = self.count(Instant::now()) else { return };
        let (request, status) = (response.request(), response.status().as_u16());
        tracing::warn!(status, method = %request.method(), path = request.path(), "request failed");
        if unlogged > 0 {
            tracing::warn!(requests = unlogged, "as many more failed shortly before");
        }
    }

    /// Counts a failure at `now`: `None` if it is not to be logged, otherwise how many were not since the last one.
    fn count(&self, now: Instant) -> Option<u32> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (second, failed) = &mut *state;
        if second.is_none_or(|began| now.saturating_duration_since(began) >= Duration::from_secs(1)) {
            let unlogged = failed.saturating_sub(LINES_A_SECOND);
            (*second, *failed) = (Some(now), 1);
            return Some(unlogged);
        }
        *failed = failed.saturating_add(1);
        (*failed <= LINES_A_SECOND).then_some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_second_are_told_and_the_others_counted() {
        let (failures, start) = (Failures::new(), Instant::now());
        let told = (0..1_000).filter_map(|_| failures.count(start)).collect::<Vec<_>>();
        assert_eq!(told, [0; 10]);
        assert_eq!(failures.count(start + Duration::from_secs(1)), Some(990));
        assert_eq!(failures.count(start + Duration::from_secs(2)), Some(0));
    }
}
