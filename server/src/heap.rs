//! How many heaps the C library's allocator keeps.
//!
//! glibc gives threads heaps of their own, up to eight for each core, and what one of them freed serves no other. A server has
//! some twenty threads, most of which need memory once, at the start.

use std::{env, thread};

/// What glibc reads the number from by itself; whoever sets it decides.
const VARIABLE: &str = "MALLOC_ARENA_MAX";

/// One for two cores, from now on: idle, a server on two cores holds seven MiB less by it, and requests are answered as fast
/// (docs/performance.md). Elsewhere than with glibc it does nothing.
pub fn limit_arenas() {
    if env::var_os(VARIABLE).is_none() {
        set_arenas(thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2)));
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the one call of the project: no crate that is kept has a safe one")]
fn set_arenas(number: usize) {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    // SAFETY: mallopt(3) takes two numbers, touches no memory of the caller's, and may be called by any thread at any time; this
    // parameter is read when a thread asks for memory for the first time.
    let is_set = unsafe { libc::mallopt(libc::M_ARENA_MAX, number) } == 1;
    if !is_set {
        tracing::debug!(number, "the allocator does not take a number of heaps");
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn set_arenas(_number: usize) {}
