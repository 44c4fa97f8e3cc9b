//! How many heaps the C library's allocator keeps.
//!
//! glibc gives threads heaps of their own, up to eight for each core, and what one of them freed serves no other. A server has
//! some twenty threads, most of which need memory once, at the start.

use std::{env, thread};

/// What glibc reads the number from by itself.
pub const VARIABLE: &str = "MALLOC_ARENA_MAX";

/// One for two cores.
pub fn arenas() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
}

/// Sets [`arenas`], unless the environment says how many; to be called before there is a second thread. An idle server on two
/// cores holds seven MiB less by it, and answers as fast (docs/performance.md). Elsewhere than with glibc it does nothing.
pub fn limit_arenas() {
    let is_tuned = env::var("GLIBC_TUNABLES").is_ok_and(|all| all.contains("arena_max"));
    if env::var_os(VARIABLE).is_none() && !is_tuned {
        set_arenas(arenas());
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the one call of the project: no crate that is kept has a safe one")]
fn set_arenas(number: usize) {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    // SAFETY: mallopt(3) takes two numbers and touches no memory of the caller's. It is not made to be called while other threads
    // ask for memory for the first time, and there are none: it is the first thing that the command does.
    let _ = unsafe { libc::mallopt(libc::M_ARENA_MAX, number) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn set_arenas(_number: usize) {}
