//! What the server says to gateways and services about credentials: `/verify` and `/introspect`, alone and behind real
//! gateways.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "gateway/caddy.rs"]
mod caddy;
#[path = "gateway/common.rs"]
mod common;
#[path = "gateway/introspect.rs"]
mod introspect;
#[path = "gateway/nginx.rs"]
mod nginx;
#[path = "gateway/proxied.rs"]
mod proxied;
#[path = "gateway/verify.rs"]
mod verify;
