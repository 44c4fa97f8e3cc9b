//! `countersign import`: what Django and Laravel knew, a server that was fed from their databases knows as well. Every test runs
//! over the databases that are there, as sources and as targets.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "import/again.rs"]
mod again;
#[path = "import/clashes.rs"]
mod clashes;
#[path = "import/common.rs"]
mod common;
#[path = "import/django.rs"]
mod django;
#[path = "import/knox.rs"]
mod knox;
#[path = "import/laravel.rs"]
mod laravel;
#[path = "import/rehearsals.rs"]
mod rehearsals;
#[path = "import/strangers.rs"]
mod strangers;
