//! What the server answers at its edges, whatever the dialect: unknown paths, hostile bodies, hostile headers.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "edge/anything.rs"]
mod anything;
#[path = "edge/bodies.rs"]
mod bodies;
#[path = "edge/credentials.rs"]
mod credentials;
#[path = "edge/laravel.rs"]
mod laravel;
#[path = "edge/paths.rs"]
mod paths;
#[path = "edge/smuggling.rs"]
mod smuggling;
#[path = "edge/surfaces.rs"]
mod surfaces;
#[path = "edge/urls.rs"]
mod urls;
