//! Random walks of users, owners and processes against a small model: after every step every credential that was ever issued is
//! asked at two processes of one database, and it is let in exactly if the model says that it lives.
//!
//! `COUNTERSIGN_TEST_WALKS=500 cargo test -p countersign-tests --test model --all-features` walks so many times on each database,
//! from other seeds at each run; `PROPTEST_RNG_SEED` is a seed to begin from. A walk that fails is made as short as it can be.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends with a panic that says where")]

#[path = "model/credential.rs"]
mod credential;
#[path = "model/steps.rs"]
mod steps;
#[path = "model/world.rs"]
mod world;

use countersign_tests::{
    databases::{fresh, kinds},
    properties::runner,
};
use proptest::{collection::vec, test_runner::TestCaseError};

use self::{steps::step, world::World};

/// How many steps a walk has at most.
const STEPS: usize = 36;
/// How many walks CI goes on each database.
const WALKS: u32 = 8;

#[test]
fn what_is_let_in_is_what_lives() {
    std::thread::scope(|scope| {
        for kind in kinds() {
            scope.spawn(move || walk(kind));
        }
    });
}

fn walk(kind: &'static str) {
    let walked = runner("COUNTERSIGN_TEST_WALKS", WALKS).run(&vec(step(), 0..=STEPS), |steps| {
        let mut world = World::new(fresh(kind));
        for (number, step) in steps.iter().enumerate() {
            world
                .take(step)
                .map_err(|wrong| TestCaseError::fail(format!("on {kind}, step {}, {step:?}: {wrong}", number + 1)))?;
        }
        world.end().map_err(|wrong| TestCaseError::fail(format!("on {kind}, at the end: {wrong}")))
    });
    if let Err(wrong) = walked {
        panic!("{wrong}");
    }
}
