//! The WebSocket of the minimal API, seen by a real client, and by an application that brings a handler of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends with a panic that says where")]

#[path = "socket/address.rs"]
mod address;
#[path = "socket/chat.rs"]
mod chat;
#[path = "socket/common.rs"]
mod common;
#[path = "socket/cookies.rs"]
mod cookies;
#[path = "socket/ending.rs"]
mod ending;
#[path = "socket/hostile.rs"]
mod hostile;
#[path = "socket/hundreds.rs"]
mod hundreds;
#[path = "socket/opening.rs"]
mod opening;
#[path = "socket/process.rs"]
mod process;
#[path = "socket/seats.rs"]
mod seats;
#[path = "socket/slow.rs"]
mod slow;
