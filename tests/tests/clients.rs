//! Clients in other languages, which were written against the real servers.

#[path = "clients/djoser.rs"]
mod djoser;
#[path = "clients/hotel.rs"]
mod hotel;
#[path = "clients/laravel.rs"]
mod laravel;
#[path = "clients/sockets.rs"]
mod sockets;
