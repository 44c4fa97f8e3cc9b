//! Clients in other languages, which were written against the real servers.

#[path = "clients/djoser.rs"]
mod djoser;
#[path = "clients/laravel.rs"]
mod laravel;
