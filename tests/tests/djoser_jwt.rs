//! Simple JWT at Djoser's mount, statement by statement.

#[path = "djoser_jwt/claims.rs"]
mod claims;
#[path = "djoser_jwt/common.rs"]
mod common;
#[path = "djoser_jwt/logins.rs"]
mod logins;
#[path = "djoser_jwt/rotation.rs"]
mod rotation;
#[path = "djoser_jwt/views.rs"]
mod views;
