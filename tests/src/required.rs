//! What a run of the tests must have: `COUNTERSIGN_TEST_REQUIRE=sqlite,postgres,…` turns "not there" into a failure.

use std::env;

/// All that can be asked for.
const KNOWN: [&str; 9] = ["sqlite", "postgres", "mysql", "python", "node", "chromium", "nuxt", "nginx", "caddy"];

/// Is this required?
///
/// # Panics
/// If `COUNTERSIGN_TEST_REQUIRE` names what does not exist.
pub fn is_required(name: &str) -> bool {
    let list = env::var("COUNTERSIGN_TEST_REQUIRE").unwrap_or_default();
    let required: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = required.iter().find(|name| !KNOWN.contains(name)) {
        panic!("COUNTERSIGN_TEST_REQUIRE names {unknown}, which is none of {}", KNOWN.join(", "));
    }
    required.contains(&name)
}
