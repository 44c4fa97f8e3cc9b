//! `countersign import`: what Django and Laravel knew, a server that was fed from their databases knows as well. Every test runs
//! over the databases that are there, as sources and as targets.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

#[path = "import/again.rs"]
mod again;
#[path = "import/browser.rs"]
mod browser;
#[path = "import/clashes.rs"]
mod clashes;
#[path = "import/columns.rs"]
mod columns;
#[path = "import/common.rs"]
mod common;
#[path = "import/django.rs"]
mod django;
#[path = "import/laravel.rs"]
mod laravel;
#[path = "import/laravel_links.rs"]
mod laravel_links;
#[path = "import/laravel_resets.rs"]
mod laravel_resets;
#[path = "import/links.rs"]
mod links;
#[path = "import/rehearsals.rs"]
mod rehearsals;
#[path = "import/side_by_side.rs"]
mod side_by_side;
#[path = "import/simplejwt.rs"]
mod simplejwt;
#[path = "import/strangers.rs"]
mod strangers;
