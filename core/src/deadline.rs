//! Until when an answer is waited for: whoever runs a piece of work for a client says so once, and every call of a store
//! that the work makes on that thread measures its waits and its commit against this one moment.
//!
//! Without it each call has an end of its own, and a use case of several calls may write after its client was told that it
//! failed. Work that nobody waits for has none: background jobs, the command line, imports.

use std::{cell::Cell, time::Instant};

thread_local! {
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs `work`, whose answer is of no use after `end`: what is not committed by then must not be.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use countersign_core::deadline;
///
/// let end = Instant::now() + Duration::from_secs(3);
/// assert_eq!(deadline::until(end, deadline::end), Some(end));
/// assert_eq!(deadline::until(end, || deadline::carry_through(deadline::end)), None);
/// assert_eq!(deadline::end(), None);
/// ```
pub fn until<T>(end: Instant, work: impl FnOnce() -> T) -> T {
    scoped(Some(end), work)
}

/// Runs the rest of something whose beginning is committed already, such as the revocation after a change of password. It is
/// done whether or not the client still waits: half of it is what nobody asked for.
pub fn carry_through<T>(work: impl FnOnce() -> T) -> T {
    scoped(None, work)
}

/// Until when somebody waits for what this thread does; `None` if nobody does.
pub fn end() -> Option<Instant> {
    END.get()
}

fn scoped<T>(end: Option<Instant>, work: impl FnOnce() -> T) -> T {
    /// Puts back what was there, also if the work panics: threads are used again.
    struct Outer(Option<Instant>);
    impl Drop for Outer {
        fn drop(&mut self) {
            END.set(self.0);
        }
    }
    let _outer = Outer(END.replace(end));
    work()
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn an_end_is_over_with_its_work_also_if_that_panics() {
        let end = Instant::now();
        assert!(catch_unwind(|| until(end, || panic!("expected by the test"))).is_err());
        assert_eq!(super::end(), None);
    }
}
